/* SPDX-License-Identifier: Apache-2.0 */
/* Every way in which things go wrong gives an error that can be told apart and understood, and leaves no process. */
#include "fixture.h"
#include "support.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Connects where that must fail; the handle tells why. */
static hdb_conn *fail_to_connect(const char *path, const char *key, const char *value) {
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config(key, value);
    if (strcmp(path, "server") == 0)
        assert_int_equal(hdb_config_set(config, "mode", "daemon"), HDB_OK);
    int code = hdb_connect(path, config, &conn);
    hdb_config_destroy(config);
    assert_non_null(conn);
    assert_int_not_equal(code, HDB_OK);
    assert_int_equal(code & 0xff, hdb_errcode(conn) & 0xff);
    return conn;
}

/* A handle that is not connected refuses everything and can be closed. */
static void close_failed(hdb_conn *conn) {
    hdb_stmt *stmt = NULL;
    assert_int_equal(hdb_prepare(conn, "SELECT 1", -1, &stmt, NULL), HDB_MISUSE);
    assert_null(stmt);
    assert_int_equal(hdb_exec(conn, "SELECT 1", -1), HDB_MISUSE);
    assert_int_equal(hdb_conn_mode(conn), 0);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void missing_engine(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config("engine", "/nonexistent/heliosdb-nano");
    assert_int_equal(hdb_connect(fixture->path, config, &conn), HDB_CANTOPEN);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "/nonexistent/heliosdb-nano");
    hdb_config_destroy(config);
    hdb_close(conn);
    assert_int_not_equal(access(fixture->path, F_OK), 0);
}

static void engine_that_is_no_engine(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config("engine", "/bin/false");
    int code = hdb_connect(fixture->path, config, &conn);
    if (code == HDB_OK)
        code = hdb_exec(conn, "CREATE TABLE t(a)", -1);
    assert_int_equal(code & 0xff, HDB_CANTOPEN);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "engine");
    hdb_config_destroy(config);
    hdb_close(conn);
}

static void unreachable_host(void **state) {
    (void)state;
    long long begin = support_now_ms();
    hdb_conn *conn = fail_to_connect("server", "dsn", "host=127.0.0.1 port=1 user=nobody dbname=none");
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "127.0.0.1");
    close_failed(conn);
    conn = fail_to_connect("server", "dsn", "host=no-such-host.invalid user=nobody dbname=none");
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "no-such-host.invalid");
    close_failed(conn);
    assert_true(support_now_ms() - begin < 60000);
}

static void daemon_mode_without_a_dsn(void **state) {
    (void)state;
    unsetenv("HELIOSDB_DSN");
    hdb_conn *conn = fail_to_connect("server", NULL, NULL);
    assert_error(conn, hdb_errcode(conn) & 0xff, hdb_extended_errcode(conn), hdb_sqlstate(conn), "dsn");
    close_failed(conn);
}

/* A copy of a DSN with another password. */
static char *with_wrong_password(const char *dsn) {
    char *text = NULL, *problem = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    PQconninfoOption *options = PQconninfoParse(dsn, &problem);
    assert_non_null(options);
    for (PQconninfoOption *option = options; option->keyword; option++)
        if (option->val)
            fprintf(out, "%s='%s' ", option->keyword,
                    strcmp(option->keyword, "password") == 0 ? "wrong-word" : option->val);
    fclose(out);
    PQconninfoFree(options);
    return text;
}

static void wrong_password(void **state) {
    struct fixture *fixture = *state;
    const char *dsn = NULL;
    hdb_conn *owner = fixture_open(fixture->path);
    assert_ok(owner, hdb_engine_dsn(owner, &dsn));
    char *wrong = with_wrong_password(dsn);
    hdb_conn *conn = fail_to_connect("server", "dsn", wrong);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "28P01", "password authentication failed");
    assert_null(strstr(hdb_errmsg(conn), "wrong-word"));
    close_failed(conn);
    assert_ok(owner, hdb_close(owner));
    free(wrong);
}

/* Uses up a server's connections, connects once more, and gives them back. */
static void fill_up(const char *dsn) {
    enum { MOST = 500 };
    PGconn *links[MOST];
    int count = 0;
    for (; count < MOST; count++) {
        links[count] = PQconnectdb(dsn);
        if (PQstatus(links[count]) != CONNECTION_OK) {
            PQfinish(links[count]);
            break;
        }
    }
    assert_true(count > 0 && count < MOST);
    hdb_conn *conn = fail_to_connect("server", "dsn", dsn);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, hdb_sqlstate(conn), "connection");
    assert_true(strcmp(hdb_sqlstate(conn), "53300") == 0 || strncmp(hdb_sqlstate(conn), "08", 2) == 0);
    close_failed(conn);
    while (count > 0)
        PQfinish(links[--count]);
}

