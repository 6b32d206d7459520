/* SPDX-License-Identifier: Apache-2.0 */
/* Engines that stop or die, and what that does to those who commit or close; a process that is killed within COMMIT, at a point
 * that an engine which has stopped keeps open. */
#include "fixture.h"
#include "support.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process with a connection, that runs one statement each time it is told to. */
struct worker {
    pid_t pid;
    int go, done;
};

static void work(const char *path, const char *first, const char *then, int go, int done) {
    char byte = 0;
    hdb_conn *conn = NULL;
    int rc = hdb_connect(path, NULL, &conn);
    if (rc == HDB_OK)
        rc = hdb_exec(conn, first, -1);
    while (rc == HDB_OK && write(done, &byte, 1) == 1 && read(go, &byte, 1) == 1)
        rc = hdb_exec(conn, then, -1);
    _exit(hdb_close(conn) != HDB_OK || rc != HDB_OK);
}

static struct worker start(const char *path, const char *first, const char *then) {
    struct worker worker;
    int go[2], done[2];
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(done), 0);
    worker.pid = fork();
    assert_true(worker.pid >= 0);
    if (worker.pid == 0) {
        close(go[1]);
        close(done[0]);
        work(path, first, then, go[0], done[1]);
    }
    close(go[0]);
    close(done[1]);
    worker.go = go[1];
    worker.done = done[0];
    return worker;
}

static void await(const struct worker *worker) {
    char byte;
    assert_int_equal(read(worker->done, &byte, 1), 1);
}

static void tell(const struct worker *worker) {
    assert_int_equal(write(worker->go, "", 1), 1);
}

static int end(const struct worker *worker) {
    int status = 0;
    close(worker->go);
    close(worker->done);
    assert_int_equal(waitpid(worker->pid, &status, 0), worker->pid);
    return status;
}

/* Stops every thread of a process. That takes a while after kill() has returned: until then the engine still answers. */
static void stop(pid_t pid) {
    glob_t tasks;
    char *pattern = support_format("/proc/%d/task/*/stat", (int)pid);
    size_t stopped = 0, count = 0;
    long long end = support_now_ms() + 10000;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    do {
        support_sleep_ms(2);
        assert_int_equal(glob(pattern, 0, NULL, &tasks), 0);
        stopped = 0;
        count = tasks.gl_pathc;
        for (size_t i = 0; i < count; i++) {
            char state = 0;
            FILE *file = fopen(tasks.gl_pathv[i], "re");
            if (file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1)
                stopped += state == 'T';
            if (file)
                fclose(file);
        }
        globfree(&tasks);
    } while (stopped < count && support_now_ms() < end);
    assert_true(stopped > 0 && stopped == count);
    free(pattern);
}

/* Two processes commit by turns; the second one is killed before it has sent anything, while it asks the engine for
 * synchronous_commit. The first one, which lives on, is not who a third one has to wait for. */
static void who_committed_before_is_not_waited_for(void **state) {
    struct fixture *fixture = *state;
    pid_t engine = 0;
    setenv("HELIOSDB_LINGER", "0", 1);
    setenv("HELIOSDB_NOTICES", "off", 1);
    struct worker first = start(fixture->path, "CREATE TABLE t(a)", "INSERT INTO t VALUES ('first')");
    await(&first);
    struct worker second = start(fixture->path, "PRAGMA synchronous = OFF; INSERT INTO t VALUES ('second')",
                                 "PRAGMA synchronous = FULL; INSERT INTO t VALUES ('never')");
    await(&second);
    tell(&first);
    await(&first);
    assert_int_equal(support_find_processes(fixture->directory, "heliosdb-nano", &engine, 1), 1);
    stop(engine);
    tell(&second);
    support_sleep_ms(500);
    assert_int_equal(kill(second.pid, SIGKILL), 0);
    assert_int_equal(end(&second), SIGKILL);
    assert_int_equal(kill(engine, SIGCONT), 0);

    long long began = support_now_ms();
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES ('third')", -1));
    assert_true(support_now_ms() - began < 20000); /* a session that is in nobody's way was waited for for 30 s */
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t WHERE a IN ('first', 'second', 'third')"), 3);
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 3);
    assert_ok(conn, hdb_close(conn));
    assert_int_equal(end(&first), 0);
    unsetenv("HELIOSDB_LINGER");
    unsetenv("HELIOSDB_NOTICES");
}

/* While another process commits, which takes as long as its engine does not answer, a writer waits as long as its connection was
 * told to, whoever opened the database first. */
static void who_commits_is_waited_for_as_long_as_the_connection_was_told_to(void **state) {
    struct fixture *fixture = *state;
    pid_t engine = 0;
    setenv("HELIOSDB_LINGER", "0", 1);
    setenv("HELIOSDB_NOTICES", "off", 1);
    struct worker other = start(fixture->path, "CREATE TABLE t(a)", "INSERT INTO t VALUES ('other')");
    await(&other);
    hdb_config *patient = fixture_config("timeout", "60000");
    hdb_conn *first = NULL;
    assert_int_equal(hdb_connect(fixture->path, patient, &first), HDB_OK);
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_busy_timeout(conn, 100));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 0);
    assert_int_equal(support_find_processes(fixture->directory, "heliosdb-nano", &engine, 1), 1);
    stop(engine);
    tell(&other);
    support_sleep_ms(500);

    long long began = support_now_ms();
    int rc = hdb_exec(conn, "INSERT INTO t VALUES ('ours')", -1);
    long long took = support_now_ms() - began;
    assert_int_equal(kill(engine, SIGCONT), 0);
    assert_int_equal(rc, HDB_BUSY);
    assert_true(took < 30000); /* it was as long as the connection that is there for all of the process waits */
    await(&other);
    assert_ok(conn, hdb_busy_timeout(conn, 60000));
    assert_ok(conn, hdb_exec(conn, "INSERT INTO t VALUES ('ours')", -1));
    assert_int_equal(query_int64(conn, "SELECT count(*) FROM t"), 2);
    assert_ok(conn, hdb_close(conn));
    assert_ok(first, hdb_close(first));
    hdb_config_destroy(patient);
    assert_int_equal(end(&other), 0);
    unsetenv("HELIOSDB_LINGER");
    unsetenv("HELIOSDB_NOTICES");
}

/* An engine that dies while nobody asks it anything has every commit; who closes then is not told of a failure. */
static void an_engine_that_died_meanwhile_does_not_make_close_fail(void **state) {
    struct fixture *fixture = *state;
    pid_t engine = 0;
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)", -1));
    assert_ok(conn, hdb_flush(conn));
    assert_int_equal(support_find_processes(fixture->directory, "heliosdb-nano", &engine, 1), 1);
    assert_int_equal(kill(engine, SIGKILL), 0);
    assert_int_equal(hdb_close(conn), HDB_OK);
    assert_int_equal(fixture_sqlite_int64(fixture->path, "SELECT count(*) FROM t"), 2);
    int64_t differences = -1;
    conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_verify(conn, &differences));
    assert_int_equal(differences, 0);
    assert_int_equal(fixture_engine_int64(conn, "SELECT count(*) FROM t"), 2);
    assert_ok(conn, hdb_close(conn));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_engine_that_died_meanwhile_does_not_make_close_fail, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(who_commits_is_waited_for_as_long_as_the_connection_was_told_to, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(who_committed_before_is_not_waited_for, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
