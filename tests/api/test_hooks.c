/* SPDX-License-Identifier: Apache-2.0 */
/* Authorizer, trace, progress, busy handler, commit, rollback and update hooks: what they are told of the same statements
 * by plain SQLite and by us, and what their answers do. */
#include "support.h"
#include "twin.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const char *text) {
    return text ? text : "NULL";
}

/* --- the authorizer */

static int verdict_of(int action, const char *first, const char *second) {
    if (action == SQLITE_READ && strcmp(text_of(second), "secret") == 0)
        return SQLITE_IGNORE;
    if (action == SQLITE_DELETE && strcmp(first, "kept") == 0)
        return SQLITE_DENY;
    if (action == SQLITE_FUNCTION && strcmp(text_of(second), "hex") == 0)
        return SQLITE_DENY;
    if (action == SQLITE_PRAGMA && strcmp(first, "journal_mode") == 0)
        return SQLITE_IGNORE;
    return action == SQLITE_FUNCTION && strcmp(text_of(second), "quote") == 0 ? 42 : SQLITE_OK;
}

static int our_authorizer(void *user_data, int action, const char *first, const char *second, const char *database,
                          const char *trigger) {
    twin_note(*(int *)user_data, "%d %s %s %s %s", action, text_of(first), text_of(second), text_of(database), text_of(trigger));
    return verdict_of(action, first, second);
}

static int sides[2] = {0, 1};

static void authorize(struct twin *twin) {
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, secret TEXT); INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y');"
                   "CREATE TABLE kept(k); INSERT INTO kept VALUES (1); CREATE VIEW v AS SELECT a, secret FROM t;"
                   "CREATE TRIGGER tr AFTER INSERT ON kept BEGIN UPDATE t SET a = a || new.k WHERE id = 1; END");
    twin_run(twin, "SELECT * FROM t WHERE id = 1");
    sqlite3_set_authorizer(twin->db, our_authorizer, &sides[0]);
    assert_ok(twin->conn, hdb_set_authorizer(twin->conn, our_authorizer, &sides[1], NULL));
    assert_int_equal(twin_run(twin, "SELECT * FROM t WHERE id = 1"), SQLITE_OK);
    twin_run(twin, "SELECT count(*), upper(a) FROM v WHERE secret IS NULL");
    assert_int_equal(twin_run(twin, "DELETE FROM kept"), SQLITE_AUTH);
    assert_int_equal(twin_run(twin, "SELECT hex(a) FROM t"), SQLITE_ERROR);
    assert_int_equal(twin_run(twin, "SELECT quote(a) FROM t"), SQLITE_ERROR);
    twin_run(twin, "INSERT INTO kept VALUES (2); BEGIN; SAVEPOINT s; UPDATE t SET secret = 'new'; RELEASE s; COMMIT");
    twin_run(twin, "PRAGMA journal_mode; PRAGMA user_version; CREATE TEMP TABLE w AS SELECT 1 AS x; DROP TABLE w");
    twin_run(twin, "SELECT * FROM t; SELECT * FROM kept; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n");
    twin_run(twin, "CREATE TABLE made(a); ALTER TABLE made ADD COLUMN b; CREATE INDEX made_a ON made(a); REINDEX made; ANALYZE made; DROP TABLE made");
    /* In daemon mode SQLite may have to compile a statement again that it has not to elsewhere. */
    if (!twin->dsn)
        assert_true(twin_compare_notes() > 1000);
    assert_ok(twin->conn, hdb_set_authorizer(twin->conn, NULL, NULL, NULL));
    sqlite3_set_authorizer(twin->db, NULL, NULL);
    twin_forget_notes();
    twin_run(twin, "SELECT * FROM t; SELECT hex(a) FROM t; DELETE FROM kept");
    assert_true(twin_compare_notes() == 0);
}

static void authorizer_is_asked_as_in_sqlite(void **state) {
    (void)state;
    twin_everywhere(authorize);
}

