/* SPDX-License-Identifier: Apache-2.0 */
/* What the C programs do with libheliosdb: whatever fails ends the program, and says why. */
#ifndef BENCH_DATABASE_H
#define BENCH_DATABASE_H

#include "report.h"

#include <heliosdb/heliosdb.h>

static inline void check(int failed, const char *message) {
    if (!failed)
        return;
    fprintf(stderr, "%s\n", message);
    exit(1);
}

/* `config` is freed; NULL: the defaults. */
static inline hdb_conn *open_database(const char *place, hdb_config *config) {
    hdb_conn *conn = NULL;
    check(hdb_connect(place, config, &conn) != HDB_OK, conn ? hdb_errmsg(conn) : "out of memory");
    hdb_config_destroy(config);
    return conn;
}

static inline void close_database(hdb_conn *conn) {
    check(hdb_close(conn) != HDB_OK, "close");
}

static inline void run(hdb_conn *conn, const char *sql) {
    check(hdb_exec(conn, sql, -1) != HDB_OK, hdb_errmsg(conn));
}

static inline hdb_stmt *prepare(hdb_conn *conn, const char *sql) {
    hdb_stmt *stmt = NULL;
    check(hdb_prepare(conn, sql, -1, &stmt, NULL) != HDB_OK, hdb_errmsg(conn));
    return stmt;
}

static inline void bind_row(hdb_stmt *stmt, int id, const char *text, double real) {
    hdb_bind_int64(stmt, 1, id);
    hdb_bind_text(stmt, 2, text, -1);
    hdb_bind_double(stmt, 3, real);
}

/* The row of a key, by a statement that inserts it. */
static inline void insert_row(hdb_conn *conn, hdb_stmt *stmt, int id) {
    char text[100];
    make_text(text, sizeof text, id);
    bind_row(stmt, id, text, id * 0.5);
    check(hdb_execute(stmt) != HDB_DONE || hdb_reset(stmt) != HDB_OK, hdb_errmsg(conn));
}

#endif
