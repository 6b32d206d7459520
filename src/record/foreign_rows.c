/* SPDX-License-Identifier: Apache-2.0 */
#include "record/foreign_rows.h"

#include "record/cell.h"
#include "record/entry.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hdb_foreign_select(hdb_buffer *sql, const hdb_foreign_table *table) {
    hdb_buffer_text(sql, "SELECT ");
    for (int i = 0; i < table->column_count; i++) {
        hdb_buffer_text(sql, i ? ", " : "");
        hdb_buffer_identifier(sql, table->columns[i].name);
    }
    hdb_buffer_text(sql, " FROM ");
    hdb_buffer_identifier(sql, table->name);
}

/* The double nearest to the shortest decimal that is this float: 0.1, not 0.100000001490116. */
static double widen(double value) {
    float single = (float)value;
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)single);
        if (strtof(text, NULL) == single)
            return strtod(text, NULL);
    }
    return value;
}

hdb_value hdb_foreign_value(const hdb_foreign_column *column, const hdb_value *in, char text[64]) {
    hdb_value value = *in;
    if (value.type == HDB_TYPE_FLOAT && isnan(value.as.real))
        return hdb_value_text("NaN", 3); /* SQLite has none: it would be NULL */
    if (column->kind == HDB_FOREIGN_SINGLE && value.type == HDB_TYPE_FLOAT && isfinite(value.as.real))
        return hdb_value_real(widen(value.as.real));
    if (column->kind == HDB_FOREIGN_OTHER && value.type == HDB_TYPE_INTEGER)
        return hdb_value_text(text, (size_t)snprintf(text, 64, "%lld", (long long)value.as.integer));
    return value;
}

/* A value on its way to the server, and room for its text. */
struct outgoing {
    hdb_value value;
    char text[48];
};

static void as_text(struct outgoing *out, const hdb_value *value) {
    int size = 0;
    if (value->type == HDB_TYPE_INTEGER) {
        size = snprintf(out->text, sizeof out->text, "%lld", (long long)value->as.integer);
    } else {
        snprintf(out->text, sizeof out->text, "%.15g", value->as.real);
        if (strtod(out->text, NULL) != value->as.real)
            snprintf(out->text, sizeof out->text, "%.17g", value->as.real);
        for (char *c = out->text; *c; c++)
            if (*c == ',')
                *c = '.';
        size = (int)strlen(out->text);
    }
    out->value = hdb_value_text(out->text, (size_t)size);
}

static int cant_hold(const hdb_foreign_table *table, const hdb_foreign_column *column, hdb_error *error) {
    return hdb_error_set(error, HDB_MISMATCH, NULL, "column %s.%s (%s) of the server can't hold the value", table->name,
                         column->name, column->type);
}

static int convert(const hdb_foreign_table *table, const hdb_foreign_column *column, const hdb_value *in,
                   struct outgoing *out, hdb_error *error) {
    bool number = in->type == HDB_TYPE_INTEGER || in->type == HDB_TYPE_FLOAT;
    out->value = *in;
    if (in->type == HDB_TYPE_NULL)
        return HDB_OK;
    switch (column->kind) {
    case HDB_FOREIGN_INTEGER:
        return in->type == HDB_TYPE_INTEGER ? HDB_OK : cant_hold(table, column, error);
    case HDB_FOREIGN_REAL:
    case HDB_FOREIGN_SINGLE:
        if (in->type == HDB_TYPE_TEXT && in->as.bytes.size == 3 && memcmp(in->as.bytes.data, "NaN", 3) == 0)
            out->value = hdb_value_real(NAN);
        else if (in->type != HDB_TYPE_FLOAT)
            return cant_hold(table, column, error);
        else if (column->kind == HDB_FOREIGN_SINGLE && isfinite(in->as.real) && widen(in->as.real) != in->as.real &&
                 (double)(float)in->as.real != in->as.real)
            return cant_hold(table, column, error);
        return HDB_OK;
    case HDB_FOREIGN_BOOLEAN:
        if (in->type != HDB_TYPE_INTEGER || in->as.integer < 0 || in->as.integer > 1)
            return cant_hold(table, column, error);
        out->value = in->as.integer ? hdb_value_text("true", 4) : hdb_value_text("false", 5);
        return HDB_OK;
    case HDB_FOREIGN_TEXT:
        return in->type == HDB_TYPE_TEXT ? HDB_OK : cant_hold(table, column, error);
    case HDB_FOREIGN_BYTES:
        return in->type == HDB_TYPE_BLOB ? HDB_OK : cant_hold(table, column, error);
    case HDB_FOREIGN_NUMERIC:
        if (number)
            as_text(out, in);
        return in->type == HDB_TYPE_BLOB ? cant_hold(table, column, error) : HDB_OK;
    case HDB_FOREIGN_OTHER:
        break;
    }
    return in->type == HDB_TYPE_TEXT ? HDB_OK : cant_hold(table, column, error);
}