/* A statement that was prepared before the authorizer was set is asked about when it runs. */
static void authorize_later(struct twin *twin) {
    hdb_stmt *stmt = NULL;
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY, secret TEXT); INSERT INTO t VALUES (1, 'x')");
    assert_ok(twin->conn, hdb_prepare(twin->conn, "SELECT secret FROM t WHERE id = 1", -1, &stmt, NULL));
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_string_equal(hdb_column_text(stmt, 0), "x");
    assert_ok(twin->conn, hdb_reset(stmt));
    assert_ok(twin->conn, hdb_set_authorizer(twin->conn, our_authorizer, &sides[1], NULL));
    assert_int_equal(hdb_fetch_row(stmt), HDB_ROW);
    assert_null(hdb_column_text(stmt, 0));
    assert_ok(twin->conn, hdb_finalize(stmt));
    twin_forget_notes();
}

static void authorizer_covers_prepared_statements(void **state) {
    (void)state;
    twin_everywhere(authorize_later);
}

/* --- the trace */

static int sqlite_trace(unsigned event, void *context, void *first, void *second) {
    char *expanded = event == SQLITE_TRACE_STMT ? sqlite3_expanded_sql(first) : NULL;
    (void)context;
    twin_note(0, "%u %s %s", event, event == SQLITE_TRACE_STMT ? (const char *)second : "", text_of(expanded));
    sqlite3_free(expanded);
    return 0;
}

static int our_trace(void *user_data, int event, hdb_stmt *stmt, const char *sql, int64_t nanoseconds) {
    twin_note(*(int *)user_data, "%d %s %s", event, sql ? sql : "", event == HDB_TRACE_STMT ? text_of(hdb_stmt_expanded_sql(stmt)) : "NULL");
    assert_true(event == HDB_TRACE_PROFILE || nanoseconds == 0);
    return 0;
}

static void trace(struct twin *twin) {
    static const char script[] = "INSERT INTO t VALUES (1, 'a'); SELECT * FROM t WHERE id = 1; SELECT a FROM t WHERE id = 9;"
                                 "BEGIN; UPDATE t SET a = 'b' WHERE id = 1; COMMIT; BEGIN IMMEDIATE; DELETE FROM t; ROLLBACK;"
                                 "SAVEPOINT s; INSERT INTO u VALUES (1); RELEASE s; CREATE TABLE w(a); DROP TABLE w; SELECT 1; PRAGMA user_version";
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE u(b);"
                   "CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO u VALUES (new.id); END; SELECT count(*) FROM t");
    sqlite3_trace_v2(twin->db, SQLITE_TRACE_STMT | SQLITE_TRACE_ROW | SQLITE_TRACE_PROFILE, sqlite_trace, NULL);
    assert_ok(twin->conn, hdb_trace(twin->conn, HDB_TRACE_STMT | HDB_TRACE_ROW | HDB_TRACE_PROFILE, our_trace, &sides[1], NULL));
    twin_run(twin, script);
    twin_run(twin, "INSERT INTO t VALUES (1, 'again')");
    assert_true(twin_compare_notes() > 500);
    sqlite3_trace_v2(twin->db, 0, NULL, NULL);
    assert_ok(twin->conn, hdb_trace(twin->conn, 0, NULL, NULL, NULL));
    twin_run(twin, "SELECT 1");
    assert_true(twin_compare_notes() == 0);
    sqlite3_trace_v2(twin->db, SQLITE_TRACE_CLOSE, sqlite_trace, NULL);
    assert_ok(twin->conn, hdb_trace(twin->conn, HDB_TRACE_CLOSE, our_trace, &sides[1], NULL));
    twin_reopen(twin);
    assert_true(twin_compare_notes() > 0);
}

static void trace_tells_what_sqlite_tells(void **state) {
    (void)state;
    twin_everywhere(trace);
}

/* --- commit and rollback */

static int refusals; /* commits to turn down */

static int on_commit(void *user_data) {
    int who = *(int *)user_data;
    static int left[2];
    if (refusals) {
        left[0] = left[1] = refusals;
        refusals = 0;
    }
    twin_note(who, "commit");
    return left[who] > 0 ? left[who]-- : 0;
}

static void on_rollback(void *user_data) {
    twin_note(*(int *)user_data, "rollback");
}

