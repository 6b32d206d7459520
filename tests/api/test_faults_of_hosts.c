/* SPDX-License-Identifier: Apache-2.0 */
/* The engine and what surrounds it: hosts that start it at once, are ended or replaced, paths of every kind, a program of
 * another version. */
#include "fixture.h"
#include "support.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_ok(hdb_conn *conn) {
    assert_int_equal(hdb_close(conn), HDB_OK);
}

static void write_program(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, 0755), 0);
}

static void expect_success(pid_t pid) {
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static const char *engine_or_skip(void) {
    const char *program = getenv("HELIOSDB_BIN");
    if (!program) {
        print_message("HELIOSDB_BIN does not name the engine\n");
        skip();
    }
    return program;
}

/* --- many at once --- */

static int insert_one(const char *path, const char *program, int number) {
    char sql[100];
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config("engine", program);
    hdb_config_set(config, "timeout", "120");
    hdb_config_set(config, "linger", "3");
    int code = hdb_connect(path, config, &conn);
    snprintf(sql, sizeof sql, "CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY); INSERT INTO t VALUES (%d)", number);
    if (code == HDB_OK)
        code = hdb_exec(conn, sql, -1);
    if (code != HDB_OK)
        print_error("process %d: %s\n", number, hdb_errmsg(conn));
    hdb_close(conn);
    return code;
}

/* The engine's program notes each of its starts. */
static void fifty_processes_start_one_engine(void **state) {
    enum { PROCESSES = 50 };
    struct fixture *fixture = *state;
    pid_t pids[PROCESSES];
    char *program = support_format("%s/engine", fixture->directory), *note = support_format("%s/starts", fixture->directory);
    const char *real = engine_or_skip();
    char *text = support_format("#!/bin/sh\necho start >> '%s'\nexec '%s' \"$@\"\n", note, real);
    write_program(program, text);
    for (int i = 0; i < PROCESSES; i++)
        if ((pids[i] = fork()) == 0)
            _exit(insert_one(fixture->path, program, i));
    for (int i = 0; i < PROCESSES; i++)
        expect_success(pids[i]);
    struct stat info;
    assert_int_equal(stat(note, &info), 0);
    assert_int_equal(info.st_size, strlen("start\n"));
    assert_int_equal(support_await_no_process(fixture->directory, 15000), 0);
    hdb_conn *conn = fixture_open(fixture->path);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), PROCESSES);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), PROCESSES);
    close_ok(conn);
    free(text);
    free(note);
    free(program);
}

/* --- paths --- */

static void use(const char *path) {
    int64_t differences = -1;
    for (int i = 0; i < 2; i++) {
        hdb_conn *conn = fixture_open(path);
        assert_ok(conn, hdb_exec(conn, "CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES (1)", -1));
        assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), i + 1);
        assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), i + 1);
        assert_ok(conn, hdb_verify(conn, &differences));
        assert_int_equal(differences, 0);
        close_ok(conn);
    }
}

static void paths_of_every_kind(void **state) {
    static const char *const names[] = {"with blanks and 'quotes' \"", "\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac",
                                        "\xff\xfe not UTF-8", "%s\\n; $HOME `id`"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = support_format("%s/%s", fixture->directory, names[i]);
        use(path);
        free(path);
    }
}

static void a_path_longer_than_a_socket_allows(void **state) {
    struct fixture *fixture = *state;
    char *directory = support_format("%s/%0200d", fixture->directory, 0), *deeper = support_format("%s/%0200d", directory, 0);
    char *path = support_format("%s/app.db", deeper);
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(mkdir(deeper, 0700), 0);
    use(path);
    free(path);
    free(deeper);
    free(directory);
}

