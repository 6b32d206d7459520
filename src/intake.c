/* SPDX-License-Identifier: Apache-2.0 */
/* An existing SQLite file becomes a replica: see database_internal.h. */
#include "database_internal.h"

#include "notice.h"
#include "record/apply.h"
#include "record/filler.h"
#include "replica/schema.h"
#include "replica/sqlite_value.h"
#include "replica/stub.h"
#include "replica/table_statement.h"
#include <stdlib.h>

/* Row by row into the engine's table. */
static int take_in_table(hdb_database *database, hdb_link *link, const hdb_table *table, hdb_notice *notice, hdb_error *error) {
    sqlite3_stmt *all = NULL;
    hdb_table_filler *filler = NULL;
    hdb_value *cells = calloc((size_t)table->column_count + 1, sizeof *cells);
    int step = SQLITE_DONE;
    int rc = cells ? hdb_table_prepare(database->steward, table, HDB_TABLE_READ_ALL, &all, error) : hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_fill_start(link, table, &filler, error);
    while (rc == HDB_OK && (step = sqlite3_step(all)) == SQLITE_ROW) {
        for (int i = 0; i < table->column_count; i++)
            cells[i] = hdb_value_of_column(all, i + 1);
        rc = hdb_fill_row(filler, sqlite3_column_int64(all, 0), cells, error);
        hdb_notice_progress(notice, 1);
    }
    if (rc == HDB_OK && step != SQLITE_DONE)
        rc = hdb_sqlite_error(database->steward, error);
    if (rc == HDB_OK) {
        rc = hdb_fill_end(filler, error);
    } else {
        hdb_error ignored = HDB_ERROR_INIT;
        hdb_fill_end(filler, &ignored);
        hdb_error_clear(&ignored);
    }
    sqlite3_finalize(all);
    free(cells);
    return rc;
}

int hdb_database_take_in(hdb_database *database, hdb_link *link, hdb_error *error) {
    hdb_schema *schema = NULL;
    int rc = hdb_database_open_steward(database, error);
    if (rc == HDB_OK)
        rc = hdb_meta_set(link, "taking_in", 1, error);
    if (rc == HDB_OK)
        rc = hdb_database_run(database, "BEGIN IMMEDIATE", error);
    if (rc != HDB_OK)
        return rc;
    hdb_notice notice = hdb_notice_start(database->notices, "taking in", database->path);
    rc = hdb_schema_read(database->steward, "main", &schema, error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++)
        rc = hdb_stubs_check(database->steward, schema, &schema->tables[i], error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++)
        rc = take_in_table(database, link, &schema->tables[i], &notice, error);
    if (rc == HDB_OK)
        rc = hdb_apply_schema(link, schema, error);
    if (rc == HDB_OK)
        rc = hdb_log_settle(link, error);
    if (rc == HDB_OK)
        rc = hdb_meta_set(link, "taking_in", 0, error);
    sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    if (rc == HDB_OK)
        hdb_notice_end(&notice);
    hdb_schema_free(schema);
    return rc;
}