/* `$n`, with a cast where the server does not take the value as the link declares it. */
static void put_parameter(hdb_buffer *sql, const hdb_foreign_column *column, int number) {
    bool plain = column->kind != HDB_FOREIGN_BOOLEAN && column->kind != HDB_FOREIGN_NUMERIC &&
                 column->kind != HDB_FOREIGN_OTHER;
    if (plain) {
        hdb_buffer_format(sql, "$%d", number);
        return;
    }
    hdb_buffer_format(sql, "CAST($%d AS ", number);
    if (column->kind == HDB_FOREIGN_BOOLEAN) /* HeliosDB does not know it as bool */
        hdb_buffer_text(sql, "boolean");
    else if (strspn(column->type, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(column->type))
        hdb_buffer_text(sql, column->type);
    else
        hdb_buffer_identifier(sql, column->type);
    hdb_buffer_char(sql, ')');
}

/* Statements of one table. */
struct writer {
    hdb_link *link;
    const hdb_foreign_table *table;
    int key_count, alias;
    hdb_value *params;
    struct outgoing *outgoing;
};

static bool writer_start(struct writer *writer, hdb_link *link, const hdb_foreign_table *table) {
    *writer = (struct writer){.link = link, .table = table, .alias = -1};
    for (int i = 0; i < table->column_count; i++) {
        writer->key_count += table->columns[i].key > 0;
        if (table->columns[i].key > 0)
            writer->alias = i;
    }
    writer->params = calloc((size_t)table->column_count + 1, sizeof *writer->params);
    writer->outgoing = calloc((size_t)table->column_count + 1, sizeof *writer->outgoing);
    return writer->params && writer->outgoing;
}

static void writer_end(struct writer *writer) {
    free(writer->params);
    free(writer->outgoing);
    *writer = (struct writer){.table = NULL};
}

/* Adds a parameter; its number, or 0 with the error set. */
static int add_param(struct writer *writer, int *count, const hdb_foreign_column *column, const hdb_value *value,
                     hdb_error *error) {
    if (convert(writer->table, column, value, &writer->outgoing[*count], error) != HDB_OK)
        return 0;
    writer->params[*count] = writer->outgoing[*count].value;
    return ++*count;
}

static int run(struct writer *writer, hdb_buffer *sql, int count, int64_t *affected, hdb_error *error) {
    hdb_rows *rows = NULL;
    int rc = sql->failed ? hdb_error_nomem(error)
                         : hdb_link_query(writer->link, sql->data, writer->params, count, HDB_ROWS_NATIVE, &rows, error);
    *affected = rc == HDB_OK ? hdb_rows_affected(rows) : 0;
    hdb_rows_free(rows);
    return rc;
}

static int put_where(struct writer *writer, hdb_buffer *sql, int *count, const hdb_value *key, hdb_error *error) {
    hdb_buffer_text(sql, " WHERE ");
    for (int place = 1; place <= writer->key_count; place++)
        for (int i = 0; i < writer->table->column_count; i++) {
            const hdb_foreign_column *column = &writer->table->columns[i];
            if (column->key != place)
                continue;
            int number = add_param(writer, count, column, &key[place - 1], error);
            if (number == 0)
                return error->code & 0xff;
            hdb_buffer_text(sql, place > 1 ? " AND " : "");
            hdb_buffer_identifier(sql, column->name);
            hdb_buffer_text(sql, " = ");
            put_parameter(sql, column, number);
        }
    return HDB_OK;
}

static int more_than_one(struct writer *writer, hdb_error *error) {
    return hdb_error_set(error, HDB_CONSTRAINT, NULL, "table %s of another client has several rows of one key",
                         writer->table->name);
}

static int insert_row(struct writer *writer, const hdb_value *cells, hdb_error *error) {
    hdb_buffer sql = HDB_BUFFER_INIT, values = HDB_BUFFER_INIT;
    int count = 0, rc = HDB_OK;
    int64_t affected = 0;
    hdb_buffer_text(&sql, "INSERT INTO ");
    hdb_buffer_identifier(&sql, writer->table->name);
    hdb_buffer_text(&sql, " (");
    for (int i = 0; rc == HDB_OK && i < writer->table->column_count; i++) {
        const hdb_foreign_column *column = &writer->table->columns[i];
        if (column->fills_null && cells[i].type == HDB_TYPE_NULL)
            continue;
        int number = add_param(writer, &count, column, &cells[i], error);
        if (number == 0)
            rc = error->code & 0xff;
        hdb_buffer_text(&sql, count > 1 ? ", " : "");
        hdb_buffer_identifier(&sql, column->name);
        hdb_buffer_text(&values, count > 1 ? ", " : "");
        put_parameter(&values, column, number);
    }
    hdb_buffer_format(&sql, ") VALUES (%s)", values.failed ? "" : values.data);
    sql.failed = sql.failed || values.failed;
    if (rc == HDB_OK)
        rc = run(writer, &sql, count, &affected, error);
    hdb_buffer_free(&sql);
    hdb_buffer_free(&values);
    return rc;
}

static int delete_row(struct writer *writer, const hdb_value *key, hdb_error *error) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    int count = 0;
    int64_t affected = 0;
    hdb_buffer_text(&sql, "DELETE FROM ");
    hdb_buffer_identifier(&sql, writer->table->name);
    int rc = put_where(writer, &sql, &count, key, error);
    if (rc == HDB_OK)
        rc = run(writer, &sql, count, &affected, error);
    if (rc == HDB_OK && affected > 1)
        rc = more_than_one(writer, error);
    hdb_buffer_free(&sql);
    return rc;
}

