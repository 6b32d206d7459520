/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as a server sends them, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those first */
#include "link/pq_internal.h"
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Those of few digits go another way. */
static void expect_strtod(const char *text) {
    char *end;
    const double expected = strtod(text, &end);
    const hdb_value value = cell_of(PQ_FLOAT8, 0, text, (int)strlen(text));
    assert_int_equal(value.type, end != text && *end == '\0' ? HDB_TYPE_FLOAT : HDB_TYPE_TEXT);
    if (value.type == HDB_TYPE_FLOAT && memcmp(&value.as.real, &expected, sizeof expected) != 0)
        fail_msg("%s is read as %.17g", text, value.as.real);
    hdb_rows_free(rows);
    rows = NULL;
}

static void test_a_number_in_text_is_what_strtod_makes_of_it(void **state) {
    static const char *const texts[] = {
        "0", "-0", "0.5", ".5", "5.", "-1.25", "999999999999999", "9999999999999999", "9007199254740993", "0.000000000000001",
        "-123456789012345.6", "1234567890.12345", "1e5", "1.5e-7", "+1", "-", ".", "-.", "1.2.3", "1-", "Infinity", "0.1", "4.35",
        "91399620.84340797", "944608837.2433843", "986.5452293525111", /* a digit more than is exact */
    };
    uint64_t random = 1;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_strtod(texts[i]);
    for (int i = 0; i < 20000; i++) {
        char text[40], digits[20];
        random = random * 6364136223846793005u + 1442695040888963407u;
        const int length = snprintf(digits, sizeof digits, "%018llu", (unsigned long long)(random >> 5)) - (int)(random >> 60);
        const int point = (int)(random >> 20) % (length > 0 ? length + 1 : 1);
        snprintf(text, sizeof text, "%s%.*s.%.*s", random & 64 ? "-" : "", point, digits, length - point, digits + point);
        expect_strtod(text);
    }
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
        cmocka_unit_test_teardown(test_a_number_in_text_is_what_strtod_makes_of_it, release),
        cmocka_unit_test_teardown(test_hexadecimal_bytes_are_decoded, release),
        cmocka_unit_test_teardown(test_bytes_in_other_digits_are_refused, release),
        cmocka_unit_test_teardown(test_what_is_not_there_is_null, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
