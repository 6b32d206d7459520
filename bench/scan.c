/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a table of many rows by a cursor, several times, and tells how much memory the client takes at its peak.
 * Usage: scan PATH ROWS REPETITIONS, on a path where nothing is yet, or
 * HDB_BENCH_DSN=postgresql://... scan ROWS REPETITIONS: the table hdb_bench is made anew, read with and without the direct
 * lane, and dropped. What is measured has a process of its own: "..._memory" is its VmHWM in bytes after the first
 * reading, "..._growth" what the others add. */
#include "database.h"

#include <libpq-fe.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static hdb_conn *open_directly(const char *place, const char *direct) {
    hdb_config *config = hdb_config_create();
    check(!config || hdb_config_set(config, "direct", direct) != HDB_OK, "no configuration");
    return open_database(place, config);
}

/* In transactions of a size that matters to nothing: how much one can hold is not measured here. */
static void fill_file(hdb_conn *conn, int rows) {
    hdb_stmt *stmt = prepare(conn, "INSERT INTO hdb_bench VALUES (?, ?, ?)");
    for (int id = 1; id <= rows; id++) {
        if (id % 100000 == 1)
            run(conn, id == 1 ? "BEGIN" : "COMMIT; BEGIN");
        insert_row(conn, stmt, id);
    }
    run(conn, "COMMIT");
    hdb_finalize(stmt);
}

static void fill_server(const char *dsn, int rows) {
    char line[160], text[100];
    PGconn *server = PQconnectdb(dsn);
    check(PQstatus(server) != CONNECTION_OK, PQerrorMessage(server));
    for (int id = 1; id <= rows; id++) {
        if (id % 100000 == 1)
            PQclear(PQexec(server, "COPY hdb_bench(id, a, v) FROM STDIN"));
        make_text(text, sizeof text, id);
        int length = snprintf(line, sizeof line, "%d\t%s\t%.1f\n", id, text, id * 0.5);
        check(PQputCopyData(server, line, length) != 1, PQerrorMessage(server));
        if (id % 100000 != 0 && id != rows)
            continue;
        check(PQputCopyEnd(server, NULL) != 1, PQerrorMessage(server));
        for (PGresult *result; (result = PQgetResult(server)); PQclear(result))
            check(PQresultStatus(result) != PGRES_COMMAND_OK, PQerrorMessage(server));
    }
    PQfinish(server);
}

static void fill(const char *place, const char *dsn, int rows) {
    hdb_conn *conn = open_directly(place, "auto");
    run(conn, "DROP TABLE IF EXISTS hdb_bench; CREATE TABLE hdb_bench(id INTEGER PRIMARY KEY, a TEXT, v REAL)");
    if (dsn)
        fill_server(dsn, rows);
    else
        fill_file(conn, rows);
    close_database(conn);
}

/* The most memory that this process has had so far, in bytes. */
static double peak(void) {
    char line[200];
    long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    check(!status, "no /proc/self/status");
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld kB", &kilobytes) == 1)
            break;
    fclose(status);
    return (double)kilobytes * 1024;
}

static void read_all(hdb_conn *conn, int rows) {
    int rc, count = 0;
    long long sum = 0;
    hdb_stmt *stmt = prepare(conn, "SELECT id, a, v FROM hdb_bench");
    while ((rc = hdb_fetch_row(stmt)) == HDB_ROW) {
        sum += hdb_column_int64(stmt, 0) + hdb_column_text(stmt, 1)[0] + (long long)hdb_column_double(stmt, 2);
        count++;
    }
    check(rc != HDB_DONE, hdb_errmsg(conn));
    check(count != rows || sum == 0, "rows are missing");
    hdb_finalize(stmt);
}

static void scan(const char *place, const char *direct, const char *measure, int rows, int repetitions) {
    hdb_conn *conn = open_directly(place, direct);
    double start = now(), first = 0;
    for (int i = 0; i < repetitions; i++) {
        read_all(conn, rows);
        if (i == 0)
            first = peak();
    }
    printf("%s %.9f %d\n", measure, (now() - start) / repetitions, rows);
    printf("%s_memory %.0f 1\n%s_growth %.0f 1\n", measure, first, measure, peak() - first);
    close_database(conn);
    fflush(stdout);
}

/* Has the next lines done by a child, so that its memory is what they take alone. Returns true in the child. */
static int child(void) {
    pid_t pid = fork();
    check(pid < 0, "no process");
    if (pid == 0)
        return 1;
    int status = 0;
    waitpid(pid, &status, 0);
    if (status != 0)
        exit(1);
    return 0;
}

int main(int argc, char **argv) {
    const char *dsn = argc == 3 ? getenv("HDB_BENCH_DSN") : NULL;
    if (argc != 4 && !dsn) {
        fprintf(stderr, "usage: scan PATH ROWS REPETITIONS\n       HDB_BENCH_DSN=... scan ROWS REPETITIONS\n");
        return 2;
    }
    const char *place = dsn ? dsn : argv[1];
    int rows = atoi(argv[argc - 2]), repetitions = atoi(argv[argc - 1]);
    if (child())
        return fill(place, dsn, rows), 0;
    if (child())
        return scan(place, "auto", dsn ? "scan_direct" : "scan_file", rows, repetitions), 0;
    if (!dsn)
        return 0;
    if (child())
        return scan(place, "off", "scan_rows", rows, repetitions), 0;
    hdb_conn *conn = open_directly(place, "auto");
    run(conn, "DROP TABLE hdb_bench");
    return hdb_close(conn);
}
