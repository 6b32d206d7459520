/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an embedded database: taken in, shared, left for plain SQLite and returned to, lost and rebuilt. */
#include "fixture.h"
#include "support.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static void verify(hdb_conn *conn) {
    int64_t differences = -1;
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
}

static void close_ok(hdb_conn *conn) {
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void rows_are_native_in_the_engine(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(hdb_conn_mode(conn), HDB_MODE_EMBEDDED);
    assert_string_equal(hdb_conn_path(conn), fixture->path);
    assert_ok(conn, hdb_exec(conn,
                             "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, v REAL, b BLOB);"
                             "INSERT INTO t VALUES (1, 'one', 1.5, x'01'), (2, 'two', 2.5, NULL),"
                             " (3, 'odd', 'text', 7);",
                             -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t WHERE name = 'two' AND v = 2.5"), 1);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t WHERE id = 3 AND v IS NULL"), 1);
    assert_ok(conn, hdb_exec(conn, "UPDATE t SET name = 'zwei' WHERE id = 2; DELETE FROM t WHERE id = 1", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t WHERE name = 'zwei'"), 1);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 2);
    verify(conn);
    close_ok(conn);
}

static void what_is_not_committed_is_not_in_the_engine(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2)", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 1);
    assert_ok(conn, hdb_exec(conn, "COMMIT", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 2);
    close_ok(conn);
}

static void rollback_to_plain_sqlite_and_return(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn,
                             "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE gone(a);"
                             "INSERT INTO t VALUES (1, 'ours'), (2, 'ours'), (3, 'ours'); PRAGMA user_version = 5",
                             -1));
    close_ok(conn);
    assert_int_equal(fixture_sqlite_int64(fixture->path, "SELECT count(*) FROM t"), 3);
    assert_int_equal(fixture_sqlite_int64(fixture->path,
                                          "INSERT INTO t VALUES (4, 'theirs'); UPDATE t SET v = 'changed' WHERE id = 2;"
                                          "DELETE FROM t WHERE id = 1; CREATE TABLE u(x); INSERT INTO u VALUES (7);"
                                          "DROP TABLE gone; ALTER TABLE t ADD COLUMN w DEFAULT 9;"
                                          "PRAGMA user_version = 6; SELECT count(*) FROM t"),
                     3);
    conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t WHERE (id, v) IN"
                                       " (VALUES (2, 'changed'), (3, 'ours'), (4, 'theirs')) AND w = 9"),
                     3);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 3);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t WHERE v = 'theirs' AND id = 4"), 1);
    assert_int_equal(query_int64(conn, "PRAGMA user_version"), 6);
    verify(conn);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t(v) VALUES ('ours again')", -1));
    close_ok(conn);
    /* Nothing of it lives in the file alone. */
    support_remove_replica(fixture->path);
    conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 4);
    assert_int_equal(query_int64(conn, "SELECT x FROM u"), 7);
    assert_int_equal(query_int64(conn, "PRAGMA user_version"), 6);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM sqlite_master WHERE name = 'gone'"), 0);
    verify(conn);
    close_ok(conn);
    assert_int_equal(fixture_sqlite_int64(fixture->path, "SELECT count(*) FROM t"), 4);
}

static void plain_sqlite_reads_while_it_is_open(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_int_equal(fixture_sqlite_int64(fixture->path, "SELECT count(*) FROM t"), 1);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (2)", -1));
    assert_int_equal(fixture_sqlite_int64(fixture->path, "SELECT count(*) FROM t"), 2);
    close_ok(conn);
}

static void deleted_replica(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn,
                             "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, v);"
                             "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)"
                             " INSERT INTO t(v) SELECT 'row ' || i FROM c;"
                             "DELETE FROM t WHERE id > 19000;",
                             -1));
    close_ok(conn);
    support_remove_replica(fixture->path);
    conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 19000);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t(v) VALUES ('next')", -1));
    assert_int_equal(hdb_last_insert_rowid(conn), 20001);
    verify(conn);
    close_ok(conn);
}

