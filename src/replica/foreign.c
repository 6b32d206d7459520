/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/foreign.h"

#include "record/entry.h"
#include "replica/schema.h"
#include "replica/sqlite_value.h"
#include "replica/table_statement.h"
#include "replica/write_set.h"
#include <stdlib.h>
#include <string.h>

enum { REPORTED = 10 };

struct comparison {
    sqlite3 *file, *record;
    hdb_buffer *entry, *report;
    int64_t differences;
    hdb_error *error;
};

static void note(struct comparison *comparison, const char *what, const char *name, int64_t rowid, bool with_rowid) {
    if (comparison->report && comparison->differences < REPORTED) {
        hdb_buffer_format(comparison->report, "%s%s %s", comparison->report->size ? "; " : "", what, name);
        if (with_rowid)
            hdb_buffer_format(comparison->report, " row %lld", (long long)rowid);
    }
    comparison->differences++;
}

static bool is_kept(const hdb_schema_item *item) {
    return item->sql && strncmp(item->name, "sqlite_", 7) != 0;
}

/* Items of `a` that `b` lacks or has otherwise. */
static void compare_items(struct comparison *comparison, const hdb_schema *a, const hdb_schema *b, bool both_ways) {
    for (int i = 0; i < a->item_count; i++) {
        const hdb_schema_item *item = &a->items[i];
        if (!is_kept(item))
            continue;
        const hdb_schema_item *other = hdb_schema_item_find(b, item->type, item->name);
        if (!other || (both_ways && (!other->sql || strcmp(other->sql, item->sql) != 0)))
            note(comparison, item->type, item->name, 0, false);
    }
}

/* Finds the row of `other` with the key of the row that `all` is on; its cells go to `found`. */
static bool find_row(const hdb_table *table, sqlite3_stmt *other, int64_t rowid, const hdb_value *cells, hdb_value *found,
                     hdb_buffer *key) {
    hdb_buffer_reset(key);
    if (table->key_kind == HDB_KEY_COLUMNS)
        hdb_row_key(table, cells, key);
    sqlite3_reset(other);
    if (!hdb_table_bind_key(other, table, rowid, key->data, key->size) || sqlite3_step(other) != SQLITE_ROW)
        return false;
    for (int i = 0; i < table->column_count; i++)
        found[i] = hdb_value_of_column(other, i);
    return true;
}

static bool identical(const hdb_table *table, const hdb_value *a, const hdb_value *b) {
    for (int i = 0; i < table->column_count; i++)
        if (!hdb_value_identical(&a[i], &b[i]))
            return false;
    return true;
}

static bool same_key(const hdb_table *table, const hdb_buffer *key, const hdb_value *found) {
    hdb_buffer other = HDB_BUFFER_INIT;
    hdb_row_key(table, found, &other);
    bool same = !other.failed && other.size == key->size && memcmp(other.data, key->data, key->size) == 0;
    hdb_buffer_free(&other);
    return same;
}

/* One direction: each row of `from` is looked for in `to`. */
static int scan(struct comparison *comparison, const hdb_table *table, const hdb_table *to_table, bool from_file,
                hdb_buffer *out) {
    sqlite3 *from = from_file ? comparison->file : comparison->record;
    sqlite3 *to = from_file ? comparison->record : comparison->file;
    sqlite3_stmt *all = NULL, *other = NULL;
    hdb_buffer key = HDB_BUFFER_INIT;
    hdb_value *cells = calloc(2 * ((size_t)table->column_count + 1), sizeof *cells);
    hdb_value *found = cells ? cells + table->column_count + 1 : NULL;
    int step = SQLITE_DONE;
    int rc = cells ? hdb_table_prepare(from, table, HDB_TABLE_READ_ALL, &all, comparison->error) : hdb_error_nomem(comparison->error);
    if (rc == HDB_OK)
        rc = hdb_table_prepare(to, to_table, HDB_TABLE_READ_ROW, &other, comparison->error);
    while (rc == HDB_OK && (step = sqlite3_step(all)) == SQLITE_ROW) {
        int64_t rowid = sqlite3_column_int64(all, 0);
        for (int i = 0; i < table->column_count; i++)
            cells[i] = hdb_value_of_column(all, i + 1);
        bool there = find_row(table, other, rowid, cells, found, &key);
        if (from_file && there && identical(table, cells, found))
            continue;
        if (!from_file && there && (table->key_kind != HDB_KEY_COLUMNS || same_key(table, &key, found)))
            continue;
        note(comparison, from_file ? (there ? "changed:" : "only in the file:") : "only in the engine:", table->name, rowid,
             table->key_kind != HDB_KEY_COLUMNS);
        if (from_file)
            hdb_entry_put_upsert(out, table, rowid, cells);
        else if (table->key_kind == HDB_KEY_COLUMNS)
            hdb_entry_put_delete_key(out, key.data, key.size);
        else
            hdb_entry_put_delete(out, rowid);
    }
    if (rc == HDB_OK && step != SQLITE_DONE)
        rc = hdb_sqlite_error(from, comparison->error);
    sqlite3_finalize(all);
    sqlite3_finalize(other);
    hdb_buffer_free(&key);
    free(cells);
    return rc;
}

