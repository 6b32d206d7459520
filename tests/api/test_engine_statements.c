/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that only the engine understands: columns, rows and storage classes, with every kind of parameter, in files, in
 * memory and on servers. SQLite can't be the oracle: what is expected is written here. */
#include "on_servers.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Binds by a text: each letter says what comes next. i: int64_t, r: double, t: text, b: blob of 12 bytes, n: NULL. */
static void bind(hdb_conn *conn, hdb_stmt *stmt, const char *kinds, va_list values) {
    for (int i = 1; *kinds; kinds++, i++) {
        if (*kinds == 'i')
            assert_ok(conn, hdb_bind_int64(stmt, i, va_arg(values, int64_t)));
        else if (*kinds == 'r')
            assert_ok(conn, hdb_bind_double(stmt, i, va_arg(values, double)));
        else if (*kinds == 't')
            assert_ok(conn, hdb_bind_text(stmt, i, va_arg(values, const char *), -1));
        else if (*kinds == 'b')
            assert_ok(conn, hdb_bind_blob(stmt, i, va_arg(values, const char *), 12));
        else
            assert_ok(conn, hdb_bind_null(stmt, i));
    }
}

static void tell_cell(FILE *out, hdb_stmt *stmt, int column) {
    switch (hdb_column_type(stmt, column)) {
    case HDB_TYPE_INTEGER:
        fprintf(out, "%lld", (long long)hdb_column_int64(stmt, column));
        break;
    case HDB_TYPE_FLOAT:
        fprintf(out, "%.1f", hdb_column_double(stmt, column));
        break;
    case HDB_TYPE_TEXT:
        fprintf(out, "'%s'", hdb_column_text(stmt, column));
        break;
    case HDB_TYPE_BLOB:
        fprintf(out, "blob of %lld", (long long)hdb_column_bytes(stmt, column));
        break;
    default:
        fputs("NULL", out);
    }
}

/* Runs a statement; gives "name, name | value, value | ...", or the error. */
static char *outcome(hdb_conn *conn, const char *sql, const char *kinds, va_list values) {
    hdb_stmt *stmt = NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int rc = hdb_prepare(conn, sql, -1, &stmt, NULL);
    if (rc == HDB_OK) {
        bind(conn, stmt, kinds, values);
        for (int i = 0; i < hdb_column_count(stmt); i++)
            fprintf(out, "%s%s", i ? ", " : "", hdb_column_name(stmt, i));
        while ((rc = hdb_fetch_row(stmt)) == HDB_ROW) {
            for (int i = 0; i < hdb_column_count(stmt); i++) {
                fputs(i ? ", " : " | ", out);
                tell_cell(out, stmt, i);
            }
        }
    }
    fclose(out);
    if (rc != HDB_DONE) {
        free(text);
        text = support_format("error %d: %s", rc & 0xff, hdb_errmsg(conn));
    }
    hdb_finalize(stmt);
    return text;
}

/* Checks what a statement gives; `expected` is all of it, or ends with * */
static void expect(hdb_conn *conn, const char *expected, const char *sql, const char *kinds, ...) {
    va_list values;
    va_start(values, kinds);
    char *found = outcome(conn, sql, kinds, values);
    va_end(values);
    size_t size = strlen(expected);
    bool open = size > 0 && expected[size - 1] == '*';
    if (open ? strncmp(expected, found, size - 1) != 0 : strcmp(expected, found) != 0) {
        print_error("%s\n  expected: %s\n  found:    %s\n", sql, expected, found);
        fail();
    }
    free(found);
}

static void run(hdb_conn *conn, const char *sql) {
    assert_ok(conn, hdb_exec(conn, sql, -1));
}

/* Runs a test wherever there is an engine. `dsn` NULL: embedded. */
static void (*everywhere)(hdb_conn *conn, const char *dsn);

static void on_server(const char *dsn) {
    hdb_conn *conn = open_server(dsn, NULL, NULL);
    everywhere(conn, dsn);
    assert_ok(conn, hdb_close(conn));
}

