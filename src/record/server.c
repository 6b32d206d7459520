/* SPDX-License-Identifier: Apache-2.0 */
#include "record/server_internal.h"

#include "record/log.h"
#include "waiting.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The advisory lock of the one writer: "hdbwrite". */
#define LOCK_KEY "7522537965563012197"
enum { LEAST_CONNECT_MS = 5000 };
/* Reads that a writer has spoilt in a row, after which a reader keeps writers out while it reads. */
enum { SPOILT_TRIES = 4 };

int hdb_server_script(hdb_server *server, const char *sql, hdb_error *error) {
    return hdb_link_script(server->link, sql, error);
}

static int open_link(hdb_server *server, hdb_error *error) {
    int rc = hdb_link_open(server->dsn, server->connect_timeout_ms, &server->link, error);
    if (rc == HDB_OK)
        rc = hdb_log_prepare(server->link, error);
    if (rc != HDB_OK) {
        hdb_link_close(server->link);
        server->link = NULL;
    } else {
        hdb_link_set_interrupt(server->link, server->interrupt);
    }
    return rc;
}

int hdb_server_open(const char *dsn, int timeout_ms, hdb_server **out, hdb_error *error) {
    hdb_server *server = calloc(1, sizeof *server);
    if (!server)
        return hdb_error_nomem(error);
    server->dsn = strdup(dsn);
    /* `timeout` is how long to wait for locks, and may be 0; a server far away needs some time in any case. */
    server->connect_timeout_ms = timeout_ms > LEAST_CONNECT_MS ? timeout_ms : LEAST_CONNECT_MS;
    server->timeout_ms = timeout_ms;
    int rc = server->dsn ? open_link(server, error) : hdb_error_nomem(error);
    if (rc == HDB_OK)
        *out = server;
    else
        hdb_server_close(server);
    return rc;
}

void hdb_server_close(hdb_server *server) {
    if (!server)
        return;
    hdb_link_close(server->link);
    free(server->dsn);
    free(server);
}

void hdb_server_abandon(hdb_server *server) {
    if (server)
        hdb_link_abandon(server->link);
}

void hdb_server_set_waits(hdb_server *server, int timeout_ms, const volatile int *interrupt) {
    server->timeout_ms = timeout_ms;
    server->interrupt = interrupt;
    if (server->link)
        hdb_link_set_interrupt(server->link, interrupt);
}

void hdb_server_set_busy(hdb_server *server, int (*busy)(void *context, int count), void *context) {
    server->busy = busy;
    server->busy_context = context;
}

hdb_link *hdb_server_link(hdb_server *server) {
    return server->link;
}

enum hdb_peer hdb_server_peer(const hdb_server *server) {
    return hdb_link_peer(server->link);
}

int64_t hdb_server_schema_version(const hdb_server *server) {
    return server->schema_version;
}

int64_t hdb_server_commits(const hdb_server *server) {
    return server->commits;
}

int hdb_server_revive(hdb_server *server, hdb_error *error) {
    bool lost = server->in_snapshot || server->locked;
    if (server->link && hdb_link_is_alive(server->link))
        return HDB_OK;
    hdb_link_close(server->link);
    server->link = NULL;
    server->in_snapshot = server->locked = false;
    int rc = open_link(server, error);
    if (rc == HDB_OK && lost)
        rc = hdb_error_set(error, HDB_IOERR, "08006", "the link to the server was lost; the transaction was rolled back");
    return rc;
}

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Sleeps a little between tries; HDB_BUSY when the time is over. */
static int wait_a_little(hdb_server *server, int64_t started, int *delay_ms, hdb_error *error) {
    hdb_waiting_for_lock();
    if (server->interrupt && *server->interrupt)
        return hdb_error_set(error, HDB_INTERRUPT, NULL, "interrupted");
    if (now_ms() - started >= server->timeout_ms)
        return hdb_error_set(error, HDB_BUSY, NULL, "database is locked");
    struct timespec pause = {0, (long)*delay_ms * 1000000};
    nanosleep(&pause, NULL);
    *delay_ms = *delay_ms < 8 ? *delay_ms * 2 : 8;
    return HDB_OK;
}

