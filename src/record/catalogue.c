/* SPDX-License-Identifier: Apache-2.0 */
#include "record/catalogue.h"

#include "record/log.h"
#include <stdlib.h>
#include <string.h>

static char *text_of(const hdb_rows *rows, int row, int column, bool *failed) {
    hdb_value cell = hdb_rows_cell(rows, row, column);
    if (cell.type != HDB_TYPE_TEXT)
        return NULL;
    char *copy = strndup(cell.as.bytes.data, cell.as.bytes.size);
    *failed = *failed || !copy;
    return copy;
}

int hdb_catalogue_read(hdb_link *link, hdb_schema **out, hdb_error *error) {
    hdb_rows *rows = NULL;
    bool failed = false;
    hdb_schema *schema = calloc(1, sizeof *schema);
    if (!schema)
        return hdb_error_nomem(error);
    int rc = hdb_link_query(link, "SELECT type, name, tbl_name, sql FROM \"_hdb_schema\" ORDER BY position", NULL, 0,
                            HDB_ROWS_NATIVE, &rows, error);
    int count = rc == HDB_OK ? hdb_rows_count(rows) : 0;
    if (count) {
        schema->items = calloc((size_t)count, sizeof *schema->items);
        failed = !schema->items;
    }
    for (int i = 0; !failed && i < count; i++) {
        hdb_schema_item *item = &schema->items[schema->item_count++];
        item->type = text_of(rows, i, 0, &failed);
        item->name = text_of(rows, i, 1, &failed);
        item->table = text_of(rows, i, 2, &failed);
        item->sql = text_of(rows, i, 3, &failed);
        if (!item->type || !item->name || !item->table)
            rc = hdb_error_set(error, HDB_CORRUPT, NULL, "the engine's _hdb_schema is malformed");
    }
    hdb_rows_free(rows);
    if (failed)
        rc = hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_meta_get(link, "user_version", 0, &schema->user_version, error);
    if (rc == HDB_OK)
        rc = hdb_meta_get(link, "application_id", 0, &schema->application_id, error);
    if (rc == HDB_OK)
        rc = hdb_meta_get(link, "format_of_file", 0, &schema->format, error);
    if (rc == HDB_OK)
        *out = schema;
    else
        hdb_schema_free(schema);
    return rc;
}
