/* SPDX-License-Identifier: Apache-2.0 */
/* Two queries in one round trip, on an in-memory HeliosDB of its own and on the PostgreSQL that HELIOSDB_TEST_DSN_POSTGRESQL
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

#define both(test) {#test " (heliosdb)", test, NULL, disconnect, NULL}, {#test " (postgresql)", test, NULL, disconnect, postgresql_variable}

int main(void) {
    const struct CMUnitTest tests[] = {
        both(both_give_their_rows),
        both(a_changed_table_is_read_as_it_is_now),
        both(what_fails_is_told_and_the_session_stays),
        both(inside_a_transaction_it_is_one_after_the_other),
        both(an_interrupt_ends_it),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
