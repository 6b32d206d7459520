/* SPDX-License-Identifier: Apache-2.0 */
/* DDL and writes in one transaction: what is pushed fits the schema of each moment. */
#include "fixture.h"

/* A function that runs its argument as a statement, on the connection that calls it. */
static void run_statement(void *user_data, hdb_context *context, int count, hdb_datum **values) {
    (void)user_data, (void)count;
    hdb_result_int64(context, hdb_exec(hdb_context_conn(context), hdb_datum_text(values[0]), -1));
}

static void execute(hdb_conn *conn, hdb_stmt *stmt) {
    assert_ok(conn, hdb_fetch_row(stmt) == HDB_DONE ? HDB_OK : HDB_ERROR);
    assert_ok(conn, hdb_reset(stmt));
}

/* Also by statements that were prepared long before, and by what a statement calls. */
static void the_schema_may_change_between_the_writes_of_a_transaction(void **state) {
    struct fixture *fixture = *state;
    int64_t differences = -1;
    hdb_stmt *insert = NULL, *create = NULL, *back = NULL;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_create_function(conn, "run_statement", 1, 0, run_statement, NULL, NULL));
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a)", -1));
    assert_ok(conn, hdb_prepare(conn, "INSERT INTO t(a) VALUES (1)", -1, &insert, NULL));
    assert_ok(conn, hdb_prepare(conn, "CREATE TABLE made(x, y)", -1, &create, NULL));
    assert_ok(conn, hdb_prepare(conn, "ROLLBACK TO before", -1, &back, NULL));
    assert_ok(conn, hdb_exec(conn, "BEGIN", -1));
    execute(conn, insert);
    execute(conn, create);
    execute(conn, insert);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO made VALUES (1, 2); SAVEPOINT before; DROP TABLE made; CREATE TABLE made(y PRIMARY KEY) WITHOUT ROWID;"
                                   "INSERT INTO made VALUES ('gone')",
                             -1));
    execute(conn, back);
    execute(conn, insert);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO made VALUES (3, 4); ALTER TABLE made ADD COLUMN z", -1));
    assert_ok(conn, hdb_exec(conn, "INSERT INTO made VALUES (5, 6, run_statement('CREATE TABLE called(c)'))", -1));
    assert_ok(conn, hdb_exec(conn, "INSERT INTO called VALUES ('in the same transaction'); COMMIT", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 3);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM made WHERE y IN ('2', '4', '6')"), 3);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM called"), 1);
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
    assert_ok(conn, hdb_finalize(insert));
    assert_ok(conn, hdb_finalize(create));
    assert_ok(conn, hdb_finalize(back));
    assert_int_equal(hdb_close(conn), HDB_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_schema_may_change_between_the_writes_of_a_transaction, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
