/* SPDX-License-Identifier: Apache-2.0 */
/* coherence=sdk: two hosts are two directories, each with a replica file of the same server. */
#include "on_servers.h"
#include "server_clean.h"
#include "support.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct hosts {
    const char *dsn;
    char *directories[2], *paths[2];
};

static struct hosts make_hosts(const char *dsn) {
    struct hosts hosts = {.dsn = dsn};
    for (int i = 0; i < 2; i++) {
        hosts.directories[i] = support_make_directory("host");
        hosts.paths[i] = support_format("%s/app.db", hosts.directories[i]);
    }
    return hosts;
}

static void remove_hosts(struct hosts *hosts) {
    for (int i = 0; i < 2; i++) {
        support_remove_directory(hosts->directories[i]);
        free(hosts->directories[i]);
        free(hosts->paths[i]);
    }
}

static int try_host(const struct hosts *hosts, int which, hdb_conn **out) {
    hdb_config *config = fixture_config("coherence", "sdk");
    hdb_config_set(config, "mode", "daemon");
    hdb_config_set(config, "dsn", hosts->dsn);
    hdb_config_set(config, "timeout", "30");
    int code = hdb_connect(hosts->paths[which], config, out);
    hdb_config_destroy(config);
    return code;
}

static hdb_conn *open_host(const struct hosts *hosts, int which) {
    hdb_conn *conn = NULL;
    int code = try_host(hosts, which, &conn);
    assert_ok(conn, code);
    return conn;
}

static void expect_same(hdb_conn *conn) {
    int64_t differences = -1;
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
}

