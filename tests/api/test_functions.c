/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, aggregates, windows and collations of the application's, beside the same ones in plain SQLite. */
#include "support.h"
#include "twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- the same functions for both: ours, then SQLite's */

static void our_echo(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    (void)user_data, (void)count;
    switch (hdb_datum_type(arguments[0])) {
    case HDB_TYPE_INTEGER:
        hdb_result_int64(context, hdb_datum_int64(arguments[0]));
        break;
    case HDB_TYPE_FLOAT:
        hdb_result_double(context, hdb_datum_double(arguments[0]));
        break;
    case HDB_TYPE_TEXT: {
        const char *text = hdb_datum_text(arguments[0]);
        hdb_result_text(context, text, hdb_datum_bytes(arguments[0]));
        break;
    }
    case HDB_TYPE_BLOB: {
        const void *blob = hdb_datum_blob(arguments[0]);
        hdb_result_blob(context, blob, hdb_datum_bytes(arguments[0]));
        break;
    }
    default:
        hdb_result_null(context);
    }
}

static void echo(sqlite3_context *context, int count, sqlite3_value **arguments) {
    (void)count;
    sqlite3_result_value(context, arguments[0]);
}

static void our_twice(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    (void)user_data, (void)count;
    hdb_result_int64(context, 2 * hdb_datum_int64(arguments[0]));
}

static void twice(sqlite3_context *context, int count, sqlite3_value **arguments) {
    (void)count;
    sqlite3_result_int64(context, 2 * sqlite3_value_int64(arguments[0]));
}

static void our_fail(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    (void)user_data;
    if (hdb_datum_int64(arguments[0]) == 0) {
        hdb_result_int64(context, 0);
        return;
    }
    hdb_result_error(context, "the function says no", -1);
    if (count > 1)
        hdb_result_error_code(context, (int)hdb_datum_int64(arguments[1]));
}

static void fail_function(sqlite3_context *context, int count, sqlite3_value **arguments) {
    if (sqlite3_value_int64(arguments[0]) == 0) {
        sqlite3_result_int64(context, 0);
        return;
    }
    sqlite3_result_error(context, "the function says no", -1);
    if (count > 1)
        sqlite3_result_error_code(context, sqlite3_value_int(arguments[1]));
}

static void our_limits(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    (void)user_data, (void)count;
    switch (hdb_datum_int64(arguments[0])) {
    case 0:
        hdb_result_zeroblob(context, 5);
        break;
    case 1:
        hdb_result_error_toobig(context);
        break;
    case 2:
        hdb_result_error_nomem(context);
        break;
    case 3:
        hdb_result_datum(context, arguments[0]);
        hdb_result_subtype(context, 74);
        break;
    default:
        hdb_result_int64(context, hdb_datum_subtype(arguments[0]) + 10 * hdb_datum_numeric_type(arguments[0]));
    }
}

static void limits(sqlite3_context *context, int count, sqlite3_value **arguments) {
    (void)count;
    switch (sqlite3_value_int64(arguments[0])) {
    case 0:
        sqlite3_result_zeroblob(context, 5);
        break;
    case 1:
        sqlite3_result_error_toobig(context);
        break;
    case 2:
        sqlite3_result_error_nomem(context);
        break;
    case 3:
        sqlite3_result_value(context, arguments[0]);
        sqlite3_result_subtype(context, 74);
        break;
    default:
        sqlite3_result_int64(context, sqlite3_value_subtype(arguments[0]) + 10 * sqlite3_value_numeric_type(arguments[0]));
    }
}

/* An aggregate and window: sum of squares. */
static void our_step(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    int64_t *sum = hdb_aggregate_context(context, sizeof *sum), value = hdb_datum_int64(arguments[0]);
    (void)user_data, (void)count;
    *sum += value * value;
}

static void our_inverse(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    int64_t *sum = hdb_aggregate_context(context, sizeof *sum), value = hdb_datum_int64(arguments[0]);
    (void)user_data, (void)count;
    *sum -= value * value;
}

static void our_value(void *user_data, hdb_context *context) {
    const int64_t *sum = hdb_aggregate_context(context, 0);
    (void)user_data;
    if (sum)
        hdb_result_int64(context, *sum);
}

