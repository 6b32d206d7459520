/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: each with connections of its own to one database, many with one connection, and those that come and go. Run under
 * ThreadSanitizer it tells what the counts here can't. */
#include "fixture.h"
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, ROUNDS = 12 };

/* What a thread is given, and what it has to tell: an assertion of cmocka's ends the thread of the test only. */
struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    const char *path;
    hdb_conn *shared;
    int number;
    int kept;          /* rows whose commit was acknowledged */
    char failure[256]; /* "" if there was none */
};

/* Notes what went wrong first. */
static bool check(struct worker *worker, hdb_conn *conn, bool holds, const char *what) {
    if (!holds && !*worker->failure)
        snprintf(worker->failure, sizeof worker->failure, "%s: %s", what, conn ? hdb_errmsg(conn) : "no connection");
    return holds;
}

static bool run(struct worker *worker, hdb_conn *conn, const char *sql) {
    return check(worker, conn, hdb_exec(conn, sql, -1) == HDB_OK, sql);
}

static hdb_conn *open_own(struct worker *worker) {
    hdb_conn *conn = NULL;
    hdb_config *config = hdb_config_create();
    bool set = config && hdb_config_set(config, "linger", "0") == HDB_OK &&
               hdb_config_set(config, "notices", "off") == HDB_OK && hdb_config_set(config, "timeout", "120000") == HDB_OK;
    check(worker, conn, set, "the configuration");
    check(worker, conn, hdb_connect(worker->path, config, &conn) == HDB_OK, "hdb_connect");
    hdb_config_destroy(config);
    return conn;
}

/* Runs a function in every worker at once and waits for all; `meanwhile` runs here, NULL: nothing. Returns the rows kept. */
static int run_workers(struct worker *workers, const char *path, hdb_conn *shared, void *(*body)(void *),
                       void (*meanwhile)(hdb_conn *shared, const char *path)) {
    pthread_barrier_t start;
    int kept = 0, failures = 0;
    pthread_barrier_init(&start, NULL, WORKERS + 1);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.start = &start, .path = path, .shared = shared, .number = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, body, &workers[i]), 0);
    }
    pthread_barrier_wait(&start);
    if (meanwhile)
        meanwhile(shared, path);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        kept += workers[i].kept;
        if (*workers[i].failure)
            print_error("thread %d: %s\n", i, workers[i].failure);
        failures += *workers[i].failure != '\0';
    }
    pthread_barrier_destroy(&start);
    assert_int_equal(failures, 0);
    return kept;
}

static hdb_conn *open_with_table(const char *path) {
    hdb_conn *conn = fixture_open(path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, worker INTEGER, v TEXT)", -1));
    return conn;
}

/* Every row that was acknowledged is there, in the file and in the engine. */
static void audit_and_close(hdb_conn *conn, int rows) {
    int64_t differences = -1;
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), rows);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), rows);
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

/* --- connections of their own --- */

static void insert_in_transactions(struct worker *worker, hdb_conn *conn) {
    char sql[160];
    for (int i = 0; i < ROUNDS && !*worker->failure; i++) {
        snprintf(sql, sizeof sql,
                 "BEGIN IMMEDIATE; INSERT INTO t(worker, v) VALUES (%d, 'first'); INSERT INTO t(worker, v) VALUES (%d, 'second');"
                 " COMMIT",
                 worker->number, worker->number);
        if (run(worker, conn, sql))
            worker->kept += 2;
        if (i % 4 == 0)
            run(worker, conn, "SELECT count(*), max(v) FROM t");
    }
}

static void *with_a_connection(void *context) {
    struct worker *worker = context;
    hdb_conn *conn = open_own(worker);
    pthread_barrier_wait(worker->start);
    insert_in_transactions(worker, conn);
    check(worker, NULL, hdb_close(conn) == HDB_OK, "hdb_close");
    return NULL;
}

static void threads_with_connections_of_their_own_keep_every_row(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[WORKERS];
    hdb_conn *conn = open_with_table(fixture->path);
    int kept = run_workers(workers, fixture->path, NULL, with_a_connection, NULL);
    assert_int_equal(kept, WORKERS * ROUNDS * 2);
    audit_and_close(conn, kept);
}

