/* SPDX-License-Identifier: Apache-2.0 */
#include "record/entry.h"

#include <stdlib.h>
#include <string.h>

static void put_text(hdb_buffer *out, const char *text) {
    hdb_value value = text ? hdb_value_text(text, strlen(text)) : hdb_value_null();
    hdb_put_value(out, &value);
}

static void put_signed(hdb_buffer *out, int64_t number) {
    hdb_put_number(out, (uint64_t)number << 1 ^ (uint64_t)(number >> 63));
}

static void put_table(hdb_buffer *out, const hdb_table *table) {
    put_text(out, table->name);
    put_text(out, table->engine_name);
    hdb_put_number(out, (uint64_t)table->key_kind);
    put_signed(out, table->alias);
    hdb_put_number(out, table->is_sequence);
    hdb_put_number(out, (uint64_t)table->column_count);
    for (int i = 0; i < table->column_count; i++) {
        const hdb_column *column = &table->columns[i];
        put_text(out, column->name);
        put_text(out, strcmp(column->name, column->engine_name) == 0 ? NULL : column->engine_name);
        hdb_put_number(out, (uint64_t)column->affinity << 1 | (column->generated ? 1 : 0));
        hdb_put_number(out, (uint64_t)column->key);
        if (column->affinity == HDB_AFFINITY_VECTOR)
            hdb_put_number(out, (uint64_t)column->dimension);
    }
}

static void put_schema(hdb_buffer *out, const hdb_schema *schema) {
    hdb_put_number(out, (uint64_t)schema->item_count);
    for (int i = 0; i < schema->item_count; i++) {
        put_text(out, schema->items[i].type);
        put_text(out, schema->items[i].name);
        put_text(out, schema->items[i].table);
        put_text(out, schema->items[i].sql);
    }
    hdb_put_number(out, (uint64_t)schema->table_count);
    for (int i = 0; i < schema->table_count; i++)
        put_table(out, &schema->tables[i]);
    put_signed(out, schema->user_version);
    put_signed(out, schema->application_id);
    put_signed(out, schema->format);
}

void hdb_entry_put_schema(hdb_buffer *entry, const hdb_schema *schema) {
    hdb_buffer_char(entry, HDB_ENTRY_SCHEMA);
    put_schema(entry, schema);
}

void hdb_entry_put_table(hdb_buffer *entry, const hdb_table *table, bool whole) {
    hdb_buffer_char(entry, HDB_ENTRY_TABLE);
    put_table(entry, table);
    hdb_put_number(entry, whole);
}

void hdb_entry_put_upsert(hdb_buffer *entry, const hdb_table *table, int64_t rowid, const hdb_value *cells) {
    hdb_buffer_char(entry, HDB_ENTRY_UPSERT);
    if (table->key_kind != HDB_KEY_COLUMNS)
        put_signed(entry, rowid);
    for (int i = 0; i < table->column_count; i++)
        hdb_put_value(entry, &cells[i]);
}

void hdb_entry_put_delete(hdb_buffer *entry, int64_t rowid) {
    hdb_buffer_char(entry, HDB_ENTRY_DELETE);
    put_signed(entry, rowid);
}

void hdb_entry_put_delete_key(hdb_buffer *entry, const char *key, size_t size) {
    hdb_buffer_char(entry, HDB_ENTRY_DELETE);
    hdb_put_bytes(entry, key, size);
}

bool hdb_entry_has_schema(const char *data, size_t size) {
    return size > 0 && *data == HDB_ENTRY_SCHEMA;
}

bool hdb_table_same(const hdb_table *a, const hdb_table *b) {
    hdb_buffer x = HDB_BUFFER_INIT, y = HDB_BUFFER_INIT;
    put_table(&x, a);
    put_table(&y, b);
    bool same = !x.failed && !y.failed && x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
    hdb_buffer_free(&x);
    hdb_buffer_free(&y);
    return same;
}