static void step(sqlite3_context *context, int count, sqlite3_value **arguments) {
    int64_t *sum = sqlite3_aggregate_context(context, sizeof *sum), value = sqlite3_value_int64(arguments[0]);
    (void)count;
    *sum += value * value;
}

static void inverse(sqlite3_context *context, int count, sqlite3_value **arguments) {
    int64_t *sum = sqlite3_aggregate_context(context, sizeof *sum), value = sqlite3_value_int64(arguments[0]);
    (void)count;
    *sum -= value * value;
}

static void value(sqlite3_context *context) {
    const int64_t *sum = sqlite3_aggregate_context(context, 0);
    if (sum)
        sqlite3_result_int64(context, *sum);
}

/* Orders texts by their length, then backwards. */
static int compare(void *user_data, int first_size, const void *first, int second_size, const void *second) {
    (void)user_data;
    return first_size != second_size ? first_size - second_size : memcmp(second, first, (size_t)first_size);
}

static void count_destroyed(void *user_data) {
    ++*(int *)user_data;
}

static void make_functions(struct twin *twin) {
    static const int pure = HDB_FUNCTION_DETERMINISTIC;
    hdb_conn *conn = twin->conn;
    sqlite3 *db = twin->db;
    assert_ok(conn, hdb_create_function(conn, "echo", 1, 0, our_echo, NULL, NULL));
    sqlite3_create_function_v2(db, "echo", 1, SQLITE_UTF8, NULL, echo, NULL, NULL, NULL);
    assert_ok(conn, hdb_create_function(conn, "twice", 1, pure, our_twice, NULL, NULL));
    sqlite3_create_function_v2(db, "twice", 1, SQLITE_UTF8 | pure, NULL, twice, NULL, NULL, NULL);
    assert_ok(conn, hdb_create_function(conn, "fails", -1, pure, our_fail, NULL, NULL));
    sqlite3_create_function_v2(db, "fails", -1, SQLITE_UTF8 | pure, NULL, fail_function, NULL, NULL, NULL);
    assert_ok(conn, hdb_create_function(conn, "limits", 1, HDB_FUNCTION_SUBTYPE, our_limits, NULL, NULL));
    sqlite3_create_function_v2(db, "limits", 1, SQLITE_UTF8 | SQLITE_SUBTYPE, NULL, limits, NULL, NULL, NULL);
    assert_ok(conn, hdb_create_aggregate(conn, "squares", 1, 0, our_step, our_value, NULL, NULL));
    sqlite3_create_function_v2(db, "squares", 1, SQLITE_UTF8, NULL, NULL, step, value, NULL);
    assert_ok(conn, hdb_create_window_function(conn, "squares_over", 1, 0, our_step, our_value, our_value, our_inverse, NULL, NULL));
    sqlite3_create_window_function(db, "squares_over", 1, SQLITE_UTF8, NULL, step, value, value, inverse, NULL);
    assert_ok(conn, hdb_create_collation(conn, "backwards", compare, NULL, NULL));
    sqlite3_create_collation_v2(db, "backwards", SQLITE_UTF8, NULL, compare, NULL);
}

static void results(struct twin *twin) {
    make_functions(twin);
    twin_run(twin, "SELECT echo(1), echo(-1.5), echo('text'), echo(x'00ff'), echo(NULL), echo(''), echo(x'')");
    twin_run(twin, "SELECT echo(9223372036854775807), echo(-9223372036854775807 - 1), echo('a' || char(0) || 'b')");
    twin_run(twin, "SELECT limits(0), limits(3), limits(limits(3)), limits('12'), limits('4.5')");
    twin_run(twin, "SELECT limits(1)");
    twin_run(twin, "SELECT limits(2)");
    twin_run(twin, "SELECT fails(1)");
    twin_run(twin, "SELECT fails(1, 19)");
    twin_run(twin, "SELECT fails(1, 275)");
    twin_run(twin, "SELECT fails(1, 4), 1");
    twin_run(twin, "SELECT twice()");
    twin_run(twin, "SELECT no_such(1)");
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER, b TEXT);"
                   "INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'yyy'), (3, 30, 'ab'), (4, 40, 'ba')");
    twin_run(twin, "INSERT INTO t SELECT id + 10, twice(a), echo(b) FROM t ORDER BY b COLLATE backwards");
    twin_run(twin, "SELECT *, twice(a), squares_over(a) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t ORDER BY b COLLATE backwards, id");
    twin_run(twin, "SELECT squares(a), squares_over(a) FROM t; SELECT squares(a) FROM t WHERE 0; SELECT b, squares(a) FROM t GROUP BY b");
    /* An error in the middle undoes the statement, and with OR FAIL too: it is no constraint. */
    twin_run(twin, "UPDATE t SET a = fails(id > 2)");
    twin_run(twin, "UPDATE OR FAIL t SET a = fails(id > 2, 19)");
    twin_run(twin, "SELECT * FROM t ORDER BY id");
    twin_run(twin, "BEGIN; INSERT INTO t(a) VALUES (twice(5)); UPDATE t SET a = fails(1, 1811)");
    twin_run(twin, "SELECT count(*) FROM t; COMMIT; SELECT max(a) FROM t");
    twin_rebuild(twin);
    twin_run(twin, "SELECT * FROM t ORDER BY id; SELECT twice(1)");
}

