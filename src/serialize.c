/* SPDX-License-Identifier: Apache-2.0 */
/* A database as one piece of memory, and back. */
#include "backup.h"

#include "direct_lane.h"
#include "replica/schema.h"
#include "statement.h"
#include "store.h"
#include <stdlib.h>
#include <string.h>

void hdb_free(void *memory) {
    free(memory);
}

int hdb_conn_bring_all(hdb_conn *conn) {
    return conn->daemon ? hdb_replica_need_all(conn->replica, &conn->error) : HDB_OK;
}

int hdb_serialize_database(sqlite3 *db, const char *name, unsigned char **out, int64_t *out_size, hdb_error *error) {
    enum { WRITE_VERSION = 18, READ_VERSION = 19, HEADER_SIZE = 100, ROLLBACK_JOURNAL = 1 };
    sqlite3_int64 size = -1;
    unsigned char *bytes = sqlite3_serialize(db, name, &size, 0);
    if (!bytes && size != 0)
        return sqlite3_db_readonly(db, name) < 0 ? hdb_error_set(error, HDB_ERROR, NULL, "unknown database %s", name)
                                                 : hdb_error_nomem(error);
    /* SQLite refuses to deserialize what says that it has a write-ahead log: that the replica has one is our affair. */
    if (size >= HEADER_SIZE)
        bytes[WRITE_VERSION] = bytes[READ_VERSION] = ROLLBACK_JOURNAL;
    *out = bytes;
    *out_size = size;
    return HDB_OK;
}

/* The tables `pragma_...` point to the schema of the database that was there when they were first used, which
 * sqlite3_deserialize() frees (seen with 3.40.1: the next use crashes). SQLite makes those that are dropped anew. */
static int forget_pragma_tables(sqlite3 *db, hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    char **kept = NULL;
    size_t count = 0;
    int rc = sqlite3_prepare_v2(db, "PRAGMA module_list", -1, &statement, NULL) == SQLITE_OK ? HDB_OK : hdb_sqlite_error(db, error);
    int step = SQLITE_DONE;
    while (rc == HDB_OK && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        if (name && strncmp(name, "pragma_", 7) == 0)
            continue;
        char **grown = realloc(kept, (count + 2) * sizeof *grown);
        if (grown) {
            kept = grown;
            kept[count] = name ? strdup(name) : NULL;
        }
        if (!grown || !kept[count])
            rc = hdb_error_nomem(error);
        else
            kept[++count] = NULL;
    }
    if (rc == HDB_OK && step != SQLITE_DONE) /* else modules that were not named yet would go, too */
        rc = hdb_sqlite_error(db, error);
    sqlite3_finalize(statement);
    if (rc == HDB_OK && sqlite3_drop_modules(db, (const char **)kept) != SQLITE_OK)
        rc = hdb_sqlite_error(db, error);
    for (size_t i = 0; i < count; i++)
        free(kept[i]);
    free(kept);
    return rc;
}

