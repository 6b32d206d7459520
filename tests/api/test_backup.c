/* SPDX-License-Identifier: Apache-2.0 */
/* Backup, serialize and deserialize: into and out of databases that an engine keeps, against plain SQLite files. */
#include "fixture.h"
#include "server_clean.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const schema =
    "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a, b TEXT UNIQUE);"
    "CREATE TABLE w(k TEXT, n INT, v, PRIMARY KEY (k, n)) WITHOUT ROWID;"
    "CREATE INDEX ta ON t(a); CREATE VIEW tv AS SELECT a FROM t WHERE a > 1;"
    "CREATE TRIGGER tt AFTER DELETE ON t BEGIN INSERT INTO w VALUES ('deleted', old.id, old.a); END;";
static const char *const rows =
    "INSERT INTO t(a, b) VALUES (1, 'one'), (2.5, 'two'), (x'00ff', 'three'), (NULL, NULL), ('x', 'four');"
    "DELETE FROM t WHERE id = 5; INSERT INTO w VALUES ('k', 1, 1.0), ('k', 2, 'text'); PRAGMA user_version = 7";
static const char *const check =
    "SELECT (SELECT count(*) FROM t) * 1000000 + (SELECT count(*) FROM w) * 100000 +"
    " (SELECT seq FROM sqlite_sequence WHERE name = 't') * 10000 + (SELECT count(*) FROM sqlite_master) * 100 +"
    " (SELECT count(*) FROM t WHERE typeof(a) = 'blob') * 10 + (SELECT user_version FROM pragma_user_version)";

static int64_t checked(hdb_conn *conn) {
    return query_int64(conn, check);
}

static hdb_conn *open_with(const char *path, const char *key, const char *value) {
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config(key, value);
    int code = hdb_connect(path, config, &conn);
    hdb_config_destroy(config);
    assert_ok(conn, code);
    return conn;
}

static hdb_conn *open_plain(const char *path) {
    hdb_conn *conn = open_with(path, "mode", "plain");
    assert_int_equal(hdb_conn_mode(conn), HDB_MODE_PLAIN);
    return conn;
}

static void fill(hdb_conn *conn) {
    assert_ok(conn, hdb_exec(conn, schema, -1));
    assert_ok(conn, hdb_exec(conn, rows, -1));
}

static void back_up(hdb_conn *to, hdb_conn *from, int pages) {
    hdb_backup *backup = NULL;
    int code = HDB_OK, steps = 0;
    assert_ok(to, hdb_backup_init(to, "main", from, "main", &backup));
    while ((code = hdb_backup_step(backup, pages)) == HDB_OK)
        assert_true(++steps < 10000);
    if (code != HDB_DONE)
        print_error("%d: %s\n", code, hdb_errmsg(to));
    assert_int_equal(code, HDB_DONE);
    assert_int_equal(hdb_backup_remaining(backup), 0);
    assert_ok(to, hdb_backup_finish(backup));
}

static void assert_same_as_engine(hdb_conn *conn) {
    int64_t differences = -1;
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
}

/* The engine alone must be able to give everything back. */
static void rebuild(const char *path) {
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char *name = support_format("%s%s", path, endings[i]);
        unlink(name);
        free(name);
    }
}

static void out_of_a_database(void **state) {
    struct fixture *fixture = *state;
    char *copy = support_format("%s/copy.db", fixture->directory);
    hdb_conn *conn = fixture_open(fixture->path);
    fill(conn);
    int64_t expected = checked(conn);
    hdb_conn *plain = open_plain(copy);
    back_up(plain, conn, -1);
    assert_int_equal(checked(plain), expected);
    assert_int_equal(hdb_close(plain), HDB_OK);
    assert_int_equal(fixture_sqlite_int64(copy, check), expected);
    char *engine = support_format("%s-heliosdb", copy);
    assert_int_not_equal(access(engine, F_OK), 0); /* a plain file gets no engine */
    assert_int_equal(hdb_close(conn), HDB_OK);
    free(engine);
    free(copy);
}

