/* SPDX-License-Identifier: Apache-2.0 */
/* Daemon mode, coherence=sdk: every writer of the server uses this library, so what others have done is in its log. Each
 * host has a replica file, brought up to date at the start of each transaction by one question to the log.
 *
 * `<path>-heliosdb-sdk/state` tells which entry the file holds (record/state.h). A position is never ahead of the file:
 * replaying an entry that the file holds changes nothing. Whoever changes the file holds SQLite's write lock; whoever
 * commits holds the server's writer lock, taken before it. */
#include "store.h"

#include "notice.h"
#include "record/log.h"
#include "replica/foreign.h"
#include "replica/replay.h"
#include "replica/schema.h"
#include "replica/wal_mark.h"
#include "replica/write_set.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct hdb_sdk_store {
    hdb_server *server;
    hdb_state state;
    sqlite3 *steward; /* a connection of our own to the file, for replaying */
    hdb_replica *replica; /* NULL until attached */
    hdb_sequences sequences;
    char *path;
    bool notices;
    int64_t pushed; /* entry that waits for the replica's COMMIT */
};

static int run(hdb_sdk_store *store, const char *sql, hdb_error *error) {
    return sqlite3_exec(store->steward, sql, NULL, NULL, NULL) == SQLITE_OK ? HDB_OK : hdb_sqlite_error(store->steward, error);
}

static void roll_back(hdb_sdk_store *store) {
    if (!sqlite3_get_autocommit(store->steward))
        sqlite3_exec(store->steward, "ROLLBACK", NULL, NULL, NULL);
}

/* The file holds what the server held at an entry. */
static void note_position(hdb_sdk_store *store, sqlite3 *db, int64_t id, int64_t token) {
    hdb_state_page *page = store->state.page;
    hdb_wal_mark mark;
    page->token = token;
    hdb_state_set_synced(&store->state, id);
    if (hdb_wal_mark_read(db, "main", &mark))
        page->mark = mark;
}

/* Makes the file anew from the server's tables, in place. */
static int rebuild(hdb_sdk_store *store, hdb_error *error) {
    hdb_link *link = NULL;
    int64_t token = 0, newest = 0;
    bool locked = hdb_server_is_locked(store->server);
    int rc = hdb_server_lock(store->server, true, error);
    if (rc == HDB_OK)
        rc = hdb_server_snapshot(store->server, error);
    link = hdb_server_link(store->server);
    newest = hdb_server_applied(store->server);
    if (rc == HDB_OK && newest > 0)
        rc = hdb_log_token(link, newest, &token, error);
    store->state.page->ready = 0;
    if (rc == HDB_OK)
        rc = hdb_rebuild(store->steward, link, NULL, NULL, error);
    if (rc == HDB_OK) {
        note_position(store, store->steward, newest, token);
        store->state.page->inflight = newest;
        store->state.page->ready = 1;
    }
    if (!locked)
        hdb_server_end(store->server);
    return rc;
}

struct replaying {
    hdb_sdk_store *store;
    int64_t last;
    bool gap; /* an entry whose content was thrown away, or is not there */
    hdb_error *error;
};

static int replay_one(void *context, int64_t id, const char *data, size_t size) {
    struct replaying *replaying = context;
    if (id <= replaying->last)
        return HDB_OK;
    if (!data || id != replaying->last + 1) {
        replaying->gap = true;
        return HDB_DONE;
    }
    replaying->last = id;
    return hdb_replay_entry(replaying->store->steward, data, size, replaying->error);
}

/* Replays what the log holds after `known`, unless another connection does. *gap: the log does not reach back so far. */
static int replay_tail(hdb_sdk_store *store, int64_t known, bool *gap, hdb_error *error) {
    hdb_link *link = hdb_server_link(store->server);
    hdb_error read_error = HDB_ERROR_INIT;
    int64_t token = 0;
    int rc = run(store, "BEGIN IMMEDIATE", error);
    if (rc != HDB_OK)
        return rc;
    if (hdb_state_synced(&store->state) != known) {
        roll_back(store);
        return HDB_OK;
    }
    struct replaying replaying = {store, known, false, error};
    rc = hdb_log_read(link, known + 1, replay_one, &replaying, &read_error);
    if (rc != HDB_OK && rc != HDB_DONE && error->code == HDB_OK)
        hdb_error_move(error, &read_error);
    hdb_error_clear(&read_error);
    *gap = replaying.gap;
    if (rc == HDB_OK)
        rc = hdb_log_token(link, replaying.last, &token, error);
    if (rc == HDB_OK)
        rc = run(store, "COMMIT", error);
    if (rc == HDB_OK)
        note_position(store, store->steward, replaying.last, token);
    roll_back(store);
    return rc == HDB_DONE ? HDB_OK : rc;
}

