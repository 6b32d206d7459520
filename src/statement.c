/* SPDX-License-Identifier: Apache-2.0 */
#include "statement.h"

#include "attach.h"
#include "clock.h"
#include "direct/classify.h"
#include "direct/engine_text.h"
#include "direct_lane.h"
#include "scan_lane.h"
#include "store.h"
#include <stdlib.h>
#include <string.h>

int hdb_stmt_enter(hdb_stmt *stmt) {
    return stmt ? hdb_conn_enter(stmt->conn) : HDB_MISUSE;
}

sqlite3_stmt *hdb_stmt_row(hdb_stmt *stmt) {
    return stmt->carrying ? stmt->result : stmt->replica;
}

void hdb_stmt_free(hdb_stmt *stmt) {
    if (stmt->previous)
        stmt->previous->next = stmt->next;
    else if (stmt->conn->first == stmt)
        stmt->conn->first = stmt->next;
    if (stmt->next)
        stmt->next->previous = stmt->previous;
    hdb_stmt_end_stream(stmt);
    hdb_scan_end(stmt);
    sqlite3_finalize(stmt->replica);
    sqlite3_finalize(stmt->parameters);
    sqlite3_finalize(stmt->result);
    hdb_inspection_clear(&stmt->inspection);
    hdb_direct_free(stmt->direct);
    hdb_answer_free(stmt->answer);
    hdb_answer_free(stmt->source);
    hdb_error_clear(&stmt->engine_error);
    sqlite3_free(stmt->expanded);
    hdb_block_free(&stmt->block);
    free(stmt->engine_sql);
    free(stmt->engine_sources);
    free(stmt->sql);
    free(stmt);
}

static hdb_stmt *new_statement(hdb_conn *conn, const char *sql, size_t size) {
    hdb_stmt *stmt = calloc(1, sizeof *stmt);
    if (!stmt)
        return NULL;
    stmt->conn = conn;
    stmt->sql = strndup(sql, size);
    stmt->next = conn->first;
    if (conn->first)
        conn->first->previous = stmt;
    conn->first = stmt;
    if (stmt->sql)
        return stmt;
    hdb_stmt_free(stmt);
    return NULL;
}

/* SQLite refused the text. If it looks like the engine's own language, the engine may have it; if the engine does not
 * want it either, SQLite's message stays. */
static int prepare_engine_only(hdb_stmt *stmt, const char *sql, size_t size) {
    hdb_conn *conn = stmt->conn;
    hdb_error refused = HDB_ERROR_INIT;
    if ((conn->error.code & 0xff) != HDB_ERROR || !hdb_sql_engine_only_hint(sql, size))
        return conn->error.code & 0xff;
    hdb_error_move(&refused, &conn->error);
    int rc = hdb_conn_need_engine(conn);
    if (rc == HDB_OK)
        rc = hdb_stmt_prepare_engine(stmt, sql, size);
    if (rc == HDB_NOTFOUND)
        rc = hdb_error_move(&conn->error, &refused);
    hdb_error_clear(&refused);
    return rc;
}

/* Whether SQLite's message may be due to a table that another client has made, changed or dropped. */
static bool may_be_outdated(const char *message) {
    static const char *const parts[] = {"no such table", "no such column", "has no column", "already exists", "columns but"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strstr(message, parts[i]))
            return true;
    return false;
}

/* SQLite refused the text; in daemon mode somebody else may have made the table it names meanwhile. */
static int prepare_again(hdb_stmt *stmt, const char *sql, size_t size, const char **tail) {
    hdb_conn *conn = stmt->conn;
    hdb_error refused = HDB_ERROR_INIT;
    int64_t generation = hdb_daemon_store_generation(conn->daemon);
    hdb_error_move(&refused, &conn->error);
    int rc = hdb_daemon_store_refresh(conn->daemon, may_be_outdated(hdb_error_message(&refused)), &conn->error);
    if (rc == HDB_OK && generation != hdb_daemon_store_generation(conn->daemon)) {
        hdb_inspection_clear(&stmt->inspection);
        rc = hdb_replica_prepare(conn->replica, sql, (int64_t)size, &stmt->replica, tail, &stmt->inspection, &conn->error);
    } else if (rc == HDB_OK) {
        rc = hdb_error_move(&conn->error, &refused);
    }
    hdb_error_clear(&refused);
    return rc;
}

