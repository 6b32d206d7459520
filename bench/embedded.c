/* SPDX-License-Identifier: Apache-2.0 */
/* The same work by libheliosdb, embedded or on a server, and by libsqlite3.
 * Usage: embedded sqlite|sqlite-wal|heliosdb PATH ROWS COMMITS INSERTS SELECTS, on a path where nothing is yet, or
 * HDB_BENCH_DSN=postgresql://... embedded daemon ROWS COMMITS INSERTS SELECTS: the table hdb_bench is made anew and dropped. */
#include "database.h"

#include <sqlite3.h>
#include <string.h>

#define JOIN "SELECT count(*) FROM hdb_bench AS one JOIN hdb_bench AS next ON next.id = one.id + 1 WHERE next.v > one.v"
#define GROUP_BY \
    "SELECT count(*) FROM (SELECT strftime('%Y-%m-%d', id / 31 * 86400, 'unixepoch') AS day, sum(v) FROM hdb_bench GROUP BY day)"

/* What the work needs of a library; each function ends the program if it fails. */
struct library {
    void *(*open)(const char *path);
    void (*close)(void *db);
    void (*run)(void *db, const char *sql);
    void *(*prepare)(void *db, const char *sql);
    void (*bind_row)(void *stmt, int id, const char *text, double real);
    void (*bind_key)(void *stmt, int id);
    void (*bind_change)(void *stmt, double real, int id);
    int (*step)(void *stmt); /* 1: a row */
    long long (*read)(void *stmt, int columns);
    void (*reset)(void *stmt);
    void (*finalize)(void *stmt);
    void (*flush)(void *db); /* NULL if there is nothing behind it */
    int on_server;           /* PRAGMA synchronous is the server's business, and the table outlives the program */
};

static void *sqlite_open(const char *path) {
    sqlite3 *db = NULL;
    check(sqlite3_open(path, &db) != SQLITE_OK, sqlite3_errmsg(db));
    return db;
}

static void sqlite_close(void *db) {
    check(sqlite3_close(db) != SQLITE_OK, "close");
}

static void sqlite_run(void *db, const char *sql) {
    check(sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK, sqlite3_errmsg(db));
}

static void *sqlite_prepare(void *db, const char *sql) {
    sqlite3_stmt *stmt = NULL;
    check(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK, sqlite3_errmsg(db));
    return stmt;
}

static void sqlite_bind_row(void *stmt, int id, const char *text, double real) {
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_text(stmt, 2, text, -1, SQLITE_TRANSIENT);
    sqlite3_bind_double(stmt, 3, real);
}

static void sqlite_bind_key(void *stmt, int id) {
    sqlite3_bind_int64(stmt, 1, id);
}

static void sqlite_bind_change(void *stmt, double real, int id) {
    sqlite3_bind_double(stmt, 1, real);
    sqlite3_bind_int64(stmt, 2, id);
}

static int sqlite_step(void *stmt) {
    int rc = sqlite3_step(stmt);
    check(rc != SQLITE_ROW && rc != SQLITE_DONE, sqlite3_errmsg(sqlite3_db_handle(stmt)));
    return rc == SQLITE_ROW;
}

static long long sqlite_read(void *stmt, int columns) {
    long long sum = sqlite3_column_int64(stmt, 0);
    if (columns > 1)
        sum += sqlite3_column_text(stmt, 1)[0] + (long long)sqlite3_column_double(stmt, 2);
    return sum;
}

static void sqlite_reset(void *stmt) {
    sqlite3_reset(stmt);
}

static void sqlite_finalize(void *stmt) {
    sqlite3_finalize(stmt);
}

static void *heliosdb_open(const char *path) {
    return open_database(path, NULL);
}

static void heliosdb_close(void *conn) {
    close_database(conn);
}

static void heliosdb_run(void *conn, const char *sql) {
    run(conn, sql);
}

static void *heliosdb_prepare(void *conn, const char *sql) {
    return prepare(conn, sql);
}

static void heliosdb_bind_row(void *stmt, int id, const char *text, double real) {
    bind_row(stmt, id, text, real);
}

static void heliosdb_bind_key(void *stmt, int id) {
    hdb_bind_int64(stmt, 1, id);
}

