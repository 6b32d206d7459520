/* SPDX-License-Identifier: Apache-2.0 */
/* What is done while the recorder listens. */
#include "support.h"
#include "work.h"

#include <fcntl.h>
#include <heliosdb/heliosdb.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 2, COMMITS_PER_SESSION = 10, COMMITS_OF_AN_AGE = 270 };

struct scenario {
    const char *directory;
    char *path;
    unsigned seed;
    enum level level;
    bool checkpoints; /* often: the WAL is copied behind one commit in a few */
    int notes;
};

static const char *const level_names[] = {"OFF", "NORMAL", "FULL"};

static int complain(const char *what, const char *detail) {
    fprintf(stderr, "  %s: %s\n", what, detail);
    return 1;
}

/* Each process has one of its own: the recorder asks where a descriptor is after a write, which another process that
 * shares it may have moved. */
static int open_notes(const char *directory) {
    char *path = support_format("%s/notes", directory);
    int notes = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    free(path);
    return notes;
}

static void note(const struct scenario *scenario, const char *line) {
    if (write(scenario->notes, line, strlen(line)) != (ssize_t)strlen(line))
        abort();
}

static hdb_conn *open_ours(const struct scenario *scenario) {
    hdb_conn *conn = NULL;
    hdb_config *config = hdb_config_create();
    hdb_config_set(config, "linger", "0");
    hdb_config_set(config, "timeout", "60");
    hdb_config_set(config, "notices", "off");
    if (hdb_connect(scenario->path, config, &conn) != HDB_OK) {
        complain("connect", hdb_errmsg(conn));
        hdb_close(conn);
        conn = NULL;
    }
    if (conn && scenario->checkpoints && hdb_exec(conn, "PRAGMA wal_autocheckpoint = 8", -1) != HDB_OK)
        complain("wal_autocheckpoint", hdb_errmsg(conn));
    hdb_config_destroy(config);
    return conn;
}

static int write_one(const struct scenario *scenario, hdb_conn *conn, int writer, int n) {
    enum level level = scenario->level == LEVEL_MIXED ? work_level(scenario->seed, writer, n) : scenario->level;
    char line[64];
    struct work work;
    int rc;
    snprintf(line, sizeof line, "PRAGMA synchronous = %s", level_names[level]);
    rc = hdb_exec(conn, line, -1);
    snprintf(line, sizeof line, "begun %d %d\n", writer, n);
    note(scenario, line);
    work_make(scenario->seed, writer, n, &work);
    for (int i = 0; i < work.count && rc == HDB_OK; i++)
        if ((rc = hdb_exec(conn, work.statements[i], -1)) != HDB_OK)
            complain(work.statements[i], hdb_errmsg(conn));
    work_free(&work);
    snprintf(line, sizeof line, "done %d %d %d\n", writer, n, (int)level);
    if (rc == HDB_OK)
        note(scenario, line);
    return rc;
}

/* Transactions first .. last, with the database closed and opened again now and then. */
static int write_many(const struct scenario *scenario, int writer, int first, int last) {
    hdb_conn *conn = NULL;
    int rc = 0;
    for (int n = first; n <= last && rc == 0; n++) {
        if (conn && (n - first) % COMMITS_PER_SESSION == 0) {
            rc = hdb_close(conn);
            conn = NULL;
        }
        if (rc == 0 && !conn && !(conn = open_ours(scenario)))
            rc = 1;
        if (rc == 0)
            rc = write_one(scenario, conn, writer, n);
    }
    if (conn && hdb_close(conn) != HDB_OK)
        rc = complain("close", "did not succeed");
    return rc;
}

static int write_by_several(const struct scenario *scenario, int commits) {
    int failures = 0;
    for (int writer = 1; writer <= WRITERS && failures == 0; writer++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct scenario own = *scenario;
            own.notes = open_notes(scenario->directory);
            _exit(write_many(&own, writer, 1, commits / WRITERS) != 0);
        }
        failures += pid < 0;
    }
    for (int status; wait(&status) > 0;)
        failures += status != 0;
    return failures;
}

