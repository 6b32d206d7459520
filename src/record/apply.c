/* SPDX-License-Identifier: Apache-2.0 */
#include "record/apply.h"

#include "record/entry.h"
#include "record/filler.h"
#include "record/log.h"
#include "record/many.h"
#include "record/mirror.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { SENDS_PER_SYNC = 512 };

/* Up to `few` rows of a table go one by one: upserted on PostgreSQL, deleted by key and inserted on HeliosDB, whose
 * transactions do not see what an upsert has changed (docs/decisions/0004-apply.md). More are copied if none of them can be
 * there, else up to `few_changed` go one by one all the same, and more are deleted by key and copied
 * (docs/decisions/0009-many-rows.md). A row that goes one by one is away for microseconds, for those who read the engine,
 * and many commits of one row each are to look no worse to them together than one after the other. */
static const struct limits {
    int few, few_changed;
} limits[] = {
    [HDB_APPLY_ON_SERVER] = {32, 32},
    [HDB_APPLY_COMMIT] = {4, 32},
    [HDB_APPLY_MERGED] = {4, INT_MAX},
};

/* Rows of one table on their way. */
struct row_batch {
    hdb_link *link;
    const hdb_table *table;
    hdb_table_filler *filler; /* the table is filled anew */
    int width, sent;
    hdb_value *values; /* one row */
    hdb_buffer arena, key, lock_sql, upsert_sql, delete_sql, insert_sql;
    bool insert; /* delete and insert, instead of an upsert */
};

static void batch_clear(struct row_batch *batch) {
    free(batch->values);
    hdb_buffer_free(&batch->arena);
    hdb_buffer_free(&batch->key);
    hdb_buffer_free(&batch->lock_sql);
    hdb_buffer_free(&batch->upsert_sql);
    hdb_buffer_free(&batch->delete_sql);
    hdb_buffer_free(&batch->insert_sql);
    memset(batch, 0, sizeof *batch);
}

static int batch_start(struct row_batch *batch, hdb_link *link, const hdb_table *table, hdb_error *error) {
    memset(batch, 0, sizeof *batch);
    batch->link = link;
    batch->table = table;
    batch->insert = hdb_link_peer(link) == HDB_PEER_HELIOSDB;
    batch->width = hdb_mirror_width(table);
    batch->values = calloc((size_t)batch->width, sizeof *batch->values);
    hdb_mirror_lock(&batch->lock_sql, table);
    hdb_mirror_upsert(&batch->upsert_sql, table);
    hdb_mirror_delete(&batch->delete_sql, table);
    hdb_mirror_insert(&batch->insert_sql, table);
    if (batch->values && !batch->lock_sql.failed && !batch->upsert_sql.failed && !batch->delete_sql.failed && !batch->insert_sql.failed)
        return HDB_OK;
    batch_clear(batch);
    return hdb_error_nomem(error);
}

static int batch_send(struct row_batch *batch, const char *sql, const hdb_value *values, int count, hdb_error *error) {
    int rc = hdb_link_send(batch->link, sql, values, count, error);
    if (rc == HDB_OK && ++batch->sent % SENDS_PER_SYNC == 0)
        rc = hdb_link_sync(batch->link, NULL, error);
    return rc;
}

static int batch_delete(struct row_batch *batch, int64_t rowid, const char *key, size_t size, hdb_error *error) {
    hdb_value param;
    if (!hdb_mirror_key(batch->table, rowid, key, size, &batch->key, &param))
        return hdb_error_nomem(error);
    return batch_send(batch, batch->delete_sql.data, &param, 1, error);
}