static void end_transactions(struct twin *twin) {
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE); CREATE TABLE p(id PRIMARY KEY); CREATE TABLE c(p REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
    sqlite3_commit_hook(twin->db, on_commit, &sides[0]);
    sqlite3_rollback_hook(twin->db, on_rollback, &sides[0]);
    assert_ok(twin->conn, hdb_commit_hook(twin->conn, on_commit, &sides[1], NULL));
    assert_ok(twin->conn, hdb_rollback_hook(twin->conn, on_rollback, &sides[1], NULL));
    twin_run(twin, "INSERT INTO t VALUES (1, 'a'); SELECT * FROM t; UPDATE t SET a = 'b' WHERE id = 5; SELECT count(*) FROM t");
    assert_true(twin_compare_notes() > 0);
    twin_run(twin, "BEGIN; SELECT * FROM t; COMMIT; BEGIN; COMMIT; BEGIN; SELECT * FROM t; ROLLBACK; BEGIN; ROLLBACK");
    twin_compare_notes();
    twin_run(twin, "BEGIN IMMEDIATE; COMMIT; BEGIN IMMEDIATE; ROLLBACK; BEGIN; INSERT INTO t VALUES (2, 'c'); COMMIT");
    twin_compare_notes();
    twin_run(twin, "SAVEPOINT s; INSERT INTO t VALUES (3, 'd'); SAVEPOINT u; DELETE FROM t; ROLLBACK TO u; RELEASE s");
    twin_compare_notes();
    twin_run(twin, "CREATE TEMP TABLE w(a); INSERT INTO w VALUES (1); BEGIN; INSERT INTO w VALUES (2); COMMIT; CREATE TABLE x(a); CREATE TABLE IF NOT EXISTS x(a)");
    twin_compare_notes();
    /* Statements that fail. */
    twin_run(twin, "INSERT INTO t VALUES (1, 'again')");
    twin_compare_notes();
    twin_run(twin, "BEGIN; INSERT OR ROLLBACK INTO t VALUES (1, 'again')");
    twin_compare_notes();
    twin_run(twin, "INSERT OR FAIL INTO t VALUES (7, 'seven'), (1, 'again')");
    twin_compare_notes();
    twin_run(twin, "BEGIN; INSERT INTO t VALUES (1, 'again')");
    twin_run(twin, "COMMIT");
    twin_compare_notes();
    twin_run(twin, "PRAGMA foreign_keys = ON; INSERT INTO c VALUES (1)");
    twin_compare_notes();
    twin_run(twin, "BEGIN; INSERT INTO c VALUES (1); COMMIT");
    twin_compare_notes();
    twin_run(twin, "ROLLBACK; SELECT * FROM t; SELECT * FROM c");
    twin_compare_notes();
    /* The hook turns commits down: nothing of them may reach the engine. */
    refusals = 1;
    assert_int_equal(twin_run(twin, "INSERT INTO t VALUES (20, 'refused')"), SQLITE_CONSTRAINT_COMMITHOOK);
    assert_true(twin_compare_notes() > 0);
    refusals = 1;
    assert_int_equal(twin_run(twin, "BEGIN; INSERT INTO t VALUES (21, 'refused'); DELETE FROM t WHERE id = 1; COMMIT"), SQLITE_CONSTRAINT_COMMITHOOK);
    twin_compare_notes();
    refusals = 1;
    assert_int_equal(twin_run(twin, "SAVEPOINT s; CREATE TABLE refused(a); RELEASE s"), SQLITE_CONSTRAINT_COMMITHOOK);
    twin_compare_notes();
    /* SQLite leaves an empty transaction open here. */
    twin_run(twin, "SELECT name FROM sqlite_master; ROLLBACK");
    twin_compare_notes();
    refusals = 1;
    assert_int_equal(twin_run(twin, "INSERT INTO t VALUES (22, 'refused') RETURNING a"), SQLITE_CONSTRAINT_COMMITHOOK);
    twin_compare_notes();
    refusals = 1;
    assert_int_equal(twin_run(twin, "INSERT INTO w VALUES (3)"), SQLITE_CONSTRAINT_COMMITHOOK);
    twin_compare_notes();
    twin_run(twin, "SELECT * FROM t; SELECT * FROM w; SELECT name FROM sqlite_master; INSERT INTO t VALUES (23, 'fine')");
    assert_true(twin_compare_notes() > 0);
    /* An open transaction is rolled back by closing. */
    twin_run(twin, "BEGIN; INSERT INTO t VALUES (24, 'open')");
    twin_rebuild(twin);
    assert_true(twin_compare_notes() > 0);
    twin_run(twin, "SELECT * FROM t; SELECT name FROM sqlite_master");
    assert_true(twin_compare_notes() == 0);
}

