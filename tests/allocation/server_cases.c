/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that a server runs by itself. Without memory for one of them it goes the way of the rows, or fails. */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *dsn;

bool sweep_start_server(const char *variable) {
    hdb_conn *conn = NULL;
    dsn = getenv(variable);
    if (!dsn)
        return false;
    it.conn = NULL;
    sweep_must(hdb_connect(dsn, NULL, &conn), "hdb_connect");
    sweep_run(conn, "DROP TABLE IF EXISTS swept; DROP TABLE IF EXISTS afterwards;"
                    "CREATE TABLE swept(id INTEGER PRIMARY KEY, a TEXT, v REAL, x);"
                    "INSERT INTO swept VALUES (2, 'two', 0.5, 'x'), (1, x'00ff', 1e300, 7), (3, NULL, -2, NULL)");
    return hdb_close(conn) == HDB_OK;
}

void sweep_stop_server(void) {
    hdb_conn *conn = NULL;
    sweep_must(hdb_connect(dsn, NULL, &conn), "hdb_connect");
    sweep_run(conn, "DROP TABLE swept");
    hdb_close(conn);
}

static void prepare_statement(const char *sql) {
    const char *lane = NULL;
    sweep_must(hdb_connect(dsn, NULL, &it.other), "hdb_connect");
    sweep_must(hdb_explain(it.other, sql, -1, &lane), "hdb_explain");
    if (strncmp(lane, "lane: direct\n", 13) != 0)
        sweep_must(HDB_INTERNAL, lane);
    sweep_must(hdb_prepare(it.other, sql, -1, &it.stmt, NULL), sql);
}

/* The server has prepared it, too. */
static void prepare_key(void) {
    prepare_statement("SELECT a, v, x FROM swept WHERE id = ?");
    sweep_must(hdb_bind_int64(it.stmt, 1, 2), "hdb_bind_int64");
    for (int i = 0; i < 2; i++) {
        sweep_must(hdb_fetch_row(it.stmt), "hdb_fetch_row");
        sweep_must(hdb_reset(it.stmt), "hdb_reset");
    }
}

static int call_key(void) {
    TRY(SWEPT(hdb_bind_int64)(it.stmt, 1, 1));
    int rc = SWEPT(hdb_fetch_row)(it.stmt);
    if (rc != HDB_ROW)
        return rc == HDB_DONE ? sweep_wrong(__FILE__, __LINE__, "a row") : rc;
    RIGHT(hdb_column_type(it.stmt, 0) == HDB_TYPE_BLOB && hdb_column_bytes(it.stmt, 0) == 2);
    RIGHT(hdb_column_double(it.stmt, 1) == 1e300 && hdb_column_int64(it.stmt, 2) == 7);
    return SWEPT(hdb_reset)(it.stmt);
}

static void prepare_all(void) {
    prepare_statement("SELECT v, id, a FROM swept");
}

static int call_all(void) {
    int64_t rows = 0, keys = 0;
    int rc;
    while ((rc = SWEPT(hdb_fetch_row)(it.stmt)) == HDB_ROW) {
        rows++;
        keys = keys * 10 + hdb_column_int64(it.stmt, 1);
    }
    if (rc != HDB_DONE)
        return rc;
    RIGHT(rows == 3 && keys == 123);
    return SWEPT(hdb_reset)(it.stmt);
}

static int call_block(void) {
    const void *block = NULL;
    int64_t size = 0;
    int rc = SWEPT(hdb_fetch_block)(it.stmt, 0, &block, &size);
    if (rc != HDB_DONE)
        return rc == HDB_ROW ? sweep_wrong(__FILE__, __LINE__, "the end") : rc;
    RIGHT(*(const int64_t *)block == 3);
    return SWEPT(hdb_reset)(it.stmt);
}

const sweep_case server_cases[] = {
    {"select by key on a server", prepare_key, call_key},
    {"select of all rows on a server", prepare_all, call_all},
    {"block of all rows on a server", prepare_all, call_block},
    {NULL, NULL, NULL},
};
