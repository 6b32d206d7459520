/* SPDX-License-Identifier: Apache-2.0 */
/* The same work by libpq alone, prepared statements, text format: what a server and the wire cost.
 * Usage: HDB_BENCH_DSN=... raw_libpq ROWS COMMITS INSERTS SELECTS; the table hdb_bench is made anew and dropped. */
#include "report.h"

#include <libpq-fe.h>
#include <string.h>

/* "table does not exist, skipping" */
static void ignore(void *context, const char *notice) {
    (void)context;
    (void)notice;
}

static PGconn *open_session(void) {
    PGconn *conn = PQconnectdb(getenv("HDB_BENCH_DSN"));
    PQsetNoticeProcessor(conn, ignore, NULL);
    if (PQstatus(conn) == CONNECTION_OK)
        return conn;
    fprintf(stderr, "raw_libpq: %s", PQerrorMessage(conn));
    exit(1);
}

static PGresult *expect(PGconn *conn, PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN)
        return result;
    fprintf(stderr, "raw_libpq: %s", PQerrorMessage(conn));
    exit(1);
}

static void run(PGconn *conn, const char *sql) {
    PQclear(expect(conn, PQexec(conn, sql)));
}

static int insert(PGconn *conn, int first, int count) {
    char id_text[12], text[100], real[32];
    const char *values[] = {id_text, text, real};
    for (int id = first; id < first + count; id++) {
        snprintf(id_text, sizeof id_text, "%d", id);
        make_text(text, sizeof text, id);
        snprintf(real, sizeof real, "%.1f", id * 0.5);
        PQclear(expect(conn, PQexecPrepared(conn, "insert", 3, values, NULL, NULL, 0)));
    }
    return first + count;
}

/* libpq's executemany is COPY. */
static void copy(PGconn *conn, int first, int last) {
    char line[160], text[100];
    run(conn, "COPY hdb_bench FROM STDIN");
    for (int id = first; id <= last; id++) {
        make_text(text, sizeof text, id);
        int length = snprintf(line, sizeof line, "%d\t%s\t%.1f\n", id, text, id * 0.5);
        if (PQputCopyData(conn, line, length) != 1)
            exit(1);
    }
    if (PQputCopyEnd(conn, NULL) != 1)
        exit(1);
    PGresult *result;
    while ((result = PQgetResult(conn)))
        PQclear(expect(conn, result));
}

static void writes(PGconn *conn, const struct sizes *sizes) {
    run(conn, "CREATE TABLE hdb_bench(id BIGINT PRIMARY KEY, a TEXT, v DOUBLE PRECISION)");
    PQclear(expect(conn, PQprepare(conn, "insert", "INSERT INTO hdb_bench VALUES ($1, $2, $3)", 0, NULL)));
    double start = now();
    int next = insert(conn, 1, sizes->commits);
    report("insert_commit", start, sizes->commits);
    start = now();
    run(conn, "BEGIN");
    next = insert(conn, next, sizes->inserts);
    run(conn, "COMMIT");
    report("insert_transaction", start, sizes->inserts);
    start = now();
    copy(conn, next, sizes->rows);
    report("executemany", start, sizes->rows - next + 1);
}

static void point_select(PGconn *conn, const struct sizes *sizes) {
    char id[12];
    const char *values[] = {id};
    double start = now();
    PQclear(expect(conn, PQprepare(conn, "select", "SELECT id, a, v FROM hdb_bench WHERE id = $1", 0, NULL)));
    for (int i = 0; i < sizes->selects; i++) {
        snprintf(id, sizeof id, "%d", key_of(i, sizes->rows));
        PGresult *result = expect(conn, PQexecPrepared(conn, "select", 1, values, NULL, NULL, 0));
        if (PQntuples(result) != 1)
            exit(1);
        PQclear(result);
    }
    report("point_select", start, sizes->selects);
}

static void scans(PGconn *conn, const struct sizes *sizes) {
    long long sum = 0;
    double start = now();
    PGresult *result = expect(conn, PQexec(conn, "SELECT id, a, v FROM hdb_bench"));
    int count = PQntuples(result);
    for (int i = 0; i < count; i++)
        sum += atoll(PQgetvalue(result, i, 0)) + (long long)strlen(PQgetvalue(result, i, 1)) +
               (long long)strtod(PQgetvalue(result, i, 2), NULL);
    PQclear(result);
    report("fetchall", start, count);
    start = now();
    result = expect(conn, PQexec(conn, "SELECT count(*) FROM hdb_bench WHERE a LIKE 'hello%'"));
    if (count != sizes->rows || sum == 0 || atoi(PQgetvalue(result, 0, 0)) != count - count / 10)
        exit(1);
    PQclear(result);
    report("like_count", start, 1);
    start = now();
    result = expect(conn, PQexec(conn, RANGE_JOIN));
    if (atoi(PQgetvalue(result, 0, 0)) != range_join_count(count))
        exit(1);
    PQclear(result);
    report("range_join", start, 1);
}

/* Each is a transaction. */
static void updates(PGconn *conn, const struct sizes *sizes) {
    char real[32], id[12];
    const char *values[] = {real, id};
    double start = now();
    PQclear(expect(conn, PQprepare(conn, "update", "UPDATE hdb_bench SET v = $1 WHERE id = $2", 0, NULL)));
    for (int i = 0; i < sizes->commits; i++) {
        snprintf(real, sizeof real, "%d", i);
        snprintf(id, sizeof id, "%d", key_of(i, sizes->rows));
        PQclear(expect(conn, PQexecPrepared(conn, "update", 2, values, NULL, NULL, 0)));
    }
    report("update_commit", start, sizes->commits);
}

int main(int argc, char **argv) {
    struct sizes sizes;
    if (argc != 5 || !getenv("HDB_BENCH_DSN")) {
        fprintf(stderr, "usage: HDB_BENCH_DSN=... raw_libpq ROWS COMMITS INSERTS SELECTS\n");
        return 2;
    }
    parse_sizes(argv + 1, &sizes);
    double start = now();
    PGconn *conn = open_session();
    report("connect_first", start, 1);
    run(conn, "DROP TABLE IF EXISTS hdb_bench");
    writes(conn, &sizes);
    start = now();
    PGconn *second = open_session();
    report("connect_second", start, 1);
    PQfinish(second);
    point_select(conn, &sizes);
    scans(conn, &sizes);
    updates(conn, &sizes);
    run(conn, "DROP TABLE hdb_bench");
    start = now();
    PQfinish(conn);
    report("close", start, 1);
    return 0;
}
