/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *format, *name, *storage_class;
} types[] = {
    [HDB_TYPE_INTEGER] = {"l", "int64", "INTEGER"}, [HDB_TYPE_FLOAT] = {"g", "float64", "FLOAT"},
    [HDB_TYPE_TEXT] = {"u", "utf8", "TEXT"},        [HDB_TYPE_BLOB] = {"z", "binary", "BLOB"},
    [HDB_TYPE_NULL] = {"n", "null", "NULL"},
};

/* --- types */

/* Whether a double holds it exactly, as every integer of 53 bits. */
static bool is_exact(int64_t integer) {
    return integer >= -(INT64_C(1) << 53) && integer <= INT64_C(1) << 53;
}

static int does_not_fit(const hdb_arrow_column *column, const hdb_value *value, int64_t row, hdb_error *error) {
    return hdb_error_set(error, HDB_MISMATCH, NULL,
                         "column \"%s\" is %s in Arrow, and row %lld has a value of class %s that does not fit: use CAST to give the "
                         "column one storage class",
                         column->name, types[column->type].name, (long long)row + 1, types[value->type].storage_class);
}

static bool fits(int type, const hdb_value *value) {
    if (value->type == HDB_TYPE_TEXT && !hdb_text_is_utf8(value->as.bytes.data, value->as.bytes.size))
        return false;
    return value->type == HDB_TYPE_NULL || value->type == type ||
           (value->type == HDB_TYPE_INTEGER && type == HDB_TYPE_FLOAT && is_exact(value->as.integer));
}

void hdb_arrow_infer(const hdb_block *block, hdb_arrow_column *columns) {
    for (int i = 0; i < block->column_count; i++) {
        int last = 0;
        hdb_block_cursor cursor = hdb_block_column_of(block, i);
        for (int64_t row = 0; row < block->rows; row++) {
            hdb_value value = hdb_block_next(&cursor, row);
            if (value.type != HDB_TYPE_NULL && value.type > last)
                last = value.type;
        }
        if (last != 0)
            columns[i].type = last;
    }
}

/* --- the schema */

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; schema->children && i < schema->n_children; i++) {
        if (schema->children[i] && schema->children[i]->release)
            schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    free((char *)schema->name);
    schema->release = NULL;
}

static bool make_schema(struct ArrowSchema *out, const char *format, const char *name, int64_t flags) {
    *out = (struct ArrowSchema){.format = format, .name = strdup(name), .flags = flags, .release = release_schema};
    return out->name != NULL;
}

int hdb_arrow_schema(const hdb_arrow_column *columns, int count, struct ArrowSchema *out) {
    bool made = make_schema(out, "+s", "", 0);
    out->children = calloc((size_t)count + 1, sizeof *out->children);
    for (int i = 0; made && out->children && i < count; i++) {
        out->children[i] = calloc(1, sizeof **out->children);
        out->n_children = i + 1;
        made = out->children[i] && make_schema(out->children[i], types[columns[i].type].format, columns[i].name, ARROW_FLAG_NULLABLE);
    }
    if (made && out->children)
        return HDB_OK;
    release_schema(out);
    return HDB_NOMEM;
}

/* --- arrays */