static int wait_for_lock(hdb_server *server, int64_t started, int *delay_ms, int tries, hdb_error *error) {
    if (!server->busy || (server->interrupt && *server->interrupt))
        return wait_a_little(server, started, delay_ms, error);
    return server->busy(server->busy_context, tries) ? HDB_OK
                                                     : hdb_error_set(error, HDB_BUSY, NULL, "database is locked");
}

/* The counters and, on HeliosDB, the newest entry of the log. */
static int read_counters(hdb_server *server, int64_t *commits, int64_t *newest, hdb_error *error) {
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(server->link, "SELECT key, value FROM \"_hdb_meta\"", NULL, 0, HDB_ROWS_NATIVE, &rows, error);
    *commits = *newest = 0;
    server->applied = 0;
    server->keeps_log = false;
    for (int i = 0; rc == HDB_OK && i < hdb_rows_count(rows); i++) {
        const char *key = hdb_rows_cell(rows, i, 0).as.bytes.data;
        int64_t value = hdb_rows_cell(rows, i, 1).as.integer;
        if (strcmp(key, "commits") == 0)
            *commits = value;
        else if (strcmp(key, "schema_version") == 0)
            server->schema_version = value;
        else if (strcmp(key, "sdk") == 0)
            server->keeps_log = value == 1;
        else if (strcmp(key, "applied") == 0)
            server->applied = value;
    }
    hdb_rows_free(rows);
    if (rc == HDB_OK && hdb_server_peer(server) == HDB_PEER_HELIOSDB) {
        /* A writer counts its commit before it is logged: whoever begins to read in between must see a change, too. */
        *commits += server->applied;
        rc = hdb_log_newest(server->link, server->applied, newest, error);
    }
    return rc;
}

/* PostgreSQL tells a boolean as such, HeliosDB as the text "t". */
static bool is_true(hdb_value value) {
    return value.type == HDB_TYPE_INTEGER ? value.as.integer == 1
                                          : value.type == HDB_TYPE_TEXT && value.as.bytes.size && *value.as.bytes.data == 't';
}

struct pending {
    int64_t id;
    char *data;
    size_t size;
};

/* Keeps the first entry that is not applied: applying goes over the same link. */
static int keep_first(void *context, int64_t id, const char *data, size_t size) {
    struct pending *pending = context;
    pending->data = malloc(size + 1);
    if (!pending->data)
        return HDB_NOMEM;
    memcpy(pending->data, data, size);
    pending->id = id;
    pending->size = size;
    return HDB_DONE;
}

/* Finishes what clients that died have logged. The lock is held, no transaction is open. */
static int roll_forward(hdb_server *server, int64_t newest, hdb_error *error) {
    int rc = HDB_OK;
    while (rc == HDB_OK && server->applied < newest) {
        struct pending pending = {0, NULL, 0};
        rc = hdb_log_read(server->link, server->applied + 1, keep_first, &pending, error);
        if (rc == HDB_DONE)
            rc = HDB_OK;
        if (rc == HDB_OK && !pending.data)
            break;
        if (rc == HDB_OK)
            rc = hdb_server_apply_logged(server, pending.id, pending.data, pending.size, error);
        free(pending.data);
    }
    return rc;
}

static int try_lock(hdb_server *server, bool *out, hdb_error *error) {
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(server->link, "SELECT pg_try_advisory_lock(" LOCK_KEY ")", NULL, 0, HDB_ROWS_SHOWN, &rows, error);
    *out = rc == HDB_OK && hdb_rows_count(rows) == 1 && is_true(hdb_rows_cell(rows, 0, 0));
    hdb_rows_free(rows);
    return rc;
}

static void unlock(hdb_server *server) {
    hdb_error ignored = HDB_ERROR_INIT;
    hdb_link_query(server->link, "SELECT pg_advisory_unlock(" LOCK_KEY ")", NULL, 0, HDB_ROWS_SHOWN, NULL, &ignored);
    hdb_error_clear(&ignored);
}

static bool has_transactions(const hdb_server *server) {
    return hdb_server_peer(server) == HDB_PEER_POSTGRESQL;
}

void hdb_server_end_snapshot(hdb_server *server, const char *how) {
    hdb_error ignored = HDB_ERROR_INIT;
    if (server->in_snapshot && hdb_link_is_alive(server->link) && has_transactions(server))
        hdb_server_script(server, how, &ignored);
    server->in_snapshot = false;
    hdb_error_clear(&ignored);
}