static int batch_upsert(struct row_batch *batch, int64_t rowid, const hdb_value *cells, hdb_error *error) {
    if (!hdb_mirror_row(batch->table, rowid, cells, &batch->arena, &batch->key, batch->values))
        return hdb_error_nomem(error);
    hdb_value param = batch->table->key_kind == HDB_KEY_COLUMNS ? batch->values[0] : hdb_value_integer(rowid);
    if (!batch->insert) {
        /* An upsert alone would bring back a row that another client has deleted since our snapshot. */
        int locked = batch_send(batch, batch->lock_sql.data, &param, 1, error);
        return locked == HDB_OK ? batch_send(batch, batch->upsert_sql.data, batch->values, batch->width, error) : locked;
    }
    int rc = batch_send(batch, batch->delete_sql.data, &param, 1, error);
    return rc == HDB_OK ? batch_send(batch, batch->insert_sql.data, batch->values, batch->width, error) : rc;
}

static hdb_value text_of(const char *text) {
    return hdb_value_text(text, strlen(text));
}

static int forget_table(hdb_link *link, const char *name, hdb_error *error) {
    hdb_value id = hdb_value_integer(hdb_name_hash(name));
    return hdb_link_send(link, "DELETE FROM \"_hdb_tables\" WHERE id = $1", &id, 1, error);
}

static int note_table(hdb_link *link, const hdb_table *table, hdb_error *error) {
    hdb_value params[3] = {hdb_value_integer(hdb_name_hash(table->name)), text_of(table->name), text_of(table->engine_name)};
    return hdb_link_send(link,
                         "INSERT INTO \"_hdb_tables\" (id, name, engine_name) VALUES ($1, $2, $3) "
                         "ON CONFLICT (id) DO UPDATE SET engine_name = excluded.engine_name",
                         params, 3, error);
}

/* Tables that the engine still has and the schema no longer. */
static int drop_vanished(hdb_link *link, const hdb_schema *schema, hdb_error *error) {
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(link, "SELECT name, engine_name FROM \"_hdb_tables\"", NULL, 0, HDB_ROWS_NATIVE, &rows, error);
    for (int i = 0; rc == HDB_OK && i < hdb_rows_count(rows); i++) {
        const char *name = hdb_rows_text(rows, i, 0), *engine_name = hdb_rows_text(rows, i, 1);
        const hdb_table *table = name ? hdb_schema_table(schema, name) : NULL;
        if (table && strcmp(table->name, name) == 0)
            continue;
        if (!name || !engine_name) {
            rc = hdb_error_set(error, HDB_CORRUPT, NULL, "a table of the record has no name");
            break;
        }
        hdb_buffer drop = HDB_BUFFER_INIT;
        hdb_mirror_drop(&drop, engine_name);
        rc = drop.failed ? hdb_error_nomem(error) : hdb_link_script(link, drop.data, error);
        hdb_buffer_free(&drop);
        if (rc == HDB_OK)
            rc = forget_table(link, name, error);
        if (rc == HDB_OK)
            rc = hdb_link_sync(link, NULL, error);
    }
    hdb_rows_free(rows);
    return rc;
}

static int send_item(hdb_link *link, int position, const hdb_schema_item *item, hdb_error *error) {
    hdb_value params[5] = {hdb_value_integer(position), hdb_value_text(item->type, strlen(item->type)),
                           hdb_value_text(item->name, strlen(item->name)),
                           hdb_value_text(item->table, strlen(item->table)), hdb_value_null()};
    if (item->sql)
        params[4] = hdb_value_text(item->sql, strlen(item->sql));
    return hdb_link_send(link, "INSERT INTO \"_hdb_schema\" (position, type, name, tbl_name, sql) VALUES ($1, $2, $3, $4, $5)",
                         params, 5, error);
}

