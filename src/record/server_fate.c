/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a COMMIT whose answer did not come. The server may not have got it yet: what a dead network holds back
 * is sent again when it is there again, even after the link was closed. So a transaction is called lost only when it can't
 * be kept any more. */
#include "record/server_internal.h"

#include "clock.h"
#include "record/log.h"
#include <string.h>

enum fate { UNKNOWN, KEPT, LOST, OPEN };

int hdb_server_lost_in_commit(hdb_error *error) {
    hdb_error_clear(error);
    return hdb_error_set(error, HDB_IOERR, "08007",
                         "the link to the server was lost during COMMIT and it does not answer: whether the transaction was "
                         "kept can't be told");
}

/* The new session answers in time or is given up. An application that wants the COMMIT to end still wants to know how. */
static int reach_again(hdb_server *server, hdb_error *error) {
    const atomic_int *interrupt = server->interrupt;
    server->in_snapshot = server->alone = server->shared = false;
    hdb_error_clear(error);
    server->interrupt = NULL;
    int rc = hdb_server_revive(server, error);
    server->interrupt = interrupt;
    if (rc == HDB_OK)
        hdb_link_set_deadline(server->link, server->connect_timeout_ms);
    return rc;
}

static int tell(hdb_server *server, enum fate fate, hdb_error *error) {
    if (server->link) {
        hdb_link_set_deadline(server->link, 0);
        hdb_link_set_interrupt(server->link, server->interrupt);
    }
    hdb_error_clear(error);
    return fate == KEPT ? HDB_OK : fate == LOST ? hdb_server_lost(error) : hdb_server_lost_in_commit(error);
}

/* --- PostgreSQL --- */

int hdb_server_name_transaction(hdb_server *server, bool counts, hdb_server_transaction *out, hdb_error *error) {
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(server->link,
                            counts ? "UPDATE \"_hdb_meta\" SET value = value + 1 WHERE key = 'commits' RETURNING txid_current(), pg_backend_pid()"
                                   : "SELECT txid_current(), pg_backend_pid()",
                            NULL, 0, HDB_ROWS_SHOWN, &rows, error);
    if (rc == HDB_OK && hdb_rows_count(rows) != 1)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "the server's counter of commits is gone");
    if (rc == HDB_OK) {
        out->id = hdb_rows_integer(rows, 0, 0);
        out->process = hdb_rows_integer(rows, 0, 1);
    }
    hdb_rows_free(rows);
    return rc;
}

static enum fate ask_fate(hdb_server *server, const hdb_server_transaction *own, hdb_error *error) {
    static const char sql[] = "SELECT CASE txid_status($1) WHEN 'committed' THEN 1 WHEN 'aborted' THEN 2 "
                              "WHEN 'in progress' THEN 3 ELSE 0 END";
    hdb_value param = hdb_value_integer(own->id);
    hdb_rows *rows = NULL;
    enum fate fate = UNKNOWN;
    if (hdb_link_query(server->link, sql, &param, 1, HDB_ROWS_SHOWN, &rows, error) == HDB_OK)
        fate = (enum fate)hdb_rows_integer(rows, 0, 0);
    hdb_rows_free(rows);
    return fate;
}

/* The COMMIT has not got there: with the session ended it never will. One that is at work has got it. */
static int end_idle_session(hdb_server *server, const hdb_server_transaction *own, hdb_error *error) {
    static const char sql[] = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND "
                              "backend_xid::text = ($2 % 4294967296)::text AND state LIKE 'idle in transaction%'";
    hdb_value params[2] = {hdb_value_integer(own->process), hdb_value_integer(own->id)};
    return hdb_link_query(server->link, sql, params, 2, HDB_ROWS_SHOWN, NULL, error);
}

int hdb_server_fate_of_transaction(hdb_server *server, const hdb_server_transaction *own, hdb_error *error) {
    int64_t started = hdb_now_ms();
    enum fate fate = OPEN;
    int delay_ms = 1, rc = reach_again(server, error);
    while (rc == HDB_OK && (fate = ask_fate(server, own, error)) == OPEN &&
           hdb_now_ms() - started < server->connect_timeout_ms) {
        rc = end_idle_session(server, own, error);
        hdb_server_sleep(&delay_ms);
    }
    return tell(server, rc == HDB_OK ? fate : UNKNOWN, error);
}

/* --- HeliosDB --- */

/* An entry with nothing in it takes the place of one that is still under way, which then can't be put in. It is noted as
 * applied at once: the lost session may hold the lock for long, and readers would wait for whoever gets it next. */
static enum fate take_place(hdb_server *server, int64_t id, hdb_error *error) {
    static const char sql[] = "UPDATE \"_hdb_meta\" SET value = $1 WHERE key = 'applied' AND value = $2";
    hdb_value params[2] = {hdb_value_integer(id), hdb_value_integer(id - 1)};
    if (hdb_log_push(server->link, id, hdb_server_new_token(), "", 0, error) != HDB_OK)
        return UNKNOWN;
    hdb_link_query(server->link, sql, params, 2, HDB_ROWS_NATIVE, NULL, error);
    return LOST;
}

/* Looked for twice: it may come while its place is being taken. */
int hdb_server_fate_of_entry(hdb_server *server, int64_t id, int64_t token, bool alone, hdb_error *error) {
    enum fate fate = UNKNOWN;
    int rc = reach_again(server, error);
    for (int looks = 0; rc == HDB_OK && fate == UNKNOWN && looks < 2; looks++) {
        int64_t found = 0, commits = 0, newest = 0;
        hdb_error_clear(error);
        rc = hdb_log_token(server->link, id, &found, error);
        if (rc == HDB_OK && found == 0)
            rc = hdb_server_read_counters(server, &commits, &newest, error);
        if (rc != HDB_OK)
            break;
        if (found != 0)
            fate = found == token ? KEPT : LOST;
        else if (alone && server->applied < id) /* else it may have been there, and gone again */
            fate = take_place(server, id, error);
    }
    return tell(server, fate, error);
}