static void existing_file_is_taken_in(void **state) {
    struct fixture *fixture = *state;
    fixture_sqlite_int64(fixture->path,
                         "PRAGMA journal_mode = DELETE;"
                         "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b REAL, c BLOB, d);"
                         "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000)"
                         " INSERT INTO t SELECT i, 'text ' || i, i / 3.0, zeroblob(i % 50), CASE i % 3 WHEN 0 THEN i"
                         " WHEN 1 THEN 'x' || i END FROM c;"
                         "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w VALUES ('a', 1), ('b', 2);"
                         "CREATE TABLE log(what); CREATE INDEX ta ON t(a); CREATE VIEW v AS SELECT id FROM t;"
                         "CREATE TRIGGER tr AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.id); END;"
                         "PRAGMA user_version = 42; PRAGMA application_id = 99");
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM v"), 5000);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 5000);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM w"), 2);
    verify(conn);
    assert_ok(conn, hdb_exec(conn, "DELETE FROM t WHERE id = 77", -1));
    close_ok(conn);
    support_remove_replica(fixture->path);
    conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 4999);
    assert_int_equal(query_int64(conn, "SELECT what FROM log"), 77);
    assert_int_equal(query_int64(conn, "PRAGMA user_version"), 42);
    assert_int_equal(query_int64(conn, "PRAGMA application_id"), 99);
    assert_int_equal(query_int64(conn, "SELECT sum(length(c)) FROM t"),
                     query_int64(conn, "SELECT sum(id % 50) FROM t"));
    close_ok(conn);
}

static void two_connections(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *one = fixture_open(fixture->path), *two = fixture_open(fixture->path);
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_int_equal(query_int64(two, "SELECT count(*) FROM t"), 1);
    assert_ok(two, hdb_exec(two, "INSERT INTO t VALUES (2)", -1));
    assert_int_equal(query_int64(one, "SELECT count(*) FROM t"), 2);
    assert_int_equal(fixture_engine_int64(one, "SELECT count(*) FROM t"), 2);
    close_ok(one);
    assert_ok(two, hdb_exec(two, "INSERT INTO t VALUES (3)", -1));
    assert_int_equal(fixture_engine_int64(two, "SELECT count(*) FROM t"), 3);
    close_ok(two);
}

enum { ROWS_OF_A_PROCESS = 200 };

/* Runs in a child that has not used the library before. */
static int insert_rows(const char *path, int process) {
    hdb_conn *conn = NULL;
    hdb_stmt *stmt = NULL;
    int code = hdb_connect(path, NULL, &conn);
    hdb_busy_timeout(conn, 20000);
    if (code == HDB_OK)
        code = hdb_prepare(conn, "INSERT INTO t(process, n) VALUES (?, ?)", -1, &stmt, NULL);
    for (int i = 0; i < ROWS_OF_A_PROCESS && code == HDB_OK; i++) {
        hdb_bind_int64(stmt, 1, process);
        hdb_bind_int64(stmt, 2, i);
        code = hdb_execute(stmt) == HDB_DONE ? HDB_OK : hdb_errcode(conn);
    }
    if (code != HDB_OK)
        print_error("process %d: %s\n", process, hdb_errmsg(conn));
    hdb_finalize(stmt);
    hdb_close(conn);
    return code;
}

static int make_table(const char *path, int process) {
    hdb_conn *conn = NULL;
    int code = hdb_connect(path, NULL, &conn);
    (void)process;
    if (code == HDB_OK)
        code = hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, process, n)", -1);
    hdb_close(conn);
    return code;
}

static pid_t start_child(int (*role)(const char *, int), const char *path, int process) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(role(path, process));
    return pid;
}

static void expect_success(pid_t pid) {
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void processes_share_one_database(void **state) {
    enum { PROCESSES = 3 };
    struct fixture *fixture = *state;
    pid_t pids[PROCESSES];
    setenv("HELIOSDB_LINGER", "0", 1);
    expect_success(start_child(make_table, fixture->path, 0));
    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start_child(insert_rows, fixture->path, i);
    for (int i = 0; i < PROCESSES; i++)
        expect_success(pids[i]);
    unsetenv("HELIOSDB_LINGER");
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(DISTINCT process * 1000 + n) FROM t"),
                     PROCESSES * ROWS_OF_A_PROCESS);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), PROCESSES * ROWS_OF_A_PROCESS);
    verify(conn);
    close_ok(conn);
}

static int commit_many(const char *path, int process) {
    char sql[100];
    hdb_conn *conn = fixture_open(path);
    snprintf(sql, sizeof sql, "INSERT INTO t(process) VALUES (%d)", process);
    int code = hdb_exec(conn, "PRAGMA synchronous = OFF", -1);
    hdb_busy_timeout(conn, 60000);
    for (int i = 0; code == HDB_OK && i < ROWS_OF_A_PROCESS; i++)
        code = hdb_exec(conn, sql, -1);
    if (code != HDB_OK)
        print_error("process %d: %s\n", process, hdb_errmsg(conn));
    return hdb_close(conn) == HDB_OK ? code : HDB_ERROR;
}

