/* SPDX-License-Identifier: Apache-2.0 */
#include "case_file.h"
#include "report.h"

#include <sqlite3.h>
#include <string.h>

static void write_hex(FILE *out, char kind, const struct case_value *value) {
    fprintf(out, "%c'", kind);
    for (size_t i = 0; i < value->size; i++)
        fprintf(out, "%02x", (unsigned char)value->bytes[i]);
    fputc('\'', out);
}

static bool is_printable(const struct case_value *value) {
    for (size_t i = 0; i < value->size; i++)
        if (value->bytes[i] < ' ' || value->bytes[i] > '~')
            return false;
    return true;
}

static void write_text(FILE *out, const struct case_value *value) {
    fputc('\'', out);
    for (size_t i = 0; i < value->size; i++)
        fprintf(out, "%s%c", value->bytes[i] == '\'' ? "'" : "", value->bytes[i]);
    fputc('\'', out);
}

static void write_value(FILE *out, const struct case_value *value) {
    if (value->type == SQLITE_INTEGER)
        report_integer(out, value->integer);
    else if (value->type == SQLITE_FLOAT)
        report_real(out, value->real);
    else if (value->type == SQLITE_BLOB)
        write_hex(out, 'x', value);
    else if (value->type == SQLITE_TEXT && is_printable(value))
        write_text(out, value);
    else if (value->type == SQLITE_TEXT)
        write_hex(out, 't', value);
    else
        fputs("NULL", out);
}

static void write_statement(FILE *out, const struct case_step *step) {
    for (size_t i = 0; i < step->value_count; i++) {
        fputs(i ? ", " : "-- bind: ", out);
        write_value(out, &step->values[i]);
    }
    if (step->value_count > 0)
        fputc('\n', out);
    fputs(step->sql, out);
    if (*step->sql == '\0' || step->sql[strlen(step->sql) - 1] != '\n')
        fputc('\n', out);
}

void case_write(const struct sql_case *test, FILE *out) {
    int connection = 0;
    fprintf(out, "== %s\n", test->name);
    for (size_t i = 0; i < test->skip_count; i++)
        fprintf(out, "-- skip %s: %s\n", test->skips[i].setup, test->skips[i].reason);
    if (test->timeout != 5)
        fprintf(out, "-- timeout %g\n", test->timeout);
    for (size_t i = 0; i < test->step_count; i++) {
        const struct case_step *step = &test->steps[i];
        if (step->kind == STEP_SQL && step->connection != connection) {
            connection = step->connection;
            fprintf(out, "-- connection %d\n", connection + 1);
        }
        if (step->kind == STEP_SQL)
            write_statement(out, step);
        else
            fputs(step->kind == STEP_REOPEN ? "-- reopen\n" : "-- rebuild\n", out);
    }
}