static void too_many_connections(void **state) {
    const char *heliosdb = getenv("HELIOSDB_TEST_DSN_HELIOSDB"), *postgresql = getenv("HELIOSDB_TEST_DSN_POSTGRESQL");
    (void)state;
    if (!heliosdb && !postgresql) {
        print_message("no DSN of a server in the environment\n");
        skip();
    }
    if (heliosdb)
        fill_up(heliosdb);
    if (postgresql)
        fill_up(postgresql);
}

/* Takes root's right to write everywhere away, so that a directory can be read-only. */
static void drop_override(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) == 0) {
        data[0].effective &= ~((1u << CAP_DAC_OVERRIDE) | (1u << CAP_DAC_READ_SEARCH));
        syscall(SYS_capset, &header, data);
    }
}

static int connect_in_read_only_directory(const char *path) {
    hdb_conn *conn = NULL;
    drop_override();
    int code = hdb_connect(path, NULL, &conn);
    const char *message = hdb_errmsg(conn);
    int right = code == HDB_CANTOPEN && (hdb_extended_errcode(conn) & 0xff) == HDB_CANTOPEN &&
                strcmp(hdb_sqlstate(conn), "08001") == 0 &&
                (strstr(message, "app.db") || strstr(message, "unable to open database file"));
    if (!right)
        print_error("found %d, %s, \"%s\"\n", code, hdb_sqlstate(conn), message);
    hdb_close(conn);
    return right ? 0 : 1;
}

static int in_child(int (*role)(const char *), const char *path) {
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(role(path));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void read_only_directory(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(chmod(fixture->directory, 0555), 0);
    assert_int_equal(in_child(connect_in_read_only_directory, fixture->path), 0);
    assert_int_equal(chmod(fixture->directory, 0755), 0);
}

static void directory_that_is_not_there(void **state) {
    struct fixture *fixture = *state;
    char *path = support_format("%s/no/such/app.db", fixture->directory);
    hdb_conn *conn = fail_to_connect(path, NULL, NULL);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "unable to open database file");
    close_failed(conn);
    free(path);
}

static void file_that_is_no_database(void **state) {
    struct fixture *fixture = *state;
    FILE *file = fopen(fixture->path, "w");
    for (int i = 0; i < 1000; i++)
        fprintf(file, "This is a text file, line %d.\n", i);
    fclose(file);
    hdb_conn *conn = fail_to_connect(fixture->path, NULL, NULL);
    assert_error(conn, HDB_NOTADB, HDB_NOTADB, "XX001", "file is not a database");
    close_failed(conn);
    struct stat info;
    assert_int_equal(stat(fixture->path, &info), 0);
    assert_true(info.st_size > 20000);
}

/* Overwrites the beginning of the file that the engine's storage reads first. */
static void damage_engine(const struct fixture *fixture) {
    char *path = support_format("%s-heliosdb/data/CURRENT", fixture->path);
    int fd = open(path, O_WRONLY | O_TRUNC);
    if (fd < 0)
        perror(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "damaged\n", 8), 8);
    close(fd);
    free(path);
}

static void make_database(const char *path) {
    hdb_conn *conn = fixture_open(path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)", -1));
    assert_ok(conn, hdb_close(conn));
}

static void corrupt_data_directory(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = NULL;
    make_database(fixture->path);
    assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
    damage_engine(fixture);
    hdb_config *config = fixture_config(NULL, NULL);
    int code = hdb_connect(fixture->path, config, &conn);
    if (code == HDB_OK)
        code = hdb_exec(conn, "INSERT INTO t VALUES (3)", -1);
    assert_int_equal(code & 0xff, HDB_CANTOPEN);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "CURRENT");
    hdb_config_destroy(config);
    hdb_close(conn);
    /* What could not be made durable is not in the replica either, and the replica is what it was. */
    assert_int_equal(fixture_sqlite_int64(fixture->path, "SELECT count(*) FROM t"), 2);
}

static void corrupt_data_directory_and_no_replica(void **state) {
    struct fixture *fixture = *state;
    make_database(fixture->path);
    assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
    damage_engine(fixture);
    support_remove_replica(fixture->path);
    hdb_conn *conn = fail_to_connect(fixture->path, NULL, NULL);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "CURRENT");
    close_failed(conn);
}

