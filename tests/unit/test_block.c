/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of rows: what goes in comes out, and what is not a block is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those first */
#include "block.h"
#include <cmocka.h>
#include <math.h>
#include <string.h>

enum { HEAD = 2, COLUMN_HEAD = 3 };

static hdb_block block;

static int release(void **state) {
    (void)state;
    hdb_block_free(&block);
    return 0;
}

/* A block of one column. */
static void make(const hdb_value *values, int count) {
    assert_int_equal(hdb_block_begin(&block, 1), HDB_OK);
    for (int i = 0; i < count; i++) {
        hdb_block_append(&block, 0, &values[i]);
        block.rows++;
    }
    assert_int_equal(hdb_block_finish(&block), HDB_OK);
}

static int form(void) {
    return (int)((const int64_t *)(const void *)block.text.data)[HEAD];
}

static void assert_comes_back(const hdb_value *values, int count, int expected_form) {
    int64_t rows, columns;
    hdb_block_cursor cursor;
    make(values, count);
    assert_int_equal(form(), expected_form);
    assert_int_equal(hdb_block_open(block.text.data, block.text.size, &rows, &columns), HDB_OK);
    assert_int_equal(rows, count);
    assert_int_equal(columns, 1);
    assert_int_equal(hdb_block_column_open(&cursor, block.text.data, block.text.size, 0), HDB_OK);
    for (int i = 0; i < count; i++) {
        const hdb_value value = hdb_block_next(&cursor, i);
        assert_true(hdb_value_identical(&value, &values[i]));
    }
}

static void test_columns_of_one_class_come_back(void **state) {
    (void)state;
    assert_comes_back((hdb_value[]){hdb_value_integer(1), hdb_value_integer(INT64_MIN)}, 2, HDB_BLOCK_INTEGER);
    assert_comes_back((hdb_value[]){hdb_value_real(-0.0), hdb_value_real(INFINITY)}, 2, HDB_BLOCK_FLOAT);
    assert_comes_back((hdb_value[]){hdb_value_text("", 0), hdb_value_text("a\xc3\xa4", 3), hdb_value_text("", 0)}, 3, HDB_BLOCK_TEXT);
    assert_comes_back((hdb_value[]){hdb_value_null(), hdb_value_null()}, 2, HDB_BLOCK_NULL);
    assert_comes_back(NULL, 0, HDB_BLOCK_NULL);
}

static void test_mixed_columns_come_back(void **state) {
    const hdb_value all[] = {hdb_value_null(),          hdb_value_text("x\0y", 3), hdb_value_integer(-1), hdb_value_real(1.0),
                             hdb_value_blob("\0\xff", 2), hdb_value_text("", 0),     hdb_value_blob("", 0), hdb_value_null()};
    const int count = sizeof all / sizeof *all;
    (void)state;
    /* Whichever class comes first. */
    for (int first = 0; first < count; first++)
        for (int length = 2; length <= count - first; length++)
            assert_comes_back(all + first, length, HDB_BLOCK_MIXED);
    assert_comes_back((hdb_value[]){hdb_value_blob("b", 1)}, 1, HDB_BLOCK_MIXED);
    assert_comes_back((hdb_value[]){hdb_value_text("\0", 1)}, 1, HDB_BLOCK_MIXED);
}

static void test_a_block_is_used_again_for_other_columns(void **state) {
    int64_t rows, columns;
    hdb_block_cursor cursor;
    const hdb_value text = hdb_value_text("text", 4), number = hdb_value_integer(7);
    (void)state;
    make((hdb_value[]){hdb_value_text("before", 6)}, 1);
    assert_int_equal(hdb_block_begin(&block, 3), HDB_OK);
    for (int row = 0; row < 3; row++, block.rows++)
        for (int column = 0; column < 3; column++)
            hdb_block_append(&block, column, column == 1 ? &text : &number);
    assert_int_equal(hdb_block_finish(&block), HDB_OK);
    assert_int_equal(hdb_block_open(block.text.data, block.text.size, &rows, &columns), HDB_OK);
    assert_int_equal(rows, 3);
    assert_int_equal(columns, 3);
    for (int column = 0; column < 3; column++) {
        assert_int_equal(hdb_block_column_open(&cursor, block.text.data, block.text.size, column), HDB_OK);
        for (int row = 0; row < 3; row++) {
            const hdb_value value = hdb_block_next(&cursor, row);
            assert_true(hdb_value_identical(&value, column == 1 ? &text : &number));
        }
    }
}

/* Opens a block that lies in memory of its own. */
static int open_changed(int place, int64_t number) {
    int64_t copy[64], rows, columns;
    hdb_block_cursor cursor;
    assert_true(block.text.size <= sizeof copy);
    memcpy(copy, block.text.data, block.text.size);
    copy[place] = number;
    int rc = hdb_block_open(copy, block.text.size, &rows, &columns);
    return rc == HDB_OK && columns > 0 ? hdb_block_column_open(&cursor, copy, block.text.size, 0) : rc;
}

static void test_what_is_no_block_is_refused(void **state) {
    int64_t rows, columns, number = 0;
    const int64_t wrong[] = {-1, 3, 1000, INT64_MAX, INT64_MIN, INT64_MAX / 8};
    (void)state;
    assert_int_equal(hdb_block_open(NULL, 100, &rows, &columns), HDB_MISUSE);
    assert_int_equal(hdb_block_open(&number, sizeof number, &rows, &columns), HDB_MISUSE);
    make((hdb_value[]){hdb_value_text("a", 1), hdb_value_blob("bc", 2), hdb_value_integer(1)}, 3);
    assert_int_equal(hdb_block_open(block.text.data + 1, block.text.size - 1, &rows, &columns), HDB_MISUSE);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int64_t more = wrong[i] == 3 ? 4 : wrong[i];
        assert_int_equal(open_changed(0, more), HDB_MISUSE);                                  /* rows */
        assert_int_equal(open_changed(HEAD + 1, wrong[i]), HDB_MISUSE);                       /* offset */
        assert_int_equal(open_changed(HEAD + 2, wrong[i]), HDB_MISUSE);                       /* size */
        assert_int_equal(open_changed(HEAD, wrong[i] == 3 ? 5 : wrong[i]), HDB_MISUSE);       /* form */
        assert_int_equal(open_changed(HEAD + COLUMN_HEAD, wrong[i]), HDB_MISUSE);             /* length of a text */
    }
    assert_int_equal(open_changed(1, 2), HDB_OK); /* its second column would lie in the first one's data */
    assert_int_equal(open_changed(1, INT64_MAX), HDB_MISUSE);
    assert_int_equal(open_changed(1, -1), HDB_MISUSE);
}

static void test_texts_that_are_not_as_many_as_the_rows_are_refused(void **state) {
    (void)state;
    make((hdb_value[]){hdb_value_text("a", 1), hdb_value_text("b", 1)}, 2);
    assert_int_equal(open_changed(0, 2), HDB_OK);
    assert_int_equal(open_changed(0, 1), HDB_MISUSE);
    assert_int_equal(open_changed(0, 3), HDB_MISUSE);
    assert_int_equal(open_changed(HEAD + 2, 3), HDB_MISUSE); /* without its last NUL */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_columns_of_one_class_come_back, release),
        cmocka_unit_test_teardown(test_mixed_columns_come_back, release),
        cmocka_unit_test_teardown(test_a_block_is_used_again_for_other_columns, release),
        cmocka_unit_test_teardown(test_what_is_no_block_is_refused, release),
        cmocka_unit_test_teardown(test_texts_that_are_not_as_many_as_the_rows_are_refused, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
