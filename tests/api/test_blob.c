/* SPDX-License-Identifier: Apache-2.0 */
/* Incremental BLOB I/O beside plain SQLite's: what is read, what is refused, when it is committed, and that the engine has
 * what was written. */
#include "support.h"
#include "twin.h"

#include <stdlib.h>
#include <string.h>

/* A handle on both sides. */
struct pair {
    sqlite3_blob *theirs;
    hdb_blob *ours;
};

static void same(struct twin *twin, int theirs, int ours, const char *what) {
    if ((theirs & 0xff) != ours || (theirs && strcmp(sqlite3_errmsg(twin->db), hdb_errmsg(twin->conn)) != 0))
        fail_msg("%s: %s: SQLite %d %s, ours %d %s", twin->label, what, theirs, sqlite3_errmsg(twin->db), ours, hdb_errmsg(twin->conn));
}

static int open_pair(struct twin *twin, struct pair *pair, const char *table, const char *column, int64_t rowid, int writable) {
    int theirs = sqlite3_blob_open(twin->db, "main", table, column, rowid, writable, &pair->theirs);
    same(twin, theirs, hdb_blob_open(twin->conn, NULL, table, column, rowid, writable, &pair->ours), "open");
    if (theirs == SQLITE_OK)
        assert_int_equal(hdb_blob_bytes(pair->ours), sqlite3_blob_bytes(pair->theirs));
    return theirs;
}

static int read_pair(struct twin *twin, struct pair *pair, int size, int offset) {
    char theirs[64] = "", ours[64] = "";
    int rc = sqlite3_blob_read(pair->theirs, theirs, size, offset);
    same(twin, rc, hdb_blob_read(pair->ours, ours, size, offset), "read");
    assert_memory_equal(theirs, ours, sizeof ours);
    return rc;
}

static int write_pair(struct twin *twin, struct pair *pair, const char *data, int size, int offset) {
    int rc = sqlite3_blob_write(pair->theirs, data, size, offset);
    same(twin, rc, hdb_blob_write(pair->ours, data, size, offset), "write");
    return rc;
}

static int reopen_pair(struct twin *twin, struct pair *pair, int64_t rowid) {
    int rc = sqlite3_blob_reopen(pair->theirs, rowid);
    same(twin, rc, hdb_blob_reopen(pair->ours, rowid), "reopen");
    return rc;
}

static int close_pair(struct twin *twin, struct pair *pair) {
    int rc = sqlite3_blob_close(pair->theirs);
    same(twin, rc, hdb_blob_close(pair->ours), "close");
    return rc;
}

static const char *const schema = "CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB, n); CREATE TABLE u(b);"
                                  "INSERT INTO t VALUES (1, x'0011223344556677', 5), (2, zeroblob(20), NULL), (3, 'some text', 1.5);"
                                  "INSERT INTO u VALUES (zeroblob(4)); CREATE INDEX t_n ON t(n); CREATE VIEW v AS SELECT * FROM t;"
                                  "CREATE TABLE w(k PRIMARY KEY, b) WITHOUT ROWID";

static void reads(struct twin *twin) {
    struct pair pair;
    twin_run(twin, schema);
    assert_int_equal(open_pair(twin, &pair, "t", "b", 1, 0), SQLITE_OK);
    read_pair(twin, &pair, 8, 0);
    read_pair(twin, &pair, 3, 5);
    assert_int_equal(read_pair(twin, &pair, 4, 5), SQLITE_ERROR);
    assert_int_equal(read_pair(twin, &pair, -1, 0), SQLITE_ERROR);
    assert_int_equal(write_pair(twin, &pair, "x", 1, 0), SQLITE_READONLY);
    reopen_pair(twin, &pair, 3);
    read_pair(twin, &pair, 9, 0);
    assert_int_equal(reopen_pair(twin, &pair, 99), SQLITE_ERROR);
    read_pair(twin, &pair, 1, 0);
    close_pair(twin, &pair);
    open_pair(twin, &pair, "absent", "b", 1, 0);
    open_pair(twin, &pair, "t", "absent", 1, 0);
    open_pair(twin, &pair, "t", "b", 99, 0);
    open_pair(twin, &pair, "t", "n", 1, 0);
    open_pair(twin, &pair, "t", "n", 2, 0);
    open_pair(twin, &pair, "t", "n", 1, 1);
    open_pair(twin, &pair, "v", "b", 1, 0);
    open_pair(twin, &pair, "w", "b", 1, 0);
    open_pair(twin, &pair, "absent", "b", 1, 1);
    assert_ok(twin->conn, hdb_blob_close(NULL));
    twin_run(twin, "SELECT * FROM t");
}

