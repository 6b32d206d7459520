/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"
#include "support.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fixture_setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    fixture->directory = support_make_directory("api");
    fixture->path = support_format("%s/app.db", fixture->directory);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state) {
    struct fixture *fixture = *state;
    size_t left = support_await_no_process(fixture->directory, 10000);
    if (left > 0)
        print_error("%zu processes are left\n", left);
    support_remove_directory(fixture->directory);
    free(fixture->directory);
    free(fixture->path);
    free(fixture);
    return left > 0 ? -1 : 0;
}

hdb_config *fixture_config(const char *key, const char *value) {
    hdb_config *config = hdb_config_create();
    assert_non_null(config);
    assert_int_equal(hdb_config_set(config, "linger", "0"), HDB_OK);
    assert_int_equal(hdb_config_set(config, "notices", "off"), HDB_OK);
    if (key)
        assert_int_equal(hdb_config_set(config, key, value), HDB_OK);
    return config;
}

hdb_conn *fixture_open(const char *path) {
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config(NULL, NULL);
    int code = hdb_connect(path, config, &conn);
    hdb_config_destroy(config);
    assert_ok(conn, code);
    return conn;
}

void fixture_assert_ok(hdb_conn *conn, int code, const char *file, int line) {
    if (code == HDB_OK)
        return;
    print_error("%d: %s\n", code, hdb_errmsg(conn));
    _fail(file, line);
}

void fixture_assert_error(hdb_conn *conn, int code, int extended, const char *sqlstate, const char *text,
                          const char *file, int line) {
    const char *message = hdb_errmsg(conn);
    if ((hdb_errcode(conn) & 0xff) == code && hdb_extended_errcode(conn) == extended &&
        strcmp(hdb_sqlstate(conn), sqlstate) == 0 && strstr(message, text))
        return;
    print_error("expected %d, %d, %s, \"%s\"\nfound    %d, %d, %s, \"%s\"\n", code, extended, sqlstate, text,
                hdb_errcode(conn), hdb_extended_errcode(conn), hdb_sqlstate(conn), message);
    _fail(file, line);
}

int64_t fixture_query_int64(hdb_conn *conn, const char *sql, const char *file, int line) {
    hdb_stmt *stmt = NULL;
    fixture_assert_ok(conn, hdb_prepare(conn, sql, -1, &stmt, NULL), file, line);
    if (hdb_fetch_row(stmt) != HDB_ROW) {
        print_error("%s: no row: %s\n", sql, hdb_errmsg(conn));
        _fail(file, line);
    }
    int64_t value = hdb_column_int64(stmt, 0);
    hdb_finalize(stmt);
    return value;
}

int64_t fixture_engine_int64(hdb_conn *conn, const char *sql) {
    const char *dsn = NULL;
    assert_ok(conn, hdb_flush(conn));
    assert_ok(conn, hdb_engine_dsn(conn, &dsn));
    PGconn *link = PQconnectdb(dsn);
    PGresult *result = PQexec(link, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 0) {
        print_error("%s: %s\n", sql, PQerrorMessage(link));
        fail();
    }
    int64_t value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(link);
    return value;
}

int64_t fixture_sqlite_int64(const char *path, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t value = 0;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (const char *rest = sql; *rest;) {
        if (sqlite3_prepare_v2(db, rest, -1, &stmt, &rest) != SQLITE_OK) {
            print_error("%s: %s\n", sql, sqlite3_errmsg(db));
            fail();
        }
        while (sqlite3_step(stmt) == SQLITE_ROW)
            value = sqlite3_column_int64(stmt, 0);
        assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return value;
}
