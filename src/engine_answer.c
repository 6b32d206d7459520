/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_answer.h"

#include "engine_names.h"
#include "record/mirror.h"
#include <stdlib.h>
#include <string.h>

struct hdb_answer {
    hdb_rows *rows;
    int columns;
    int *shown;      /* the engine's column for each of ours */
    hdb_table whole; /* what each row is one of; no names but those of its columns. column_count 0: none */
    hdb_value *in, *cells;
    hdb_buffer arena;
    int decoded; /* row that `cells` hold, -1: none */
};

static bool is_ours(const char *name) {
    return strcmp(name, "_hdb_odd") == 0 || strcmp(name, "_hdb_rowid") == 0 || strcmp(name, "_hdb_key") == 0;
}

/* Whether the columns are all of a table's, in its order. */
static bool is_whole(const hdb_rows *rows, const hdb_table *table) {
    int count = hdb_rows_columns(rows), hidden = hdb_mirror_width(table) - table->column_count - 1;
    if (count != hdb_mirror_width(table) || strcmp(hdb_rows_name(rows, count - 1), "_hdb_odd") != 0)
        return false;
    for (int i = 0; i < table->column_count; i++)
        if (strcmp(hdb_rows_name(rows, hidden + i), table->columns[i].engine_name) != 0)
            return false;
    return true;
}

/* Copies what decoding needs: the schema may change while the answer is read. */
static bool copy_table(hdb_table *to, const hdb_table *from) {
    *to = (hdb_table){.key_kind = from->key_kind, .alias = from->alias};
    to->columns = calloc((size_t)from->column_count + 1, sizeof *to->columns);
    if (!to->columns)
        return false;
    for (int i = 0; i < from->column_count; i++, to->column_count++) {
        to->columns[i].affinity = from->columns[i].affinity;
        to->columns[i].dimension = from->columns[i].dimension;
        to->columns[i].name = strdup(from->columns[i].name);
        if (!to->columns[i].name)
            return false;
    }
    return true;
}

static int find_whole(hdb_answer *answer, const hdb_schema *schema, const char *sql, hdb_error *error) {
    int width = hdb_rows_columns(answer->rows);
    for (int i = 0; i < schema->table_count; i++) {
        const hdb_table *table = &schema->tables[i];
        if (!is_whole(answer->rows, table) || !hdb_engine_names_table(table, sql))
            continue;
        answer->in = calloc((size_t)width, sizeof *answer->in);
        answer->cells = calloc((size_t)width, sizeof *answer->cells);
        answer->columns = table->column_count;
        return copy_table(&answer->whole, table) && answer->in && answer->cells ? HDB_OK : hdb_error_nomem(error);
    }
    return HDB_OK;
}

static int find_shown(hdb_answer *answer, const hdb_schema *schema, const char *sql, hdb_error *error) {
    int count = hdb_rows_columns(answer->rows), rc = HDB_OK;
    answer->shown = calloc((size_t)count + 1, sizeof *answer->shown);
    if (!answer->shown)
        return hdb_error_nomem(error);
    for (int i = 0; rc == HDB_OK && i < count; i++) {
        const char *name = hdb_rows_name(answer->rows, i);
        if (is_ours(name))
            continue;
        rc = hdb_engine_column_names(schema, sql, name, error);
        answer->shown[answer->columns++] = i;
    }
    return rc;
}

int hdb_answer_new(hdb_rows *rows, const hdb_schema *schema, const char *sql, hdb_answer **out, hdb_error *error) {
    hdb_answer *answer = calloc(1, sizeof *answer);
    if (!answer) {
        hdb_rows_free(rows);
        return hdb_error_nomem(error);
    }
    answer->rows = rows;
    answer->decoded = -1;
    int rc = find_whole(answer, schema, sql, error);
    if (rc == HDB_OK && !answer->whole.columns)
        rc = find_shown(answer, schema, sql, error);
    if (rc == HDB_OK)
        *out = answer;
    else
        hdb_answer_free(answer);
    return rc;
}

void hdb_answer_free(hdb_answer *answer) {
    if (!answer)
        return;
    hdb_rows_free(answer->rows);
    hdb_table_clear(&answer->whole);
    hdb_buffer_free(&answer->arena);
    free(answer->shown);
    free(answer->in);
    free(answer->cells);
    free(answer);
}

int hdb_answer_count(const hdb_answer *answer) {
    return hdb_rows_count(answer->rows);
}

int hdb_answer_columns(const hdb_answer *answer) {
    return answer->columns;
}

const char *hdb_answer_name(const hdb_answer *answer, int column) {
    return answer->whole.columns ? answer->whole.columns[column].name
                                 : hdb_rows_name(answer->rows, answer->shown[column]);
}

hdb_value hdb_answer_cell(hdb_answer *answer, int row, int column) {
    if (!answer->whole.columns)
        return hdb_rows_cell(answer->rows, row, answer->shown[column]);
    if (answer->decoded != row) {
        int64_t rowid = 0;
        for (int i = 0; i < hdb_rows_columns(answer->rows); i++)
            answer->in[i] = hdb_rows_cell(answer->rows, row, i);
        answer->decoded = row;
        if (!hdb_mirror_read(&answer->whole, answer->in, &answer->arena, &rowid, answer->cells))
            for (int i = 0; i < answer->columns; i++)
                answer->cells[i] = answer->in[hdb_rows_columns(answer->rows) - 1 - answer->columns + i];
    }
    return answer->cells[column];
}