static void blobs_are_read(void **state) {
    (void)state;
    twin_everywhere(reads);
}

static void writes(struct twin *twin) {
    struct pair pair, other;
    twin_run(twin, schema);
    /* By itself: committed when it is closed. */
    open_pair(twin, &pair, "t", "b", 2, 1);
    write_pair(twin, &pair, "\x01\x02\x03", 3, 4);
    read_pair(twin, &pair, 20, 0);
    assert_int_equal(write_pair(twin, &pair, "123456", 6, 18), SQLITE_ERROR);
    reopen_pair(twin, &pair, 1);
    write_pair(twin, &pair, "\xff", 1, 0);
    twin_run(twin, "SELECT * FROM t; SELECT hex(b) FROM t WHERE id = 1");
    open_pair(twin, &other, "u", "b", 1, 1);
    write_pair(twin, &other, "abcd", 4, 0);
    close_pair(twin, &pair);
    twin_run(twin, "INSERT INTO u VALUES (x'aa')");
    close_pair(twin, &other);
    twin_run(twin, "SELECT * FROM t; SELECT * FROM u");
    /* In a transaction. */
    twin_run(twin, "BEGIN");
    open_pair(twin, &pair, "t", "b", 3, 1);
    write_pair(twin, &pair, "SOME", 4, 0);
    assert_int_equal(twin_run(twin, "COMMIT"), SQLITE_BUSY);
    close_pair(twin, &pair);
    twin_run(twin, "SELECT b FROM t WHERE id = 3; COMMIT; BEGIN");
    open_pair(twin, &pair, "t", "b", 3, 1);
    write_pair(twin, &pair, "gone", 4, 0);
    close_pair(twin, &pair);
    twin_run(twin, "ROLLBACK; SELECT b FROM t WHERE id = 3");
    /* A row that changes takes the handle away. */
    open_pair(twin, &pair, "t", "b", 2, 1);
    twin_run(twin, "UPDATE t SET n = 7 WHERE id = 2");
    assert_int_equal(write_pair(twin, &pair, "x", 1, 0), SQLITE_ABORT);
    read_pair(twin, &pair, 1, 0);
    close_pair(twin, &pair);
    twin_run(twin, "SELECT * FROM t");
    /* One that was begun by itself joins a transaction that begins then. */
    open_pair(twin, &pair, "t", "b", 1, 1);
    twin_run(twin, "BEGIN");
    write_pair(twin, &pair, "\x77", 1, 1);
    close_pair(twin, &pair);
    twin_run(twin, "SELECT * FROM t WHERE id = 1; COMMIT");
    twin_rebuild(twin);
    twin_run(twin, "SELECT * FROM t; SELECT * FROM u");
}

static void blobs_are_written_and_kept(void **state) {
    (void)state;
    twin_everywhere(writes);
}

/* Handles that are left open are closed with the connection, and what they wrote is kept. */
static void left_open(struct twin *twin) {
    hdb_blob *blob = NULL;
    char byte = 0;
    assert_ok(twin->conn, hdb_exec(twin->conn, "CREATE TABLE t(b); INSERT INTO t VALUES (zeroblob(3)); CREATE TEMP TABLE x(b); INSERT INTO x VALUES (x'01')", -1));
    assert_ok(twin->conn, hdb_blob_open(twin->conn, "temp", "x", "b", 1, 1, &blob));
    assert_ok(twin->conn, hdb_blob_write(blob, "\x09", 1, 0));
    assert_ok(twin->conn, hdb_blob_close(blob));
    assert_int_equal(query_int64(twin->conn, "SELECT b = x'09' FROM x"), 1);
    assert_ok(twin->conn, hdb_blob_open(twin->conn, "main", "t", "b", 1, 1, &blob));
    assert_ok(twin->conn, hdb_blob_write(blob, "abc", 3, 0));
    twin_rebuild(twin);
    assert_int_equal(query_int64(twin->conn, "SELECT b = x'616263' FROM t"), 1);
    assert_ok(twin->conn, hdb_blob_open(twin->conn, "main", "t", "b", 1, 0, &blob));
    assert_ok(twin->conn, hdb_blob_read(blob, &byte, 1, 2));
    assert_int_equal(byte, 'c');
    assert_int_equal(hdb_blob_open(NULL, "main", "t", "b", 1, 0, &blob), HDB_MISUSE);
    assert_null(blob);
}

