/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as a server sends them, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those first */
#include "link/pq_internal.h"
#include <cmocka.h>
#include <string.h>

static hdb_error error = HDB_ERROR_INIT;
static hdb_rows *rows;

/* One row of one cell. */
static int answer(Oid type, int format, const char *bytes, int size) {
    PGresAttDesc column = {.name = (char *)"c", .typid = type, .format = format};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    assert_non_null(result);
    assert_true(PQsetResultAttrs(result, 1, &column));
    assert_true(PQsetvalue(result, 0, 0, (char *)bytes, size));
    return pq_rows_new(result, HDB_ROWS_NATIVE, &rows, &error);
}

static hdb_value cell_of(Oid type, int format, const char *bytes, int size) {
    assert_int_equal(answer(type, format, bytes, size), HDB_OK);
    return hdb_rows_cell(rows, 0, 0);
}

static int release(void **state) {
    (void)state;
    hdb_rows_free(rows);
    rows = NULL;
    hdb_error_clear(&error);
    return 0;
}

static void test_an_integer_of_more_than_64_bits_is_no_other_integer(void **state) {
    const hdb_value value = cell_of(PQ_INT8, 0, "9223372036854775808", 19);
    (void)state;
    assert_int_equal(value.type, HDB_TYPE_FLOAT);
    assert_true(value.as.real == 9223372036854775808.0);
}

static void test_a_number_with_a_nul_is_text(void **state) {
    const hdb_value value = cell_of(PQ_INT8, 0, "12\0" "3", 4);
    (void)state;
    assert_int_equal(value.type, HDB_TYPE_TEXT);
    assert_int_equal(value.as.bytes.size, 4);
}

static void test_a_binary_integer_of_another_width_is_read_as_text(void **state) {
    const hdb_value value = cell_of(PQ_INT8, 1, "1.5", 3);
    (void)state;
    assert_int_equal(value.type, HDB_TYPE_FLOAT);
    assert_true(value.as.real == 1.5);
}

static void test_hexadecimal_bytes_are_decoded(void **state) {
    const hdb_value value = cell_of(PQ_BYTEA, 0, "\\x00fF", 6);
    (void)state;
    assert_int_equal(value.type, HDB_TYPE_BLOB);
    assert_int_equal(value.as.bytes.size, 2);
    assert_memory_equal(value.as.bytes.data, "\0\xff", 2);
}

static void test_bytes_in_other_digits_are_refused(void **state) {
    (void)state;
    assert_int_equal(answer(PQ_BYTEA, 0, "\\xzz", 4), HDB_CORRUPT);
    assert_null(rows);
    assert_int_equal(answer(PQ_BYTEA, 0, "\\x012", 5), HDB_CORRUPT);
    assert_null(rows);
}

static void test_what_is_not_there_is_null(void **state) {
    (void)state;
    assert_int_equal(answer(PQ_TEXT, 0, "a", 1), HDB_OK);
    assert_int_equal(hdb_rows_cell(rows, 0, 1).type, HDB_TYPE_NULL);
    assert_int_equal(hdb_rows_cell(rows, 1, 0).type, HDB_TYPE_NULL);
    assert_int_equal(hdb_rows_cell(rows, -1, -1).type, HDB_TYPE_NULL);
    assert_string_equal(hdb_rows_text(rows, 0, 0), "a");
    assert_null(hdb_rows_text(rows, 0, 1));
    assert_int_equal(hdb_rows_integer(rows, 0, 0), 0);
    assert_int_equal(hdb_rows_affected(rows), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_an_integer_of_more_than_64_bits_is_no_other_integer, release),
        cmocka_unit_test_teardown(test_a_number_with_a_nul_is_text, release),
        cmocka_unit_test_teardown(test_a_binary_integer_of_another_width_is_read_as_text, release),
        cmocka_unit_test_teardown(test_hexadecimal_bytes_are_decoded, release),
        cmocka_unit_test_teardown(test_bytes_in_other_digits_are_refused, release),
        cmocka_unit_test_teardown(test_what_is_not_there_is_null, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