/* The engine alone must be able to give everything back. */
static void compare_with_rebuilt(struct fixture *fixture, const char *sql) {
    hdb_conn *conn = fixture_open(fixture->path);
    va_list none;
    memset(&none, 0, sizeof none);
    char *before = outcome(conn, sql, "", none);
    int64_t differences = -1;
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
    assert_ok(conn, hdb_close(conn));
    assert_int_equal(remove(fixture->path), 0);
    conn = fixture_open(fixture->path);
    char *after = outcome(conn, sql, "", none);
    assert_string_equal(before, after);
    assert_ok(conn, hdb_close(conn));
    free(before);
    free(after);
}

static void run_everywhere(void **state, void (*test)(hdb_conn *conn, const char *dsn)) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    test(conn, NULL);
    assert_ok(conn, hdb_close(conn));
    conn = fixture_open(":memory:");
    test(conn, NULL);
    assert_ok(conn, hdb_close(conn));
    everywhere = test;
    on_every_server(on_server);
}

static bool has_postgresql(const char *dsn) {
    return dsn && is_postgresql(dsn);
}

static const char table_t[] = "CREATE TABLE t(id INTEGER PRIMARY KEY, d TEXT, n INTEGER, r REAL);"
                              "INSERT INTO t VALUES (1, '2024-03-05 10:11:12', 5, 2.5), (2, NULL, NULL, NULL), (3, '2023-12-31 00:00:00', 7, -1.0)";

/* --- the functions that the tutorial names */

static void functions(hdb_conn *conn, const char *dsn) {
    bool postgresql = has_postgresql(dsn);
    run(conn, table_t);
    expect(conn, "id, m | 1, '2024-03' | 2, NULL | 3, '2023-12'", "SELECT id, TO_CHAR(d::timestamp, 'YYYY-MM') AS m FROM t ORDER BY id", "");
    expect(conn, "x | '2024-01-02'", "SELECT TO_DATE('2024-01-02', 'YYYY-MM-DD') AS x", "");
    expect(conn, "x | '2024-03-05 10:11:12*", "SELECT TO_TIMESTAMP('2024-03-05 10:11:12', 'YYYY-MM-DD HH24:MI:SS') AS x", "");
    expect(conn, "x | '2024-03-01 00:00:00*", "SELECT DATE_TRUNC('month', d::timestamp) AS x FROM t WHERE id = 1", "");
    expect(conn, postgresql ? "x | 2024.0" : "x | '2024'", "SELECT DATE_PART('year', d::timestamp) AS x FROM t WHERE id = 1", "");
    expect(conn, postgresql ? "x | 3.0" : "x | '3'", "SELECT EXTRACT(MONTH FROM d::timestamp) AS x FROM t WHERE id = 1", "");
    expect(conn, postgresql ? "x | '1 mon'" : "x | '31 days*", "SELECT AGE(timestamp '2024-02-01', timestamp '2024-01-01') AS x", "");
    expect(conn, "x | '2024-03-05'", "SELECT MAKE_DATE(2024, 3, 5) AS x", "");
    expect(conn, "x | '2024-03-05 10:11:12*", "SELECT MAKE_TIMESTAMP(2024, 3, 5, 10, 11, 12) AS x", "");
    expect(conn, "y, c, s | '2023', 1, -1.0 | '2024', 1, 2.5",
           "SELECT TO_CHAR(d::timestamp, 'YYYY') AS y, count(*) AS c, sum(r) AS s FROM t WHERE d IS NOT NULL GROUP BY 1 ORDER BY 1", "");
    expect(conn, "id | 3", "SELECT id FROM t WHERE d IS NOT NULL AND DATE_TRUNC('year', d::timestamp) < '2024-01-01'::timestamp", "");
    expect(conn, "error 1: *", "SELECT TO_CHAR(nosuch, 'YYYY') FROM t", "");
    expect(conn, "error 1: *", "SELECT TO_CHAR(d::timestamp, 'YYYY') FROM nosuch", "");
    expect(conn, "count(*) | 3", "SELECT count(*) FROM t", "");
}

