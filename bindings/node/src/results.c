/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows on their way to JavaScript: one flat array, [width, more, names, value, value, ...]. The names are those of the
 * columns if they are others than before, else null. lib/node/rows.js makes rows of it, all with one hidden class.
 */
#include "connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 3, MAX_SAFE = 53, ROWS_OF_SCOPE = 512 };

struct shape *shape_of(hdb_stmt *stmt, struct shape *known) {
    int width = hdb_column_count(stmt);
    size_t length = 0;
    bool same = known && known->width == width;
    for (int i = 0; i < width; i++) {
        const char *name = hdb_column_name(stmt, i);
        size_t size = strlen(name) + 1;
        same = same && length + size <= known->length && memcmp(known->names + length, name, size) == 0;
        length += size;
    }
    if (same)
        return known;
    struct shape *shape = malloc(sizeof *shape + length);
    if (!shape)
        return NULL;
    *shape = (struct shape){.references = 1, .width = width, .length = length};
    length = 0;
    for (int i = 0; i < width; i++) {
        const char *name = hdb_column_name(stmt, i);
        size_t size = strlen(name) + 1;
        memcpy(shape->names + length, name, size);
        length += size;
    }
    shape_release(known);
    return shape;
}

/* Counted by both threads. */
void shape_release(struct shape *shape) {
    if (shape && __atomic_sub_fetch(&shape->references, 1, __ATOMIC_ACQ_REL) == 0)
        free(shape);
}

bool block_add(struct block ***tail, const void *data, int64_t size) {
    struct block *block = malloc(sizeof *block + (size_t)size);
    if (!block)
        return false;
    block->next = NULL;
    block->size = size;
    memcpy(block->words, data, (size_t)size);
    **tail = block;
    *tail = &block->next;
    return true;
}

