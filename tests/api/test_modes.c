/* SPDX-License-Identifier: Apache-2.0 */
/* How the mode is chosen, and daemon mode beside other clients. Each test of daemon mode runs on every server whose DSN
 * is in the environment (tests/support/servers.sh), and is skipped if there is none. */
#include "fixture.h"
#include "on_servers.h"
#include "server_clean.h"
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_mode(const char *database, hdb_config *config, int mode) {
    hdb_conn *conn = NULL;
    int code = hdb_connect(database, config, &conn);
    assert_ok(conn, code);
    assert_int_equal(hdb_conn_mode(conn), mode);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

/* As the tutorial has it: HELIOSDB_DSN alone does not switch a connection that did not ask. */
static void choose_mode(const char *dsn) {
    char *directory = support_make_directory("mode"), *path = support_format("%s/app.db", directory);
    hdb_config *config = fixture_config(NULL, NULL);
    setenv("HELIOSDB_DSN", dsn, 1);
    check_mode(path, config, HDB_MODE_EMBEDDED);
    setenv("HELIOSDB_MODE", "daemon", 1);
    check_mode(path, config, HDB_MODE_DAEMON);
    assert_int_equal(hdb_config_set(config, "mode", "embedded"), HDB_OK);
    check_mode(path, config, HDB_MODE_EMBEDDED);
    unsetenv("HELIOSDB_MODE");
    assert_int_equal(hdb_config_set(config, "mode", "daemon"), HDB_OK);
    check_mode(path, config, HDB_MODE_DAEMON);
    unsetenv("HELIOSDB_DSN");
    assert_int_equal(hdb_config_set(config, "dsn", dsn), HDB_OK);
    check_mode(path, config, HDB_MODE_DAEMON);
    hdb_config_destroy(config);
    assert_int_equal(support_await_no_process(directory, 10000), 0);
    support_remove_directory(directory);
    free(path);
    free(directory);
}

static void mode_is_chosen(void **state) {
    (void)state;
    on_every_server(choose_mode);
}

static void mask_password(const char *dsn) {
    const char *told = NULL;
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_engine_dsn(conn, &told));
    const char *colon = strchr(strstr(dsn, "://") + 3, ':'), *at = strchr(dsn, '@');
    char *password = support_format("%.*s", (int)(at - colon - 1), colon + 1);
    assert_null(strstr(told, password));
    free(password);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void dsn_hides_the_password(void **state) {
    (void)state;
    on_every_server(mask_password);
}

static void read_others(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, v REAL)", -1));
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (1, 'ours', 1.5)", -1));
    as_another_client(dsn, "INSERT INTO t(id, name, v) VALUES (2, 'theirs', 2.5)");
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 2);
    assert_int_equal(query_int64(conn, "SELECT sum(v) = 4.0 FROM t WHERE name LIKE '%rs'"), 1);
    as_another_client(dsn, "UPDATE t SET name = 'changed' WHERE id = 1");
    assert_int_equal(query_int64(conn, "SELECT id FROM t WHERE name || '' = 'changed'"), 1);
    assert_int_equal(query_int64(conn, "SELECT name = 'changed' FROM t WHERE id = 1"), 1);
    assert_ok(conn, hdb_exec(conn, "UPDATE t SET v = v * 2 WHERE id <= 2", -1));
    as_another_client(dsn, "DELETE FROM t WHERE id = 1");
    assert_int_equal(query_int64(conn, "SELECT v = 5.0 AND count(*) = 1 FROM t"), 1);
    assert_int_equal(as_another_client(dsn, "SELECT count(*) FROM t WHERE v = 5.0"), 1);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void rows_of_other_clients_are_seen(void **state) {
    (void)state;
    on_every_server(read_others);
}

