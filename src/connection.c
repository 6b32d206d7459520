/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include "attach.h"
#include "backup.h"
#include "blob.h"
#include "fork_guard.h"
#include "replica/format.h"
#include "session.h"
#include "statement.h"
#include "store.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool hdb_conn_is_forked(const hdb_conn *conn) {
    return conn->generation != hdb_fork_generation();
}

/* An interrupt is for what is at work, as with SQLite: one that came too late, or has ended what it was for, is not for what
 * comes next. */
static void forget_interrupt(hdb_conn *conn) {
    for (const hdb_stmt *stmt = conn->first; stmt; stmt = stmt->next)
        if (stmt->state == HDB_STMT_PENDING || stmt->state == HDB_STMT_ON_ROW)
            return;
    conn->interrupted = 0;
}

int hdb_conn_enter(hdb_conn *conn) {
    if (!conn || hdb_conn_is_forked(conn) || !conn->replica)
        return HDB_MISUSE; /* a connection that failed to open keeps telling why */
    pthread_mutex_lock(&conn->mutex);
    hdb_error_clear(&conn->error);
    conn->replica->hooks.depth++;
    if (++conn->calls == 1 && conn->interrupted)
        forget_interrupt(conn);
    if (conn->calls == 1 && conn->hooks[HDB_HOOK_WAIT].call.wait)
        hdb_waiting_begin(&conn->watch);
    return conn->lost ? hdb_conn_leave(conn, hdb_error_nomem(&conn->error)) : HDB_OK;
}

int hdb_conn_leave(hdb_conn *conn, int rc) {
    conn->replica->hooks.depth--;
    if (--conn->calls == 0)
        hdb_waiting_end(&conn->watch);
    pthread_mutex_unlock(&conn->mutex);
    return rc;
}

bool hdb_conn_has_database(hdb_conn *conn, const char *name) {
    return sqlite3_txn_state(conn->replica->db, name) >= 0;
}

static hdb_conn *new_connection(void) {
    pthread_mutexattr_t attributes;
    hdb_conn *conn = calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->generation = hdb_fork_generation();
    conn->error.offset = -1;
    conn->watch = (hdb_watch){.look = hdb_hooks_look, .context = conn};
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&conn->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return conn;
}

static bool is_private(const char *database) {
    return *database == '\0' || strcmp(database, ":memory:") == 0;
}

int hdb_conn_resolve_path(const char *name, char **out, hdb_error *error) {
    char resolved[PATH_MAX], directory[PATH_MAX];
    if (realpath(name, resolved)) {
        *out = strdup(resolved);
        return *out ? HDB_OK : hdb_error_nomem(error);
    }
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    size_t length = slash ? (size_t)(slash - name) + (slash == name) : 1;
    if (length >= sizeof directory || !*base)
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "unable to open database file");
    memcpy(directory, slash ? name : ".", length);
    directory[length] = '\0';
    if (!realpath(directory, resolved))
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "unable to open database file");
    hdb_buffer path = HDB_BUFFER_INIT;
    hdb_buffer_format(&path, "%s%s%s", resolved, resolved[1] ? "/" : "", base);
    *out = hdb_buffer_take(&path);
    return *out ? HDB_OK : hdb_error_nomem(error);
}

static int open_sqlite(hdb_conn *conn, const char *database, enum hdb_open_flags open, sqlite3 **out) {
    int flags = SQLITE_OPEN_NOMUTEX; /* the connection's own is held by all that uses it */
    switch (open) {
    case HDB_OPEN_CREATE:
        flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        break;
    case HDB_OPEN_WRITE:
        flags |= SQLITE_OPEN_READWRITE;
        break;
    case HDB_OPEN_READ:
        flags |= SQLITE_OPEN_READONLY;
        break;
    }
    if (conn->settings.uri)
        flags |= SQLITE_OPEN_URI;
    int rc = sqlite3_open_v2(database, out, flags, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(*out, conn->settings.timeout_ms);
        return HDB_OK;
    }
    if (!*out)
        return hdb_error_nomem(&conn->error);
    rc = hdb_error_set(&conn->error, sqlite3_extended_errcode(*out), NULL, "%s", sqlite3_errmsg(*out));
    sqlite3_close_v2(*out);
    *out = NULL;
    return rc;
}

