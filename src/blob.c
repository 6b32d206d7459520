/* SPDX-License-Identifier: Apache-2.0 */
/* Incremental BLOB I/O. To the replica a handle is a statement that reads or writes one table and runs until it is
 * closed. */
#include "blob.h"

#include "scan_lane.h"
#include <stdlib.h>
#include <strings.h>

struct hdb_blob {
    hdb_conn *conn;
    hdb_blob *previous, *next;
    sqlite3_blob *handle;
    bool kept, writes; /* of a database whose commits may be pushed; for writing */
    bool failed;       /* a call has told of an error, which SQLite tells again when the handle is closed */
};

static void link_blob(hdb_conn *conn, hdb_blob *blob) {
    blob->conn = conn;
    blob->next = conn->blobs;
    if (conn->blobs)
        conn->blobs->previous = blob;
    conn->blobs = blob;
}

static void unlink_blob(hdb_blob *blob) {
    if (blob->previous)
        blob->previous->next = blob->next;
    else
        blob->conn->blobs = blob->next;
    if (blob->next)
        blob->next->previous = blob->previous;
}

int hdb_blob_open(hdb_conn *conn, const char *database, const char *table, const char *column, int64_t rowid,
                  int writable, hdb_blob **out) {
    const char *name = database ? database : "main";
    if (out)
        *out = NULL;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (!table || !column || !out)
        return hdb_conn_leave(conn, hdb_error_set(&conn->error, HDB_MISUSE, NULL,
                                                  "hdb_blob_open needs a table, a column and a place for the handle"));
    hdb_blob *blob = calloc(1, sizeof *blob);
    if (!blob)
        return hdb_conn_leave(conn, hdb_error_nomem(&conn->error));
    blob->kept = strcasecmp(name, "temp") != 0;
    blob->writes = writable != 0;
    rc = hdb_scan_settle_all(conn, blob->writes);
    if (rc == HDB_OK && blob->kept)
        rc = hdb_replica_begin_access(conn->replica, name, table, blob->writes, &conn->error);
    if (rc == HDB_OK) {
        if (sqlite3_blob_open(conn->replica->db, name, table, column, rowid, writable != 0,
                              &blob->handle) != SQLITE_OK) {
            rc = hdb_replica_error(conn->replica, &conn->error);
            hdb_error ignored = HDB_ERROR_INIT;
            if (blob->kept)
                hdb_replica_end_access(conn->replica, blob->writes, false, &ignored);
            hdb_error_clear(&ignored);
        }
    }
    if (rc == HDB_OK) {
        link_blob(conn, blob);
        *out = blob;
    } else {
        free(blob);
    }
    return hdb_conn_leave(conn, rc);
}

static int enter(hdb_blob *blob) {
    return blob ? hdb_conn_enter(blob->conn) : HDB_MISUSE;
}

/* Ends a call with SQLite's result code. */
static int leave(hdb_blob *blob, int rc) {
    hdb_conn *conn = blob->conn;
    blob->failed = blob->failed || rc != SQLITE_OK;
    return hdb_conn_leave(conn, rc == SQLITE_OK ? HDB_OK : hdb_replica_error(conn->replica, &conn->error));
}

int hdb_blob_reopen(hdb_blob *blob, int64_t rowid) {
    int rc = enter(blob);
    return rc == HDB_OK ? leave(blob, sqlite3_blob_reopen(blob->handle, rowid)) : rc;
}

int hdb_blob_bytes(hdb_blob *blob) {
    if (enter(blob) != HDB_OK)
        return 0;
    int size = sqlite3_blob_bytes(blob->handle);
    return hdb_conn_leave(blob->conn, size);
}

int hdb_blob_read(hdb_blob *blob, void *buffer, int size, int offset) {
    int rc = enter(blob);
    return rc == HDB_OK ? leave(blob, sqlite3_blob_read(blob->handle, buffer, size, offset)) : rc;
}

int hdb_blob_write(hdb_blob *blob, const void *data, int size, int offset) {
    int rc = enter(blob);
    return rc == HDB_OK ? leave(blob, sqlite3_blob_write(blob->handle, data, size, offset)) : rc;
}

/* It is no longer among the connection's. */
static int close_blob(hdb_blob *blob) {
    hdb_conn *conn = blob->conn;
    int rc = HDB_OK;
    if (sqlite3_blob_close(blob->handle) != SQLITE_OK && !blob->failed)
        rc = hdb_replica_error(conn->replica, &conn->error);
    hdb_error commit_error = HDB_ERROR_INIT;
    if (blob->kept && hdb_replica_end_access(conn->replica, blob->writes, true, &commit_error) != HDB_OK)
        rc = hdb_error_move(&conn->error, &commit_error);
    hdb_error_clear(&commit_error);
    free(blob);
    return rc;
}

int hdb_blob_close(hdb_blob *blob) {
    if (!blob)
        return HDB_OK;
    hdb_conn *conn = blob->conn;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    unlink_blob(blob);
    return hdb_conn_leave(conn, close_blob(blob));
}

void hdb_blobs_close(hdb_conn *conn) {
    while (conn->blobs) {
        hdb_blob *blob = conn->blobs;
        conn->blobs = blob->next;
        close_blob(blob);
    }
}
