/* SPDX-License-Identifier: Apache-2.0 */
/* Several statements in one round trip, on an in-memory HeliosDB of its own and on the PostgreSQL that HELIOSDB_TEST_DSN_POSTGRESQL
 * names: they give what they give one after the other, and what fails is told as it is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "link/embedded.h"
#include "link/link.h"

#include <stdatomic.h>

static hdb_error error = HDB_ERROR_INIT;
static hdb_engine *engine;
static hdb_link *link_;
static char *own_dsn;
static char postgresql_variable[] = "HELIOSDB_TEST_DSN_POSTGRESQL";

static int start(void **state) {
    hdb_engine_options options = {.directory = NULL};
    (void)state;
    return hdb_engine_open(&options, &engine, &error) == HDB_OK && hdb_engine_conninfo(engine, &own_dsn, &error) == HDB_OK ? 0 : -1;
}

static int stop(void **state) {
    (void)state;
    hdb_engine_close(engine);
    free(own_dsn);
    return 0;
}

static const char *dsn_or_skip(void **state) {
    const char *dsn = *state ? getenv(*state) : own_dsn;
    if (dsn == NULL) {
        print_message("no PostgreSQL: HELIOSDB_TEST_DSN_POSTGRESQL is not set\n");
        skip();
    }
    return dsn;
}

static void connect_to(void **state) {
    const char *dsn = dsn_or_skip(state);
    hdb_error_clear(&error);
    assert_ok(hdb_link_open(dsn, 60000, NULL, &link_, &error));
    hdb_link_script(link_, "DROP TABLE IF EXISTS pair", &error);
    hdb_error_clear(&error);
    assert_ok(hdb_link_script(link_, "CREATE TABLE pair (id BIGINT PRIMARY KEY, a TEXT, b BYTEA)", &error));
    assert_ok(hdb_link_script(link_, "INSERT INTO pair VALUES (1, 'one', '\\x00ff'), (2, NULL, NULL)", &error));
}

static int disconnect(void **state) {
    (void)state;
    hdb_link_close(link_);
    link_ = NULL;
    hdb_error_clear(&error);
    return 0;
}

static const char by_key[] = "SELECT id, a, b FROM pair WHERE id = $1", all[] = "SELECT count(*) FROM pair";

static void check_both(int64_t key, int expected_rows, int64_t expected_count) {
    const hdb_value id = hdb_value_integer(key);
    hdb_question first = {by_key, &id, 1, NULL}, second = {all, NULL, 0, NULL};
    assert_ok(hdb_link_query_both(link_, &first, &second, &error));
    assert_int_equal(hdb_rows_count(first.rows), expected_rows);
    assert_int_equal(hdb_rows_integer(second.rows, 0, 0), expected_count);
    if (key == 1 && expected_rows == 1) {
        hdb_value bytes = hdb_rows_cell(first.rows, 0, 2);
        assert_string_equal(hdb_rows_text(first.rows, 0, 1), "one");
        assert_int_equal(bytes.as.bytes.size, 2);
        assert_memory_equal(bytes.as.bytes.data, "\0\xff", 2);
    }
    hdb_rows_free(first.rows);
    hdb_rows_free(second.rows);
}

static void both_give_their_rows(void **state) {
    connect_to(state);
    for (int i = 0; i < 3; i++) { /* prepared by the first, sent together by the others */
        check_both(1, 1, 2);
        check_both(2, 1, 2);
        check_both(3, 0, 2);
    }
}

static void a_changed_table_is_read_as_it_is_now(void **state) {
    connect_to(state);
    check_both(1, 1, 2);
    check_both(1, 1, 2);
    assert_ok(hdb_link_script(link_, "DROP TABLE pair", &error));
    assert_ok(hdb_link_script(link_, "CREATE TABLE pair (id BIGINT PRIMARY KEY, b BYTEA, a TEXT)", &error));
    assert_ok(hdb_link_script(link_, "INSERT INTO pair VALUES (1, '\\x00ff', 'one')", &error));
    check_both(1, 1, 1);
    check_both(1, 1, 1);
}

/* HeliosDB tells the types that there were when a statement was prepared. */
static void forgotten_statements_are_prepared_for_the_types_there_are(void **state) {
    static const char text[] = "SELECT a FROM pair WHERE id = $1";
    const hdb_value one = hdb_value_integer(1);
    connect_to(state);
    for (int type = HDB_TYPE_TEXT; type; type = type == HDB_TYPE_TEXT ? HDB_TYPE_INTEGER : 0) {
        for (int i = 0; i < 3; i++) {
            hdb_errand errand = {.sql = text, .params = &one, .count = 1, .ends = true};
            assert_ok(hdb_link_batch(link_, &errand, 1, &error));
            assert_int_equal(errand.rc, HDB_OK);
            assert_int_equal(hdb_rows_cell(errand.rows, 0, 0).type, type);
            hdb_errands_clear(&errand, 1);
        }
        assert_ok(hdb_link_script(link_, "DROP TABLE pair", &error));
        assert_ok(hdb_link_script(link_, "CREATE TABLE pair (id BIGINT PRIMARY KEY, a BIGINT)", &error));
        assert_ok(hdb_link_script(link_, "INSERT INTO pair VALUES (1, 5)", &error));
        assert_ok(hdb_link_forget_statements(link_, &error));
    }
}

