/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, counters and descriptions of connections, statements and tables; extensions. */
#include "support.h"
#include "twin.h"

#include <stdlib.h>
#include <string.h>

static void switches(struct twin *twin) {
    hdb_conn *conn = twin->conn;
    int now = -1, theirs = -1;
    for (int option = HDB_DBCONFIG_ENABLE_FKEY; option <= HDB_DBCONFIG_TRUSTED_SCHEMA; option++) {
        assert_ok(conn, hdb_db_config(conn, option, -1, &now));
        sqlite3_db_config(twin->db, option, -1, &theirs);
        assert_int_equal(now, theirs);
    }
    assert_int_equal(hdb_db_config(conn, 1018, -1, NULL), HDB_ERROR);
    assert_int_equal(hdb_db_config(conn, 1000, 0, NULL), HDB_ERROR);
    assert_int_equal(hdb_db_config(conn, HDB_DBCONFIG_WRITABLE_SCHEMA, 1, &now), HDB_NOTSUPPORTED);
    assert_error(conn, HDB_NOTSUPPORTED, HDB_NOTSUPPORTED, "0A000", "WRITABLE_SCHEMA");
    assert_int_equal(hdb_db_config(conn, HDB_DBCONFIG_RESET_DATABASE, 1, NULL), HDB_NOTSUPPORTED);
    /* They do what they do in SQLite. */
    twin_run(twin, "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p); CREATE TABLE log(a);"
                   "CREATE TRIGGER tr AFTER INSERT ON p BEGIN INSERT INTO log VALUES (new.id); END; CREATE VIEW v AS SELECT 1;"
                   "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('one')");
    static const struct {
        int option, value;
    } settings[] = {{HDB_DBCONFIG_ENABLE_FKEY, 1}, {HDB_DBCONFIG_ENABLE_TRIGGER, 0}, {HDB_DBCONFIG_DEFENSIVE, 1},
                    {HDB_DBCONFIG_DQS_DML, 0}, {HDB_DBCONFIG_ENABLE_VIEW, 0}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        assert_ok(conn, hdb_db_config(conn, settings[i].option, settings[i].value, &now));
        sqlite3_db_config(twin->db, settings[i].option, settings[i].value, &theirs);
        assert_int_equal(now, theirs);
    }
    twin_run(twin, "INSERT INTO c VALUES (9)");
    twin_run(twin, "INSERT INTO p VALUES (1); SELECT * FROM log; SELECT * FROM f; INSERT INTO f VALUES ('two'); SELECT * FROM f");
    twin_run(twin, "INSERT INTO f_config VALUES ('rank', 1)");
    twin_run(twin, "SELECT \"text\"");
    twin_run(twin, "SELECT * FROM v");
    twin_rebuild(twin);
    twin_run(twin, "SELECT * FROM log; SELECT * FROM f WHERE f MATCH 'two'; SELECT * FROM c; SELECT * FROM v");
}

static void switches_are_as_in_sqlite(void **state) {
    (void)state;
    twin_everywhere(switches);
}

static void describe(struct twin *twin) {
    hdb_conn *conn = twin->conn;
    const char *decltype = NULL, *collation = NULL, *their_decltype = NULL, *their_collation = NULL;
    int flags[3] = {0}, theirs[3] = {0};
    static const char *const columns[] = {"id", "a", "rowid", "absent"};
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a VARCHAR(5) COLLATE NOCASE NOT NULL); CREATE VIEW v AS SELECT a FROM t");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        int rc = sqlite3_table_column_metadata(twin->db, "main", "t", columns[i], &their_decltype, &their_collation, &theirs[0], &theirs[1], &theirs[2]);
        assert_int_equal(hdb_table_column_metadata(conn, "main", "t", columns[i], &decltype, &collation, &flags[0], &flags[1], &flags[2]), rc);
        if (rc != SQLITE_OK)
            assert_string_equal(hdb_errmsg(conn), sqlite3_errmsg(twin->db));
        else
            assert_string_equal(collation, their_collation);
        if (rc == SQLITE_OK && decltype)
            assert_string_equal(decltype, their_decltype);
        assert_memory_equal(flags, theirs, sizeof flags);
    }
    assert_ok(conn, hdb_table_column_metadata(conn, NULL, "t", NULL, NULL, NULL, NULL, NULL, NULL));
    assert_int_equal(hdb_table_column_metadata(conn, NULL, "v", NULL, NULL, NULL, NULL, NULL, NULL), HDB_ERROR);
    assert_int_equal(hdb_table_column_metadata(conn, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), HDB_MISUSE);
    assert_int_equal(hdb_txn_state(conn, NULL), HDB_TXN_NONE);
    assert_ok(conn, hdb_exec(conn, "BEGIN", -1));
    assert_int_equal(hdb_txn_state(conn, "main"), HDB_TXN_NONE);
    assert_ok(conn, hdb_exec(conn, "SELECT * FROM t", -1));
    assert_int_equal(hdb_txn_state(conn, "main"), HDB_TXN_READ);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t(a) VALUES ('x')", -1));
    assert_int_equal(hdb_txn_state(conn, "main"), HDB_TXN_WRITE);
    assert_ok(conn, hdb_exec(conn, "COMMIT", -1));
    assert_int_equal(hdb_txn_state(conn, "absent"), -1);
    assert_int_equal(hdb_db_readonly(conn, NULL), 0);
    assert_int_equal(hdb_db_readonly(conn, "absent"), -1);
    if (!twin->dsn)
        assert_string_equal(hdb_db_filename(conn, "main"), hdb_conn_path(conn));
    assert_ok(conn, hdb_set_last_insert_rowid(conn, 77));
    assert_int_equal(hdb_last_insert_rowid(conn), 77);
    assert_int_equal(query_int64(conn, "SELECT last_insert_rowid()"), 77);
}

