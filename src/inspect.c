/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, counters and descriptions. */
#include "statement.h"

#include <string.h>

int hdb_threadsafe(void) {
    return sqlite3_threadsafe();
}

int hdb_library_status(int id, int64_t *current, int64_t *highest, int reset) {
    sqlite3_int64 now = 0, most = 0;
    int rc = sqlite3_status64(id, &now, &most, reset);
    if (current)
        *current = now;
    if (highest)
        *highest = most;
    return rc & 0xff;
}

int hdb_conn_status(hdb_conn *conn, int id, int64_t *current, int64_t *highest, int reset) {
    int now = 0, most = 0;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (sqlite3_db_status(conn->replica->db, id, &now, &most, reset) != SQLITE_OK)
        rc = hdb_error_set(&conn->error, HDB_ERROR, NULL, "no such counter: %d", id);
    if (current)
        *current = now;
    if (highest)
        *highest = most;
    return hdb_conn_leave(conn, rc);
}

/* SQLite follows a wrong number into the dark. */
static bool is_stmt_status(int id) {
    return (id >= SQLITE_STMTSTATUS_FULLSCAN_STEP && id <= SQLITE_STMTSTATUS_FILTER_HIT) ||
        id == SQLITE_STMTSTATUS_MEMUSED;
}

int hdb_stmt_status(hdb_stmt *stmt, int id, int reset) {
    if (hdb_stmt_enter(stmt) != HDB_OK)
        return 0;
    int value = stmt->replica && is_stmt_status(id) ? sqlite3_stmt_status(stmt->replica, id, reset) : 0;
    hdb_conn_leave(stmt->conn, HDB_OK);
    return value;
}

int hdb_stmt_is_explain(hdb_stmt *stmt) {
    return stmt && stmt->replica ? sqlite3_stmt_isexplain(stmt->replica) : 0;
}

hdb_conn *hdb_stmt_conn(hdb_stmt *stmt) {
    return stmt ? stmt->conn : NULL;
}

/* What may not be set, since the engine keeps what it would change. */
static const char *refusal_of(int option, int value) {
    if (option == HDB_DBCONFIG_RESET_DATABASE && value > 0)
        return "RESET_DATABASE: the engine keeps the database; drop its tables instead";
    if (option == HDB_DBCONFIG_WRITABLE_SCHEMA && value > 0)
        return "WRITABLE_SCHEMA: the schema is kept by the engine and can only be changed by DDL";
    return NULL;
}

int hdb_db_config(hdb_conn *conn, int option, int value, int *out) {
    int now = 0;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    const char *refusal = conn->replica->store ? refusal_of(option, value) : NULL;
    if (refusal)
        rc = hdb_error_set(&conn->error, HDB_NOTSUPPORTED, NULL, "%s", refusal);
    else if (option < HDB_DBCONFIG_ENABLE_FKEY || sqlite3_db_config(conn->replica->db, option, value,
                                                                    &now) != SQLITE_OK)
        rc = hdb_error_set(&conn->error, HDB_ERROR, NULL, "no such option: %d", option);
    if (out && rc == HDB_OK)
        *out = now;
    return hdb_conn_leave(conn, rc);
}

int hdb_set_last_insert_rowid(hdb_conn *conn, int64_t rowid) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    sqlite3_set_last_insert_rowid(conn->replica->db, rowid);
    return hdb_conn_leave(conn, HDB_OK);
}

int hdb_is_interrupted(hdb_conn *conn) {
    return conn && conn->replica && conn->interrupted;
}

int hdb_txn_state(hdb_conn *conn, const char *database) {
    if (hdb_conn_enter(conn) != HDB_OK)
        return -1;
    int state = sqlite3_txn_state(conn->replica->db, database);
    /* In daemon mode rows that were only read have come in by writing. */
    if (state == HDB_TXN_WRITE && conn->daemon && !conn->replica->hooks.wrote)
        state = HDB_TXN_READ;
    return hdb_conn_leave(conn, state);
}

int hdb_db_readonly(hdb_conn *conn, const char *database) {
    if (hdb_conn_enter(conn) != HDB_OK)
        return -1;
    const char *name = database ? database : "main";
    int readonly = sqlite3_db_readonly(conn->replica->db, name);
    if (readonly == 0 && conn->daemon && conn->settings.open == HDB_OPEN_READ && strcmp(name, "main") == 0)
        readonly = 1;
    return hdb_conn_leave(conn, readonly);
}

const char *hdb_db_filename(hdb_conn *conn, const char *database) {
    if (hdb_conn_enter(conn) != HDB_OK)
        return NULL;
    const char *name = sqlite3_db_filename(conn->replica->db, database ? database : "main");
    hdb_conn_leave(conn, HDB_OK);
    return name;
}

int hdb_table_column_metadata(hdb_conn *conn, const char *database, const char *table, const char *column,
                              const char **declared, const char **collation, int *not_null, int *primary_key,
                              int *autoincrement) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (!table)
        rc = hdb_error_set(&conn->error, HDB_MISUSE, NULL, "hdb_table_column_metadata needs the name of a table");
    else if (sqlite3_table_column_metadata(conn->replica->db, database, table, column, declared, collation, not_null,
                                           primary_key, autoincrement) != SQLITE_OK)
        rc = hdb_replica_error(conn->replica, &conn->error);
    return hdb_conn_leave(conn, rc);
}

int hdb_enable_load_extension(hdb_conn *conn, int on) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    sqlite3_enable_load_extension(conn->replica->db, on);
    conn->replica->may_have_wal_hook = conn->replica->may_have_wal_hook || on;
    return hdb_conn_leave(conn, HDB_OK);
}

int hdb_load_extension(hdb_conn *conn, const char *path, const char *entry) {
    char *message = NULL;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (!path)
        return hdb_conn_leave(conn, hdb_error_set(&conn->error, HDB_MISUSE, NULL, "hdb_load_extension needs a path"));
    rc = sqlite3_load_extension(conn->replica->db, path, entry, &message);
    if (rc != SQLITE_OK)
        rc = hdb_error_set(&conn->error, rc, NULL, "%s", message ? message : sqlite3_errmsg(conn->replica->db));
    sqlite3_free(message);
    /* Whatever it has hooked itself into, and whatever of SQLite's own it stands for. */
    hdb_hooks_install(conn);
    conn->replica->hooks.overrides = true;
    return hdb_conn_leave(conn, rc);
}