/* ThreadSanitizer ends a forked child that starts a thread whose id was one of its parent's. */
static void skip_where_children_may_have_no_threads(void) {
#ifdef __SANITIZE_THREAD__
    print_message("ThreadSanitizer does not let a forked child start threads\n");
    skip();
#endif
}

static void who_closes_beside_others_has_brought_its_rows_to_the_tables(void **state) {
    struct fixture *fixture = *state;
    const char *dsn = NULL;
    skip_where_children_may_have_no_threads();
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, process, n)", -1));
    assert_ok(conn, hdb_engine_dsn(conn, &dsn));
    expect_success(start_child(commit_many, fixture->path, 0));
    PGconn *link = PQconnectdb(dsn);
    PGresult *result = PQexec(link, "SELECT count(*) FROM t");
    assert_int_equal(PQntuples(result), 1);
    assert_int_equal(atoi(PQgetvalue(result, 0, 0)), ROWS_OF_A_PROCESS);
    PQclear(result);
    PQfinish(link);
    close_ok(conn);
}

/* Their parent has the same database open, and goes on. */
static void forked_children_open_connections_of_their_own(void **state) {
    enum { CHILDREN = 3 };
    struct fixture *fixture = *state;
    pid_t pids[CHILDREN];
    int64_t differences = -1;
    skip_where_children_may_have_no_threads();
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, process, n)", -1));
    hdb_busy_timeout(conn, 60000);
    for (int i = 0; i < CHILDREN; i++)
        pids[i] = start_child(commit_many, fixture->path, i + 1);
    for (int i = 0; i < ROWS_OF_A_PROCESS; i++)
        assert_ok(conn, hdb_exec(conn, "INSERT INTO t(process) VALUES (0)", -1));
    for (int i = 0; i < CHILDREN; i++)
        expect_success(pids[i]);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), (CHILDREN + 1) * ROWS_OF_A_PROCESS);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), (CHILDREN + 1) * ROWS_OF_A_PROCESS);
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
    close_ok(conn);
}

static void a_forked_child_may_only_close(void **state) {
    struct fixture *fixture = *state;
    hdb_stmt *stmt = NULL, *other = NULL;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_ok(conn, hdb_prepare(conn, "SELECT a FROM t", -1, &stmt, NULL));
    pid_t pid = fork();
    if (pid == 0) {
        int wrong = hdb_exec(conn, "INSERT INTO t VALUES (2)", -1) != HDB_MISUSE;
        wrong |= (hdb_execute(stmt) != HDB_MISUSE) << 1;
        wrong |= (hdb_fetch_row(stmt) != HDB_MISUSE) << 2;
        wrong |= (hdb_prepare(conn, "SELECT 1", -1, &other, NULL) != HDB_MISUSE) << 3;
        wrong |= (hdb_flush(conn) != HDB_MISUSE) << 4;
        wrong |= (hdb_errcode(conn) != HDB_MISUSE || !strstr(hdb_errmsg(conn), "fork()")) << 5;
        wrong |= (hdb_reset(stmt) != HDB_OK || hdb_finalize(stmt) != HDB_OK) << 6;
        hdb_close(conn);
        _exit(wrong);
    }
    expect_success(pid);
    assert_int_equal(hdb_execute(stmt), HDB_ROW);
    hdb_finalize(stmt);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (3)", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 2);
    close_ok(conn);
}

static void closing_rolls_back(void **state) {
    struct fixture *fixture = *state;
    hdb_stmt *stmt = NULL;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)", -1));
    assert_ok(conn, hdb_exec(conn, "BEGIN; INSERT INTO t VALUES (3); CREATE TABLE u(a)", -1));
    assert_ok(conn, hdb_prepare(conn, "SELECT a FROM t", -1, &stmt, NULL));
    assert_int_equal(hdb_execute(stmt), HDB_ROW);
    close_ok(conn);
    conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 2);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM sqlite_master"), 1);
    verify(conn);
    close_ok(conn);
}

static void tell_engine(const char *dsn, const char *sql) {
    PGconn *link = PQconnectdb(dsn);
    PGresult *result = PQexec(link, sql);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    PQfinish(link);
}