static void tables_and_states_are_described(void **state) {
    (void)state;
    twin_everywhere(describe);
}

static void count(struct twin *twin) {
    hdb_stmt *stmt = NULL;
    int64_t current = -1, highest = -1;
    hdb_conn *conn = twin->conn;
    twin_run(twin, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)");
    assert_ok(conn, hdb_prepare(conn, "SELECT a FROM t WHERE a > 1 ORDER BY a + 1", -1, &stmt, NULL));
    while (hdb_fetch_row(stmt) == HDB_ROW)
        ;
    assert_int_equal(hdb_stmt_status(stmt, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1), 2);
    assert_int_equal(hdb_stmt_status(stmt, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0), 0);
    assert_int_equal(hdb_stmt_status(stmt, SQLITE_STMTSTATUS_SORT, 0), 1);
    assert_true(hdb_stmt_status(stmt, SQLITE_STMTSTATUS_MEMUSED, 0) > 0);
    assert_int_equal(hdb_stmt_status(stmt, 50, 0), 0);
    assert_ptr_equal(hdb_stmt_conn(stmt), conn);
    assert_int_equal(hdb_stmt_is_explain(stmt), 0);
    assert_ok(conn, hdb_finalize(stmt));
    assert_ok(conn, hdb_prepare(conn, "EXPLAIN QUERY PLAN SELECT a FROM t", -1, &stmt, NULL));
    assert_int_equal(hdb_stmt_is_explain(stmt), 2);
    assert_ok(conn, hdb_finalize(stmt));
    assert_ok(conn, hdb_conn_status(conn, SQLITE_DBSTATUS_SCHEMA_USED, &current, &highest, 0));
    assert_true(current > 0);
    assert_int_equal(hdb_conn_status(conn, 99, NULL, NULL, 0), HDB_ERROR);
    assert_int_equal(hdb_library_status(SQLITE_STATUS_MEMORY_USED, &current, &highest, 0), HDB_OK);
    assert_true(highest >= current && current > 0);
    assert_int_equal(hdb_library_status(99, NULL, NULL, 0), HDB_MISUSE);
    assert_int_equal(hdb_threadsafe(), sqlite3_threadsafe());
    assert_int_equal(hdb_is_interrupted(conn), 0);
}

static void counters_count(void **state) {
    (void)state;
    twin_everywhere(count);
}

static void extend(struct twin *twin) {
    const char *path = getenv("HDB_TEST_EXTENSION");
    hdb_conn *conn = twin->conn;
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'A')");
    assert_int_equal(hdb_exec(conn, "SELECT load_extension('x')", -1), HDB_ERROR);
    assert_ok(conn, hdb_enable_load_extension(conn, 0));
    assert_int_equal(hdb_load_extension(conn, path, NULL), HDB_ERROR);
    assert_error(conn, HDB_ERROR, 1, "HY000", "not authorized");
    assert_ok(conn, hdb_enable_load_extension(conn, 1));
    assert_int_equal(hdb_load_extension(conn, "/absent/extension", NULL), HDB_ERROR);
    assert_int_equal(hdb_load_extension(conn, path, "absent_entry"), HDB_ERROR);
    assert_ok(conn, hdb_load_extension(conn, path, NULL));
    /* It has taken our place in the connection, and lost it again. */
    assert_int_equal(query_int64(conn, "SELECT answer()"), 42);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES (2, answer()); UPDATE t SET a = lower(a) WHERE id = 1", -1));
    assert_int_equal(query_int64(conn, "SELECT lower(a) FROM t WHERE id = 2"), 42);
    twin_rebuild(twin);
    assert_int_equal(query_int64(twin->conn, "SELECT sum(a) FROM t"), 84);
    assert_int_equal(hdb_exec(twin->conn, "SELECT answer()", -1), HDB_ERROR);
}

static void extensions_are_loaded(void **state) {
    (void)state;
    if (!getenv("HDB_TEST_EXTENSION"))
        fail_msg("HDB_TEST_EXTENSION names no extension");
    twin_everywhere(extend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(switches_are_as_in_sqlite),
        cmocka_unit_test(tables_and_states_are_described),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(extensions_are_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