static void every_function_of_the_tutorial(void **state) {
    run_everywhere(state, functions);
}

/* --- parameters */

static void parameters(hdb_conn *conn, const char *dsn) {
    (void)dsn;
    run(conn, table_t);
    expect(conn, "m, id | '2024', 1", "SELECT TO_CHAR(d::timestamp, 'YYYY') AS m, id FROM t WHERE n = ?", "i", (int64_t)5);
    expect(conn, "m, id | '2023', 3", "SELECT TO_CHAR(d::timestamp, 'YYYY') AS m, id FROM t WHERE id = ?2 AND n = ?1", "ii", (int64_t)7, (int64_t)3);
    expect(conn, "m | '2024'", "SELECT TO_CHAR(d::timestamp, 'YYYY') AS m FROM t WHERE r = :real AND id = @id AND n = $n AND n = $n",
           "rii", 2.5, (int64_t)1, (int64_t)5);
    expect(conn, "m | '03'", "SELECT TO_CHAR(d::timestamp, :format) AS m FROM t WHERE d = :when", "tt", "MM", "2024-03-05 10:11:12");
    expect(conn, "m", "SELECT TO_CHAR(d::timestamp, 'YYYY') AS m FROM t WHERE id = ?", "n");
    expect(conn, "m | '2024'", "SELECT TO_CHAR(d::timestamp, 'YYYY') AS m FROM t WHERE id = ? -- what? is this\n", "i", (int64_t)1);
    hdb_stmt *stmt = NULL;
    assert_ok(conn, hdb_prepare(conn, "SELECT TO_CHAR(d::timestamp, :f) AS m FROM t WHERE id = ?5", -1, &stmt, NULL));
    assert_int_equal(hdb_bind_parameter_count(stmt), 5);
    assert_int_equal(hdb_bind_parameter_index(stmt, ":f"), 1);
    assert_int_equal(hdb_bind_int64(stmt, 6, 1), HDB_RANGE);
    for (int64_t id = 3; id >= 1; id -= 2) {
        assert_ok(conn, hdb_bind_text(stmt, 1, "YYYY", -1));
        assert_ok(conn, hdb_bind_int64(stmt, 5, id));
        assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
        assert_string_equal(hdb_column_text(stmt, 0), id == 3 ? "2023" : "2024");
        assert_int_equal(hdb_fetch_row(stmt), HDB_DONE);
        assert_ok(conn, hdb_reset(stmt));
    }
    assert_ok(conn, hdb_finalize(stmt));
}

static void every_kind_of_parameter(void **state) {
    run_everywhere(state, parameters);
}

/* --- names, hidden columns, values that the engine does not hold natively */

static void names(hdb_conn *conn, const char *dsn) {
    (void)dsn;
    run(conn, "CREATE TABLE \"Sales\"(\"When\" TEXT, \"Na\xc3\xafve\" TEXT, Amount REAL, tag);"
              "INSERT INTO sales VALUES ('2024-03-05', 'n', 1.5, x'00ff'), ('2023-01-01', 5, 'odd', 'text')");
    expect(conn, "y, Amount | '2024', 1.5 | '2023', NULL",
           "SELECT TO_CHAR(\"when\"::timestamp, 'YYYY') AS y, amount FROM sales ORDER BY 1 DESC", "");
    expect(conn, "When, Na\xc3\xafve, Amount, tag | '2024-03-05', 'n', 1.5, blob of 2 | '2023-01-01', '5', 'odd', 'text'",
           "SELECT * FROM Sales ORDER BY DATE_TRUNC('day', \"When\"::timestamp) DESC", "");
    expect(conn, "error 64: *", "SELECT TO_CHAR(now(), 'YYYY'), tag FROM sales", "");
    expect(conn, "count(*) | 2", "SELECT count(*) FROM sales", "");
}

static void names_are_found_and_hidden_columns_are_not_shown(void **state) {
    run_everywhere(state, names);
}