/* An entry is logged and not applied: somebody is at it, or died over it. */
static int help_apply(hdb_server *server, int64_t newest, hdb_error *error) {
    bool got = server->locked;
    int rc = got ? HDB_OK : try_lock(server, &got, error);
    if (rc == HDB_OK && got) {
        int64_t commits = 0;
        rc = read_counters(server, &commits, &newest, error);
        if (rc == HDB_OK)
            rc = roll_forward(server, newest, error);
        if (!server->locked)
            unlock(server);
    }
    return rc;
}

/* The session was found dead by the first thing that was asked of it, when nothing was under way: a new one will do. */
static bool can_start_again(const hdb_server *server, bool first, int rc) {
    return rc != HDB_OK && first && rc != HDB_INTERRUPT && !hdb_link_is_alive(server->link);
}

/* A reader beside a busy writer would try for ever: it keeps writers out for once. */
static int lend_lock(hdb_server *server, hdb_error *error) {
    if (server->locked)
        return HDB_OK;
    int rc = hdb_server_lock(server, error);
    server->lent = rc == HDB_OK;
    return rc;
}

static void unlock_lent(hdb_server *server) {
    if (server->lent && hdb_link_is_alive(server->link))
        unlock(server);
    if (server->lent)
        server->locked = false;
    server->lent = false;
}

/* DDL of another client may hold a table, or ours may find one held: that is waited for no longer than a lock. */
static int begin_snapshot(hdb_server *server, hdb_error *error) {
    char sql[112];
    if (!has_transactions(server))
        return HDB_OK;
    snprintf(sql, sizeof sql, "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = %d",
             server->timeout_ms > 0 ? server->timeout_ms : 1);
    return hdb_server_script(server, sql, error);
}

int hdb_server_snapshot(hdb_server *server, hdb_error *error) {
    int64_t started = now_ms(), newest = 0;
    int delay_ms = 1;
    bool first = !server->locked;
    if (server->in_snapshot)
        return HDB_OK;
    int rc = hdb_server_revive(server, error);
    for (int tries = server->spoilt; rc == HDB_OK; tries++) {
        if (tries >= SPOILT_TRIES && !has_transactions(server) && (rc = lend_lock(server, error)) != HDB_OK)
            break;
        rc = begin_snapshot(server, error);
        server->in_snapshot = rc == HDB_OK;
        if (rc == HDB_OK)
            rc = read_counters(server, &server->commits, &newest, error);
        if (rc == HDB_OK && server->applied >= newest)
            return HDB_OK;
        hdb_server_end_snapshot(server, "ROLLBACK");
        if (can_start_again(server, first, rc)) {
            hdb_error_clear(error);
            rc = hdb_server_revive(server, error);
            first = false;
            continue;
        }
        if (rc == HDB_OK)
            rc = help_apply(server, newest, error);
        if (rc == HDB_OK)
            rc = wait_a_little(server, started, &delay_ms, error);
    }
    return rc;
}

/* PostgreSQL itself tells whether another writer has committed since the snapshot began: the row of the counter can't be
 * locked then. The savepoint keeps the transaction usable for reading, as SQLite's would be. */
static int check_snapshot(hdb_server *server, hdb_error *error) {
    hdb_error ignored = HDB_ERROR_INIT;
    int rc = hdb_server_script(server, "SAVEPOINT hdb_write", error);
    if (rc == HDB_OK)
        rc = hdb_link_query(server->link, "SELECT value FROM \"_hdb_meta\" WHERE key = 'commits' FOR UPDATE", NULL, 0,
                            HDB_ROWS_NATIVE, NULL, error);
    if (rc == HDB_OK)
        return hdb_server_script(server, "RELEASE hdb_write", error);
    if (strcmp(error->sqlstate, "40001") == 0) {
        hdb_server_script(server, "ROLLBACK TO hdb_write", &ignored);
        rc = hdb_error_set(error, BUSY_SNAPSHOT, "40001", "database is locked");
    }
    unlock(server);
    server->locked = false;
    hdb_error_clear(&ignored);
    return rc;
}

