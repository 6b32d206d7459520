/* SPDX-License-Identifier: Apache-2.0 */
/* Online backup. SQLite's own backup copies the pages; what differs is the way in and out of databases that an engine
 * keeps:
 *
 *   out of a server    its tables are brought to the private replica, whose bytes are then copied from
 *   into a file        the last step, holding SQLite's write lock, pushes the difference before the pages are committed
 *   into a server      pages go to a database in memory, whose difference to the server's tables is pushed at the end
 *   into memory=engine everything is pushed at the end; if that fails the old content comes back */
#include "backup.h"

#include "direct_lane.h"
#include "fork_guard.h"
#include "replica/format.h"
#include "replica/schema.h"
#include "store.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Where copied pages go. */
enum destination { TO_PLAIN, TO_FILE, TO_FILE_BY_ROWS, TO_MEMORY_ENGINE, TO_SERVER };

struct hdb_backup {
    hdb_backup *next;
    hdb_conn *destination, *source; /* NULL: one of them was closed */
    char *destination_name, *source_name;
    enum destination kind;
    hdb_embedded_store *store; /* of a destination that an engine keeps */
    sqlite3_backup *raw;
    sqlite3 *staged_source, *staged_copy; /* databases in memory, on the way out of or into a server */
    unsigned char *old;               /* of a destination whose old content may have to come back */
    int64_t old_size;
    bool copied; /* all pages are; what is left is to push */
    int pages;   /* of the source, where there is no `raw` */
    int rc;      /* a failure that is final, or HDB_DONE */
};

static pthread_mutex_t live_mutex = PTHREAD_MUTEX_INITIALIZER;
static hdb_backup *live;
static pthread_once_t live_once = PTHREAD_ONCE_INIT;

static void unlock_in_child(void) {
    pthread_mutex_init(&live_mutex, NULL);
}

static void watch_forks(void) {
    hdb_fork_in_child(unlock_in_child);
}

static bool is_main(const char *name) {
    return sqlite3_stricmp(name, "main") == 0;
}

/* The one with the lower address first, so that two opposite backups do not wait for each other. */
static int enter_both(hdb_conn *a, hdb_conn *b) {
    hdb_conn *first = (uintptr_t)a < (uintptr_t)b ? a : b, *second = first == a ? b : a;
    int rc = hdb_conn_enter(first);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_conn_enter(second);
    return rc == HDB_OK ? HDB_OK : hdb_conn_leave(first, rc);
}

static int leave_both(hdb_conn *a, hdb_conn *b, int rc) {
    hdb_conn_leave(a, rc);
    return hdb_conn_leave(b, rc);
}

static void set_live(hdb_backup *backup, bool on) {
    pthread_once(&live_once, watch_forks);
    pthread_mutex_lock(&live_mutex);
    hdb_backup **at = &live;
    while (*at && *at != backup)
        at = &(*at)->next;
    if (on && !*at) {
        backup->next = live;
        live = backup;
    } else if (!on && *at) {
        *at = backup->next;
    }
    pthread_mutex_unlock(&live_mutex);
}

/* Ends what SQLite holds. */
static void close_handles(hdb_backup *backup) {
    sqlite3_backup_finish(backup->raw);
    sqlite3_close_v2(backup->staged_source);
    sqlite3_close_v2(backup->staged_copy);
    backup->raw = NULL;
    backup->staged_source = backup->staged_copy = NULL;
}

void hdb_backups_leave(hdb_conn *conn) {
    pthread_mutex_lock(&live_mutex);
    for (hdb_backup *backup = live; backup; backup = backup->next) {
        if (backup->destination != conn && backup->source != conn)
            continue;
        close_handles(backup);
        backup->destination = backup->source = NULL;
        backup->rc = backup->rc == HDB_DONE ? HDB_DONE : HDB_ABORT;
    }
    pthread_mutex_unlock(&live_mutex);
}

static void free_backup(hdb_backup *backup) {
    close_handles(backup);
    sqlite3_free(backup->old);
    free(backup->destination_name);
    free(backup->source_name);
    free(backup);
}

static enum destination kind_of(hdb_backup *backup) {
    hdb_conn *conn = backup->destination;
    const hdb_replica *kept = hdb_replica_find(conn->replica, backup->destination_name);
    if (!kept || !kept->store)
        return TO_PLAIN;
    if (conn->daemon)
        return TO_SERVER;
    backup->store = kept->store_context;
    return kept == conn->replica && !*conn->path ? TO_MEMORY_ENGINE : TO_FILE;
}

