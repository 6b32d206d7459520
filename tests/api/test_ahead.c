/* SPDX-License-Identifier: Apache-2.0 */
/* Large transactions, whose rows are sent to the engine before their COMMIT: what is in the database is what SQLite has, in
 * the engine too, whatever becomes of the transaction, its rows, its process or its engine in between. */
#include "support.h"
#include "twin.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLE "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, a TEXT, u INTEGER UNIQUE)"
/* Ten thousand rows after those that are there, and more than 256 KB of them. */
#define MANY_INTO(table) \
    "INSERT INTO " table "(id, a, u) WITH RECURSIVE c(i) AS (SELECT coalesce(max(id), 0) + 1 FROM " table \
    " UNION ALL SELECT i + 1 FROM c LIMIT 10000) SELECT i, 'row ' || i || ' with some text behind it', -i FROM c;"
#define MANY MANY_INTO("t")
#define SUMS "SELECT count(*), sum(id), sum(length(a)), sum(u) FROM t;"

static void compare(struct twin *twin) {
    twin_run(twin, SUMS);
    twin_rebuild(twin);
    twin_run(twin, SUMS "SELECT * FROM t WHERE id % 997 = 1 ORDER BY id;");
}

static void rows_of_several_statements(struct twin *twin) {
    twin_run(twin, TABLE ";BEGIN;" MANY MANY MANY "COMMIT;");
    compare(twin);
}

static void rows_that_are_changed_after_they_were_sent(struct twin *twin) {
    twin_run(twin, TABLE ";BEGIN;" MANY MANY);
    twin_run(twin, "UPDATE t SET a = 'changed' WHERE id % 3 = 0; DELETE FROM t WHERE id % 7 = 0;");
    twin_run(twin, "UPDATE t SET u = 1 WHERE id = 1; UPDATE t SET u = -1 WHERE id = 2; UPDATE t SET u = -2 WHERE id = 1;");
    twin_run(twin, "UPDATE t SET id = id + 1000000 WHERE id BETWEEN 50 AND 60;" MANY "DELETE FROM t WHERE id = 1000100; COMMIT;");
    compare(twin);
}

static void a_savepoint_that_takes_sent_rows_back(struct twin *twin) {
    twin_run(twin, TABLE ";BEGIN;" MANY "SAVEPOINT s;" MANY "UPDATE t SET a = 'never' WHERE id % 5 = 0; ROLLBACK TO s;");
    twin_run(twin, "INSERT INTO t VALUES (10001, 'another', 5); RELEASE s; COMMIT;");
    compare(twin);
}

static void a_transaction_that_is_rolled_back(struct twin *twin) {
    twin_run(twin, TABLE ";INSERT INTO t VALUES (1, 'there', 1); BEGIN;" MANY MANY "ROLLBACK;");
    twin_run(twin, "INSERT INTO t VALUES (2, 'then', 2); BEGIN;" MANY MANY "ROLLBACK; BEGIN;" MANY MANY "COMMIT;");
    compare(twin);
}

static void a_schema_that_changes_after_rows_were_sent(struct twin *twin) {
    twin_run(twin, TABLE ";BEGIN;" MANY MANY "ALTER TABLE t ADD COLUMN more DEFAULT 'm';" MANY "COMMIT;");
    compare(twin);
    twin_run(twin, "BEGIN;" MANY MANY "DROP TABLE t; " TABLE "; INSERT INTO t VALUES (7, 'new', 7); COMMIT;");
    compare(twin);
    twin_run(twin, "BEGIN;" MANY MANY "PRAGMA user_version = 5; COMMIT; PRAGMA user_version;");
    compare(twin);
}

static void several_tables_in_turn(struct twin *twin) {
    twin_run(twin, TABLE ";CREATE TABLE o(id INTEGER PRIMARY KEY AUTOINCREMENT, a, u);"
                   "CREATE TABLE w(id INTEGER PRIMARY KEY, a, u) WITHOUT ROWID;");
    twin_run(twin, "BEGIN;" MANY MANY_INTO("o") MANY MANY_INTO("w") MANY_INTO("o") "DELETE FROM o WHERE id < 100;" MANY "COMMIT;");
    compare(twin);
    twin_run(twin, "SELECT count(*), sum(id), min(id) FROM o; SELECT count(*), sum(u) FROM w; SELECT * FROM sqlite_sequence;");
}