/* The engine's table of y is taken away for a while, so that applying stops behind the change of the schema. */
static void what_came_before_a_change_of_the_schema_is_not_applied_again(void **state) {
    struct fixture *fixture = *state;
    char *lock = support_format("%s-heliosdb/apply.lock", fixture->path);
    const char *told = NULL;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE x(a); CREATE TABLE y(a)", -1));
    assert_ok(conn, hdb_flush(conn));
    assert_ok(conn, hdb_engine_dsn(conn, &told));
    char *dsn = strdup(told);
    tell_engine(dsn, "DROP TABLE y");
    int fd = open(lock, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO x VALUES (1); DROP TABLE x; INSERT INTO y VALUES (2)", -1));
    close(fd);
    assert_int_equal(hdb_flush(conn), HDB_ERROR);
    assert_non_null(strstr(hdb_errmsg(conn), "'y'"));
    tell_engine(dsn, "CREATE TABLE y (\"_hdb_rowid\" BIGINT PRIMARY KEY, a TEXT, \"_hdb_odd\" TEXT)");
    assert_ok(conn, hdb_flush(conn));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM y"), 1);
    verify(conn);
    close_ok(conn);
    free(dsn);
    free(lock);
}

static void *interrupt_soon(void *conn) {
    support_sleep_ms(200);
    hdb_interrupt(conn);
    return NULL;
}

static void interrupt_from_a_thread(void **state) {
    struct fixture *fixture = *state;
    pthread_t thread;
    hdb_conn *conn = fixture_open(fixture->path);
    long long begin = support_now_ms();
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, conn), 0);
    int code = hdb_exec(conn,
                        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 4000000000)"
                        " SELECT sum(i) FROM c",
                        -1);
    pthread_join(thread, NULL);
    assert_int_equal(code, HDB_INTERRUPT);
    assert_error(conn, HDB_INTERRUPT, HDB_INTERRUPT, "57014", "interrupted");
    assert_true(support_now_ms() - begin < 60000);
    assert_int_equal(query_int64(conn, "SELECT 5"), 5);
    close_ok(conn);
}

/* An interrupt that came when nothing was at work is for nothing, not for what is next to wait for the engine. */
static void a_late_interrupt_is_for_nothing(void **state) {
    hdb_config *config = fixture_config("memory", "engine");
    hdb_conn *conn = NULL;
    (void)state;
    assert_int_equal(hdb_connect(":memory:", config, &conn), HDB_OK);
    hdb_config_destroy(config);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 100000)"
                                   " SELECT i FROM c", -1));
    assert_ok(conn, hdb_interrupt(conn));
    assert_ok(conn, hdb_flush(conn)); /* waits for the rows */
    close_ok(conn);
}

static void a_locked_database_is_waited_for(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *one = fixture_open(fixture->path), *two = fixture_open(fixture->path);
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)", -1));
    assert_ok(two, hdb_busy_timeout(two, 300));
    long long begin = support_now_ms();
    assert_int_equal(hdb_exec(two, "INSERT INTO t VALUES (2)", -1), HDB_BUSY);
    long long waited = support_now_ms() - begin;
    assert_error(two, HDB_BUSY, HDB_BUSY, "55P03", "database is locked");
    assert_true(waited >= 200 && waited < 5000);
    assert_ok(two, hdb_busy_timeout(two, 0));
    assert_int_equal(hdb_exec(two, "BEGIN IMMEDIATE", -1), HDB_BUSY);
    assert_int_equal(hdb_in_transaction(two), 0);
    assert_ok(one, hdb_exec(one, "COMMIT", -1));
    assert_ok(two, hdb_exec(two, "INSERT INTO t VALUES (2)", -1));
    assert_int_equal(query_int64(one, "SELECT count(*) FROM t"), 2);
    close_ok(one);
    close_ok(two);
}

static void expect_lane(hdb_conn *conn, const char *sql, const char *lane) {
    const char *text = NULL;
    assert_ok(conn, hdb_explain(conn, sql, -1, &text));
    assert_non_null(text);
    char *line = support_format("lane: %s\n", lane);
    if (!strstr(text, line) || !strstr(text, "why: "))
        print_error("%s: %s", sql, text);
    assert_non_null(strstr(text, line));
    assert_non_null(strstr(text, "why: "));
    free(line);
}

static void explain_names_the_lane(void **state) {
    struct fixture *fixture = *state;
    const char *text = NULL;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, d TEXT)", -1));
    expect_lane(conn, "SELECT * FROM t", "replica");
    expect_lane(conn, "INSERT INTO t(d) VALUES (?)", "commit");
    expect_lane(conn, "CREATE TABLE u(a)", "commit");
    expect_lane(conn, "PRAGMA foreign_keys = ON", "session");
    expect_lane(conn, "SELECT TO_CHAR(TIMESTAMP '2024-05-06 07:08:09', 'YYYY')", "engine");
    assert_int_equal(hdb_explain(conn, "SELECT * FROM missing", -1, &text), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "42P01", "no such table: missing");
    /* Nothing was done. */
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 0);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM sqlite_master"), 1);
    close_ok(conn);
}

