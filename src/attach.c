/* SPDX-License-Identifier: Apache-2.0 */
#include "attach.h"

#include "replica/format.h"
#include "replica/schema.h"
#include "store.h"
#include <stdlib.h>
#include <string.h>

/* What an ATTACH names. */
struct target {
    char *name, *path; /* `path` "": in memory, or a temporary file */
    bool readonly;
};

static void clear_target(struct target *target) {
    free(target->name);
    free(target->path);
}

/* The last database of a connection. */
static int read_last(sqlite3 *db, struct target *out, hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT name, file FROM pragma_database_list ORDER BY seq DESC LIMIT 1", -1, &statement, NULL) == SQLITE_OK
                 ? HDB_OK
                 : hdb_sqlite_error(db, error);
    if (rc == HDB_OK && sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0), *path = (const char *)sqlite3_column_text(statement, 1);
        out->name = strdup(name ? name : "");
        out->path = strdup(path ? path : "");
        out->readonly = name && sqlite3_db_readonly(db, name) == 1;
        if (!out->name || !out->path)
            rc = hdb_error_nomem(error);
    }
    sqlite3_finalize(statement);
    return rc;
}

/* Finds out what the statement names, by having SQLite attach it to a connection of no other use: it may be an expression,
 * a parameter, a URI. `path` stays NULL if that fails, as it will on the real one. */
static int find_target(hdb_conn *conn, sqlite3_stmt *statement, struct target *out) {
    sqlite3 *db = NULL;
    char *sql = sqlite3_expanded_sql(statement);
    int rc = sql ? hdb_conn_open_sqlite(conn, ":memory:", &db) : hdb_error_nomem(&conn->error);
    if (rc == HDB_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        rc = read_last(db, out, &conn->error);
    sqlite3_close_v2(db);
    sqlite3_free(sql);
    return rc;
}

static int step(hdb_stmt *stmt) {
    return hdb_replica_step(stmt->conn->replica, stmt->replica, &stmt->inspection, true, &stmt->conn->error);
}

/* SQLite has attached the file: from now on what is written to it is kept. */
static int keep(hdb_conn *conn, const char *name, hdb_embedded_store *store) {
    hdb_replica *attached = NULL;
    hdb_error ignored = HDB_ERROR_INIT;
    int rc = hdb_replica_attach(conn->replica, name, &attached, &conn->error);
    if (rc == HDB_OK) {
        hdb_embedded_store_attach(store, attached, &conn->interrupted);
        if (sqlite3_get_autocommit(conn->replica->db) && !attached->is_blank)
            rc = hdb_replica_begin_file(attached, &conn->error);
        /* What is registered already may be what its indexes want. */
        if (rc == HDB_OK)
            rc = hdb_embedded_store_registered(store, &conn->error);
    }
    if (rc == HDB_OK)
        return HDB_OK;
    if (attached)
        hdb_replica_detach(conn->replica, attached);
    char *sql = sqlite3_mprintf("DETACH \"%w\"", name);
    if (sql)
        hdb_replica_run(conn->replica, sql, &ignored);
    sqlite3_free(sql);
    hdb_error_clear(&ignored);
    return rc;
}

int hdb_attach_run(hdb_stmt *stmt) {
    hdb_conn *conn = stmt->conn;
    struct target target = {NULL, NULL, false};
    hdb_embedded_store *store = NULL;
    char *path = NULL;
    bool plain = conn->settings.mode == HDB_MODE_PLAIN || conn->settings.open == HDB_OPEN_READ;
    if (plain)
        return step(stmt);
    int rc = find_target(conn, stmt->replica, &target);
    plain = rc == HDB_OK && (!target.path || !*target.path || target.readonly || hdb_conn_has_database(conn, target.name));
    if (rc == HDB_OK && !plain && conn->settings.mode == HDB_MODE_DAEMON)
        rc = hdb_error_set(&conn->error, HDB_NOTSUPPORTED, NULL,
                           "ATTACH of a file in daemon mode: its rows would not be kept by the server");
    if (rc == HDB_OK && !plain)
        rc = hdb_conn_resolve_path(target.path, &path, &conn->error);
    if (rc == HDB_OK && !plain)
        rc = hdb_embedded_store_open(&conn->settings, path, &store, &conn->error);
    /* Its mode can't be set by this connection while a transaction is open. */
    if (rc == HDB_OK && store && !sqlite3_get_autocommit(conn->replica->db))
        rc = hdb_embedded_store_begin_file(store, &conn->error);
    if (rc == HDB_OK)
        rc = step(stmt);
    if (rc == HDB_DONE && store) {
        rc = keep(conn, target.name, store);
        rc = rc == HDB_OK ? HDB_DONE : rc;
    }
    if (rc != HDB_DONE && store) {
        hdb_error ignored = HDB_ERROR_INIT;
        hdb_embedded_store_close(store, &ignored);
        hdb_error_clear(&ignored);
    }
    free(path);
    clear_target(&target);
    return rc;
}

int hdb_attach_end(hdb_stmt *stmt) {
    hdb_conn *conn = stmt->conn;
    int rc = step(stmt);
    for (hdb_replica *attached = conn->replica->attached, *next; rc == HDB_DONE && attached; attached = next) {
        hdb_error ignored = HDB_ERROR_INIT;
        hdb_embedded_store *store = attached->store_context;
        next = attached->next;
        if (hdb_conn_has_database(conn, attached->database))
            continue;
        hdb_replica_detach(conn->replica, attached);
        /* What can't be waited for, the next one who opens it does. */
        hdb_embedded_store_close(store, &ignored);
        hdb_error_clear(&ignored);
    }
    return rc;
}

hdb_embedded_store **hdb_attached_stores(hdb_conn *conn) {
    size_t count = 0;
    for (const hdb_replica *each = conn->replica ? conn->replica->attached : NULL; each; each = each->next)
        count++;
    hdb_embedded_store **stores = calloc(count + 1, sizeof *stores);
    count = 0;
    for (const hdb_replica *each = conn->replica && stores ? conn->replica->attached : NULL; each; each = each->next)
        stores[count++] = each->store_context;
    return stores;
}