static int fail(hdb_conn *conn, int code) {
    return hdb_error_set(&conn->error, code, NULL, "%s", sqlite3_errstr(code));
}

/* Begins SQLite's backup. */
static int start(hdb_backup *backup) {
    sqlite3 *to = backup->staged_copy ? backup->staged_copy : backup->destination->replica->db;
    sqlite3 *from = backup->staged_source ? backup->staged_source : backup->source->replica->db;
    backup->raw = sqlite3_backup_init(to, backup->staged_copy ? "main" : backup->destination_name, from,
                                      backup->staged_source ? "main" : backup->source_name);
    return backup->raw ? HDB_OK : hdb_sqlite_error(to, &backup->destination->error);
}

static int open_memory(sqlite3 **out, hdb_error *error) {
    if (*out)
        return HDB_OK;
    return sqlite3_open_v2(":memory:", out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL) == SQLITE_OK
               ? HDB_OK
               : hdb_error_nomem(error);
}

/* The server's tables, as one snapshot. */
static int read_server(hdb_backup *backup) {
    unsigned char *bytes = NULL;
    int64_t size = 0;
    hdb_conn *source = backup->source;
    hdb_error *error = &backup->destination->error;
    if (!hdb_capture_is_empty(source->replica->capture))
        return fail(backup->destination, HDB_BUSY);
    int rc = hdb_conn_bring_all(source);
    if (rc == HDB_OK)
        rc = hdb_serialize_database(source->replica->db, "main", &bytes, &size, &source->error);
    if (rc != HDB_OK)
        hdb_error_move(error, &source->error);
    if (rc == HDB_OK)
        rc = open_memory(&backup->staged_source, error);
    if (rc == HDB_OK && size > 0)
        rc = hdb_deserialize_database(backup->staged_source, "main", bytes, size, error);
    sqlite3_free(bytes);
    if (rc != HDB_OK) {
        sqlite3_close_v2(backup->staged_source);
        backup->staged_source = NULL;
    }
    return rc;
}

int hdb_backup_init(hdb_conn *destination, const char *destination_name, hdb_conn *source, const char *source_name,
                    hdb_backup **out) {
    if (out)
        *out = NULL;
    int rc = enter_both(destination, source);
    if (rc != HDB_OK)
        return rc;
    hdb_error *error = &destination->error;
    hdb_backup *backup = calloc(1, sizeof *backup);
    if (!out || !destination_name || !source_name) {
        rc = hdb_error_set(error, HDB_MISUSE, NULL, "hdb_backup_init needs names and a place for the backup");
    } else if (destination == source) {
        rc = hdb_error_set(error, HDB_ERROR, NULL, "source and destination must be distinct");
    } else if (!backup || !(backup->destination_name = strdup(destination_name)) || !(backup->source_name = strdup(source_name))) {
        rc = hdb_error_nomem(error);
    } else {
        backup->destination = destination;
        backup->source = source;
        backup->kind = kind_of(backup);
        if (backup->kind == TO_SERVER && !hdb_daemon_store_is_idle(destination->daemon))
            rc = hdb_error_set(error, HDB_ERROR, NULL, "destination database is in use");
        if (destination->sdk && backup->kind != TO_PLAIN)
            rc = hdb_error_set(error, HDB_NOTSUPPORTED, NULL, "backup into the replica of a server (coherence=sdk)");
    }
    if (rc == HDB_OK && backup->kind == TO_MEMORY_ENGINE)
        rc = hdb_serialize_database(destination->replica->db, "main", &backup->old, &backup->old_size, error);
    if (rc == HDB_OK && backup->kind == TO_SERVER)
        rc = open_memory(&backup->staged_copy, error);
    /* Out of a server: when its rows are there. */
    if (rc == HDB_OK && !(source->daemon && is_main(source_name)))
        rc = start(backup);
    if (rc == HDB_OK) {
        set_live(backup, true);
        *out = backup;
    } else if (backup) {
        free_backup(backup);
    }
    return leave_both(destination, source, rc);
}

