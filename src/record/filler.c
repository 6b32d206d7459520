/* SPDX-License-Identifier: Apache-2.0 */
#include "record/filler.h"

#include "record/mirror.h"
#include <stdlib.h>

struct hdb_table_filler {
    hdb_link *link;
    const hdb_table *table;
    hdb_value *row;
    hdb_buffer arena, key;
    bool copying;
};

int hdb_fill_more(hdb_link *link, const hdb_table *table, hdb_table_filler **out, hdb_error *error) {
    hdb_buffer copy = HDB_BUFFER_INIT;
    hdb_table_filler *filler = calloc(1, sizeof *filler);
    if (filler)
        filler->row = calloc((size_t)hdb_mirror_width(table), sizeof *filler->row);
    hdb_mirror_copy(&copy, table);
    int rc = filler && filler->row && !copy.failed ? hdb_link_copy_start(link, copy.data, error) : hdb_error_nomem(error);
    hdb_buffer_free(&copy);
    if (rc == HDB_OK) {
        filler->copying = true;
        filler->link = link;
        filler->table = table;
        *out = filler;
        return HDB_OK;
    }
    if (filler)
        free(filler->row);
    free(filler);
    return rc;
}

static int make_anew(hdb_link *link, const hdb_table *table, hdb_error *error) {
    hdb_buffer drop = HDB_BUFFER_INIT, create = HDB_BUFFER_INIT;
    hdb_mirror_drop(&drop, table->engine_name);
    hdb_mirror_create(&create, table, hdb_link_peer(link));
    int rc = drop.failed || create.failed ? hdb_error_nomem(error) : hdb_link_script(link, drop.data, error);
    if (rc == HDB_OK)
        rc = hdb_link_script(link, create.data, error);
    hdb_buffer_free(&drop);
    hdb_buffer_free(&create);
    return rc;
}

int hdb_fill_start(hdb_link *link, const hdb_table *table, hdb_table_filler **out, hdb_error *error) {
    int rc = make_anew(link, table, error);
    return rc == HDB_OK ? hdb_fill_more(link, table, out, error) : rc;
}

int hdb_fill_row(hdb_table_filler *filler, int64_t rowid, const hdb_value *cells, hdb_error *error) {
    if (!hdb_mirror_row(filler->table, rowid, cells, &filler->arena, &filler->key, filler->row))
        return hdb_error_nomem(error);
    return hdb_link_copy_row(filler->link, filler->row, hdb_mirror_width(filler->table), error);
}

int hdb_fill_end(hdb_table_filler *filler, hdb_error *error) {
    int rc = HDB_OK;
    if (!filler)
        return HDB_OK;
    if (filler->copying)
        rc = hdb_link_copy_end(filler->link, error);
    free(filler->row);
    hdb_buffer_free(&filler->arena);
    hdb_buffer_free(&filler->key);
    free(filler);
    return rc;
}