static void what_fails_is_told_and_the_session_stays(void **state) {
    const hdb_value zero = hdb_value_integer(0), one = hdb_value_integer(1);
    static const char divides[] = "SELECT 10 / id FROM (SELECT id - 1 AS id FROM pair WHERE id = $1) AS less";
    connect_to(state);
    for (int i = 0; i < 2; i++) {
        hdb_question first = {by_key, &one, 1, NULL}, second = {"SELECT nothing FROM nowhere", NULL, 0, NULL};
        assert_int_equal(hdb_link_query_both(link_, &first, &second, &error), HDB_ERROR);
        assert_null(first.rows);
        assert_null(second.rows);
        hdb_error_clear(&error);
    }
    /* One that is prepared, and fails as it runs, before and after another. */
    if (hdb_link_peer(link_) == HDB_PEER_POSTGRESQL)
        for (int i = 0; i < 2; i++) {
            hdb_question first = {divides, &zero, 1, NULL}, second = {all, NULL, 0, NULL};
            assert_ok(hdb_link_query_both(link_, &first, &second, &error));
            hdb_rows_free(first.rows);
            hdb_rows_free(second.rows);
            first.params = &one;
            assert_int_equal(hdb_link_query_both(link_, &first, &second, &error), HDB_ERROR);
            assert_string_equal(error.sqlstate, "22012");
            hdb_error_clear(&error);
            assert_int_equal(hdb_link_query_both(link_, &second, &first, &error), HDB_ERROR);
            assert_string_equal(error.sqlstate, "22012");
            assert_true(first.rows == NULL && second.rows == NULL);
            hdb_error_clear(&error);
        }
    check_both(1, 1, 2);
}

static void inside_a_transaction_it_is_one_after_the_other(void **state) {
    connect_to(state);
    check_both(1, 1, 2);
    assert_ok(hdb_link_script(link_, "BEGIN", &error));
    assert_ok(hdb_link_script(link_, "INSERT INTO pair VALUES (3, 'three', NULL)", &error));
    check_both(1, 1, 3);
    assert_ok(hdb_link_script(link_, "ROLLBACK", &error));
    check_both(3, 0, 2);
}

static void an_interrupt_ends_it(void **state) {
    atomic_int stop_now = 0;
    connect_to(state);
    check_both(1, 1, 2);
    check_both(1, 1, 2);
    stop_now = 1;
    hdb_link_set_interrupt(link_, &stop_now);
    const hdb_value one = hdb_value_integer(1);
    hdb_question first = {by_key, &one, 1, NULL}, second = {all, NULL, 0, NULL};
    assert_int_equal(hdb_link_query_both(link_, &first, &second, &error), HDB_INTERRUPT);
    assert_null(first.rows);
    assert_false(hdb_link_is_alive(link_));
    hdb_error_clear(&error);
    assert_int_equal(hdb_link_query_both(link_, &first, &second, &error), HDB_IOERR);
}

/* --- hdb_link_batch() --- */

static const char insert[] = "INSERT INTO pair (id, a) VALUES ($1, 'new')";

/* Two rows as one unit, and a query as another; each has the result code that is expected. */
static void check_batch(int64_t key, int64_t other, const int expected[2], int64_t expected_count) {
    const hdb_value keys[2] = {hdb_value_integer(key), hdb_value_integer(other)};
    hdb_errand errands[3] = {{.sql = insert, .params = &keys[0], .count = 1},
                             {.sql = insert, .params = &keys[1], .count = 1, .ends = true},
                             {.sql = all, .ends = true}};
    assert_ok(hdb_link_batch(link_, errands, 3, &error));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(errands[i].rc, expected[i]);
        if (expected[i] == HDB_OK)
            assert_int_equal(hdb_rows_affected(errands[i].rows), 1);
    }
    assert_int_equal(errands[2].rc, HDB_OK);
    assert_int_equal(hdb_rows_integer(errands[2].rows, 0, 0), expected_count);
    hdb_errands_clear(errands, 3);
}