static void into_a_database(void **state) {
    struct fixture *fixture = *state;
    char *copy = support_format("%s/copy.db", fixture->directory);
    hdb_conn *plain = open_plain(copy);
    fill(plain);
    int64_t expected = checked(plain);
    for (int pages = 1; pages >= -1; pages -= 2) {
        hdb_conn *conn = fixture_open(fixture->path), *other = fixture_open(fixture->path);
        assert_ok(conn, hdb_exec(conn, "CREATE TABLE IF NOT EXISTS old(a); INSERT INTO old VALUES (1); PRAGMA user_version = 1", -1));
        assert_ok(other, hdb_exec(other, "INSERT INTO old VALUES (2)", -1));
        back_up(conn, plain, pages);
        assert_int_equal(checked(conn), expected);
        assert_int_equal(checked(other), expected);
        assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 4);
        assert_same_as_engine(conn);
        /* It goes on as a database: the sequence, the trigger. */
        assert_ok(other, hdb_exec(other, "BEGIN; INSERT INTO t(a) VALUES (9); ROLLBACK", -1));
        assert_int_equal(hdb_close(other), HDB_OK);
        assert_int_equal(hdb_close(conn), HDB_OK);
        rebuild(fixture->path);
        conn = fixture_open(fixture->path);
        assert_int_equal(checked(conn), expected);
        assert_same_as_engine(conn);
        assert_ok(conn, hdb_exec(conn, "DROP TRIGGER tt; DROP VIEW tv; DELETE FROM w", -1));
        assert_int_equal(hdb_close(conn), HDB_OK);
    }
    assert_int_equal(hdb_close(plain), HDB_OK);
    free(copy);
}

static void between_databases(void **state) {
    struct fixture *fixture = *state;
    char *copy = support_format("%s/copy.db", fixture->directory);
    hdb_conn *from = fixture_open(fixture->path), *to = fixture_open(copy);
    fill(from);
    back_up(to, from, 2);
    assert_int_equal(checked(to), checked(from));
    assert_same_as_engine(to);
    assert_same_as_engine(from);
    /* An empty database empties; one in memory serves as well. */
    hdb_conn *memory = fixture_open(":memory:");
    back_up(to, memory, 1);
    assert_int_equal(query_int64(to, "SELECT count(*) FROM sqlite_master"), 0);
    assert_int_equal(query_int64(to, "PRAGMA user_version"), 0);
    assert_same_as_engine(to);
    back_up(memory, from, -1);
    assert_int_equal(checked(memory), checked(from));
    assert_int_equal(hdb_close(memory), HDB_OK);
    assert_int_equal(hdb_close(from), HDB_OK);
    assert_int_equal(hdb_close(to), HDB_OK);
    free(copy);
}

static void pages_of_another_size(void **state) {
    struct fixture *fixture = *state;
    char *copy = support_format("%s/copy.db", fixture->directory);
    hdb_conn *plain = open_plain(copy), *conn = fixture_open(fixture->path);
    assert_ok(plain, hdb_exec(plain, "PRAGMA page_size = 1024", -1));
    fill(plain);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE old(a)", -1));
    back_up(conn, plain, 1);
    assert_int_equal(checked(conn), checked(plain));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM sqlite_master WHERE name = 'old'"), 0);
    assert_same_as_engine(conn);
    assert_int_equal(hdb_close(plain), HDB_OK);
    assert_int_equal(hdb_close(conn), HDB_OK);
    free(copy);
}

