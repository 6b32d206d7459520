/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to the files of an embedded database behind its back: copied, replaced, damaged, removed. The rows that were
 * committed are there afterwards, and no database answers with another one's. */
#include "fixture.h"
#include "support.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(const char *program, const char *first, const char *second, const char *third) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        execlp(program, program, first, second, third, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Beside the fixture's database. Freed by the caller. */
static char *beside(const struct fixture *fixture, const char *name) {
    return support_format("%s/%s", fixture->directory, name);
}

/* Copies the file, its WAL and the data directory. */
static void copy_pair(const char *from, const char *to) {
    static const char *const suffixes[] = {"", "-wal", "-heliosdb"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char *source = support_format("%s%s", from, suffixes[i]), *target = support_format("%s%s", to, suffixes[i]);
        if (access(source, F_OK) == 0)
            run("cp", "-a", source, target);
        free(source);
        free(target);
    }
}

static void execute(hdb_conn *conn, const char *sql) {
    assert_ok(conn, hdb_exec(conn, sql, -1));
}

static void close_ok(hdb_conn *conn) {
    assert_int_equal(hdb_close(conn), HDB_OK);
}

/* Opens, runs, closes, and waits until the engine has gone. */
static void visit(const struct fixture *fixture, const char *sql) {
    hdb_conn *conn = fixture_open(fixture->path);
    execute(conn, sql);
    close_ok(conn);
    assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
}

/* The same, but the process is killed with the database open. */
static void visit_and_die(const struct fixture *fixture, const char *sql) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        hdb_conn *conn = NULL;
        hdb_config *config = fixture_config(NULL, NULL);
        if (hdb_connect(fixture->path, config, &conn) != HDB_OK || hdb_exec(conn, sql, -1) != HDB_OK) {
            print_error("%s\n", hdb_errmsg(conn));
            _exit(1);
        }
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
}

/* Opens and checks that file and engine agree, with as many rows in t. */
static void expect_rows(const char *path, int64_t count) {
    hdb_conn *conn = fixture_open(path);
    int64_t differences = -1;
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), count);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), count);
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
    close_ok(conn);
}

/* The one file that was put aside. Freed by the caller. */
static char *put_aside(const struct fixture *fixture) {
    char *pattern = support_format("%s.older-*", fixture->path), *found = NULL;
    glob_t names;
    if (glob(pattern, 0, NULL, &names) == 0) {
        for (size_t i = 0; i < names.gl_pathc; i++)
            if (!strstr(names.gl_pathv[i], ".wal") && !found)
                found = strdup(names.gl_pathv[i]);
        globfree(&names);
    }
    free(pattern);
    return found;
}

#define TEN " INSERT INTO t(v) VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10);"
#define MAKE "CREATE TABLE t(id INTEGER PRIMARY KEY, v);" TEN

/* --- copies --- */

static void a_copy_of_a_pair_in_use_has_an_engine_of_its_own(void **state) {
    struct fixture *fixture = *state;
    char *other = beside(fixture, "copy.db");
    hdb_conn *first = fixture_open(fixture->path);
    execute(first, MAKE);
    assert_int_equal(fixture_engine_int64(first, "SELECT count(*) FROM t"), 10);
    copy_pair(fixture->path, other);
    hdb_conn *second = fixture_open(other);
    assert_int_equal(query_int64(second, "SELECT count(*) FROM t"), 10);
    execute(second, "INSERT INTO t VALUES (100, 'of the copy')");
    execute(first, "DELETE FROM t WHERE id > 5");
    assert_int_equal(fixture_engine_int64(second, "SELECT count(*) FROM t"), 11);
    assert_int_equal(fixture_engine_int64(first, "SELECT count(*) FROM t"), 5);
    assert_int_equal(support_find_processes(fixture->directory, "heliosdb-nano", NULL, 0), 2);
    close_ok(second);
    execute(first, "INSERT INTO t VALUES (200, 'of the first')");
    close_ok(first);
    expect_rows(fixture->path, 6);
    expect_rows(other, 11);
    free(other);
}

static void a_copy_with_its_data_directory_is_a_database(void **state) {
    struct fixture *fixture = *state;
    char *other = beside(fixture, "copy.db");
    visit(fixture, MAKE);
    copy_pair(fixture->path, other);
    support_remove_replica(other);
    expect_rows(other, 10); /* from the engine's data alone */
    expect_rows(fixture->path, 10);
    free(other);
}

static void a_copy_without_its_data_directory_is_taken_in(void **state) {
    struct fixture *fixture = *state;
    char *other = beside(fixture, "copy.db");
    visit(fixture, MAKE);
    run("cp", fixture->path, other, NULL);
    expect_rows(other, 10);
    hdb_conn *conn = fixture_open(other);
    execute(conn, "DELETE FROM t");
    close_ok(conn);
    expect_rows(fixture->path, 10);
    free(other);
}

