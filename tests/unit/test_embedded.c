/* SPDX-License-Identifier: Apache-2.0 */
/* The private engine on the real program: found, started, shared, killed, left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "link/embedded.h"
#include "link/link.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

static hdb_error error = HDB_ERROR_INIT;
static char base[64], directory[96]; /* a fresh place for each test */

static int setup(void **state) {
    hdb_error_clear(&error);
    strcpy(base, "/tmp/hdb-test-XXXXXX");
    if (mkdtemp(base) == NULL)
        return -1;
    snprintf(directory, sizeof directory, "%s/app.db-heliosdb", base);
    return 0;
}

static const char *in(const char *name) {
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static bool gone_within(int ms) {
    for (; ms > 0; ms -= 20) {
        int lock = open(in("engine.lock"), O_RDWR | O_CLOEXEC);
        bool gone = lock < 0 || flock(lock, LOCK_EX | LOCK_NB) == 0;
        if (lock >= 0)
            close(lock);
        if (gone)
            return true;
        poll(NULL, 0, 20);
    }
    return false;
}

/* Nothing may be left behind by any test: neither keeper nor engine, both of which hold engine.lock. */
static int teardown(void **state) {
    bool gone = gone_within(15000);

    if (!gone)
        fprintf(stderr, "an engine still runs in %s\n", directory);
    remove_tree(base);
    hdb_error_clear(&error);
    return gone ? 0 : -1;
}

static hdb_engine *open_engine(double linger) {
    hdb_engine_options options = {.directory = directory, .linger = linger};
    hdb_engine *engine = NULL;

    assert_ok(hdb_engine_open(&options, &engine, &error));
    return engine;
}

static hdb_link *connect_to(hdb_engine *engine) {
    char *conninfo = NULL;
    hdb_link *link = NULL;

    assert_ok(hdb_engine_conninfo(engine, &conninfo, &error));
    assert_ok(hdb_link_open(conninfo, 10000, NULL, &link, &error));
    free(conninfo);
    return link;
}

/* In a forked child, where a failed assertion would go on with the next test. */
static hdb_link *connect_in_child(double linger) {
    hdb_engine_options options = {.directory = directory, .linger = linger};
    hdb_engine *engine = NULL;
    char *conninfo = NULL;
    hdb_link *link = NULL;

    if (hdb_engine_open(&options, &engine, &error) == HDB_OK && hdb_engine_conninfo(engine, &conninfo, &error) == HDB_OK &&
        hdb_link_open(conninfo, 10000, NULL, &link, &error) == HDB_OK) {
        free(conninfo);
        return link;
    }
    fprintf(stderr, "in a child: %s\n", hdb_error_message(&error));
    _exit(1);
}

static int64_t count_of(hdb_link *link, const char *sql) {
    hdb_rows *rows = NULL;
    int64_t count;

    assert_ok(hdb_link_query(link, sql, NULL, 0, HDB_ROWS_NATIVE, &rows, &error));
    assert_int_equal(hdb_rows_count(rows), 1);
    count = hdb_rows_cell(rows, 0, 0).as.integer;
    hdb_rows_free(rows);
    return count;
}

/* Whether a process works in a directory, as an engine does in its own. */
static bool works_in(const char *id, const char *where) {
    char path[300], found[4096];
    snprintf(path, sizeof path, "/proc/%s/cwd", id);
    ssize_t length = readlink(path, found, sizeof found - 1);
    if (length < 0)
        return false;
    found[length] = '\0';
    return strncmp(found, where, strlen(where)) == 0; /* " (deleted)" may follow */
}

/* Processes of a program that have a text in their arguments, or work there: their number, and one of their ids. */
static int processes(const char *program, const char *text, pid_t *out) {
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int found = 0;

    assert_non_null(proc);
    while ((entry = readdir(proc)) != NULL) {
        char path[300], line[4096];
        FILE *file;
        size_t length;
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        if (strspn(entry->d_name, "0123456789") == 0 || (file = fopen(path, "r")) == NULL)
            continue;
        length = fread(line, 1, sizeof line - 1, file);
        fclose(file);
        line[length] = '\0';
        if (strstr(line, program) == NULL)
            continue;
        for (size_t i = 0; i < length; i++)
            if (line[i] == '\0')
                line[i] = ' ';
        if (strstr(line, text) != NULL || works_in(entry->d_name, text)) {
            found++;
            if (out != NULL)
                *out = (pid_t)atoi(entry->d_name);
        }
    }
    closedir(proc);
    return found;
}

/* While it detaches itself there are two for a moment. */
static pid_t keeper_pid(void) {
    pid_t pid = -1;
    int found = 0;

    for (int tries = 0; tries < 500 && (found = processes("heliosdb-keeper", directory, &pid)) != 1; tries++)
        usleep(10000);
    assert_int_equal(found, 1);
    return pid;
}

static pid_t engine_pid(void) {
    pid_t pid = -1;

    assert_int_equal(processes("heliosdb-nano", directory, &pid), 1);
    return pid;
}

/* --- life --- */

static void test_starts_answers_and_stops(void **state) {
    hdb_engine *engine = open_engine(0);
    hdb_link *link;

    assert_true(hdb_engine_is_new(engine));
    assert_ok(hdb_engine_start(engine, &error));
    link = connect_to(engine);
    assert_int_equal(hdb_link_peer(link), HDB_PEER_HELIOSDB);
    hdb_link_close(link);
    hdb_engine_close(engine);
    assert_true(gone_within(10000));
    assert_int_equal(processes("heliosdb-", directory, NULL), 0);
}

static void test_rows_survive_a_stop(void **state) {
    hdb_engine *engine = open_engine(0);
    hdb_link *link = connect_to(engine);

    assert_ok(hdb_link_script(link, "CREATE TABLE t(k BIGINT PRIMARY KEY); INSERT INTO t VALUES (1), (2)", &error));
    hdb_link_close(link);
    hdb_engine_close(engine);
    assert_true(gone_within(10000));
    engine = open_engine(0);
    assert_false(hdb_engine_is_new(engine));
    link = connect_to(engine);
    assert_int_equal(count_of(link, "SELECT count(*) FROM t"), 2);
    hdb_link_close(link);
    hdb_engine_close(engine);
}

static void test_a_handle_that_never_starts_it_leaves_nothing(void **state) {
    hdb_engine *engine = open_engine(0);

    hdb_engine_close(engine);
    assert_int_equal(processes("heliosdb-", directory, NULL), 0);
    hdb_engine_close(NULL);
}

static void test_lingers(void **state) {
    hdb_engine *engine = open_engine(1);

    hdb_link_close(connect_to(engine));
    hdb_engine_close(engine);
    poll(NULL, 0, 500);
    assert_int_equal(processes("heliosdb-", directory, NULL), 2);
    assert_true(gone_within(10000));
}

static void test_comes_back_while_it_stops(void **state) {
    for (int i = 0; i < 15; i++) {
        hdb_engine *engine = open_engine(0);
        hdb_link *link = connect_to(engine);
        assert_int_equal(count_of(link, "SELECT 1"), 1);
        hdb_link_close(link);
        hdb_engine_close(engine);
        poll(NULL, 0, i * 30); /* from before the keeper notices to after the engine has gone */
    }
}

/* --- sharing --- */

static void test_two_handles_share_one_engine(void **state) {
    hdb_engine *first = open_engine(0), *second = open_engine(0);
    hdb_link *link = connect_to(first), *other = connect_to(second);

    assert_int_equal(processes("heliosdb-nano", directory, NULL), 1);
    assert_ok(hdb_link_script(link, "CREATE TABLE t(k BIGINT)", &error));
    hdb_link_close(link);
    hdb_engine_close(first);
    poll(NULL, 0, 600);
    assert_int_equal(count_of(other, "SELECT count(*) FROM t"), 0);
    hdb_link_close(other);
    hdb_engine_close(second);
}

static void test_many_processes_start_one_engine(void **state) {
    enum { PROCESSES = 6 };
    pid_t children[PROCESSES];
    hdb_engine *engine;
    hdb_link *link;

    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            char sql[200];
            link = connect_in_child(2);
            snprintf(sql, sizeof sql, "CREATE TABLE t%d(k BIGINT)", i);
            int rc = hdb_link_script(link, sql, &error);
            if (rc != HDB_OK)
                fprintf(stderr, "in a child: %s\n", hdb_error_message(&error));
            _exit(rc == HDB_OK ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    engine = open_engine(0);
    link = connect_to(engine);
    for (int i = 0; i < PROCESSES; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM t%d", i);
        assert_int_equal(count_of(link, sql), 0);
    }
    assert_int_equal(processes("heliosdb-nano", directory, NULL), 1);
    hdb_link_close(link);
    hdb_engine_close(engine);
}

static void test_a_forked_child_abandons_it(void **state) {
    hdb_engine *engine = open_engine(0);
    hdb_link *link = connect_to(engine);
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        hdb_link_abandon(link);
        hdb_engine_abandon(engine);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    poll(NULL, 0, 600);
    assert_int_equal(count_of(link, "SELECT 7"), 7);
    hdb_link_close(link);
    hdb_engine_close(engine);
}

/* --- accidents --- */

static void test_a_killed_engine_comes_back(void **state) {
    hdb_engine *engine = open_engine(0);
    hdb_link *link = connect_to(engine);
    int rc;

    assert_ok(hdb_link_script(link, "CREATE TABLE t(k BIGINT PRIMARY KEY); INSERT INTO t VALUES (1)", &error));
    assert_int_equal(kill(engine_pid(), SIGKILL), 0);
    rc = hdb_link_query(link, "SELECT 1", NULL, 0, HDB_ROWS_NATIVE, NULL, &error);
    assert_int_equal(rc, HDB_IOERR);
    assert_false(hdb_link_is_alive(link));
    hdb_link_close(link);
    link = connect_to(engine);
    assert_int_equal(count_of(link, "SELECT count(*) FROM t"), 1);
    hdb_link_close(link);
    hdb_engine_close(engine);
}

static void test_a_killed_keeper_takes_its_engine_along(void **state) {
    hdb_engine *engine = open_engine(0);
    hdb_link *link = connect_to(engine);

    assert_int_equal(kill(keeper_pid(), SIGKILL), 0);
    assert_true(gone_within(5000));
    hdb_link_close(link);
    link = connect_to(engine);
    assert_int_equal(count_of(link, "SELECT 1"), 1);
    hdb_link_close(link);
    hdb_engine_close(engine);
}

static void test_a_terminated_keeper_stops_its_engine(void **state) {
    hdb_engine *engine = open_engine(60);

    hdb_link_close(connect_to(engine));
    assert_int_equal(kill(keeper_pid(), SIGTERM), 0);
    assert_true(gone_within(10000));
    hdb_engine_close(engine);
}

static void test_a_killed_host_lets_it_stop(void **state) {
    int ready[2], status;
    pid_t child;
    char byte;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        connect_in_child(0);
        _exit(write(ready[1], "x", 1) == 1 ? pause() : 1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(gone_within(10000));
    close(ready[0]);
    close(ready[1]);
}

static void test_a_removed_directory_stops_it(void **state) {
    hdb_engine *engine = open_engine(60);
    char moved[128];
    pid_t pid;

    hdb_link_close(connect_to(engine));
    pid = engine_pid();
    snprintf(moved, sizeof moved, "%s/moved", base);
    assert_int_equal(rename(directory, moved), 0);
    for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
        poll(NULL, 0, 20);
    assert_int_equal(kill(pid, 0), -1);
    hdb_engine_close(engine);
}

/* --- privacy --- */

static void test_the_secret_stays_secret(void **state) {
    hdb_engine *engine = open_engine(0);
    char line[300] = "", sockets[200] = "", socket_path[256];
    struct stat status;
    FILE *file;

    hdb_link_close(connect_to(engine));
    assert_int_equal(stat(directory, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(stat(in("secret"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_non_null(file = fopen(in("secret"), "r"));
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    assert_int_equal(strlen(line), 64);
    assert_int_equal(processes("heliosdb-", line, NULL), 0);
    assert_non_null(file = fopen(in("socket"), "r"));
    assert_non_null(fgets(sockets, sizeof sockets, file));
    fclose(file);
    sockets[strcspn(sockets, "\n")] = '\0';
    assert_int_equal(stat(sockets, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    snprintf(socket_path, sizeof socket_path, "%s/.s.PGSQL.5432", sockets);
    assert_true(strlen(socket_path) < 108);
    hdb_engine_close(engine);
    assert_true(gone_within(10000));
    assert_int_equal(stat(sockets, &status), -1);
}

static void test_another_secret_is_refused(void **state) {
    hdb_engine *first = open_engine(0), *second;
    char *conninfo = NULL;
    FILE *file;

    hdb_link_close(connect_to(first));
    assert_non_null(file = fopen(in("secret"), "w"));
    fputs("not the password\n", file);
    fclose(file);
    second = open_engine(0);
    assert_int_equal(hdb_engine_conninfo(second, &conninfo, &error), HDB_CANTOPEN);
    assert_null(conninfo);
    assert_string_equal(error.sqlstate, "28P01");
    hdb_engine_close(second);
    hdb_engine_close(first);
}

static void test_libpq_variables_lead_nowhere_else(void **state) {
    static const char *const variables[][2] = {
        {"PGHOSTADDR", "203.0.113.1"}, {"PGHOST", "203.0.113.1"},   {"PGPORT", "1"},           {"PGUSER", "nobody"},
        {"PGPASSWORD", "wrong"},       {"PGDATABASE", "elsewhere"}, {"PGSSLMODE", "require"},  {"PGOPTIONS", "-c x=y"},
        {"PGREQUIREPEER", "nobody"},   {"PGTARGETSESSIONATTRS", "standby"},
    };
    hdb_engine *engine = open_engine(0);
    hdb_link *link;

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        setenv(variables[i][0], variables[i][1], 1);
    link = connect_to(engine);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i][0]);
    assert_int_equal(count_of(link, "SELECT 1"), 1);
    hdb_link_close(link);
    hdb_engine_close(engine);
}

/* --- in memory --- */

static void test_memory_engines_are_private_and_vanish(void **state) {
    hdb_engine_options options = {.directory = NULL, .linger = 60};
    hdb_engine *first = NULL, *second = NULL;
    char *conninfo = NULL;
    char socket_directory[200] = "";
    hdb_link *link, *other;
    hdb_rows *rows = NULL;

    assert_ok(hdb_engine_open(&options, &first, &error));
    assert_ok(hdb_engine_open(&options, &second, &error));
    assert_true(hdb_engine_is_new(first));
    link = connect_to(first);
    other = connect_to(second);
    assert_ok(hdb_link_script(link, "CREATE TABLE t(k BIGINT)", &error));
    assert_int_equal(hdb_link_query(other, "SELECT * FROM t", NULL, 0, HDB_ROWS_NATIVE, &rows, &error), HDB_ERROR);
    assert_ok(hdb_engine_conninfo(first, &conninfo, &error));
    assert_int_equal(sscanf(conninfo, "host='%199[^']'", socket_directory), 1);
    free(conninfo);
    assert_int_equal(access(socket_directory, F_OK), 0);
    hdb_link_close(link);
    hdb_link_close(other);
    hdb_engine_close(first);
    hdb_engine_close(second);
    assert_int_equal(access(socket_directory, F_OK), -1);
}

static void test_a_dead_memory_engine_is_not_replaced_by_an_empty_one(void **state) {
    hdb_engine_options options = {.directory = NULL};
    hdb_engine *engine = NULL;
    char *conninfo = NULL;
    char marker[220];
    pid_t pid = -1;

    assert_ok(hdb_engine_open(&options, &engine, &error));
    assert_ok(hdb_engine_conninfo(engine, &conninfo, &error));
    assert_int_equal(sscanf(conninfo, "host='%199[^']'", marker), 1);
    free(conninfo);
    assert_int_equal(processes("heliosdb-nano", marker, &pid), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (kill(pid, 0) == 0)
        poll(NULL, 0, 20);
    assert_int_equal(hdb_engine_conninfo(engine, &conninfo, &error), HDB_CANTOPEN);
    assert_contains(hdb_error_message(&error), "in-memory engine has ended");
    hdb_engine_close(engine);
}

/* --- failures --- */

static int try_open(const hdb_engine_options *options) {
    hdb_engine *engine = (hdb_engine *)&error;
    int rc = hdb_engine_open(options, &engine, &error);

    assert_null(engine);
    return rc;
}

static void test_missing_engine(void **state) {
    hdb_engine_options options = {.directory = directory};
    static const char *const names[] = {"HELIOSDB_BIN", "PATH", "HOME", "XDG_CACHE_HOME", "CARGO_HOME"};
    char *before[5];

    for (int i = 0; i < 5; i++) {
        before[i] = getenv(names[i]) != NULL ? strdup(getenv(names[i])) : NULL;
        unsetenv(names[i]);
    }
    setenv("PATH", base, 1);
    assert_int_equal(try_open(&options), HDB_CANTOPEN);
    assert_contains(hdb_error_message(&error), "HELIOSDB_BIN");
    assert_contains(hdb_error_message(&error), "PATH");
    assert_contains(hdb_error_message(&error), "make engine");
    assert_contains(hdb_error_message(&error), "cargo install heliosdb-nano --version 4.41.1 --locked");
    setenv("HELIOSDB_BIN", "/nowhere/engine", 1);
    assert_int_equal(try_open(&options), HDB_CANTOPEN);
    assert_string_equal(hdb_error_message(&error),
                        "HELIOSDB_BIN names /nowhere/engine, which is not a program that can be run");
    options.program = "/nowhere/else";
    assert_int_equal(try_open(&options), HDB_CANTOPEN);
    assert_contains(hdb_error_message(&error), "/nowhere/else");
    for (int i = 0; i < 5; i++) {
        if (before[i] != NULL)
            setenv(names[i], before[i], 1);
        else
            unsetenv(names[i]);
        free(before[i]);
    }
    assert_int_equal(access(directory, F_OK), -1); /* nothing made for an engine that is not there */
}

static void test_missing_keeper(void **state) {
    hdb_engine_options options = {.directory = directory};
    char *before = getenv("HELIOSDB_KEEPER") != NULL ? strdup(getenv("HELIOSDB_KEEPER")) : NULL;

    setenv("HELIOSDB_KEEPER", "/nowhere/keeper", 1);
    assert_int_equal(try_open(&options), HDB_CANTOPEN);
    assert_contains(hdb_error_message(&error), "HELIOSDB_KEEPER names /nowhere/keeper");
    if (before != NULL)
        setenv("HELIOSDB_KEEPER", before, 1);
    else
        unsetenv("HELIOSDB_KEEPER");
    free(before);
}

/* Expects the engine not to start and gives the message. */
static const char *failure(const char *program) {
    hdb_engine_options options = {.directory = directory, .program = program};
    hdb_engine *engine = NULL;
    char *conninfo = NULL;
    int rc;

    assert_ok(hdb_engine_open(&options, &engine, &error));
    rc = hdb_engine_conninfo(engine, &conninfo, &error);
    hdb_engine_close(engine);
    assert_int_equal(rc, HDB_CANTOPEN);
    assert_null(conninfo);
    assert_true(gone_within(5000));
    return hdb_error_message(&error);
}

static void test_an_engine_that_exits_at_once(void **state) {
    char program[128];

    snprintf(program, sizeof program, "%s/engine", base);
    write_program(program, "#!/bin/sh\necho first line\nprintf '\\033[31mboom\\033[0m: no room\\n' >&2\nexit 3\n");
    assert_contains(failure(program), "exit status 3");
    assert_contains(hdb_error_message(&error), "first line\nboom: no room");
    assert_contains(hdb_error_message(&error), "engine.log");
    write_program(program, "#!/bin/sh\nkill -SEGV $$\n");
    assert_contains(failure(program), "signal 11");
    write_program(program, "\x7f" "ELF garbage");
    assert_contains(failure(program), "Exec format error");
}

static void test_an_engine_whose_keeper_is_killed_while_starting(void **state) {
    hdb_engine_options options = {.directory = directory};
    hdb_engine *engine = NULL;
    char *conninfo = NULL;
    char program[128];

    snprintf(program, sizeof program, "%s/engine", base);
    write_program(program, "#!/bin/sh\nexec sleep 60\n");
    options.program = program;
    assert_ok(hdb_engine_open(&options, &engine, &error));
    assert_ok(hdb_engine_start(engine, &error));
    assert_int_equal(kill(keeper_pid(), SIGKILL), 0);
    assert_int_equal(hdb_engine_conninfo(engine, &conninfo, &error), HDB_CANTOPEN);
    assert_contains(hdb_error_message(&error), "its keeper was ended");
    hdb_engine_close(engine);
}

static void test_a_directory_that_cannot_be_made(void **state) {
    hdb_engine_options options = {.directory = directory};
    FILE *file = fopen(directory, "w");

    assert_non_null(file);
    fclose(file);
    assert_int_equal(try_open(&options), HDB_CANTOPEN);
    assert_contains(hdb_error_message(&error), directory);
    assert_contains(hdb_error_message(&error), "Not a directory");
    unlink(directory);
    options.directory = "/nowhere/at/all";
    assert_int_equal(try_open(&options), HDB_CANTOPEN);
    assert_contains(hdb_error_message(&error), "No such file or directory");
    options.directory = "/proc/here"; /* refuses root, too */
    assert_int_equal(try_open(&options), HDB_CANTOPEN);
    assert_contains(hdb_error_message(&error), "/proc/here");
}

static void test_a_directory_of_somebody_else(void **state) {
    hdb_engine_options options = {.directory = directory};
    int status = -1;
    pid_t child;

    assert_int_equal(mkdir(directory, 0777), 0);
    assert_int_equal(chmod(base, 0755), 0);
    assert_int_equal(chmod(directory, 0777), 0);
    if (geteuid() != 0) {
        print_message("only root can be somebody else\n");
        skip();
    }
    child = fork();
    if (child == 0) {
        setenv("HELIOSDB_BIN", "/bin/true", 1); /* root's own programs may be out of reach */
        setenv("HELIOSDB_KEEPER", "/bin/true", 1);
        if (seteuid(65534) != 0 || try_open(&options) != HDB_CANTOPEN)
            _exit(1);
        _exit(strstr(hdb_error_message(&error), "belongs to another user") != NULL ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_a_directory_that_was_open_to_others(void **state) {
    struct stat status;

    assert_int_equal(mkdir(directory, 0755), 0);
    hdb_engine_close(open_engine(0));
    assert_int_equal(stat(directory, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

static void test_corrupt_data(void **state) {
    hdb_engine *engine = open_engine(0);
    char path[300];
    FILE *file;

    hdb_link_close(connect_to(engine));
    hdb_engine_close(engine);
    assert_true(gone_within(10000));
    snprintf(path, sizeof path, "%s/CURRENT", in("data"));
    assert_non_null(file = fopen(path, "w"));
    fputs("MANIFEST-garbage\n", file);
    fclose(file);
    assert_contains(failure(NULL), "the engine did not start");
    assert_contains(hdb_error_message(&error), "engine.log");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_starts_answers_and_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_survive_a_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_handle_that_never_starts_it_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lingers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_comes_back_while_it_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_handles_share_one_engine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_processes_start_one_engine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_forked_child_abandons_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_killed_engine_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_killed_keeper_takes_its_engine_along, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_terminated_keeper_stops_its_engine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_killed_host_lets_it_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_removed_directory_stops_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_secret_stays_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_secret_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_libpq_variables_lead_nowhere_else, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_engines_are_private_and_vanish, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_dead_memory_engine_is_not_replaced_by_an_empty_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_engine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_keeper, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_engine_that_exits_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_engine_whose_keeper_is_killed_while_starting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_directory_that_cannot_be_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_directory_of_somebody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_directory_that_was_open_to_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_corrupt_data, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
