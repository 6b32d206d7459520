/* SPDX-License-Identifier: Apache-2.0 */
/* Values of JavaScript and values of the library, in both directions, as better-sqlite3 maps them. */
#include "addon.h"

#include <stdlib.h>

char *text_of(napi_env env, napi_value value, char *small, size_t small_size, size_t *out_length) {
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, small, small_size, &length) != napi_ok)
        return throw_napi_error(env), NULL;
    /* Cut at a whole character: what comes within three bytes of the end may be incomplete. */
    if (length + 4 < small_size) {
        *out_length = length;
        return small;
    }
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok)
        return throw_napi_error(env), NULL;
    char *text = malloc(length + 1);
    if (!text)
        return throw_error(env, "Out of memory"), NULL;
    if (napi_get_value_string_utf8(env, value, text, length + 1, out_length) != napi_ok) {
        free(text);
        return throw_napi_error(env), NULL;
    }
    return text;
}

char *text_copy(napi_env env, napi_value value, size_t *out_length) {
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok)
        return throw_napi_error(env), NULL;
    char *text = malloc(length + 1);
    if (!text)
        return throw_error(env, "Out of memory"), NULL;
    if (napi_get_value_string_utf8(env, value, text, length + 1, &length) != napi_ok) {
        free(text);
        return throw_napi_error(env), NULL;
    }
    if (out_length)
        *out_length = length;
    return text;
}

/* A value of JavaScript as the library takes it. */
struct plain {
    int type; /* of hdb_type */
    int64_t integer;
    double number;
    const void *bytes;
    size_t size;
    char *allocated;
    char small[1024];
};

static int read_text(napi_env env, napi_value value, struct plain *out) {
    char *text = text_of(env, value, out->small, sizeof out->small, &out->size);
    out->type = HDB_TYPE_TEXT;
    out->bytes = text;
    out->allocated = text == out->small ? NULL : text;
    return text ? HDB_OK : HDB_NOMEM;
}

static int read_bigint(napi_env env, napi_value value, struct plain *out) {
    bool lossless = false;
    out->type = HDB_TYPE_INTEGER;
    return napi_get_value_bigint_int64(env, value, &out->integer, &lossless) == napi_ok && lossless ? HDB_OK : HDB_TOOBIG;
}

static int read_buffer(napi_env env, napi_value value, struct plain *out) {
    bool is_buffer = false;
    void *data = NULL;
    if (napi_is_buffer(env, value, &is_buffer) != napi_ok || !is_buffer ||
        napi_get_buffer_info(env, value, &data, &out->size) != napi_ok)
        return VALUE_UNSUPPORTED;
    out->type = HDB_TYPE_BLOB;
    out->bytes = data;
    return HDB_OK;
}

/* HDB_OK, VALUE_UNSUPPORTED, HDB_TOOBIG or HDB_NOMEM; `out->allocated` is to be freed. */
static int read_plain(napi_env env, napi_value value, struct plain *out) {
    napi_valuetype type = napi_undefined;
    out->allocated = NULL;
    if (napi_typeof(env, value, &type) != napi_ok)
        return VALUE_UNSUPPORTED;
    switch (type) {
    case napi_number:
        out->type = HDB_TYPE_FLOAT;
        return napi_get_value_double(env, value, &out->number) == napi_ok ? HDB_OK : VALUE_UNSUPPORTED;
    case napi_string: return read_text(env, value, out);
    case napi_bigint: return read_bigint(env, value, out);
    case napi_null:
    case napi_undefined: out->type = HDB_TYPE_NULL; return HDB_OK;
    case napi_object: return read_buffer(env, value, out);
    case napi_boolean:
    case napi_symbol:
    case napi_function:
    case napi_external: break;
    }
    return VALUE_UNSUPPORTED;
}

int value_bind(napi_env env, hdb_stmt *stmt, int index, napi_value value) {
    struct plain plain;
    int rc = read_plain(env, value, &plain);
    if (rc != HDB_OK)
        return rc;
    switch (plain.type) {
    case HDB_TYPE_INTEGER: return hdb_bind_int64(stmt, index, plain.integer);
    case HDB_TYPE_FLOAT: return hdb_bind_double(stmt, index, plain.number);
    case HDB_TYPE_TEXT: rc = hdb_bind_text(stmt, index, plain.bytes, (int64_t)plain.size); break;
    case HDB_TYPE_BLOB: return hdb_bind_blob(stmt, index, plain.bytes, (int64_t)plain.size);
    default: return hdb_bind_null(stmt, index);
    }
    free(plain.allocated);
    return rc;
}

