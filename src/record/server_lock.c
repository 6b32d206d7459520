/* SPDX-License-Identifier: Apache-2.0 */
/* The writer lock: an advisory lock that every client of this library takes before it writes. One writer holds it alone;
 * with many writers (locking=mvcc) those that change rows share it, so that whoever changes the schema keeps them out. */
#include "record/server_internal.h"

#include "clock.h"
#include "record/log.h"
#include "waiting.h"
#include <string.h>
#include <time.h>

/* The advisory lock of the one writer: "hdbwrite". */
#define LOCK_KEY "7522537965563012197"

void hdb_server_sleep(int *delay_ms) {
    struct timespec pause = {0, (long)*delay_ms * 1000000};
    nanosleep(&pause, NULL);
    *delay_ms = *delay_ms < 8 ? *delay_ms * 2 : 8;
}

int hdb_server_pause(hdb_server *server, int64_t started, int *delay_ms, hdb_error *error) {
    hdb_waiting_for_lock();
    if (server->interrupt && *server->interrupt)
        return hdb_error_set(error, HDB_INTERRUPT, NULL, "interrupted");
    if (hdb_now_ms() - started >= server->timeout_ms)
        return hdb_error_set(error, HDB_BUSY, NULL, "database is locked");
    hdb_server_sleep(delay_ms);
    return HDB_OK;
}

int hdb_server_wait_turn(hdb_server *server, int64_t started, int *delay_ms, int tries, hdb_error *error) {
    if (!server->busy || (server->interrupt && *server->interrupt))
        return hdb_server_pause(server, started, delay_ms, error);
    return server->busy(server->busy_context, tries) ? HDB_OK
                                                     : hdb_error_set(error, HDB_BUSY, NULL, "database is locked");
}

/* PostgreSQL tells a boolean as such, HeliosDB as the text "t". */
static bool is_true(hdb_value value) {
    return value.type == HDB_TYPE_INTEGER ? value.as.integer == 1
                                          : value.type == HDB_TYPE_TEXT && value.as.bytes.size && *value.as.bytes.data == 't';
}

const char *hdb_server_lock_sql(bool alone) {
    return alone ? "SELECT pg_try_advisory_lock(" LOCK_KEY ")" : "SELECT pg_try_advisory_lock_shared(" LOCK_KEY ")";
}

const char *hdb_server_unlock_sql(bool alone) {
    return alone ? "SELECT pg_advisory_unlock(" LOCK_KEY ")" : "SELECT pg_advisory_unlock_shared(" LOCK_KEY ")";
}

bool hdb_server_was_locked(const hdb_rows *rows) {
    return hdb_rows_count(rows) == 1 && is_true(hdb_rows_cell(rows, 0, 0));
}

int hdb_server_try_lock(hdb_server *server, bool alone, bool *out, hdb_error *error) {
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(server->link, hdb_server_lock_sql(alone), NULL, 0, HDB_ROWS_SHOWN, &rows, error);
    *out = rc == HDB_OK && hdb_server_was_locked(rows);
    hdb_rows_free(rows);
    return rc;
}

void hdb_server_give_back(hdb_server *server, bool alone) {
    hdb_error ignored = HDB_ERROR_INIT;
    if (hdb_link_is_alive(server->link))
        hdb_link_query(server->link, hdb_server_unlock_sql(alone), NULL, 0, HDB_ROWS_SHOWN, NULL, &ignored);
    hdb_error_clear(&ignored);
}

bool hdb_server_is_locked(const hdb_server *server) {
    return server->alone || server->shared;
}

void hdb_server_unlock(hdb_server *server) {
    if (server->alone)
        hdb_server_give_back(server, true);
    if (server->shared)
        hdb_server_give_back(server, false);
    server->alone = server->shared = false;
}

/* The lock that came last was of no use: what the transaction held before it keeps. */
static void take_back(hdb_server *server, bool alone) {
    hdb_server_give_back(server, alone);
    if (alone)
        server->alone = false;
    else
        server->shared = false;
}

/* PostgreSQL itself tells whether another writer has committed since the snapshot began: the row of the counter can't be
 * locked then. Many writers do not count, what they did PostgreSQL finds in the end; but the schema must be that of the
 * snapshot. The savepoint keeps the transaction usable for reading, as SQLite's would be. */
