/* SPDX-License-Identifier: Apache-2.0 */
/* locking=mvcc: transactions that write at the same time, on PostgreSQL. On HeliosDB Nano it is refused. */
#include "fixture.h"
#include "on_servers.h"
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPSHOT = HDB_BUSY | 2 << 8, WRITERS = 6, ROUNDS = 20 };

static hdb_conn *open_many(const char *dsn) {
    return open_server(dsn, "locking", "mvcc");
}

static void close_ok(hdb_conn *conn) {
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void expect_refusal(const char *database, hdb_config *config, int code, const char *text) {
    hdb_conn *conn = NULL;
    assert_int_equal(hdb_connect(database, config, &conn), code);
    assert_int_equal(hdb_errcode(conn), code);
    assert_non_null(strstr(hdb_errmsg(conn), text));
    hdb_config_destroy(config);
    hdb_close(conn);
}

/* Runs a test where there can be many writers. */
static void (*on_postgresql_alone)(const char *dsn);

static void refuse_or_run(const char *dsn) {
    if (is_postgresql(dsn))
        on_postgresql_alone(dsn);
    else
        expect_refusal(dsn, fixture_config("locking", "mvcc"), HDB_NOTSUPPORTED, "needs PostgreSQL");
}

static void on_postgresql(void (*test)(const char *dsn)) {
    on_postgresql_alone = test;
    on_every_server(refuse_or_run);
}

static void refused_without_a_server(void **state) {
    struct fixture *fixture = *state;
    hdb_config *config = fixture_config("locking", "mvcc");
    expect_refusal(fixture->path, config, HDB_MISUSE, "locking=mvcc needs mode=daemon");
}

static void write_two_tables(const char *dsn) {
    hdb_conn *one = open_many(dsn), *two = open_many(dsn);
    assert_ok(one, hdb_exec(one, "CREATE TABLE a(id INTEGER PRIMARY KEY, v); CREATE TABLE b(id INTEGER PRIMARY KEY, v)", -1));
    assert_ok(one, hdb_exec(one, "BEGIN IMMEDIATE; INSERT INTO a(v) VALUES (1)", -1));
    assert_ok(two, hdb_exec(two, "BEGIN IMMEDIATE; INSERT INTO b(v) VALUES (2)", -1));
    assert_ok(two, hdb_exec(two, "COMMIT", -1));
    assert_ok(one, hdb_exec(one, "COMMIT", -1));
    assert_int_equal(query_int64(two, "SELECT (SELECT sum(v) FROM a) + (SELECT sum(v) FROM b)"), 3);
    assert_int_equal(as_another_client(dsn, "SELECT count(*) FROM a, b"), 1);
    close_ok(one);
    close_ok(two);
}

static void two_transactions_write_at_once(void **state) {
    (void)state;
    on_postgresql(write_two_tables);
}

static void write_one_row(const char *dsn) {
    hdb_conn *one = open_many(dsn), *two = open_many(dsn);
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 10)", -1));
    assert_ok(one, hdb_exec(one, "BEGIN; UPDATE t SET v = v + 1", -1));
    assert_ok(two, hdb_exec(two, "BEGIN; UPDATE t SET v = v + 5; CREATE TEMP TABLE note(a)", -1));
    assert_ok(one, hdb_exec(one, "COMMIT", -1));
    assert_int_equal(hdb_exec(two, "COMMIT", -1), HDB_BUSY);
    assert_error(two, HDB_BUSY, SNAPSHOT, "40001", "database is locked");
    assert_int_equal(hdb_in_transaction(two), 0);
    assert_int_equal(query_int64(two, "SELECT v FROM t"), 11);
    assert_ok(two, hdb_exec(two, "BEGIN; UPDATE t SET v = v + 5; COMMIT", -1));
    assert_int_equal(as_another_client(dsn, "SELECT count(*) FROM t"), 1);
    assert_int_equal(query_int64(one, "SELECT v FROM t"), 16);
    close_ok(one);
    close_ok(two);
}

static void the_second_writer_of_a_row_is_told_and_has_done_nothing(void **state) {
    (void)state;
    on_postgresql(write_one_row);
}