/* The same with a replica file: another host may have made it. */
static int prepare_updated(hdb_stmt *stmt, const char *sql, size_t size, const char **tail) {
    hdb_conn *conn = stmt->conn;
    hdb_error_clear(&conn->error);
    int rc = hdb_sdk_store_refresh(conn->sdk, &conn->error);
    hdb_inspection_clear(&stmt->inspection);
    return rc == HDB_OK ? hdb_replica_prepare(conn->replica, sql, (int64_t)size, &stmt->replica, tail, &stmt->inspection,
                                              &conn->error)
                        : rc;
}

int hdb_prepare(hdb_conn *conn, const char *sql, int64_t length, hdb_stmt **out, int64_t *out_tail) {
    const char *tail = NULL;
    if (out)
        *out = NULL;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (!sql || !out)
        return hdb_conn_leave(conn, hdb_error_set(&conn->error, HDB_MISUSE, NULL, "hdb_prepare needs a text and a place for the statement"));
    size_t size = length < 0 ? strlen(sql) : strnlen(sql, (size_t)length);
    size_t first = hdb_sql_statement_length(sql, size);
    hdb_stmt *stmt = new_statement(conn, sql, first);
    if (!stmt)
        return hdb_conn_leave(conn, hdb_error_nomem(&conn->error));
    rc = hdb_replica_prepare(conn->replica, sql, (int64_t)size, &stmt->replica, &tail, &stmt->inspection, &conn->error);
    if (rc == HDB_ERROR && conn->daemon)
        rc = prepare_again(stmt, sql, size, &tail);
    else if (rc == HDB_ERROR && conn->sdk)
        rc = prepare_updated(stmt, sql, size, &tail);
    if (rc == HDB_ERROR) {
        rc = prepare_engine_only(stmt, sql, first);
        tail = sql + first;
    }
    if (rc == HDB_OK && stmt->replica && conn->daemon && conn->settings.direct && stmt->inspection.kind == HDB_STATEMENT_OTHER && !conn->replica->hooks.authorize)
        rc = hdb_direct_prepare(stmt);
    if (rc == HDB_OK && out_tail)
        *out_tail = tail ? tail - sql : (int64_t)size;
    if (rc == HDB_OK && (stmt->replica || stmt->lane == HDB_LANE_ENGINE))
        *out = stmt;
    else
        hdb_stmt_free(stmt);
    return hdb_conn_leave(conn, rc);
}

int hdb_stmt_reset(hdb_stmt *stmt) {
    hdb_conn *conn = stmt->conn;
    int rc = HDB_OK;
    hdb_stmt_end_stream(stmt);
    hdb_scan_end(stmt);
    hdb_block_trim(&stmt->block);
    if (stmt->replica && stmt->running)
        rc = hdb_replica_end(conn->replica, stmt->replica, &stmt->inspection, &conn->error);
    else if (stmt->replica)
        sqlite3_reset(stmt->replica);
    if (stmt->result)
        sqlite3_reset(stmt->result);
    hdb_answer_free(stmt->answer);
    stmt->answer = NULL;
    stmt->row = 0;
    stmt->running = stmt->carrying = false;
    stmt->state = HDB_STMT_IDLE;
    return rc;
}