static void a_unit_ends_with_what_fails_and_the_next_one_is_run(void **state) {
    static const int good[2] = {HDB_OK, HDB_OK}, second[2] = {HDB_OK, HDB_CONSTRAINT}, first[2] = {HDB_CONSTRAINT, HDB_ERROR};
    connect_to(state);
    /* PostgreSQL undoes what a unit has done, if it went as one; HeliosDB keeps it. */
    int kept = hdb_link_peer(link_) == HDB_PEER_HELIOSDB;
    check_batch(10, 11, good, 4); /* prepares them */
    check_batch(12, 13, good, 6);
    check_batch(14, 1, second, 6 + kept);
    check_batch(1, 15, first, 6 + kept);
    check_batch(16, 17, good, 8 + kept);
}

static void a_batch_prepares_again_what_the_server_has_forgotten(void **state) {
    static const int good[2] = {HDB_OK, HDB_OK};
    const hdb_value one = hdb_value_integer(20), two = hdb_value_integer(21);
    connect_to(state);
    if (hdb_link_peer(link_) != HDB_PEER_POSTGRESQL)
        return; /* HeliosDB can't forget */
    check_batch(10, 11, good, 4);
    check_batch(12, 13, good, 6);
    assert_ok(hdb_link_script(link_, "DEALLOCATE ALL", &error));
    hdb_errand errands[2] = {{.sql = insert, .params = &one, .count = 1}, {.sql = insert, .params = &two, .count = 1, .ends = true}};
    assert_ok(hdb_link_batch(link_, errands, 2, &error));
    assert_string_equal(errands[0].error.sqlstate, "26000");
    assert_int_equal(errands[1].rc, HDB_ERROR);
    hdb_errands_clear(errands, 2);
    check_batch(14, 15, good, 8);
}

static int stop_after_the_first(void *context, const hdb_value *cells, int count) {
    (void)context, (void)cells, (void)count;
    return HDB_DONE;
}

static void whole_results_come_after_a_stream(void **state) {
    static const int good[2] = {HDB_OK, HDB_OK};
    static const char stream[] = "SELECT id FROM pair";
    connect_to(state);
    check_batch(10, 11, good, 4);
    check_both(1, 1, 4);
    hdb_errand errands[2] = {{.sql = all, .ends = true}, {.sql = all, .ends = true}};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hdb_link_stream(link_, stream, NULL, 0, HDB_ROWS_NATIVE, stop_after_the_first, NULL, &error), HDB_DONE);
        assert_ok(hdb_link_batch(link_, errands, 2, &error));
        assert_int_equal(hdb_rows_integer(errands[0].rows, 0, 0), 4);
        assert_int_equal(hdb_rows_integer(errands[1].rows, 0, 0), 4);
        hdb_errands_clear(errands, 2);
        assert_int_equal(hdb_link_stream(link_, stream, NULL, 0, HDB_ROWS_NATIVE, stop_after_the_first, NULL, &error), HDB_DONE);
        check_both(1, 1, 4);
    }
}

static void a_batch_inside_a_transaction_is_one_after_the_other(void **state) {
    static const int good[2] = {HDB_OK, HDB_OK};
    connect_to(state);
    check_batch(10, 11, good, 4);
    assert_ok(hdb_link_script(link_, "BEGIN", &error));
    check_batch(12, 13, good, 6);
    assert_ok(hdb_link_script(link_, "ROLLBACK", &error));
    check_both(12, 0, 4);
}

static void an_interrupt_ends_a_batch(void **state) {
    static const int good[2] = {HDB_OK, HDB_OK};
    atomic_int stop_now = 1;
    connect_to(state);
    check_batch(10, 11, good, 4);
    hdb_link_set_interrupt(link_, &stop_now);
    hdb_errand errand = {.sql = all, .ends = true};
    assert_int_equal(hdb_link_batch(link_, &errand, 1, &error), HDB_INTERRUPT);
    assert_null(errand.rows);
    assert_false(hdb_link_is_alive(link_));
    hdb_error_clear(&error);
    assert_int_equal(hdb_link_batch(link_, &errand, 1, &error), HDB_IOERR);
}

#define both(test) {#test " (heliosdb)", test, NULL, disconnect, NULL}, {#test " (postgresql)", test, NULL, disconnect, postgresql_variable}

int main(void) {
    const struct CMUnitTest tests[] = {
        both(both_give_their_rows),
        both(a_changed_table_is_read_as_it_is_now),
        both(forgotten_statements_are_prepared_for_the_types_there_are),
        both(what_fails_is_told_and_the_session_stays),
        both(inside_a_transaction_it_is_one_after_the_other),
        both(an_interrupt_ends_it),
        both(a_unit_ends_with_what_fails_and_the_next_one_is_run),
        both(a_batch_prepares_again_what_the_server_has_forgotten),
        both(whole_results_come_after_a_stream),
        both(a_batch_inside_a_transaction_is_one_after_the_other),
        both(an_interrupt_ends_a_batch),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