/* Each alone would leave one of two on call; neither sees what the other writes. */
static void skew(const char *dsn) {
    hdb_conn *one = open_many(dsn), *two = open_many(dsn);
    assert_ok(one, hdb_exec(one, "CREATE TABLE a(on_call); CREATE TABLE b(on_call);"
                                 "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)", -1));
    assert_ok(one, hdb_exec(one, "BEGIN; UPDATE a SET on_call = 0 WHERE (SELECT on_call FROM b) = 1", -1));
    assert_ok(two, hdb_exec(two, "BEGIN; UPDATE b SET on_call = 0 WHERE (SELECT on_call FROM a) = 1", -1));
    int first = hdb_exec(one, "COMMIT", -1), second = hdb_exec(two, "COMMIT", -1);
    assert_true((first == HDB_OK) != (second == HDB_OK));
    assert_int_equal(query_int64(one, "SELECT (SELECT on_call FROM a) + (SELECT on_call FROM b)"), 1);
    close_ok(one);
    close_ok(two);
}

static void what_was_read_still_holds_at_commit(void **state) {
    (void)state;
    on_postgresql(skew);
}

static void change_the_schema(const char *dsn) {
    hdb_conn *one = open_many(dsn), *two = open_many(dsn);
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(a)", -1));
    assert_ok(two, hdb_busy_timeout(two, 100));
    assert_ok(one, hdb_exec(one, "BEGIN; INSERT INTO t VALUES (1)", -1));
    assert_int_equal(hdb_exec(two, "ALTER TABLE t ADD COLUMN b DEFAULT 7", -1), HDB_BUSY);
    assert_ok(one, hdb_exec(one, "COMMIT", -1));
    assert_ok(two, hdb_exec(two, "ALTER TABLE t ADD COLUMN b DEFAULT 7", -1));
    assert_ok(one, hdb_exec(one, "INSERT INTO t VALUES (2, 8)", -1));
    assert_int_equal(query_int64(two, "SELECT sum(a) * 100 + sum(b) FROM t"), 315);
    /* One that has read before the schema changed can't write on what it knows. */
    assert_ok(one, hdb_exec(one, "BEGIN", -1));
    assert_int_equal(query_int64(one, "SELECT count(*) FROM t"), 2);
    assert_ok(two, hdb_exec(two, "CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET b = 0; END", -1));
    assert_int_equal(hdb_exec(one, "INSERT INTO t VALUES (3, 9)", -1), HDB_BUSY);
    assert_ok(one, hdb_exec(one, "ROLLBACK; INSERT INTO t VALUES (3, 9)", -1));
    assert_int_equal(query_int64(one, "SELECT sum(b) FROM t"), 0);
    close_ok(one);
    close_ok(two);
}

static void who_changes_the_schema_is_alone(void **state) {
    (void)state;
    on_postgresql(change_the_schema);
}

