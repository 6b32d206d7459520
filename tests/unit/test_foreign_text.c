/* SPDX-License-Identifier: Apache-2.0 */
/* How columns of other clients' tables are declared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those first */
#include "record/foreign_tables.h"
#include <cmocka.h>
#include <string.h>

/* NULL: it is no literal. */
static void check_default(enum hdb_foreign_kind kind, const char *expression, const char *expected) {
    const hdb_foreign_column column = {.kind = kind};
    hdb_buffer sql = HDB_BUFFER_INIT;
    assert_true(hdb_foreign_default(&sql, &column, expression) == (expected != NULL));
    if (expected != NULL)
        assert_string_equal(sql.data, expected);
    hdb_buffer_free(&sql);
}

static void test_literals_are_taken_over(void **state) {
    (void)state;
    check_default(HDB_FOREIGN_BOOLEAN, "true", " DEFAULT 1");
    check_default(HDB_FOREIGN_INTEGER, "-42", " DEFAULT -42");
    check_default(HDB_FOREIGN_REAL, "1.5", " DEFAULT 1.5");
    check_default(HDB_FOREIGN_REAL, ".5", " DEFAULT .5");
    check_default(HDB_FOREIGN_TEXT, "'it''s'::text", " DEFAULT 'it''s'");
}

static void test_other_expressions_are_not(void **state) {
    (void)state;
    check_default(HDB_FOREIGN_OTHER, "42", NULL);
    check_default(HDB_FOREIGN_TEXT, "", NULL);
    check_default(HDB_FOREIGN_TEXT, "now()", NULL);
    check_default(HDB_FOREIGN_TEXT, "'open", NULL);
    check_default(HDB_FOREIGN_TEXT, "'a' || 'b'", NULL);
}

/* Two signs would begin a comment. */
static void test_what_only_looks_like_a_number_is_not_taken_over(void **state) {
    static const char *const expressions[] = {"-", ".", "--1", "1-", "1.2.3", "-.", "1--"};
    (void)state;
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        check_default(HDB_FOREIGN_INTEGER, expressions[i], NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals_are_taken_over),
        cmocka_unit_test(test_other_expressions_are_not),
        cmocka_unit_test(test_what_only_looks_like_a_number_is_not_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
