/* SPDX-License-Identifier: Apache-2.0 */
/* Results as Arrow streams, read by a consumer that knows nothing but Arrow's structs. */
#include "fixture.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static hdb_conn *conn;
static hdb_stmt *stmt;
static struct ArrowArrayStream stream;
static struct ArrowSchema schema;
static struct ArrowArray array;

static int open_connection(void **state) {
    (void)state;
    return hdb_connect(":memory:", NULL, &conn) == HDB_OK ? 0 : -1;
}

static int close_connection(void **state) {
    (void)state;
    if (array.release)
        array.release(&array);
    if (schema.release)
        schema.release(&schema);
    if (stream.release)
        stream.release(&stream);
    stmt = NULL;
    return hdb_close(conn) == HDB_OK ? 0 : -1;
}

static void open_stream(const char *sql) {
    assert_ok(conn, hdb_prepare(conn, sql, -1, &stmt, NULL));
    assert_ok(conn, hdb_fetch_arrow(stmt, &stream));
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
}

/* Whether there are more rows; they are in `array`. */
static bool next(void) {
    if (array.release)
        array.release(&array);
    const int rc = stream.get_next(&stream, &array);
    if (rc != 0)
        fail_msg("get_next: %d: %s", rc, stream.get_last_error(&stream));
    return array.release != NULL;
}

static void assert_type(int column, const char *format, const char *name) {
    assert_string_equal(schema.children[column]->format, format);
    assert_string_equal(schema.children[column]->name, name);
    assert_int_equal(schema.children[column]->flags, ARROW_FLAG_NULLABLE);
}

static bool is_null(int column, int64_t row) {
    const unsigned char *bits = array.children[column]->buffers[0];
    return bits && !(bits[row / 8] >> row % 8 & 1);
}

static void assert_bytes(int column, int64_t row, const char *expected, int32_t size) {
    const int32_t *offsets = array.children[column]->buffers[1];
    assert_int_equal(offsets[row + 1] - offsets[row], size);
    assert_memory_equal((const char *)array.children[column]->buffers[2] + offsets[row], expected, (size_t)size);
}

static void every_storage_class_has_its_type(void **state) {
    (void)state;
    open_stream("SELECT column1 AS i, column2 AS r, column3 AS t, column4 AS b, column5 AS n FROM"
                " (VALUES (1, 1.5, 'a', x'00ff', NULL), (NULL, NULL, NULL, NULL, NULL), (-3, 2, '\xc3\xa4', x'', NULL))");
    assert_string_equal(schema.format, "+s");
    assert_int_equal(schema.n_children, 5);
    assert_type(0, "l", "i");
    assert_type(1, "g", "r");
    assert_type(2, "u", "t");
    assert_type(3, "z", "b");
    assert_type(4, "n", "n");
    assert_true(next());
    assert_int_equal(array.length, 3);
    assert_int_equal(array.null_count, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(array.children[i]->length, 3);
        assert_int_equal(array.children[i]->null_count, 1);
        assert_true(!is_null(i, 0) && is_null(i, 1) && !is_null(i, 2));
    }
    assert_int_equal(array.children[4]->null_count, 3);
    assert_int_equal(array.children[4]->n_buffers, 0);
    assert_int_equal(((const int64_t *)array.children[0]->buffers[1])[2], -3);
    assert_true(((const double *)array.children[1]->buffers[1])[2] == 2.0);
    assert_bytes(2, 0, "a", 1);
    assert_bytes(2, 1, "", 0);
    assert_bytes(2, 2, "\xc3\xa4", 2);
    assert_bytes(3, 0, "\0\xff", 2);
    assert_bytes(3, 2, "", 0);
    assert_false(next());
    assert_false(next());
}

static void columns_without_values_go_by_their_declaration(void **state) {
    (void)state;
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a BIGINT, b VARCHAR(9), c DOUBLE, d BLOB, e, f FLOAT, g NUMERIC)", -1));
    open_stream("SELECT * FROM t");
    static const char *const formats[] = {"l", "u", "g", "z", "n", "g", "n"};
    for (int i = 0; i < 7; i++)
        assert_string_equal(schema.children[i]->format, formats[i]);
    assert_false(next());
}

static void a_large_result_comes_in_pieces(void **state) {
    int64_t rows = 0, sum = 0;
    int pieces = 0;
    (void)state;
    open_stream("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i, 'row ' || i FROM n");
    for (; next(); pieces++) {
        for (int64_t i = 0; i < array.length; i++)
            sum += ((const int64_t *)array.children[0]->buffers[1])[i];
        rows += array.length;
    }
    assert_int_equal(rows, 200000);
    assert_int_equal(sum, INT64_C(20000100000));
    assert_true(pieces > 2);
}

