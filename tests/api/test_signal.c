/* SPDX-License-Identifier: Apache-2.0 */
/* hdb_interrupt() from a signal handler, which may come in the middle of anything: SQLite at work, a wait for a lock, a wait
 * for a server's answer, libpq's own calls, malloc(). */
#include "fixture.h"
#include "on_servers.h"
#include "server_clean.h"
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static hdb_conn *volatile interrupted;
static volatile sig_atomic_t signals;

static void on_alarm(int number) {
    (void)number;
    signals++;
    hdb_interrupt(interrupted);
}

/* A signal after `first_us`, then one every `again_us`; 0: none. */
static void set_alarm(long first_us, long again_us) {
    const struct itimerval timer = {.it_interval = {again_us / 1000000, again_us % 1000000},
                                    .it_value = {first_us / 1000000, first_us % 1000000}};
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void handle_alarms(hdb_conn *conn, int flags) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    interrupted = conn;
    signals = 0;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
}

static void ignore_alarms(void) {
    set_alarm(0, 0);
    signal(SIGALRM, SIG_IGN);
}

/* Whether system calls that a signal breaks off go on by themselves must make no difference. */
static const int both_flags[] = {0, SA_RESTART};

static void expect_interrupt(hdb_conn *conn, const char *sql) {
    for (size_t i = 0; i < sizeof both_flags / sizeof *both_flags; i++) {
        long long begin = support_now_ms();
        handle_alarms(conn, both_flags[i]);
        set_alarm(200000, 0);
        assert_int_equal(hdb_exec(conn, sql, -1), HDB_INTERRUPT);
        assert_error(conn, HDB_INTERRUPT, HDB_INTERRUPT, "57014", "interrupted");
        ignore_alarms();
        assert_int_equal(signals, 1);
        assert_true(support_now_ms() - begin < 60000);
        assert_int_equal(query_int64(conn, "SELECT 5"), 5);
    }
}

static const char endless[] = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 4000000000)"
                              " SELECT sum(i) FROM c";

static void a_statement_at_work_ends(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    expect_interrupt(conn, endless);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void expect_wait_ends(const char *dsn) {
    hdb_conn *one = open_server(dsn, NULL, NULL), *two = open_server(dsn, "timeout", "100");
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)", -1));
    expect_interrupt(two, "INSERT INTO t VALUES (2)");
    assert_ok(one, hdb_exec(one, "COMMIT", -1));
    assert_ok(two, hdb_exec(two, "INSERT INTO t VALUES (3)", -1));
    assert_int_equal(as_another_client(dsn, "SELECT count(*) FROM t"), 2);
    assert_int_equal(hdb_close(one), HDB_OK);
    assert_int_equal(hdb_close(two), HDB_OK);
}

static void a_wait_for_the_writer_of_a_server_ends(void **state) {
    (void)state;
    on_every_server(expect_wait_ends);
}

static void expect_answer_ends(const char *dsn) {
    if (!is_postgresql(dsn))
        return; /* HeliosDB Nano has nothing that takes long by itself; tests/wire stalls its answers */
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    expect_interrupt(conn, "SELECT pg_sleep(100::float)");
    assert_int_equal(as_another_client(dsn, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100%' "
                                            "AND state = 'active' AND pid <> pg_backend_pid()"),
                     0);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void a_wait_for_an_answer_ends_and_the_server_is_told(void **state) {
    (void)state;
    on_every_server(expect_answer_ends);
}

/* Thousands of signals in whatever is going on: statements fail or do not, and what they say is so. */
static void write_under_fire(hdb_conn *conn, int count, int longest_us) {
    int64_t kept = 0, unknown = 0;
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", -1));
    handle_alarms(conn, SA_RESTART);
    for (int i = 0; i < count; i++) {
        set_alarm(50 + (long)i * 97 * (longest_us / 3000) % longest_us, longest_us / 4);
        int code = hdb_exec(conn, "BEGIN; INSERT INTO t VALUES (NULL, 'row'); COMMIT", -1);
        set_alarm(0, 0);
        kept += code == HDB_OK;
        unknown += code != HDB_OK && strcmp(hdb_sqlstate(conn), "08007") == 0;
        if (hdb_in_transaction(conn))
            assert_ok(conn, hdb_exec(conn, "ROLLBACK", -1));
    }
    ignore_alarms();
    int64_t there = query_int64(conn, "SELECT count(*) FROM t");
    print_message("%d signals: %lld of %d transactions kept, %lld unknown\n", (int)signals, (long long)kept, count,
                  (long long)unknown);
    assert_in_range(there, kept, kept + unknown);
    assert_int_not_equal(signals, 0);
    assert_int_not_equal(kept, 0);
}

static void transactions_under_fire_tell_the_truth(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    write_under_fire(conn, 300, 3000);
    int64_t differences = -1;
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void fire_at_server(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    write_under_fire(conn, 60, 120000);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void transactions_on_servers_under_fire_tell_the_truth(void **state) {
    (void)state;
    on_every_server(fire_at_server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_statement_at_work_ends),
        TEST(a_wait_for_the_writer_of_a_server_ends),
        TEST(a_wait_for_an_answer_ends_and_the_server_is_told),
        TEST(transactions_under_fire_tell_the_truth),
        TEST(transactions_on_servers_under_fire_tell_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
