/* SPDX-License-Identifier: Apache-2.0 */
/* Kills a writer, sometimes with the engines, while it commits transactions over two databases: afterwards both have a
 * transaction or neither has, whichever is opened first; what was acknowledged is there; replica and engine agree.
 * Usage: two_databases [--rounds N] [--seed N] */
#include "support.h"

#include <heliosdb/heliosdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared {
    volatile int64_t next;         /* first number the writer uses */
    volatile int64_t acknowledged; /* newest number whose COMMIT returned */
    volatile int64_t found;        /* by the audit: numbers in both */
};

static char *directory, *paths[2];
static struct shared *shared;
static unsigned seed;

static unsigned draw(unsigned below) {
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % below;
}

static hdb_conn *open_pair(int first) {
    hdb_conn *conn = NULL;
    hdb_config *config = hdb_config_create();
    hdb_config_set(config, "notices", "off");
    hdb_config_set(config, "linger", "0.2");
    hdb_config_set(config, "timeout", "60");
    char *attach = support_format("ATTACH '%s' AS other", paths[1 - first]);
    if (hdb_connect(paths[first], config, &conn) != HDB_OK || hdb_exec(conn, attach, -1) != HDB_OK) {
        fprintf(stderr, "open: %s\n", hdb_errmsg(conn));
        exit(3);
    }
    hdb_config_destroy(config);
    free(attach);
    return conn;
}

static int write_on(int first) {
    hdb_conn *conn = open_pair(first);
    /* Without waiting for the disk other moments are the likely ones. */
    if (shared->next % 2 == 0)
        hdb_exec(conn, "PRAGMA main.synchronous = NORMAL; PRAGMA other.synchronous = NORMAL", -1);
    for (int64_t n = shared->next;; n++) {
        char *sql = support_format("BEGIN; INSERT INTO main.t VALUES (%lld, 'x'); INSERT INTO other.t VALUES (%lld, 'x');"
                                   "UPDATE main.t SET v = v || %lld WHERE n = %lld; DELETE FROM other.t WHERE n = %lld; %s COMMIT",
                                   (long long)n, (long long)n, (long long)n, (long long)n - 1, (long long)-n,
                                   n % 7 == 0 ? "CREATE TABLE main.extra(a); DROP TABLE main.extra;" : "");
        int rc = hdb_exec(conn, sql, -1);
        free(sql);
        if (rc != HDB_OK)
            return 0; /* the engines were killed: that this is told is enough */
        shared->acknowledged = n;
    }
}

static int64_t ask(hdb_conn *conn, const char *sql) {
    hdb_stmt *stmt = NULL;
    int64_t value = -1;
    if (hdb_prepare(conn, sql, -1, &stmt, NULL) == HDB_OK && hdb_fetch_row(stmt) == HDB_ROW)
        value = hdb_column_int64(stmt, 0);
    else
        fprintf(stderr, "%s: %s\n", sql, hdb_errmsg(conn));
    hdb_finalize(stmt);
    return value;
}

static int audit(int first) {
    int64_t differences = 0;
    hdb_conn *conn = open_pair(first);
    int64_t in_main = ask(conn, "SELECT max(n) FROM main.t"), in_other = ask(conn, "SELECT max(n) FROM other.t");
    int64_t holes = ask(conn, "SELECT (SELECT max(n) - count(*) FROM main.t) + (SELECT max(n) - count(*) FROM other.t)");
    int rc = hdb_verify(conn, &differences);
    bool good = in_main == in_other && in_main >= shared->acknowledged && holes == 0 && rc == HDB_OK && differences == 0;
    if (!good)
        fprintf(stderr, "main %lld, other %lld, acknowledged %lld, holes %lld, %lld differences: %s\n", (long long)in_main,
                (long long)in_other, (long long)shared->acknowledged, (long long)holes, (long long)differences,
                hdb_errmsg(conn));
    shared->found = in_main;
    return hdb_close(conn) == HDB_OK && good ? 0 : 1;
}

static int make(int first) {
    hdb_conn *conn = open_pair(first);
    if (hdb_exec(conn, "CREATE TABLE main.t(n INTEGER PRIMARY KEY, v); CREATE TABLE other.t(n INTEGER PRIMARY KEY, v);"
                       "BEGIN; INSERT INTO main.t VALUES (1, ''); INSERT INTO other.t VALUES (1, ''); COMMIT", -1) != HDB_OK) {
        fprintf(stderr, "make: %s\n", hdb_errmsg(conn));
        return 1;
    }
    return hdb_close(conn);
}

static pid_t start(int (*run)(int first), int first) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(first));
    if (pid < 0)
        exit(3);
    return pid;
}

static int run_to_end(int (*run)(int first), int first) {
    int status = 0;
    waitpid(start(run, first), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void kill_engines(void) {
    pid_t engines[8];
    size_t count = support_find_processes(directory, "heliosdb-nano", engines, 8);
    for (size_t i = 0; i < count && i < 8; i++)
        kill(engines[i], SIGKILL);
}

static bool is_promised(int which) {
    char *promise = support_format("%s-heliosdb/promise", paths[which]);
    bool found = access(promise, F_OK) == 0;
    free(promise);
    return found;
}

int main(int argc, char **argv) {
    int rounds = 60, failures = 0, promised = 0, decided = 0;
    seed = (unsigned)getpid();
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0)
            rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = (unsigned)strtoul(argv[i + 1], NULL, 10);
    }
    printf("seed %u\n", seed);
    fflush(stdout);
    directory = support_make_directory("two");
    paths[0] = support_format("%s/one.db", directory);
    paths[1] = support_format("%s/two.db", directory);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || run_to_end(make, 0) != 0)
        return 1;
    shared->acknowledged = 1;
    for (int round = 0; round < rounds && failures == 0; round++) {
        int status = 0;
        int64_t before = shared->next = shared->acknowledged > shared->found ? shared->acknowledged + 1 : shared->found + 1;
        pid_t writer = start(write_on, (int)draw(2));
        for (int wait = 0; shared->acknowledged < before && wait < 20000; wait++)
            support_sleep_ms(1);
        usleep(draw(50000));
        if (draw(4) == 0)
            kill_engines();
        kill(writer, SIGKILL);
        waitpid(writer, &status, 0);
        bool left = is_promised(0) || is_promised(1);
        promised += left;
        int first = (int)draw(2);
        failures += run_to_end(audit, first);
        decided += left && shared->found > shared->acknowledged;
        if (failures)
            fprintf(stderr, "round %d, opened %s first; files are left in %s\n", round, first ? "two" : "one", directory);
    }
    size_t processes = support_await_no_process(directory, 15000);
    printf("%d rounds, %lld transactions, %d promises left, %d of them decided for, %d failures, %zu processes left\n", rounds,
           (long long)shared->found, promised, decided, failures, processes);
    if (failures == 0)
        support_remove_directory(directory);
    return failures || processes ? 1 : 0;
}