int hdb_deserialize_database(sqlite3 *db, const char *name, const void *data, int64_t size, hdb_error *error) {
    int rc = forget_pragma_tables(db, error);
    if (rc != HDB_OK)
        return rc;
    unsigned char *copy = sqlite3_malloc64(size > 0 ? (sqlite3_uint64)size : 1);
    if (!copy)
        return hdb_error_nomem(error);
    if (size > 0)
        memcpy(copy, data, (size_t)size);
    /* SQLite frees the copy, also when it fails. */
    rc = sqlite3_deserialize(db, name, copy, size, size, SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
    if (rc == SQLITE_OK)
        return HDB_OK;
    return sqlite3_errcode(db) == SQLITE_OK ? hdb_error_set(error, rc, NULL, "%s", sqlite3_errstr(rc)) : hdb_sqlite_error(db, error);
}

int hdb_serialize(hdb_conn *conn, const char *name, void **out, int64_t *out_size) {
    unsigned char *bytes = NULL;
    int64_t size = 0;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (!out || !out_size)
        return hdb_conn_leave(conn, hdb_error_set(&conn->error, HDB_MISUSE, NULL, "hdb_serialize needs places for its results"));
    *out = NULL;
    *out_size = 0;
    rc = hdb_conn_bring_all(conn);
    if (rc == HDB_OK)
        rc = hdb_serialize_database(conn->replica->db, name ? name : "main", &bytes, &size, &conn->error);
    if (rc == HDB_OK && size > 0) {
        *out = malloc((size_t)size); /* freed by hdb_free(), which knows nothing of SQLite's allocator */
        if (*out)
            memcpy(*out, bytes, (size_t)size);
        else
            rc = hdb_error_nomem(&conn->error);
        *out_size = *out ? size : 0;
    }
    sqlite3_free(bytes);
    return hdb_conn_leave(conn, rc);
}

/* When memory runs out SQLite closes a database before it has the new one (seen with 3.40.1: the next statement crashes). */
static bool is_there(sqlite3 *db, const char *name) {
    return sqlite3_db_readonly(db, name) >= 0;
}

/* The main database is in memory now: nothing it holds is the engine's any more. */
static void let_go(hdb_conn *conn) {
    hdb_error ignored = HDB_ERROR_INIT;
    hdb_replica *replica = conn->replica;
    replica->store = NULL;
    replica->store_context = NULL;
    replica->answers_pragmas = false;
    for (hdb_stmt *stmt = conn->first; stmt; stmt = stmt->next) {
        hdb_direct_free(stmt->direct);
        stmt->direct = NULL;
    }
    hdb_daemon_store_close(conn->daemon);
    conn->daemon = NULL;
    hdb_sdk_store_close(conn->sdk);
    conn->sdk = NULL;
    /* What could not be waited for, the next one who opens the file does. */
    hdb_embedded_store_close(conn->embedded, &ignored);
    conn->embedded = NULL;
    conn->path[0] = '\0';
    hdb_error_clear(&ignored);
}

/* The engine of an in-memory database gets the new content; if it can't have it, the old one comes back. */
static int push_or_restore(hdb_conn *conn, const unsigned char *old, int64_t old_size) {
    hdb_error ignored = HDB_ERROR_INIT;
    int rc = hdb_embedded_store_push_all(conn->embedded, &conn->error);
    if (rc == HDB_OK)
        return HDB_OK;
    hdb_deserialize_database(conn->replica->db, "main", old, old_size, &ignored);
    hdb_replica_forget_all(conn->replica);
    hdb_error_clear(&ignored);
    return rc;
}

static int deserialize_main(hdb_conn *conn, const void *data, int64_t size) {
    unsigned char *old = NULL;
    int64_t old_size = 0;
    bool in_memory = conn->embedded && !*conn->path;
    hdb_replica_forget_all(conn->replica);
    int rc = in_memory ? hdb_serialize_database(conn->replica->db, "main", &old, &old_size, &conn->error) : HDB_OK;
    if (rc == HDB_OK)
        rc = hdb_deserialize_database(conn->replica->db, "main", data, size, &conn->error);
    if (in_memory && !is_there(conn->replica->db, "main")) {
        hdb_error ignored = HDB_ERROR_INIT;
        hdb_deserialize_database(conn->replica->db, "main", old, old_size, &ignored);
        hdb_error_clear(&ignored);
    }
    if (rc == HDB_OK) {
        hdb_replica_forget_all(conn->replica);
        if (in_memory)
            rc = push_or_restore(conn, old, old_size);
        else
            let_go(conn);
    }
    sqlite3_free(old);
    return rc;
}

/* An attached database; if it is one that an engine keeps, it no longer is. */
static int deserialize_attached(hdb_conn *conn, const char *name, const void *data, int64_t size) {
    hdb_replica *kept = hdb_replica_find(conn->replica, name);
    if (kept)
        hdb_replica_forget_all(kept);
    int rc = hdb_deserialize_database(conn->replica->db, name, data, size, &conn->error);
    if (rc == HDB_OK && kept) {
        hdb_error ignored = HDB_ERROR_INIT;
        hdb_embedded_store *store = kept->store_context;
        hdb_replica_detach(conn->replica, kept);
        hdb_embedded_store_close(store, &ignored);
        hdb_error_clear(&ignored);
    }
    return rc;
}

int hdb_deserialize(hdb_conn *conn, const char *name, const void *data, int64_t size) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    name = name ? name : "main";
    bool known = is_there(conn->replica->db, name);
    if (size < 0 || (size > 0 && !data))
        rc = hdb_error_set(&conn->error, HDB_MISUSE, NULL, "hdb_deserialize needs the bytes of a database");
    else if (sqlite3_txn_state(conn->replica->db, name) > SQLITE_TXN_NONE || !sqlite3_get_autocommit(conn->replica->db))
        rc = hdb_error_set(&conn->error, HDB_BUSY, NULL, "database %s is in use", name);
    else if (sqlite3_stricmp(name, "main") == 0)
        rc = deserialize_main(conn, data, size);
    else
        rc = deserialize_attached(conn, name, data, size);
    conn->lost = known && !is_there(conn->replica->db, name);
    return hdb_conn_leave(conn, rc);
}