static void statements_only_the_engine_knows(void **state) {
    struct fixture *fixture = *state;
    hdb_stmt *stmt = NULL;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v REAL)", -1));
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (1, 2.5)", -1));
    assert_ok(conn, hdb_prepare(conn, "SELECT TO_CHAR(TIMESTAMP '2024-05-06 07:08:09', 'YYYY-MM') AS m, v FROM t"
                                      " WHERE id = ?",
                                -1, &stmt, NULL));
    assert_int_equal(hdb_bind_parameter_count(stmt), 1);
    assert_ok(conn, hdb_bind_int64(stmt, 1, 1));
    assert_int_equal(hdb_execute(stmt), HDB_ROW);
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_string_equal(hdb_column_name(stmt, 0), "m");
    assert_string_equal(hdb_column_text(stmt, 0), "2024-05");
    assert_int_equal(hdb_column_type(stmt, 1), HDB_TYPE_FLOAT);
    assert_true(hdb_column_double(stmt, 1) == 2.5);
    assert_int_equal(hdb_fetch_row(stmt), HDB_DONE);
    hdb_finalize(stmt);
    close_ok(conn);
}

static void memory_databases_need_no_engine(void **state) {
    (void)state;
    hdb_conn *conn = fixture_open(":memory:"), *other = fixture_open("");
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)", -1));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 2);
    assert_int_equal(query_int64(other, "SELECT count(*) FROM sqlite_master"), 0);
    assert_string_equal(hdb_conn_path(conn), "");
    close_ok(conn);
    close_ok(other);
}

static void memory_database_with_an_engine(void **state) {
    (void)state;
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config("memory", "engine");
    int code = hdb_connect(":memory:", config, &conn);
    hdb_config_destroy(config);
    assert_ok(conn, code);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a INT, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y')", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 2);
    verify(conn);
    close_ok(conn);
}

static void read_only_connection(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    close_ok(conn);
    hdb_config *config = fixture_config("open", "ro");
    assert_ok(conn, hdb_connect(fixture->path, config, &conn));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 1);
    assert_int_equal(hdb_exec(conn, "INSERT INTO t VALUES (2)", -1), HDB_READONLY);
    assert_error(conn, HDB_READONLY, HDB_READONLY, "25006", "attempt to write a readonly database");
    close_ok(conn);
    hdb_config_set(config, "open", "rw");
    char *missing = support_format("%s-missing", fixture->path);
    assert_int_equal(hdb_connect(missing, config, &conn), HDB_CANTOPEN);
    hdb_close(conn);
    assert_int_not_equal(access(missing, F_OK), 0);
    free(missing);
    hdb_config_destroy(config);
}

static void a_file_deleted_while_it_is_open_is_not_opened_beside_it(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *first = fixture_open(fixture->path), *second = NULL;
    hdb_config *config = fixture_config(NULL, NULL);
    assert_ok(first, hdb_exec(first, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(hdb_connect(fixture->path, config, &second), HDB_CANTOPEN);
    assert_error(second, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "was deleted or replaced while it is open");
    hdb_close(second);
    hdb_config_destroy(config);
    assert_ok(first, hdb_exec(first, "INSERT INTO t VALUES (2)", -1)); /* the engine gets it */
    hdb_close(first);
    first = fixture_open(fixture->path);
    assert_int_equal(query_int64(first, "SELECT count(*) FROM t"), 2);
    verify(first);
    close_ok(first);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(rows_are_native_in_the_engine),
        TEST(a_file_deleted_while_it_is_open_is_not_opened_beside_it),
        TEST(what_is_not_committed_is_not_in_the_engine),
        TEST(rollback_to_plain_sqlite_and_return),
        TEST(plain_sqlite_reads_while_it_is_open),
        TEST(deleted_replica),
        TEST(existing_file_is_taken_in),
        TEST(two_connections),
        TEST(processes_share_one_database),
        TEST(who_closes_beside_others_has_brought_its_rows_to_the_tables),
        TEST(forked_children_open_connections_of_their_own),
        TEST(a_forked_child_may_only_close),
        TEST(closing_rolls_back),
        TEST(what_came_before_a_change_of_the_schema_is_not_applied_again),
        TEST(interrupt_from_a_thread),
        TEST(a_late_interrupt_is_for_nothing),
        TEST(a_locked_database_is_waited_for),
        TEST(explain_names_the_lane),
        TEST(statements_only_the_engine_knows),
        TEST(memory_databases_need_no_engine),
        TEST(memory_database_with_an_engine),
        TEST(read_only_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
