/* SPDX-License-Identifier: Apache-2.0 */
#include "record/many.h"

#include "record/filler.h"
#include "record/mirror.h"
#include <stdlib.h>

enum { ROWS_PER_COPY = 1024, SENDS_PER_SYNC = 512 };

struct many {
    hdb_link *link;
    hdb_entry_reader *reader;
    hdb_buffer delete_sql, key, sent_key;
    hdb_entry_reader ahead; /* looks at the rows that follow; the reader stays where it is */
    int64_t rows, first, last; /* that are to be put, and the bounds of their rowids */
    int sent;
};

static void look_ahead(struct many *many) {
    many->ahead.in = many->reader->in;
}

static bool is_deletion(const hdb_entry_reader *reader) {
    return !hdb_entry_at_table_end(reader) && *reader->in.at == HDB_ENTRY_DELETE;
}

static int delete_row(struct many *many, int64_t rowid, const char *key, size_t size, hdb_error *error) {
    hdb_value param;
    if (!hdb_mirror_key(&many->reader->table, rowid, key, size, &many->sent_key, &param))
        return hdb_error_nomem(error);
    int rc = hdb_link_send(many->link, many->delete_sql.data, &param, 1, error);
    if (rc == HDB_OK && ++many->sent % SENDS_PER_SYNC == 0)
        rc = hdb_link_sync(many->link, NULL, error);
    return rc;
}

/* In an entry, deletions come first. */
static int delete_rows(struct many *many, hdb_error *error) {
    hdb_entry_reader *reader = many->reader;
    int rc = HDB_OK;
    while (rc == HDB_OK && is_deletion(reader) && hdb_entry_next_row(reader) == HDB_ENTRY_DELETE)
        rc = delete_row(many, reader->rowid, reader->key, reader->key_size, error);
    return rc == HDB_OK ? hdb_link_sync(many->link, NULL, error) : rc;
}

/* Deletes the next rows by their keys. */
static int delete_ahead(struct many *many, int64_t most, hdb_error *error) {
    const hdb_table *table = &many->reader->table;
    int rc = HDB_OK;
    look_ahead(many);
    for (int64_t i = 0; rc == HDB_OK && i < most && hdb_entry_next_row(&many->ahead) == HDB_ENTRY_UPSERT; i++) {
        hdb_buffer_reset(&many->key);
        if (table->key_kind == HDB_KEY_COLUMNS)
            hdb_row_key(table, many->ahead.cells, &many->key);
        rc = many->key.failed ? hdb_error_nomem(error)
                              : delete_row(many, many->ahead.rowid, many->key.data, many->key.size, error);
    }
    return rc == HDB_OK ? hdb_link_sync(many->link, NULL, error) : rc;
}

static int copy_rows(struct many *many, int64_t most, hdb_error *error) {
    hdb_entry_reader *reader = many->reader;
    hdb_table_filler *filler = NULL;
    hdb_error ignored = HDB_ERROR_INIT;
    int rc = hdb_fill_more(many->link, &reader->table, &filler, error);
    for (int64_t i = 0; rc == HDB_OK && i < most && hdb_entry_next_row(reader) == HDB_ENTRY_UPSERT; i++)
        rc = hdb_fill_row(filler, reader->rowid, reader->cells, error);
    int ended = hdb_fill_end(filler, rc == HDB_OK ? error : &ignored);
    hdb_error_clear(&ignored);
    return rc == HDB_OK ? ended : rc;
}

/* Counts the rows that are to be put, and finds the bounds of their rowids. */
static void survey(struct many *many) {
    many->first = INT64_MAX;
    many->last = INT64_MIN;
    look_ahead(many);
    while (hdb_entry_next_row(&many->ahead) != HDB_ENTRY_END) {
        int64_t rowid = many->ahead.rowid;
        if (many->ahead.kind == HDB_ENTRY_DELETE)
            continue;
        many->rows++;
        many->first = rowid < many->first ? rowid : many->first;
        many->last = rowid > many->last ? rowid : many->last;
    }
}

/* The engine reads all that lies between two rowids, and with keys that it can't compare the whole table, to tell whether
 * there is anything: 0.3 us a row, where deleting one that is not there takes it 5. */
static bool is_worth_a_look(const struct many *many) {
    enum { SPARSE = 16 };
    if (many->rows > ROWS_PER_COPY)
        return true;
    return many->reader->table.key_kind != HDB_KEY_COLUMNS && many->rows > 0 &&
           (uint64_t)many->last - (uint64_t)many->first < SPARSE * (uint64_t)many->rows;
}

/* Whether the engine may hold some of the rows to come: for rowids, whether it holds any between the first and the last of
 * them, else any at all. */
static int is_taken(struct many *many, bool *out, hdb_error *error) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    hdb_rows *rows = NULL;
    *out = true;
    if (!is_worth_a_look(many))
        return HDB_OK;
    hdb_value bounds[2] = {hdb_value_integer(many->first), hdb_value_integer(many->last)};
    int count = hdb_mirror_probe(&sql, &many->reader->table);
    int rc = sql.failed ? hdb_error_nomem(error)
                        : hdb_link_query(many->link, sql.data, bounds, count, HDB_ROWS_NATIVE, &rows, error);
    if (rc == HDB_OK)
        *out = hdb_rows_count(rows) > 0;
    hdb_rows_free(rows);
    hdb_buffer_free(&sql);
    return rc;
}

/* New rows come with one COPY, which is atomic. Of changed ones no more than some are away at a time, for those who read
 * the engine meanwhile. */
static int put_rows(struct many *many, bool taken, hdb_error *error) {
    int rc = HDB_OK;
    if (!taken)
        return copy_rows(many, INT64_MAX, error);
    while (rc == HDB_OK && !hdb_entry_at_table_end(many->reader)) {
        rc = delete_ahead(many, ROWS_PER_COPY, error);
        if (rc == HDB_OK)
            rc = copy_rows(many, ROWS_PER_COPY, error);
    }
    return rc;
}

int hdb_apply_many(hdb_link *link, hdb_entry_reader *reader, int few, bool *done, hdb_error *error) {
    struct many many = {.link = link, .reader = reader, .ahead = {.table = reader->table}};
    bool taken = true;
    many.ahead.cells = calloc((size_t)reader->table.column_count + 1, sizeof *many.ahead.cells);
    hdb_mirror_delete(&many.delete_sql, &reader->table);
    int rc = many.ahead.cells && !many.delete_sql.failed ? HDB_OK : hdb_error_nomem(error);
    if (rc == HDB_OK) {
        survey(&many);
        rc = is_taken(&many, &taken, error);
    }
    *done = !taken || many.rows > few;
    if (rc == HDB_OK && *done)
        rc = delete_rows(&many, error);
    if (rc == HDB_OK && *done)
        rc = put_rows(&many, taken, error);
    free(many.ahead.cells);
    hdb_buffer_free(&many.delete_sql);
    hdb_buffer_free(&many.key);
    hdb_buffer_free(&many.sent_key);
    return rc;
}