/* Rows that can't be asked for are compared in their order; if any differs, all of them are brought. */
static int compare_in_order(struct comparison *comparison, const hdb_table *table, const hdb_table *recorded) {
    hdb_buffer here = HDB_BUFFER_INIT, there = HDB_BUFFER_INIT;
    int rc = hdb_write_set_whole(comparison->file, table, &here, comparison->error);
    if (rc == HDB_OK)
        rc = hdb_write_set_whole(comparison->record, recorded, &there, comparison->error);
    if (rc == HDB_OK && (here.size != there.size || memcmp(here.data, there.data, here.size) != 0)) {
        note(comparison, "changed:", table->name, 0, false);
        if (comparison->entry)
            hdb_buffer_append(comparison->entry, here.data, here.size);
    }
    hdb_buffer_free(&here);
    hdb_buffer_free(&there);
    return rc;
}

static int compare_rows(struct comparison *comparison, const hdb_table *table, const hdb_table *recorded) {
    hdb_buffer rows = HDB_BUFFER_INIT;
    if (table->key_kind == HDB_KEY_ROWID && !hdb_table_rowid_name(table))
        return compare_in_order(comparison, table, recorded);
    int rc = scan(comparison, recorded, table, false, &rows);
    if (rc == HDB_OK)
        rc = scan(comparison, table, recorded, true, &rows);
    if (rc == HDB_OK && rows.size && comparison->entry) {
        hdb_entry_put_table(comparison->entry, table, false);
        hdb_buffer_append(comparison->entry, rows.data, rows.size);
    }
    if (rc == HDB_OK && rows.failed)
        rc = hdb_error_nomem(comparison->error);
    hdb_buffer_free(&rows);
    return rc;
}

/* Whether the items that both have stand in another order: VACUUM puts tables first. */
static bool is_reordered(const hdb_schema *a, const hdb_schema *b) {
    int at = 0;
    for (int i = 0; i < a->item_count; i++) {
        const hdb_schema_item *item = &a->items[i];
        if (!is_kept(item) || !hdb_schema_item_find(b, item->type, item->name))
            continue;
        while (at < b->item_count && (!is_kept(&b->items[at]) ||
                                      !hdb_schema_item_find(a, b->items[at].type, b->items[at].name)))
            at++;
        if (at == b->item_count || strcmp(item->name, b->items[at].name) != 0 ||
            strcmp(item->type, b->items[at].type) != 0)
            return true;
        at++;
    }
    return false;
}

static int compare_schemas(struct comparison *comparison, const hdb_schema *file, const hdb_schema *record) {
    int64_t before = comparison->differences;
    compare_items(comparison, file, record, true);
    compare_items(comparison, record, file, false);
    if (is_reordered(file, record))
        note(comparison, "the order of", "sqlite_schema", 0, false);
    if (file->user_version != record->user_version)
        note(comparison, "PRAGMA", "user_version", 0, false);
    if (file->application_id != record->application_id)
        note(comparison, "PRAGMA", "application_id", 0, false);
    if (file->format != record->format)
        note(comparison, "PRAGMA", "page_size, auto_vacuum or encoding", 0, false);
    if (comparison->differences > before && comparison->entry)
        hdb_entry_put_schema(comparison->entry, file);
    return HDB_OK;
}

int hdb_foreign_compare(sqlite3 *file, const char *name, sqlite3 *record, bool keep_format, hdb_buffer *entry,
                        hdb_buffer *report, int64_t *differences, hdb_error *error) {
    struct comparison comparison = {file, record, entry, report, 0, error};
    hdb_schema *file_schema = NULL, *record_schema = NULL;
    hdb_buffer unused = HDB_BUFFER_INIT;
    int rc = hdb_schema_read(file, name, &file_schema, error);
    if (rc == HDB_OK)
        rc = hdb_schema_read(record, "main", &record_schema, error);
    if (rc == HDB_OK && keep_format)
        file_schema->format = record_schema->format;
    if (rc == HDB_OK)
        rc = compare_schemas(&comparison, file_schema, record_schema);
    for (int i = 0; rc == HDB_OK && i < file_schema->table_count; i++) {
        const hdb_table *table = &file_schema->tables[i];
        const hdb_table *other = hdb_schema_table(record_schema, table->name);
        if (other && hdb_table_same(table, other)) {
            rc = compare_rows(&comparison, table, other);
        } else {
            note(&comparison, "table", table->name, 0, false);
            rc = hdb_write_set_whole(file, table, entry ? entry : &unused, error);
        }
    }
    hdb_schema_free(file_schema);
    hdb_schema_free(record_schema);
    hdb_buffer_free(&unused);
    *differences = comparison.differences;
    return rc == HDB_OK && entry && entry->failed ? hdb_error_nomem(error) : rc;
}