static void commits_and_rollbacks_are_told(void **state) {
    (void)state;
    twin_everywhere(end_transactions);
}

/* --- the update hook */

static void sqlite_update(void *context, int operation, char const *database, char const *table, sqlite3_int64 rowid) {
    (void)context;
    twin_note(0, "%d %s %s %lld", operation, database, table, (long long)rowid);
}

static void our_update(void *user_data, int operation, const char *database, const char *table, int64_t rowid) {
    twin_note(*(int *)user_data, "%d %s %s %lld", operation, database, table, (long long)rowid);
}

static void update(struct twin *twin) {
    twin_run(twin, "CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE); CREATE TABLE w(k PRIMARY KEY, v) WITHOUT ROWID; CREATE TABLE log(x);"
                   "CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (new.id); END;"
                   "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE); PRAGMA foreign_keys = ON");
    sqlite3_update_hook(twin->db, sqlite_update, NULL);
    assert_ok(twin->conn, hdb_update_hook(twin->conn, our_update, &sides[1], NULL));
    twin_run(twin, "INSERT INTO t VALUES (1, 'a'), (2, 'b'); SELECT * FROM t; UPDATE t SET a = 'c' WHERE id = 1; UPDATE t SET id = 9 WHERE id = 2");
    twin_run(twin, "INSERT OR REPLACE INTO t VALUES (3, 'c'); INSERT INTO t VALUES (3, 'z') ON CONFLICT DO UPDATE SET a = 'y'");
    twin_run(twin, "INSERT INTO w VALUES (1, 2); UPDATE w SET v = 3; DELETE FROM w; INSERT INTO t(a) VALUES ('r') RETURNING id");
    twin_run(twin, "INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (10, 1), (11, 1), (12, 2); DELETE FROM p WHERE id = 1");
    twin_run(twin, "BEGIN; DELETE FROM t WHERE id > 2; ROLLBACK; CREATE TABLE made AS SELECT * FROM t; DROP TABLE made");
    twin_run(twin, "CREATE TEMP TABLE x(a); INSERT INTO x VALUES (1); CREATE TABLE s(id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO s DEFAULT VALUES");
    assert_true(twin_compare_notes() > 200);
    twin_run(twin, "INSERT INTO t VALUES (1, 'again')");
    twin_compare_notes();
    /* Without WHERE: at one stroke where SQLite can, row by row where it has to. */
    twin_run(twin, "DELETE FROM log; DELETE FROM c WHERE 1; INSERT INTO c VALUES (20, 2); DELETE FROM p");
    twin_compare_notes();
    twin_run(twin, "CREATE TRIGGER td AFTER DELETE ON p BEGIN DELETE FROM log; END; INSERT INTO log VALUES (1); INSERT INTO p VALUES (5); DELETE FROM p WHERE id = 5; DELETE FROM t");
    twin_compare_notes();
    twin_run(twin, "SELECT count(*) FROM t; SELECT changes()");
    twin_rebuild(twin);
    assert_true(twin_compare_notes() == 0);
    twin_run(twin, "SELECT * FROM log; SELECT * FROM t; SELECT * FROM c; SELECT * FROM s");
}

static void updates_are_told(void **state) {
    (void)state;
    twin_everywhere(update);
}

/* --- progress, busy handler */

static int stop_at_third(void *context) {
    return ++*(int *)context == 3;
}

static void progress(struct twin *twin) {
    int calls = 0;
    twin_run(twin, "CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i FROM n");
    assert_ok(twin->conn, hdb_progress_handler(twin->conn, 100, stop_at_third, &calls));
    assert_int_equal(hdb_exec(twin->conn, "SELECT sum(a * a) FROM t", -1), HDB_INTERRUPT);
    assert_int_equal(calls, 3);
    assert_error(twin->conn, HDB_INTERRUPT, 9, "57014", "interrupted");
    calls = 0;
    assert_int_equal(hdb_exec(twin->conn, "UPDATE t SET a = a + 1", -1), HDB_INTERRUPT);
    assert_ok(twin->conn, hdb_progress_handler(twin->conn, 0, NULL, NULL));
    twin_run(twin, "UPDATE t SET a = 2 * a; SELECT count(*), sum(a) FROM t");
}