/* One small question; more only if others have committed. */
static int catch_up(hdb_sdk_store *store, hdb_error *error) {
    hdb_log_tail tail;
    bool again = true; /* a session that died meanwhile is opened anew, once */
    for (;;) {
        int64_t known = hdb_state_synced(&store->state), token = store->state.page->token;
        int rc = hdb_server_revive(store->server, error);
        if (rc != HDB_OK)
            return rc;
        rc = hdb_log_read_tail(hdb_server_link(store->server), known, &tail, error);
        if (rc != HDB_OK && again && rc != HDB_INTERRUPT && !hdb_link_is_alive(hdb_server_link(store->server)) &&
            !hdb_server_is_locked(store->server)) {
            hdb_error_clear(error);
            again = false;
            continue;
        }
        if (rc != HDB_OK)
            return rc;
        if (hdb_state_synced(&store->state) != known)
            continue;
        bool gap = (known > 0 && tail.token != token) || !tail.whole || !store->state.page->ready;
        if (!gap && tail.newest == known)
            return HDB_OK;
        if (!gap)
            rc = replay_tail(store, known, &gap, error);
        if (rc == HDB_OK && gap)
            rc = rebuild(store, error);
        if (rc != HDB_OK)
            return rc;
    }
}

/* The lock comes in the middle of a transaction that has read: the file must be up to date, and whether the snapshot is that
 * of the file, SQLite tells. */
static int check_current(hdb_sdk_store *store, hdb_error *error) {
    hdb_log_tail tail;
    int64_t known = hdb_state_synced(&store->state);
    int rc = hdb_log_read_tail(hdb_server_link(store->server), known, &tail, error);
    if (rc == HDB_OK && (tail.newest != known || !tail.whole || (known > 0 && tail.token != store->state.page->token)))
        rc = hdb_error_set(error, SQLITE_BUSY_SNAPSHOT, NULL, "database is locked");
    return rc;
}

static int prepare_statement(void *context, const hdb_inspection *statement, bool begins, hdb_error *error) {
    hdb_sdk_store *store = context;
    bool begin = statement->kind == HDB_STATEMENT_BEGIN, locked = hdb_server_is_locked(store->server);
    bool write = hdb_inspection_writes(statement) || (begin && !statement->readonly);
    (void)begins;
    if (!write && (begin || statement->kind != HDB_STATEMENT_OTHER || !(statement->uses_main || statement->uses_schema)))
        return HDB_OK;
    bool fresh = sqlite3_txn_state(store->replica->db, "main") == SQLITE_TXN_NONE;
    int rc = write ? hdb_server_lock(store->server, true, error) : HDB_OK;
    if (rc == HDB_OK && fresh)
        rc = catch_up(store, error);
    else if (rc == HDB_OK && write && !locked)
        rc = check_current(store, error);
    /* Another program may hold the file. Found out now, since a lock of the server's is not to be kept over that. */
    if (rc == HDB_OK && write && fresh && !locked)
        rc = run(store, "BEGIN IMMEDIATE; ROLLBACK", error);
    if (rc != HDB_OK && !locked)
        hdb_server_end(store->server);
    return rc;
}

static int push(void *context, hdb_error *error) {
    hdb_sdk_store *store = context;
    hdb_buffer entry = HDB_BUFFER_INIT;
    int rc = hdb_server_snapshot(store->server, error);
    if (rc == HDB_OK)
        rc = hdb_write_set_encode(store->replica, &store->sequences, &entry, error);
    if (rc == HDB_OK && entry.size == 0)
        rc = HDB_DONE;
    if (rc == HDB_OK)
        rc = hdb_daemon_check_made(store->replica, hdb_server_link(store->server), error);
    if (rc == HDB_OK) {
        store->pushed = hdb_server_applied(store->server) + 1;
        store->state.page->inflight = store->pushed;
        rc = hdb_server_push(store->server, &(hdb_server_writes){.data = entry.data, .size = entry.size}, error);
        store->replica->lost = rc != HDB_OK;
    }
    hdb_sequences_clear(&store->sequences);
    hdb_buffer_free(&entry);
    return rc;
}

