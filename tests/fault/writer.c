/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"
#include "support.h"

#include <heliosdb/heliosdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_COMMITS = 200, BIG_TRANSFER = 300 };

struct writer {
    const struct writer_options *options;
    hdb_conn *conn;
    hdb_stmt *move, *transfer, *leg, *note;
    unsigned random;
    int64_t n;
};

int fault_prepare(const char *path, const char *linger) {
    int code = HDB_ERROR;
    hdb_conn *conn = fault_open(path, linger, "20");
    if (conn) {
        code = hdb_exec(conn,
                        "BEGIN;"
                        "CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);"
                        "CREATE TABLE transfer(writer INT, n INT, parts INT, PRIMARY KEY (writer, n)) WITHOUT ROWID;"
                        "CREATE TABLE leg(writer INT, n INT, part INT, account INT, delta INT);"
                        "CREATE INDEX leg_of ON leg(writer, n);"
                        "CREATE TABLE note(id INTEGER PRIMARY KEY, writer INT, n INT UNIQUE, text TEXT);"
                        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20)"
                        " INSERT INTO account SELECT i, 1000 FROM c;"
                        "COMMIT;",
                        -1);
        if (code != HDB_OK)
            fprintf(stderr, "prepare: %s\n", hdb_errmsg(conn));
        hdb_close(conn);
    }
    return code;
}

/* Tells a failure at once: the message is the connection's until its next call. */
static int check(const struct writer *writer, const char *what, int code) {
    if (code != HDB_OK && code != HDB_DONE)
        fprintf(stderr, "  writer %d: %s: %d: %s\n", writer->options->writer, what, code, hdb_errmsg(writer->conn));
    return code == HDB_DONE ? HDB_OK : code;
}

static int run(const struct writer *writer, const char *sql) {
    return check(writer, sql, hdb_exec(writer->conn, sql, -1));
}

/* Runs a statement of up to five integers that gives no rows. */
static int run_with(const struct writer *writer, hdb_stmt *stmt, const int64_t *values, int count) {
    for (int i = 0; i < count; i++)
        hdb_bind_int64(stmt, i + 1, values[i]);
    int code = check(writer, hdb_stmt_sql(stmt), hdb_execute(stmt));
    int reset = hdb_reset(stmt);
    return code == HDB_OK ? reset : code;
}

static int add_legs(struct writer *writer, int64_t from, int64_t to, int64_t amount, int64_t parts) {
    int code = HDB_OK;
    for (int64_t part = 1; part <= parts && code == HDB_OK; part++) {
        int64_t account = part % 2 ? from : to, delta = part > 2 ? 0 : part == 1 ? -amount : amount;
        code = run_with(writer, writer->leg, (int64_t[]){writer->options->writer, writer->n, part, account, delta}, 5);
    }
    return code;
}

/* One transfer up to, and not including, its COMMIT. */
static int make_transfer(struct writer *writer) {
    int64_t from = 1 + fault_random(&writer->random) % ACCOUNTS;
    int64_t to = 1 + (from + fault_random(&writer->random) % (ACCOUNTS - 1)) % ACCOUNTS;
    int64_t amount = 1 + fault_random(&writer->random) % 50;
    int64_t parts = fault_random(&writer->random) % 25 == 0 ? BIG_TRANSFER : 2 + fault_random(&writer->random) % 3;
    int code = run(writer, "BEGIN IMMEDIATE");
    if (code == HDB_OK)
        code = run_with(writer, writer->move, (int64_t[]){-amount, from}, 2);
    if (code == HDB_OK)
        code = run_with(writer, writer->move, (int64_t[]){amount, to}, 2);
    if (code == HDB_OK)
        code = run_with(writer, writer->transfer, (int64_t[]){writer->options->writer, writer->n, parts}, 3);
    if (code == HDB_OK)
        code = add_legs(writer, from, to, amount, parts);
    return code;
}

static void tell(const struct writer *writer, enum message_kind kind) {
    struct message message = {kind, writer->options->writer, writer->n};
    if (write(writer->options->pipe, &message, sizeof message) != (ssize_t)sizeof message)
        _exit(3);
}

/* Codes that a killed engine explains; the writer goes on after them. */
static int is_expected(int code) {
    return code == HDB_OK || code == HDB_BUSY || code == HDB_IOERR || code == HDB_CANTOPEN;
}

static int write_transfer(struct writer *writer) {
    int code = make_transfer(writer);
    if (code == HDB_OK && fault_random(&writer->random) % 10 == 0)
        return run(writer, "ROLLBACK");
    if (code == HDB_OK) {
        code = run(writer, "COMMIT");
        tell(writer, code == HDB_OK ? MESSAGE_TRANSFER : MESSAGE_TRANSFER_REFUSED);
    }
    if (hdb_in_transaction(writer->conn))
        run(writer, "ROLLBACK");
    return code;
}

static int write_note(struct writer *writer) {
    int code = run_with(writer, writer->note, (int64_t[]){writer->options->writer, writer->n}, 2);
    if (code == HDB_OK)
        tell(writer, MESSAGE_NOTE);
    return code;
}

static int prepare_statements(struct writer *writer) {
    struct {
        hdb_stmt **stmt;
        const char *sql;
    } wanted[] = {{&writer->move, "UPDATE account SET balance = balance + ? WHERE id = ?"},
                  {&writer->transfer, "INSERT INTO transfer VALUES (?, ?, ?)"},
                  {&writer->leg, "INSERT INTO leg VALUES (?, ?, ?, ?, ?)"},
                  {&writer->note, "INSERT INTO note(writer, n, text) VALUES (?1, ?1 * 1000000 + ?2, 'note ' || ?2)"}};
    int code = HDB_OK;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && code == HDB_OK; i++)
        code = hdb_prepare(writer->conn, wanted[i].sql, -1, wanted[i].stmt, NULL);
    return code;
}

int fault_write(const struct writer_options *options) {
    struct writer writer = {.options = options, .random = options->seed};
    int code = HDB_ERROR;
    writer.conn = fault_open(options->path, options->linger, "20");
    if (!writer.conn)
        return 1;
    code = prepare_statements(&writer);
    if (code != HDB_OK)
        fprintf(stderr, "  writer %d: prepare: %s\n", options->writer, hdb_errmsg(writer.conn));
    for (int commits = 0; is_expected(code) && !atomic_load(options->stop);) {
        writer.n++;
        if (commits >= MOST_COMMITS) {
            /* Enough rows to audit: a slower stream until the end. */
            support_sleep_ms(5);
        }
        code = fault_random(&writer.random) % 4 == 0 ? write_note(&writer) : write_transfer(&writer);
        if (code == HDB_OK)
            commits++;
        else
            support_sleep_ms(10);
    }
    hdb_close(writer.conn);
    return is_expected(code) ? 0 : 2;
}