/* A statement that was read to its end, and not reset. */
static hdb_stmt *read_to_the_end(hdb_conn *conn, const char *sql) {
    hdb_stmt *stmt = NULL;
    assert_ok(conn, hdb_prepare(conn, sql, -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_int_equal(hdb_fetch_row(stmt), HDB_DONE);
    return stmt;
}

static void read_twice(const char *dsn) {
    static const char *const texts[] = {"SELECT id, v FROM t WHERE id = 1", "SELECT count(*) FROM t",
                                        "SELECT TO_CHAR(TIMESTAMP '2024-05-06 07:08:09', 'YYYY')"};
    hdb_conn *one = open_server(dsn, NULL, NULL), *two = open_server(dsn, NULL, NULL);
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", -1));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_ok(one, hdb_exec(one, "DELETE FROM t WHERE id > 0; INSERT INTO t VALUES (1, 10)", -1));
        hdb_stmt *stmt = read_to_the_end(two, texts[i]);
        assert_int_equal(query_int64(two, "SELECT sum(v) FROM t"), 10);
        assert_ok(one, hdb_exec(one, "UPDATE t SET v = 11 WHERE id = 1", -1));
        assert_int_equal(query_int64(two, "SELECT sum(v) FROM t"), 11);
        assert_ok(two, hdb_finalize(stmt));
    }
    assert_int_equal(hdb_close(one), HDB_OK);
    assert_int_equal(hdb_close(two), HDB_OK);
}

static void a_finished_statement_keeps_no_snapshot(void **state) {
    (void)state;
    on_every_server(read_twice);
}

/* A rolled-back CREATE TABLE makes the library forget its schema; a statement prepared before must not rely on it. */
static void undo_schema_change(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    hdb_stmt *stmt = NULL;
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x')", -1));
    assert_ok(conn, hdb_prepare(conn, "SELECT a FROM t WHERE id = 1", -1, &stmt, NULL));
    for (int times = 0; times < 2; times++) {
        assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
        assert_string_equal(hdb_column_text(stmt, 0), "x");
        assert_int_equal(hdb_fetch_row(stmt), HDB_DONE);
        assert_ok(conn, hdb_reset(stmt));
        assert_ok(conn, hdb_exec(conn, "BEGIN; CREATE TABLE u(a); ROLLBACK", -1));
    }
    assert_ok(conn, hdb_finalize(stmt));
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_prepared_statement_outlives_an_undone_schema_change(void **state) {
    (void)state;
    on_every_server(undo_schema_change);
}

static void only_read(const char *dsn) {
    static const char *const writes[] = {"INSERT INTO t VALUES (2, 'two')", "DELETE FROM t WHERE a = 1", "CREATE TABLE u(a)",
                                         "PRAGMA user_version = 3", "UPDATE t SET b = upper(b)"};
    hdb_conn *writer = open_server(dsn, NULL, NULL);
    assert_ok(writer, hdb_exec(writer, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES (1, 'one')", -1));
    hdb_conn *conn = open_server(dsn, "open", "ro");
    assert_int_equal(query_int64(conn, "SELECT b = 'one' FROM t"), 1);
    assert_int_equal(query_int64(conn, "SELECT length(b) FROM t WHERE a = 1"), 3);
    assert_int_equal(query_int64(conn, "SELECT a FROM t WHERE a = 1"), 1);
    assert_int_equal(hdb_db_readonly(conn, "main"), 1);
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        assert_int_equal(hdb_exec(conn, writes[i], -1), HDB_READONLY);
        assert_string_equal(hdb_errmsg(conn), "attempt to write a readonly database");
    }
    assert_ok(conn, hdb_exec(conn, "BEGIN IMMEDIATE; CREATE TEMP TABLE w(a); INSERT INTO w SELECT a FROM t; COMMIT", -1));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM w"), 1);
    assert_ok(writer, hdb_exec(writer, "INSERT INTO t VALUES (2, 'two')", -1));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 2);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_close(writer), HDB_OK);
}

static void a_connection_that_only_reads_reads_and_writes_nothing(void **state) {
    (void)state;
    on_every_server(only_read);
}

static void wait_for_writer(const char *dsn) {
    hdb_conn *one = open_server(dsn, NULL, NULL), *two = open_server(dsn, "timeout", "0.3");
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)", -1));
    assert_int_equal(query_int64(two, "SELECT count(*) FROM t"), 0);
    long long begin = support_now_ms();
    assert_int_equal(hdb_exec(two, "INSERT INTO t VALUES (2)", -1), HDB_BUSY);
    assert_error(two, HDB_BUSY, HDB_BUSY, "55P03", "database is locked");
    long long waited = support_now_ms() - begin;
    assert_true(waited >= 200 && waited < 5000);
    assert_ok(one, hdb_exec(one, "COMMIT", -1));
    assert_ok(two, hdb_exec(two, "INSERT INTO t VALUES (2)", -1));
    assert_int_equal(query_int64(one, "SELECT count(*) FROM t"), 2);
    assert_int_equal(hdb_close(one), HDB_OK);
    assert_int_equal(hdb_close(two), HDB_OK);
}

static void one_writer_at_a_time(void **state) {
    (void)state;
    on_every_server(wait_for_writer);
}

static int stop_at_fifth(void *context) {
    return ++*(int *)context == 5;
}

static void stop_waiting_for_writer(const char *dsn) {
    int calls = 0;
    hdb_conn *one = open_server(dsn, NULL, NULL), *two = open_server(dsn, "timeout", "20");
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)", -1));
    assert_ok(two, hdb_wait_handler(two, stop_at_fifth, &calls));
    long long begin = support_now_ms();
    assert_int_equal(hdb_exec(two, "INSERT INTO t VALUES (2)", -1), HDB_INTERRUPT);
    assert_error(two, HDB_INTERRUPT, HDB_INTERRUPT, "57014", "interrupted");
    assert_int_equal(calls, 5);
    assert_true(support_now_ms() - begin < 19000);
    assert_ok(one, hdb_exec(one, "COMMIT", -1));
    assert_ok(two, hdb_exec(two, "INSERT INTO t VALUES (3)", -1));
    assert_int_equal(as_another_client(dsn, "SELECT count(*) FROM t"), 2);
    assert_int_equal(hdb_close(one), HDB_OK);
    assert_int_equal(hdb_close(two), HDB_OK);
}

