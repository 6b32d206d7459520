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

/* BEGIN ... COMMIT beside a client that knows nothing of this library. */
static void isolate(const char *dsn) {
    bool postgresql = is_postgresql(dsn);
    hdb_conn *conn = open_server(dsn, "timeout", "1"), *other = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)", -1));
    /* What a transaction has read it reads again. */
    assert_ok(conn, hdb_exec(conn, "BEGIN", -1));
    assert_int_equal(query_int64(conn, "SELECT sum(v) FROM t"), 60);
    as_another_client(dsn, "UPDATE t SET v = 11 WHERE id = 1");
    as_another_client(dsn, "INSERT INTO t(id, v) VALUES (4, 40)");
    assert_int_equal(query_int64(conn, "SELECT sum(v) FROM t"), 60);
    assert_ok(conn, hdb_exec(conn, "COMMIT", -1));
    assert_int_equal(query_int64(conn, "SELECT sum(v) FROM t"), 101);
    /* Nothing that another connection of this library wrote is overwritten. */
    assert_ok(conn, hdb_exec(conn, "BEGIN", -1));
    assert_int_equal(query_int64(conn, "SELECT v FROM t WHERE id = 2"), 20);
    assert_ok(other, hdb_exec(other, "UPDATE t SET v = 21 WHERE id = 2", -1));
    assert_int_equal(hdb_exec(conn, "UPDATE t SET v = v + 100 WHERE id = 2", -1), HDB_BUSY);
    assert_int_equal(hdb_extended_errcode(conn), 517);
    assert_ok(conn, hdb_exec(conn, "ROLLBACK", -1));
    assert_int_equal(as_another_client(dsn, "SELECT v FROM t WHERE id = 2"), 21);
    /* Nor what any client wrote, where the server can tell. */
    static const char *const theirs[] = {"UPDATE t SET v = 31 WHERE id = 3", "DELETE FROM t WHERE id = 3"};
    for (int i = 0; postgresql && i < 2; i++) {
        assert_ok(conn, hdb_exec(conn, "BEGIN; UPDATE t SET v = v + 100 WHERE id = 3", -1));
        as_another_client(dsn, theirs[i]);
        assert_int_equal(hdb_exec(conn, "COMMIT", -1), HDB_BUSY);
        assert_int_equal(hdb_extended_errcode(conn), 517);
        assert_false(hdb_in_transaction(conn));
        assert_int_equal(as_another_client(dsn, "SELECT coalesce(sum(v), 0) FROM t WHERE id = 3"), i ? 0 : 31);
    }
    if (postgresql) {
        assert_ok(conn, hdb_exec(conn, "BEGIN; INSERT INTO t VALUES (5, 50)", -1));
        as_another_client(dsn, "INSERT INTO t(id, v) VALUES (5, 51)");
        assert_int_equal(hdb_exec(conn, "COMMIT", -1), HDB_BUSY);
        assert_int_equal(as_another_client(dsn, "SELECT v FROM t WHERE id = 5"), 51);
        /* A table that is being read is not waited for without end. */
        assert_ok(other, hdb_exec(other, "BEGIN", -1));
        assert_int_equal(query_int64(other, "SELECT count(*) FROM t"), 4);
        assert_int_equal(hdb_exec(conn, "DROP TABLE t", -1), HDB_BUSY);
        assert_ok(other, hdb_exec(other, "COMMIT", -1));
        assert_ok(conn, hdb_exec(conn, "DROP TABLE t", -1));
    }
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_close(other), HDB_OK);
}

static void a_transaction_is_isolated(void **state) {
    (void)state;
    on_every_server(isolate);
}

/* A reader with libpq alone, beside commits of 100 rows: on PostgreSQL it sees no state that no commit had. On HeliosDB a
 * commit is applied row by row, which is told here and in docs/decisions/0009-many-rows.md. */
static void read_with_libpq(const char *dsn) {
    enum { READS = 200 };
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    int torn = 0, status = 0;
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL "
                                   "SELECT n + 1 FROM c WHERE n < 100) INSERT INTO t SELECT n, 0 FROM c", -1));
    pid_t pid = fork();
    if (pid == 0) {
        hdb_conn *writer = open_server(dsn, NULL, NULL);
        while (hdb_exec(writer, "UPDATE t SET v = v + 1", -1) == HDB_OK)
            ;
        _exit(1);
    }
    for (int i = 0; i < READS; i++)
        torn += as_another_client(dsn, "SELECT count(*) * 100 + count(DISTINCT v) FROM t") != 10001;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    print_message("%s: %d of %d reads saw a part of a commit of 100 rows\n", is_postgresql(dsn) ? "PostgreSQL" : "HeliosDB", torn, READS);
    if (is_postgresql(dsn))
        assert_int_equal(torn, 0);
    assert_int_equal(query_int64(conn, "SELECT count(*) * 100 + count(DISTINCT v) FROM t"), 10001);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void another_client_reads_whole_commits(void **state) {
    (void)state;
    on_every_server(read_with_libpq);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_never_fails_beside_a_writer),
        cmocka_unit_test(a_write_does_not_build_on_old_rows),
        cmocka_unit_test(a_transaction_is_isolated),
        cmocka_unit_test(another_client_reads_whole_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