int hdb_server_check(hdb_server *server, hdb_error *error) {
    int64_t commits = 0, newest = 0;
    if (has_transactions(server) || server->locked) {
        unlock_lent(server);
        server->spoilt = 0;
        return HDB_OK;
    }
    int rc = read_counters(server, &commits, &newest, error);
    if (rc == HDB_OK && (commits != server->commits || newest > server->applied)) {
        server->spoilt++;
        return hdb_error_set(error, BUSY_SNAPSHOT, NULL, "database is locked");
    }
    server->spoilt = 0;
    return rc;
}

int hdb_server_lock(hdb_server *server, hdb_error *error) {
    int64_t started = now_ms(), commits = 0, newest = 0;
    int delay_ms = 1, tries = 0;
    server->lent = false;
    if (server->locked)
        return HDB_OK;
    int rc = hdb_server_revive(server, error);
    bool first = !server->in_snapshot;
    while (rc == HDB_OK && !server->locked) {
        rc = try_lock(server, &server->locked, error);
        if (can_start_again(server, first, rc)) {
            hdb_error_clear(error);
            rc = hdb_server_revive(server, error);
            first = false;
            continue;
        }
        if (rc == HDB_OK && !server->locked)
            rc = wait_for_lock(server, started, &delay_ms, tries++, error);
    }
    if (rc != HDB_OK)
        return rc;
    if (hdb_server_peer(server) != HDB_PEER_HELIOSDB)
        return server->in_snapshot ? check_snapshot(server, error) : HDB_OK;
    bool had_snapshot = server->in_snapshot;
    hdb_server_end_snapshot(server, "COMMIT");
    rc = read_counters(server, &commits, &newest, error);
    bool changed = commits != server->commits || newest > server->applied;
    if (rc == HDB_OK)
        rc = roll_forward(server, newest, error);
    if (rc == HDB_OK && had_snapshot && changed)
        rc = hdb_error_set(error, BUSY_SNAPSHOT, NULL, "database is locked");
    if (rc != HDB_OK) {
        unlock(server);
        server->locked = false;
    }
    return rc;
}

int hdb_server_keep_log(hdb_server *server, hdb_error *error) {
    int64_t commits = 0, newest = 0;
    int rc = read_counters(server, &commits, &newest, error);
    if (rc != HDB_OK || server->keeps_log)
        return rc;
    rc = hdb_server_lock(server, error);
    if (rc == HDB_OK)
        rc = read_counters(server, &commits, &newest, error);
    if (rc == HDB_OK && !server->keeps_log) {
        rc = hdb_meta_send(server->link, "sdk", 1, error);
        if (rc == HDB_OK)
            rc = hdb_link_sync(server->link, NULL, error);
        /* Connections that send statements directly look at this alone: it makes them look at the rest. */
        if (rc == HDB_OK)
            rc = hdb_server_count(server, "schema_version", error);
    }
    hdb_server_end(server);
    return rc;
}

bool hdb_server_is_locked(const hdb_server *server) {
    return server->locked;
}

bool hdb_server_keeps_log(const hdb_server *server) {
    return server->keeps_log;
}

int64_t hdb_server_applied(const hdb_server *server) {
    return server->applied;
}

int64_t hdb_server_token(const hdb_server *server) {
    return server->token;
}

int hdb_server_note_change(hdb_server *server, hdb_error *error) {
    return hdb_server_count(server, "commits", error);
}

int hdb_server_query_inside(hdb_server *server, const char *sql, const hdb_value *params, int count,
                            enum hdb_row_format format, hdb_rows **out, hdb_error *error) {
    hdb_error ignored = HDB_ERROR_INIT;
    int rc = has_transactions(server) ? hdb_server_script(server, "SAVEPOINT hdb_query", error) : HDB_OK;
    if (rc != HDB_OK)
        return rc;
    rc = hdb_link_query(server->link, sql, params, count, format, out, error);
    if (has_transactions(server) && hdb_link_is_alive(server->link))
        hdb_server_script(server, rc == HDB_OK ? "RELEASE hdb_query" : "ROLLBACK TO hdb_query", &ignored);
    hdb_error_clear(&ignored);
    return rc;
}

void hdb_server_unlock(hdb_server *server) {
    if (server->locked && hdb_link_is_alive(server->link))
        unlock(server);
    server->locked = false;
}

void hdb_server_end(hdb_server *server) {
    if (!server->link)
        return;
    hdb_server_end_snapshot(server, "ROLLBACK");
    if (server->locked && hdb_link_is_alive(server->link))
        unlock(server);
    server->locked = server->lent = false;
}
