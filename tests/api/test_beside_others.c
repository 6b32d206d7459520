/* SPDX-License-Identifier: Apache-2.0 */
/* Daemon mode beside other writers: what a reader sees, what a writer may lose. */
#include "on_servers.h"
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that moves a value from one table to the other, a commit each, until it is killed. */
static void write_for_ever(const char *dsn, int ready) {
    hdb_conn *conn = open_server(dsn, "timeout", "30");
    for (int i = 0;; i++) {
        char *sql = support_format("BEGIN IMMEDIATE; UPDATE a SET v = v + 1; UPDATE b SET v = v - 1; "
                                   "INSERT INTO c(v) VALUES (%d); COMMIT", i);
        if (hdb_exec(conn, sql, -1) != HDB_OK) {
            print_error("%s\n", hdb_errmsg(conn));
            _exit(1);
        }
        free(sql);
        if (i == 0 && write(ready, "", 1) != 1)
            _exit(1);
    }
}

static pid_t start_writer(const char *dsn) {
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0)
        write_for_ever(dsn, ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

static void stop_writer(pid_t pid) {
    int status = 0;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
}

static void read_beside_a_writer(const char *dsn) {
    hdb_conn *conn = open_server(dsn, "timeout", "10");
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE a(v); CREATE TABLE b(v); CREATE TABLE c(v); "
                                   "INSERT INTO a VALUES (0); INSERT INTO b VALUES (0)", -1));
    pid_t writer = start_writer(dsn);
    for (long long end = support_now_ms() + 2000; support_now_ms() < end;) {
        /* Two tables in one statement belong together, and neither it nor the first of a transaction ever fails. */
        assert_int_equal(query_int64(conn, "SELECT (SELECT v FROM a) + (SELECT v FROM b)"), 0);
        assert_ok(conn, hdb_exec(conn, "BEGIN", -1));
        assert_int_equal(query_int64(conn, "SELECT a.v + b.v FROM a, b, (SELECT max(v) FROM c)"), 0);
        assert_ok(conn, hdb_exec(conn, "COMMIT", -1));
    }
    stop_writer(writer);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_reader_never_fails_beside_a_writer(void **state) {
    (void)state;
    on_every_server(read_beside_a_writer);
}

/* A SELECT that is still giving rows keeps those; a write of the same connection must not build on them. */
static void write_under_a_cursor(const char *dsn) {
    hdb_conn *one = open_server(dsn, NULL, NULL), *two = open_server(dsn, NULL, NULL);
    hdb_stmt *stmt = NULL;
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, 2)", -1));
    assert_ok(one, hdb_prepare(one, "SELECT id, v FROM t ORDER BY id", -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_ok(one, hdb_exec(one, "UPDATE t SET v = v + 1 WHERE id = 2", -1));
    assert_ok(one, hdb_exec(one, "UPDATE t SET v = v + 1 WHERE id = 2", -1));
    assert_ok(two, hdb_exec(two, "UPDATE t SET v = v + 10", -1));
    assert_int_equal(hdb_exec(one, "UPDATE t SET v = v + 100", -1), HDB_BUSY);
    assert_int_equal(hdb_extended_errcode(one), 517);
    assert_ok(one, hdb_finalize(stmt));
    assert_ok(one, hdb_exec(one, "UPDATE t SET v = v + 100", -1));
    assert_int_equal(query_int64(two, "SELECT sum(v) FROM t"), 1 + 4 + 220);
    assert_int_equal(hdb_close(one), HDB_OK);
    assert_int_equal(hdb_close(two), HDB_OK);
}

static void a_write_does_not_build_on_old_rows(void **state) {
    (void)state;
    on_every_server(write_under_a_cursor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_never_fails_beside_a_writer),
        cmocka_unit_test(a_write_does_not_build_on_old_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
