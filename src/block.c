/* SPDX-License-Identifier: Apache-2.0 */
#include "block.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 2, COLUMN_HEAD = 3 }; /* in numbers of 64 bits */

/* --- writing */

int hdb_block_begin(hdb_block *block, int column_count) {
    if (column_count > block->capacity) {
        hdb_block_column *columns = realloc(block->columns, (size_t)column_count * sizeof *columns);
        if (!columns)
            return HDB_NOMEM;
        memset(columns + block->capacity, 0, (size_t)(column_count - block->capacity) * sizeof *columns);
        block->columns = columns;
        block->capacity = column_count;
    }
    block->rows = 0;
    block->column_count = column_count;
    for (int i = 0; i < column_count; i++) {
        hdb_block_column *column = &block->columns[i];
        column->form = HDB_BLOCK_NULL;
        hdb_buffer_reset(&column->numbers);
        hdb_buffer_reset(&column->types);
        hdb_buffer_reset(&column->bytes);
    }
    return HDB_OK;
}

static void append_number(hdb_block_column *column, int64_t number) {
    hdb_buffer_append(&column->numbers, &number, sizeof number);
}

static void append_bytes(hdb_block_column *column, const hdb_value *value) {
    append_number(column, (int64_t)value->as.bytes.size);
    hdb_buffer_append(&column->bytes, value->as.bytes.data, value->as.bytes.size);
    hdb_buffer_char(&column->bytes, '\0');
}

/* The form of a column that holds only such values. */
static int form_of(const hdb_value *value) {
    switch (value->type) {
    case HDB_TYPE_NULL:
        return HDB_BLOCK_NULL;
    case HDB_TYPE_INTEGER:
    case HDB_TYPE_FLOAT:
        return value->type;
    case HDB_TYPE_TEXT:
        return value->as.bytes.size > 0 && memchr(value->as.bytes.data, '\0', value->as.bytes.size) ? HDB_BLOCK_MIXED : HDB_BLOCK_TEXT;
    default:
        return HDB_BLOCK_MIXED;
    }
}

/* Gives each of the rows before this one its type. */
static void make_mixed(hdb_block_column *column, int64_t rows) {
    int type = column->form == HDB_BLOCK_NULL ? HDB_TYPE_NULL : column->form;
    for (int64_t row = 0; row < rows; row++)
        hdb_buffer_char(&column->types, (char)type);
    column->form = HDB_BLOCK_MIXED;
}

void hdb_block_append(hdb_block *block, int index, const hdb_value *value) {
    hdb_block_column *column = &block->columns[index];
    if (column->form != HDB_BLOCK_MIXED && block->rows == 0)
        column->form = form_of(value);
    else if (column->form != HDB_BLOCK_MIXED && column->form != form_of(value))
        make_mixed(column, block->rows);
    if (column->form == HDB_BLOCK_MIXED)
        hdb_buffer_char(&column->types, (char)value->type);
    switch (value->type) {
    case HDB_TYPE_INTEGER:
        append_number(column, value->as.integer);
        break;
    case HDB_TYPE_FLOAT:
        hdb_buffer_append(&column->numbers, &value->as.real, sizeof value->as.real);
        break;
    case HDB_TYPE_NULL:
        append_number(column, 0);
        break;
    default:
        append_bytes(column, value);
    }
}

size_t hdb_block_size(const hdb_block *block) {
    size_t size = 0;
    for (int i = 0; i < block->column_count; i++)
        size += block->columns[i].numbers.size + block->columns[i].bytes.size;
    return size;
}

int hdb_block_check(const hdb_block *block) {
    for (int i = 0; i < block->column_count; i++) {
        const hdb_block_column *column = &block->columns[i];
        if (column->numbers.failed || column->types.failed || column->bytes.failed)
            return HDB_NOMEM;
    }
    return HDB_OK;
}

int hdb_block_finish(hdb_block *block) {
    hdb_buffer *text = &block->text;
    if (hdb_block_check(block) != HDB_OK)
        return HDB_NOMEM;
    size_t head = (HEAD + (size_t)block->column_count * COLUMN_HEAD) * sizeof(int64_t);
    hdb_buffer_reset(text);
    hdb_buffer_reserve(text, head + hdb_block_size(block) + (size_t)block->column_count * ((size_t)block->rows + 8));
    hdb_buffer_append(text, (int64_t[]){block->rows, block->column_count}, HEAD * sizeof(int64_t));
    for (int i = 0; i < block->column_count; i++)
        hdb_buffer_append(text, (int64_t[COLUMN_HEAD]){block->columns[i].form}, COLUMN_HEAD * sizeof(int64_t));
    for (int i = 0; i < block->column_count && !text->failed; i++) {
        hdb_block_column *column = &block->columns[i];
        hdb_buffer_append(text, "\0\0\0\0\0\0\0", -text->size % sizeof(int64_t));
        size_t begin = text->size;
        if (column->form != HDB_BLOCK_NULL && column->form != HDB_BLOCK_TEXT)
            hdb_buffer_append(text, column->numbers.data, column->numbers.size);
        if (column->form == HDB_BLOCK_MIXED)
            hdb_buffer_append(text, column->types.data, column->types.size);
        if (column->form == HDB_BLOCK_MIXED || column->form == HDB_BLOCK_TEXT)
            hdb_buffer_append(text, column->bytes.data, column->bytes.size);
        if (!text->failed) {
            int64_t *place = (int64_t *)(void *)text->data + HEAD + i * COLUMN_HEAD;
            place[1] = (int64_t)begin;
            place[2] = (int64_t)(text->size - begin);
        }
    }
    hdb_buffer_append(text, "\0\0\0\0\0\0\0", -text->size % sizeof(int64_t));
    return text->failed ? HDB_NOMEM : HDB_OK;
}

