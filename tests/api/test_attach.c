/* SPDX-License-Identifier: Apache-2.0 */
/* ATTACH of another file: kept by an engine of its own, written to together with the main one, rebuilt by itself. */
#include "fixture.h"
#include "on_servers.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct files {
    struct fixture *fixture;
    char *second, *attach;
};

static int setup(void **state) {
    struct files *files = calloc(1, sizeof *files);
    if (fixture_setup(state) != 0 || !files)
        return -1;
    files->fixture = *state;
    files->second = support_format("%s/second.db", files->fixture->directory);
    files->attach = support_format("ATTACH '%s' AS other", files->second);
    *state = files;
    return 0;
}

static int teardown(void **state) {
    struct files *files = *state;
    *state = files->fixture;
    free(files->second);
    free(files->attach);
    free(files);
    return fixture_teardown(state);
}

static hdb_conn *open_both(const struct files *files) {
    hdb_conn *conn = fixture_open(files->fixture->path);
    assert_ok(conn, hdb_exec(conn, files->attach, -1));
    return conn;
}

static void assert_same_as_engines(hdb_conn *conn) {
    int64_t differences = -1;
    int code = hdb_verify(conn, &differences);
    assert_ok(conn, code);
    assert_int_equal(differences, 0);
}

static void each_has_its_engine(void **state) {
    struct files *files = *state;
    hdb_conn *conn = open_both(files);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); CREATE TABLE other.t(a INTEGER PRIMARY KEY, b);"
                                   "CREATE TABLE other.u(k TEXT PRIMARY KEY, n) WITHOUT ROWID;"
                                   "CREATE TABLE other.s(id INTEGER PRIMARY KEY AUTOINCREMENT);"
                                   "CREATE INDEX other.tb ON t(b); CREATE VIEW other.v AS SELECT b FROM t;"
                                   "INSERT INTO t VALUES (1, 'main'); INSERT INTO other.t VALUES (1, 'other'), (2, 'two');"
                                   "INSERT INTO u VALUES ('k', 1); INSERT INTO s DEFAULT VALUES; DELETE FROM s;"
                                   "UPDATE other.t SET b = 'changed' WHERE a = 1; PRAGMA other.user_version = 5", -1));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t JOIN other.t AS o ON o.a = t.a AND o.b = 'changed'"), 1);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM other.sqlite_master"), 6);
    assert_int_equal(query_int64(conn, "PRAGMA user_version"), 0);
    assert_same_as_engines(conn);
    assert_ok(conn, hdb_exec(conn, "DETACH other", -1));
    assert_int_equal(hdb_exec(conn, "SELECT * FROM u", -1), HDB_ERROR);
    assert_int_equal(hdb_exec(conn, "DETACH other", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "HY000", "no such database: other");
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(fixture_sqlite_int64(files->second, "SELECT count(*) FROM t"), 2);
    support_remove_replica(files->second);
    conn = fixture_open(files->second);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM v WHERE b IN ('changed', 'two')"), 2);
    assert_int_equal(query_int64(conn, "SELECT seq FROM sqlite_sequence"), 1);
    assert_int_equal(query_int64(conn, "PRAGMA user_version"), 5);
    assert_int_equal(hdb_close(conn), HDB_OK);
    /* Rebuilt also when it is attached. */
    support_remove_replica(files->second);
    conn = open_both(files);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM other.t"), 2);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void one_transaction_over_both(void **state) {
    struct files *files = *state;
    hdb_conn *conn = open_both(files), *other = fixture_open(files->second);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); CREATE TABLE other.o(a UNIQUE)", -1));
    assert_ok(conn, hdb_exec(conn, "BEGIN; INSERT INTO t VALUES (1); INSERT INTO o VALUES (1); COMMIT", -1));
    assert_int_equal(query_int64(other, "SELECT count(*) FROM o"), 1);
    assert_ok(conn, hdb_exec(conn, "BEGIN; INSERT INTO t VALUES (2); INSERT INTO o VALUES (2); ROLLBACK", -1));
    assert_ok(conn, hdb_exec(conn, "SAVEPOINT s; INSERT INTO o VALUES (3); SAVEPOINT i; INSERT INTO t VALUES (3); ROLLBACK TO i; RELEASE s", -1));
    assert_int_equal(hdb_exec(conn, "BEGIN; INSERT INTO t VALUES (4); INSERT OR ROLLBACK INTO o VALUES (3)", -1), HDB_CONSTRAINT);
    assert_ok(conn, hdb_exec(conn, "BEGIN; CREATE TABLE n(a); CREATE TABLE other.n(a); INSERT INTO other.n VALUES (1); COMMIT", -1));
    assert_ok(conn, hdb_exec(conn, "BEGIN; DROP TABLE n; DROP TABLE other.n; ROLLBACK", -1));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 1);
    assert_int_equal(query_int64(conn, "SELECT sum(a) FROM o"), 4);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM other.n"), 1);
    assert_same_as_engines(conn);
    /* Nothing is left of the agreement. */
    char *promise = support_format("%s-heliosdb/promise", files->second);
    char *askers = support_format("%s-heliosdb/askers", files->fixture->path);
    assert_int_not_equal(access(promise, F_OK), 0);
    assert_int_not_equal(access(askers, F_OK), 0);
    free(promise);
    free(askers);
    assert_int_equal(hdb_close(other), HDB_OK);
    assert_int_equal(hdb_close(conn), HDB_OK);
    support_remove_replica(files->second);
    support_remove_replica(files->fixture->path);
    conn = open_both(files);
    assert_int_equal(query_int64(conn, "SELECT (SELECT count(*) FROM t) * 100 + (SELECT sum(a) FROM o)"), 104);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