/* --- changes */

static void changes(hdb_conn *conn, const char *dsn) {
    (void)dsn;
    run(conn, table_t);
    run(conn, "CREATE TABLE u(y TEXT, n INTEGER UNIQUE, CHECK (n < 100)); CREATE TABLE log(what TEXT);"
              "CREATE TRIGGER tr AFTER INSERT ON u BEGIN INSERT INTO log VALUES (new.y || '!'); END");
    expect(conn, "", "INSERT INTO u SELECT TO_CHAR(d::timestamp, ?), n FROM t WHERE d IS NOT NULL ORDER BY id", "t", "YYYY");
    assert_int_equal(hdb_changes(conn), 2);
    assert_int_equal(hdb_last_insert_rowid(conn), 2);
    expect(conn, "rowid, y, n | 1, '2024', 5 | 2, '2023', 7", "SELECT rowid, * FROM u ORDER BY 1", "");
    expect(conn, "what | '2024!' | '2023!'", "SELECT what FROM log ORDER BY rowid", "");
    expect(conn, "", "INSERT OR IGNORE INTO u(n, y) VALUES (5, TO_CHAR(?::timestamp, 'DD')), (?, 'plain')", "ti", "2024-03-09", (int64_t)9);
    assert_int_equal(hdb_changes(conn), 1);
    expect(conn, "error 19: UNIQUE constraint failed: u.n", "INSERT INTO u(n, y) SELECT n, TO_CHAR(d::timestamp, 'YYYY') FROM t WHERE id = 1", "");
    expect(conn, "error 19: CHECK constraint failed: n < 100", "UPDATE u SET n = n * 50, y = TO_CHAR(now(), 'YYYY') WHERE n = 5", "");
    expect(conn, "y | '05/24'", "UPDATE u SET y = TO_CHAR('2024-03-05'::timestamp, 'DD/YY'), n = n + ? WHERE n = ? RETURNING y", "ii", (int64_t)1, (int64_t)5);
    expect(conn, "y, n | '05/24', 6 | '2023', 7 | 'plain', 9", "SELECT y, n FROM u ORDER BY n", "");
    expect(conn, "", "INSERT INTO u(n, y) SELECT 6, TO_CHAR(d::timestamp, 'YYYY') FROM t WHERE id = 1 ON CONFLICT (n) DO UPDATE SET y = 'met ' || excluded.y", "");
    expect(conn, "y | 'met 2024'", "SELECT y FROM u WHERE n = 6", "");
    expect(conn, "", "DELETE FROM t WHERE EXTRACT(YEAR FROM d::timestamp) = :year", "i", (int64_t)2023);
    assert_int_equal(hdb_changes(conn), 1);
    expect(conn, "id | 1 | 2", "SELECT id FROM t ORDER BY id", "");
    run(conn, "BEGIN");
    expect(conn, "", "UPDATE t SET d = TO_CHAR(d::timestamp, 'DD') WHERE id = 1", "");
    expect(conn, "d | '05'", "SELECT d FROM t WHERE id = 1", "");
    run(conn, "ROLLBACK");
    expect(conn, "d | '2024-03-05 10:11:12'", "SELECT d FROM t WHERE id = 1", "");
    run(conn, "BEGIN; INSERT INTO t(id) VALUES (9)");
    expect(conn, "error 64: *", "UPDATE t SET d = TO_CHAR(now(), 'DD')", "");
    run(conn, "COMMIT");
    expect(conn, "count(*) | 3", "SELECT count(*) FROM t", "");
    expect(conn, "error 64: *", "UPDATE t SET (d, n) = (TO_CHAR(now(), 'DD'), 1)", "");
    expect(conn, "error 64: *", "WITH x AS (SELECT 1) DELETE FROM t WHERE AGE(d::timestamp) IS NULL", "");
    expect(conn, "error 64: *", "UPDATE t SET d = TO_CHAR(now(), 'DD') FROM u", "");
    expect(conn, "error 1: *", "INSERT INTO u SELECT TO_CHAR(now(), 'DD')", "");
    expect(conn, "error 1: *", "DELETE FROM t WHERE TO_CHAR(nosuch, 'DD') = 'x'", "");
    expect(conn, "count(*) | 3", "SELECT count(*) FROM t", "");
}

