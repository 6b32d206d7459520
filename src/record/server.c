/* SPDX-License-Identifier: Apache-2.0 */
#include "record/server_internal.h"

#include "clock.h"
#include "record/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_CONNECT_MS = 5000 };
/* Reads that a writer has spoilt in a row, after which a reader keeps writers out while it reads. */
enum { SPOILT_TRIES = 4 };

const char hdb_server_counters_sql[] = "SELECT key, value FROM \"_hdb_meta\"";

int hdb_server_script(hdb_server *server, const char *sql, hdb_error *error) {
    return hdb_link_script(server->link, sql, error);
}

/* Statements outside of transactions, too. */
static int isolate(hdb_server *server, hdb_error *error) {
    if (!server->serializable || server->isolated)
        return HDB_OK;
    int rc = hdb_server_script(server, "SET default_transaction_isolation = 'serializable'", error);
    server->isolated = rc == HDB_OK;
    return rc;
}

/* A session is one that has answered all of this in time. */
static int open_link(hdb_server *server, hdb_error *error) {
    int rc = hdb_link_open(server->dsn, server->connect_timeout_ms, server->interrupt, &server->link, error);
    if (rc == HDB_OK) {
        hdb_link_set_deadline(server->link, server->connect_timeout_ms);
        rc = hdb_log_prepare(server->link, error);
    }
    if (rc == HDB_OK)
        rc = isolate(server, error);
    if (rc == HDB_OK) {
        hdb_link_set_deadline(server->link, 0);
    } else {
        hdb_link_close(server->link);
        server->link = NULL;
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

void hdb_server_set_waits(hdb_server *server, int timeout_ms, const atomic_int *interrupt) {
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

int hdb_server_lost(hdb_error *error) {
    hdb_error_clear(error);
    return hdb_error_set(error, HDB_IOERR, "08006", "the link to the server was lost; the transaction was rolled back");
}

int hdb_server_revive(hdb_server *server, hdb_error *error) {
    bool lost = server->in_snapshot || hdb_server_is_locked(server);
    hdb_link *dead = server->link;
    if (dead && hdb_link_is_alive(dead))
        return HDB_OK;
    server->in_snapshot = server->alone = server->shared = server->isolated = false;
    int rc = open_link(server, error);
    /* What asks the link next is to find a dead one, not none. */
    if (rc != HDB_OK) {
        server->link = dead;
        return rc;
    }
    hdb_link_close(dead);
    return lost ? hdb_server_lost(error) : HDB_OK;
}

/* Writers beside each other do not count their commits, or each would wait for the other: what is visible tells. */
static int read_snapshot_mark(hdb_server *server, int64_t *out, hdb_error *error) {
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(server->link, "SELECT hashtextextended(pg_current_snapshot()::text, 0)", NULL, 0,
                            HDB_ROWS_NATIVE, &rows, error);
    if (rc == HDB_OK)
        *out = hdb_rows_integer(rows, 0, 0);
    hdb_rows_free(rows);
    return rc;
}

int hdb_server_note_counters(hdb_server *server, const hdb_rows *rows, int64_t *commits, hdb_error *error) {
    *commits = 0;
    server->applied = 0;
    server->keeps_log = false;
    for (int i = 0; i < hdb_rows_count(rows); i++) {
        const char *key = hdb_rows_text(rows, i, 0);
        int64_t value = hdb_rows_integer(rows, i, 1);
        if (!key)
            return hdb_error_set(error, HDB_CORRUPT, NULL, "a counter of the server has no name");
        if (strcmp(key, "commits") == 0)
            *commits = value;
        else if (strcmp(key, "schema_version") == 0)
            server->schema_version = value;
        else if (strcmp(key, "sdk") == 0)
            server->keeps_log = value == 1;
        else if (strcmp(key, "applied") == 0)
            server->applied = value;
        else if (strcmp(key, "mvcc") == 0)
            server->serializable = value == 1;
    }
    /* A writer counts its commit before it is logged: whoever begins to read in between must see a change, too. */
    if (hdb_server_peer(server) == HDB_PEER_HELIOSDB)
        *commits += server->applied;
    return HDB_OK;
}

/* PostgreSQL's counters, by a text that begins with other things. */
static int read_counters_by(hdb_server *server, const char *sql, int64_t *commits, hdb_error *error) {
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(server->link, sql, NULL, 0, HDB_ROWS_NATIVE, &rows, error);
    if (rc == HDB_OK)
        rc = hdb_server_note_counters(server, rows, commits, error);
    hdb_rows_free(rows);
    return rc == HDB_OK && server->serializable ? read_snapshot_mark(server, commits, error) : rc;
}

/* The log is asked in the same round trip for what comes after the entry that was known before. */
static int read_counters_and_log(hdb_server *server, int64_t *commits, int64_t *newest, hdb_error *error) {
    hdb_value from;
    int64_t known = server->applied;
    hdb_errand errands[2] = {{.sql = hdb_server_counters_sql, .ends = true}, hdb_log_newest_errand(known, &from)};
    int rc = hdb_link_batch(server->link, errands, 2, error);
    if (rc == HDB_OK)
        rc = hdb_errands_first_error(errands, 2, error);
    if (rc == HDB_OK)
        rc = hdb_server_note_counters(server, errands[0].rows, commits, error);
    if (rc == HDB_OK && server->applied < known) /* another server, or an emptied one */
        rc = hdb_log_newest(server->link, server->applied, newest, error);
    else if (rc == HDB_OK)
        *newest = hdb_log_newest_of(errands[1].rows, server->applied);
    hdb_errands_clear(errands, 2);
    return rc;
}

int hdb_server_read_counters(hdb_server *server, int64_t *commits, int64_t *newest, hdb_error *error) {
    *commits = *newest = 0;
    return hdb_server_peer(server) == HDB_PEER_HELIOSDB ? read_counters_and_log(server, commits, newest, error)
                                                        : read_counters_by(server, hdb_server_counters_sql, commits, error);
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
    bool got = server->alone;
    int rc = got ? HDB_OK : hdb_server_try_lock(server, true, &got, error);
    if (rc == HDB_OK && got) {
        int64_t commits = 0;
        rc = hdb_server_read_counters(server, &commits, &newest, error);
        if (rc == HDB_OK)
            rc = hdb_server_roll_forward(server, newest, error);
        if (!server->alone)
            hdb_server_give_back(server, true);
    }
    return rc;
}

bool hdb_server_can_start_again(const hdb_server *server, bool first, int rc) {
    return rc != HDB_OK && first && rc != HDB_INTERRUPT && !hdb_link_is_alive(server->link);
}

/* A reader beside a busy writer would try for ever: it keeps writers out for once. */
static int lend_lock(hdb_server *server, hdb_error *error) {
    if (server->alone)
        return HDB_OK;
    int rc = hdb_server_lock(server, true, error);
    server->lent = rc == HDB_OK;
    return rc;
}

static void unlock_lent(hdb_server *server) {
    if (server->lent)
        hdb_server_unlock(server);
    server->lent = false;
}

/* A transaction begins with the question for the counters, in one text. DDL of another client may hold a table, or ours may find
 * one held: that is waited for no longer than a lock. */
static int begin_snapshot(hdb_server *server, int64_t *newest, hdb_error *error) {
    char sql[160];
    if (!has_transactions(server))
        return hdb_server_read_counters(server, &server->commits, newest, error);
    int rc = isolate(server, error);
    if (rc != HDB_OK)
        return rc;
    snprintf(sql, sizeof sql, "BEGIN ISOLATION LEVEL %s; SET LOCAL lock_timeout = %d; %s",
             server->serializable ? "SERIALIZABLE" : "REPEATABLE READ", server->timeout_ms > 0 ? server->timeout_ms : 1,
             hdb_server_counters_sql);
    return read_counters_by(server, sql, &server->commits, error);
}

int hdb_server_snapshot(hdb_server *server, hdb_error *error) {
    int64_t started = hdb_now_ms(), newest = 0;
    int delay_ms = 1;
    bool first = !hdb_server_is_locked(server);
    if (server->in_snapshot)
        return HDB_OK;
    int rc = hdb_server_revive(server, error);
    for (int tries = server->spoilt; rc == HDB_OK; tries++) {
        bool serializable = server->serializable;
        if (tries >= SPOILT_TRIES && !has_transactions(server) && (rc = lend_lock(server, error)) != HDB_OK)
            break;
        rc = begin_snapshot(server, &newest, error);
        server->in_snapshot = true; /* after an error, too: how far it came is not known */
        bool as_told = server->serializable == serializable; /* or it has just been heard of */
        if (rc == HDB_OK && as_told && server->applied >= newest)
            return HDB_OK;
        hdb_server_end_snapshot(server, "ROLLBACK");
        if (rc == HDB_OK && !as_told)
            continue;
        if (hdb_server_can_start_again(server, first, rc)) {
            hdb_error_clear(error);
            rc = hdb_server_revive(server, error);
            first = false;
            continue;
        }
        if (rc == HDB_OK)
            rc = help_apply(server, newest, error);
        if (rc == HDB_OK)
            rc = hdb_server_pause(server, started, &delay_ms, error);
    }
    return rc;
}

int hdb_server_check(hdb_server *server, hdb_error *error) {
    int64_t commits = 0, newest = 0;
    if (has_transactions(server) || hdb_server_is_locked(server)) {
        unlock_lent(server);
        server->spoilt = 0;
        return HDB_OK;
    }
    int rc = hdb_server_read_counters(server, &commits, &newest, error);
    if (rc == HDB_OK && (commits != server->commits || newest > server->applied)) {
        server->spoilt++;
        return hdb_error_set(error, BUSY_SNAPSHOT, NULL, "database is locked");
    }
    server->spoilt = 0;
    return rc;
}

bool hdb_server_is_exposed(const hdb_server *server) {
    return hdb_link_is_exposed(server->link);
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

void hdb_server_end(hdb_server *server) {
    if (!server->link)
        return;
    hdb_server_end_snapshot(server, "ROLLBACK");
    hdb_server_unlock(server);
    server->lent = false;
}
