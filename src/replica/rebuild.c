/* SPDX-License-Identifier: Apache-2.0 */
#include "record/catalogue.h"
#include "record/mirror.h"
#include "replica/format.h"
#include "replica/replay.h"
#include "replica/schema.h"
#include "replica/stub.h"
#include "replica/table_statement.h"
#include <stdlib.h>

/* One table's rows on their way from the engine. */
struct incoming {
    sqlite3 *db;
    sqlite3_stmt *put;
    const hdb_table *table;
    hdb_value *cells;
    hdb_buffer arena;
    hdb_error *error;
    hdb_progress progress;
    void *context;
    int64_t *rows; /* over all tables */
};

static int take_row(void *context, const hdb_value *in, int count) {
    struct incoming *incoming = context;
    int64_t rowid = 0;
    if (count != hdb_mirror_width(incoming->table) ||
        !hdb_mirror_read(incoming->table, in, &incoming->arena, &rowid, incoming->cells))
        return hdb_error_set(incoming->error, HDB_CORRUPT, NULL, "the engine's table %s holds a row that is not ours",
                             incoming->table->engine_name);
    if (incoming->progress && ++*incoming->rows % 10000 == 0)
        incoming->progress(incoming->context, *incoming->rows);
    int rc = HDB_OK;
    /* Not before there is a row: SQLite compiles no INSERT for a table whose generated columns need each other. */
    if (!incoming->put)
        rc = hdb_table_prepare(incoming->db, incoming->table, HDB_TABLE_PUT_ROW, &incoming->put, incoming->error);
    if (rc != HDB_OK)
        return rc;
    return hdb_table_put_row(incoming->db, incoming->put, incoming->table, rowid, incoming->cells, incoming->error);
}

static int fill_table(sqlite3 *db, hdb_link *link, const hdb_table *table, hdb_progress progress, void *context,
                      int64_t *rows, hdb_error *error) {
    hdb_buffer select = HDB_BUFFER_INIT;
    sqlite3_stmt *clear = NULL;
    hdb_error stream_error = HDB_ERROR_INIT;
    struct incoming incoming = {.db = db, .table = table, .error = error, .progress = progress, .context = context, .rows = rows};
    incoming.cells = calloc((size_t)table->column_count + 1, sizeof *incoming.cells);
    hdb_mirror_select(&select, table);
    /* A rowid without a name comes from the order. */
    if (table->key_kind == HDB_KEY_ROWID && !hdb_table_rowid_name(table))
        hdb_buffer_text(&select, " ORDER BY \"_hdb_rowid\"");
    int rc = incoming.cells && !select.failed ? HDB_OK : hdb_error_nomem(error);
    /* What a virtual table puts into its shadow tables when it is made gives way to what the record holds. */
    if (rc == HDB_OK)
        rc = hdb_table_prepare(db, table, HDB_TABLE_DELETE_ALL, &clear, error);
    if (rc == HDB_OK && sqlite3_step(clear) != SQLITE_DONE)
        rc = hdb_sqlite_error(db, error);
    sqlite3_finalize(clear);
    if (rc == HDB_OK) {
        rc = hdb_link_stream(link, select.data, NULL, 0, HDB_ROWS_NATIVE, take_row, &incoming, &stream_error);
        if (rc != HDB_OK && error->code == HDB_OK)
            hdb_error_move(error, &stream_error);
    }
    hdb_error_clear(&stream_error);
    sqlite3_finalize(incoming.put);
    hdb_buffer_free(&incoming.arena);
    hdb_buffer_free(&select);
    free(incoming.cells);
    return rc;
}

int hdb_fill_from_link(sqlite3 *db, hdb_link *link, const hdb_table *table, hdb_error *error) {
    int64_t rows = 0;
    return fill_table(db, link, table, NULL, NULL, &rows, error);
}

static int fill(sqlite3 *db, hdb_link *link, const hdb_schema *catalogue, hdb_progress progress, void *context,
                hdb_error *error) {
    hdb_schema *made = NULL;
    const hdb_table *sequence = NULL;
    int64_t rows = 0;
    int rc = hdb_stubs_keep(db, catalogue, error);
    if (rc == HDB_OK)
        rc = hdb_replay_schema(db, catalogue, error);
    if (rc == HDB_OK)
        rc = hdb_schema_read(db, "main", &made, error);
    for (int i = 0; rc == HDB_OK && i < made->table_count; i++) {
        if (made->tables[i].is_sequence)
            sequence = &made->tables[i];
        else
            rc = fill_table(db, link, &made->tables[i], progress, context, &rows, error);
    }
    /* Last: putting rows into AUTOINCREMENT tables has changed it. */
    if (rc == HDB_OK && sequence)
        rc = fill_table(db, link, sequence, progress, context, &rows, error);
    hdb_schema_free(made);
    return rc;
}

int hdb_rebuild(sqlite3 *db, hdb_link *link, hdb_progress progress, void *context, hdb_error *error) {
    hdb_schema *catalogue = NULL;
    int rc = hdb_catalogue_read(link, &catalogue, error);
    if (rc == HDB_OK) /* before the first page is written */
        rc = hdb_format_apply(db, catalogue->format, error);
    if (rc == HDB_OK && sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(db, error);
    if (rc == HDB_OK)
        rc = fill(db, link, catalogue, progress, context, error);
    if (rc == HDB_OK && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(db, error);
    if (rc != HDB_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    hdb_schema_free(catalogue);
    return rc;
}
