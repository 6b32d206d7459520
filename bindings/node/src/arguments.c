/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of a statement, as node:sqlite takes them: to the form of hdb_execute_values(), which is a number for each
 * parameter, a type for each, and the texts and blobs.
 */
#include "connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = sizeof(int64_t) + 1, SPARE = 64 };

/* A value whose bytes are appended when it is its turn, since they lie in the order of the parameters. */
static bool reserve(napi_env env, struct values *values, size_t more) {
    if (values->size + more <= values->capacity)
        return true;
    size_t capacity = (values->size + more) * 2;
    char *data = realloc(values->data, capacity);
    if (!data)
        return throw_error(env, "Out of memory"), false;
    values->data = data;
    values->capacity = capacity;
    return true;
}

static void set_number(struct values *values, int count, int index, int type, const void *number) {
    memcpy(values->data + (size_t)index * sizeof(int64_t), number, sizeof(int64_t));
    values->data[(size_t)count * sizeof(int64_t) + (size_t)index] = (char)type;
}

static bool append_bytes(napi_env env, struct values *values, int count, int index, const void *data, size_t size) {
    int64_t length = (int64_t)size;
    if (!reserve(env, values, size + 1))
        return false;
    if (size > 0)
        memcpy(values->data + values->size, data, size);
    values->data[values->size + size] = '\0';
    values->size += size + 1;
    set_number(values, count, index, HDB_TYPE_BLOB, &length);
    return true;
}

static bool append_text(napi_env env, struct values *values, int count, int index, napi_value value) {
    size_t length = 0, room;
    if (!reserve(env, values, SPARE))
        return false;
    room = values->capacity - values->size;
    if (napi_get_value_string_utf8(env, value, values->data + values->size, room, &length) != napi_ok)
        return throw_napi_error(env), false;
    if (length + 4 >= room) { /* it may have been cut */
        if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || !reserve(env, values, length + 1))
            return throw_napi_error(env), false;
        napi_get_value_string_utf8(env, value, values->data + values->size, length + 1, &length);
    }
    values->size += length + 1;
    int64_t number = (int64_t)length;
    set_number(values, count, index, HDB_TYPE_TEXT, &number);
    return true;
}

bool arguments_view(napi_env env, napi_value value, const void **out, size_t *out_size) {
    bool is_array = false, is_view = false, is_buffer = false;
    napi_typedarray_type type;
    size_t length = 0;
    void *data = NULL;
    static const size_t element_sizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 2};
    if (napi_is_typedarray(env, value, &is_array) == napi_ok && is_array) {
        if (napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok ||
            (size_t)type >= sizeof element_sizes / sizeof *element_sizes)
            return false;
        length *= element_sizes[type];
    } else if (napi_is_arraybuffer(env, value, &is_buffer) == napi_ok && is_buffer) {
        if (napi_get_arraybuffer_info(env, value, &data, &length) != napi_ok)
            return false;
    } else if (napi_is_dataview(env, value, &is_view) != napi_ok || !is_view ||
               napi_get_dataview_info(env, value, &length, &data, NULL, NULL) != napi_ok) {
        return false;
    }
    *out = data;
    *out_size = length;
    return true;
}

bool arguments_bytes(napi_env env, napi_value value, void **out, int64_t *out_size) {
    const void *data = NULL;
    size_t size = 0;
    if (!arguments_view(env, value, &data, &size))
        return throw_napi_error(env), false;
    *out = malloc(size + 1);
    if (!*out)
        return throw_error(env, "Out of memory"), false;
    if (size > 0)
        memcpy(*out, data, size);
    *out_size = (int64_t)size;
    return true;
}

static bool refuse(napi_env env, int index) {
    char message[96];
    snprintf(message, sizeof message, "Provided value cannot be bound to SQLite parameter %d.", index + 1);
    return node_throw(env, ERROR_TYPE, "ERR_INVALID_ARG_TYPE", message), false;
}

static bool pack_value(napi_env env, struct values *values, int count, int index, napi_value value) {
    napi_valuetype type = napi_undefined;
    const void *data = NULL;
    size_t size = 0;
    int64_t integer = 0;
    double number = 0;
    bool lossless = false;
    napi_typeof(env, value, &type);
    switch (type) {
    case napi_number:
        napi_get_value_double(env, value, &number);
        set_number(values, count, index, HDB_TYPE_FLOAT, &number);
        return true;
    case napi_string: return append_text(env, values, count, index, value);
    case napi_null: set_number(values, count, index, HDB_TYPE_NULL, &integer); return true;
    case napi_bigint:
        napi_get_value_bigint_int64(env, value, &integer, &lossless);
        if (!lossless)
            return node_throw(env, ERROR_TYPE, "ERR_INVALID_ARG_VALUE", "BigInt value is too large to bind."), false;
        set_number(values, count, index, HDB_TYPE_INTEGER, &integer);
        return true;
    case napi_object:
        if (arguments_view(env, value, &data, &size))
            return append_bytes(env, values, count, index, data, size);
        return refuse(env, index);
    case napi_boolean:
        napi_get_value_bool(env, value, &lossless);
        integer = lossless;
        set_number(values, count, index, HDB_TYPE_INTEGER, &integer);
        return true;
    case napi_undefined:
    case napi_symbol:
    case napi_function:
    case napi_external: break;
    }
    return refuse(env, index);
}

/* Says for each parameter which argument is its: those that are named, the positional ones for the others in order. */
static bool assign(napi_env env, const struct prepared *statement, napi_value positional, napi_value named,
                   napi_value *arguments) {
    uint32_t given = 0, pairs = 0;
    int at = 0;
    napi_get_array_length(env, positional, &given);
    if (napi_get_array_length(env, named, &pairs) != napi_ok)
        pairs = 0;
    for (uint32_t i = 0; i + 1 < pairs; i += 2) {
        napi_value index;
        int32_t number = 0;
        if (napi_get_element(env, named, i, &index) != napi_ok ||
            napi_get_value_int32(env, index, &number) != napi_ok ||
            napi_get_element(env, named, i + 1, &arguments[number - 1]) != napi_ok)
            return throw_napi_error(env), false;
    }
    for (uint32_t i = 0; i < given; i++, at++) {
        while (at < statement->parameters && statement->named[at])
            at++;
        if (at >= statement->parameters)
            return node_throw_sqlite(env, HDB_RANGE, NULL, ""), false;
        if (napi_get_element(env, positional, i, &arguments[at]) != napi_ok)
            return throw_napi_error(env), false;
    }
    return true;
}

static bool pack(napi_env env, int count, const napi_value *arguments, struct values *out) {
    int64_t zero = 0;
    if (!reserve(env, out, (size_t)count * HEAD + SPARE))
        return false;
    out->size = (size_t)count * HEAD;
    for (int i = 0; i < count; i++) {
        if (!arguments[i])
            set_number(out, count, i, HDB_TYPE_NULL, &zero);
        else if (!pack_value(env, out, count, i, arguments[i]))
            return false;
    }
    return true;
}

bool arguments_pack(napi_env env, const struct prepared *statement, napi_value positional, napi_value named,
                    struct values *out) {
    napi_value small[32] = {NULL};
    size_t count = (size_t)statement->parameters;
    napi_value *arguments = count <= sizeof small / sizeof *small ? small : calloc(count, sizeof *arguments);
    if (!arguments)
        return throw_error(env, "Out of memory"), false;
    bool packed = assign(env, statement, positional, named, arguments) &&
                  (count == 0 || pack(env, statement->parameters, arguments, out));
    if (arguments != small)
        free(arguments);
    return packed;
}