static void release_array(struct ArrowArray *array) {
    for (int64_t i = 0; array->children && i < array->n_children; i++) {
        if (array->children[i] && array->children[i]->release)
            array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    for (int64_t i = 0; array->buffers && i < array->n_buffers; i++)
        free((void *)array->buffers[i]);
    free(array->buffers);
    free(array->children);
    array->release = NULL;
}

static bool make_array(struct ArrowArray *out, int64_t rows, int buffers) {
    *out = (struct ArrowArray){.length = rows, .n_buffers = buffers, .release = release_array};
    out->buffers = calloc((size_t)buffers + 1, sizeof *out->buffers);
    return out->buffers != NULL;
}

/* Notes that a row is NULL; the bitmap is made for the first one. */
static bool set_null(struct ArrowArray *array, int64_t row) {
    size_t size = ((size_t)array->length + 7) / 8;
    if (!array->buffers[0]) {
        array->buffers[0] = malloc(size);
        if (!array->buffers[0])
            return false;
        memset((void *)array->buffers[0], 0xff, size);
    }
    ((unsigned char *)array->buffers[0])[row / 8] &= (unsigned char)~(1u << row % 8);
    array->null_count++;
    return true;
}

static bool put_number(struct ArrowArray *array, int type, int64_t row, const hdb_value *value) {
    if (value->type == HDB_TYPE_NULL) /* its place holds 0 */
        return set_null(array, row);
    if (type == HDB_TYPE_INTEGER)
        ((int64_t *)array->buffers[1])[row] = value->as.integer;
    else
        ((double *)array->buffers[1])[row] = value->type == HDB_TYPE_INTEGER ? (double)value->as.integer : value->as.real;
    return true;
}

static bool put_bytes(struct ArrowArray *array, hdb_buffer *bytes, int64_t row, const hdb_value *value) {
    bool good = value->type != HDB_TYPE_NULL || set_null(array, row);
    if (value->type != HDB_TYPE_NULL)
        hdb_buffer_append(bytes, value->as.bytes.data, value->as.bytes.size);
    ((int32_t *)array->buffers[1])[row + 1] = (int32_t)bytes->size;
    return good;
}

static int make_column(const hdb_block *block, int index, const hdb_arrow_column *column, int64_t first,
                       struct ArrowArray *out, hdb_error *error) {
    hdb_buffer bytes = HDB_BUFFER_INIT;
    hdb_block_cursor cursor = hdb_block_column_of(block, index);
    bool is_null = column->type == HDB_TYPE_NULL, is_bytes = column->type == HDB_TYPE_TEXT || column->type == HDB_TYPE_BLOB;
    bool good = make_array(out, block->rows, is_null ? 0 : is_bytes ? 3 : 2);
    int rc = HDB_OK;
    if (good && !is_null)
        good = (out->buffers[1] = calloc((size_t)block->rows + 1, is_bytes ? sizeof(int32_t) : sizeof(int64_t))) != NULL;
    for (int64_t row = 0; good && rc == HDB_OK && row < block->rows; row++) {
        hdb_value value = hdb_block_next(&cursor, row);
        if (!fits(column->type, &value))
            rc = does_not_fit(column, &value, first + row, error);
        else if (is_bytes && value.type != HDB_TYPE_NULL && value.as.bytes.size > INT32_MAX - bytes.size)
            rc = hdb_error_set(error, HDB_TOOBIG, NULL, "column \"%s\" has more than 2 GB in few rows", column->name);
        else if (is_bytes)
            good = put_bytes(out, &bytes, row, &value);
        else if (!is_null)
            good = put_number(out, column->type, row, &value);
    }
    if (is_null)
        out->null_count = block->rows;
    if (is_bytes && good) {
        hdb_buffer_reserve(&bytes, 1);
        good = !bytes.failed;
        out->buffers[2] = hdb_buffer_take(&bytes);
    }
    hdb_buffer_free(&bytes);
    return rc != HDB_OK || good ? rc : hdb_error_nomem(error);
}

int hdb_arrow_array(const hdb_block *block, const hdb_arrow_column *columns, int64_t first, struct ArrowArray *out,
                    hdb_error *error) {
    bool made = make_array(out, block->rows, 1);
    int rc = HDB_OK;
    out->children = calloc((size_t)block->column_count + 1, sizeof *out->children);
    made = made && out->children;
    for (int i = 0; made && rc == HDB_OK && i < block->column_count; i++) {
        out->children[i] = calloc(1, sizeof **out->children);
        out->n_children = i + 1;
        made = out->children[i] != NULL;
        if (made)
            rc = make_column(block, i, &columns[i], first, out->children[i], error);
    }
    if (made && rc == HDB_OK)
        return HDB_OK;
    release_array(out);
    return rc != HDB_OK ? rc : hdb_error_nomem(error);
}