static void functions_give_what_sqlite_gives(void **state) {
    (void)state;
    twin_everywhere(results);
}

static void our_hundred(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    int64_t *sum = hdb_aggregate_context(context, sizeof *sum);
    (void)user_data, (void)count, (void)arguments;
    *sum += 100;
}

static void hundred(sqlite3_context *context, int count, sqlite3_value **arguments) {
    int64_t *sum = sqlite3_aggregate_context(context, sizeof *sum);
    (void)count, (void)arguments;
    *sum += 100;
}

/* A function in the place of a built-in one; the server's own must not answer. */
static void override(struct twin *twin) {
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y')");
    twin_run(twin, "SELECT count(*) FROM t; SELECT a FROM t WHERE id = 1");
    assert_ok(twin->conn, hdb_create_aggregate(twin->conn, "count", 0, 0, our_hundred, our_value, NULL, NULL));
    sqlite3_create_function_v2(twin->db, "count", 0, SQLITE_UTF8, NULL, NULL, hundred, value, NULL);
    assert_ok(twin->conn, hdb_create_function(twin->conn, "UPPER", 1, 0, our_twice, NULL, NULL));
    sqlite3_create_function_v2(twin->db, "UPPER", 1, SQLITE_UTF8, NULL, twice, NULL, NULL, NULL);
    twin_run(twin, "SELECT count(*) FROM t; SELECT upper('4'), upper(id) FROM t");
    assert_ok(twin->conn, hdb_create_function(twin->conn, "changes", 0, 0, our_twice, NULL, NULL));
    assert_ok(twin->conn, hdb_create_function(twin->conn, "changes", 0, 0, NULL, NULL, NULL));
    twin_run(twin, "UPDATE t SET a = a || 'z' WHERE id = 1; SELECT changes(), total_changes(); SELECT * FROM t WHERE id = 1");
    assert_ok(twin->conn, hdb_create_collation(twin->conn, "NOCASE", compare, NULL, NULL));
    sqlite3_create_collation_v2(twin->db, "NOCASE", SQLITE_UTF8, NULL, compare, NULL);
    twin_run(twin, "SELECT id FROM t ORDER BY a COLLATE NOCASE");
}

static void functions_stand_for_built_in_ones(void **state) {
    (void)state;
    twin_everywhere(override);
}