static void a_commit_that_is_refused_at_first(struct twin *twin) {
    twin_run(twin, "PRAGMA foreign_keys = ON;" TABLE
                   "; CREATE TABLE c(id INTEGER PRIMARY KEY REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED);");
    twin_run(twin, "BEGIN; INSERT INTO c VALUES (30000);" MANY MANY "COMMIT;");
    twin_run(twin, MANY "COMMIT;");
    compare(twin);
}

static void a_statement_that_fails_after_rows_were_sent(struct twin *twin) {
    twin_run(twin, TABLE ";BEGIN;" MANY MANY "UPDATE t SET id = id + 1 WHERE id > 15000;");
    twin_run(twin, "INSERT OR FAIL INTO t VALUES (20002, 'in', 3), (20003, 'in', 4), (1, 'not', 5);");
    twin_run(twin, "UPDATE t SET u = abs(u) % 19990 WHERE id > 10;" MANY "COMMIT;");
    compare(twin);
}

/* Nothing is sent ahead to a server, and HeliosDB is slow for minutes after tables of so many rows, which tests that race with a
 * writer do not bear. */
static void embedded(void **state) {
    (void)state;
    unsetenv("HELIOSDB_TEST_DSN_HELIOSDB");
    unsetenv("HELIOSDB_TEST_DSN_POSTGRESQL");
    twin_everywhere(rows_of_several_statements);
    twin_everywhere(rows_that_are_changed_after_they_were_sent);
    twin_everywhere(a_savepoint_that_takes_sent_rows_back);
    twin_everywhere(a_transaction_that_is_rolled_back);
    twin_everywhere(a_schema_that_changes_after_rows_were_sent);
    twin_everywhere(several_tables_in_turn);
    twin_everywhere(a_commit_that_is_refused_at_first);
    twin_everywhere(a_statement_that_fails_after_rows_were_sent);
}

/* Waits until the engine has parts of an entry that is not sealed. */
static void await_parts(hdb_conn *conn, int at_least) {
    long long end = support_now_ms() + 10000;
    int64_t parts = 0;
    while ((parts = fixture_engine_int64(conn, "SELECT count(*) FROM \"_hdb_log\" WHERE parts = 0")) < at_least && support_now_ms() < end)
        support_sleep_ms(5);
    assert_true(parts >= at_least);
}

static hdb_conn *begin_many(const char *path) {
    hdb_conn *conn = fixture_open(path);
    assert_ok(conn, hdb_exec(conn, TABLE "; BEGIN;" MANY MANY, -1));
    await_parts(conn, 2);
    return conn;
}

/* The newest entry has all its parts in the log: after a crash, that is all there is of it. */
static void expect_whole_entry(hdb_conn *conn) {
    int64_t seal = fixture_engine_int64(conn, "SELECT max(seq) FROM \"_hdb_log\" WHERE parts > 0"), first = seal >> 20 << 20;
    char *count = support_format("SELECT count(*) FROM \"_hdb_log\" WHERE seq >= %lld AND seq <= %lld", (long long)first, (long long)seal);
    assert_int_equal(fixture_engine_int64(conn, count), seal - first + 1);
    free(count);
}

static void commit_and_rebuild(hdb_conn *conn, const char *path, int64_t count) {
    assert_ok(conn, hdb_exec(conn, MANY "COMMIT", -1));
    expect_whole_entry(conn);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), count);
    assert_ok(conn, hdb_close(conn));
    support_remove_replica(path);
    conn = fixture_open(path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), count);
    assert_int_equal(query_int64(conn, "SELECT sum(id) FROM t"), count * (count + 1) / 2);
    assert_ok(conn, hdb_close(conn));
}

static void rows_are_sent_before_the_commit(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = begin_many(fixture->path);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM \"_hdb_log\" WHERE parts > 0"), 1);
    commit_and_rebuild(conn, fixture->path, 30000);
}

