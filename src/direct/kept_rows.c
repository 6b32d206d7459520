/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/kept_rows.h"

#include "buffer.h"
#include <stdlib.h>
#include <string.h>

struct place {
    int64_t key;
    size_t offset;
};

struct hdb_kept_rows {
    hdb_buffer cells;
    hdb_buffer places; /* of struct place */
    int64_t count, position;
    int64_t last_key;
    bool in_order;
    int columns;
    hdb_value row[];
};

hdb_kept_rows *hdb_kept_new(int columns) {
    hdb_kept_rows *rows = calloc(1, sizeof *rows + (size_t)columns * sizeof *rows->row);
    if (rows)
        rows->columns = columns;
    if (rows)
        rows->in_order = true;
    return rows;
}

void hdb_kept_free(hdb_kept_rows *rows) {
    if (!rows)
        return;
    hdb_buffer_free(&rows->cells);
    hdb_buffer_free(&rows->places);
    free(rows);
}

/* A cell is its type and, but for NULL, the bits of a number or the size of the bytes that follow. */
enum { HEAD = 1 + sizeof(int64_t) };

static size_t cell_size(const hdb_value *cell) {
    if (cell->type == HDB_TYPE_NULL)
        return 1;
    return cell->type == HDB_TYPE_TEXT || cell->type == HDB_TYPE_BLOB ? HEAD + cell->as.bytes.size : HEAD;
}

static char *put_cell(char *at, const hdb_value *cell) {
    *at++ = (char)cell->type;
    switch (cell->type) {
    case HDB_TYPE_INTEGER:
        memcpy(at, &cell->as.integer, sizeof cell->as.integer);
        return at + sizeof cell->as.integer;
    case HDB_TYPE_FLOAT:
        memcpy(at, &cell->as.real, sizeof cell->as.real);
        return at + sizeof cell->as.real;
    case HDB_TYPE_TEXT:
    case HDB_TYPE_BLOB:
        memcpy(at, &cell->as.bytes.size, sizeof cell->as.bytes.size);
        at += sizeof cell->as.bytes.size;
        if (cell->as.bytes.size > 0)
            memcpy(at, cell->as.bytes.data, cell->as.bytes.size);
        return at + cell->as.bytes.size;
    default:
        return at;
    }
}

static const char *get_cell(const char *at, hdb_value *cell) {
    size_t size;
    cell->type = *at++;
    switch (cell->type) {
    case HDB_TYPE_INTEGER:
        memcpy(&cell->as.integer, at, sizeof cell->as.integer);
        return at + sizeof cell->as.integer;
    case HDB_TYPE_FLOAT:
        memcpy(&cell->as.real, at, sizeof cell->as.real);
        return at + sizeof cell->as.real;
    case HDB_TYPE_TEXT:
    case HDB_TYPE_BLOB:
        memcpy(&size, at, sizeof size);
        at += sizeof size;
        cell->as.bytes.data = at;
        cell->as.bytes.size = size;
        return at + size;
    default:
        return at;
    }
}

int hdb_kept_add(hdb_kept_rows *rows, int64_t key, const hdb_value *cells) {
    struct place place = {key, rows->cells.size};
    size_t size = 0;
    for (int i = 0; i < rows->columns; i++)
        size += cell_size(&cells[i]);
    if (!hdb_buffer_reserve(&rows->cells, size))
        return HDB_NOMEM;
    char *at = rows->cells.data + rows->cells.size;
    for (int i = 0; i < rows->columns; i++)
        at = put_cell(at, &cells[i]);
    rows->cells.size += size;
    hdb_buffer_append(&rows->places, &place, sizeof place);
    if (rows->places.failed)
        return HDB_NOMEM;
    rows->in_order = rows->in_order && (rows->count == 0 || rows->last_key < key);
    rows->last_key = key;
    rows->count++;
    bool fits = rows->count <= HDB_KEPT_MOST_ROWS && rows->cells.size + rows->places.size <= HDB_KEPT_MOST_BYTES;
    return fits ? HDB_OK : HDB_TOOBIG;
}

static int compare(const void *one, const void *two) {
    int64_t first = ((const struct place *)one)->key, second = ((const struct place *)two)->key;
    return first < second ? -1 : first > second;
}

void hdb_kept_sort(hdb_kept_rows *rows) {
    if (!rows->in_order)
        qsort(rows->places.data, (size_t)rows->count, sizeof(struct place), compare);
}

bool hdb_kept_next(hdb_kept_rows *rows) {
    if (rows->position == rows->count)
        return false;
    const struct place *place = (const struct place *)(const void *)rows->places.data + rows->position++;
    const char *at = rows->cells.data + place->offset;
    for (int i = 0; i < rows->columns; i++)
        at = get_cell(at, &rows->row[i]);
    return true;
}

const hdb_value *hdb_kept_row(const hdb_kept_rows *rows) {
    return rows->row;
}

int64_t hdb_kept_position(const hdb_kept_rows *rows) {
    return rows->position;
}
