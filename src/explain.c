/* SPDX-License-Identifier: Apache-2.0 */
/* hdb_explain() and the other functions that look at what lies behind a connection. */
#include "attach.h"
#include "direct_lane.h"
#include "store.h"

#include <stdlib.h>

static void explain_engine(const hdb_stmt *stmt, hdb_buffer *text) {
    hdb_buffer_text(text, "lane: engine\nsends: ");
    hdb_buffer_text(text, stmt->engine_sql);
    hdb_buffer_text(text, "\nwhy: SQLite does not know the statement, the engine does\n");
}

static void explain_daemon(const hdb_stmt *stmt, hdb_buffer *text) {
    const hdb_inspection *inspection = &stmt->inspection;
    const char *why = "direct=off", *sql = stmt->direct ? hdb_direct_text(stmt->direct, &why) : NULL;
    if (sql) {
        hdb_buffer_format(text, "lane: direct\nsends: %s\nwhy: %s; inside a transaction the rows come to the statement instead\n", sql, why);
    } else if (inspection->kind == HDB_STATEMENT_COMMIT || inspection->kind == HDB_STATEMENT_RELEASE) {
        hdb_buffer_text(text, "lane: commit\nsends: the rows that changed, by key\nwhy: the transaction may have written\n");
    } else if (!inspection->uses_main) {
        hdb_buffer_text(text, "lane: session\nsends: nothing\nwhy: it concerns this connection alone\n");
    } else {
        hdb_buffer_text(text, "lane: rows\nsends: reads of");
        for (int i = 0; i < inspection->table_count; i++)
            hdb_buffer_format(text, "%s %s", i ? "," : "", inspection->tables[i]);
        hdb_buffer_format(text, "%s\nwhy: not sent as it is: %s\n",
                          inspection->writes_rows || inspection->changes_schema ? "; then the rows that changed, by key" : "", why);
    }
}

static void explain_replica(const hdb_conn *conn, const hdb_stmt *stmt, hdb_buffer *text) {
    const hdb_inspection *inspection = &stmt->inspection;
    bool writes = hdb_inspection_writes(inspection);
    bool commits = inspection->kind == HDB_STATEMENT_COMMIT || inspection->kind == HDB_STATEMENT_RELEASE;
    if (!conn->embedded && !conn->sdk)
        hdb_buffer_text(text, "lane: replica\nsends: nothing\nwhy: the database is SQLite's alone, in memory or read only\n");
    else if (writes)
        hdb_buffer_text(text, "lane: commit\nsends: one row of _hdb_log at COMMIT, with the images of the rows that changed"
                              " and the schema if it did\nwhy: SQLite runs it on the replica; the engine keeps what it committed\n");
    else if (commits)
        hdb_buffer_text(text, "lane: commit\nsends: one row of _hdb_log if the transaction wrote\n"
                              "why: the engine has the write set before the replica commits\n");
    else if (inspection->uses_main)
        hdb_buffer_text(text, "lane: replica\nsends: nothing\nwhy: the replica holds every committed row\n");
    else
        hdb_buffer_text(text, "lane: session\nsends: nothing\nwhy: it concerns this connection alone\n");
}

int hdb_explain(hdb_conn *conn, const char *sql, int64_t length, const char **out) {
    hdb_stmt *stmt = NULL;
    hdb_buffer text = HDB_BUFFER_INIT;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (!out)
        return hdb_conn_leave(conn, hdb_error_set(&conn->error, HDB_MISUSE, NULL, "hdb_explain needs a place for the answer"));
    rc = hdb_prepare(conn, sql, length, &stmt, NULL);
    if (rc == HDB_OK && !stmt)
        hdb_buffer_text(&text, "lane: session\nsends: nothing\nwhy: there is no statement\n");
    else if (rc == HDB_OK && stmt->lane == HDB_LANE_ENGINE)
        explain_engine(stmt, &text);
    else if (rc == HDB_OK && conn->daemon)
        explain_daemon(stmt, &text);
    else if (rc == HDB_OK)
        explain_replica(conn, stmt, &text);
    if (stmt)
        hdb_stmt_free(stmt);
    if (rc == HDB_OK) {
        free(conn->explanation);
        conn->explanation = hdb_buffer_take(&text);
        *out = conn->explanation;
        rc = *out ? HDB_OK : hdb_error_nomem(&conn->error);
    }
    hdb_buffer_free(&text);
    return hdb_conn_leave(conn, rc);
}