/* Who reads the engine sees rows that were inserted together appear together. */
static void rows_of_many_statements_appear_at_once(void **state) {
    struct fixture *fixture = *state;
    const char *dsn = NULL;
    hdb_conn *conn = begin_many(fixture->path);
    assert_ok(conn, hdb_exec(conn, MANY MANY MANY MANY MANY MANY MANY MANY, -1));
    assert_ok(conn, hdb_engine_dsn(conn, &dsn));
    PGconn *link = PQconnectdb(dsn);
    assert_ok(conn, hdb_exec(conn, "COMMIT", -1));
    for (long seen = 0; seen != 100000;) {
        PGresult *result = PQexec(link, "SELECT count(*) FROM t");
        seen = strtol(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
        assert_true(seen == 0 || seen == 100000);
    }
    PQfinish(link);
    assert_ok(conn, hdb_close(conn));
}

static void a_rollback_takes_out_what_was_sent(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = begin_many(fixture->path);
    assert_ok(conn, hdb_exec(conn, "ROLLBACK", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM \"_hdb_log\" WHERE parts = 0"), 0);
    assert_ok(conn, hdb_close(conn));
    commit_and_rebuild(begin_many(fixture->path), fixture->path, 30000);
}

/* Whoever empties the log does not know of it. */
static void a_log_that_was_emptied_meanwhile_gets_everything(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = begin_many(fixture->path);
    fixture_engine_int64(conn, "DELETE FROM \"_hdb_log\" WHERE parts = 0; SELECT 1");
    commit_and_rebuild(conn, fixture->path, 30000);
}

static void somebody_elses_parts_are_not_taken_for_ours(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = begin_many(fixture->path);
    fixture_engine_int64(conn, "UPDATE \"_hdb_log\" SET token = 5, data = '\\x00' WHERE parts = 0; SELECT 1");
    assert_ok(conn, hdb_exec(conn, "COMMIT; BEGIN", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM \"_hdb_log\" WHERE token = 5"), 0);
    commit_and_rebuild(conn, fixture->path, 30000);
}

static void an_engine_that_is_killed_meanwhile_gets_everything(void **state) {
    struct fixture *fixture = *state;
    pid_t engine = 0;
    hdb_conn *conn = begin_many(fixture->path);
    assert_int_equal(support_find_processes(fixture->directory, "heliosdb-nano", &engine, 1), 1);
    assert_int_equal(kill(engine, SIGKILL), 0);
    commit_and_rebuild(conn, fixture->path, 30000);
}

static void what_a_killed_process_had_sent_is_in_nobodys_way(void **state) {
    struct fixture *fixture = *state;
    int sent[2], status = 0;
    char byte;
    assert_int_equal(pipe(sent), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        begin_many(fixture->path);
        _exit(write(sent[1], "", 1) != 1 || pause());
    }
    assert_int_equal(read(sent[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 0);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (1, 'small', NULL); BEGIN;" MANY "UPDATE t SET u = id", -1));
    commit_and_rebuild(conn, fixture->path, 20001);
    close(sent[0]);
    close(sent[1]);
}

static void two_databases_commit_together(void **state) {
    struct fixture *fixture = *state;
    char *other = support_format("%s/other.db", fixture->directory);
    char *attach = support_format("ATTACH '%s' AS o; CREATE TABLE o.t(id INTEGER PRIMARY KEY, a, u); BEGIN;", other);
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, TABLE, -1));
    assert_ok(conn, hdb_exec(conn, attach, -1));
    assert_ok(conn, hdb_exec(conn, MANY MANY MANY_INTO("o.t") MANY_INTO("o.t") "ROLLBACK; BEGIN;", -1));
    assert_ok(conn, hdb_exec(conn, MANY MANY MANY_INTO("o.t") MANY_INTO("o.t") MANY_INTO("o.t"), -1));
    commit_and_rebuild(conn, fixture->path, 30000);
    conn = fixture_open(other);
    assert_ok(conn, hdb_exec(conn, "BEGIN", -1));
    commit_and_rebuild(conn, other, 40000);
    free(attach);
    free(other);
}

static void a_connection_that_is_closed_leaves_nothing(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(hdb_close(begin_many(fixture->path)), HDB_OK);
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 0);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM \"_hdb_log\" WHERE parts = 0"), 0);
    assert_ok(conn, hdb_close(conn));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedded),
        cmocka_unit_test_setup_teardown(rows_are_sent_before_the_commit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_of_many_statements_appear_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_rollback_takes_out_what_was_sent, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_log_that_was_emptied_meanwhile_gets_everything, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(somebody_elses_parts_are_not_taken_for_ours, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_engine_that_is_killed_meanwhile_gets_everything, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_a_killed_process_had_sent_is_in_nobodys_way, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(two_databases_commit_together, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_connection_that_is_closed_leaves_nothing, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
