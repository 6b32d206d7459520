/* SPDX-License-Identifier: Apache-2.0 */
/* libheliosdb: what is compared with plain SQLite. */
#include "report.h"
#include "session.h"
#include "subject.h"

#include <heliosdb/heliosdb.h>
#include <stdlib.h>
#include <string.h>

static void tell_error(hdb_conn *conn, int code, FILE *report) {
    report_error(report, code, hdb_extended_errcode(conn), hdb_error_offset(conn), hdb_errmsg(conn));
}

static void *subject_open(const struct session_options *options, FILE *report) {
    char timeout[32];
    const struct setup *setup = options->setup;
    hdb_conn *conn = NULL;
    hdb_config *config = hdb_config_create();
    snprintf(timeout, sizeof timeout, "%.3f", options->timeout);
    hdb_config_set(config, "timeout", timeout);
    hdb_config_set(config, "linger", setup->linger ? setup->linger : "0");
    hdb_config_set(config, "notices", "off");
    hdb_config_set(config, "mode", setup->dsn ? "daemon" : "embedded");
    if (setup->dsn) {
        hdb_config_set(config, "dsn", setup->dsn);
        hdb_config_set(config, "direct", setup->direct);
        hdb_config_set(config, "coherence", setup->shares_log ? "sdk" : "strict");
    } else if (setup->in_memory) {
        hdb_config_set(config, "memory", "engine");
    }
    int code = hdb_connect(options->path, config, &conn);
    hdb_config_destroy(config);
    if (code != HDB_OK) {
        tell_error(conn, code, report);
        hdb_close(conn);
        conn = NULL;
    }
    return conn;
}

static void bind_values(hdb_stmt *stmt, const struct case_step *step, FILE *report) {
    for (int i = 0; i < (int)step->value_count; i++) {
        const struct case_value *value = &step->values[i];
        int code = HDB_OK;
        if (value->type == HDB_TYPE_INTEGER)
            code = hdb_bind_int64(stmt, i + 1, value->integer);
        else if (value->type == HDB_TYPE_FLOAT)
            code = hdb_bind_double(stmt, i + 1, value->real);
        else if (value->type == HDB_TYPE_TEXT)
            code = hdb_bind_text(stmt, i + 1, value->bytes, (int64_t)value->size);
        else if (value->type == HDB_TYPE_BLOB)
            code = hdb_bind_blob(stmt, i + 1, value->bytes, (int64_t)value->size);
        else
            code = hdb_bind_null(stmt, i + 1);
        if (code != HDB_OK)
            fprintf(report, "bind %d: %d\n", i + 1, code);
    }
}

static void tell_value(hdb_stmt *stmt, int column, FILE *report) {
    switch (hdb_column_type(stmt, column)) {
    case HDB_TYPE_INTEGER:
        report_integer(report, hdb_column_int64(stmt, column));
        break;
    case HDB_TYPE_FLOAT:
        report_real(report, hdb_column_double(stmt, column));
        break;
    case HDB_TYPE_TEXT: {
        const char *text = hdb_column_text(stmt, column);
        report_text(report, '\'', text, (size_t)hdb_column_bytes(stmt, column));
        break;
    }
    case HDB_TYPE_BLOB: {
        const void *data = hdb_column_blob(stmt, column);
        report_blob(report, data, (size_t)hdb_column_bytes(stmt, column));
        break;
    }
    default:
        fputs("NULL", report);
    }
}

static void tell_columns(hdb_stmt *stmt, FILE *report) {
    fprintf(report, "readonly %d, parameters %d, columns", hdb_stmt_readonly(stmt), hdb_bind_parameter_count(stmt));
    for (int i = 0; i < hdb_column_count(stmt); i++) {
        fputc(' ', report);
        report_name(report, hdb_column_name(stmt, i));
        fputc(':', report);
        report_name(report, hdb_column_decltype(stmt, i));
        fputc('@', report);
        report_name(report, hdb_column_table(stmt, i));
    }
    fputc('\n', report);
}

void subject_refuse(void *session, const struct case_step *step, const struct feature *feature, FILE *report) {
    hdb_conn *conn = session;
    hdb_stmt *stmt = NULL;
    int code = hdb_prepare(conn, step->sql, -1, &stmt, NULL);
    if (code == HDB_OK)
        bind_values(stmt, step, report);
    if (code == HDB_OK)
        code = hdb_execute(stmt);
    const char *message = code == HDB_OK || code == HDB_ROW || code == HDB_DONE ? "accepted" : hdb_errmsg(conn);
    if (code != HDB_NOTSUPPORTED)
        fprintf(report, "not refused as not supported: %d, %s\n", code, message);
    else if (feature->words && !strcasestr(message, feature->words))
        fprintf(report, "the refusal does not name \"%s\": %s\n", feature->words, message);
    hdb_finalize(stmt);
}

static void subject_run(void *session, const struct case_step *step, FILE *report) {
    hdb_conn *conn = session;
    hdb_stmt *stmt = NULL;
    int code = hdb_prepare(conn, step->sql, -1, &stmt, NULL);
    if (code == HDB_OK && stmt) {
        bind_values(stmt, step, report);
        while ((code = hdb_fetch_row(stmt)) == HDB_ROW) {
            fputs("row", report);
            for (int i = 0; i < hdb_column_count(stmt); i++) {
                fputs(i ? ", " : " ", report);
                tell_value(stmt, i, report);
            }
            fputc('\n', report);
        }
        /* The message is there until the connection's next call. */
        if (code != HDB_DONE)
            tell_error(conn, code, report);
        tell_columns(stmt, report);
    } else if (code != HDB_OK) {
        tell_error(conn, code, report);
    }
    hdb_finalize(stmt);
    struct report_counts counts = {hdb_changes(conn), hdb_total_changes(conn), hdb_last_insert_rowid(conn),
                                   hdb_in_transaction(conn)};
    report_counts(report, &counts);
}

void subject_verify(void *session, FILE *report) {
    hdb_conn *conn = session;
    int64_t differences = 0;
    int code = hdb_verify(conn, &differences);
    if (code != HDB_OK || differences != 0)
        fprintf(report, "hdb_verify: %d, %lld differences: %s\n", code, (long long)differences, hdb_errmsg(conn));
}

const char *subject_engine(void *session, FILE *report) {
    hdb_conn *conn = session;
    const char *dsn = NULL;
    int code = hdb_flush(conn);
    if (code == HDB_OK)
        code = hdb_engine_dsn(conn, &dsn);
    if (code != HDB_OK)
        fprintf(report, "the engine's DSN: %d, %s\n", code, hdb_errmsg(conn));
    return dsn;
}

static void subject_close(void *session, FILE *report) {
    int code = hdb_close(session);
    if (code != HDB_OK)
        fprintf(report, "close: %d\n", code);
}

const struct session_kind subject_kind = {subject_open, subject_run, subject_close};