static int64_t get_signed(hdb_reader *in) {
    uint64_t number = hdb_get_number(in);
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

static char *get_text(hdb_reader *in) {
    hdb_value value = hdb_get_value(in);
    if (in->failed || value.type != HDB_TYPE_TEXT)
        return NULL;
    char *copy = strndup(value.as.bytes.data, value.as.bytes.size);
    in->failed = in->failed || !copy;
    return copy;
}

/* A count that the bytes left can hold, so that a malformed one can't ask for absurd memory. */
static int get_count(hdb_reader *in) {
    uint64_t count = hdb_get_number(in);
    if (count > (uint64_t)(in->end - in->at)) {
        in->failed = true;
        return 0;
    }
    return (int)count;
}

static void get_column(hdb_reader *in, hdb_column *column) {
    column->name = get_text(in);
    column->engine_name = get_text(in);
    if (!column->engine_name && column->name)
        column->engine_name = strdup(column->name);
    uint64_t bits = hdb_get_number(in);
    column->affinity = (enum hdb_affinity)(bits >> 1);
    column->generated = bits & 1;
    column->key = (int)hdb_get_number(in);
    if (column->affinity == HDB_AFFINITY_VECTOR)
        column->dimension = (int)hdb_get_number(in);
    in->failed = in->failed || !column->name || !column->engine_name || column->affinity < HDB_AFFINITY_INTEGER ||
                 column->affinity > HDB_AFFINITY_UUID || (column->affinity == HDB_AFFINITY_VECTOR && column->dimension < 1);
}

static void get_table(hdb_reader *in, hdb_table *table) {
    memset(table, 0, sizeof *table);
    table->name = get_text(in);
    table->engine_name = get_text(in);
    table->key_kind = (enum hdb_key_kind)hdb_get_number(in);
    table->alias = (int)get_signed(in);
    table->is_sequence = hdb_get_number(in) != 0;
    int count = get_count(in);
    table->columns = calloc((size_t)count + 1, sizeof *table->columns);
    in->failed = in->failed || !table->name || !table->engine_name || !table->columns ||
                 table->key_kind < HDB_KEY_ALIAS || table->key_kind > HDB_KEY_COLUMNS || table->alias >= count ||
                 table->alias < (table->key_kind == HDB_KEY_ALIAS ? 0 : -1);
    for (; !in->failed && table->column_count < count; table->column_count++)
        get_column(in, &table->columns[table->column_count]);
}

static hdb_schema *get_schema(hdb_reader *in) {
    hdb_schema *schema = calloc(1, sizeof *schema);
    if (!schema)
        return NULL;
    int count = get_count(in);
    schema->items = count ? calloc((size_t)count, sizeof *schema->items) : NULL;
    in->failed = in->failed || (count && !schema->items);
    for (; !in->failed && schema->item_count < count; schema->item_count++) {
        hdb_schema_item *item = &schema->items[schema->item_count];
        item->type = get_text(in);
        item->name = get_text(in);
        item->table = get_text(in);
        item->sql = get_text(in);
        in->failed = in->failed || !item->type || !item->name || !item->table;
    }
    count = get_count(in);
    schema->tables = count ? calloc((size_t)count, sizeof *schema->tables) : NULL;
    in->failed = in->failed || (count && !schema->tables);
    for (; !in->failed && schema->table_count < count; schema->table_count++)
        get_table(in, &schema->tables[schema->table_count]);
    schema->user_version = get_signed(in);
    schema->application_id = get_signed(in);
    schema->format = get_signed(in);
    if (!in->failed)
        return schema;
    hdb_schema_free(schema);
    return NULL;
}

void hdb_entry_open(hdb_entry_reader *reader, const void *data, size_t size) {
    memset(reader, 0, sizeof *reader);
    reader->in = (hdb_reader){data, (const char *)data + size, false};
}

void hdb_entry_close(hdb_entry_reader *reader) {
    hdb_schema_free(reader->schema);
    hdb_table_clear(&reader->table);
    free(reader->cells);
    memset(reader, 0, sizeof *reader);
}

static void next_table(hdb_entry_reader *reader) {
    hdb_table_clear(&reader->table);
    get_table(&reader->in, &reader->table);
    reader->whole = hdb_get_number(&reader->in) != 0;
    hdb_value *cells = realloc(reader->cells, ((size_t)reader->table.column_count + 1) * sizeof *cells);
    if (cells)
        reader->cells = cells;
    else
        reader->in.failed = true;
}

static void next_row(hdb_entry_reader *reader) {
    if (!reader->table.name) {
        reader->in.failed = true;
        return;
    }
    bool by_columns = reader->table.key_kind == HDB_KEY_COLUMNS;
    if (reader->kind == HDB_ENTRY_DELETE && by_columns)
        reader->key = hdb_get_bytes(&reader->in, &reader->key_size);
    if (!by_columns)
        reader->rowid = get_signed(&reader->in);
    for (int i = 0; reader->kind == HDB_ENTRY_UPSERT && i < reader->table.column_count; i++)
        reader->cells[i] = hdb_get_value(&reader->in);
}

enum hdb_operation_kind hdb_entry_next(hdb_entry_reader *reader) {
    if (reader->failed || reader->in.at >= reader->in.end)
        return reader->kind = HDB_ENTRY_END;
    reader->kind = (enum hdb_operation_kind)*reader->in.at++;
    switch (reader->kind) {
    case HDB_ENTRY_SCHEMA:
        hdb_schema_free(reader->schema);
        reader->schema = get_schema(&reader->in);
        break;
    case HDB_ENTRY_TABLE:
        next_table(reader);
        break;
    case HDB_ENTRY_UPSERT:
    case HDB_ENTRY_DELETE:
        next_row(reader);
        break;
    case HDB_ENTRY_END:
    default:
        reader->in.failed = true;
        break;
    }
    reader->failed = reader->in.failed;
    return reader->failed ? (reader->kind = HDB_ENTRY_END) : reader->kind;
}

bool hdb_entry_at_table_end(const hdb_entry_reader *reader) {
    return reader->failed || reader->in.at >= reader->in.end ||
           (*reader->in.at != HDB_ENTRY_UPSERT && *reader->in.at != HDB_ENTRY_DELETE);
}

enum hdb_operation_kind hdb_entry_next_row(hdb_entry_reader *reader) {
    return hdb_entry_at_table_end(reader) ? HDB_ENTRY_END : hdb_entry_next(reader);
}