static void a_wait_for_the_writer_can_be_ended(void **state) {
    (void)state;
    on_every_server(stop_waiting_for_writer);
}

/* A child that holds the writer's lock, with a row that must not survive it. */
static void hold_lock(const char *dsn, int ready) {
    hdb_conn *conn = NULL;
    if (hdb_connect(dsn, NULL, &conn) != HDB_OK ||
        hdb_exec(conn, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1), (2)", -1) != HDB_OK) {
        print_error("%s\n", hdb_errmsg(conn));
        _exit(1);
    }
    if (write(ready, "", 1) == 1)
        pause();
    _exit(1);
}

static void kill_writer(const char *dsn) {
    int ends[2], status = 0;
    char byte = 0;
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a)", -1));
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0)
        hold_lock(dsn, ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    conn = open_server(dsn, "timeout", "10");
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (3)", -1));
    assert_int_equal(query_int64(conn, "SELECT sum(a) FROM t"), 3);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_killed_writer_leaves_nothing(void **state) {
    (void)state;
    on_every_server(kill_writer);
}

/* Ends our sessions from outside; only PostgreSQL can. */
static void lose_session(const char *dsn) {
    static const char *const end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                   " WHERE pid <> pg_backend_pid() AND datname = current_database()";
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_ok(conn, hdb_exec(conn, "BEGIN IMMEDIATE; INSERT INTO t VALUES (2)", -1));
    as_another_client(dsn, end);
    int code = hdb_exec(conn, "COMMIT", -1);
    if (code != HDB_OK) {
        assert_int_equal(code, HDB_IOERR);
        if (hdb_in_transaction(conn))
            assert_ok(conn, hdb_exec(conn, "ROLLBACK", -1));
    }
    /* Whatever was told is true, and the connection works again. */
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), code == HDB_OK ? 2 : 1);
    as_another_client(dsn, end);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), code == HDB_OK ? 2 : 1);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (9)", -1));
    assert_int_equal(as_another_client(dsn, "SELECT count(*) FROM t"), code == HDB_OK ? 3 : 2);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_lost_session_is_told_or_made_up_for(void **state) {
    const char *dsn = getenv("HELIOSDB_TEST_DSN_POSTGRESQL");
    (void)state;
    if (!dsn) {
        print_message("no DSN of PostgreSQL in the environment\n");
        skip();
    }
    assert_true(server_clean(dsn));
    lose_session(dsn);
    assert_true(server_clean(dsn));
}

static void expect_lane(hdb_conn *conn, const char *sql, const char *lane) {
    const char *text = NULL;
    char *line = support_format("lane: %s\n", lane);
    assert_ok(conn, hdb_explain(conn, sql, -1, &text));
    if (!strstr(text, line))
        print_error("%s: %s", sql, text);
    assert_non_null(strstr(text, line));
    free(line);
}

static void explain(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL), *off = open_server(dsn, "direct", "off");
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, w)", -1));
    expect_lane(conn, "SELECT v FROM t WHERE id = ?", "direct");
    expect_lane(conn, "SELECT count(*) FROM t", "direct");
    expect_lane(conn, "SELECT upper(v) FROM t WHERE v LIKE 'a%'", "rows");
    expect_lane(conn, "PRAGMA foreign_keys = ON", "session");
    expect_lane(off, "SELECT v FROM t WHERE id = ?", "rows");
    expect_lane(off, "SELECT count(*) FROM t", "rows");
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_close(off), HDB_OK);
}

static void explain_names_the_lane(void **state) {
    (void)state;
    on_every_server(explain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mode_is_chosen),
        cmocka_unit_test(dsn_hides_the_password),
        cmocka_unit_test(rows_of_other_clients_are_seen),
        cmocka_unit_test(a_finished_statement_keeps_no_snapshot),
        cmocka_unit_test(a_prepared_statement_outlives_an_undone_schema_change),
        cmocka_unit_test(a_connection_that_only_reads_reads_and_writes_nothing),
        cmocka_unit_test(one_writer_at_a_time),
        cmocka_unit_test(a_wait_for_the_writer_can_be_ended),
        cmocka_unit_test(a_killed_writer_leaves_nothing),
        cmocka_unit_test(a_lost_session_is_told_or_made_up_for),
        cmocka_unit_test(explain_names_the_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