static void copy_file(const char *from, const char *to) {
    char *command = support_format("cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
    free(command);
}

static void follow_each_other(const char *dsn) {
    struct hosts hosts = make_hosts(dsn);
    hdb_conn *a = open_host(&hosts, 0), *b = open_host(&hosts, 1);
    assert_ok(a, hdb_exec(a, "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a')", -1));
    assert_int_equal(query_int64(b, "SELECT v = 'a' FROM t"), 1);
    assert_ok(b, hdb_exec(b, "INSERT INTO t(v) VALUES ('b'); CREATE TABLE u(x)", -1));
    assert_ok(a, hdb_exec(a, "INSERT INTO u SELECT count(*) FROM t", -1));
    assert_int_equal(query_int64(b, "SELECT x FROM u"), 2);
    assert_ok(b, hdb_exec(b, "ALTER TABLE u ADD COLUMN y DEFAULT 7; CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE u SET y = y + 1; END", -1));
    assert_ok(a, hdb_exec(a, "INSERT INTO t(v) VALUES ('c')", -1));
    assert_int_equal(query_int64(b, "SELECT y FROM u"), 8);
    /* A transaction keeps what it has read; it can't write on that. */
    assert_ok(a, hdb_exec(a, "BEGIN", -1));
    assert_int_equal(query_int64(a, "SELECT count(*) FROM t"), 3);
    assert_ok(b, hdb_exec(b, "DELETE FROM t WHERE id = 2", -1));
    assert_int_equal(query_int64(a, "SELECT count(*) FROM t"), 3);
    assert_int_equal(hdb_exec(a, "UPDATE t SET v = 'lost'", -1), HDB_BUSY);
    assert_int_equal(hdb_extended_errcode(a), 517);
    assert_ok(a, hdb_exec(a, "ROLLBACK", -1));
    assert_int_equal(query_int64(a, "SELECT count(*) FROM t"), 2);
    /* A client without a replica, and its statements that go directly, are seen too. */
    hdb_conn *strict = open_server(dsn, NULL, NULL);
    assert_ok(strict, hdb_exec(strict, "INSERT INTO t(id, v) VALUES (10, 'strict')", -1));
    assert_int_equal(query_int64(a, "SELECT count(*) FROM t WHERE id = 10"), 1);
    assert_ok(a, hdb_exec(a, "UPDATE t SET v = 'sdk' WHERE id = 10", -1));
    assert_int_equal(query_int64(strict, "SELECT v = 'sdk' FROM t WHERE id = 10"), 1);
    assert_int_equal(hdb_close(strict), HDB_OK);
    assert_ok(a, hdb_exec(a, "CREATE TABLE w(x); INSERT INTO w VALUES (1), (2), (3); DELETE FROM w WHERE x = 1; VACUUM", -1));
    assert_ok(a, hdb_exec(a, "UPDATE w SET x = x * 10 WHERE rowid = 3", -1));
    assert_int_equal(query_int64(b, "SELECT sum(x) FROM w"), 32);
    expect_same(a);
    expect_same(b);
    assert_int_equal(hdb_close(a), HDB_OK);
    assert_int_equal(hdb_close(b), HDB_OK);
    remove_hosts(&hosts);
}

/* A program that holds the file makes a write fail, and nobody else's. */
static void hold_the_file(const char *dsn) {
    struct hosts hosts = make_hosts(dsn);
    hdb_conn *a = open_host(&hosts, 0), *b = open_host(&hosts, 1);
    sqlite3 *holder = NULL;
    assert_ok(a, hdb_exec(a, "CREATE TABLE t(x)", -1));
    assert_ok(a, hdb_busy_timeout(a, 100));
    assert_int_equal(sqlite3_open(hosts.paths[0], &holder), SQLITE_OK);
    assert_int_equal(sqlite3_exec(holder, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(hdb_exec(a, "INSERT INTO t VALUES (1)", -1), HDB_BUSY);
    assert_int_equal(hdb_exec(a, "BEGIN IMMEDIATE", -1), HDB_BUSY);
    assert_ok(b, hdb_exec(b, "INSERT INTO t VALUES (2)", -1));
    assert_int_equal(sqlite3_close(holder), SQLITE_OK);
    assert_ok(a, hdb_exec(a, "INSERT INTO t VALUES (3)", -1));
    assert_int_equal(query_int64(b, "SELECT sum(x) FROM t"), 5);
    assert_int_equal(hdb_close(a), HDB_OK);
    assert_int_equal(hdb_close(b), HDB_OK);
    remove_hosts(&hosts);
}

static void a_held_file_holds_up_its_host_alone(void **state) {
    (void)state;
    on_every_server(hold_the_file);
}

static void hosts_follow_each_other(void **state) {
    (void)state;
    on_every_server(follow_each_other);
}

enum { ROUNDS = 25 };

static pid_t start_counter(const struct hosts *hosts, int which, int rounds) {
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    hdb_conn *conn = NULL;
    bool done = try_host(hosts, which, &conn) == HDB_OK;
    for (int i = 0; done && i != rounds; i++) {
        done = hdb_exec(conn, "BEGIN IMMEDIATE; UPDATE n SET v = v + 1; INSERT INTO log(v) SELECT v FROM n; COMMIT", -1) == HDB_OK;
        if (!done)
            print_error("%s\n", hdb_errmsg(conn));
    }
    hdb_close(conn);
    _exit(done ? 0 : 1);
}

static void count_together(const char *dsn) {
    struct hosts hosts = make_hosts(dsn);
    hdb_conn *a = open_host(&hosts, 0);
    assert_ok(a, hdb_exec(a, "CREATE TABLE n(v); INSERT INTO n VALUES (0); CREATE TABLE log(v)", -1));
    assert_int_equal(hdb_close(a), HDB_OK);
    pid_t pids[3] = {start_counter(&hosts, 0, ROUNDS), start_counter(&hosts, 1, ROUNDS), start_counter(&hosts, 1, ROUNDS)};
    for (int i = 0; i < 3; i++) {
        int status = 0;
        waitpid(pids[i], &status, 0);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < 2; i++) {
        hdb_conn *conn = open_host(&hosts, i);
        assert_int_equal(query_int64(conn, "SELECT v FROM n"), 3 * ROUNDS);
        assert_int_equal(query_int64(conn, "SELECT count(DISTINCT v) FROM log"), 3 * ROUNDS);
        expect_same(conn);
        assert_int_equal(hdb_close(conn), HDB_OK);
    }
    remove_hosts(&hosts);
}

static void writers_take_turns(void **state) {
    (void)state;
    on_every_server(count_together);
}

static void kill_writers(const char *dsn) {
    struct hosts hosts = make_hosts(dsn);
    hdb_conn *a = open_host(&hosts, 0);
    assert_ok(a, hdb_exec(a, "CREATE TABLE n(v); INSERT INTO n VALUES (0); CREATE TABLE log(v)", -1));
    for (int i = 0; i < 8; i++) {
        int status = 0;
        pid_t pid = start_counter(&hosts, i % 2, -1);
        usleep((useconds_t)(50000 + 23000 * i));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        assert_int_equal(query_int64(a, "SELECT v = (SELECT count(*) FROM log) FROM n"), 1);
        expect_same(a);
        hdb_conn *b = open_host(&hosts, 1);
        expect_same(b);
        assert_int_equal(hdb_close(b), HDB_OK);
    }
    assert_int_equal(hdb_close(a), HDB_OK);
    remove_hosts(&hosts);
}

static void killed_writers_leave_whole_commits(void **state) {
    (void)state;
    on_every_server(kill_writers);
}

/* Gone, an older copy, behind the log's end, of another server, and no replica at all. */
static void find_replicas(const char *dsn) {
    enum { MORE_THAN_THE_LOG_KEEPS = 1100 };
    struct hosts hosts = make_hosts(dsn);
    hdb_conn *a = open_host(&hosts, 0), *b = open_host(&hosts, 1);
    char *older = support_format("%s/older.db", hosts.directories[1]);
    assert_ok(a, hdb_exec(a, "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a')", -1));
    assert_int_equal(query_int64(b, "SELECT count(*) FROM t"), 1);
    assert_int_equal(hdb_close(b), HDB_OK);
    copy_file(hosts.paths[1], older);
    assert_int_equal(unlink(hosts.paths[1]), 0);
    b = open_host(&hosts, 1);
    assert_int_equal(query_int64(b, "SELECT count(*) FROM t"), 1);
    assert_ok(b, hdb_exec(b, "INSERT INTO t VALUES (2, 'b')", -1));
    assert_int_equal(hdb_close(b), HDB_OK);
    copy_file(older, hosts.paths[1]);
    b = open_host(&hosts, 1);
    assert_int_equal(query_int64(b, "SELECT count(*) FROM t"), 2);
    expect_same(b);
    assert_int_equal(hdb_close(b), HDB_OK);
    for (int i = 0; i < MORE_THAN_THE_LOG_KEEPS; i++)
        assert_ok(a, hdb_exec(a, "UPDATE t SET v = coalesce(v + 1, 1) WHERE id = 1", -1));
    b = open_host(&hosts, 1);
    assert_int_equal(query_int64(b, "SELECT v FROM t WHERE id = 1"), MORE_THAN_THE_LOG_KEEPS);
    expect_same(b);
    assert_int_equal(hdb_close(a), HDB_OK);
    assert_int_equal(hdb_close(b), HDB_OK);
    /* The server was emptied: what the files hold is of another life. */
    assert_true(server_clean(dsn));
    a = open_host(&hosts, 0);
    assert_int_equal(query_int64(a, "SELECT count(*) FROM sqlite_master"), 0);
    assert_ok(a, hdb_exec(a, "CREATE TABLE other(x)", -1));
    b = open_host(&hosts, 1);
    assert_int_equal(query_int64(b, "SELECT count(*) FROM sqlite_master WHERE name = 'other'"), 1);
    expect_same(b);
    assert_int_equal(hdb_close(a), HDB_OK);
    assert_int_equal(hdb_close(b), HDB_OK);
    free(hosts.paths[1]);
    hosts.paths[1] = support_format("%s/mine.db", hosts.directories[1]);
    fixture_sqlite_int64(hosts.paths[1], "CREATE TABLE mine(x); INSERT INTO mine VALUES (1); SELECT x FROM mine");
    assert_int_equal(try_host(&hosts, 1, &b), HDB_CANTOPEN);
    assert_non_null(strstr(hdb_errmsg(b), "no replica of a server"));
    hdb_close(b);
    assert_int_equal(fixture_sqlite_int64(hosts.paths[1], "SELECT x FROM mine"), 1);
    free(older);
    remove_hosts(&hosts);
}

static void any_replica_is_brought_up_to_date(void **state) {
    (void)state;
    on_every_server(find_replicas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_follow_each_other),
        cmocka_unit_test(a_held_file_holds_up_its_host_alone),
        cmocka_unit_test(writers_take_turns),
        cmocka_unit_test(killed_writers_leave_whole_commits),
        cmocka_unit_test(any_replica_is_brought_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