static void *first_of_all(void *context) {
    struct worker *worker = context;
    const char *dsn = NULL;
    pthread_barrier_wait(worker->start);
    hdb_conn *conn = open_own(worker);
    run(worker, conn, "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, worker INTEGER, v TEXT)");
    check(worker, conn, hdb_engine_dsn(conn, &dsn) == HDB_OK && dsn && strstr(dsn, "host="), "hdb_engine_dsn");
    if (run(worker, conn, "INSERT INTO t(v) VALUES ('first')"))
        worker->kept++;
    check(worker, NULL, hdb_close(conn) == HDB_OK, "hdb_close");
    return NULL;
}

static void threads_that_open_a_new_database_at_once_share_it(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[WORKERS];
    int kept = run_workers(workers, fixture->path, NULL, first_of_all, NULL);
    assert_int_equal(kept, WORKERS);
    audit_and_close(fixture_open(fixture->path), kept);
}

static void *come_and_go(void *context) {
    struct worker *worker = context;
    pthread_barrier_wait(worker->start);
    for (int i = 0; i < 4 && !*worker->failure; i++) {
        hdb_conn *conn = open_own(worker);
        if (run(worker, conn, "INSERT INTO t(v) VALUES ('passing')"))
            worker->kept++;
        run(worker, conn, "SELECT count(*) FROM t");
        check(worker, NULL, hdb_close(conn) == HDB_OK, "hdb_close");
    }
    return NULL;
}

static int written_meanwhile;

static void write_meanwhile(hdb_conn *conn, const char *path) {
    (void)path;
    for (written_meanwhile = 0; written_meanwhile < 40; written_meanwhile++)
        assert_ok(conn, hdb_exec(conn, "INSERT INTO t(v) VALUES ('staying')", -1));
}

static void connections_open_and_close_while_another_writes(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[WORKERS];
    hdb_conn *conn = open_with_table(fixture->path);
    assert_ok(conn, hdb_busy_timeout(conn, 120000));
    int kept = run_workers(workers, fixture->path, conn, come_and_go, write_meanwhile);
    assert_int_equal(kept, WORKERS * 4);
    audit_and_close(conn, kept + written_meanwhile);
}

static void connections_open_and_close_with_nobody_to_stay(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[WORKERS];
    assert_int_equal(hdb_close(open_with_table(fixture->path)), HDB_OK);
    int kept = run_workers(workers, fixture->path, NULL, come_and_go, NULL);
    audit_and_close(fixture_open(fixture->path), kept);
}

static void kill_the_engine(hdb_conn *shared, const char *path) {
    (void)shared;
    pid_t engine = 0;
    char *directory = support_format("%s-heliosdb", path);
    support_sleep_ms(50);
    assert_true(support_find_processes(directory, "heliosdb-nano", &engine, 1) >= 1);
    assert_int_equal(kill(engine, SIGKILL), 0);
    free(directory);
}

static void an_engine_killed_under_threads_loses_no_row(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[WORKERS];
    hdb_conn *conn = open_with_table(fixture->path);
    int kept = run_workers(workers, fixture->path, NULL, with_a_connection, kill_the_engine);
    assert_int_equal(kept, WORKERS * ROUNDS * 2);
    audit_and_close(conn, kept);
}

/* --- one connection --- */

