/* SPDX-License-Identifier: Apache-2.0 */
/* What lies behind an embedded database: commits beside libpq's inserts into the same engine, how far the engine's own tables
 * lag behind a steady load, how long they take to have many rows, and how long a lost file takes to be rebuilt.
 * Usage: behind libpq|heliosdb PATH COMMITS RATE SECONDS ROWS, on a path where nothing is yet. */
#include "database.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct work {
    const char *path;
    int commits, rate, seconds, rows;
};

static PGconn *open_engine(hdb_conn *conn) {
    const char *dsn = NULL;
    check(hdb_engine_dsn(conn, &dsn) != HDB_OK, hdb_errmsg(conn));
    PGconn *engine = PQconnectdb(dsn);
    check(PQstatus(engine) != CONNECTION_OK, PQerrorMessage(engine));
    return engine;
}

static PGresult *expect(PGconn *engine, PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    check(status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK, PQerrorMessage(engine));
    return result;
}

static void ask(PGconn *engine, const char *sql) {
    PQclear(expect(engine, PQexec(engine, sql)));
}

/* Inserts by libpq, into a table of the engine that the library does not know of. */

static void raw_inserts(PGconn *engine, int first, int count, const char *measure) {
    char id_text[12], text[100], real[32];
    const char *values[] = {id_text, text, real};
    double start = now();
    for (int id = first; id < first + count; id++) {
        snprintf(id_text, sizeof id_text, "%d", id);
        make_text(text, sizeof text, id);
        snprintf(real, sizeof real, "%.1f", id * 0.5);
        PQclear(expect(engine, PQexecPrepared(engine, "insert", 3, values, NULL, NULL, 0)));
    }
    report(measure, start, count);
}

static void by_libpq(hdb_conn *conn, const struct work *work) {
    PGconn *engine = open_engine(conn);
    ask(engine, "CREATE TABLE raw(id BIGINT PRIMARY KEY, a TEXT, v DOUBLE PRECISION)");
    PQclear(expect(engine, PQprepare(engine, "insert", "INSERT INTO raw VALUES ($1, $2, $3)", 0, NULL)));
    ask(engine, "SET synchronous_commit = on");
    raw_inserts(engine, 1, work->commits, "insert_commit");
    ask(engine, "SET synchronous_commit = off");
    raw_inserts(engine, work->commits + 1, work->commits, "insert_commit_off");
    ask(engine, "DROP TABLE raw");
    PQfinish(engine);
}

static int inserts(hdb_conn *conn, hdb_stmt *stmt, int first, int count, const char *measure) {
    double start = now();
    for (int id = first; id < first + count; id++)
        insert_row(conn, stmt, id);
    report(measure, start, count);
    return first + count;
}

/* The lag: a second thread asks the engine for the row that was committed last, until it is there. */

struct lag {
    PGconn *engine;
    double *committed; /* when, by id */
    _Atomic int last;  /* id of the last commit; -1: no more will come */
    double *found;     /* what was seen, in seconds */
    int size, count;
};

static bool is_in_engine(PGconn *engine, int id) {
    char text[12];
    const char *values[] = {text};
    snprintf(text, sizeof text, "%d", id);
    PGresult *result = expect(engine, PQexecPrepared(engine, "find", 1, values, NULL, NULL, 0));
    bool found = PQntuples(result) == 1;
    PQclear(result);
    return found;
}