/* Opens the SQLite side. A file: URI is opened once just to learn its path and whether it is in memory. */
int hdb_conn_open_sqlite(hdb_conn *conn, const char *database, sqlite3 **out) {
    return open_sqlite(conn, database, conn->settings.open, out);
}

/* The file a URI names, "" for one in memory. SQLite itself reads the URI. */
static int path_of_uri(hdb_conn *conn, const char *database, char **out, bool *readonly) {
    sqlite3 *db = NULL;
    int rc = hdb_conn_open_sqlite(conn, database, &db);
    if (rc != HDB_OK)
        return rc;
    const char *name = sqlite3_db_filename(db, "main");
    *out = strdup(name ? name : "");
    *readonly = sqlite3_db_readonly(db, "main") == 1;
    sqlite3_close_v2(db);
    return *out ? HDB_OK : hdb_error_nomem(&conn->error);
}

/* No database: SQLite says so, and nothing is made beside it. */
static bool is_directory(const char *path) {
    struct stat info;
    return path && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int open_embedded(hdb_conn *conn, const char *database) {
    sqlite3 *db = NULL;
    /* SQLite itself may have been built to take every file: name for a URI. */
    if (strncmp(database, "file:", 5) == 0 && sqlite3_compileoption_used("USE_URI"))
        conn->settings.uri = true;
    bool is_file = !is_private(database), readonly = conn->settings.open == HDB_OPEN_READ;
    char *name = NULL;
    int rc = HDB_OK;
    if (is_file && conn->settings.uri && strncmp(database, "file:", 5) == 0) {
        rc = path_of_uri(conn, database, &name, &readonly);
        is_file = name && *name;
    }
    if (rc == HDB_OK && is_file)
        rc = hdb_conn_resolve_path(name ? name : database, &conn->path, &conn->error);
    if (rc == HDB_OK && is_file && conn->settings.open != HDB_OPEN_CREATE && access(conn->path, F_OK) != 0) {
        hdb_buffer directory = HDB_BUFFER_INIT;
        hdb_buffer_format(&directory, "%s-heliosdb", conn->path);
        if (directory.failed || conn->settings.mode == HDB_MODE_PLAIN || access(directory.data, F_OK) != 0)
            rc = hdb_error_set(&conn->error, HDB_CANTOPEN, NULL, "unable to open database file");
        hdb_buffer_free(&directory);
    }
    bool kept = conn->settings.mode == HDB_MODE_EMBEDDED &&
                (is_file ? !readonly && !is_directory(conn->path) : conn->settings.memory_engine);
    if (rc == HDB_OK && kept)
        rc = hdb_embedded_store_open(&conn->settings, is_file ? conn->path : NULL, &conn->embedded, &conn->error);
    if (rc == HDB_OK)
        rc = hdb_conn_open_sqlite(conn, database, &db);
    if (rc == HDB_OK)
        rc = hdb_replica_create(db, &conn->replica, &conn->error);
    if (rc == HDB_OK && conn->embedded)
        hdb_embedded_store_attach(conn->embedded, conn->replica, &conn->interrupted);
    if (rc == HDB_OK && is_file && kept && !conn->replica->is_blank)
        rc = hdb_replica_begin_file(conn->replica, &conn->error);
    free(name);
    return rc;
}

/* The server keeps the rows; SQLite runs on what is brought to it: a database without a name, which is in memory as long as it is
 * small, and goes on in a file that is removed already. 4,000 pages are 16 MB. Rows have to come in, for a connection that only
 * reads too. */
static int open_daemon(hdb_conn *conn) {
    sqlite3 *db = NULL;
    int rc = hdb_daemon_store_open(&conn->settings, &conn->daemon, &conn->error);
    if (rc == HDB_OK)
        rc = open_sqlite(conn, "", HDB_OPEN_CREATE, &db);
    if (rc == HDB_OK)
        rc = hdb_replica_create(db, &conn->replica, &conn->error);
    if (rc == HDB_OK)
        rc = hdb_replica_run(conn->replica, "PRAGMA cache_spill = 4000", &conn->error);
    if (rc == HDB_OK)
        rc = hdb_daemon_store_attach(conn->daemon, conn->replica, &conn->settings, &conn->interrupted, &conn->error);
    return rc;
}

/* A file beside the server, which holds what the server's log tells. */
static int open_sdk(hdb_conn *conn, const char *database) {
    sqlite3 *db = NULL;
    if (is_private(database) || strstr(database, "://"))
        return hdb_error_set(&conn->error, HDB_MISUSE, NULL, "coherence=sdk needs the path of a file, and the server as dsn");
    int rc = hdb_conn_resolve_path(database, &conn->path, &conn->error);
    if (rc == HDB_OK)
        rc = hdb_sdk_store_open(&conn->settings, conn->path, &conn->sdk, &conn->error);
    if (rc == HDB_OK)
        rc = hdb_conn_open_sqlite(conn, conn->path, &db);
    if (rc == HDB_OK)
        rc = hdb_replica_create(db, &conn->replica, &conn->error);
    if (rc == HDB_OK)
        rc = hdb_replica_run(conn->replica, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", &conn->error);
    if (rc == HDB_OK)
        hdb_sdk_store_attach(conn->sdk, conn->replica, &conn->settings, &conn->interrupted);
    return rc;
}

int hdb_connect(const char *database, const hdb_config *config, hdb_conn **out) {
    if (!out)
        return HDB_MISUSE;
    hdb_conn *conn = *out = new_connection();
    if (!conn)
        return HDB_NOMEM;
    if (!database)
        return hdb_error_set(&conn->error, HDB_MISUSE, NULL, "hdb_connect needs a database name");
    int rc = hdb_settings_resolve(&conn->settings, config, database, &conn->error);
    if (rc == HDB_OK)
        rc = conn->settings.mode != HDB_MODE_DAEMON ? open_embedded(conn, database)
             : conn->settings.sdk                   ? open_sdk(conn, database)
                                                    : open_daemon(conn);
    if (rc == HDB_OK && !conn->path && !(conn->path = strdup("")))
        rc = hdb_error_nomem(&conn->error);
    if (rc != HDB_OK) {
        hdb_replica_destroy(conn->replica);
        conn->replica = NULL;
    }
    return rc;
}

static void free_connection(hdb_conn *conn) {
    hdb_settings_clear(&conn->settings);
    hdb_error_clear(&conn->error);
    free(conn->path);
    free(conn->explanation);
    free(conn->dsn);
    free(conn->large_table);
    pthread_mutex_destroy(&conn->mutex);
    free(conn);
}

int hdb_close(hdb_conn *conn) {
    int rc = HDB_OK, attached_rc = HDB_OK;
    if (!conn)
        return HDB_OK;
    if (hdb_conn_is_forked(conn)) {
        /* SQLite's handles are the parent's too: touching them here would drop its locks. */
        hdb_embedded_store **attached = hdb_attached_stores(conn);
        for (int i = 0; attached && attached[i]; i++)
            hdb_embedded_store_abandon(attached[i]);
        free(attached);
        hdb_embedded_store_abandon(conn->embedded);
        hdb_daemon_store_abandon(conn->daemon);
        hdb_sdk_store_abandon(conn->sdk);
        return HDB_OK;
    }
    pthread_mutex_lock(&conn->mutex);
    while (conn->first) {
        hdb_stmt_reset(conn->first);
        hdb_stmt_free(conn->first);
    }
    hdb_blobs_close(conn);
    hdb_sessions_delete(conn);
    hdb_backups_leave(conn);
    hdb_embedded_store **attached = hdb_attached_stores(conn);
    hdb_replica_destroy(conn->replica);
    conn->replica = NULL;
    hdb_hooks_destroy(conn);
    hdb_daemon_store_close(conn->daemon);
    hdb_sdk_store_close(conn->sdk);
    for (int i = 0; attached && attached[i]; i++) {
        int closed = hdb_embedded_store_close(attached[i], &conn->error);
        attached_rc = closed == HDB_OK ? attached_rc : closed;
    }
    free(attached);
    rc = hdb_embedded_store_close(conn->embedded, &conn->error);
    pthread_mutex_unlock(&conn->mutex);
    free_connection(conn);
    return rc == HDB_OK ? attached_rc : rc;
}

int hdb_conn_mode(hdb_conn *conn) {
    return conn && conn->replica ? conn->settings.mode : 0;
}

const char *hdb_conn_path(hdb_conn *conn) {
    return conn && conn->path ? conn->path : "";
}

int hdb_errcode(hdb_conn *conn) {
    return hdb_extended_errcode(conn) & 0xff;
}

int hdb_extended_errcode(hdb_conn *conn) {
    return conn && !hdb_conn_is_forked(conn) ? conn->error.code : HDB_MISUSE;
}

const char *hdb_errmsg(hdb_conn *conn) {
    if (!conn)
        return "no connection";
    if (hdb_conn_is_forked(conn))
        return "the connection was opened before fork() and can't be used in the child";
    return conn->error.code == HDB_OK ? "not an error" : hdb_error_message(&conn->error);
}

const char *hdb_sqlstate(hdb_conn *conn) {
    return conn ? conn->error.sqlstate : "";
}

int hdb_error_offset(hdb_conn *conn) {
    return conn ? conn->error.offset : -1;
}

int64_t hdb_changes(hdb_conn *conn) {
    return conn && conn->replica ? hdb_replica_changes(conn->replica) : 0;
}

int64_t hdb_total_changes(hdb_conn *conn) {
    return conn && conn->replica ? hdb_replica_total_changes(conn->replica) : 0;
}

int64_t hdb_last_insert_rowid(hdb_conn *conn) {
    return conn && conn->replica ? sqlite3_last_insert_rowid(conn->replica->db) : 0;
}

int hdb_in_transaction(hdb_conn *conn) {
    return conn && conn->replica && !sqlite3_get_autocommit(conn->replica->db) && !conn->replica->implicit_transaction;
}

int hdb_busy_timeout(hdb_conn *conn, int milliseconds) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    conn->settings.timeout_ms = milliseconds > 0 ? milliseconds : 0;
    hdb_hook_forget(conn, HDB_HOOK_BUSY);
    sqlite3_busy_timeout(conn->replica->db, conn->settings.timeout_ms);
    if (conn->daemon)
        hdb_daemon_store_set_timeout(conn->daemon, conn->settings.timeout_ms, &conn->interrupted);
    if (conn->sdk)
        hdb_sdk_store_set_timeout(conn->sdk, conn->settings.timeout_ms, &conn->interrupted);
    return hdb_conn_leave(conn, HDB_OK);
}

int hdb_interrupt(hdb_conn *conn) {
    if (!conn || !conn->replica)
        return HDB_MISUSE;
    conn->interrupted = 1;
    sqlite3_interrupt(conn->replica->db);
    return HDB_OK;
}

int hdb_limit(hdb_conn *conn, int id, int value) {
    if (hdb_conn_enter(conn) != HDB_OK)
        return -1;
    int before = sqlite3_limit(conn->replica->db, id, value);
    hdb_conn_leave(conn, HDB_OK);
    return before;
}