static void *with_the_shared_one(void *context) {
    struct worker *worker = context;
    hdb_conn *conn = worker->shared;
    hdb_stmt *insert = NULL, *count = NULL;
    int64_t before = 0;
    pthread_barrier_wait(worker->start);
    check(worker, conn, hdb_prepare(conn, "INSERT INTO t(worker, v) VALUES (?, ?)", -1, &insert, NULL) == HDB_OK, "prepare");
    check(worker, conn, hdb_prepare(conn, "SELECT count(*) FROM t WHERE worker = ?", -1, &count, NULL) == HDB_OK, "prepare");
    for (int i = 0; i < ROUNDS && !*worker->failure; i++) {
        check(worker, conn, hdb_bind_int64(insert, 1, worker->number) == HDB_OK, "bind");
        check(worker, conn, hdb_bind_text(insert, 2, "shared", -1) == HDB_OK, "bind");
        if (check(worker, conn, hdb_execute(insert) == HDB_DONE, "insert"))
            worker->kept++;
        hdb_reset(insert);
        hdb_bind_int64(count, 1, worker->number);
        check(worker, conn, hdb_fetch_row(count) == HDB_ROW && hdb_column_int64(count, 0) == i + 1, "rows of this thread");
        hdb_reset(count);
        /* They are of some thread's statement, but whole. */
        check(worker, conn, hdb_changes(conn) <= 1 && hdb_total_changes(conn) >= before, "the counts of changes");
        before = hdb_total_changes(conn);
        check(worker, conn, hdb_last_insert_rowid(conn) > 0 && hdb_in_transaction(conn) >= 0, "the state");
    }
    hdb_finalize(insert);
    hdb_finalize(count);
    return NULL;
}

static void threads_share_one_connection(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[WORKERS];
    hdb_conn *conn = open_with_table(fixture->path);
    int kept = run_workers(workers, fixture->path, conn, with_the_shared_one, NULL);
    assert_int_equal(kept, WORKERS * ROUNDS);
    audit_and_close(conn, kept);
}

static void *be_interrupted(void *context) {
    struct worker *worker = context;
    hdb_conn *conn = worker->shared;
    pthread_barrier_wait(worker->start);
    for (int i = 0; i < ROUNDS && !*worker->failure; i++) {
        int rc = hdb_exec(conn, "INSERT INTO t(v) VALUES ('kept if it was acknowledged')", -1);
        worker->kept += rc == HDB_OK;
        check(worker, conn, rc == HDB_OK || rc == HDB_INTERRUPT, "insert");
        rc = hdb_exec(conn,
                      "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000) SELECT sum(i) FROM c", -1);
        check(worker, conn, rc == HDB_OK || rc == HDB_INTERRUPT, "select");
        rc = hdb_flush(conn);
        check(worker, conn, rc == HDB_OK || rc == HDB_INTERRUPT, "hdb_flush");
    }
    return NULL;
}

static void interrupt_often(hdb_conn *shared, const char *path) {
    (void)path;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(hdb_interrupt(shared), HDB_OK);
        hdb_is_interrupted(shared);
        support_sleep_ms(2);
    }
}

static void what_is_interrupted_from_another_thread_is_kept_or_not(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[WORKERS];
    hdb_conn *conn = open_with_table(fixture->path);
    int kept = run_workers(workers, fixture->path, conn, be_interrupted, interrupt_often);
    /* The last interrupt may have come when nothing ran. */
    assert_int_equal(query_int64(conn, "SELECT 1"), 1);
    audit_and_close(conn, kept);
}

/* --- fork --- */

static void fork_meanwhile(hdb_conn *shared, const char *path) {
    (void)path;
    for (int i = 0; i < 5; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0)
            _exit(hdb_exec(shared, "SELECT 1", -1) == HDB_MISUSE && hdb_close(shared) == HDB_OK ? 0 : 1);
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        support_sleep_ms(10);
    }
}

static void a_child_forked_while_threads_work_may_close(void **state) {
    struct fixture *fixture = *state;
    struct worker workers[WORKERS];
    hdb_conn *conn = open_with_table(fixture->path);
    int kept = run_workers(workers, fixture->path, conn, with_the_shared_one, fork_meanwhile);
    assert_int_equal(kept, WORKERS * ROUNDS);
    audit_and_close(conn, kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        TEST(threads_with_connections_of_their_own_keep_every_row),
        TEST(threads_that_open_a_new_database_at_once_share_it),
        TEST(connections_open_and_close_while_another_writes),
        TEST(connections_open_and_close_with_nobody_to_stay),
        TEST(an_engine_killed_under_threads_loses_no_row),
        TEST(threads_share_one_connection),
        TEST(what_is_interrupted_from_another_thread_is_kept_or_not),
        TEST(a_child_forked_while_threads_work_may_close),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
