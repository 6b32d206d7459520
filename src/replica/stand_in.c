/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/stand_in.h"

#include "replica/stub.h"

struct table {
    sqlite3_vtab base;
    const char *module;
};

static int connect_table(sqlite3 *db, void *context, int count, const char *const *arguments, sqlite3_vtab **out,
                         char **message) {
    struct table *table = sqlite3_malloc(sizeof *table);
    (void)count, (void)arguments, (void)message;
    if (!table)
        return SQLITE_NOMEM;
    *table = (struct table){.module = context};
    int rc = sqlite3_declare_vtab(db, "CREATE TABLE x(value)");
    if (rc == SQLITE_OK)
        *out = &table->base;
    else
        sqlite3_free(table);
    return rc;
}

static int disconnect_table(sqlite3_vtab *table) {
    sqlite3_free(table);
    return SQLITE_OK;
}

static int refuse(sqlite3_vtab *table, sqlite3_index_info *info) {
    (void)info;
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("no such module: %s", ((struct table *)table)->module);
    return SQLITE_ERROR;
}

/* --- never called, as no plan is made; SQLite wants them to be there */

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
    (void)table, (void)out;
    return SQLITE_ERROR;
}

static int do_nothing(sqlite3_vtab_cursor *cursor) {
    (void)cursor;
    return SQLITE_ERROR;
}

static int filter(sqlite3_vtab_cursor *cursor, int plan, const char *text, int count, sqlite3_value **arguments) {
    (void)cursor, (void)plan, (void)text, (void)count, (void)arguments;
    return SQLITE_ERROR;
}

static int give_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
    (void)cursor, (void)context, (void)column;
    return SQLITE_ERROR;
}

static int give_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out) {
    (void)cursor, (void)out;
    return SQLITE_ERROR;
}

static const sqlite3_module module = {
    .xCreate = connect_table, .xConnect = connect_table, .xBestIndex = refuse, .xDisconnect = disconnect_table,
    .xDestroy = disconnect_table, .xOpen = open_cursor, .xClose = do_nothing, .xFilter = filter, .xNext = do_nothing,
    .xEof = do_nothing, .xColumn = give_column, .xRowid = give_rowid,
};

bool hdb_stand_in_has_module(sqlite3 *db, const char *name) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, "SELECT 1 FROM pragma_module_list WHERE name = ?1 COLLATE NOCASE", -1, &statement, NULL) != SQLITE_OK)
        return true;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    bool has = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return has;
}

/* The text is SQLite's: CREATE VIRTUAL TABLE name USING module. */
static bool read_module(const char *sql, hdb_buffer *out) {
    for (int word = 0; word < 6; word++)
        sql = hdb_stubs_read_word(sql, out);
    return !out->failed && out->size > 0;
}

bool hdb_stand_in_provide(sqlite3 *db, const char *sql) {
    hdb_buffer name = HDB_BUFFER_INIT;
    bool done = read_module(sql, &name);
    if (done && !hdb_stand_in_has_module(db, name.data)) {
        char *copy = sqlite3_mprintf("%s", name.data);
        done = copy && sqlite3_create_module_v2(db, copy, &module, copy, sqlite3_free) == SQLITE_OK;
    }
    hdb_buffer_free(&name);
    return done;
}