static void progress_stops_statements(void **state) {
    (void)state;
    twin_everywhere(progress);
}

static int try_four_times(void *user_data, int count) {
    int *last = user_data;
    *last = count;
    return count < 3;
}

static void busy(struct twin *twin) {
    hdb_conn *other = NULL;
    hdb_config *config = fixture_config(NULL, NULL);
    int last = -1;
    assert_ok(other, hdb_connect(twin->dsn ? twin->dsn : twin->path, config, &other));
    hdb_config_destroy(config);
    assert_ok(other, hdb_exec(other, "CREATE TABLE t(a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)", -1));
    assert_ok(twin->conn, hdb_busy_handler(twin->conn, try_four_times, &last, NULL));
    assert_int_equal(hdb_exec(twin->conn, "BEGIN IMMEDIATE", -1), HDB_BUSY);
    assert_error(twin->conn, HDB_BUSY, 5, "55P03", "database is locked");
    assert_int_equal(last, 3);
    last = -1;
    assert_int_equal(hdb_exec(twin->conn, "INSERT INTO t VALUES (2)", -1), HDB_BUSY);
    assert_int_equal(last, 3);
    /* The timeout takes its place. */
    last = -1;
    assert_ok(twin->conn, hdb_busy_timeout(twin->conn, 50));
    assert_int_equal(hdb_exec(twin->conn, "BEGIN IMMEDIATE", -1), HDB_BUSY);
    assert_int_equal(last, -1);
    assert_ok(other, hdb_exec(other, "COMMIT", -1));
    assert_ok(twin->conn, hdb_exec(twin->conn, "INSERT INTO t VALUES (2)", -1));
    assert_int_equal(query_int64(twin->conn, "SELECT sum(a) FROM t"), 3);
    assert_int_equal(hdb_close(other), HDB_OK);
}

static void busy_handler_is_asked(void **state) {
    (void)state;
    twin_everywhere(busy);
}

/* --- letting go */

static void count_destroyed(void *user_data) {
    ++*(int *)user_data;
}

static void hooks_are_let_go(void **state) {
    hdb_conn *conn = fixture_open(":memory:");
    int destroyed = 0;
    (void)state;
    assert_ok(conn, hdb_set_authorizer(conn, our_authorizer, &destroyed, count_destroyed));
    assert_ok(conn, hdb_set_authorizer(conn, our_authorizer, &destroyed, count_destroyed));
    assert_int_equal(destroyed, 1);
    assert_ok(conn, hdb_set_authorizer(conn, NULL, NULL, NULL));
    assert_int_equal(destroyed, 2);
    assert_ok(conn, hdb_trace(conn, HDB_TRACE_ROW, our_trace, &destroyed, count_destroyed));
    assert_ok(conn, hdb_commit_hook(conn, on_commit, &destroyed, count_destroyed));
    assert_ok(conn, hdb_rollback_hook(conn, on_rollback, &destroyed, count_destroyed));
    assert_ok(conn, hdb_update_hook(conn, our_update, &destroyed, count_destroyed));
    assert_ok(conn, hdb_busy_handler(conn, try_four_times, &destroyed, count_destroyed));
    assert_ok(conn, hdb_busy_timeout(conn, 10));
    assert_int_equal(destroyed, 3);
    assert_int_equal(hdb_commit_hook(NULL, on_commit, &destroyed, count_destroyed), HDB_MISUSE);
    assert_int_equal(destroyed, 4);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(destroyed, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorizer_is_asked_as_in_sqlite),
        cmocka_unit_test(authorizer_covers_prepared_statements),
        cmocka_unit_test(trace_tells_what_sqlite_tells),
        cmocka_unit_test(commits_and_rollbacks_are_told),
        cmocka_unit_test(updates_are_told),
        cmocka_unit_test(progress_stops_statements),
        cmocka_unit_test(busy_handler_is_asked),
        cmocka_unit_test(hooks_are_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
