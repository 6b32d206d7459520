/* SPDX-License-Identifier: Apache-2.0 */
/* Plain SQLite: what is right. */
#include "oracle.h"
#include "report.h"
#include "session.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void tell_error(sqlite3 *db, int code, FILE *report) {
    report_error(report, code, sqlite3_extended_errcode(db), sqlite3_error_offset(db), sqlite3_errmsg(db));
}

static void *oracle_open(const struct session_options *options, FILE *report) {
    sqlite3 *db = NULL;
    int code = sqlite3_open(options->path, &db);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(db, 1); /* what a virtual table answers depends on it */
        sqlite3_busy_timeout(db, (int)(options->timeout * 1000));
    }
    if (code != SQLITE_OK) {
        tell_error(db, code, report);
        sqlite3_close(db);
        db = NULL;
    }
    return db;
}

static bool begins_with(const char *sql, const char *word) {
    sql += strspn(sql, " \t\n");
    return strncasecmp(sql, word, strlen(word)) == 0;
}

/* Until the next commit, and a PRAGMA that looks at the file ends with one. */
static bool defers_foreign_keys(sqlite3 *db) {
    sqlite3_stmt *stmt = NULL;
    sqlite3_prepare_v2(db, "PRAGMA defer_foreign_keys", -1, &stmt, NULL);
    bool on = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) == 1;
    sqlite3_finalize(stmt);
    return on;
}

/* WAL mode, as ours. Not before PRAGMAs that only have their effect on a file without a page. */
static void set_mode(sqlite3 *db, const char *sql) {
    bool waits = begins_with(sql, "PRAGMA") && !strcasestr(sql, "journal_mode") && !strcasestr(sql, "_version");
    if (!waits && !begins_with(sql, "SELECT") && sqlite3_get_autocommit(db) && !defers_foreign_keys(db))
        sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
}

static void bind_values(sqlite3_stmt *stmt, const struct case_step *step, FILE *report) {
    for (int i = 0; i < (int)step->value_count; i++) {
        const struct case_value *value = &step->values[i];
        int code = SQLITE_OK;
        if (value->type == SQLITE_INTEGER)
            code = sqlite3_bind_int64(stmt, i + 1, value->integer);
        else if (value->type == SQLITE_FLOAT)
            code = sqlite3_bind_double(stmt, i + 1, value->real);
        else if (value->type == SQLITE_TEXT)
            code = sqlite3_bind_text64(stmt, i + 1, value->bytes, value->size, SQLITE_TRANSIENT, SQLITE_UTF8);
        else if (value->type == SQLITE_BLOB)
            code = sqlite3_bind_blob64(stmt, i + 1, value->bytes, value->size, SQLITE_TRANSIENT);
        else
            code = sqlite3_bind_null(stmt, i + 1);
        if (code != SQLITE_OK)
            fprintf(report, "bind %d: %d\n", i + 1, code);
    }
}

void oracle_tell_value(FILE *report, sqlite3_stmt *stmt, int column) {
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        report_integer(report, sqlite3_column_int64(stmt, column));
        break;
    case SQLITE_FLOAT:
        report_real(report, sqlite3_column_double(stmt, column));
        break;
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_column_text(stmt, column);
        report_text(report, '\'', text, (size_t)sqlite3_column_bytes(stmt, column));
        break;
    }
    case SQLITE_BLOB: {
        const void *data = sqlite3_column_blob(stmt, column);
        report_blob(report, data, (size_t)sqlite3_column_bytes(stmt, column));
        break;
    }
    default:
        fputs("NULL", report);
    }
}

static void tell_columns(sqlite3_stmt *stmt, FILE *report) {
    fprintf(report, "readonly %d, parameters %d, columns", sqlite3_stmt_readonly(stmt) != 0,
            sqlite3_bind_parameter_count(stmt));
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        fputc(' ', report);
        report_name(report, sqlite3_column_name(stmt, i));
        fputc(':', report);
        report_name(report, sqlite3_column_decltype(stmt, i));
        fputc('@', report);
        report_name(report, sqlite3_column_table_name(stmt, i));
    }
    fputc('\n', report);
}

static void oracle_run(void *session, const struct case_step *step, FILE *report) {
    sqlite3 *db = session;
    sqlite3_stmt *stmt = NULL;
    set_mode(db, step->sql);
    int code = sqlite3_prepare_v2(db, step->sql, -1, &stmt, NULL);
    if (code == SQLITE_OK && stmt) {
        bind_values(stmt, step, report);
        while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
            fputs("row", report);
            for (int i = 0; i < sqlite3_column_count(stmt); i++) {
                fputs(i ? ", " : " ", report);
                oracle_tell_value(report, stmt, i);
            }
            fputc('\n', report);
        }
        if (code != SQLITE_DONE)
            tell_error(db, code, report);
        tell_columns(stmt, report);
    } else if (code != SQLITE_OK) {
        tell_error(db, code, report);
    }
    sqlite3_finalize(stmt);
    struct report_counts counts = {sqlite3_changes64(db), sqlite3_total_changes64(db), sqlite3_last_insert_rowid(db),
                                   !sqlite3_get_autocommit(db)};
    report_counts(report, &counts);
}

sqlite3 *oracle_connection(void *session) {
    return session;
}

/* Has SQLite read the schema, and find the columns of every view, which it puts off until a statement needs them. */
static void read_schema(sqlite3 *db) {
    sqlite3_exec(db, "SELECT count(*) FROM sqlite_master AS m, pragma_table_xinfo(m.name) WHERE m.type = 'view'", NULL, NULL,
                 NULL);
}

static void *reading_open(const struct session_options *options, FILE *report) {
    void *session = oracle_open(options, report);
    if (session)
        read_schema(session);
    return session;
}

static void reading_run(void *session, const struct case_step *step, FILE *report) {
    static const char *const changing[] = {"CREATE", "ALTER", "DROP", "ROLLBACK"};
    oracle_run(session, step, report);
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++)
        if (begins_with(step->sql, changing[i]))
            read_schema(session);
}

static void oracle_close(void *session, FILE *report) {
    int code = sqlite3_close(session);
    if (code != SQLITE_OK)
        fprintf(report, "close: %d\n", code);
}

const struct session_kind oracle_kind = {oracle_open, oracle_run, oracle_close};
const struct session_kind reading_kind = {reading_open, reading_run, oracle_close};
