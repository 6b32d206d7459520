/* SPDX-License-Identifier: Apache-2.0 */
#include "record/foreign_rows.h"
#include "replica/replay.h"
#include "replica/schema.h"
#include "replica/table_statement.h"
#include <stdlib.h>

struct incoming {
    sqlite3 *db;
    sqlite3_stmt *put;
    const hdb_table *table;
    const hdb_foreign_table *foreign;
    hdb_value *cells;
    char (*texts)[64];
    int64_t rowid; /* of a table without a key */
    hdb_error *error;
};

static int take_row(void *context, const hdb_value *in, int count) {
    struct incoming *incoming = context;
    if (count != incoming->foreign->column_count || count != incoming->table->column_count)
        return hdb_error_set(incoming->error, HDB_SCHEMA, NULL, "table %s has changed", incoming->table->name);
    for (int i = 0; i < count; i++)
        incoming->cells[i] = hdb_foreign_value(&incoming->foreign->columns[i], &in[i], incoming->texts[i]);
    return hdb_table_put_row(incoming->db, incoming->put, incoming->table, ++incoming->rowid, incoming->cells, incoming->error);
}

int hdb_fill_foreign(sqlite3 *db, hdb_link *link, const hdb_table *table, const hdb_foreign_table *foreign, hdb_error *error) {
    hdb_buffer select = HDB_BUFFER_INIT;
    hdb_error stream_error = HDB_ERROR_INIT;
    struct incoming incoming = {.db = db, .table = table, .foreign = foreign, .error = error};
    hdb_foreign_select(&select, foreign);
    incoming.cells = calloc((size_t)foreign->column_count + 1, sizeof *incoming.cells);
    incoming.texts = calloc((size_t)foreign->column_count + 1, sizeof *incoming.texts);
    int rc = incoming.cells && incoming.texts && !select.failed ? HDB_OK : hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_table_prepare(db, table, HDB_TABLE_PUT_ROW, &incoming.put, error);
    if (rc == HDB_OK) {
        rc = hdb_link_stream(link, select.data, NULL, 0, HDB_ROWS_NATIVE, take_row, &incoming, &stream_error);
        if (rc != HDB_OK && error->code == HDB_OK)
            hdb_error_move(error, &stream_error);
    }
    hdb_error_clear(&stream_error);
    sqlite3_finalize(incoming.put);
    hdb_buffer_free(&select);
    free(incoming.cells);
    free(incoming.texts);
    return rc;
}
