/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 of the client, its engine or both while an existing file is taken in, a replica is rebuilt from the engine, or a
 * backup is written into a database. Whenever that falls, the next one to open it finds everything: the rows of the file, those of
 * the engine, or those from before or after the backup, never a part; replica and engine agree; and a replica rebuilt from the
 * engine alone has the same rows. No process is left.
 * Usage: open_kills [--rounds N] [--rows N] [--seed N] [intake|rebuild|backup] */
#include "fault.h"
#include "support.h"

#include <heliosdb/heliosdb.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum job { INTAKE, REBUILD, BACKUP, JOBS };
enum victim { CLIENT, ENGINE, BOTH, VICTIMS };
enum { PATIENCE_S = 120, FIRST_ROUNDS = 3 };

static const char *const job_names[] = {"intake", "rebuild", "backup"};
static const char *const victim_names[] = {"client", "engine", "both"};

/* What a round works on: contents are numbers that `content_of` computes. */
struct round {
    enum job job;
    enum victim victim;
    char *directory, *path, *source;
    long long before, after; /* the contents that may be there afterwards */
};

struct figures {
    int rounds[JOBS], ended[JOBS], by_victim[VICTIMS], kept_before, kept_after, faults;
    long long longest_us[JOBS]; /* of those that nobody killed */
};

static char *directory;
static unsigned seed;
static int rows = 20000;
static struct figures figures;

static void die(const char *what) {
    fprintf(stderr, "open_kills: %s\n", what);
    exit(3);
}

/* --- databases */

static char *schema_of(int first) {
    return support_format("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, v); CREATE INDEX t_v ON t(v); CREATE TABLE u(k TEXT PRIMARY KEY, b) WITHOUT ROWID;"
                          "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d + %d)"
                          " INSERT INTO t SELECT i, 'row number ' || i, CASE i %% 3 WHEN 0 THEN i WHEN 1 THEN i * 0.5 ELSE 'text ' || i END FROM n;"
                          "INSERT INTO u SELECT 'key ' || id, zeroblob(id %% 50) FROM t WHERE id %% 7 = 0; PRAGMA user_version = %d",
                          first, first, rows - 1, first);
}

static const char *const content_sql = "SELECT (SELECT count(*) * 1000003 + total(id * 31 + length(a) + length(v)) FROM t)"
                                       " + (SELECT count(*) * 7 + total(length(k) * 3 + length(b)) FROM u)"
                                       " + (SELECT count(*) FROM sqlite_master) + (SELECT user_version FROM pragma_user_version)";

static long long make_plain(const char *path, int first) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    char *schema = schema_of(first);
    if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, content_sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
        die(sqlite3_errmsg(db));
    long long content = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    free(schema);
    return content;
}

static long long content_of(hdb_conn *conn) {
    hdb_stmt *stmt = NULL;
    long long content = -1;
    if (hdb_prepare(conn, content_sql, -1, &stmt, NULL) == HDB_OK && hdb_fetch_row(stmt) == HDB_ROW)
        content = hdb_column_int64(stmt, 0);
    else
        printf("content: %s\n", hdb_errmsg(conn));
    hdb_finalize(stmt);
    return content;
}

/* --- what is killed */

static int copy_in(hdb_conn *conn, const char *source) {
    hdb_config *config = hdb_config_create();
    hdb_conn *from = NULL;
    hdb_backup *backup = NULL;
    hdb_config_set(config, "mode", "plain");
    int rc = hdb_connect(source, config, &from);
    hdb_config_destroy(config);
    if (rc == HDB_OK)
        rc = hdb_backup_init(conn, "main", from, "main", &backup);
    while (rc == HDB_OK)
        rc = hdb_backup_step(backup, 50);
    int ended = hdb_backup_finish(backup);
    hdb_close(from);
    return rc == HDB_DONE ? ended : rc;
}

/* Of a child. An engine that was killed explains any error; without one there is none. */
static int work(const struct round *round) {
    hdb_conn *conn = fault_open(round->path, "0", "60");
    int rc = conn ? HDB_OK : HDB_CANTOPEN;
    if (rc == HDB_OK && round->job == BACKUP)
        rc = copy_in(conn, round->source);
    if (rc == HDB_OK)
        rc = hdb_flush(conn);
    return hdb_close(conn) == HDB_OK && rc == HDB_OK ? 0 : 1;
}

/* --- the audit, in a child as well, so that the parent never has a connection */

static int agrees(const struct round *round, const char *when, hdb_conn *conn, long long content) {
    int64_t differing = -1;
    if (content != round->before && content != round->after)
        printf("not ok - %s: %s: the content is neither that before nor that after\n", job_names[round->job], when);
    else if (hdb_verify(conn, &differing) != HDB_OK || differing != 0)
        printf("not ok - %s: %s: replica and engine differ: %s\n", job_names[round->job], when, hdb_errmsg(conn));
    else
        return 0;
    return 1;
}