/* Holds the source as it is over several steps. */
static bool hold(hdb_conn *source, const char *name) {
    hdb_error ignored = HDB_ERROR_INIT;
    if (!sqlite3_get_autocommit(source->replica->db))
        return false;
    char *sql = sqlite3_mprintf("BEGIN; PRAGMA \"%w\".page_count", name);
    bool held = sql && hdb_replica_run(source->replica, sql, &ignored) == HDB_OK;
    sqlite3_free(sql);
    hdb_error_clear(&ignored);
    return held;
}

static void let_go(hdb_conn *source, bool held) {
    hdb_error ignored = HDB_ERROR_INIT;
    if (held)
        hdb_replica_run(source->replica, "COMMIT", &ignored);
    hdb_error_clear(&ignored);
}

/* What PRAGMA page_count or page_size tells. */
static int page_number(sqlite3 *db, const char *name, const char *pragma) {
    sqlite3_stmt *statement = NULL;
    int number = 0;
    char *sql = sqlite3_mprintf("PRAGMA \"%w\".%s", name, pragma);
    if (sql && sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return number;
}

/* The pages become the destination's, after the push. */
static int copy_rest(void *context) {
    hdb_backup *backup = context;
    int rc = sqlite3_backup_step(backup->raw, -1);
    return rc == SQLITE_DONE ? HDB_OK : fail(backup->destination, rc);
}

static sqlite3 *source_of(const hdb_backup *backup, const char **name) {
    *name = backup->staged_source ? "main" : backup->source_name;
    return backup->staged_source ? backup->staged_source : backup->source->replica->db;
}

/* A source without a page has none to hold back while the difference is pushed: one that is as empty and has one. */
static int stage_empty(hdb_backup *backup) {
    char sql[96];
    int rc = open_memory(&backup->staged_source, &backup->destination->error);
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA page_size = %d; PRAGMA user_version = 0",
                     page_number(backup->destination->replica->db, backup->destination_name, "page_size"));
    sqlite3_backup_finish(backup->raw);
    backup->raw = NULL;
    if (rc == HDB_OK && sqlite3_exec(backup->staged_source, sql, NULL, NULL, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(backup->staged_source, &backup->destination->error);
    return rc == HDB_OK ? start(backup) : rc;
}

/* A new file takes the source's page size. */
static int begin_file(hdb_backup *backup, sqlite3 *from, const char *name) {
    hdb_conn *destination = backup->destination;
    hdb_replica *kept = hdb_replica_find(destination->replica, backup->destination_name);
    if (!kept->is_blank)
        return HDB_OK;
    /* SQLite lets nobody else use the destination meanwhile. */
    sqlite3_backup_finish(backup->raw);
    backup->raw = NULL;
    char *sql = sqlite3_mprintf("PRAGMA \"%w\".page_size = %d", kept->database, page_number(from, name, "page_size"));
    int rc = sql ? hdb_replica_run(destination->replica, sql, &destination->error) : hdb_error_nomem(&destination->error);
    sqlite3_free(sql);
    if (rc == HDB_OK)
        rc = hdb_replica_begin_file(kept, &destination->error);
    return rc == HDB_OK ? start(backup) : rc;
}

/* Into a file: SQLite's write lock is taken by a step that copies nothing. */
static int step_into_file(hdb_backup *backup, int pages) {
    const char *name = NULL;
    sqlite3 *from = source_of(backup, &name);
    hdb_conn *destination = backup->destination;
    int rc = hdb_embedded_store_settle(backup->store, &destination->error);
    if (rc != HDB_OK)
        return rc;
    backup->pages = page_number(from, name, "page_count");
    rc = begin_file(backup, from, name);
    if (rc != HDB_OK)
        return rc;
    if (backup->pages == 0) {
        rc = stage_empty(backup);
        if (rc != HDB_OK)
            return rc;
        from = source_of(backup, &name);
    }
    /* A WAL can't take pages of another size: there the rows are replayed. */
    if (backup->kind == TO_FILE) {
        rc = sqlite3_backup_step(backup->raw, 0);
        if (rc == SQLITE_READONLY) {
            sqlite3_backup_finish(backup->raw);
            backup->raw = NULL;
            backup->kind = TO_FILE_BY_ROWS;
        } else if (rc != SQLITE_OK) {
            return fail(destination, rc);
        } else if (pages >= 0 && pages < sqlite3_backup_remaining(backup->raw)) {
            rc = sqlite3_backup_step(backup->raw, pages);
            return rc == SQLITE_OK ? HDB_OK : fail(destination, rc);
        }
    }
    if (sqlite3_txn_state(from, name) == SQLITE_TXN_WRITE)
        return fail(destination, HDB_BUSY);
    bool by_rows = backup->kind == TO_FILE_BY_ROWS;
    if (by_rows && backup->raw) {
        sqlite3_backup_finish(backup->raw);
        backup->raw = NULL;
    }
    rc = hdb_embedded_store_receive(backup->store, from, name, by_rows ? NULL : copy_rest, backup, &destination->error);
    return rc == HDB_OK ? HDB_DONE : rc;
}

static int step_raw(hdb_backup *backup, int pages) {
    int rc = backup->copied ? SQLITE_DONE : sqlite3_backup_step(backup->raw, pages);
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        return fail(backup->destination, rc);
    backup->copied = rc == SQLITE_DONE;
    return rc;
}

static int push_memory(hdb_backup *backup) {
    hdb_error ignored = HDB_ERROR_INIT;
    hdb_conn *conn = backup->destination;
    hdb_replica_forget_all(conn->replica);
    int rc = hdb_embedded_store_push_all(backup->store, &conn->error);
    if (rc == HDB_OK)
        return HDB_DONE;
    sqlite3_backup_finish(backup->raw);
    backup->raw = NULL;
    hdb_deserialize_database(conn->replica->db, "main", backup->old, backup->old_size, &ignored);
    hdb_replica_forget_all(conn->replica);
    hdb_error_clear(&ignored);
    return rc;
}

static int step(hdb_backup *backup, int pages) {
    hdb_conn *destination = backup->destination;
    int rc = HDB_OK;
    if (backup->source->daemon && is_main(backup->source_name) && !backup->staged_source)
        rc = read_server(backup);
    if (rc == HDB_OK && !backup->raw && backup->kind != TO_FILE_BY_ROWS)
        rc = start(backup);
    if (rc != HDB_OK)
        return rc;
    switch (backup->kind) {
    case TO_FILE:
    case TO_FILE_BY_ROWS: {
        bool held = !backup->staged_source && hold(backup->source, backup->source_name);
        rc = step_into_file(backup, pages);
        let_go(backup->source, held);
        if (rc == HDB_DONE)
            hdb_replica_forget_all(hdb_replica_find(destination->replica, backup->destination_name));
        return rc;
    }
    case TO_PLAIN:
        return step_raw(backup, pages);
    case TO_MEMORY_ENGINE:
        rc = step_raw(backup, pages);
        return rc == HDB_DONE ? push_memory(backup) : rc;
    case TO_SERVER:
        rc = step_raw(backup, pages);
        if (rc == HDB_DONE)
            rc = hdb_daemon_store_receive(destination->daemon, backup->staged_copy, &destination->error);
        return rc == HDB_OK && backup->copied ? HDB_DONE : rc;
    }
    return HDB_INTERNAL;
}

int hdb_backup_step(hdb_backup *backup, int pages) {
    if (!backup)
        return HDB_MISUSE;
    if (backup->rc != HDB_OK || !backup->destination)
        return backup->rc;
    hdb_conn *destination = backup->destination, *source = backup->source;
    int rc = enter_both(destination, source);
    if (rc != HDB_OK)
        return rc;
    destination->interrupted = source->interrupted = 0;
    rc = step(backup, pages);
    int primary = rc & 0xff;
    if (rc != HDB_OK && primary != HDB_BUSY && primary != HDB_LOCKED)
        backup->rc = rc;
    return leave_both(destination, source, rc);
}

int hdb_backup_remaining(hdb_backup *backup) {
    if (!backup || backup->rc == HDB_DONE)
        return 0;
    return backup->raw ? sqlite3_backup_remaining(backup->raw) : backup->pages;
}

int hdb_backup_pagecount(hdb_backup *backup) {
    if (!backup)
        return 0;
    return backup->raw ? sqlite3_backup_pagecount(backup->raw) : backup->pages;
}

int hdb_backup_finish(hdb_backup *backup) {
    if (!backup)
        return HDB_OK;
    hdb_conn *destination = backup->destination, *source = backup->source;
    int rc = backup->rc == HDB_DONE ? HDB_OK : backup->rc;
    set_live(backup, false);
    if (!destination) {
        free_backup(backup);
        return rc;
    }
    int entered = enter_both(destination, source);
    free_backup(backup);
    if (entered != HDB_OK)
        return rc;
    if (rc != HDB_OK)
        fail(destination, rc);
    return leave_both(destination, source, rc);
}