static void a_database_moved_with_its_data_directory_is_the_same(void **state) {
    struct fixture *fixture = *state;
    char *other = beside(fixture, "moved.db"), *data = support_format("%s-heliosdb", fixture->path);
    char *other_data = support_format("%s-heliosdb", other);
    visit_and_die(fixture, MAKE);
    run("mv", fixture->path, other, NULL);
    run("mv", data, other_data, NULL);
    expect_rows(other, 10);
    free(other);
    free(data);
    free(other_data);
}

static void a_wal_lost_after_a_crash_is_made_up_for(void **state) {
    struct fixture *fixture = *state;
    char *wal = support_format("%s-wal", fixture->path);
    visit(fixture, MAKE);
    visit_and_die(fixture, TEN);
    assert_int_equal(unlink(wal), 0);
    expect_rows(fixture->path, 20);
    free(wal);
}

/* --- older copies --- */

static void an_older_copy_put_back_does_not_delete_rows(void **state) {
    struct fixture *fixture = *state;
    char *old = beside(fixture, "backup");
    visit(fixture, MAKE);
    run("cp", fixture->path, old, NULL);
    visit(fixture, TEN);
    run("cp", old, fixture->path, NULL);
    expect_rows(fixture->path, 20);
    char *aside = put_aside(fixture);
    assert_non_null(aside);
    assert_int_equal(fixture_sqlite_int64(aside, "SELECT count(*) FROM t"), 10);
    free(aside);
    free(old);
}

/* After a crash there is no record of how the file was left. */
static void an_older_copy_put_back_after_a_crash_does_not_delete_rows(void **state) {
    struct fixture *fixture = *state;
    char *old = beside(fixture, "backup");
    visit(fixture, MAKE);
    run("cp", fixture->path, old, NULL);
    visit_and_die(fixture, TEN);
    assert_int_equal(unlink(fixture->path), 0); /* its WAL stays, as it does when people put a file back */
    run("cp", old, fixture->path, NULL);
    expect_rows(fixture->path, 20);
    char *aside = put_aside(fixture);
    assert_non_null(aside);
    assert_int_equal(fixture_sqlite_int64(aside, "SELECT count(*) FROM t"), 10);
    assert_int_equal(fixture_sqlite_int64(aside, "PRAGMA integrity_check; SELECT count(*) FROM t"), 10);
    free(aside);
    free(old);
}

static void an_older_copy_written_over_the_file_after_a_crash_does_not_delete_rows(void **state) {
    struct fixture *fixture = *state;
    char *old = beside(fixture, "backup"), *wal = support_format("%s-wal", fixture->path);
    visit(fixture, MAKE);
    run("cp", fixture->path, old, NULL);
    visit(fixture, TEN);
    visit_and_die(fixture, TEN);
    unlink(wal);
    run("cp", old, fixture->path, NULL);
    expect_rows(fixture->path, 30);
    free(wal);
    free(old);
}

static void a_rebuilt_file_takes_rows_of_plain_sqlite(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 6; i++)
        visit(fixture, i ? TEN : MAKE);
    support_remove_replica(fixture->path);
    expect_rows(fixture->path, 60);
    assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
    assert_int_equal(fixture_sqlite_int64(fixture->path, "DELETE FROM t WHERE id > 1; SELECT count(*) FROM t"), 1);
    expect_rows(fixture->path, 1);
}

static void a_file_that_is_ahead_of_its_engine_loses_nothing(void **state) {
    struct fixture *fixture = *state;
    char *data = support_format("%s-heliosdb", fixture->path), *old = beside(fixture, "backup-heliosdb");
    visit(fixture, MAKE);
    run("cp", "-a", data, old);
    visit(fixture, TEN);
    support_remove_directory(data);
    run("mv", old, data, NULL);
    expect_rows(fixture->path, 20); /* the file is ahead of the engine */
    free(data);
    free(old);
}

/* --- damage --- */

static void an_empty_file_is_rebuilt(void **state) {
    struct fixture *fixture = *state;
    visit(fixture, MAKE);
    assert_int_equal(truncate(fixture->path, 0), 0);
    expect_rows(fixture->path, 10);
}

