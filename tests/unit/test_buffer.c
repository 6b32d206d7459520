/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "buffer.h"
#include "value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_appends_in_order(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;

    hdb_buffer_text(&buffer, "a");
    hdb_buffer_char(&buffer, 'b');
    hdb_buffer_append(&buffer, "c\0d", 3);
    hdb_buffer_format(&buffer, "%d-%s", 42, "x");
    assert_int_equal(buffer.size, 9);
    assert_memory_equal(buffer.data, "abc\0d42-x", 10);
    assert_false(buffer.failed);
    hdb_buffer_free(&buffer);
    assert_null(buffer.data);
}

static void test_grows_past_any_first_guess(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;

    for (int i = 0; i < 100000; i++)
        hdb_buffer_format(&buffer, "%05d", i);
    assert_int_equal(buffer.size, 500000);
    assert_memory_equal(buffer.data + 5 * 77777, "77777", 5);
    assert_int_equal(buffer.data[buffer.size], 0);
    hdb_buffer_free(&buffer);
}

static void test_formats_more_than_fits(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;
    char word[5000];

    memset(word, 'w', sizeof word);
    word[sizeof word - 1] = '\0';
    hdb_buffer_format(&buffer, "[%s]", word);
    assert_int_equal(buffer.size, sizeof word + 1);
    assert_int_equal(buffer.data[buffer.size - 1], ']');
    hdb_buffer_free(&buffer);
}

static void test_reset_keeps_the_memory(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;
    char *data;

    hdb_buffer_text(&buffer, "something");
    data = buffer.data;
    hdb_buffer_reset(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_string_equal(buffer.data, "");
    hdb_buffer_text(&buffer, "other");
    assert_ptr_equal(buffer.data, data);
    assert_string_equal(buffer.data, "other");
    hdb_buffer_free(&buffer);
}

static void test_identifier_doubles_quotes(void **state) {
    static const char *const cases[][2] = {
        {"plain", "\"plain\""}, {"", "\"\""},           {"a\"b", "\"a\"\"b\""},
        {"\"", "\"\"\"\""},     {"\"\"", "\"\"\"\"\"\""}, {"Sp ace;--", "\"Sp ace;--\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hdb_buffer buffer = HDB_BUFFER_INIT;
        hdb_buffer_identifier(&buffer, cases[i][0]);
        assert_string_equal(buffer.data, cases[i][1]);
        hdb_buffer_free(&buffer);
    }
}

static void test_take_hands_over(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;
    char *text;

    hdb_buffer_text(&buffer, "mine");
    text = hdb_buffer_take(&buffer);
    assert_string_equal(text, "mine");
    assert_null(buffer.data);
    assert_int_equal(buffer.capacity, 0);
    free(text);
}

static void test_take_of_nothing_is_an_empty_text(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;
    char *text = hdb_buffer_take(&buffer);

    assert_string_equal(text, "");
    free(text);
}

static void test_failure_sticks(void **state) {
    hdb_buffer buffer = HDB_BUFFER_INIT;

    hdb_buffer_text(&buffer, "before");
    volatile size_t more = SIZE_MAX / 2; /* than there is: refused before it is read */
    hdb_buffer_append(&buffer, "x", more);
    assert_true(buffer.failed);
    hdb_buffer_text(&buffer, "after");
    assert_string_equal(buffer.data, "before");
    assert_null(hdb_buffer_take(&buffer));
    assert_false(buffer.failed);
}

static void test_values_are_compared_by_class_and_bits(void **state) {
    hdb_value one = hdb_value_integer(1), real_one = hdb_value_real(1), zero = hdb_value_real(0.0);
    hdb_value minus_zero = hdb_value_real(-0.0), nan_value = hdb_value_real(NAN), null = hdb_value_null();
    hdb_value text = hdb_value_text("ab", 2), blob = hdb_value_blob("ab", 2), longer = hdb_value_text("abc", 3);
    hdb_value empty = hdb_value_text(NULL, 0), other_empty = hdb_value_text("", 0);

    assert_true(hdb_value_identical(&one, &one));
    assert_false(hdb_value_identical(&one, &real_one));
    assert_false(hdb_value_identical(&zero, &minus_zero));
    assert_true(hdb_value_identical(&nan_value, &nan_value));
    assert_true(hdb_value_identical(&null, &null));
    assert_false(hdb_value_identical(&null, &one));
    assert_true(hdb_value_identical(&text, &text));
    assert_false(hdb_value_identical(&text, &blob));
    assert_false(hdb_value_identical(&text, &longer));
    assert_true(hdb_value_identical(&empty, &other_empty));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_in_order),
        cmocka_unit_test(test_grows_past_any_first_guess),
        cmocka_unit_test(test_formats_more_than_fits),
        cmocka_unit_test(test_reset_keeps_the_memory),
        cmocka_unit_test(test_identifier_doubles_quotes),
        cmocka_unit_test(test_take_hands_over),
        cmocka_unit_test(test_take_of_nothing_is_an_empty_text),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_values_are_compared_by_class_and_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
