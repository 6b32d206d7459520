/* SPDX-License-Identifier: Apache-2.0 */
/* One case of the rewrite corpus.
 *
 *   run_rewrite case.sqlite.sql case.pg.sql      the statement becomes exactly what the second file holds
 *   run_rewrite n_case.sqlite.sql n_case.reason  the statement is refused for this reason
 *   run_rewrite case.sqlite.sql                  prints what the second file would hold
 *
 * A case that is accepted is also prepared by SQLite, which has to agree on the result's columns and the parameters. */
#include "buffer.h"
#include "direct/translate.h"
#include "fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path) {
    hdb_buffer text = HDB_BUFFER_INIT;
    FILE *file = fopen(path, "rb");
    char block[4096];
    size_t size = 0;
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    hdb_buffer_text(&text, "");
    while ((size = fread(block, 1, sizeof block, file)) > 0)
        hdb_buffer_append(&text, block, size);
    fclose(file);
    return hdb_buffer_take(&text);
}

static const char *admission_name(enum hdb_admission admission) {
    switch (admission) {
    case HDB_ADMIT_INTEGER:
        return "INTEGER";
    case HDB_ADMIT_REAL:
        return "REAL";
    case HDB_ADMIT_TEXT:
        return "TEXT";
    case HDB_ADMIT_PLAIN_TEXT:
        return "TEXT that is no number";
    case HDB_ADMIT_BLOB:
        return "BLOB";
    case HDB_ADMIT_ANY:
        return "anything";
    case HDB_ADMIT_NUMERIC:
        return "what NUMERIC keeps";
    }
    return "";
}

static void show_literal(hdb_buffer *out, const hdb_value *value) {
    switch (value->type) {
    case HDB_TYPE_INTEGER:
        hdb_buffer_format(out, "%lld", (long long)value->as.integer);
        break;
    case HDB_TYPE_TEXT:
        hdb_buffer_format(out, "'%.*s'", (int)value->as.bytes.size, value->as.bytes.data);
        break;
    case HDB_TYPE_BLOB:
        hdb_buffer_text(out, "x'");
        for (size_t i = 0; i < value->as.bytes.size; i++)
            hdb_buffer_format(out, "%02x", (unsigned char)value->as.bytes.data[i]);
        hdb_buffer_text(out, "'");
        break;
    default:
        hdb_buffer_text(out, "NULL");
    }
}

static void show_plan(hdb_buffer *out, const hdb_plan *plan) {
    hdb_buffer_format(out, "-- %s\n", plan->rule);
    for (int i = 0; i < plan->input_count; i++) {
        const hdb_plan_input *input = &plan->inputs[i];
        hdb_buffer_format(out, "-- $%d: ", i + 1);
        if (input->parameter == 0)
            show_literal(out, &input->literal);
        else
            hdb_buffer_format(out, "?%d", input->parameter);
        hdb_buffer_format(out, ", %s%s%s%s\n", admission_name(input->admission), input->required ? ", not NULL" : "",
                          input->encoded ? ", encoded" : "", i == plan->rowid_input ? ", the new rowid" : "");
    }
    for (int i = 0; i < plan->column_count; i++)
        hdb_buffer_format(out, "-- column %d: %s\n", plan->columns[i].index, plan->columns[i].name);
}

/* SQLite's own view of an accepted statement. Returns whether it agrees. */
static int agrees_with_sqlite(const char *sql, const hdb_plan *plan) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int agrees = sqlite3_open(":memory:", &db) == SQLITE_OK &&
                 sqlite3_exec(db, fixture_ddl, NULL, NULL, NULL) == SQLITE_OK &&
                 sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK;
    if (!agrees) {
        fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(db));
    } else if (sqlite3_column_count(stmt) != plan->column_count ||
               sqlite3_bind_parameter_count(stmt) != plan->parameter_count) {
        fprintf(stderr, "SQLite has %d columns and %d parameters\n", sqlite3_column_count(stmt),
                sqlite3_bind_parameter_count(stmt));
        agrees = 0;
    }
    for (int i = 0; agrees && i < plan->column_count; i++) {
        const hdb_plan_column *column = &plan->columns[i];
        const char *declared = sqlite3_column_decltype(stmt, i);
        const char *ours = column->index < 0 ? NULL : plan->table->columns[column->index].declared;
        if (strcmp(column->name, sqlite3_column_name(stmt, i)) == 0 &&
            strcmp(ours == NULL ? "" : ours, declared == NULL ? "" : declared) == 0)
            continue;
        fprintf(stderr, "SQLite calls column %d %s %s\n", i, sqlite3_column_name(stmt, i), declared);
        agrees = 0;
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return agrees;
}

/* PostgreSQL's text first, HeliosDB's where it is another. */
static int show(const char *sql, hdb_buffer *out) {
    hdb_plan postgresql, heliosdb;
    enum hdb_refusal why = HDB_REFUSED_NOT, other = HDB_REFUSED_NOT;
    const int rc = hdb_translate(sql, strlen(sql), &fixture_schema, HDB_PEER_POSTGRESQL, &postgresql, &why);
    const int again = hdb_translate(sql, strlen(sql), &fixture_schema, HDB_PEER_HELIOSDB, &heliosdb, &other);
    int good = rc == again && why == other;
    if (rc == HDB_OK && good) {
        hdb_buffer_format(out, "%s\n", postgresql.sql);
        show_plan(out, &postgresql);
        if (strcmp(postgresql.sql, heliosdb.sql) != 0)
            hdb_buffer_format(out, "-- HeliosDB: %s\n", heliosdb.sql);
        if (heliosdb.guard != NULL)
            hdb_buffer_format(out, "-- HeliosDB, before it, with $%d: %s\n", heliosdb.guard_input + 1, heliosdb.guard);
        good = agrees_with_sqlite(sql, &postgresql);
    } else if (rc == HDB_NOTSUPPORTED && good) {
        hdb_buffer_format(out, "%s\n", hdb_refusal_name(why));
    } else {
        fprintf(stderr, "the servers differ: %d %s, %d %s\n", rc, hdb_refusal_name(why), again,
                hdb_refusal_name(other));
        good = 0;
    }
    hdb_plan_clear(&postgresql);
    hdb_plan_clear(&heliosdb);
    return good;
}

int main(int argc, char **argv) {
    hdb_buffer shown = HDB_BUFFER_INIT;
    if (argc < 2) {
        fprintf(stderr, "usage: run_rewrite case.sqlite.sql [expected]\n");
        return 2;
    }
    char *sql = read_file(argv[1]);
    char *expected = argc > 2 ? read_file(argv[2]) : NULL;
    int good = show(sql, &shown);
    if (expected == NULL) {
        fputs(shown.data == NULL ? "" : shown.data, stdout);
    } else if (shown.data == NULL || strcmp(shown.data, expected) != 0) {
        fprintf(stderr, "%sgot:\n%sexpected:\n%s", sql, shown.data == NULL ? "" : shown.data, expected);
        good = 0;
    }
    hdb_buffer_free(&shown);
    free(sql);
    free(expected);
    return good ? 0 : 1;
}
