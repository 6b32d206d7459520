/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual tables of the application's: their rows, their parameters, what becomes of them without their module. */
#include "fixture.h"
#include "support.h"
#include "twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers from its first parameter, else 1, to its second one, else 3; the module's argument is added. */
struct numbers {
    hdb_vtable *table;
    int64_t offset;
};

struct scan {
    const struct numbers *numbers;
    int64_t at, first, last;
};

static int live_tables, live_scans, destroyed;

static int connect(void *user_data, hdb_vtable *table, int count, const char *const *arguments, void **out) {
    struct numbers *numbers = calloc(1, sizeof *numbers);
    int *failing = user_data;
    assert_non_null(numbers);
    assert_true(count >= 3);
    *numbers = (struct numbers){table, count > 3 ? atoll(arguments[3]) : 0};
    *out = numbers;
    if (failing && *failing) {
        free(numbers);
        hdb_vtable_error(table, "the module says no");
        return HDB_RANGE;
    }
    live_tables++;
    return hdb_vtable_declare(table, "CREATE TABLE x(first HIDDEN, last HIDDEN, value)", 2, HDB_VTABLE_PLAIN);
}

static void disconnect(void *state) {
    live_tables--;
    free(state);
}

static int open_scan(void *state, int64_t given, int count, hdb_datum **arguments, void **out) {
    struct scan *scan = calloc(1, sizeof *scan);
    int used = 0;
    assert_non_null(scan);
    *scan = (struct scan){.numbers = state, .first = 1, .last = 3};
    if (given & 1)
        scan->first = hdb_datum_int64(arguments[used++]);
    if (given & 2)
        scan->last = hdb_datum_int64(arguments[used++]);
    assert_int_equal(used, count);
    scan->at = scan->first - 1;
    live_scans++;
    *out = scan;
    return HDB_OK;
}

static int next_row(void *state) {
    struct scan *scan = state;
    scan->at++;
    if (scan->at == 13) {
        hdb_vtable_error(scan->numbers->table, "thirteen is not given");
        return HDB_ERROR;
    }
    return scan->at <= scan->last ? HDB_ROW : HDB_DONE;
}

static int give_column(void *state, int column, hdb_context *context) {
    const struct scan *scan = state;
    hdb_result_int64(context, column == 0 ? scan->first : column == 1 ? scan->last : scan->at + scan->numbers->offset);
    return HDB_OK;
}

static void close_scan(void *state) {
    live_scans--;
    free(state);
}

static void count_destroyed(void *user_data) {
    (void)user_data;
    destroyed++;
}

static void make_module(hdb_conn *conn, const char *name, int flags) {
    assert_ok(conn, hdb_create_module(conn, name, flags, connect, disconnect, open_scan, next_row, give_column, close_scan, NULL,
                                      count_destroyed));
}

