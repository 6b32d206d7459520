/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the C interface share. Include it instead of <cmocka.h>. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <heliosdb/heliosdb.h>

/* A directory of the test's own, and the path of a database in it. */
struct fixture {
    char *directory;
    char *path;
};

int fixture_setup(void **state);
/* Fails the test if a keeper or an engine of its databases is left. */
int fixture_teardown(void **state);

/* A configuration for short tests: the engine stops at once, notices are off. `key` NULL, or one more setting. */
hdb_config *fixture_config(const char *key, const char *value);
/* Opens a database with fixture_config(); fails the test if that does not work. */
hdb_conn *fixture_open(const char *path);

/* Fails the test with the connection's message. */
#define assert_ok(conn, code) fixture_assert_ok(conn, code, __FILE__, __LINE__)
void fixture_assert_ok(hdb_conn *conn, int code, const char *file, int line);
/* Checks everything that an error tells; `text` must be part of the message. */
#define assert_error(conn, code, extended, sqlstate, text) \
    fixture_assert_error(conn, code, extended, sqlstate, text, __FILE__, __LINE__)
void fixture_assert_error(hdb_conn *conn, int code, int extended, const char *sqlstate, const char *text,
                          const char *file, int line);

/* First column of the first row; the test fails if there is none. */
#define query_int64(conn, sql) fixture_query_int64(conn, sql, __FILE__, __LINE__)
int64_t fixture_query_int64(hdb_conn *conn, const char *sql, const char *file, int line);
/* The same, asked of the engine's own tables with libpq. */
int64_t fixture_engine_int64(hdb_conn *conn, const char *sql);
/* The same, asked of an SQLite file with plain libsqlite3. Statements before the last one are only run. */
int64_t fixture_sqlite_int64(const char *path, const char *sql);

#endif