static void changes_are_sqlites_own(void **state) {
    struct fixture *fixture = *state;
    run_everywhere(state, changes);
    compare_with_rebuilt(fixture, "SELECT t.rowid, t.*, u.rowid, u.* FROM t LEFT JOIN u ON u.n = t.n + 1 ORDER BY t.id");
    compare_with_rebuilt(fixture, "SELECT rowid, * FROM u ORDER BY rowid");
    compare_with_rebuilt(fixture, "SELECT rowid, * FROM log ORDER BY rowid");
}

/* --- vectors, JSONB, UUIDs */

#define VECTOR_124 "\0\0\x80\x3f\0\0\0\x40\0\0\x80\x40"

static void vectors(hdb_conn *conn, const char *dsn) {
    if (has_postgresql(dsn))
        return; /* it has no vectors of its own */
    run(conn, "CREATE TABLE v(id INTEGER PRIMARY KEY, e VECTOR(3), t TEXT);"
              "INSERT INTO v VALUES (1, '[1,2,3]', 'a'), (2, ' [1, 2.0, 9]', 'b')");
    expect(conn, "", "INSERT INTO v VALUES (3, ?, 'c')", "b", VECTOR_124);
    expect(conn, "id, d | 3, '0.0' | 1, '1.0' | 2, '5.0'", "SELECT id, e <-> ? AS d FROM v ORDER BY e <-> ?", "tt", "[1,2,4]", "[1,2,4]");
    expect(conn, "id, e, t | 3, blob of 12, 'c' | 1, '[1,2,3]', 'a'", "SELECT * FROM v ORDER BY e <-> :q LIMIT 2", "t", "[1,2,4]");
    expect(conn, "id | 2", "SELECT id FROM v ORDER BY e <#> '[1,2,4]' LIMIT 1", "");
    expect(conn, "id | 3", "SELECT id FROM v ORDER BY e <=> '[1,2,4]' LIMIT 1", "");
    expect(conn, "", "CREATE INDEX v_e ON v USING hnsw (e)", "");
    expect(conn, "id | 3 | 1", "SELECT id FROM v ORDER BY e <-> ? LIMIT 2", "t", "[1,2,4]");
    run(conn, "UPDATE v SET e = '[9,9,9]' WHERE id = 3; DELETE FROM v WHERE id = 1; INSERT INTO v VALUES (5, '[1,2,3.5]', 'new')");
    expect(conn, "id, e, t | 5, '[1,2,3.5]', 'new' | 2, ' [1, 2.0, 9]', 'b' | 3, '[9,9,9]', 'c'", "SELECT * FROM v ORDER BY e <-> ?", "t", "[1,2,4]");
    run(conn, "INSERT INTO v VALUES (6, NULL, 'none'), (7, '[1]', 'short')");
    expect(conn, "id | 5", "SELECT id FROM v WHERE e IS NOT NULL ORDER BY e <-> ? LIMIT 1", "t", "[1,2,4]");
    expect(conn, "id, e | 6, NULL | 7, '[1]'", "SELECT id, e FROM v WHERE id > 5 ORDER BY id", "");
}

static void nearest_rows_are_found(void **state) {
    struct fixture *fixture = *state;
    run_everywhere(state, vectors);
    compare_with_rebuilt(fixture, "SELECT id, typeof(e), quote(e), t FROM v ORDER BY id");
}

