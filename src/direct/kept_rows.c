/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/kept_rows.h"

#include "buffer.h"
#include "record/cell.h"
#include <stdlib.h>

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

int hdb_kept_add(hdb_kept_rows *rows, int64_t key, const hdb_value *cells) {
    struct place place = {key, rows->cells.size};
    rows->in_order = rows->in_order && (rows->count == 0 || rows->last_key < key);
    rows->last_key = key;
    for (int i = 0; i < rows->columns; i++)
        hdb_put_value(&rows->cells, &cells[i]);
    hdb_buffer_append(&rows->places, &place, sizeof place);
    rows->count++;
    if (rows->cells.failed || rows->places.failed)
        return HDB_NOMEM;
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
    hdb_reader reader = {.at = rows->cells.data + place->offset, .end = rows->cells.data + rows->cells.size};
    for (int i = 0; i < rows->columns; i++)
        rows->row[i] = hdb_get_value(&reader);
    return true;
}

const hdb_value *hdb_kept_row(const hdb_kept_rows *rows) {
    return rows->row;
}

int64_t hdb_kept_position(const hdb_kept_rows *rows) {
    return rows->position;
}