static int write_to_a_new_one(const struct scenario *scenario, int commits) {
    int failures = write_many(scenario, 0, 0, 0);
    return failures ? failures : write_by_several(scenario, commits);
}

/* From here on cuts may come: what is there now is on the disk. */
static void begin_cuts(const struct scenario *scenario) {
    sync();
    note(scenario, "from\n");
}

/* The same on a database that has lived long enough for the engine's log to have been emptied: it no longer tells
 * everything. */
static int write_to_an_old_one(const struct scenario *scenario, int commits) {
    struct scenario before = *scenario;
    hdb_conn *conn = open_ours(scenario);
    int rc = conn ? 0 : 1;
    before.level = LEVEL_OFF;
    for (int n = 0; n < COMMITS_OF_AN_AGE && rc == 0; n++)
        rc = write_one(&before, conn, 0, n);
    if (rc != 0 || hdb_close(conn) != HDB_OK)
        return complain("the old database", "could not be made");
    begin_cuts(scenario);
    return write_by_several(scenario, commits);
}

/* Plain SQLite writes; the library takes its file over. */
static int take_in(const struct scenario *scenario, int commits) {
    sqlite3 *db = NULL;
    int rc = sqlite3_open(scenario->path, &db);
    for (int n = 0; n <= commits / 2 && rc == SQLITE_OK; n++) {
        char line[64];
        struct work work;
        work_make(scenario->seed, 0, n, &work);
        for (int i = 0; i < work.count && rc == SQLITE_OK; i++)
            rc = sqlite3_exec(db, work.statements[i], NULL, NULL, NULL);
        work_free(&work);
        snprintf(line, sizeof line, "begun 0 %d\ndone 0 %d %d\n", n, n, LEVEL_FULL);
        note(scenario, line);
    }
    if (rc != SQLITE_OK)
        complain("plain SQLite", sqlite3_errmsg(db));
    sqlite3_close(db);
    begin_cuts(scenario);
    return rc == SQLITE_OK ? write_many(scenario, 0, commits / 2 + 1, commits) : 1;
}

static int rebuild(const struct scenario *scenario, int commits) {
    int rc = write_many(scenario, 0, 0, commits / 2);
    begin_cuts(scenario);
    support_remove_replica(scenario->path);
    return rc == 0 ? write_many(scenario, 0, commits / 2 + 1, commits) : rc;
}

static int write_with_checkpoints(const struct scenario *scenario, int commits) {
    struct scenario often = *scenario;
    often.checkpoints = true;
    return write_to_a_new_one(&often, commits);
}

static const struct {
    const char *name;
    int (*run)(const struct scenario *scenario, int commits);
    enum level level;
} scenarios[] = {
    {"full", write_to_a_new_one, LEVEL_FULL},       {"normal", write_to_a_new_one, LEVEL_NORMAL},
    {"off", write_to_a_new_one, LEVEL_OFF},         {"mixed", write_to_a_new_one, LEVEL_MIXED},
    {"old-full", write_to_an_old_one, LEVEL_FULL},  {"old-off", write_to_an_old_one, LEVEL_OFF},
    {"old-mixed", write_to_an_old_one, LEVEL_MIXED}, {"intake", take_in, LEVEL_FULL},
    {"rebuild", rebuild, LEVEL_FULL},               {"checkpoints", write_with_checkpoints, LEVEL_MIXED},
};

bool scenario_is_known(const char *name) {
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(scenarios[i].name, name) == 0)
            return true;
    return false;
}

int scenario_run(const char *name, const char *directory, unsigned seed, int commits) {
    struct scenario scenario = {.directory = directory, .path = support_format("%s/app.db", directory), .seed = seed};
    int failures = 1;
    scenario.notes = open_notes(directory);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (strcmp(scenarios[i].name, name) != 0)
            continue;
        scenario.level = scenarios[i].level;
        failures = scenarios[i].run(&scenario, commits);
    }
    close(scenario.notes);
    free(scenario.path);
    return failures;
}