static void documents(hdb_conn *conn, const char *dsn) {
    (void)dsn;
    run(conn, "CREATE TABLE j(id INTEGER PRIMARY KEY, doc JSONB, u UUID);"
              "INSERT INTO j VALUES (1, '{\"b\": 1,  \"a\":[1.0, 1e2]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),"
              "(2, '{\"b\":2}', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12'), (3, 'no json', 'no uuid')");
    expect(conn, "id, doc, u | 1, '{\"b\": 1,  \"a\":[1.0, 1e2]}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' | "
                 "2, '{\"b\":2}', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12' | 3, 'no json', 'no uuid'", "SELECT * FROM j ORDER BY id", "");
    expect(conn, "b | '1' | '2' | NULL", "SELECT (doc::jsonb)->>'b' AS b FROM j ORDER BY id", "");
    expect(conn, "id, doc, u | 2, '{\"b\":2}', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12'",
           "SELECT * FROM j WHERE u = ?::uuid", "t", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12");
    expect(conn, "x | 2", "SELECT json_extract(doc, '$.b') AS x FROM j WHERE id = 2", "");
}

static void documents_are_native_and_exact(void **state) {
    struct fixture *fixture = *state;
    run_everywhere(state, documents);
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM j WHERE doc IS NULL AND u IS NULL"), 1);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM j WHERE u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"), 1);
    assert_ok(conn, hdb_close(conn));
    compare_with_rebuilt(fixture, "SELECT id, typeof(doc), doc, typeof(u), u FROM j ORDER BY id");
}

/* --- time travel and branches */

/* A statement with a branch's name in its midst. */
static void expect_branch(hdb_conn *conn, const char *expected, const char *before, const char *name, const char *after) {
    char *sql = support_format("%s%s%s", before, name, after);
    expect(conn, expected, sql, "");
    free(sql);
}

/* The engine does not let a name be used again after DROP. */
static void branches(hdb_conn *conn) {
    static int count;
    char *name = support_format("hdb_test_%d_%d", (int)getpid(), ++count);
    char *listed = support_format("branch_name | '%s'", name);
    expect_branch(conn, "", "CREATE BRANCH ", name, "");
    expect(conn, "branch_name, branch_id, parent_branch, created_at, state | '*", "SHOW BRANCHES", "");
    expect_branch(conn, listed, "SELECT branch_name FROM pg_database_branches() WHERE branch_name = '", name, "'");
    expect_branch(conn, "error 64: *", "USE BRANCH ", name, "");
    expect_branch(conn, "error 64: *", "MERGE BRANCH ", name, " INTO main");
    expect_branch(conn, "", "DROP BRANCH ", name, "");
    expect_branch(conn, "branch_name", "SELECT branch_name FROM pg_database_branches() WHERE branch_name = '", name, "'");
    free(name);
    free(listed);
}

static void history(hdb_conn *conn, const char *dsn) {
    if (has_postgresql(dsn))
        return;
    run(conn, "CREATE TABLE h(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO h VALUES (1, 'then')");
    expect(conn, "id, a | 1, 'then'", "SELECT * FROM h AS OF NOW", "");
    expect(conn, "id, a | 1, 'then'", "SELECT * FROM h AS OF TIMESTAMP '2100-01-01 00:00:00'", "");
    expect(conn, "error 1: *", "SELECT * FROM h AS OF TIMESTAMP '2000-01-01 00:00:00'", "");
    run(conn, "UPDATE h SET a = 'now'");
    expect(conn, "id, a | 1, 'now'", "SELECT id, a FROM h AS OF NOW", "");
    expect(conn, "n | 2", "SELECT count(DISTINCT a) AS n FROM h VERSIONS BETWEEN TIMESTAMP '2020-01-01 00:00:00' AND TIMESTAMP '2100-01-01 00:00:00'", "");
    branches(conn);
    expect(conn, "a | 'now'", "SELECT a FROM h", "");
}

static void history_is_read_and_branches_are_kept_apart(void **state) {
    run_everywhere(state, history);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_function_of_the_tutorial, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_kind_of_parameter, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(names_are_found_and_hidden_columns_are_not_shown, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(changes_are_sqlites_own, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nearest_rows_are_found, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(documents_are_native_and_exact, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(history_is_read_and_branches_are_kept_apart, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