/* Given up halfway, or refused: the destination is as before, in file and engine. */
static void given_up(void **state) {
    struct fixture *fixture = *state;
    char *copy = support_format("%s/copy.db", fixture->directory);
    hdb_backup *backup = NULL;
    hdb_conn *plain = open_plain(copy), *conn = fixture_open(fixture->path);
    hdb_config *config = fixture_config("timeout", "0.1");
    hdb_conn *other = NULL;
    int code = hdb_connect(fixture->path, config, &other);
    hdb_config_destroy(config);
    assert_ok(other, code);
    fill(plain);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE old(a); INSERT INTO old VALUES (1)", -1));
    assert_ok(conn, hdb_backup_init(conn, "main", plain, "main", &backup));
    assert_int_equal(hdb_backup_step(backup, 1), HDB_OK);
    assert_true(hdb_backup_remaining(backup) > 0);
    assert_int_equal(hdb_backup_pagecount(backup), hdb_backup_remaining(backup) + 1);
    assert_int_equal(query_int64(other, "SELECT a FROM old"), 1);
    assert_int_equal(hdb_exec(other, "INSERT INTO old VALUES (2)", -1), HDB_BUSY);
    assert_ok(conn, hdb_backup_finish(backup));
    assert_int_equal(query_int64(conn, "SELECT a FROM old"), 1);
    assert_ok(other, hdb_exec(other, "INSERT INTO old VALUES (2)", -1));
    assert_same_as_engine(conn);

    /* A writer is in the way: wait, and go on. */
    assert_ok(other, hdb_exec(other, "BEGIN IMMEDIATE", -1));
    assert_ok(conn, hdb_busy_timeout(conn, 50));
    assert_ok(conn, hdb_backup_init(conn, "main", plain, "main", &backup));
    assert_int_equal(hdb_backup_step(backup, -1), HDB_BUSY);
    assert_ok(other, hdb_exec(other, "ROLLBACK", -1));
    assert_int_equal(hdb_backup_step(backup, -1), HDB_DONE);
    assert_int_equal(hdb_backup_step(backup, -1), HDB_DONE);
    assert_ok(conn, hdb_backup_finish(backup));
    assert_int_equal(checked(conn), checked(plain));
    assert_same_as_engine(conn);

    /* A connection that goes away takes its backup with it. */
    assert_ok(conn, hdb_backup_init(plain, "main", conn, "main", &backup));
    assert_int_equal(hdb_close(other), HDB_OK);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_backup_step(backup, 1), HDB_ABORT);
    assert_int_equal(hdb_backup_finish(backup), HDB_ABORT);
    assert_int_equal(hdb_close(plain), HDB_OK);
    free(copy);
}

static void what_is_refused(void **state) {
    struct fixture *fixture = *state;
    hdb_backup *backup = NULL;
    const char *dsn = NULL;
    char *copy = support_format("%s/copy.db", fixture->directory);
    hdb_conn *conn = fixture_open(fixture->path), *plain = open_plain(copy);
    assert_int_equal(hdb_backup_init(conn, "main", conn, "main", &backup), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "HY000", "source and destination must be distinct");
    assert_null(backup);
    assert_int_equal(hdb_backup_init(conn, "main", plain, "elsewhere", &backup), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "HY000", "unknown database elsewhere");
    assert_ok(conn, hdb_exec(conn, "BEGIN; SELECT * FROM sqlite_master", -1));
    assert_int_equal(hdb_backup_init(conn, "main", plain, "main", &backup), HDB_ERROR);
    assert_error(conn, HDB_ERROR, HDB_ERROR, "HY000", "destination database is in use");
    assert_ok(conn, hdb_exec(conn, "ROLLBACK", -1));
    assert_int_equal(hdb_backup_init(NULL, "main", plain, "main", &backup), HDB_MISUSE);
    assert_int_equal(hdb_backup_step(NULL, 1), HDB_MISUSE);
    assert_int_equal(hdb_backup_finish(NULL), HDB_OK);
    assert_int_equal(hdb_engine_dsn(plain, &dsn), HDB_NOTSUPPORTED);
    assert_error(plain, HDB_NOTSUPPORTED, HDB_NOTSUPPORTED, "0A000", "mode=plain has no engine");
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_close(plain), HDB_OK);
    free(copy);
}

static void memory_with_an_engine(void **state) {
    hdb_conn *conn = open_with(":memory:", "memory", "engine"), *plain = open_plain(":memory:");
    void *bytes = NULL;
    int64_t size = 0;
    (void)state;
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE old(a); INSERT INTO old VALUES (1)", -1));
    fill(plain);
    back_up(conn, plain, 1);
    assert_int_equal(checked(conn), checked(plain));
    assert_same_as_engine(conn);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 4);
    assert_ok(plain, hdb_exec(plain, "INSERT INTO t(a) VALUES (9)", -1));
    assert_ok(plain, hdb_serialize(plain, NULL, &bytes, &size));
    assert_ok(conn, hdb_deserialize(conn, "main", bytes, size));
    assert_int_equal(checked(conn), checked(plain));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 5);
    assert_same_as_engine(conn);
    hdb_free(bytes);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_close(plain), HDB_OK);
}