/* A write to one does not wait for a writer of the other. */
static void locks_are_each_ones_own(void **state) {
    struct files *files = *state;
    hdb_conn *conn = open_both(files), *other = fixture_open(files->second);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); CREATE TABLE other.o(a)", -1));
    assert_ok(conn, hdb_busy_timeout(conn, 20));
    assert_ok(other, hdb_exec(other, "BEGIN IMMEDIATE; INSERT INTO o VALUES (1)", -1));
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (1)", -1));
    assert_int_equal(hdb_exec(conn, "INSERT INTO o VALUES (2)", -1), HDB_BUSY);
    assert_ok(conn, hdb_exec(conn, "BEGIN; INSERT INTO t VALUES (2)", -1));
    assert_int_equal(hdb_exec(conn, "INSERT INTO o VALUES (2)", -1), HDB_BUSY);
    assert_ok(other, hdb_exec(other, "COMMIT", -1));
    assert_ok(conn, hdb_exec(conn, "INSERT INTO o VALUES (2); COMMIT", -1));
    assert_int_equal(query_int64(other, "SELECT sum(a) FROM o"), 3);
    assert_int_equal(query_int64(conn, "SELECT sum(a) FROM t"), 3);
    assert_same_as_engines(conn);
    assert_int_equal(hdb_close(other), HDB_OK);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void triggers_and_keys_within_each(void **state) {
    struct files *files = *state;
    hdb_conn *conn = open_both(files);
    assert_ok(conn, hdb_exec(conn, "PRAGMA foreign_keys = ON; CREATE TABLE log(a); CREATE TABLE t(a);"
                                   "CREATE TABLE other.p(id INTEGER PRIMARY KEY);"
                                   "CREATE TABLE other.c(p REFERENCES p ON DELETE CASCADE);"
                                   "CREATE TABLE other.log(a); CREATE TABLE other.far(a);"
                                   "CREATE TRIGGER other.pd AFTER DELETE ON p BEGIN INSERT INTO log VALUES (old.id); END;"
                                   "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END;"
                                   "CREATE TEMP TRIGGER tt AFTER INSERT ON main.t BEGIN INSERT INTO far VALUES (new.a * 100); END;"
                                   "INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1), (1), (2); DELETE FROM p WHERE id = 1;"
                                   "INSERT INTO t VALUES (7)", -1));
    assert_int_equal(hdb_exec(conn, "INSERT INTO c VALUES (9)", -1), HDB_CONSTRAINT);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM c"), 1);
    assert_int_equal(query_int64(conn, "SELECT (SELECT sum(a) FROM other.log) + (SELECT sum(a) FROM far)"), 701);
    assert_int_equal(query_int64(conn, "SELECT sum(a) FROM main.log"), 7);
    assert_same_as_engines(conn);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void names_and_modes(void **state) {
    struct files *files = *state;
    hdb_stmt *stmt = NULL;
    hdb_conn *memory = fixture_open(":memory:");
    hdb_config *config = fixture_config("uri", "1");
    hdb_conn *conn = NULL;
    int code = hdb_connect(files->fixture->path, config, &conn);
    hdb_config_destroy(config);
    assert_ok(conn, code);
    char *uri = support_format("ATTACH 'file:%s?mode=rwc' AS \"a b\"", files->second);
    assert_ok(conn, hdb_exec(conn, uri, -1));
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE \"a b\".o(a); INSERT INTO o VALUES (1); VACUUM \"a b\"", -1));
    assert_same_as_engines(conn);
    assert_int_equal(hdb_exec(conn, uri, -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "HY000", "database a b is already in use");
    assert_ok(conn, hdb_exec(conn, "DETACH \"a b\"; ATTACH ':memory:' AS m; ATTACH '' AS e; CREATE TABLE m.x(a); INSERT INTO m.x VALUES (1)", -1));
    free(uri);
    uri = support_format("ATTACH 'file:%s?mode=ro' AS r", files->second);
    assert_ok(conn, hdb_exec(conn, uri, -1));
    assert_int_equal(query_int64(conn, "SELECT a FROM r.o"), 1);
    assert_int_equal(hdb_exec(conn, "INSERT INTO r.o VALUES (2)", -1), HDB_READONLY);
    free(uri);
    uri = support_format("ATTACH 'file:%s/missing/x.db' AS x", files->fixture->directory);
    assert_int_equal(hdb_exec(conn, uri, -1), HDB_CANTOPEN);
    free(uri);
    assert_int_equal(hdb_close(conn), HDB_OK);

    /* By a parameter, to a database in memory, which no engine keeps; that of the file does. */
    assert_ok(memory, hdb_prepare(memory, "ATTACH ?1 AS f", -1, &stmt, NULL));
    assert_ok(memory, hdb_bind_text(stmt, 1, files->second, -1));
    assert_int_equal(hdb_execute(stmt), HDB_DONE);
    assert_ok(memory, hdb_finalize(stmt));
    assert_ok(memory, hdb_exec(memory, "CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (5); INSERT INTO f.o SELECT a FROM t; COMMIT", -1));
    assert_same_as_engines(memory);
    assert_int_equal(hdb_close(memory), HDB_OK);
    support_remove_replica(files->second);
    conn = fixture_open(files->second);
    assert_int_equal(query_int64(conn, "SELECT sum(a) FROM o"), 6);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void backup_and_deserialize(void **state) {
    struct files *files = *state;
    hdb_backup *backup = NULL;
    void *bytes = NULL;
    int64_t size = 0;
    hdb_conn *conn = open_both(files), *from = fixture_open(":memory:");
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE other.old(a)", -1));
    assert_ok(from, hdb_exec(from, "CREATE TABLE o(a); INSERT INTO o VALUES (1), (2)", -1));
    assert_ok(conn, hdb_backup_init(conn, "other", from, "main", &backup));
    assert_int_equal(hdb_backup_step(backup, -1), HDB_DONE);
    assert_ok(conn, hdb_backup_finish(backup));
    assert_int_equal(query_int64(conn, "SELECT sum(a) FROM other.o"), 3);
    assert_same_as_engines(conn);
    assert_ok(from, hdb_exec(from, "INSERT INTO o VALUES (10)", -1));
    assert_ok(from, hdb_serialize(from, "main", &bytes, &size));
    assert_ok(conn, hdb_deserialize(conn, "other", bytes, size));
    assert_int_equal(query_int64(conn, "SELECT sum(a) FROM other.o"), 13);
    assert_ok(conn, hdb_exec(conn, "DELETE FROM other.o; CREATE TABLE t(a)", -1));
    hdb_free(bytes);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_close(from), HDB_OK);
    assert_int_equal(fixture_sqlite_int64(files->second, "SELECT sum(a) FROM o"), 3);
}