static int finish(void *context, bool done, hdb_error *error) {
    hdb_sdk_store *store = context;
    if (!done)
        return hdb_error_set(error, HDB_INTERNAL, NULL, "the server has the transaction, the replica refused it: it follows");
    note_position(store, store->replica->db, store->pushed, hdb_server_token(store->server));
    return HDB_OK;
}

/* VACUUM may have given rows other rowids than the server has. */
static int changed_unseen(void *context, hdb_error *error) {
    return rebuild(context, error);
}

static void end(void *context, bool committed) {
    hdb_sdk_store *store = context;
    (void)committed;
    hdb_server_end(store->server);
}

static const hdb_store operations = {
    .prepare_statement = prepare_statement,
    .push = push,
    .finish = finish,
    .changed_unseen = changed_unseen,
    .end = end,
};

static int64_t count_tables(hdb_sdk_store *store) {
    sqlite3_stmt *statement = NULL;
    int64_t count = -1;
    if (sqlite3_prepare_v2(store->steward, "SELECT count(*) FROM sqlite_schema", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

/* A file that is not as it was left (an older copy, or written by another program) is kept beside before it is made anew. */
static int put_aside(hdb_sdk_store *store, hdb_error *error) {
    char *aside = sqlite3_mprintf("%s.older-%lld", store->path, (long long)time(NULL));
    char *sql = aside ? sqlite3_mprintf("VACUUM INTO %Q", aside) : NULL;
    int rc = sql ? run(store, sql, error) : hdb_error_nomem(error);
    if (rc == HDB_OK && store->notices)
        hdb_notice_say("%s was not as this library left it: it is now %s, and the file was made anew from the server",
                       store->path, aside);
    sqlite3_free(sql);
    sqlite3_free(aside);
    return rc;
}

/* Whether the page tells the truth about the file. `found`: the file before it was opened. */
static bool is_trusted(hdb_sdk_store *store, const hdb_file_mark *found, bool alone) {
    const hdb_state_page *page = store->state.page;
    hdb_wal_mark mark;
    if (!page->ready || !alone)
        return page->ready;
    if (page->clean)
        return memcmp(found, &page->file, sizeof *found) == 0;
    return store->state.same_boot && found->identity == page->file.identity && hdb_wal_mark_read(store->steward, "main", &mark) &&
           (hdb_wal_mark_same(&page->mark, &mark) || page->inflight > page->synced);
}

static int open_file(hdb_sdk_store *store, int timeout_ms, bool alone, hdb_error *error) {
    hdb_state_page *page = store->state.page;
    hdb_file_mark found = hdb_file_mark_of(store->path);
    int rc = hdb_steward_open(store->path, timeout_ms, &store->steward, error);
    if (rc == HDB_OK)
        rc = run(store, "PRAGMA journal_mode = WAL; SELECT 1 FROM sqlite_schema LIMIT 1", error);
    if (rc == HDB_OK && !page->ready && alone && count_tables(store) != 0)
        rc = hdb_error_set(error, HDB_CANTOPEN, NULL,
                           "%s is a database that is no replica of a server: move it away, coherence=sdk makes the file",
                           store->path);
    if (rc == HDB_OK && !is_trusted(store, &found, alone)) {
        if (page->ready && page->clean && count_tables(store) > 0)
            rc = put_aside(store, error);
        page->ready = 0;
        page->token = 0;
        hdb_state_set_synced(&store->state, 0);
    }
    if (rc == HDB_OK && alone) {
        page->clean = 0;
        page->file = hdb_file_mark_of(store->path); /* its identity tells whether it is still the same file */
    }
    return rc == HDB_OK ? catch_up(store, error) : rc;
}

static int open_state(hdb_sdk_store *store, const hdb_settings *settings, hdb_error *error) {
    char *directory = sqlite3_mprintf("%s-heliosdb-sdk", store->path);
    int rc = directory ? HDB_OK : hdb_error_nomem(error);
    if (rc == HDB_OK && mkdir(directory, 0700) != 0 && errno != EEXIST)
        rc = hdb_error_set(error, HDB_CANTOPEN, NULL, "unable to open database file: %s: %s", directory, strerror(errno));
    if (rc == HDB_OK)
        rc = hdb_state_open(directory, &store->state, error);
    if (rc == HDB_OK)
        rc = hdb_state_lock(&store->state, HDB_LOCK_SETUP, error);
    if (rc == HDB_OK) {
        rc = open_file(store, settings->timeout_ms, hdb_state_try(&store->state, HDB_LOCK_SESSION), error);
        if (rc == HDB_OK)
            rc = hdb_state_share(&store->state, HDB_LOCK_SESSION, error);
        hdb_state_unlock(&store->state, HDB_LOCK_SETUP);
    }
    sqlite3_free(directory);
    return rc;
}

int hdb_sdk_store_open(const hdb_settings *settings, const char *path, hdb_sdk_store **out, hdb_error *error) {
    hdb_sdk_store *store = calloc(1, sizeof *store);
    if (!store)
        return hdb_error_nomem(error);
    store->path = strdup(path);
    store->notices = settings->notices;
    int rc = store->path ? hdb_server_open(settings->dsn, settings->timeout_ms, &store->server, error) : hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_server_keep_log(store->server, error);
    if (rc == HDB_OK)
        rc = open_state(store, settings, error);
    if (rc == HDB_OK) {
        hdb_daemon_warn(settings, store->server);
        *out = store;
    } else {
        hdb_sdk_store_close(store);
    }
    return rc;
}

void hdb_sdk_store_attach(hdb_sdk_store *store, hdb_replica *replica, const hdb_settings *settings,
                          const atomic_int *interrupt) {
    store->replica = replica;
    hdb_server_set_waits(store->server, settings->timeout_ms, interrupt);
    replica->store = &operations;
    replica->store_context = store;
    replica->answers_pragmas = true;
}

void hdb_sdk_store_set_timeout(hdb_sdk_store *store, int timeout_ms, const atomic_int *interrupt) {
    sqlite3_busy_timeout(store->steward, timeout_ms);
    hdb_server_set_waits(store->server, timeout_ms, interrupt);
}

int hdb_sdk_store_refresh(hdb_sdk_store *store, hdb_error *error) {
    return sqlite3_txn_state(store->replica->db, "main") == SQLITE_TXN_NONE ? catch_up(store, error) : HDB_OK;
}

int hdb_sdk_store_query(hdb_sdk_store *store, const char *sql, const hdb_value *params, int count,
                        enum hdb_row_format format, hdb_rows **out, hdb_error *error) {
    if (!hdb_capture_is_empty(store->replica->capture))
        return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                             "a statement that only the engine understands can't run in a transaction that has written");
    int rc = hdb_server_snapshot(store->server, error);
    if (rc == HDB_OK)
        rc = hdb_link_query(hdb_server_link(store->server), sql, params, count, format, out, error);
    hdb_server_end(store->server);
    return rc;
}

int hdb_sdk_store_verify(hdb_sdk_store *store, int64_t *out, hdb_error *error) {
    sqlite3 *copy = NULL;
    hdb_buffer report = HDB_BUFFER_INIT;
    int rc = hdb_server_lock(store->server, true, error);
    if (rc == HDB_OK)
        rc = catch_up(store, error);
    if (rc == HDB_OK)
        rc = hdb_server_snapshot(store->server, error);
    if (rc == HDB_OK)
        rc = hdb_steward_open(":memory:", 0, &copy, error);
    if (rc == HDB_OK)
        rc = hdb_rebuild(copy, hdb_server_link(store->server), NULL, NULL, error);
    hdb_server_end(store->server);
    if (rc == HDB_OK)
        rc = hdb_foreign_compare(store->steward, "main", copy, true, NULL, &report, out, error);
    if (rc == HDB_OK && *out > 0)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "replica and server differ: %s", report.failed ? "..." : report.data);
    sqlite3_close_v2(copy);
    hdb_buffer_free(&report);
    return rc;
}

/* The last one leaves a file that a later one can tell from any other. */
void hdb_sdk_store_close(hdb_sdk_store *store) {
    if (!store)
        return;
    bool opened = store->state.page && store->steward;
    hdb_error ignored = HDB_ERROR_INIT;
    sqlite3_close_v2(store->steward);
    if (opened && hdb_state_lock(&store->state, HDB_LOCK_SETUP, &ignored) == HDB_OK) {
        if (hdb_state_try(&store->state, HDB_LOCK_SESSION) && store->state.page->ready &&
            store->state.page->inflight <= store->state.page->synced) {
            store->state.page->file = hdb_file_mark_of(store->path);
            store->state.page->clean = 1;
        }
        hdb_state_unlock(&store->state, HDB_LOCK_SETUP);
    }
    hdb_error_clear(&ignored);
    if (store->state.page)
        hdb_state_close(&store->state);
    hdb_server_close(store->server);
    hdb_sequences_clear(&store->sequences);
    free(store->path);
    free(store);
}

void hdb_sdk_store_abandon(hdb_sdk_store *store) {
    if (store)
        hdb_server_abandon(store->server);
}