static void a_relative_path_stays_the_same_file_after_chdir(void **state) {
    struct fixture *fixture = *state;
    char before[PATH_MAX], *elsewhere = support_format("%s/elsewhere", fixture->directory);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(mkdir(elsewhere, 0700), 0);
    assert_int_equal(chdir(fixture->directory), 0);
    hdb_conn *conn = fixture_open("app.db");
    assert_int_equal(chdir(elsewhere), 0);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 1);
    close_ok(conn);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(rmdir(elsewhere), 0); /* nothing was put there */
    assert_int_equal(fixture_sqlite_int64(fixture->path, "SELECT count(*) FROM t"), 1);
    free(elsewhere);
}

static void two_paths_to_one_file_share_one_engine(void **state) {
    struct fixture *fixture = *state;
    char *real = support_format("%s/real", fixture->directory), *link = support_format("%s/link", fixture->directory);
    char *path = support_format("%s/app.db", real), *other = support_format("%s/app.db", link);
    char *direct = support_format("%s/link.db", fixture->directory);
    assert_int_equal(mkdir(real, 0700), 0);
    assert_int_equal(symlink(real, link), 0);
    assert_int_equal(symlink(path, direct), 0);
    hdb_conn *one = fixture_open(path), *two = fixture_open(other), *three = fixture_open(direct);
    assert_ok(one, hdb_exec(one, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_ok(two, hdb_exec(two, "INSERT INTO t VALUES (2)", -1));
    assert_ok(three, hdb_exec(three, "INSERT INTO t VALUES (3)", -1));
    assert_int_equal(fixture_engine_int64(one, "SELECT count(*) FROM t"), 3);
    assert_int_equal(support_find_processes(fixture->directory, "heliosdb-nano", NULL, 0), 1);
    close_ok(one);
    close_ok(two);
    close_ok(three);
    free(real);
    free(link);
    free(path);
    free(other);
    free(direct);
}

/* The library's own call comes here. */
static unsigned long pretended;

int statfs(const char *path, struct statfs *out) {
    int rc = (int)syscall(SYS_statfs, path, out);
    if (rc == 0 && pretended)
        out->f_type = (__typeof__(out->f_type))pretended;
    return rc;
}

static void a_network_file_system_is_refused(void **state) {
    static const unsigned long types[] = {0x6969, 0xfe534d42, 0xff534d42};
    struct fixture *fixture = *state;
    char *data = support_format("%s-heliosdb", fixture->path);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        hdb_conn *conn = NULL;
        pretended = types[i];
        assert_int_equal(hdb_connect(fixture->path, NULL, &conn), HDB_CANTOPEN);
        assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "network file system");
        hdb_close(conn);
        assert_int_not_equal(access(fixture->path, F_OK), 0);
        assert_int_not_equal(access(data, F_OK), 0);
    }
    pretended = 0;
    free(data);
    use(fixture->path);
}

/* --- hosts --- */

static void a_program_that_is_executed_gets_no_descriptor_of_ours(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a)", -1));
    assert_ok(conn, hdb_flush(conn));
    pid_t pid = fork();
    if (pid == 0) {
        char *script = support_format("! ls -l /proc/$$/fd | grep -F -e '%s' -e heliosdb -e socket:", fixture->directory);
        int nowhere = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
            dup2(nowhere, fd);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(99);
    }
    expect_success(pid);
    close_ok(conn);
}

static void a_host_that_ignores_its_children(void **state) {
    struct fixture *fixture = *state;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGCHLD, SIG_IGN);
        _exit(insert_one(fixture->path, getenv("HELIOSDB_BIN"), 1));
    }
    expect_success(pid);
}

static void without_home_and_runtime_directory(void **state) {
    struct fixture *fixture = *state;
    const char *program = engine_or_skip(); /* it is not looked for at home, then */
    pid_t pid = fork();
    if (pid == 0) {
        unsetenv("HOME");
        unsetenv("XDG_RUNTIME_DIR");
        unsetenv("TMPDIR");
        _exit(insert_one(fixture->path, program, 1));
    }
    expect_success(pid);
}

