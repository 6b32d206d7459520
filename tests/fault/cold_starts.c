/* SPDX-License-Identifier: Apache-2.0 */
/* Many processes open one database at the same moment: on a new one, on one whose engine runs, is just stopping or is gone.
 * Exactly one engine answers all of them, and it was started once at most. In some races one of the processes is killed
 * while it opens the database: another one starts the engine then. Processes leave by hdb_close(), by exit() or by SIGKILL;
 * no process is left at the end.
 * Usage: cold_starts [--races N] [--seed N] [--processes MOST] */
#include "fault.h"
#include "support.h"

#include <heliosdb/heliosdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 50, END_MS = 180000, START_SIZE = sizeof "start\n" - 1 };

enum leaving { BY_CLOSE, BY_EXIT, BY_KILL };
enum progress { OPENING, READY, FAILED };

struct race {
    atomic_int go, leave;
    atomic_int progress[MOST];
};

struct database {
    char *directory, *path;
    int64_t rows;
};

struct figures {
    int races, processes, starts, killed;
};

static struct race *race;
static char *directory, *program, *note;
static unsigned seed;

static unsigned draw(unsigned below) {
    return fault_random(&seed) % below;
}

/* --- one of the processes */

static void take_part(const struct database *database, int number, unsigned delay_us, enum leaving leaving) {
    while (!atomic_load(&race->go))
        usleep(100);
    usleep(delay_us);
    hdb_conn *conn = fault_open(database->path, "0.2", "120");
    int rc = conn ? hdb_exec(conn, "CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES (1)", -1) : HDB_CANTOPEN;
    if (conn && rc != HDB_OK)
        fprintf(stderr, "process %d: %d: %s\n", number, hdb_extended_errcode(conn), hdb_errmsg(conn));
    atomic_store(&race->progress[number], rc == HDB_OK ? READY : FAILED);
    while (!atomic_load(&race->leave) || leaving == BY_KILL)
        usleep(1000);
    _exit(leaving == BY_CLOSE && hdb_close(conn) != HDB_OK);
}

/* --- the parent */

static struct database make_database(int number) {
    struct database made = {.directory = support_format("%s/%d", directory, number)};
    made.path = support_format("%s/app.db", made.directory);
    if (mkdir(made.directory, 0700) != 0) {
        perror(made.directory);
        exit(3);
    }
    return made;
}

static void free_database(struct database *database) {
    free(database->directory);
    free(database->path);
}

static int count_starts(void) {
    struct stat info;
    return stat(note, &info) == 0 ? (int)(info.st_size / START_SIZE) : 0;
}

static size_t count_engines(const struct database *database) {
    return support_find_processes(database->directory, "heliosdb-nano", NULL, 0);
}

/* Waits until every process but the killed one has its row in. Returns how many there are. */
static int await_ready(int count, int victim) {
    long long end = support_now_ms() + END_MS;
    for (;;) {
        int ready = 0, failed = 0;
        for (int i = 0; i < count; i++) {
            ready += i != victim && atomic_load(&race->progress[i]) == READY;
            failed += i != victim && atomic_load(&race->progress[i]) == FAILED;
        }
        if (ready == count - (victim >= 0) || failed || support_now_ms() > end)
            return ready;
        support_sleep_ms(2);
    }
}

/* In a process of its own: the parent must not hold the database. Exits with 0, or with what is wrong. */
static int look(const struct database *database, int64_t *rows) {
    int status = 0;
    int64_t *found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        hdb_stmt *stmt = NULL;
        int64_t differences = -1;
        hdb_conn *conn = fault_open(database->path, "0.2", "120");
        if (!conn || hdb_prepare(conn, "SELECT count(*) FROM t", -1, &stmt, NULL) != HDB_OK || hdb_fetch_row(stmt) != HDB_ROW)
            _exit(2);
        *found = hdb_column_int64(stmt, 0);
        hdb_finalize(stmt);
        _exit(hdb_verify(conn, &differences) != HDB_OK || differences != 0 || hdb_close(conn) != HDB_OK);
    }
    waitpid(pid, &status, 0);
    *rows = *found;
    munmap(found, sizeof *found);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static bool check(struct database *database, int ready, int expected, int victim, int starts) {
    int64_t rows = 0;
    size_t engines = count_engines(database);
    int looked = look(database, &rows);
    /* The row of a killed process may be there. */
    bool good = ready == expected && looked == 0 && rows >= database->rows + ready && rows <= database->rows + ready + (victim >= 0) &&
                engines == 1 && starts <= 1 + (victim >= 0);
    if (!good)
        fprintf(stderr, "%d of %d processes ready, %zu engines, %d starts, %lld rows on top of %lld, look %d%s\n", ready, expected,
                engines, starts, (long long)(rows - database->rows), (long long)database->rows, looked,
                victim >= 0 ? ", one was killed" : "");
    database->rows = rows;
    return good;
}

