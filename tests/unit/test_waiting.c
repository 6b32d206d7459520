/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "waiting.h"

static void count(void *context) {
    ++*(int *)context;
}

static void the_one_that_began_last_is_asked(void **state) {
    int first = 0, second = 0;
    hdb_watch one = {.look = count, .context = &first}, two = {.look = count, .context = &second};
    (void)state;
    hdb_waiting_for_lock();
    hdb_waiting_begin(&one);
    hdb_waiting_for_lock();
    hdb_waiting_begin(&two);
    hdb_waiting_for_lock();
    hdb_waiting_end(&two);
    hdb_waiting_for_lock();
    hdb_waiting_end(&one);
    hdb_waiting_for_lock();
    assert_int_equal(first, 2);
    assert_int_equal(second, 1);
}

/* A backup enters two connections and leaves them in the order in which it has entered them. */
static void they_may_end_in_any_order(void **state) {
    int first = 0, second = 0;
    hdb_watch one = {.look = count, .context = &first}, two = {.look = count, .context = &second};
    (void)state;
    hdb_waiting_begin(&one);
    hdb_waiting_begin(&two);
    hdb_waiting_end(&one);
    hdb_waiting_for_lock();
    hdb_waiting_end(&two);
    hdb_waiting_for_lock();
    hdb_waiting_end(&two);
    hdb_waiting_for_lock();
    assert_int_equal(first, 0);
    assert_int_equal(second, 1);
}

static void nobody_is_asked_while_an_answer_is_held(void **state) {
    int calls = 0;
    hdb_watch watch = {.look = count, .context = &calls};
    (void)state;
    hdb_waiting_begin(&watch);
    hdb_waiting_hold();
    hdb_waiting_hold();
    hdb_waiting_release();
    hdb_waiting_for_answer();
    assert_int_equal(calls, 0);
    hdb_waiting_for_lock();
    assert_int_equal(calls, 1);
    hdb_waiting_release();
    hdb_waiting_for_answer();
    assert_int_equal(calls, 2);
    hdb_waiting_end(&watch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_that_began_last_is_asked),
        cmocka_unit_test(they_may_end_in_any_order),
        cmocka_unit_test(nobody_is_asked_while_an_answer_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