static void refuse(const char *dsn) {
    char *directory = support_make_directory("attach"), *sql = support_format("ATTACH '%s/x.db' AS x", directory);
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    assert_int_equal(hdb_exec(conn, sql, -1), HDB_NOTSUPPORTED);
    assert_error(conn, HDB_NOTSUPPORTED, HDB_NOTSUPPORTED, "0A000", "ATTACH of a file in daemon mode");
    assert_ok(conn, hdb_exec(conn, "ATTACH ':memory:' AS x; CREATE TABLE x.t(a); INSERT INTO x.t VALUES (1)", -1));
    assert_int_equal(query_int64(conn, "SELECT a FROM t"), 1);
    assert_ok(conn, hdb_exec(conn, "DETACH x", -1));
    assert_int_equal(hdb_close(conn), HDB_OK);
    support_remove_directory(directory);
    free(directory);
    free(sql);
}

static void refused_in_daemon_mode(void **state) {
    (void)state;
    on_every_server(refuse);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_has_its_engine, setup, teardown),
        cmocka_unit_test_setup_teardown(one_transaction_over_both, setup, teardown),
        cmocka_unit_test_setup_teardown(locks_are_each_ones_own, setup, teardown),
        cmocka_unit_test_setup_teardown(triggers_and_keys_within_each, setup, teardown),
        cmocka_unit_test_setup_teardown(names_and_modes, setup, teardown),
        cmocka_unit_test_setup_teardown(backup_and_deserialize, setup, teardown),
        cmocka_unit_test(refused_in_daemon_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