static void heliosdb_bind_change(void *stmt, double real, int id) {
    hdb_bind_double(stmt, 1, real);
    hdb_bind_int64(stmt, 2, id);
}

static int heliosdb_step(void *stmt) {
    int rc = hdb_fetch_row(stmt);
    check(rc != HDB_ROW && rc != HDB_DONE, hdb_errstr(rc));
    return rc == HDB_ROW;
}

static long long heliosdb_read(void *stmt, int columns) {
    long long sum = hdb_column_int64(stmt, 0);
    if (columns > 1)
        sum += hdb_column_text(stmt, 1)[0] + (long long)hdb_column_double(stmt, 2);
    return sum;
}

static void heliosdb_reset(void *stmt) {
    check(hdb_reset(stmt) != HDB_OK, "reset");
}

static void heliosdb_finalize(void *stmt) {
    check(hdb_finalize(stmt) != HDB_OK, "finalize");
}

static void heliosdb_flush(void *conn) {
    check(hdb_flush(conn) != HDB_OK, hdb_errmsg(conn));
}

static const struct library sqlite = {
    sqlite_open, sqlite_close, sqlite_run,   sqlite_prepare,  sqlite_bind_row, sqlite_bind_key, sqlite_bind_change,
    sqlite_step, sqlite_read,  sqlite_reset, sqlite_finalize, NULL,            0,
};

static const struct library heliosdb = {
    heliosdb_open, heliosdb_close, heliosdb_run,   heliosdb_prepare,  heliosdb_bind_row, heliosdb_bind_key, heliosdb_bind_change,
    heliosdb_step, heliosdb_read,  heliosdb_reset, heliosdb_finalize, heliosdb_flush,    0,
};

/* Its place is the DSN. */
static const struct library daemon_mode = {
    heliosdb_open, heliosdb_close, heliosdb_run,   heliosdb_prepare,  heliosdb_bind_row, heliosdb_bind_key, heliosdb_bind_change,
    heliosdb_step, heliosdb_read,  heliosdb_reset, heliosdb_finalize, NULL,              1,
};

static int insert(const struct library *library, void *db, int first, int count) {
    void *stmt = library->prepare(db, "INSERT INTO hdb_bench VALUES (?, ?, ?)");
    char text[100];
    for (int id = first; id < first + count; id++) {
        make_text(text, sizeof text, id);
        library->bind_row(stmt, id, text, id * 0.5);
        library->step(stmt);
        library->reset(stmt);
    }
    library->finalize(stmt);
    return first + count;
}

static int insert_in_transaction(const struct library *library, void *db, int first, int count) {
    library->run(db, "BEGIN");
    int next = insert(library, db, first, count);
    library->run(db, "COMMIT");
    return next;
}

static int insert_and_commit(const struct library *library, void *db, int first, int count, const char *measure) {
    double start = now();
    int next = insert(library, db, first, count);
    report(measure, start, count);
    return next;
}

static void writes(const struct library *library, void *db, const struct sizes *sizes) {
    library->run(db, "CREATE TABLE hdb_bench(id INTEGER PRIMARY KEY, a TEXT, v REAL)");
    int next = insert_and_commit(library, db, 1, sizes->commits, "insert_commit");
    if (!library->on_server) {
        library->run(db, "PRAGMA synchronous = NORMAL");
        next = insert_and_commit(library, db, next, sizes->commits, "insert_commit_normal");
        library->run(db, "PRAGMA synchronous = OFF");
        next = insert_and_commit(library, db, next, sizes->commits, "insert_commit_off");
        library->run(db, "PRAGMA synchronous = FULL");
    }
    double start = now();
    next = insert_in_transaction(library, db, next, sizes->inserts);
    report("insert_transaction", start, sizes->inserts);
    start = now();
    int left = sizes->rows - next + 1;
    insert_in_transaction(library, db, next, left);
    report("executemany", start, left);
    if (library->flush) {
        start = now();
        library->flush(db);
        report("flush", start, 1);
    }
}