/* A function that uses the connection that calls it. */
static void our_count(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    hdb_stmt *stmt = NULL;
    hdb_conn *conn = hdb_context_conn(context);
    (void)count, (void)arguments;
    assert_ptr_equal(conn, user_data);
    assert_ok(conn, hdb_prepare(conn, "INSERT INTO log(at) SELECT count(*) FROM log RETURNING at", -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    hdb_result_int64(context, hdb_column_int64(stmt, 0));
    assert_int_equal(hdb_fetch_row(stmt), HDB_DONE);
    assert_ok(conn, hdb_finalize(stmt));
}

static void count_function(sqlite3_context *context, int count, sqlite3_value **arguments) {
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = sqlite3_context_db_handle(context);
    (void)count, (void)arguments;
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO log(at) SELECT count(*) FROM log RETURNING at", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    sqlite3_result_int64(context, sqlite3_column_int64(statement, 0));
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
}

static void nested(struct twin *twin) {
    assert_ok(twin->conn, hdb_create_function(twin->conn, "logged", 0, 0, our_count, twin->conn, NULL));
    sqlite3_create_function_v2(twin->db, "logged", 0, SQLITE_UTF8, NULL, count_function, NULL, NULL, NULL);
    twin_run(twin, "CREATE TABLE log(at); CREATE TABLE t(a); INSERT INTO log VALUES (7)");
    twin_run(twin, "INSERT INTO t VALUES (logged()), (logged()); SELECT logged(), logged(); SELECT * FROM t; SELECT * FROM log");
    twin_run(twin, "BEGIN; UPDATE t SET a = a + 100 * logged(); ROLLBACK; SELECT * FROM t; SELECT * FROM log");
    twin_rebuild(twin);
    twin_run(twin, "SELECT * FROM t; SELECT * FROM log");
}

static void functions_may_use_their_connection(void **state) {
    (void)state;
    twin_everywhere(nested);
}

/* --- functions and collations that the schema uses */

static const char *const schema =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT COLLATE backwards, b INT CHECK (fails(b < 0) = 0), s INT);"
    "CREATE TABLE w(k TEXT COLLATE backwards PRIMARY KEY, x); CREATE TABLE plain(id INTEGER PRIMARY KEY, a TEXT);"
    "CREATE TABLE u(a UNIQUE COLLATE backwards, b); CREATE TABLE g(id INTEGER PRIMARY KEY, b, v AS (twice(b))); CREATE INDEX t_a ON t(a); CREATE INDEX t_b ON t(twice(b), a);"
    "CREATE INDEX t_p ON t(b) WHERE twice(b) > 10; CREATE VIEW view AS SELECT id, twice(b) AS b2 FROM t ORDER BY a;"
    "CREATE TRIGGER tr AFTER INSERT ON plain BEGIN UPDATE plain SET a = a || twice(new.id) WHERE id = new.id; END";

static const char *const rows = "INSERT INTO t(id, a, b) VALUES (1, 'aa', 1), (2, 'b', 7), (3, 'ab', 3), (4, 'b', 9);"
                                "INSERT INTO w VALUES ('aa', 1), ('b', 2), ('ab', 3); INSERT INTO u VALUES ('x', 1), ('yy', 2), ('xx', 3);"
                                "INSERT INTO plain VALUES (5, 'five'); INSERT INTO g(b) VALUES (3), (4)";

/* What needs none of them, and what does. */
static void use_schema(struct twin *twin) {
    static const char *const statements[] = {
        "SELECT id, b FROM t ORDER BY id", "SELECT * FROM plain", "SELECT count(*) FROM t", "SELECT id, a, b, s FROM t ORDER BY id",
        "SELECT v FROM g ORDER BY id", "SELECT id FROM t ORDER BY a, id", "SELECT * FROM w", "SELECT x FROM w WHERE k = 'b'",
        "SELECT id FROM t WHERE twice(b) = 14", "SELECT id FROM t WHERE twice(b) > 10 AND b > 0 ORDER BY b", "SELECT * FROM view",
        "SELECT id FROM g WHERE v = 6", "INSERT INTO g(b) VALUES (7)", "SELECT b FROM g", "SELECT * FROM u WHERE a = 'xx'", "SELECT a FROM u ORDER BY a", "SELECT id FROM t WHERE a = 'b'",
        "INSERT INTO t(id, a, b) VALUES (20, 'new', 4)", "UPDATE t SET b = b + 1 WHERE id = 3", "DELETE FROM t WHERE id = 20",
        "INSERT INTO w VALUES ('c', 4)", "DELETE FROM w WHERE k = 'c'", "INSERT INTO t(b) VALUES (-1)", "INSERT INTO u VALUES ('x', 9)",
        "INSERT INTO plain VALUES (6, 'six')", "DELETE FROM plain WHERE id = 6", "UPDATE t SET b = b - 1 WHERE id = 3", "INSERT INTO u VALUES ('n', 1)", "DELETE FROM u WHERE b = 1 AND a = 'n'",
        "SELECT s, count(*) FROM t", "CREATE TABLE beside(a)", "INSERT INTO beside VALUES (1)", "DROP TABLE beside"};
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        twin_run(twin, statements[i]);
}

static void in_schema(struct twin *twin) {
    make_functions(twin);
    twin_run(twin, schema);
    twin_run(twin, rows);
    use_schema(twin);
    assert_ok(twin->conn, hdb_verify(twin->conn, NULL));
    twin_reopen(twin); /* nothing is registered */
    use_schema(twin);
    make_functions(twin);
    use_schema(twin);
    twin_rebuild(twin);
    use_schema(twin);
    make_functions(twin);
    use_schema(twin);
    twin_run(twin, "PRAGMA integrity_check");
    twin_reopen(twin);
    make_functions(twin);
    use_schema(twin);
    twin_run(twin, "PRAGMA integrity_check");
}

static void schema_may_use_functions(void **state) {
    (void)state;
    twin_everywhere(in_schema);
}

/* An attached file whose indexes want something gets them when it is registered, or attached after that. */
static void attached_files_are_built_again(void **state) {
    struct fixture *fixture = *state;
    char *path = support_format("%s/other.db", fixture->directory), *sql = support_format("ATTACH '%s' AS other", path);
    for (int before = 0; before < 2; before++) {
        hdb_conn *conn = fixture_open(path);
        assert_ok(conn, hdb_create_function(conn, "twice", 1, HDB_FUNCTION_DETERMINISTIC, our_twice, NULL, NULL));
        assert_ok(conn, hdb_exec(conn, "CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES (1), (2); CREATE INDEX IF NOT EXISTS i ON t(twice(a))", -1));
        assert_int_equal(hdb_close(conn), HDB_OK);
        support_remove_replica(path);
        conn = fixture_open(fixture->path);
        if (before)
            assert_ok(conn, hdb_create_function(conn, "twice", 1, HDB_FUNCTION_DETERMINISTIC, our_twice, NULL, NULL));
        assert_ok(conn, hdb_exec(conn, sql, -1));
        if (!before)
            assert_ok(conn, hdb_create_function(conn, "twice", 1, HDB_FUNCTION_DETERMINISTIC, our_twice, NULL, NULL));
        assert_int_equal(query_int64(conn, "SELECT count(*) FROM other.t INDEXED BY i WHERE twice(a) = 4"), before + 1);
        /* The main database has nothing to do with it: it is as it was, without a page the first time. */
        struct stat info;
        assert_int_equal(stat(fixture->path, &info), 0);
        assert_int_equal(info.st_size > 0, before);
        assert_int_equal(hdb_close(conn), HDB_OK);
    }
    free(sql);
    free(path);
}

/* Tables whose rows could not be brought back without calling the application are refused by name. */
static void refuse(struct twin *twin) {
    hdb_conn *conn = twin->conn;
    make_functions(twin);
    assert_int_equal(hdb_exec(conn, "CREATE TABLE t(a, b AS (twice(a)) STORED)", -1), HDB_NOTSUPPORTED);
    assert_error(conn, HDB_NOTSUPPORTED, HDB_NOTSUPPORTED, "0A000", "table t: a table with STORED columns");
    assert_int_equal(hdb_exec(conn, "CREATE TABLE t(a PRIMARY KEY COLLATE backwards) WITHOUT ROWID", -1), HDB_NOTSUPPORTED);
    assert_error(conn, HDB_NOTSUPPORTED, HDB_NOTSUPPORTED, "0A000", "a WITHOUT ROWID table");
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM sqlite_master"), 0);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE g(a, v AS (twice(a)))", -1));
    assert_int_equal(hdb_exec(conn, "CREATE INDEX g_v ON g(v)", -1), HDB_NOTSUPPORTED);
    assert_int_equal(hdb_exec(conn, "CREATE INDEX g_a ON g(twice(a))", -1), HDB_NOTSUPPORTED);
    assert_error(conn, HDB_NOTSUPPORTED, HDB_NOTSUPPORTED, "0A000", "an index over generated columns");
    assert_ok(conn, hdb_exec(conn, "CREATE INDEX g_a ON g(a); DROP TABLE g", -1));
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a, b AS (a + 1) STORED); CREATE TABLE w(a PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID", -1));
}