static int step(hdb_stmt *stmt, bool fresh) {
    hdb_conn *conn = stmt->conn;
    int rc;
    if (fresh && stmt->lane == HDB_LANE_ENGINE && !stmt->replica) {
        hdb_hooks_trace_statement(stmt);
        rc = hdb_stmt_run_engine(stmt);
        if (rc != HDB_OK)
            return rc;
    }
    if (stmt->answer)
        return hdb_stmt_next_carried(stmt);
    if (!stmt->replica)
        return HDB_DONE;
    if (!fresh && stmt->scan && !hdb_scan_is_settled(stmt))
        return hdb_scan_step(stmt);
    if (!fresh && stmt->scan) { /* SQLite stands on the row that was given last */
        hdb_scan_end(stmt);
        stmt->carrying = false;
    }
    if (!fresh && stmt->carrying) { /* a direct statement gives one row at most */
        sqlite3_reset(stmt->result); /* or the connection would seem to be reading, and keep its snapshot */
        return HDB_DONE;
    }
    if (fresh && stmt->direct) {
        rc = hdb_direct_run(stmt);
        stmt->carrying = rc == HDB_ROW;
        if (rc != HDB_DIRECT_UNFIT)
            return rc;
    }
    if (fresh && stmt->inspection.kind == HDB_STATEMENT_ATTACH)
        return hdb_attach_run(stmt);
    if (fresh && stmt->inspection.kind == HDB_STATEMENT_DETACH)
        return hdb_attach_end(stmt);
    if (fresh) {
        hdb_answer_free(stmt->source);
        stmt->source = NULL;
    }
    stmt->running = true;
    conn->asking = stmt->lane == HDB_LANE_ENGINE ? stmt : NULL;
    rc = hdb_replica_step(conn->replica, stmt->replica, &stmt->inspection, fresh, &conn->error);
    if (rc != HDB_ROW) {
        sqlite3_reset(stmt->replica);
        stmt->running = false;
    }
    conn->asking = NULL;
    if (rc != HDB_ROW && rc != HDB_DONE && stmt->engine_error.code != HDB_OK)
        rc = hdb_error_move(&conn->error, &stmt->engine_error);
    return rc;
}

/* An autocommit statement that met another writer (locking=mvcc) runs again, as long as it would wait for a lock: nothing
 * of it has been kept, and nobody has seen a row of it. */
static int step_again(hdb_stmt *stmt, int rc) {
    hdb_conn *conn = stmt->conn;
    int64_t started = hdb_now_ms();
    int delay_ms = 1, tries = 0;
    while (rc == HDB_BUSY && conn->error.code == SQLITE_BUSY_SNAPSHOT && hdb_daemon_store_is_idle(conn->daemon)) {
        hdb_error_clear(&conn->error);
        rc = hdb_server_wait_turn(hdb_daemon_store_server(conn->daemon), started, &delay_ms, tries++, &conn->error);
        if (rc == HDB_OK)
            rc = step(stmt, true);
    }
    return rc;
}

int hdb_stmt_execute(hdb_stmt *stmt) {
    int rc = stmt->state == HDB_STMT_IDLE ? HDB_OK : hdb_stmt_reset(stmt);
    if (rc != HDB_OK)
        return rc;
    hdb_stmt_end_stream(stmt);
    stmt->conn->interrupted = 0;
    bool sends_change = stmt->lane == HDB_LANE_ENGINE ? hdb_stmt_is_dml(stmt) : stmt->direct && !hdb_stmt_readonly(stmt);
    if (sends_change)
        hdb_waiting_hold();
    if (stmt->conn->scans > 0 && (rc = hdb_scan_settle_all(stmt->conn, hdb_inspection_writes(&stmt->inspection))) != HDB_OK) {
        if (sends_change)
            hdb_waiting_release();
        return rc;
    }
    bool alone = stmt->conn->settings.many_writers && hdb_daemon_store_is_idle(stmt->conn->daemon);
    rc = step(stmt, true);
    if (alone)
        rc = step_again(stmt, rc);
    if (sends_change)
        hdb_waiting_release();
    stmt->state = rc == HDB_ROW ? HDB_STMT_PENDING : rc == HDB_DONE ? HDB_STMT_FINISHED : HDB_STMT_IDLE;
    return rc;
}