static void beside_one_writer(const char *dsn) {
    hdb_conn *many = open_many(dsn), *single = open_server(dsn, "timeout", "0.1");
    assert_ok(single, hdb_exec(single, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_ok(many, hdb_busy_timeout(many, 100));
    assert_ok(single, hdb_exec(single, "BEGIN IMMEDIATE", -1));
    assert_int_equal(hdb_exec(many, "INSERT INTO t VALUES (2)", -1), HDB_BUSY);
    assert_ok(single, hdb_exec(single, "COMMIT", -1));
    assert_ok(many, hdb_exec(many, "BEGIN; INSERT INTO t VALUES (2)", -1));
    assert_int_equal(hdb_exec(single, "INSERT INTO t VALUES (3)", -1), HDB_BUSY);
    assert_ok(single, hdb_exec(single, "BEGIN", -1));
    assert_int_equal(query_int64(single, "SELECT count(*) FROM t"), 1);
    assert_ok(many, hdb_exec(many, "COMMIT", -1));
    assert_int_equal(query_int64(single, "SELECT count(*) FROM t"), 1);
    int code = hdb_exec(single, "INSERT INTO t SELECT count(*) FROM t", -1);
    if (code == HDB_OK)
        code = hdb_exec(single, "COMMIT", -1);
    assert_int_equal(code, HDB_BUSY); /* it counted what is no longer so */
    close_ok(single);
    assert_int_equal(query_int64(many, "SELECT count(*) FROM t"), 2);
    close_ok(many);
}

static void clients_that_want_to_be_alone_are(void **state) {
    (void)state;
    on_postgresql(beside_one_writer);
}

static void *add(void *argument) {
    hdb_conn *conn = open_many(argument);
    int code = hdb_busy_timeout(conn, 60000);
    for (int i = 0; code == HDB_OK && i < ROUNDS; i++) {
        code = hdb_exec(conn, "UPDATE total SET n = n + 1; INSERT INTO seen(note) VALUES (hex(randomblob(8)))", -1);
        if (code != HDB_OK)
            print_error("%s\n", hdb_errmsg(conn));
    }
    hdb_close(conn);
    return (void *)(intptr_t)code;
}

static void add_at_once(const char *dsn, void *(*add_some)(void *dsn)) {
    pthread_t threads[WRITERS];
    hdb_conn *conn = open_many(dsn);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE total(n); INSERT INTO total VALUES (0);"
                                   "CREATE TABLE seen(id INTEGER PRIMARY KEY, note UNIQUE)", -1));
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_some, (void *)dsn), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *code = NULL;
        pthread_join(threads[i], &code);
        assert_int_equal((intptr_t)code, HDB_OK);
    }
    assert_int_equal(query_int64(conn, "SELECT n FROM total"), WRITERS * ROUNDS);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM seen"), WRITERS * ROUNDS);
    assert_int_equal(as_another_client(dsn, "SELECT count(*) FROM seen"), WRITERS * ROUNDS);
    close_ok(conn);
}

static void statements_at_once(const char *dsn) {
    add_at_once(dsn, add);
}

static void autocommit_statements_meet_and_try_again(void **state) {
    (void)state;
    on_postgresql(statements_at_once);
}

static int add_in_a_transaction(hdb_conn *conn) {
    int tries = 0, code;
    do
        code = hdb_exec(conn, "BEGIN; UPDATE total SET n = n + 1; INSERT INTO seen(note) VALUES (hex(randomblob(8))); COMMIT", -1);
    while (code == HDB_BUSY && (code = hdb_transaction_retry(conn, tries++)) == HDB_OK);
    return code;
}

static void *add_in_transactions(void *argument) {
    hdb_conn *conn = open_many(argument);
    int code = HDB_OK;
    for (int i = 0; code == HDB_OK && i < ROUNDS; i++)
        code = add_in_a_transaction(conn);
    if (code != HDB_OK)
        print_error("%s\n", hdb_errmsg(conn));
    hdb_close(conn);
    return (void *)(intptr_t)code;
}

static void transactions_at_once(const char *dsn) {
    add_at_once(dsn, add_in_transactions);
}

static void transactions_that_meet_are_tried_again(void **state) {
    (void)state;
    on_postgresql(transactions_at_once);
}

static void *interrupt_soon(void *conn) {
    support_sleep_ms(20);
    hdb_interrupt(conn);
    return NULL;
}

static void another_try_starts_with_no_transaction_and_can_be_interrupted(void **state) {
    const struct fixture *fixture = *state;
    pthread_t thread;
    int code = HDB_OK;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s", -1));
    assert_ok(conn, hdb_transaction_retry(conn, -1));
    assert_int_equal(hdb_in_transaction(conn), 0);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 0);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, conn), 0);
    while (code == HDB_OK)
        code = hdb_transaction_retry(conn, 100);
    assert_error(conn, HDB_INTERRUPT, HDB_INTERRUPT, "57014", "interrupted");
    pthread_join(thread, NULL);
    close_ok(conn);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused_without_a_server, fixture_setup, fixture_teardown),
        cmocka_unit_test(two_transactions_write_at_once),
        cmocka_unit_test(the_second_writer_of_a_row_is_told_and_has_done_nothing),
        cmocka_unit_test(what_was_read_still_holds_at_commit),
        cmocka_unit_test(who_changes_the_schema_is_alone),
        cmocka_unit_test(clients_that_want_to_be_alone_are),
        cmocka_unit_test(autocommit_statements_meet_and_try_again),
        cmocka_unit_test(transactions_that_meet_are_tried_again),
        cmocka_unit_test_setup_teardown(another_try_starts_with_no_transaction_and_can_be_interrupted, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
