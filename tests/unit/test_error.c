/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "error.h"

#include <string.h>

static void test_set_gives_the_primary_code(void **state) {
    hdb_error error = HDB_ERROR_INIT;

    assert_int_equal(hdb_error_set(&error, 2067, NULL, "%s failed", "it"), HDB_CONSTRAINT);
    assert_int_equal(error.code, 2067);
    assert_string_equal(error.sqlstate, "23505");
    assert_string_equal(hdb_error_message(&error), "it failed");
    assert_int_equal(error.offset, -1);
    hdb_error_clear(&error);
    assert_int_equal(error.code, HDB_OK);
    assert_string_equal(error.sqlstate, "");
    assert_null(error.message);
}

static void test_set_keeps_a_given_sqlstate(void **state) {
    hdb_error error = HDB_ERROR_INIT;

    hdb_error_set(&error, HDB_ERROR, "42601", "syntax");
    assert_string_equal(error.sqlstate, "42601");
    hdb_error_set(&error, HDB_ERROR, "much too long", "syntax");
    assert_string_equal(error.sqlstate, "much ");
    hdb_error_clear(&error);
}

static void test_an_error_can_be_wrapped_in_itself(void **state) {
    hdb_error error = HDB_ERROR_INIT;

    hdb_error_set(&error, HDB_IOERR, "08006", "inner");
    hdb_error_set(&error, HDB_CANTOPEN, error.sqlstate, "outer: %s", hdb_error_message(&error));
    assert_string_equal(hdb_error_message(&error), "outer: inner");
    assert_string_equal(error.sqlstate, "08006");
    hdb_error_clear(&error);
}

static void test_move_leaves_the_source_clear(void **state) {
    hdb_error from = HDB_ERROR_INIT, to = HDB_ERROR_INIT;

    hdb_error_set(&to, HDB_BUSY, NULL, "old");
    hdb_error_set(&from, HDB_FULL, NULL, "new");
    assert_int_equal(hdb_error_move(&to, &from), HDB_FULL);
    assert_string_equal(hdb_error_message(&to), "new");
    assert_int_equal(from.code, HDB_OK);
    assert_null(from.message);
    assert_int_equal(hdb_error_move(&to, &to), HDB_FULL);
    assert_string_equal(hdb_error_message(&to), "new");
    hdb_error_clear(&to);
}

static void test_nomem_needs_no_text(void **state) {
    hdb_error error = HDB_ERROR_INIT;

    hdb_error_set(&error, HDB_BUSY, NULL, "old");
    assert_int_equal(hdb_error_nomem(&error), HDB_NOMEM);
    assert_string_equal(hdb_error_message(&error), "out of memory");
    assert_string_equal(error.sqlstate, "53200");
}

static void test_every_code_has_a_message(void **state) {
    for (int code = HDB_OK; code <= HDB_WARNING; code++) {
        hdb_error error = {.code = code};
        assert_non_null(hdb_error_message(&error));
        assert_true(strlen(hdb_error_message(&error)) > 3);
    }
    assert_string_equal(hdb_error_message(&(hdb_error){.code = HDB_BUSY}), "database is locked");
    assert_string_equal(hdb_error_message(&(hdb_error){.code = HDB_OK}), "not an error");
    assert_string_equal(hdb_error_message(&(hdb_error){.code = HDB_NOTSUPPORTED}), "not supported");
    assert_string_equal(hdb_error_message(&(hdb_error){.code = 99}), "unknown error");
    assert_string_equal(hdb_error_message(&(hdb_error){.code = 2067}), "constraint failed");
}

static void test_codes_of_sqlstates(void **state) {
    static const struct {
        const char *sqlstate;
        int code;
    } cases[] = {
        {"00000", HDB_OK},       {"23505", 2067},          {"23000", 1299},          {"23502", 1299},
        {"23514", 275},          {"23503", 787},           {"23001", 787},           {"23P01", HDB_CONSTRAINT},
        {"40001", HDB_BUSY},     {"40P01", HDB_BUSY},      {"55P03", HDB_BUSY},      {"57014", HDB_INTERRUPT},
        {"53300", HDB_CANTOPEN}, {"08001", HDB_CANTOPEN},  {"08004", HDB_CANTOPEN},  {"08006", HDB_IOERR},
        {"28P01", HDB_CANTOPEN}, {"28000", HDB_CANTOPEN},  {"57P01", HDB_IOERR},     {"57P03", HDB_CANTOPEN},
        {"53100", HDB_FULL},     {"53200", HDB_NOMEM},     {"25006", HDB_READONLY},  {"25P02", HDB_ERROR},
        {"22003", HDB_ERROR},    {"42601", HDB_ERROR},     {"XX000", HDB_ERROR},     {"XX001", HDB_CORRUPT},
        {"42501", HDB_AUTH},     {"54000", HDB_TOOBIG},    {"58030", HDB_IOERR},     {"0A000", HDB_ERROR},
        {"", HDB_ERROR},         {"2", HDB_ERROR},         {"?????", HDB_ERROR},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(hdb_error_code_of_sqlstate(cases[i].sqlstate), cases[i].code);
}

static void test_every_code_has_a_sqlstate(void **state) {
    for (int code = 0; code <= 0xffff; code++) {
        const char *sqlstate = hdb_error_sqlstate_of_code(code);
        assert_int_equal(strlen(sqlstate), 5);
        assert_int_equal(strspn(sqlstate, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 5);
    }
    assert_string_equal(hdb_error_sqlstate_of_code(HDB_ERROR), "HY000");
    assert_string_equal(hdb_error_sqlstate_of_code(2067), "23505");
    assert_string_equal(hdb_error_sqlstate_of_code(1555), "23505");
    assert_string_equal(hdb_error_sqlstate_of_code(1299), "23502");
    assert_string_equal(hdb_error_sqlstate_of_code(517), "55P03");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_gives_the_primary_code),
        cmocka_unit_test(test_set_keeps_a_given_sqlstate),
        cmocka_unit_test(test_an_error_can_be_wrapped_in_itself),
        cmocka_unit_test(test_move_leaves_the_source_clear),
        cmocka_unit_test(test_nomem_needs_no_text),
        cmocka_unit_test(test_every_code_has_a_message),
        cmocka_unit_test(test_codes_of_sqlstates),
        cmocka_unit_test(test_every_code_has_a_sqlstate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
