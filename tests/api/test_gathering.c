/* SPDX-License-Identifier: Apache-2.0 */
/* What many commits have changed comes to the engine's own tables together. */
#include "fixture.h"
#include "support.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMITS = 200, REST_MS = 15 /* between two gatherings */, FEW = 4 /* rows that come one by one */ };

static void exec(hdb_conn *conn, const char *sql) {
    assert_ok(conn, hdb_exec(conn, sql, -1));
}

static hdb_conn *open_with_table(const char *path) {
    hdb_conn *conn = fixture_open(path);
    exec(conn, "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, a TEXT)");
    assert_ok(conn, hdb_flush(conn));
    return conn;
}

/* Keeps every process from applying. */
static int hold_back(const struct fixture *fixture) {
    char *lock = support_format("%s-heliosdb/apply.lock", fixture->path);
    int fd = open(lock, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    free(lock);
    return fd;
}

static void insert_rows(hdb_conn *conn, int count) {
    for (int i = 0; i < count; i++)
        exec(conn, "INSERT INTO t(a) VALUES ('a row')");
}

static void verify(hdb_conn *conn) {
    int64_t different = -1;
    assert_ok(conn, hdb_verify(conn, &different));
    assert_int_equal(different, 0);
}

/* A client of the engine that counts the rows of t again and again. */
struct reader {
    PGconn *engine;
    int rows;  /* until there are so many */
    int seen;  /* different numbers */
    int count; /* the last one */
};

static struct reader reader_of(hdb_conn *conn, int rows) {
    const char *dsn = NULL;
    assert_ok(conn, hdb_engine_dsn(conn, &dsn));
    struct reader reader = {.engine = PQconnectdb(dsn), .rows = rows};
    assert_int_equal(PQstatus(reader.engine), CONNECTION_OK);
    return reader;
}

static void *watch(void *context) {
    struct reader *reader = context;
    long long end = support_now_ms() + 60000;
    while (reader->count < reader->rows && support_now_ms() < end) {
        PGresult *result = PQexec(reader->engine, "SELECT count(*) FROM t");
        int count = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : -1;
        reader->seen += count != reader->count;
        reader->count = count;
        PQclear(result);
    }
    PQfinish(reader->engine);
    return NULL;
}

/* Lets go what was held back. */
static void expect_at_once(hdb_conn *conn, int lock) {
    struct reader reader = reader_of(conn, COMMITS);
    close(lock);
    watch(&reader);
    assert_int_equal(reader.count, COMMITS);
    assert_int_equal(reader.seen, 1);
    verify(conn);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void rows_of_many_commits_appear_at_once(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = open_with_table(fixture->path);
    int lock = hold_back(fixture);
    insert_rows(conn, COMMITS);
    expect_at_once(conn, lock);
}

static void what_a_killed_process_has_left_appears_at_once(void **state) {
    struct fixture *fixture = *state;
    int status = 0, start[2];
    char byte = 0;
    assert_int_equal(pipe(start), 0);
    pid_t pid = fork();
    if (pid == 0) {
        assert_int_equal(read(start[0], &byte, 1), 1);
        insert_rows(fixture_open(fixture->path), COMMITS);
        raise(SIGKILL);
    }
    hdb_conn *conn = open_with_table(fixture->path);
    int lock = hold_back(fixture);
    assert_int_equal(write(start[1], &byte, 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    expect_at_once(conn, lock);
    close(start[0]);
    close(start[1]);
}

/* Unless they come slowly: then each is brought there at once, or a few of them one by one. */
static void a_steady_load_is_applied_a_few_times_a_second(void **state) {
    struct fixture *fixture = *state;
    enum { ROWS = 1000 };
    pthread_t thread;
    hdb_conn *conn = open_with_table(fixture->path);
    struct reader reader = reader_of(conn, ROWS);
    exec(conn, "PRAGMA synchronous = OFF");
    assert_int_equal(pthread_create(&thread, NULL, watch, &reader), 0);
    long long begin = support_now_ms();
    insert_rows(conn, ROWS);
    long long most = FEW * ((support_now_ms() - begin) / REST_MS + 3);
    pthread_join(thread, NULL); /* without a call that waits for it */
    assert_int_equal(reader.count, ROWS);
    print_message("%d numbers of rows were seen, of up to %lld\n", reader.seen, most);
    assert_true(reader.seen <= most);
    verify(conn);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

/* ?1 is the number. */
static void exec_with(hdb_conn *conn, const char *sql, int number) {
    hdb_stmt *stmt = NULL;
    assert_ok(conn, hdb_prepare(conn, sql, -1, &stmt, NULL));
    assert_ok(conn, hdb_bind_int64(stmt, 1, number));
    if (hdb_execute(stmt) != HDB_DONE)
        fail_msg("%s: %s", sql, hdb_errmsg(conn));
    assert_ok(conn, hdb_finalize(stmt));
}

/* Commits of every kind, of few rows and of some, in tables with every kind of key. */
static void change_something(hdb_conn *conn, int i) {
    static const char *const statements[] = {
        "INSERT INTO t(a) VALUES ('row ' || ?1)",
        "INSERT INTO r VALUES (?1, 1.5)",
        "INSERT OR REPLACE INTO k VALUES ('key ' || (?1 % 11), 'of ' || ?1)",
        "INSERT INTO s(a) VALUES (?1)",
        "UPDATE t SET a = 'changed by ' || ?1 WHERE id % 3 = ?1 % 3",
        "UPDATE r SET rowid = rowid + 1000 WHERE rowid = (SELECT max(rowid) FROM r) - ?1 % 2",
        "DELETE FROM k WHERE a = 'KEY ' || (?1 * 7 % 11)",
        "DELETE FROM t WHERE id = (SELECT min(id) FROM t) + ?1 % 5",
        "UPDATE k SET b = ?1",
        "DELETE FROM s WHERE id = (SELECT max(id) FROM s) OR a = ?1",
    };
    enum { STATEMENTS = sizeof statements / sizeof *statements };
    bool together = i % 7 == 0;
    if (together)
        exec(conn, "BEGIN");
    for (int more = 0; more <= 2 * together; more++)
        exec_with(conn, statements[(i * 7 + i / STATEMENTS + more) % STATEMENTS], i);
    if (together)
        exec(conn, "COMMIT");
    if (i % 60 == 41) {
        char *sql = support_format("ALTER TABLE t ADD COLUMN more_%d DEFAULT 'x'", i);
        exec(conn, sql);
        free(sql);
    }
    if (i % 60 == 59)
        exec(conn, "DROP TABLE r; CREATE TABLE r(a, b); INSERT INTO r SELECT a, id FROM s");
}

static void commits_of_every_kind_leave_in_the_engine_what_they_leave_in_the_file(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = open_with_table(fixture->path);
    exec(conn, "CREATE TABLE r(a, b); CREATE TABLE k(a TEXT PRIMARY KEY COLLATE NOCASE, b) WITHOUT ROWID;"
               "CREATE TABLE s(id INTEGER PRIMARY KEY AUTOINCREMENT, a)");
    for (int round = 0; round < 10; round++) {
        assert_ok(conn, hdb_flush(conn));
        int lock = round % 2 ? hold_back(fixture) : -1;
        for (int i = 0; i < COMMITS; i++)
            change_something(conn, round * COMMITS + i);
        close(lock);
        verify(conn);
    }
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM \"_hdb_sequence\""), 1);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

/* How long it takes to bring commits, each of which changes so many rows far from each other, to the engine. */
static long long change_scattered(hdb_conn *conn, int rows) {
    enum { TIMES = 20 };
    char *sql = support_format("UPDATE t SET a = 'changed' WHERE id IN (SELECT value * 4999 FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,"
                               "13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40]') LIMIT %d)", rows);
    long long begin = support_now_ms();
    for (int i = 0; i < TIMES; i++) {
        exec(conn, sql);
        assert_ok(conn, hdb_flush(conn));
    }
    free(sql);
    return support_now_ms() - begin;
}

static void a_commit_of_scattered_rows_does_not_have_all_between_them_read(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = open_with_table(fixture->path);
    exec(conn, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) INSERT INTO t SELECT i, 'row' FROM n");
    assert_ok(conn, hdb_flush(conn));
    long long few = change_scattered(conn, 32), more = change_scattered(conn, 40);
    print_message("32 rows: %lld ms, 40 rows: %lld ms\n", few, more);
    assert_true(more < 3 * few + 100);
    verify(conn);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(rows_of_many_commits_appear_at_once),
        TEST(what_a_killed_process_has_left_appears_at_once),
        TEST(a_steady_load_is_applied_a_few_times_a_second),
        TEST(commits_of_every_kind_leave_in_the_engine_what_they_leave_in_the_file),
        TEST(a_commit_of_scattered_rows_does_not_have_all_between_them_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