int hdb_flush(hdb_conn *conn) {
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    hdb_embedded_store **attached = hdb_attached_stores(conn);
    if (conn->embedded)
        rc = hdb_embedded_store_flush(conn->embedded, &conn->error);
    for (int i = 0; rc == HDB_OK && attached && attached[i]; i++)
        rc = hdb_embedded_store_flush(attached[i], &conn->error);
    free(attached);
    return hdb_conn_leave(conn, rc);
}

int hdb_verify(hdb_conn *conn, int64_t *out) {
    int64_t differences = 0;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    hdb_embedded_store **attached = hdb_attached_stores(conn);
    if (conn->embedded)
        rc = hdb_embedded_store_verify(conn->embedded, &differences, &conn->error);
    if (conn->sdk)
        rc = hdb_sdk_store_verify(conn->sdk, &differences, &conn->error);
    for (int i = 0; rc == HDB_OK && attached && attached[i]; i++)
        rc = hdb_embedded_store_verify(attached[i], &differences, &conn->error);
    free(attached);
    if (out)
        *out = differences;
    return hdb_conn_leave(conn, rc);
}

int hdb_engine_dsn(hdb_conn *conn, const char **out) {
    char *dsn = NULL;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_conn_need_engine(conn);
    if (rc == HDB_OK && (conn->daemon || conn->sdk)) {
        dsn = hdb_link_show_conninfo(conn->settings.dsn);
        rc = dsn ? HDB_OK : hdb_error_nomem(&conn->error);
    } else if (rc == HDB_OK) {
        rc = hdb_embedded_store_dsn(conn->embedded, &dsn, &conn->error);
    }
    if (rc == HDB_OK) {
        free(conn->dsn);
        conn->dsn = dsn;
        if (out)
            *out = dsn;
    }
    return hdb_conn_leave(conn, rc);
}

int hdb_conn_need_engine(hdb_conn *conn) {
    if (conn->embedded || conn->daemon || conn->sdk)
        return HDB_OK;
    if (conn->settings.mode == HDB_MODE_PLAIN)
        return hdb_error_set(&conn->error, HDB_NOTSUPPORTED, NULL, "a connection with mode=plain has no engine");
    if (*conn->path)
        return hdb_error_set(&conn->error, HDB_READONLY, NULL, "the database is open read only, without its engine");
    /* It gets what is committed; an open transaction may have written already, unseen. */
    if (!sqlite3_get_autocommit(conn->replica->db))
        return hdb_error_set(&conn->error, HDB_NOTSUPPORTED, NULL,
                             "a statement that only the engine understands can't start the engine inside a transaction");
    int rc = hdb_embedded_store_open(&conn->settings, NULL, &conn->embedded, &conn->error);
    if (rc != HDB_OK)
        return rc;
    hdb_embedded_store_attach(conn->embedded, conn->replica, &conn->interrupted);
    return hdb_embedded_store_push_all(conn->embedded, &conn->error);
}

int hdb_store_query(hdb_conn *conn, const char *sql, const hdb_value *params, int count, enum hdb_row_format format,
                    hdb_rows **out) {
    if (conn->daemon)
        return hdb_daemon_store_query(conn->daemon, sql, params, count, format, out, &conn->error);
    if (conn->sdk)
        return hdb_sdk_store_query(conn->sdk, sql, params, count, format, out, &conn->error);
    return hdb_embedded_store_query(conn->embedded, sql, params, count, format, out, &conn->error);
}