static void what_was_taken_outlives_everything(void **state) {
    struct ArrowArray kept, column;
    (void)state;
    open_stream("SELECT 'text', 7");
    assert_true(next());
    kept = array;
    array.release = NULL;
    stream.release(&stream);
    assert_ok(conn, hdb_finalize(stmt));
    assert_memory_equal(kept.children[0]->buffers[2], "text", 4);
    /* A column may be moved out of it. */
    column = *kept.children[1];
    kept.children[1]->release = NULL;
    kept.release(&kept);
    assert_int_equal(*(const int64_t *)column.buffers[1], 7);
    column.release(&column);
}

static void a_column_of_several_classes_is_refused_by_name(void **state) {
    (void)state;
    assert_ok(conn, hdb_prepare(conn, "SELECT column1, column2 AS v FROM (VALUES (1, 2), (2, 'x'))", -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_arrow(stmt, &stream), HDB_MISMATCH);
    assert_non_null(strstr(hdb_errmsg(conn), "column \"v\" is utf8 in Arrow, and row 1 has a value of class INTEGER"));
    assert_null(stream.release);
    assert_ok(conn, hdb_finalize(stmt));
    /* Later than in the first rows, too; and what a double can't hold, and what is not UTF-8. */
    static const char *const wrong[] = {"'x'", "1.5", "x''"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char sql[300];
        snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000)"
                                  " SELECT CASE i WHEN 200000 THEN %s ELSE i END AS v FROM n", wrong[i]);
        open_stream(sql);
        int rc = 0;
        while ((rc = stream.get_next(&stream, &array)) == 0 && array.release)
            array.release(&array);
        assert_int_not_equal(rc, 0);
        assert_non_null(strstr(stream.get_last_error(&stream), "row 200000"));
        array.release = NULL;
        assert_int_equal(stream.get_next(&stream, &array), 0); /* it has ended */
        assert_null(array.release);
        schema.release(&schema);
        stream.release(&stream);
        assert_ok(conn, hdb_finalize(stmt));
    }
    assert_ok(conn, hdb_prepare(conn, "SELECT 0.5 UNION ALL SELECT 9007199254740993", -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_arrow(stmt, &stream), HDB_MISMATCH);
    assert_ok(conn, hdb_finalize(stmt));
    assert_ok(conn, hdb_prepare(conn, "SELECT CAST(x'ff' AS TEXT)", -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_arrow(stmt, &stream), HDB_MISMATCH);
}

static void a_stream_without_its_statement_gives_an_error(void **state) {
    static const char *const sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i, 'text' FROM n";
    (void)state;
    for (int how = 0; how < 4; how++) {
        if (!conn)
            assert_int_equal(hdb_connect(":memory:", NULL, &conn), HDB_OK);
        open_stream(sql);
        assert_true(next());
        if (how == 0)
            assert_ok(conn, hdb_reset(stmt));
        else if (how == 1)
            assert_int_equal(hdb_execute(stmt), HDB_ROW);
        else if (how == 2)
            assert_ok(conn, hdb_finalize(stmt));
        else
            assert_int_equal(hdb_close(conn), HDB_OK);
        array.release(&array);
        assert_int_not_equal(stream.get_next(&stream, &array), 0);
        assert_string_equal(stream.get_last_error(&stream), "the statement of this stream was reset or closed");
        array.release = NULL;
        schema.release(&schema);
        stream.release(&stream);
    }
    assert_int_equal(hdb_connect(":memory:", NULL, &conn), HDB_OK);
}

static void an_error_of_the_query_ends_the_stream(void **state) {
    (void)state;
    open_stream("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000)"
                " SELECT i, CASE i WHEN 200000 THEN abs(-9223372036854775807 - 1) ELSE 0 END FROM n");
    int rc = 0;
    while ((rc = stream.get_next(&stream, &array)) == 0 && array.release)
        array.release(&array);
    assert_int_not_equal(rc, 0);
    assert_string_equal(stream.get_last_error(&stream), "integer overflow");
    array.release = NULL;
}

static void only_rows_can_be_exported_and_once(void **state) {
    struct ArrowArrayStream other;
    (void)state;
    assert_ok(conn, hdb_prepare(conn, "CREATE TABLE t(a)", -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_arrow(stmt, &other), HDB_MISUSE);
    assert_ok(conn, hdb_finalize(stmt));
    open_stream("SELECT 1");
    assert_int_equal(hdb_fetch_arrow(stmt, &other), HDB_MISUSE);
    assert_int_equal(hdb_fetch_arrow(NULL, &other), HDB_MISUSE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_connection, close_connection)
    const struct CMUnitTest tests[] = {
        TEST(every_storage_class_has_its_type),
        TEST(columns_without_values_go_by_their_declaration),
        TEST(a_large_result_comes_in_pieces),
        TEST(what_was_taken_outlives_everything),
        TEST(a_column_of_several_classes_is_refused_by_name),
        TEST(a_stream_without_its_statement_gives_an_error),
        TEST(an_error_of_the_query_ends_the_stream),
        TEST(only_rows_can_be_exported_and_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