static void what_a_damaged_file_lacks_is_not_deleted(void **state) {
    static const unsigned char empty_leaf[8] = {13, 0, 0, 0, 0, 0x10, 0, 0};
    struct fixture *fixture = *state;
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config(NULL, NULL);
    visit(fixture, MAKE "CREATE TABLE big(a); INSERT INTO big SELECT zeroblob(3000) FROM t;");
    /* The second page of the rows of big: gone, and with it a part of the file that no other page leads to. */
    int64_t page = fixture_sqlite_int64(fixture->path, "SELECT rootpage FROM sqlite_master WHERE name = 'big'");
    int fd = open(fixture->path, O_WRONLY);
    assert_int_equal(pwrite(fd, empty_leaf, sizeof empty_leaf, (page - 1) * 4096), sizeof empty_leaf);
    close(fd);
    int code = hdb_connect(fixture->path, config, &conn);
    assert_int_equal(code & 0xff, HDB_CORRUPT);
    assert_error(conn, HDB_CORRUPT, HDB_CORRUPT, "XX001", "move the file away");
    hdb_close(conn);
    hdb_config_destroy(config);
    assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
    support_remove_replica(fixture->path);
    conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM big"), 10);
    close_ok(conn);
}

static void a_removed_data_directory_loses_nothing(void **state) {
    struct fixture *fixture = *state;
    char *data = support_format("%s-heliosdb", fixture->path);
    hdb_conn *conn = fixture_open(fixture->path);
    execute(conn, MAKE);
    assert_ok(conn, hdb_flush(conn));
    support_remove_directory(data);
    assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
    int64_t rows = 10 + (hdb_exec(conn, "INSERT INTO t VALUES (99, 0)", -1) == HDB_OK);
    hdb_close(conn);
    assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
    expect_rows(fixture->path, rows);
    free(data);
}

/* --- no room --- */

static void a_full_disk_is_told_and_loses_nothing(void **state) {
    struct fixture *fixture = *state;
    char *place = beside(fixture, "small"), *path = support_format("%s/app.db", place);
    int64_t kept = 0, code = HDB_OK;
    pid_t engine = 0;
    assert_int_equal(mkdir(place, 0700), 0);
    /* The engine writes nothing where less than 100 MB are free. */
    if (mount("none", place, "tmpfs", 0, "size=140m") != 0) {
        print_message("a small file system can't be mounted here\n");
        skip();
    }
    hdb_conn *conn = fixture_open(path);
    execute(conn, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    for (int i = 0; i < 400 && code == HDB_OK; i++) {
        code = hdb_exec(conn, "INSERT INTO t(v) VALUES (randomblob(200000))", -1);
        kept += code == HDB_OK;
    }
    assert_int_not_equal(code, HDB_OK);
    assert_int_not_equal(strlen(hdb_errmsg(conn)), 0);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), kept);
    assert_int_equal(mount("none", place, "tmpfs", MS_REMOUNT, "size=600m"), 0); /* somebody made room */
    /* The engine takes long to stop after that; killed, it is started again by the next one who needs it. */
    assert_int_equal(support_find_processes(place, "heliosdb-nano", &engine, 1), 1);
    assert_int_equal(kill(engine, SIGKILL), 0);
    hdb_close(conn); /* which may still tell of what failed */
    expect_rows(path, kept);
    support_await_no_process(place, 10000);
    assert_int_equal(umount2(place, MNT_DETACH), 0);
    free(path);
    free(place);
}

static void a_directory_is_no_database_and_nothing_is_made_beside_it(void **state) {
    const struct fixture *fixture = *state;
    char *path = beside(fixture, "place"), *made = beside(fixture, "place-heliosdb");
    hdb_config *config = fixture_config(NULL, NULL);
    hdb_conn *conn = NULL;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(hdb_connect(path, config, &conn) & 0xff, HDB_CANTOPEN);
    assert_string_equal(hdb_errmsg(conn), "unable to open database file");
    assert_int_not_equal(access(made, F_OK), 0);
    hdb_close(conn);
    hdb_config_destroy(config);
    free(path);
    free(made);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_copy_of_a_pair_in_use_has_an_engine_of_its_own),
        TEST(a_copy_with_its_data_directory_is_a_database),
        TEST(a_copy_without_its_data_directory_is_taken_in),
        TEST(a_database_moved_with_its_data_directory_is_the_same),
        TEST(a_wal_lost_after_a_crash_is_made_up_for),
        TEST(an_older_copy_put_back_does_not_delete_rows),
        TEST(an_older_copy_put_back_after_a_crash_does_not_delete_rows),
        TEST(an_older_copy_written_over_the_file_after_a_crash_does_not_delete_rows),
        TEST(a_rebuilt_file_takes_rows_of_plain_sqlite),
        TEST(a_file_that_is_ahead_of_its_engine_loses_nothing),
        TEST(an_empty_file_is_rebuilt),
        TEST(what_a_damaged_file_lacks_is_not_deleted),
        TEST(a_removed_data_directory_loses_nothing),
        TEST(a_full_disk_is_told_and_loses_nothing),
        TEST(a_directory_is_no_database_and_nothing_is_made_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