static void tables_that_need_calls_are_refused(void **state) {
    (void)state;
    twin_everywhere(refuse);
}

static void registration(void **state) {
    hdb_conn *conn = fixture_open(":memory:");
    hdb_stmt *stmt = NULL;
    int destroyed = 0;
    (void)state;
    assert_ok(conn, hdb_create_function(conn, "f", 1, 0, our_twice, &destroyed, count_destroyed));
    assert_ok(conn, hdb_create_function(conn, "f", 1, 0, our_echo, &destroyed, count_destroyed));
    assert_int_equal(destroyed, 1);
    assert_int_equal(query_int64(conn, "SELECT f(21)"), 21);
    assert_ok(conn, hdb_prepare(conn, "SELECT f(21)", -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_int_equal(hdb_create_function(conn, "f", 1, 0, NULL, NULL, NULL), HDB_BUSY);
    assert_error(conn, HDB_BUSY, 5, "55P03", "unable to delete/modify user-function due to active statements");
    assert_ok(conn, hdb_finalize(stmt));
    assert_ok(conn, hdb_create_function(conn, "f", 1, 0, NULL, NULL, NULL));
    assert_int_equal(destroyed, 2);
    assert_int_equal(hdb_exec(conn, "SELECT f(21)", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, 1, "42883", "no such function: f");
    /* What is refused is destroyed, too. */
    assert_int_equal(hdb_create_function(conn, "f", 200, 0, our_twice, &destroyed, count_destroyed), HDB_MISUSE);
    assert_int_equal(hdb_create_function(NULL, "f", 1, 0, our_twice, &destroyed, count_destroyed), HDB_MISUSE);
    assert_int_equal(hdb_create_aggregate(conn, "f", 1, 0, our_step, NULL, &destroyed, count_destroyed), HDB_MISUSE);
    assert_int_equal(hdb_create_window_function(conn, "f", 1, 0, our_step, our_value, NULL, NULL, &destroyed, count_destroyed), HDB_MISUSE);
    assert_int_equal(hdb_create_collation(conn, NULL, compare, &destroyed, count_destroyed), HDB_MISUSE);
    assert_int_equal(destroyed, 7);
    /* What is left is destroyed when the connection goes. */
    assert_ok(conn, hdb_create_window_function(conn, "f", 1, 0, our_step, our_value, our_value, our_inverse, &destroyed, count_destroyed));
    assert_ok(conn, hdb_create_collation(conn, "c", compare, &destroyed, count_destroyed));
    assert_ok(conn, hdb_create_collation(conn, "c", compare, &destroyed, count_destroyed));
    assert_int_equal(destroyed, 8);
    assert_ok(conn, hdb_create_collation(conn, "c", NULL, NULL, NULL));
    assert_int_equal(destroyed, 9);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(destroyed, 10);
}

static void make_collation(void *user_data, hdb_conn *conn, const char *name) {
    ++*(int *)user_data;
    if (strcmp(name, "backwards") == 0)
        assert_int_equal(hdb_create_collation(conn, name, compare, NULL, NULL), HDB_OK);
}

static void collation_is_asked_for(void **state) {
    hdb_conn *conn = fixture_open(":memory:");
    int asked = 0;
    (void)state;
    assert_ok(conn, hdb_collation_needed(conn, make_collation, &asked));
    assert_int_equal(query_int64(conn, "SELECT 'b' < 'a' COLLATE backwards"), 1);
    assert_int_equal(asked, 1);
    assert_int_equal(hdb_exec(conn, "SELECT 'b' < 'a' COLLATE other", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, 257, "HY000", "no such collation sequence: other");
    assert_ok(conn, hdb_collation_needed(conn, NULL, NULL));
    assert_int_equal(hdb_close(conn), HDB_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_give_what_sqlite_gives),
        cmocka_unit_test(functions_stand_for_built_in_ones),
        cmocka_unit_test(functions_may_use_their_connection),
        cmocka_unit_test(schema_may_use_functions),
        cmocka_unit_test(tables_that_need_calls_are_refused),
        cmocka_unit_test_setup_teardown(attached_files_are_built_again, fixture_setup, fixture_teardown),
        cmocka_unit_test(registration),
        cmocka_unit_test(collation_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