static void syntax_error(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    hdb_stmt *stmt = NULL;
    assert_int_equal(hdb_prepare(conn, "SELECT 1; SELEC 2", -1, &stmt, NULL), HDB_OK);
    hdb_finalize(stmt);
    assert_int_equal(hdb_prepare(conn, "SELECT 1 FRM t", -1, &stmt, NULL), HDB_ERROR);
    assert_null(stmt);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "42601", "near \"t\": syntax error");
    assert_int_equal(hdb_error_offset(conn), 13);
    assert_int_equal(hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1); UPDAT t", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "42601", "near \"UPDAT\": syntax error");
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 1);
    assert_string_equal(hdb_errmsg(conn), "not an error");
    assert_string_equal(hdb_sqlstate(conn), "");
    assert_ok(conn, hdb_close(conn));
}

static void names_that_are_not_there(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(hdb_exec(conn, "SELECT * FROM missing", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "42P01", "no such table: missing");
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a)", -1));
    assert_int_equal(hdb_exec(conn, "SELECT missing FROM t", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "42703", "no such column: missing");
    assert_int_equal(hdb_exec(conn, "SELECT missing(1)", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "42883", "no such function: missing");
    assert_int_equal(hdb_exec(conn, "CREATE TABLE t(b)", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "42P07", "table t already exists");
    assert_ok(conn, hdb_close(conn));
}

static void constraint_errors(void **state) {
    static const struct {
        const char *sql, *sqlstate, *message;
        int extended;
    } cases[] = {
        {"INSERT INTO t(id, n) VALUES (1, 1)", "23505", "UNIQUE constraint failed: t.id", 1555},
        {"INSERT INTO t(u, n) VALUES (1, 1)", "23505", "UNIQUE constraint failed: t.u", 2067},
        {"INSERT INTO t(n) VALUES (NULL)", "23502", "NOT NULL constraint failed: t.n", 1299},
        {"INSERT INTO t(n, k) VALUES (1, -1)", "23514", "CHECK constraint failed: k > 0", 275},
        {"INSERT INTO t(n, f) VALUES (1, 99)", "23503", "FOREIGN KEY constraint failed", 787},
    };
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn,
                             "PRAGMA foreign_keys = ON;"
                             "CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE, n NOT NULL, k CHECK (k > 0),"
                             " f REFERENCES t(id));"
                             "INSERT INTO t VALUES (1, 1, 1, 1, NULL);",
                             -1));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(hdb_exec(conn, cases[i].sql, -1) & 0xff, HDB_CONSTRAINT);
        assert_error(conn, HDB_CONSTRAINT, cases[i].extended, cases[i].sqlstate, cases[i].message);
    }
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 1);
    assert_ok(conn, hdb_close(conn));
}

static void misuse(void **state) {
    struct fixture *fixture = *state;
    hdb_stmt *stmt = NULL;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(hdb_exec(NULL, "SELECT 1", -1), HDB_MISUSE);
    assert_int_equal(hdb_prepare(NULL, "SELECT 1", -1, &stmt, NULL), HDB_MISUSE);
    assert_int_equal(hdb_execute(NULL), HDB_MISUSE);
    assert_int_equal(hdb_fetch_row(NULL), HDB_MISUSE);
    assert_int_equal(hdb_finalize(NULL), HDB_OK);
    assert_int_equal(hdb_close(NULL), HDB_OK);
    assert_ok(conn, hdb_prepare(conn, "SELECT ?", -1, &stmt, NULL));
    assert_int_equal(hdb_bind_int64(stmt, 2, 1), HDB_RANGE);
    assert_int_equal(hdb_bind_int64(stmt, 0, 1), HDB_RANGE);
    assert_int_equal(hdb_execute(stmt), HDB_ROW);
    assert_int_equal(hdb_bind_int64(stmt, 1, 1), HDB_MISUSE);
    assert_int_equal(hdb_column_type(stmt, 7), HDB_TYPE_NULL);
    assert_null(hdb_column_name(stmt, 7));
    hdb_finalize(stmt);
    assert_ok(conn, hdb_close(conn));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(missing_engine),
        TEST(engine_that_is_no_engine),
        TEST(unreachable_host),
        TEST(daemon_mode_without_a_dsn),
        TEST(wrong_password),
        TEST(too_many_connections),
        TEST(read_only_directory),
        TEST(directory_that_is_not_there),
        TEST(file_that_is_no_database),
        TEST(corrupt_data_directory),
        TEST(corrupt_data_directory_and_no_replica),
        TEST(syntax_error),
        TEST(names_that_are_not_there),
        TEST(constraint_errors),
        TEST(misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