static void read_table(struct twin *twin) {
    hdb_conn *conn = twin->conn;
    make_module(conn, "numbers", HDB_MODULE_EPONYMOUS);
    assert_int_equal(query_int64(conn, "SELECT sum(value) FROM numbers"), 6);
    assert_int_equal(query_int64(conn, "SELECT sum(value) FROM numbers(5, 7)"), 18);
    assert_int_equal(query_int64(conn, "SELECT sum(value) FROM numbers WHERE last = 2"), 3);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM numbers(NULL)"), 0);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM numbers WHERE first = 1 AND first = 2"), 0);
    assert_int_equal(query_int64(conn, "SELECT max(rowid) FROM numbers(5, 7)"), 3);
    assert_int_equal(query_int64(conn, "SELECT value FROM numbers LIMIT 1 OFFSET 1"), 2);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t SELECT value FROM numbers(1, 4)", -1));
    assert_int_equal(query_int64(conn, "SELECT sum(value) FROM t, numbers(1, t.a)"), 20);
    assert_int_equal(hdb_exec(conn, "SELECT * FROM numbers WHERE first > 1", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, 1, "HY000", "parameter 1 of a virtual table can only be compared by =");
    assert_int_equal(hdb_exec(conn, "SELECT * FROM numbers(10, 20)", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, 1, "HY000", "thirteen is not given");
    assert_int_equal(hdb_exec(conn, "CREATE VIRTUAL TABLE n USING numbers", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, 1, "HY000", "no such module: numbers");
    assert_int_equal(live_scans, 0);
}

static void an_eponymous_table_is_read(void **state) {
    (void)state;
    twin_everywhere(read_table);
    assert_int_equal(live_tables, 0);
}

/* Plain SQLite knows no such table: there the twin has no part. */
static void make_table(struct twin *twin) {
    assert_int_equal(hdb_exec(twin->conn, "CREATE VIRTUAL TABLE n USING numbers(100)", -1), HDB_ERROR);
    make_module(twin->conn, "numbers", HDB_MODULE_PLAIN);
    assert_ok(twin->conn, hdb_exec(twin->conn, "CREATE VIRTUAL TABLE n USING numbers(100); CREATE TABLE t(a); INSERT INTO t VALUES (7)", -1));
    assert_int_equal(query_int64(twin->conn, "SELECT max(value) FROM n"), 103);
    assert_int_equal(hdb_exec(twin->conn, "SELECT * FROM numbers", -1), HDB_ERROR);
    twin_rebuild(twin);
    assert_int_equal(query_int64(twin->conn, "SELECT a FROM t"), 7);
    assert_int_equal(hdb_exec(twin->conn, "SELECT * FROM n", -1), HDB_ERROR);
    assert_error(twin->conn, HDB_ERROR, 1, "HY000", "no such module: numbers");
    assert_ok(twin->conn, hdb_exec(twin->conn, "INSERT INTO t VALUES (8); CREATE TABLE u(a); DROP TABLE u", -1));
    make_module(twin->conn, "numbers", HDB_MODULE_PLAIN);
    assert_int_equal(query_int64(twin->conn, "SELECT max(value) FROM n(5, 6)"), 106);
    if (!twin->dsn)
        assert_ok(twin->conn, hdb_verify(twin->conn, NULL));
    assert_ok(twin->conn, hdb_exec(twin->conn, "DROP TABLE n; DROP TABLE t", -1));
    twin_rebuild(twin);
    assert_int_equal(query_int64(twin->conn, "SELECT count(*) FROM sqlite_master"), 0);
}

static void a_table_outlives_its_module(void **state) {
    (void)state;
    twin_everywhere(make_table);
    assert_int_equal(live_tables, 0);
}

static void registration(void **state) {
    hdb_conn *conn = fixture_open(":memory:");
    int failing = 1;
    (void)state;
    destroyed = 0;
    assert_int_equal(hdb_create_module(conn, "m", 0, connect, NULL, NULL, next_row, give_column, NULL, NULL, count_destroyed), HDB_MISUSE);
    assert_int_equal(hdb_create_module(conn, NULL, 0, connect, NULL, open_scan, next_row, give_column, NULL, NULL, count_destroyed), HDB_MISUSE);
    assert_int_equal(hdb_create_module(NULL, "m", 0, connect, NULL, open_scan, next_row, give_column, NULL, NULL, count_destroyed), HDB_MISUSE);
    assert_int_equal(destroyed, 3);
    assert_ok(conn, hdb_create_module(conn, "m", HDB_MODULE_EPONYMOUS, connect, disconnect, open_scan, next_row, give_column,
                                      close_scan, &failing, count_destroyed));
    assert_int_equal(hdb_exec(conn, "SELECT * FROM m", -1), HDB_ERROR);
    assert_error(conn, HDB_ERROR, 1, "HY000", "the module says no");
    make_module(conn, "m", HDB_MODULE_EPONYMOUS);
    assert_int_equal(destroyed, 4);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM m"), 3);
    assert_ok(conn, hdb_create_module(conn, "m", 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, count_destroyed));
    assert_int_equal(hdb_exec(conn, "SELECT * FROM m", -1), HDB_ERROR);
    make_module(conn, "m", HDB_MODULE_EPONYMOUS);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(destroyed, 7); /* when it lets go of one that was removed is SQLite's affair */
    assert_int_equal(hdb_vtable_declare(NULL, "CREATE TABLE x(a)", 0, 0), HDB_MISUSE);
    hdb_vtable_error(NULL, "nobody");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_eponymous_table_is_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_table_outlives_its_module, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(registration, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