static bool run_race(struct database *database, int count, struct figures *figures) {
    pid_t pids[MOST];
    enum leaving leaving[MOST];
    int victim = draw(3) == 0 ? (int)draw((unsigned)count) : -1, before = count_starts(), status = 0;
    memset(race, 0, sizeof *race);
    for (int i = 0; i < count; i++) {
        unsigned delay_us = draw(2) ? 0 : draw(30000);
        leaving[i] = draw(3) == 0 ? BY_KILL : draw(2) ? BY_EXIT : BY_CLOSE;
        pids[i] = fork();
        if (pids[i] == 0)
            take_part(database, i, delay_us, leaving[i]);
    }
    atomic_store(&race->go, 1);
    if (victim >= 0) {
        usleep(draw(300000));
        kill(pids[victim], SIGKILL);
    }
    int ready = await_ready(count, victim), starts = count_starts() - before;
    bool good = check(database, ready, count - (victim >= 0), victim, starts);
    atomic_store(&race->leave, 1);
    for (int i = 0; i < count; i++) {
        if (leaving[i] == BY_KILL || !good)
            kill(pids[i], SIGKILL);
        waitpid(pids[i], &status, 0);
        if (i != victim && leaving[i] != BY_KILL && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
            fprintf(stderr, "process %d ended with status %d\n", i, status);
            good = false;
        }
    }
    figures->races++;
    figures->processes += count;
    figures->starts += starts;
    figures->killed += victim >= 0;
    return good;
}

static void write_program(void) {
    const char *engine = getenv("HELIOSDB_BIN");
    program = support_format("%s/engine", directory);
    note = support_format("%s/starts", directory);
    FILE *file = fopen(program, "w");
    fprintf(file, "#!/bin/sh\necho start >> '%s'\nexec '%s' \"$@\"\n", note, engine);
    fclose(file);
    chmod(program, 0755);
}

int main(int argc, char **argv) {
    int races = 20, most = MOST, failures = 0;
    struct figures figures = {0};
    seed = (unsigned)getpid();
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--races") == 0)
            races = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--processes") == 0 && atoi(argv[i + 1]) > 1 && atoi(argv[i + 1]) <= MOST)
            most = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = (unsigned)strtoul(argv[i + 1], NULL, 10);
    }
    if (!getenv("HELIOSDB_BIN")) {
        printf("skipped - HELIOSDB_BIN does not name the engine\n");
        return 77;
    }
    printf("seed %u\n", seed);
    fflush(stdout);
    directory = support_make_directory("cold");
    write_program();
    setenv("HELIOSDB_BIN", program, 1);
    race = mmap(NULL, sizeof *race, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (race == MAP_FAILED)
        return 99;
    struct database database = make_database(0);
    for (int i = 0; i < races && failures == 0; i++) {
        if (i > 0 && draw(2)) {
            free_database(&database);
            database = make_database(i);
        }
        failures += !run_race(&database, 2 + (int)draw((unsigned)most - 1), &figures);
        if (failures)
            fprintf(stderr, "race %d; files are left in %s\n", i, directory);
        /* The engine lingers for 0.2 s: the next race finds it there, stopping or gone. */
        usleep(draw(500000));
    }
    size_t processes = support_await_no_process(directory, 30000);
    printf("%d races of %d processes, %d killed while opening, the engine started %d times, %d failures, %zu processes left\n",
           figures.races, figures.processes, figures.killed, figures.starts, failures, processes);
    if (failures == 0)
        support_remove_directory(directory);
    free_database(&database);
    return failures || processes ? 1 : 0;
}