/* An UPDATE that finds no row is followed by an INSERT: so a row that another client deleted meanwhile is noticed, where a
 * snapshot of the server notices it. */
static int put_row(struct writer *writer, const hdb_value *cells, const hdb_value *key, hdb_error *error) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    int count = 0, set = 0, rc = HDB_OK;
    int64_t affected = 0;
    hdb_buffer_text(&sql, "UPDATE ");
    hdb_buffer_identifier(&sql, writer->table->name);
    for (int i = 0; rc == HDB_OK && i < writer->table->column_count; i++) {
        const hdb_foreign_column *column = &writer->table->columns[i];
        if (column->key > 0 && !(writer->key_count == writer->table->column_count && i == writer->alias))
            continue;
        int number = add_param(writer, &count, column, &cells[i], error);
        if (number == 0)
            rc = error->code & 0xff;
        hdb_buffer_text(&sql, set++ ? ", " : " SET ");
        hdb_buffer_identifier(&sql, column->name);
        hdb_buffer_text(&sql, " = ");
        put_parameter(&sql, column, number);
    }
    if (rc == HDB_OK)
        rc = put_where(writer, &sql, &count, key, error);
    if (rc == HDB_OK)
        rc = run(writer, &sql, count, &affected, error);
    if (rc == HDB_OK && affected > 1)
        rc = more_than_one(writer, error);
    hdb_buffer_free(&sql);
    return rc == HDB_OK && affected == 0 ? insert_row(writer, cells, error) : rc;
}

/* The key's values, in the order of the key. */
static bool take_key(const struct writer *writer, const hdb_entry_reader *reader, hdb_value *key) {
    if (reader->table.key_kind == HDB_KEY_ALIAS) {
        key[0] = hdb_value_integer(reader->rowid);
        return writer->key_count == 1;
    }
    if (reader->kind == HDB_ENTRY_UPSERT) {
        for (int i = 0; i < writer->table->column_count; i++)
            if (writer->table->columns[i].key > 0)
                key[writer->table->columns[i].key - 1] = reader->cells[i];
        return true;
    }
    hdb_reader in = {reader->key, reader->key + reader->key_size, false};
    for (int i = 0; i < writer->key_count; i++)
        key[i] = hdb_get_value(&in);
    return !in.failed;
}

static int write_row(struct writer *writer, const hdb_entry_reader *reader, hdb_error *error) {
    hdb_value *key = calloc((size_t)writer->table->column_count + 1, sizeof *key);
    int rc = HDB_OK;
    if (!key)
        return hdb_error_nomem(error);
    if (!take_key(writer, reader, key) || reader->table.column_count != writer->table->column_count)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "rows of table %s do not fit it", writer->table->name);
    else
        rc = reader->kind == HDB_ENTRY_DELETE ? delete_row(writer, key, error) : put_row(writer, reader->cells, key, error);
    free(key);
    return rc;
}

int hdb_foreign_write(hdb_link *link, const hdb_foreign_tables *tables, const char *data, size_t size, hdb_error *error) {
    hdb_entry_reader reader;
    struct writer writer = {.table = NULL};
    int rc = HDB_OK;
    hdb_entry_open(&reader, data, size);
    while (rc == HDB_OK && hdb_entry_next(&reader) != HDB_ENTRY_END) {
        if (reader.kind == HDB_ENTRY_TABLE) {
            const hdb_foreign_table *table = hdb_foreign_find(tables, reader.table.name);
            writer_end(&writer);
            if (!table)
                rc = hdb_error_set(error, HDB_INTERNAL, NULL, "table %s is not another client's", reader.table.name);
            else if (!writer_start(&writer, link, table))
                rc = hdb_error_nomem(error);
        } else if (writer.table) {
            rc = write_row(&writer, &reader, error);
        }
    }
    if (rc == HDB_OK && reader.failed)
        rc = hdb_error_nomem(error);
    writer_end(&writer);
    hdb_entry_close(&reader);
    return rc;
}

int hdb_foreign_count(const char *data, size_t size) {
    hdb_entry_reader reader;
    int count = 0;
    hdb_entry_open(&reader, data, size);
    while (count < 2 && hdb_entry_next(&reader) != HDB_ENTRY_END)
        count += reader.kind != HDB_ENTRY_TABLE;
    hdb_entry_close(&reader);
    return count;
}