/* Each is a transaction. */
static void updates(const struct library *library, void *db, const struct sizes *sizes) {
    double start = now();
    void *stmt = library->prepare(db, "UPDATE hdb_bench SET v = ? WHERE id = ?");
    for (int i = 0; i < sizes->commits; i++) {
        library->bind_change(stmt, i, key_of(i, sizes->rows));
        library->step(stmt);
        library->reset(stmt);
    }
    library->finalize(stmt);
    report("update_commit", start, sizes->commits);
}

/* A query that gives one row, timed once. */
static long long ask(const struct library *library, void *db, const char *measure, const char *sql) {
    double start = now();
    void *stmt = library->prepare(db, sql);
    check(!library->step(stmt), "a row is missing");
    long long answer = library->read(stmt, 1);
    library->finalize(stmt);
    report(measure, start, 1);
    return answer;
}

static long long select_by_key(const struct library *library, void *db, const struct sizes *sizes) {
    long long sum = 0;
    void *stmt = library->prepare(db, "SELECT id, a, v FROM hdb_bench WHERE id = ?");
    for (int i = 0; i < sizes->selects; i++) {
        library->bind_key(stmt, key_of(i, sizes->rows));
        check(!library->step(stmt), "a row is missing");
        sum += library->read(stmt, 3);
        library->reset(stmt);
    }
    library->finalize(stmt);
    return sum;
}

static int fetch_all(const struct library *library, void *db) {
    int count = 0;
    long long sum = 0;
    void *stmt = library->prepare(db, "SELECT id, a, v FROM hdb_bench");
    for (; library->step(stmt); count++)
        sum += library->read(stmt, 3);
    library->finalize(stmt);
    check(sum == 0, "the rows are empty");
    return count;
}

static void reads(const struct library *library, void *db, const struct sizes *sizes) {
    double start = now();
    check(select_by_key(library, db, sizes) == 0, "the rows are empty");
    report("point_select", start, sizes->selects);
    start = now();
    int count = fetch_all(library, db);
    report("fetchall", start, count);
    check(ask(library, db, "like_count", "SELECT count(*) FROM hdb_bench WHERE a LIKE 'hello%'") != count - count / 10, "the count is wrong");
    check(ask(library, db, "range_join", RANGE_JOIN) != range_join_count(count), "the join of a range is wrong");
    if (library->on_server)
        return;
    check(ask(library, db, "join", JOIN) != count - 1, "the join is wrong");
    check(ask(library, db, "group_by", GROUP_BY) != count / 31 + 1, "the groups are wrong");
}

static const struct library *library_called(const char *name) {
    if (strcmp(name, "daemon") == 0)
        return &daemon_mode;
    return strcmp(name, "heliosdb") == 0 ? &heliosdb : &sqlite;
}

int main(int argc, char **argv) {
    struct sizes sizes;
    const struct library *library = library_called(argc > 1 ? argv[1] : "");
    if (argc != (library->on_server ? 6 : 7) || (library->on_server && !getenv("HDB_BENCH_DSN"))) {
        fprintf(stderr, "usage: embedded sqlite|sqlite-wal|heliosdb PATH ROWS COMMITS INSERTS SELECTS\n"
                        "       HDB_BENCH_DSN=... embedded daemon ROWS COMMITS INSERTS SELECTS\n");
        return 2;
    }
    const char *place = library->on_server ? getenv("HDB_BENCH_DSN") : argv[2];
    parse_sizes(argv + argc - 4, &sizes);
    double start = now();
    void *db = library->open(place);
    int wal = strcmp(argv[1], "sqlite-wal") == 0;
    library->run(db, wal ? "PRAGMA journal_mode = WAL" : "SELECT * FROM sqlite_master");
    report("connect_first", start, 1);
    if (library->on_server)
        library->run(db, "DROP TABLE IF EXISTS hdb_bench");
    writes(library, db, &sizes);
    start = now();
    void *second = library->open(place);
    library->run(second, "SELECT * FROM sqlite_master");
    report("connect_second", start, 1);
    library->close(second);
    reads(library, db, &sizes);
    updates(library, db, &sizes);
    if (library->on_server)
        library->run(db, "DROP TABLE hdb_bench");
    start = now();
    library->close(db);
    report("close", start, 1);
    return 0;
}
