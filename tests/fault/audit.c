/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <heliosdb/heliosdb.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct audit {
    hdb_conn *conn;
    int faults;
};

static void complain(struct audit *audit, const char *what, const char *detail) {
    if (audit->faults++ < 10)
        fprintf(stderr, "  audit: %s: %s\n", what, detail);
}

/* Whether a statement, given two integers, yields a row. */
static int has_row(struct audit *audit, hdb_stmt *stmt, int64_t a, int64_t b) {
    hdb_reset(stmt);
    hdb_bind_int64(stmt, 1, a);
    hdb_bind_int64(stmt, 2, b);
    int code = hdb_execute(stmt);
    if (code != HDB_ROW && code != HDB_DONE)
        complain(audit, "can't read", hdb_errmsg(audit->conn));
    return code == HDB_ROW;
}

static void check_message(struct audit *audit, hdb_stmt *transfer, hdb_stmt *note, const struct message *message) {
    char detail[64];
    snprintf(detail, sizeof detail, "writer %d, number %lld", message->writer, (long long)message->n);
    if (message->kind == MESSAGE_TRANSFER && !has_row(audit, transfer, message->writer, message->n))
        complain(audit, "an acknowledged transfer is lost", detail);
    if (message->kind == MESSAGE_TRANSFER_REFUSED && has_row(audit, transfer, message->writer, message->n))
        complain(audit, "a commit that gave an error is there", detail);
    if (message->kind == MESSAGE_NOTE && !has_row(audit, note, message->writer, message->n))
        complain(audit, "an acknowledged note is lost", detail);
}

static void check_messages(struct audit *audit, const struct message_list *messages) {
    hdb_stmt *transfer = NULL, *note = NULL;
    if (hdb_prepare(audit->conn, "SELECT 1 FROM transfer WHERE writer = ? AND n = ?", -1, &transfer, NULL) != HDB_OK ||
        hdb_prepare(audit->conn, "SELECT 1 FROM note WHERE n = ?1 * 1000000 + ?2", -1, &note, NULL) != HDB_OK) {
        complain(audit, "can't prepare", hdb_errmsg(audit->conn));
        return;
    }
    for (size_t i = 0; i < messages->count; i++)
        check_message(audit, transfer, note, &messages->items[i]);
    hdb_finalize(transfer);
    hdb_finalize(note);
}

/* Statements that must give no row, with what a row of theirs means. */
static void check_wholeness(struct audit *audit) {
    static const char *const rules[][2] = {
        {"the sum of the accounts changed",
         "SELECT sum(balance) FROM account HAVING sum(balance) <> 20 * 1000 OR count(*) <> 20"},
        {"a transfer is not whole",
         "SELECT writer || '/' || n FROM transfer AS t WHERE parts <>"
         " (SELECT count(*) FROM leg WHERE leg.writer = t.writer AND leg.n = t.n)"},
        {"a leg has no transfer",
         "SELECT writer || '/' || n FROM leg AS l WHERE NOT EXISTS"
         " (SELECT 1 FROM transfer AS t WHERE t.writer = l.writer AND t.n = l.n)"},
        {"an account is not what its legs make it",
         "SELECT id FROM account AS a WHERE balance <> 1000 +"
         " (SELECT coalesce(sum(delta), 0) FROM leg WHERE account = a.id)"},
        {"the replica is damaged", "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        hdb_stmt *stmt = NULL;
        int code = hdb_prepare(audit->conn, rules[i][1], -1, &stmt, NULL);
        if (code == HDB_OK)
            code = hdb_fetch_row(stmt);
        if (code == HDB_ROW)
            complain(audit, rules[i][0], hdb_column_text(stmt, 0) ? hdb_column_text(stmt, 0) : "NULL");
        else if (code != HDB_DONE)
            complain(audit, rules[i][0], hdb_errmsg(audit->conn));
        hdb_finalize(stmt);
    }
}

/* Compares one query's rows, all of them integers or text, between the replica and the engine's own table. */
static void compare_query(struct audit *audit, PGconn *link, const char *sql) {
    hdb_stmt *stmt = NULL;
    int row = 0, code = hdb_prepare(audit->conn, sql, -1, &stmt, NULL);
    PGresult *native = PQexec(link, sql);
    if (code != HDB_OK || PQresultStatus(native) != PGRES_TUPLES_OK) {
        complain(audit, sql, code != HDB_OK ? hdb_errmsg(audit->conn) : PQresultErrorMessage(native));
    } else {
        for (; hdb_fetch_row(stmt) == HDB_ROW; row++) {
            for (int i = 0; i < hdb_column_count(stmt) && row < PQntuples(native); i++)
                if (strcmp(hdb_column_text(stmt, i), PQgetvalue(native, row, i)) != 0)
                    complain(audit, "replica and engine differ", sql);
        }
        if (row != PQntuples(native))
            complain(audit, "replica and engine do not have the same number of rows", sql);
    }
    PQclear(native);
    hdb_finalize(stmt);
}

static void check_engine(struct audit *audit, const char *path) {
    const char *dsn = NULL;
    PGconn *link = NULL;
    int64_t differences = 0;
    if (hdb_flush(audit->conn) != HDB_OK || hdb_engine_dsn(audit->conn, &dsn) != HDB_OK) {
        complain(audit, "flush", hdb_errmsg(audit->conn));
        return;
    }
    /* In daemon mode the path is the DSN, with the password that hdb_engine_dsn() masks. */
    link = PQconnectdb(strncmp(path, "postgresql:", 11) == 0 ? path : dsn);
    if (PQstatus(link) != CONNECTION_OK) {
        complain(audit, "the engine's DSN", PQerrorMessage(link));
    } else {
        compare_query(audit, link, "SELECT id, balance FROM account ORDER BY id");
        compare_query(audit, link, "SELECT writer, n, parts FROM transfer ORDER BY writer, n");
        compare_query(audit, link, "SELECT writer, n, part, account, delta FROM leg ORDER BY writer, n, part");
        compare_query(audit, link, "SELECT id, writer, n, text FROM note ORDER BY id");
    }
    PQfinish(link);
    if (hdb_verify(audit->conn, &differences) != HDB_OK || differences != 0)
        complain(audit, "hdb_verify", hdb_errmsg(audit->conn));
}

int fault_audit(const char *path, const char *linger, const struct message_list *messages) {
    struct audit audit = {0};
    hdb_config *config = hdb_config_create();
    hdb_config_set(config, "linger", linger);
    hdb_config_set(config, "notices", "off");
    if (hdb_connect(path, config, &audit.conn) != HDB_OK) {
        complain(&audit, "connect", hdb_errmsg(audit.conn));
    } else {
        check_messages(&audit, messages);
        check_wholeness(&audit);
        check_engine(&audit, path);
    }
    if (hdb_close(audit.conn) != HDB_OK)
        complain(&audit, "close", "did not succeed");
    hdb_config_destroy(config);
    return audit.faults;
}