int hdb_apply_schema(hdb_link *link, const hdb_schema *schema, hdb_error *error) {
    int rc = drop_vanished(link, schema, error);
    if (rc == HDB_OK)
        rc = hdb_link_script(link, "DELETE FROM \"_hdb_schema\"", error);
    for (int i = 0; rc == HDB_OK && i < schema->item_count; i++)
        rc = send_item(link, i, &schema->items[i], error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++)
        rc = note_table(link, &schema->tables[i], error);
    if (rc == HDB_OK)
        rc = hdb_meta_send(link, "user_version", schema->user_version, error);
    if (rc == HDB_OK)
        rc = hdb_meta_send(link, "application_id", schema->application_id, error);
    if (rc == HDB_OK)
        rc = hdb_meta_send(link, "format_of_file", schema->format, error);
    return rc == HDB_OK ? hdb_link_sync(link, NULL, error) : rc;
}

static int end_table(struct row_batch *batch, hdb_error *error) {
    int rc = HDB_OK;
    if (batch->filler) {
        rc = hdb_fill_end(batch->filler, error);
        batch->filler = NULL;
    } else if (batch->table) {
        rc = hdb_link_sync(batch->link, NULL, error);
    }
    batch_clear(batch);
    return rc;
}

/* Whether more than a few rows are to be put into the reader's table. */
static bool has_many(const hdb_entry_reader *at_table, int few) {
    hdb_entry_reader ahead = {.in = at_table->in, .table = at_table->table};
    int rows = 0;
    ahead.cells = calloc((size_t)ahead.table.column_count + 1, sizeof *ahead.cells);
    if (!ahead.cells)
        return true;
    while (rows <= few) {
        enum hdb_operation_kind kind = hdb_entry_next_row(&ahead);
        if (kind == HDB_ENTRY_END)
            break;
        rows += kind == HDB_ENTRY_UPSERT;
    }
    free(ahead.cells);
    return rows > few;
}

static int start_table(struct row_batch *batch, hdb_link *link, hdb_entry_reader *reader, const struct limits *of, hdb_error *error) {
    bool done = false;
    int rc = HDB_OK;
    if (reader->whole)
        return hdb_fill_start(link, &reader->table, &batch->filler, error);
    if (has_many(reader, of->few))
        rc = hdb_apply_many(link, reader, of->few_changed, &done, error);
    return rc == HDB_OK && !done ? batch_start(batch, link, &reader->table, error) : rc;
}

int hdb_apply_entry(hdb_link *link, const char *data, size_t size, enum hdb_apply_kind of, hdb_error *error) {
    hdb_entry_reader reader;
    struct row_batch batch = {0};
    enum hdb_operation_kind kind;
    int rc = HDB_OK;
    hdb_entry_open(&reader, data, size);
    while (rc == HDB_OK) {
        /* The rows of a table refer to the reader's description of it: end them before it moves on. */
        if ((batch.table || batch.filler) && hdb_entry_at_table_end(&reader))
            rc = end_table(&batch, error);
        if (rc != HDB_OK || (kind = hdb_entry_next(&reader)) == HDB_ENTRY_END)
            break;
        switch (kind) {
        case HDB_ENTRY_SCHEMA:
            rc = hdb_apply_schema(link, reader.schema, error);
            break;
        case HDB_ENTRY_TABLE:
            rc = start_table(&batch, link, &reader, &limits[of], error);
            break;
        case HDB_ENTRY_UPSERT:
            rc = batch.filler ? hdb_fill_row(batch.filler, reader.rowid, reader.cells, error)
                              : batch_upsert(&batch, reader.rowid, reader.cells, error);
            break;
        case HDB_ENTRY_DELETE:
            rc = batch.filler ? HDB_OK : batch_delete(&batch, reader.rowid, reader.key, reader.key_size, error);
            break;
        case HDB_ENTRY_END:
            break;
        }
    }
    if (rc == HDB_OK && reader.failed)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "a log entry is malformed");
    if (rc == HDB_OK) {
        rc = end_table(&batch, error);
    } else {
        /* What is under way is given up; the first error is the one to tell. */
        hdb_error ignored = HDB_ERROR_INIT;
        end_table(&batch, &ignored);
        hdb_error_clear(&ignored);
    }
    hdb_entry_close(&reader);
    return rc;
}