static int check_snapshot(hdb_server *server, bool alone, hdb_error *error) {
    hdb_error ignored = HDB_ERROR_INIT;
    int rc = hdb_server_script(server, "SAVEPOINT hdb_write", error);
    if (rc == HDB_OK)
        rc = hdb_link_query(server->link,
                            server->many_writers
                                ? "SELECT value FROM \"_hdb_meta\" WHERE key = 'schema_version' FOR SHARE"
                                : "SELECT value FROM \"_hdb_meta\" WHERE key = 'commits' FOR UPDATE",
                            NULL, 0, HDB_ROWS_NATIVE, NULL, error);
    if (rc == HDB_OK)
        return hdb_server_script(server, "RELEASE hdb_write", error);
    if (strcmp(error->sqlstate, "40001") == 0) {
        hdb_server_script(server, "ROLLBACK TO hdb_write", &ignored);
        rc = hdb_error_set(error, BUSY_SNAPSHOT, "40001", "database is locked");
    }
    take_back(server, alone);
    hdb_error_clear(&ignored);
    return rc;
}

/* On HeliosDB what others have logged is finished first, and tells whether they have committed since our snapshot began. */
static int catch_up(hdb_server *server, hdb_error *error) {
    int64_t commits = 0, newest = 0;
    bool had_snapshot = server->in_snapshot;
    hdb_server_end_snapshot(server, "COMMIT");
    int rc = hdb_server_read_counters(server, &commits, &newest, error);
    bool changed = commits != server->commits || newest > server->applied;
    if (rc == HDB_OK)
        rc = hdb_server_roll_forward(server, newest, error);
    if (rc == HDB_OK && had_snapshot && changed)
        rc = hdb_error_set(error, BUSY_SNAPSHOT, NULL, "database is locked");
    if (rc != HDB_OK)
        hdb_server_unlock(server);
    return rc;
}

int hdb_server_lock(hdb_server *server, bool alone, hdb_error *error) {
    int64_t started = hdb_now_ms();
    int delay_ms = 1, tries = 0;
    bool got = false;
    alone = alone || !server->many_writers;
    server->lent = false;
    if (server->alone || (server->shared && !alone))
        return HDB_OK;
    int rc = hdb_server_revive(server, error);
    bool first = !server->in_snapshot && !server->shared;
    while (rc == HDB_OK && !got) {
        rc = hdb_server_try_lock(server, alone, &got, error);
        if (hdb_server_can_start_again(server, first, rc)) {
            hdb_error_clear(error);
            rc = hdb_server_revive(server, error);
            first = false;
            continue;
        }
        if (rc == HDB_OK && !got)
            rc = hdb_server_wait_turn(server, started, &delay_ms, tries++, error);
    }
    if (rc != HDB_OK)
        return rc;
    if (alone)
        server->alone = true;
    else
        server->shared = true;
    if (hdb_server_peer(server) == HDB_PEER_HELIOSDB)
        return catch_up(server, error);
    return server->in_snapshot ? check_snapshot(server, alone, error) : HDB_OK;
}

/* Makes every client look at _hdb_meta: those that send statements directly look at the version of the schema alone. */
static int set_flag(hdb_server *server, const char *key, hdb_error *error) {
    int rc = hdb_meta_set(server->link, key, 1, error);
    return rc == HDB_OK ? hdb_server_count(server, "schema_version", error) : rc;
}

static int set_for_all(hdb_server *server, const char *key, const bool *set, hdb_error *error) {
    int64_t commits = 0, newest = 0;
    int rc = hdb_server_read_counters(server, &commits, &newest, error);
    if (rc != HDB_OK || *set)
        return rc;
    rc = hdb_server_lock(server, true, error);
    if (rc == HDB_OK)
        rc = hdb_server_read_counters(server, &commits, &newest, error);
    if (rc == HDB_OK && !*set)
        rc = set_flag(server, key, error);
    hdb_server_end(server);
    return rc;
}

int hdb_server_keep_log(hdb_server *server, hdb_error *error) {
    return set_for_all(server, "sdk", &server->keeps_log, error);
}

int hdb_server_allow_writers(hdb_server *server, hdb_error *error) {
    if (hdb_server_peer(server) != HDB_PEER_POSTGRESQL)
        return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                             "locking=mvcc needs PostgreSQL: transactions of HeliosDB Nano do not find conflicts");
    server->many_writers = true;
    int rc = set_for_all(server, "mvcc", &server->serializable, error);
    server->serializable = true;
    return rc;
}