int value_result(napi_env env, hdb_context *context, napi_value value) {
    struct plain plain;
    int rc = read_plain(env, value, &plain);
    if (rc != HDB_OK)
        return rc;
    switch (plain.type) {
    case HDB_TYPE_INTEGER: hdb_result_int64(context, plain.integer); break;
    case HDB_TYPE_FLOAT: hdb_result_double(context, plain.number); break;
    case HDB_TYPE_TEXT: hdb_result_text(context, plain.bytes, (int64_t)plain.size); break;
    case HDB_TYPE_BLOB: hdb_result_blob(context, plain.bytes, (int64_t)plain.size); break;
    default: hdb_result_null(context); break;
    }
    free(plain.allocated);
    return HDB_OK;
}

napi_value value_of_integer(napi_env env, int64_t value, bool safe_integers) {
    napi_value out = NULL;
    napi_status status =
        safe_integers ? napi_create_bigint_int64(env, value, &out) : napi_create_int64(env, value, &out);
    return status == napi_ok ? out : throw_napi_error(env);
}

napi_value value_of_text(napi_env env, const char *text) {
    napi_value out = NULL;
    napi_status status =
        text ? napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &out) : napi_get_null(env, &out);
    return status == napi_ok ? out : throw_napi_error(env);
}

napi_value value_of_bool(napi_env env, bool value) {
    napi_value out = NULL;
    return napi_get_boolean(env, value, &out) == napi_ok ? out : throw_napi_error(env);
}

napi_value value_undefined(napi_env env) {
    napi_value out = NULL;
    return napi_get_undefined(env, &out) == napi_ok ? out : throw_napi_error(env);
}

static napi_status create_text(napi_env env, hdb_stmt *stmt, int column, napi_value *out) {
    const char *text = hdb_column_text(stmt, column);
    if (!text)
        return napi_generic_failure;
    return napi_create_string_utf8(env, text, (size_t)hdb_column_bytes(stmt, column), out);
}

static napi_status create_blob(napi_env env, hdb_stmt *stmt, int column, napi_value *out) {
    const void *data = hdb_column_blob(stmt, column);
    return napi_create_buffer_copy(env, (size_t)hdb_column_bytes(stmt, column), data, NULL, out);
}

napi_value value_of_column(napi_env env, hdb_stmt *stmt, int column, bool safe_integers) {
    napi_value out = NULL;
    napi_status status = napi_generic_failure;
    switch (hdb_column_type(stmt, column)) {
    case HDB_TYPE_INTEGER: return value_of_integer(env, hdb_column_int64(stmt, column), safe_integers);
    case HDB_TYPE_FLOAT: status = napi_create_double(env, hdb_column_double(stmt, column), &out); break;
    case HDB_TYPE_TEXT: status = create_text(env, stmt, column, &out); break;
    case HDB_TYPE_BLOB: status = create_blob(env, stmt, column, &out); break;
    default: status = napi_get_null(env, &out); break;
    }
    return status == napi_ok ? out : throw_napi_error(env);
}

napi_value datum_value(napi_env env, hdb_datum *datum, bool safe_integers) {
    napi_value out = NULL;
    napi_status status = napi_generic_failure;
    const char *bytes;
    switch (hdb_datum_type(datum)) {
    case HDB_TYPE_INTEGER: return value_of_integer(env, hdb_datum_int64(datum), safe_integers);
    case HDB_TYPE_FLOAT: status = napi_create_double(env, hdb_datum_double(datum), &out); break;
    case HDB_TYPE_TEXT:
        bytes = hdb_datum_text(datum);
        if (bytes)
            status = napi_create_string_utf8(env, bytes, (size_t)hdb_datum_bytes(datum), &out);
        break;
    case HDB_TYPE_BLOB:
        bytes = hdb_datum_blob(datum);
        status = napi_create_buffer_copy(env, (size_t)hdb_datum_bytes(datum), bytes, NULL, &out);
        break;
    default: status = napi_get_null(env, &out); break;
    }
    return status == napi_ok ? out : throw_napi_error(env);
}

bool read_switch(napi_env env, size_t argc, const napi_value *argv, bool *out) {
    *out = true;
    if (argc == 0)
        return true;
    if (napi_get_value_bool(env, argv[0], out) == napi_ok)
        return true;
    throw_type_error(env, "Expected first argument to be a boolean");
    return false;
}
