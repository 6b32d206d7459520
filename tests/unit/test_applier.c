/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that this process keeps for its applying thread, while another process has apply.lock. No engine is started. */
#include "record/applier.h"
#include "record/record.h"
#include "support/support.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

enum { ENTRIES = 20000, SIZE = 100 };

struct fixture {
    char *directory;
    hdb_record *record;
    hdb_applier *applier;
    hdb_state theirs; /* the other process's view */
    atomic_bool ends;
};

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    hdb_error error = HDB_ERROR_INIT;
    fixture->directory = support_make_directory("applier");
    const hdb_engine_options options = {.directory = fixture->directory, .program = "/bin/true", .timeout_ms = 1000};
    assert_int_equal(hdb_record_open(&options, &fixture->record, &error), HDB_OK);
    assert_int_equal(hdb_applier_start(fixture->record, &fixture->applier, &error), HDB_OK);
    assert_int_equal(hdb_state_open(fixture->directory, &fixture->theirs, &error), HDB_OK);
    assert_true(hdb_state_try(&fixture->theirs, HDB_LOCK_APPLY));
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    hdb_applier_stop(fixture->applier);
    hdb_state_close(&fixture->theirs);
    hdb_record_close(fixture->record);
    support_remove_directory(fixture->directory);
    free(fixture->directory);
    free(fixture);
    return 0;
}

/* The other process: whatever was committed is applied. */
static void *apply(void *context) {
    struct fixture *fixture = context;
    while (!atomic_load(&fixture->ends)) {
        hdb_state_set_applied(&fixture->theirs, hdb_state_synced(&fixture->theirs));
        support_sleep_ms(1);
    }
    return NULL;
}

static void commit(struct fixture *fixture, int64_t id) {
    hdb_state_set_synced(hdb_record_state(fixture->record), id);
    hdb_applier_add(fixture->applier, id, calloc(1, SIZE), SIZE);
}

static void a_committer_goes_on_while_another_process_applies_everything(void **state) {
    struct fixture *fixture = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, apply, fixture), 0);
    for (int64_t id = 1; id <= ENTRIES; id++)
        commit(fixture, id);
    atomic_store(&fixture->ends, true);
    pthread_join(thread, NULL);
    assert_true(hdb_state_applied(hdb_record_state(fixture->record)) <= ENTRIES);
}

static void a_wait_for_another_process_can_have_a_limit(void **state) {
    struct fixture *fixture = *state;
    hdb_error error = HDB_ERROR_INIT;
    commit(fixture, 1);
    assert_int_equal(hdb_applier_wait(fixture->applier, 1, NULL, 50, &error), HDB_BUSY);
    hdb_error_clear(&error);
    hdb_state_set_applied(&fixture->theirs, 1);
    assert_int_equal(hdb_applier_wait(fixture->applier, 1, NULL, 50, &error), HDB_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_committer_goes_on_while_another_process_applies_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wait_for_another_process_can_have_a_limit, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