void hdb_block_free(hdb_block *block) {
    for (int i = 0; i < block->capacity; i++) {
        hdb_buffer_free(&block->columns[i].numbers);
        hdb_buffer_free(&block->columns[i].types);
        hdb_buffer_free(&block->columns[i].bytes);
    }
    free(block->columns);
    hdb_buffer_free(&block->text);
    *block = (hdb_block){0};
}

void hdb_block_trim(hdb_block *block) {
    enum { SMALL = 1 << 16 };
    if (block->text.capacity > SMALL)
        hdb_block_free(block);
}

/* --- reading */

hdb_block_cursor hdb_block_column_of(const hdb_block *block, int index) {
    const hdb_block_column *column = &block->columns[index];
    return (hdb_block_cursor){
        .form = column->form,
        .numbers = (const int64_t *)(const void *)column->numbers.data,
        .types = (const unsigned char *)column->types.data,
        .bytes = column->bytes.data,
        .end = column->bytes.data ? column->bytes.data + column->bytes.size : NULL,
    };
}

int hdb_block_open(const void *block, size_t size, int64_t *rows, int64_t *columns) {
    const int64_t *head = block;
    size_t numbers = size / sizeof *head;
    if (!block || (uintptr_t)block % sizeof *head || numbers < HEAD)
        return HDB_MISUSE;
    *rows = head[0];
    *columns = head[1];
    bool fits = *rows >= 0 && *columns >= 0 && (uint64_t)*columns <= (numbers - HEAD) / COLUMN_HEAD;
    return fits ? HDB_OK : HDB_MISUSE;
}

static bool texts_fit(const char *bytes, const char *end, int64_t rows) {
    for (int64_t row = 0; row < rows; row++) {
        bytes = bytes < end ? memchr(bytes, '\0', (size_t)(end - bytes)) : NULL;
        if (!bytes)
            return false;
        bytes++;
    }
    return bytes == end;
}

static bool mixed_fit(const hdb_block_cursor *cursor, int64_t rows) {
    const char *bytes = cursor->bytes;
    for (int64_t row = 0; row < rows; row++) {
        int64_t length = cursor->numbers[row];
        if (cursor->types[row] < HDB_TYPE_INTEGER || cursor->types[row] > HDB_TYPE_NULL)
            return false;
        if (cursor->types[row] != HDB_TYPE_TEXT && cursor->types[row] != HDB_TYPE_BLOB)
            continue;
        if (length < 0 || length >= cursor->end - bytes || bytes[length] != '\0')
            return false;
        bytes += length + 1;
    }
    return bytes == cursor->end;
}

int hdb_block_values_open(hdb_block_cursor *cursor, const void *values, size_t size, uint64_t rows) {
    if ((uintptr_t)values % sizeof(int64_t) || rows > size / (sizeof(int64_t) + 1))
        return HDB_MISUSE;
    const char *data = values ? values : "";
    *cursor = (hdb_block_cursor){.form = HDB_BLOCK_MIXED, .numbers = values, .end = data + size};
    cursor->types = (const unsigned char *)data + rows * sizeof(int64_t);
    cursor->bytes = (const char *)cursor->types + rows;
    return mixed_fit(cursor, (int64_t)rows) ? HDB_OK : HDB_MISUSE;
}

int hdb_block_column_open(hdb_block_cursor *cursor, const void *block, size_t size, int64_t column) {
    const int64_t *head = (const int64_t *)block + HEAD + column * COLUMN_HEAD;
    uint64_t rows = *(const uint64_t *)block, offset = (uint64_t)head[1], length = (uint64_t)head[2];
    if (head[0] < HDB_BLOCK_NULL || head[0] > HDB_BLOCK_MIXED || offset > size || length > size - offset || offset % sizeof(int64_t))
        return HDB_MISUSE;
    const char *data = (const char *)block + offset;
    if (head[0] == HDB_BLOCK_MIXED)
        return hdb_block_values_open(cursor, data, length, rows);
    *cursor = (hdb_block_cursor){.form = (int)head[0], .bytes = data, .end = data + length};
    if (head[0] == HDB_BLOCK_NULL)
        return length == 0 ? HDB_OK : HDB_MISUSE;
    if (head[0] == HDB_BLOCK_TEXT)
        return texts_fit(data, cursor->end, (int64_t)rows) ? HDB_OK : HDB_MISUSE;
    cursor->numbers = (const int64_t *)(const void *)data;
    return length % sizeof(int64_t) == 0 && length / sizeof(int64_t) == rows ? HDB_OK : HDB_MISUSE;
}

static hdb_value next_bytes(hdb_block_cursor *cursor, int type, size_t length) {
    const char *data = cursor->bytes;
    cursor->bytes += length + 1;
    return type == HDB_TYPE_TEXT ? hdb_value_text(data, length) : hdb_value_blob(data, length);
}

hdb_value hdb_block_next(hdb_block_cursor *cursor, int64_t row) {
    double real;
    switch (cursor->form == HDB_BLOCK_MIXED ? cursor->types[row] : cursor->form) {
    case HDB_TYPE_INTEGER:
        return hdb_value_integer(cursor->numbers[row]);
    case HDB_TYPE_FLOAT:
        memcpy(&real, &cursor->numbers[row], sizeof real);
        return hdb_value_real(real);
    case HDB_TYPE_TEXT:
        return next_bytes(cursor, HDB_TYPE_TEXT,
                          cursor->form == HDB_BLOCK_MIXED ? (size_t)cursor->numbers[row] : strlen(cursor->bytes));
    case HDB_TYPE_BLOB:
        return next_bytes(cursor, HDB_TYPE_BLOB, (size_t)cursor->numbers[row]);
    default:
        return hdb_value_null();
    }
}