static void blobs_are_closed_with_their_connection(void **state) {
    (void)state;
    twin_everywhere(left_open);
}

/* A handle stays as it is while other statements read and write. */
static void beside_statements(struct twin *twin) {
    struct pair pair, other;
    twin_run(twin, schema);
    open_pair(twin, &pair, "t", "b", 1, 0);
    twin_run(twin, "SELECT count(*) FROM t; INSERT INTO u VALUES (x'01'); SELECT * FROM t WHERE id = 3; INSERT INTO t(id) VALUES (50); SELECT count(*) FROM t");
    read_pair(twin, &pair, 4, 2);
    open_pair(twin, &other, "t", "b", 2, 1);
    write_pair(twin, &other, "xy", 2, 0);
    read_pair(twin, &pair, 4, 2);
    twin_run(twin, "DELETE FROM t WHERE id = 50; SELECT * FROM u");
    close_pair(twin, &other);
    read_pair(twin, &pair, 4, 2);
    twin_run(twin, "BEGIN; UPDATE t SET n = 0 WHERE id = 3; ROLLBACK; SELECT * FROM t");
    close_pair(twin, &pair);
    twin_run(twin, "SELECT * FROM t; SELECT * FROM u");
}

static void blobs_stay_open_beside_statements(void **state) {
    (void)state;
    twin_everywhere(beside_statements);
}

/* An attached file has an engine of its own, which gets what is written. */
static void blobs_of_attached_files(void **state) {
    struct fixture *fixture = *state;
    char *path = support_format("%s/other.db", fixture->directory), *sql = support_format("ATTACH '%s' AS other", path);
    hdb_blob *blob = NULL;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, sql, -1));
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE other.t(b); INSERT INTO other.t VALUES (zeroblob(3))", -1));
    assert_ok(conn, hdb_blob_open(conn, "other", "t", "b", 1, 1, &blob));
    assert_ok(conn, hdb_blob_write(blob, "abc", 3, 0));
    assert_ok(conn, hdb_blob_close(blob));
    assert_int_equal(hdb_in_transaction(conn), 0);
    assert_int_equal(hdb_close(conn), HDB_OK);
    support_remove_replica(path);
    conn = fixture_open(path);
    assert_int_equal(query_int64(conn, "SELECT b = x'616263' FROM t"), 1);
    assert_int_equal(hdb_close(conn), HDB_OK);
    free(sql);
    free(path);
}

static int turn_down(void *user_data) {
    ++*(int *)user_data;
    return 1;
}

static void turned_down(struct twin *twin) {
    hdb_blob *blob = NULL;
    int asked = 0;
    assert_ok(twin->conn, hdb_exec(twin->conn, "CREATE TABLE t(b); INSERT INTO t VALUES (zeroblob(3))", -1));
    assert_ok(twin->conn, hdb_commit_hook(twin->conn, turn_down, &asked, NULL));
    assert_ok(twin->conn, hdb_blob_open(twin->conn, "main", "t", "b", 1, 1, &blob));
    assert_ok(twin->conn, hdb_blob_write(blob, "abc", 3, 0));
    assert_int_equal(hdb_blob_close(blob), HDB_CONSTRAINT);
    assert_error(twin->conn, HDB_CONSTRAINT, 531, "23000", "constraint failed");
    assert_int_equal(asked, 1);
    assert_int_equal(query_int64(twin->conn, "SELECT b = zeroblob(3) FROM t"), 1);
    twin_rebuild(twin);
    assert_int_equal(query_int64(twin->conn, "SELECT b = zeroblob(3) FROM t"), 1);
}

static void commit_hook_is_asked_at_close(void **state) {
    (void)state;
    twin_everywhere(turned_down);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blobs_are_read),
        cmocka_unit_test(blobs_are_written_and_kept),
        cmocka_unit_test(blobs_are_closed_with_their_connection),
        cmocka_unit_test(blobs_stay_open_beside_statements),
        cmocka_unit_test(commit_hook_is_asked_at_close),
        cmocka_unit_test_setup_teardown(blobs_of_attached_files, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
