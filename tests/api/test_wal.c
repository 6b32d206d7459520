/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's WAL beside the file: who copies it into the file, and when. */
#include "fixture.h"
#include "support.h"

#include <stdlib.h>
#include <sys/stat.h>

static int64_t size_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

/* One transaction that changes so many pages of 4 KiB. */
static void write_pages(hdb_conn *conn, int pages) {
    char *sql = support_format("INSERT OR REPLACE INTO t(id, b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                               " SELECT i, randomblob(4000) FROM n",
                               pages);
    assert_ok(conn, hdb_exec(conn, sql, -1));
    free(sql);
}

static hdb_conn *open_with_table(const char *path) {
    hdb_conn *conn = fixture_open(path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, b)", -1));
    return conn;
}

static void a_long_wal_is_copied_into_the_file_behind_the_commit(void **state) {
    struct fixture *fixture = *state;
    long long end = support_now_ms() + 60000;
    hdb_conn *conn = open_with_table(fixture->path);
    write_pages(conn, 2000);
    while (size_of(fixture->path) < 2000 * 4096 && support_now_ms() < end)
        support_sleep_ms(5);
    assert_true(size_of(fixture->path) >= 2000 * 4096);
    assert_int_equal(query_int64(conn, "PRAGMA wal_autocheckpoint"), 1000);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void the_wal_of_a_busy_writer_stays_bounded(void **state) {
    struct fixture *fixture = *state;
    char *wal = support_format("%s-wal", fixture->path);
    hdb_conn *conn = open_with_table(fixture->path);
    for (int i = 0; i < 30; i++) {
        write_pages(conn, 600);
        assert_true(size_of(wal) < (4000 + 2 * 1000) * 4120);
    }
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 600);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(fixture_sqlite_int64(fixture->path, "SELECT count(*) FROM t"), 600);
    free(wal);
}

static void the_applications_wal_autocheckpoint_counts(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = open_with_table(fixture->path);
    assert_int_equal(query_int64(conn, "PRAGMA wal_autocheckpoint = 0"), 0);
    write_pages(conn, 2000);
    write_pages(conn, 10);
    assert_int_equal(query_int64(conn, "PRAGMA wal_autocheckpoint"), 0);
    support_sleep_ms(300);
    assert_true(size_of(fixture->path) < 100 * 4096);
    assert_int_equal(query_int64(conn, "PRAGMA wal_autocheckpoint = 100"), 100);
    write_pages(conn, 10); /* far more than four times as long: this COMMIT copies by itself */
    assert_int_equal(query_int64(conn, "PRAGMA wal_autocheckpoint"), 100);
    assert_true(size_of(fixture->path) >= 2000 * 4096);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void an_extensions_hook_on_commits_stays(void **state) {
    struct fixture *fixture = *state;
    const char *extension = getenv("HDB_TEST_EXTENSION");
    hdb_conn *conn = open_with_table(fixture->path);
    assert_non_null(extension);
    assert_ok(conn, hdb_enable_load_extension(conn, 1));
    assert_ok(conn, hdb_load_extension(conn, extension, NULL));
    int64_t before = query_int64(conn, "SELECT commits_seen()");
    for (int i = 0; i < 3; i++)
        write_pages(conn, 1);
    assert_int_equal(query_int64(conn, "SELECT commits_seen()"), before + 3);
    assert_int_equal(hdb_close(conn), HDB_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_long_wal_is_copied_into_the_file_behind_the_commit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_wal_of_a_busy_writer_stays_bounded, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_applications_wal_autocheckpoint_counts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_extensions_hook_on_commits_stays, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