/* 10 and 11: the content is that before, or after. */
static int audit(const struct round *round) {
    hdb_conn *conn = fault_open(round->path, "0", "60");
    if (!conn)
        return 1;
    long long content = content_of(conn);
    int faults = agrees(round, "opened again", conn, content);
    faults += hdb_close(conn) != HDB_OK;
    support_remove_replica(round->path);
    conn = fault_open(round->path, "0", "60");
    if (!conn)
        return 1;
    faults += agrees(round, "rebuilt", conn, content_of(conn));
    if (content_of(conn) != content) {
        printf("not ok - %s: the rebuilt replica has other rows\n", job_names[round->job]);
        faults++;
    }
    faults += hdb_close(conn) != HDB_OK;
    return faults ? 1 : content == round->after ? 11 : 10;
}

/* --- the parent */

static pid_t start(int (*task)(const struct round *), const struct round *round) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid > 0)
        return pid;
    alarm(PATIENCE_S);
    int code = task(round);
    fflush(stdout);
    _exit(code);
}

/* The exit code, -1 for a signal. */
static int await(pid_t pid) {
    int status = fault_await(pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void kill_engine(const struct round *round) {
    pid_t found[8];
    size_t count = support_find_processes(round->directory, "heliosdb-nano", found, 8);
    for (size_t i = 0; i < count && i < 8; i++)
        kill(found[i], SIGKILL);
}

static void prepare(struct round *round, int number) {
    round->directory = support_format("%s/%d", directory, number);
    round->path = support_format("%s/app.db", round->directory);
    round->source = support_format("%s/source.db", round->directory);
    char *command = support_format("mkdir -m 700 '%s'", round->directory);
    if (system(command) != 0)
        die(command);
    free(command);
    round->after = round->before = make_plain(round->path, 1);
    if (round->job == BACKUP)
        round->after = make_plain(round->source, 50000);
    if (round->job == INTAKE)
        return;
    enum job job = round->job; /* taken in before */
    round->job = INTAKE;
    if (await(start(work, round)) != 0)
        die("a file can't be taken in");
    round->job = job;
    if (job == REBUILD)
        support_remove_replica(round->path);
}

static void note(const struct round *round, int worked, int audited) {
    if (audited != 10 && audited != 11) {
        printf("not ok - %s, %s killed: the audit ended with %d\n", job_names[round->job], victim_names[round->victim], audited);
        figures.faults++;
    }
    figures.kept_before += audited == 10 && round->before != round->after;
    figures.kept_after += audited == 11 && round->before != round->after;
    figures.ended[round->job] += worked == 0;
}

static void run_round(int number, enum job job) {
    struct round round = {.job = job, .victim = (enum victim)(fault_random(&seed) % VICTIMS)};
    bool whole = figures.rounds[job]++ < FIRST_ROUNDS; /* these tell how long it takes */
    prepare(&round, number);
    long long began = support_now_ms() * 1000;
    pid_t pid = start(work, &round);
    if (!whole) {
        usleep((useconds_t)(fault_random(&seed) % (unsigned)(figures.longest_us[job] + 1)));
        if (round.victim != ENGINE)
            kill(pid, SIGKILL);
        if (round.victim != CLIENT)
            kill_engine(&round);
        figures.by_victim[round.victim]++;
    }
    int worked = await(pid);
    long long took = support_now_ms() * 1000 - began;
    if (whole && took > figures.longest_us[job])
        figures.longest_us[job] = took;
    if (whole && worked != 0) {
        printf("not ok - %s: failed, and nobody was killed\n", job_names[job]);
        figures.faults++;
    }
    note(&round, worked, await(start(audit, &round)));
    if (support_await_no_process(round.directory, 20000) > 0) {
        printf("not ok - %s: processes are left\n", job_names[job]);
        figures.faults++;
    }
    support_remove_directory(round.directory);
    free(round.directory);
    free(round.path);
    free(round.source);
}

int main(int argc, char **argv) {
    int rounds = 30, only = -1;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (more && strcmp(argv[i], "--rounds") == 0)
            rounds = atoi(argv[++i]);
        else if (more && strcmp(argv[i], "--rows") == 0)
            rows = atoi(argv[++i]);
        else if (more && strcmp(argv[i], "--seed") == 0)
            seed = (unsigned)strtoul(argv[++i], NULL, 10);
        else
            for (int job = 0; job < JOBS; job++)
                only = strcmp(argv[i], job_names[job]) == 0 ? job : only;
    }
    directory = support_make_directory("open-kills");
    printf("# seed %u\n", seed);
    for (int i = 0; i < rounds; i++)
        run_round(i, (enum job)(only >= 0 ? only : i % JOBS));
    for (int job = 0; job < JOBS; job++)
        printf("%5d within %s, %d of them came to their end\n", figures.rounds[job], job_names[job], figures.ended[job]);
    printf("%5d kills of the client, %d of the engine, %d of both; of the backups %d had changed nothing, %d everything\n",
           figures.by_victim[CLIENT], figures.by_victim[ENGINE], figures.by_victim[BOTH], figures.kept_before, figures.kept_after);
    support_remove_directory(directory);
    free(directory);
    printf("%d passed, %d failed, 0 skipped\n", rounds > figures.faults ? rounds - figures.faults : 0, figures.faults);
    return figures.faults != 0;
}
