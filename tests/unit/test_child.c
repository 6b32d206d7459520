/* SPDX-License-Identifier: Apache-2.0 */
/* A detached child, without any engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static hdb_error error = HDB_ERROR_INIT;

static int clear(void **state) {
    hdb_error_clear(&error);
    return 0;
}

/* Runs a shell script with the write end of a pipe as its descriptor 3 and returns what it wrote there. */
static int run(const char *script, char *text, size_t size) {
    const char *const argv[] = {"sh", "-c", script, NULL};
    int ends[2], rc;
    size_t length = 0;
    ssize_t got;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    rc = hdb_child_spawn_detached("/bin/sh", argv, &ends[1], 1, &error);
    close(ends[1]);
    while (length + 1 < size && (got = read(ends[0], text + length, size - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(ends[0]);
    return rc;
}

static void assert_no_zombie(void) {
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_what_outlives_its_first_process_is_not_our_child(void **state) {
    char text[100];

    assert_int_equal(run("(sleep 0.2; echo later >&3) & exit 0", text, sizeof text), HDB_OK);
    assert_string_equal(text, "later\n");
    assert_no_zombie();
}

static void test_standard_streams_are_nowhere(void **state) {
    char text[100];

    assert_int_equal(run("all=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2); echo \"$all\" >&3", text, sizeof text),
                     HDB_OK);
    assert_string_equal(text, "/dev/null\n/dev/null\n/dev/null\n");
}

static void test_descriptors_arrive_in_order(void **state) {
    const char *const argv[] = {"sh", "-c", "echo three >&3; echo four >&4", NULL};
    int first[2], second[2];
    char text[20] = "";

    assert_int_equal(pipe2(first, O_CLOEXEC), 0);
    assert_int_equal(pipe2(second, O_CLOEXEC), 0);
    /* Swapped numbers: what goes to 4 may well be 3 here. */
    assert_int_equal(hdb_child_spawn_detached("/bin/sh", argv, (const int[]){second[1], first[1]}, 2, &error), HDB_OK);
    assert_int_equal(read(second[0], text, sizeof text - 1), 6);
    assert_memory_equal(text, "three\n", 6);
    assert_int_equal(read(first[0], text, sizeof text - 1), 5);
    assert_memory_equal(text, "four\n", 5);
    for (int i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
}

static void test_exit_status_is_an_error(void **state) {
    char text[10];

    assert_int_equal(run("exit 7", text, sizeof text), HDB_CANTOPEN);
    assert_string_equal(hdb_error_message(&error), "/bin/sh failed with exit status 7");
    assert_no_zombie();
}

static void test_signals_are_default_and_open(void **state) {
    sigset_t term, before;
    char text[10];

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    signal(SIGTERM, SIG_IGN);
    assert_int_equal(run("kill -TERM $$; sleep 5", text, sizeof text), HDB_CANTOPEN);
    assert_string_equal(hdb_error_message(&error), "/bin/sh was ended by signal 15");
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void test_host_that_ignores_its_children(void **state) {
    char text[10];

    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run("echo ok >&3", text, sizeof text), HDB_OK);
    assert_string_equal(text, "ok\n");
    signal(SIGCHLD, SIG_DFL);
}

static void test_missing_program_is_named(void **state) {
    const char *const argv[] = {"nothing", NULL};

    assert_int_equal(hdb_child_spawn_detached("/nowhere/nothing", argv, NULL, 0, &error), HDB_CANTOPEN);
    assert_string_equal(hdb_error_message(&error), "can't run /nowhere/nothing: No such file or directory");
    assert_no_zombie();
}

static void test_file_that_is_no_program(void **state) {
    char path[] = "/tmp/hdb-test-XXXXXX";
    const char *const argv[] = {path, NULL};
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "\x7f\x45LF garbage", 11), 11);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    assert_int_equal(hdb_child_spawn_detached(path, argv, NULL, 0, &error), HDB_CANTOPEN);
    assert_non_null(strstr(hdb_error_message(&error), "Exec format error"));
    chmod(path, 0600);
    assert_int_equal(hdb_child_spawn_detached(path, argv, NULL, 0, &error), HDB_CANTOPEN);
    assert_non_null(strstr(hdb_error_message(&error), "Permission denied"));
    unlink(path);
    assert_no_zombie();
}

static void test_closed_descriptor_is_an_error(void **state) {
    const char *const argv[] = {"sh", "-c", "exit 0", NULL};

    assert_int_equal(hdb_child_spawn_detached("/bin/sh", argv, (const int[]){-1}, 1, &error), HDB_CANTOPEN);
    assert_non_null(strstr(hdb_error_message(&error), "Bad file descriptor"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_what_outlives_its_first_process_is_not_our_child, clear),
        cmocka_unit_test_teardown(test_standard_streams_are_nowhere, clear),
        cmocka_unit_test_teardown(test_descriptors_arrive_in_order, clear),
        cmocka_unit_test_teardown(test_exit_status_is_an_error, clear),
        cmocka_unit_test_teardown(test_signals_are_default_and_open, clear),
        cmocka_unit_test_teardown(test_host_that_ignores_its_children, clear),
        cmocka_unit_test_teardown(test_missing_program_is_named, clear),
        cmocka_unit_test_teardown(test_file_that_is_no_program, clear),
        cmocka_unit_test_teardown(test_closed_descriptor_is_an_error, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