/* Ctrl-C goes to everything that the terminal started; SIGTERM to the one program. */
static void a_signal_to_the_host_spares_the_engine_of_others(void **state) {
    static const int signals[] = {SIGINT, SIGTERM};
    struct fixture *fixture = *state;
    hdb_conn *conn = NULL;
    for (size_t i = 0; i < 2; i++) {
        int ready[2], status = 0;
        char byte;
        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, 0); /* it starts the engine, the first time */
            hdb_config *config = fixture_config(NULL, NULL);
            int code = hdb_connect(fixture->path, config, &conn);
            if (code == HDB_OK)
                code = hdb_exec(conn, "CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES (1)", -1);
            _exit(code == HDB_OK && write(ready[1], "x", 1) == 1 ? pause() : 1);
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        hdb_conn *other = fixture_open(fixture->path);
        assert_int_equal(kill(-pid, signals[i]), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        support_sleep_ms(300);
        assert_int_equal(support_find_processes(fixture->directory, "heliosdb-", NULL, 0), 2);
        assert_int_equal(fixture_engine_int64(other, "SELECT count(*) FROM t"), (int64_t)i + 1);
        close_ok(other);
        assert_int_equal(support_await_no_process(fixture->directory, 10000), 0);
    }
}

/* --- the program --- */

/* The engine's program with another version written into it. */
static void an_engine_of_an_older_version_is_refused(void **state) {
    struct fixture *fixture = *state;
    const char *real = engine_or_skip();
    char *program = support_format("%s/older", fixture->directory);
    char *command = support_format("sed 's/4\\.41\\.1/4.40.9/g' '%s' > '%s' && chmod +x '%s'", real, program, program);
    assert_int_equal(system(command), 0);
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config("engine", program);
    int code = hdb_connect(fixture->path, config, &conn);
    if (code == HDB_OK)
        code = hdb_exec(conn, "CREATE TABLE t(a)", -1);
    assert_int_equal(code & 0xff, HDB_CANTOPEN);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "HeliosDB Nano 4.40.9");
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "needed is HeliosDB Nano 4.41.1");
    hdb_close(conn);
    hdb_config_destroy(config);
    free(command);
    free(program);
}

static void the_log_of_a_talkative_engine_is_bounded(void **state) {
    struct fixture *fixture = *state;
    char *program = support_format("%s/talker", fixture->directory), *data = support_format("%s-heliosdb", fixture->path);
    hdb_conn *conn = NULL;
    struct stat info;
    write_program(program, "#!/bin/sh\nhead -c 5000000 /dev/zero | tr '\\0' x\necho the end of it\nexit 1\n");
    hdb_config *config = fixture_config("engine", program);
    int code = hdb_connect(fixture->path, config, &conn);
    if (code == HDB_OK)
        code = hdb_exec(conn, "CREATE TABLE t(a)", -1);
    assert_int_equal(code & 0xff, HDB_CANTOPEN);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", "the end of it"); /* its own words are in ours */
    hdb_close(conn);
    for (int i = 0; i < 2; i++) {
        char *log = support_format("%s/engine.log%s", data, i ? ".1" : "");
        if (stat(log, &info) == 0)
            assert_in_range(info.st_size, 0, 1024 * 1024);
        free(log);
    }
    hdb_config_destroy(config);
    free(data);
    free(program);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(fifty_processes_start_one_engine),
        TEST(paths_of_every_kind),
        TEST(a_path_longer_than_a_socket_allows),
        TEST(a_relative_path_stays_the_same_file_after_chdir),
        TEST(two_paths_to_one_file_share_one_engine),
        TEST(a_network_file_system_is_refused),
        TEST(a_program_that_is_executed_gets_no_descriptor_of_ours),
        TEST(a_host_that_ignores_its_children),
        TEST(without_home_and_runtime_directory),
        TEST(a_signal_to_the_host_spares_the_engine_of_others),
        TEST(an_engine_of_an_older_version_is_refused),
        TEST(the_log_of_a_talkative_engine_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