static void serialize_and_back(void **state) {
    struct fixture *fixture = *state;
    char *copy = support_format("%s/copy.db", fixture->directory);
    void *bytes = NULL, *none = NULL;
    int64_t size = 0;
    hdb_conn *conn = fixture_open(fixture->path), *other = fixture_open(fixture->path);
    fill(conn);
    int64_t expected = checked(conn);
    assert_ok(conn, hdb_serialize(conn, "main", &bytes, &size));
    assert_int_equal(size, query_int64(conn, "SELECT page_size * page_count FROM pragma_page_size, pragma_page_count"));
    /* They are a file of SQLite's. */
    FILE *file = fopen(copy, "wb");
    assert_int_equal(fwrite(bytes, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    assert_int_equal(fixture_sqlite_int64(copy, check), expected);

    /* Only this connection turns away from the file. */
    assert_ok(conn, hdb_exec(conn, "DELETE FROM w", -1));
    assert_ok(conn, hdb_deserialize(conn, NULL, bytes, size));
    assert_int_equal(checked(conn), expected);
    assert_string_equal(hdb_conn_path(conn), "");
    assert_int_equal(query_int64(other, "SELECT count(*) FROM w"), 0);
    assert_ok(conn, hdb_exec(conn, "DROP TABLE w; INSERT INTO t(a) VALUES (1)", -1));
    assert_int_equal(query_int64(other, "SELECT count(*) FROM t"), 4);
    assert_same_as_engine(other);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(hdb_serialize(other, "nowhere", &none, &size), HDB_ERROR);
    assert_error(other, HDB_ERROR, HDB_ERROR, "HY000", "unknown database nowhere");
    assert_ok(other, hdb_exec(other, "BEGIN IMMEDIATE", -1));
    assert_int_equal(hdb_deserialize(other, NULL, bytes, size), HDB_BUSY);
    assert_ok(other, hdb_exec(other, "ROLLBACK", -1));
    hdb_free(bytes);
    hdb_free(NULL);
    assert_ok(other, hdb_deserialize(other, NULL, "not a database at all, but long enough to look like one", 55));
    assert_int_equal(hdb_exec(other, "SELECT * FROM sqlite_master", -1), HDB_NOTADB);
    assert_int_equal(hdb_close(other), HDB_OK);
    free(copy);
}

static void serve(const char *dsn) {
    void *bytes = NULL;
    int64_t size = 0;
    hdb_conn *server = open_with(dsn, NULL, NULL), *second = open_with(dsn, NULL, NULL), *plain = open_plain(":memory:");
    fill(server);
    int64_t expected = checked(server);
    back_up(plain, server, 1);
    assert_int_equal(checked(plain), expected);
    assert_ok(server, hdb_serialize(server, "main", &bytes, &size));
    assert_ok(plain, hdb_exec(plain, "DELETE FROM t WHERE id < 3; CREATE TABLE n(a); INSERT INTO n VALUES (5)", -1));
    int64_t changed = checked(plain);
    assert_true(changed != expected);
    back_up(server, plain, 2);
    assert_int_equal(checked(server), changed);
    assert_int_equal(checked(second), changed);
    assert_int_equal(query_int64(second, "SELECT a FROM n"), 5);
    /* It writes on as before. */
    assert_ok(second, hdb_exec(second, "INSERT INTO n VALUES (6)", -1));
    assert_int_equal(query_int64(server, "SELECT sum(a) FROM n"), 11);
    assert_ok(server, hdb_deserialize(server, "main", bytes, size));
    assert_int_equal(checked(server), expected);
    assert_ok(server, hdb_exec(server, "DELETE FROM w", -1));
    assert_int_equal(query_int64(second, "SELECT sum(a) FROM n"), 11);
    hdb_free(bytes);
    assert_int_equal(hdb_close(server), HDB_OK);
    assert_int_equal(hdb_close(second), HDB_OK);
    assert_int_equal(hdb_close(plain), HDB_OK);
}

static void in_and_out_of_servers(void **state) {
    static const char *const variables[] = {"HELIOSDB_TEST_DSN_HELIOSDB", "HELIOSDB_TEST_DSN_POSTGRESQL"};
    int count = 0;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *dsn = getenv(variables[i]);
        if (!dsn)
            continue;
        assert_true(server_clean(dsn));
        serve(dsn);
        assert_true(server_clean(dsn));
        count++;
    }
    if (count == 0) {
        print_message("no DSN of a server in the environment\n");
        skip();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(out_of_a_database, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(into_a_database, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(between_databases, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(pages_of_another_size, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(given_up, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(memory_with_an_engine, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(serialize_and_back, fixture_setup, fixture_teardown),
        cmocka_unit_test(in_and_out_of_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