void blocks_free(struct block *block) {
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

napi_value bytes_to_js(napi_env env, const void *data, size_t size) {
    void *memory = NULL;
    napi_value buffer, array;
    if (napi_create_arraybuffer(env, size, &memory, &buffer) != napi_ok)
        return throw_napi_error(env);
    if (size > 0)
        memcpy(memory, data, size);
    if (napi_create_typedarray(env, napi_uint8_array, size, buffer, 0, &array) != napi_ok)
        return throw_napi_error(env);
    return array;
}

static napi_value integer_to_js(napi_env env, int64_t integer, int flags) {
    napi_value out = NULL;
    char message[96];
    if (flags & READ_BIGINTS)
        return napi_create_bigint_int64(env, integer, &out) == napi_ok ? out : throw_napi_error(env);
    if (integer >= -(1LL << MAX_SAFE) + 1 && integer <= (1LL << MAX_SAFE) - 1)
        return napi_create_int64(env, integer, &out) == napi_ok ? out : throw_napi_error(env);
    snprintf(message, sizeof message, "Value is too large to be represented as a JavaScript number: %lld",
             (long long)integer);
    return node_throw(env, ERROR_RANGE, "ERR_OUT_OF_RANGE", message);
}

napi_value value_to_js(napi_env env, const struct value *value, int flags) {
    napi_value out = NULL;
    napi_status status;
    switch (value->type) {
    case HDB_TYPE_INTEGER: return integer_to_js(env, value->integer, flags);
    case HDB_TYPE_FLOAT: status = napi_create_double(env, value->real, &out); break;
    case HDB_TYPE_TEXT: status = napi_create_string_utf8(env, value->data, value->size, &out); break;
    case HDB_TYPE_BLOB: return bytes_to_js(env, value->data, value->size);
    default: status = napi_get_null(env, &out); break;
    }
    return status == napi_ok ? out : throw_napi_error(env);
}

struct value value_of_datum(hdb_datum *datum) {
    struct value value = {.type = hdb_datum_type(datum)};
    switch (value.type) {
    case HDB_TYPE_INTEGER: value.integer = hdb_datum_int64(datum); break;
    case HDB_TYPE_FLOAT: value.real = hdb_datum_double(datum); break;
    case HDB_TYPE_TEXT: value.data = hdb_datum_text(datum); break;
    case HDB_TYPE_BLOB: value.data = hdb_datum_blob(datum); break;
    default: break;
    }
    value.size = value.data ? (size_t)hdb_datum_bytes(datum) : 0;
    if (value.type == HDB_TYPE_TEXT && !value.data)
        value.type = HDB_TYPE_NULL;
    return value;
}

/* Where the next value of a column lies in a block. */
struct cursor {
    int form;
    const char *numbers, *types, *bytes;
};

static void cursor_open(struct cursor *cursor, const char *data, int form, int64_t rows) {
    *cursor = (struct cursor){.form = form, .numbers = data, .bytes = data};
    if (form == HDB_BLOCK_MIXED) {
        cursor->types = data + (size_t)rows * sizeof(int64_t);
        cursor->bytes = cursor->types + rows;
    }
}

static struct value cursor_next(struct cursor *cursor) {
    struct value value = {.type = cursor->form};
    if (cursor->form == HDB_BLOCK_NULL) {
        value.type = HDB_TYPE_NULL;
        return value;
    }
    if (cursor->form == HDB_BLOCK_TEXT) {
        value.data = cursor->bytes;
        value.size = strlen(cursor->bytes);
        cursor->bytes += value.size + 1;
        return value;
    }
    if (cursor->form == HDB_BLOCK_MIXED)
        value.type = (unsigned char)*cursor->types++;
    memcpy(&value.integer, cursor->numbers, sizeof value.integer);
    memcpy(&value.real, cursor->numbers, sizeof value.real);
    cursor->numbers += sizeof(int64_t);
    if (value.type == HDB_TYPE_TEXT || value.type == HDB_TYPE_BLOB) {
        value.data = cursor->bytes;
        value.size = (size_t)value.integer;
        cursor->bytes += value.size + 1;
    }
    return value;
}

struct value *row_copy(const void *data, int64_t size, int width) {
    struct cursor cursor;
    struct value *row = malloc((size_t)width * sizeof *row + (size_t)size);
    if (!row)
        return NULL;
    char *copy = (char *)(row + width);
    if (size > 0)
        memcpy(copy, data, (size_t)size);
    cursor_open(&cursor, copy, HDB_BLOCK_MIXED, width);
    for (int i = 0; i < width; i++)
        row[i] = cursor_next(&cursor);
    return row;
}

static napi_value names_to_js(napi_env env, const struct shape *shape) {
    napi_value array, name;
    size_t at = 0;
    if (napi_create_array_with_length(env, (size_t)shape->width, &array) != napi_ok)
        return throw_napi_error(env);
    for (int i = 0; i < shape->width; i++) {
        if (!(name = value_of_text(env, shape->names + at)) ||
            napi_set_element(env, array, (uint32_t)i, name) != napi_ok)
            return throw_napi_error(env);
        at += strlen(shape->names + at) + 1;
    }
    return array;
}

/* An array with its header. */
static napi_value begin(napi_env env, struct operation *operation, size_t cells) {
    const struct shape *shape = operation->shape;
    napi_value array, width, more, names;
    bool known = operation->statement->sent == shape;
    if (!(names = known ? value_of_text(env, NULL) : names_to_js(env, shape)) ||
        !(width = value_of_integer(env, shape->width, false)) || !(more = value_of_bool(env, operation->more)))
        return NULL;
    if (napi_create_array_with_length(env, HEADER + cells, &array) != napi_ok ||
        napi_set_element(env, array, 0, width) != napi_ok || napi_set_element(env, array, 1, more) != napi_ok ||
        napi_set_element(env, array, 2, names) != napi_ok)
        return throw_napi_error(env);
    return array;
}

/* JavaScript knows the names from now on. */
static void end(struct operation *operation) {
    struct prepared *statement = operation->statement;
    if (statement->sent == operation->shape)
        return;
    shape_release(statement->sent);
    statement->sent = operation->shape;
    __atomic_add_fetch(&operation->shape->references, 1, __ATOMIC_ACQ_REL);
}

static bool append_rows(napi_env env, napi_value array, uint32_t at, struct cursor *cursors, int width, int64_t rows,
                        int flags) {
    napi_value cell;
    for (int64_t i = 0; i < rows * width; i++) {
        struct value value = cursor_next(&cursors[i % width]);
        if (!(cell = value_to_js(env, &value, flags)) || napi_set_element(env, array, at++, cell) != napi_ok)
            return throw_napi_error(env), false;
    }
    return true;
}

/* The handles that values need are given back after some rows each. */
static bool append_block(napi_env env, napi_value array, uint32_t *at, const struct block *block, int flags) {
    int64_t rows = block->words[0];
    int width = (int)block->words[1];
    const int64_t *head = block->words + 2;
    struct cursor small[64];
    struct cursor *cursors = width <= 64 ? small : malloc((size_t)width * sizeof *cursors);
    bool done = cursors != NULL;
    if (!cursors)
        return throw_error(env, "Out of memory"), false;
    for (int i = 0; i < width; i++)
        cursor_open(&cursors[i], (const char *)block->words + head[i * 3 + 1], (int)head[i * 3], rows);
    while (done && rows > 0) {
        napi_handle_scope scope;
        int64_t some = rows < ROWS_OF_SCOPE ? rows : ROWS_OF_SCOPE;
        napi_open_handle_scope(env, &scope);
        done = append_rows(env, array, *at, cursors, width, some, flags);
        napi_close_handle_scope(env, scope);
        *at += (uint32_t)(some * width);
        rows -= some;
    }
    if (cursors != small)
        free(cursors);
    return done;
}

napi_value results_of_blocks(napi_env env, struct operation *operation) {
    size_t cells = 0;
    uint32_t at = HEADER;
    for (struct block *block = operation->blocks; block; block = block->next)
        cells += (size_t)(block->words[0] * block->words[1]);
    napi_value array = begin(env, operation, cells);
    for (struct block *block = operation->blocks; array && block; block = block->next)
        if (!append_block(env, array, &at, block, operation->flags))
            return NULL;
    if (array)
        end(operation);
    return array;
}

napi_value results_of_row(napi_env env, struct operation *operation) {
    napi_value cell, array;
    if (operation->none)
        return value_undefined(env);
    array = begin(env, operation, (size_t)operation->shape->width);
    for (int i = 0; array && i < operation->shape->width; i++)
        if (!(cell = value_to_js(env, &operation->row[i], operation->flags)) ||
            napi_set_element(env, array, (uint32_t)(HEADER + i), cell) != napi_ok)
            return throw_napi_error(env);
    if (array)
        end(operation);
    return array;
}