static void sleep_until(double time) {
    struct timespec at = {(time_t)time, (long)((time - (double)(time_t)time) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void *watch(void *context) {
    struct lag *lag = context;
    int id, seen = 0;
    while ((id = lag->last) >= 0 && lag->count < lag->size) {
        if (id > seen) {
            while (!is_in_engine(lag->engine, id))
                sleep_until(now() + 0.0002);
            lag->found[lag->count++] = now() - lag->committed[id];
            seen = id;
        }
        sleep_until(now() + 0.001);
    }
    return NULL;
}

static int ascending(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static int steady_load(hdb_conn *conn, hdb_stmt *stmt, int first, const struct work *work) {
    int count = work->rate * work->seconds;
    struct lag lag = {.engine = open_engine(conn), .size = work->seconds * 1000};
    lag.committed = calloc((size_t)(first + count), sizeof *lag.committed);
    lag.found = calloc((size_t)lag.size, sizeof *lag.found);
    check(!lag.committed || !lag.found, "out of memory");
    PQclear(expect(lag.engine, PQprepare(lag.engine, "find", "SELECT id FROM hdb_bench WHERE id = $1", 0, NULL)));
    pthread_t thread;
    check(pthread_create(&thread, NULL, watch, &lag) != 0, "no thread");
    double start = now();
    for (int i = 0; i < count; i++) {
        sleep_until(start + (double)i / work->rate);
        insert_row(conn, stmt, first + i);
        lag.committed[first + i] = now();
        lag.last = first + i;
    }
    report("steady_commit", start, count);
    lag.last = -1;
    pthread_join(thread, NULL);
    check(lag.count == 0, "nothing was seen");
    qsort(lag.found, (size_t)lag.count, sizeof *lag.found, ascending);
    printf("lag_median %.9f 1\nlag_99 %.9f 1\nlag_longest %.9f 1\n", lag.found[lag.count / 2],
           lag.found[lag.count * 99 / 100], lag.found[lag.count - 1]);
    PQfinish(lag.engine);
    free(lag.committed);
    free(lag.found);
    return first + count;
}

static void many_rows(hdb_conn *conn, hdb_stmt *stmt, int first, int count) {
    double start = now();
    run(conn, "BEGIN");
    for (int id = first; id < first + count; id++)
        insert_row(conn, stmt, id);
    run(conn, "COMMIT");
    report("many_rows", start, count);
    start = now();
    check(hdb_flush(conn) != HDB_OK, hdb_errmsg(conn));
    report("catch_up", start, count);
}

static void rebuild(const struct work *work, int rows) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char name[4096];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", work->path, suffixes[i]);
        unlink(name);
    }
    double start = now();
    hdb_conn *conn = open_database(work->path, NULL);
    hdb_stmt *stmt = prepare(conn, "SELECT count(*) FROM hdb_bench");
    check(hdb_fetch_row(stmt) != HDB_ROW || hdb_column_int64(stmt, 0) != rows, "rows are missing");
    report("rebuild", start, rows);
    hdb_finalize(stmt);
    close_database(conn);
}

static void by_heliosdb(hdb_conn *conn, const struct work *work) {
    run(conn, "CREATE TABLE hdb_bench(id INTEGER PRIMARY KEY, a TEXT, v REAL)");
    check(hdb_flush(conn) != HDB_OK, hdb_errmsg(conn));
    hdb_stmt *stmt = prepare(conn, "INSERT INTO hdb_bench VALUES (?, ?, ?)");
    int next = inserts(conn, stmt, 1, work->commits, "insert_commit");
    run(conn, "PRAGMA synchronous = OFF");
    next = inserts(conn, stmt, next, work->commits, "insert_commit_off");
    check(hdb_flush(conn) != HDB_OK, hdb_errmsg(conn));
    next = steady_load(conn, stmt, next, work);
    check(hdb_flush(conn) != HDB_OK, hdb_errmsg(conn));
    many_rows(conn, stmt, next, work->rows);
    hdb_finalize(stmt);
    close_database(conn);
    rebuild(work, next + work->rows - 1);
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: behind libpq|heliosdb PATH COMMITS RATE SECONDS ROWS\n");
        return 2;
    }
    struct work work = {argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6])};
    hdb_conn *conn = open_database(work.path, NULL);
    if (strcmp(argv[1], "libpq") == 0) {
        by_libpq(conn, &work);
        close_database(conn);
    } else {
        by_heliosdb(conn, &work);
    }
    return 0;
}