int hdb_execute(hdb_stmt *stmt) {
    int rc = hdb_stmt_enter(stmt);
    return rc == HDB_OK ? hdb_conn_leave(stmt->conn, hdb_stmt_execute(stmt)) : rc;
}

int hdb_stmt_next(hdb_stmt *stmt) {
    int rc = HDB_DONE;
    switch (stmt->state) {
    case HDB_STMT_IDLE:
        rc = hdb_stmt_execute(stmt);
        break;
    case HDB_STMT_PENDING:
        rc = HDB_ROW;
        break;
    case HDB_STMT_ON_ROW:
        rc = step(stmt, false);
        break;
    case HDB_STMT_FINISHED:
        break;
    }
    stmt->state = rc == HDB_ROW ? HDB_STMT_ON_ROW : rc == HDB_DONE ? HDB_STMT_FINISHED : HDB_STMT_IDLE;
    return rc;
}

int hdb_fetch_row(hdb_stmt *stmt) {
    int rc = hdb_stmt_enter(stmt);
    return rc == HDB_OK ? hdb_conn_leave(stmt->conn, hdb_stmt_next(stmt)) : rc;
}

int hdb_reset(hdb_stmt *stmt) {
    if (stmt && hdb_conn_is_forked(stmt->conn))
        return HDB_OK;
    int rc = hdb_stmt_enter(stmt);
    return rc == HDB_OK ? hdb_conn_leave(stmt->conn, hdb_stmt_reset(stmt)) : rc;
}

int hdb_finalize(hdb_stmt *stmt) {
    if (!stmt || hdb_conn_is_forked(stmt->conn))
        return HDB_OK;
    hdb_conn *conn = stmt->conn;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_stmt_reset(stmt);
    hdb_stmt_free(stmt);
    return hdb_conn_leave(conn, rc);
}

const char *hdb_stmt_sql(hdb_stmt *stmt) {
    return stmt ? stmt->sql : NULL;
}

const char *hdb_stmt_expanded_sql(hdb_stmt *stmt) {
    if (hdb_stmt_enter(stmt) != HDB_OK)
        return NULL;
    sqlite3_free(stmt->expanded);
    stmt->expanded = stmt->replica && stmt->lane == HDB_LANE_REPLICA ? sqlite3_expanded_sql(stmt->replica) : sqlite3_mprintf("%s", stmt->sql);
    hdb_conn_leave(stmt->conn, HDB_OK);
    return stmt->expanded;
}

int hdb_stmt_readonly(hdb_stmt *stmt) {
    if (!stmt)
        return 0;
    return !stmt->replica || sqlite3_stmt_readonly(stmt->replica);
}

int hdb_stmt_is_dml(hdb_stmt *stmt) {
    hdb_sql_class class;
    if (!stmt)
        return 0;
    hdb_sql_classify(stmt->sql, strlen(stmt->sql), &class);
    return class.first_word_dml;
}

int hdb_stmt_busy(hdb_stmt *stmt) {
    return stmt && (stmt->state == HDB_STMT_PENDING || stmt->state == HDB_STMT_ON_ROW);
}

int hdb_exec(hdb_conn *conn, const char *sql, int64_t length) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (!sql)
        return hdb_conn_leave(conn, hdb_error_set(&conn->error, HDB_MISUSE, NULL, "hdb_exec needs a text"));
    int64_t left = length < 0 ? (int64_t)strlen(sql) : (int64_t)strnlen(sql, (size_t)length);
    while (rc == HDB_OK && left > 0) {
        hdb_stmt *stmt = NULL;
        int64_t used = left;
        rc = hdb_prepare(conn, sql, left, &stmt, &used);
        if (rc == HDB_OK && stmt) {
            do
                rc = hdb_fetch_row(stmt);
            while (rc == HDB_ROW);
            rc = rc == HDB_DONE ? HDB_OK : rc;
        }
        if (stmt) {
            hdb_stmt_reset(stmt);
            hdb_stmt_free(stmt);
        }
        sql += used;
        left -= used;
    }
    return hdb_conn_leave(conn, rc);
}
