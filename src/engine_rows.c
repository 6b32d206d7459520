/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_rows.h"

#include "statement.h"
#include <stdlib.h>
#include <string.h>

struct cursor {
    sqlite3_vtab_cursor base;
    hdb_stmt *stmt;
    int row;
};

struct table {
    sqlite3_vtab base;
    hdb_conn *conn;
};

static int connect_table(sqlite3 *db, void *context, int argc, const char *const *argv, sqlite3_vtab **out, char **message) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    (void)argc, (void)argv, (void)message;
    hdb_buffer_text(&sql, "CREATE TABLE x(");
    for (int i = 0; i < HDB_ENGINE_ROWS_WIDTH; i++)
        hdb_buffer_format(&sql, "%sc%d", i ? ", " : "", i);
    hdb_buffer_text(&sql, ")");
    int rc = sql.failed ? SQLITE_NOMEM : sqlite3_declare_vtab(db, sql.data);
    hdb_buffer_free(&sql);
    struct table *table = rc == SQLITE_OK ? sqlite3_malloc(sizeof *table) : NULL;
    if (rc == SQLITE_OK && !table)
        rc = SQLITE_NOMEM;
    if (rc != SQLITE_OK)
        return rc;
    memset(table, 0, sizeof *table);
    table->conn = context;
    sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    *out = &table->base;
    return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *table) {
    sqlite3_free(table);
    return SQLITE_OK;
}

/* Always read from first to last, outside of whatever it is joined with. */
static int plan(sqlite3_vtab *table, sqlite3_index_info *info) {
    (void)table;
    info->estimatedCost = 10;
    info->estimatedRows = 10;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
    struct cursor *cursor = sqlite3_malloc(sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    memset(cursor, 0, sizeof *cursor);
    cursor->stmt = ((struct table *)table)->conn->asking;
    *out = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor) {
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int plan_number, const char *plan_text, int argc, sqlite3_value **argv) {
    struct cursor *cursor = (struct cursor *)base;
    (void)plan_number, (void)plan_text, (void)argc, (void)argv;
    cursor->row = 0;
    if (!cursor->stmt || cursor->stmt->source)
        return SQLITE_OK;
    hdb_error *error = &cursor->stmt->conn->error;
    int rc = hdb_stmt_ask_engine(cursor->stmt, &cursor->stmt->source);
    int wanted = cursor->stmt->source_columns, found = rc == HDB_OK ? hdb_answer_columns(cursor->stmt->source) : 0;
    if (rc == HDB_OK && found != wanted)
        rc = hdb_error_set(error, HDB_ERROR, NULL, "%d columns are to be filled but %d values were supplied", wanted, found);
    if (rc == HDB_OK)
        return SQLITE_OK;
    sqlite3_free(base->pVtab->zErrMsg);
    base->pVtab->zErrMsg = sqlite3_mprintf("%s", hdb_error_message(error));
    hdb_error_move(&cursor->stmt->engine_error, error);
    return SQLITE_ERROR;
}

static int next_row(sqlite3_vtab_cursor *cursor) {
    ((struct cursor *)cursor)->row++;
    return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base) {
    const struct cursor *cursor = (const struct cursor *)base;
    return !cursor->stmt || !cursor->stmt->source || cursor->row >= hdb_answer_count(cursor->stmt->source);
}

static int give_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
    struct cursor *cursor = (struct cursor *)base;
    if (column < 0 || column >= hdb_answer_columns(cursor->stmt->source)) {
        sqlite3_result_null(context);
        return SQLITE_OK;
    }
    hdb_value cell = hdb_answer_cell(cursor->stmt->source, cursor->row, column);
    switch (cell.type) {
    case HDB_TYPE_INTEGER:
        sqlite3_result_int64(context, cell.as.integer);
        break;
    case HDB_TYPE_FLOAT:
        sqlite3_result_double(context, cell.as.real);
        break;
    case HDB_TYPE_TEXT:
        sqlite3_result_text64(context, cell.as.bytes.data, cell.as.bytes.size, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case HDB_TYPE_BLOB:
        sqlite3_result_blob64(context, cell.as.bytes.data, cell.as.bytes.size, SQLITE_TRANSIENT);
        break;
    default:
        sqlite3_result_null(context);
    }
    return SQLITE_OK;
}

static int give_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out) {
    *out = ((struct cursor *)cursor)->row + 1;
    return SQLITE_OK;
}

static sqlite3_module module = {
    .xConnect = connect_table, .xBestIndex = plan,   .xDisconnect = disconnect_table, .xOpen = open_cursor,
    .xClose = close_cursor,    .xFilter = filter,    .xNext = next_row,               .xEof = is_at_end,
    .xColumn = give_column,    .xRowid = give_rowid,
};

int hdb_engine_rows_enable(hdb_conn *conn) {
    if (conn->has_engine_rows)
        return HDB_OK;
    if (sqlite3_create_module_v2(conn->replica->db, HDB_ENGINE_ROWS, &module, conn, NULL) != SQLITE_OK)
        return hdb_replica_error(conn->replica, &conn->error);
    conn->has_engine_rows = true;
    return HDB_OK;
}
