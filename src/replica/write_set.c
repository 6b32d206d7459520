/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/write_set.h"

#include "record/entry.h"
#include "replica/own_statement.h"
#include "replica/schema.h"
#include "replica/sqlite_value.h"
#include "replica/stub.h"
#include "replica/table_statement.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void hdb_sequences_clear(hdb_sequences *sequences) {
    for (int i = 0; i < sequences->count; i++)
        hdb_buffer_free(&sequences->rows[i].encoded);
    free(sequences->rows);
    memset(sequences, 0, sizeof *sequences);
}

/* Reads the cells of the statement's row, from a first column on. */
static void read_cells(sqlite3_stmt *statement, int first, int count, hdb_value *out) {
    for (int i = 0; i < count; i++)
        out[i] = hdb_value_of_column_unended(statement, first + i);
}

static hdb_value *new_cells(const hdb_table *table, hdb_error *error) {
    hdb_value *cells = calloc((size_t)table->column_count + 1, sizeof *cells);
    if (!cells)
        hdb_error_nomem(error);
    return cells;
}

/* SQLite lets a column with a default of another type into a STRICT table: rows that were there before it then hold what no
 * INSERT takes, and could never be put back. */
static int check_strict(const hdb_table *table, const hdb_value *cells, hdb_error *error) {
    static const int types[] = {[HDB_AFFINITY_INTEGER] = HDB_TYPE_INTEGER,
                                [HDB_AFFINITY_REAL] = HDB_TYPE_FLOAT,
                                [HDB_AFFINITY_TEXT] = HDB_TYPE_TEXT,
                                [HDB_AFFINITY_BLOB] = HDB_TYPE_BLOB};
    for (int i = 0; table->is_strict && i < table->column_count; i++) {
        enum hdb_affinity affinity = table->columns[i].affinity;
        if (!table->columns[i].generated && affinity <= HDB_AFFINITY_BLOB && cells[i].type != HDB_TYPE_NULL && (int)cells[i].type != types[affinity])
            return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                                 "STRICT table %s would hold a value in %s that its type does not take: the row could not be kept",
                                 table->name, table->columns[i].name);
    }
    return HDB_OK;
}

int hdb_write_set_whole(sqlite3 *db, const hdb_table *table, hdb_buffer *entry, hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    hdb_value *cells = new_cells(table, error);
    int rc = cells ? hdb_table_prepare(db, table, HDB_TABLE_READ_ALL, &statement, error) : HDB_NOMEM;
    int step = SQLITE_DONE;
    if (rc == HDB_OK)
        hdb_entry_put_table(entry, table, true);
    while (rc == HDB_OK && (step = sqlite3_step(statement)) == SQLITE_ROW && !entry->failed) {
        read_cells(statement, 1, table->column_count, cells);
        rc = check_strict(table, cells, error);
        hdb_entry_put_upsert(entry, table, sqlite3_column_int64(statement, 0), cells);
    }
    if (rc == HDB_OK && entry->failed)
        rc = hdb_error_nomem(error);
    else if (rc == HDB_OK && step != SQLITE_DONE)
        rc = hdb_sqlite_error(db, error);
    sqlite3_finalize(statement);
    free(cells);
    return rc;
}

/* Whether a row that a key found is that very row: a collation may find one whose key is written otherwise. */
static bool is_same_key(const hdb_table *table, const hdb_value *cells, const char *key, size_t size) {
    hdb_buffer found = HDB_BUFFER_INIT;
    hdb_row_key(table, cells, &found);
    bool same = !found.failed && found.size == size && memcmp(found.data, key, size) == 0;
    hdb_buffer_free(&found);
    return same;
}

static int put_key(hdb_replica *replica, const hdb_table *table, const hdb_touched *touched, size_t index,
                   sqlite3_stmt *reader, hdb_value *cells, hdb_buffer *deleted, hdb_buffer *put, hdb_error *error) {
    const char *key = NULL;
    size_t size = 0;
    int64_t rowid = 0;
    if (touched->by_columns)
        key = hdb_touched_key(touched, index, &size);
    else
        rowid = touched->rowids[index];
    hdb_table_bind_key(reader, table, rowid, key, size);
    int step = sqlite3_step(reader), rc = HDB_OK;
    if (step == SQLITE_ROW)
        read_cells(reader, 0, table->column_count, cells);
    bool found = step == SQLITE_ROW && (!key || is_same_key(table, cells, key, size));
    if (found)
        rc = check_strict(table, cells, error);
    if (found)
        hdb_entry_put_upsert(put, table, rowid, cells);
    else if (step == SQLITE_ROW || step == SQLITE_DONE)
        key ? hdb_entry_put_delete_key(deleted, key, size) : hdb_entry_put_delete(deleted, rowid);
    else
        rc = hdb_replica_error(replica, error);
    sqlite3_reset(reader);
    return rc;
}

/* How many rowids from an index on follow one another, as those of many inserted rows do. */
static size_t run_length(const hdb_table *table, const hdb_touched *touched, size_t index) {
    size_t end = index + 1;
    if (touched->by_columns || (table->alias < 0 && !hdb_table_rowid_name(table)))
        return 1;
    while (end < touched->count && touched->rowids[end - 1] < INT64_MAX && touched->rowids[end] == touched->rowids[end - 1] + 1)
        end++;
    return end - index;
}

/* The rows of such a run, by one statement that goes from one to the next: looking up each would take twice as long. */
static int put_run(hdb_replica *replica, const hdb_table *table, int64_t first, size_t count, sqlite3_stmt *range,
                   hdb_value *cells, hdb_buffer *deleted, hdb_buffer *put, hdb_error *error) {
    size_t done = 0;
    int step = SQLITE_DONE, rc = HDB_OK;
    sqlite3_bind_int64(range, 1, first);
    sqlite3_bind_int64(range, 2, first + (int64_t)count - 1);
    while (rc == HDB_OK && (step = sqlite3_step(range)) == SQLITE_ROW) {
        int64_t rowid = sqlite3_column_int64(range, 0);
        for (; first + (int64_t)done < rowid; done++)
            hdb_entry_put_delete(deleted, first + (int64_t)done);
        read_cells(range, 1, table->column_count, cells);
        rc = check_strict(table, cells, error);
        hdb_entry_put_upsert(put, table, rowid, cells);
        done++;
    }
    for (; step == SQLITE_DONE && done < count; done++)
        hdb_entry_put_delete(deleted, first + (int64_t)done);
    if (rc == HDB_OK && step != SQLITE_DONE)
        rc = hdb_replica_error(replica, error);
    sqlite3_reset(range);
    return rc;
}

/* Whether the entry ends with rows of this table that were written before, and those to come lie behind them: then they are one
 * run of rows, which the engine gets in one piece. */
static bool continues(const hdb_capture *capture, const hdb_touched *touched, const hdb_buffer *entry) {
    return capture->sent_end > 0 && capture->sent_end == entry->size && &capture->tables[capture->sent_last] == touched &&
           hdb_touched_are_behind(touched);
}

static int put_touched(hdb_replica *replica, const hdb_table *table, const hdb_touched *touched, hdb_buffer *entry,
                       hdb_error *error) {
    enum { WORTH_A_RANGE = 16 };
    hdb_buffer put = HDB_BUFFER_INIT;
    sqlite3_stmt *range = NULL;
    bool goes_on = continues(replica->capture, touched, entry);
    size_t before = entry->size;
    hdb_value *cells = new_cells(table, error);
    sqlite3_stmt *reader = cells ? hdb_replica_row_reader(replica, table, error) : NULL;
    int rc = reader ? HDB_OK : error->code & 0xff;
    hdb_entry_put_table(entry, table, false);
    size_t head = entry->size;
    for (size_t i = 0, count = 0; rc == HDB_OK && i < touched->count; i += count) {
        count = run_length(table, touched, i);
        if (count >= WORTH_A_RANGE && !range)
            rc = hdb_table_prepare(replica->db, table, HDB_TABLE_READ_RANGE, &range, error);
        if (rc == HDB_OK && count >= WORTH_A_RANGE)
            rc = put_run(replica, table, touched->rowids[i], count, range, cells, entry, &put, error);
        for (size_t each = 0; rc == HDB_OK && count < WORTH_A_RANGE && each < count; each++)
            rc = put_key(replica, table, touched, i + each, reader, cells, entry, &put, error);
    }
    sqlite3_finalize(range);
    if (goes_on && !entry->failed && entry->size == head) /* deletions come first in a table's rows */
        hdb_buffer_cut(entry, before);
    hdb_buffer_append(entry, put.data, put.size);
    if (rc == HDB_OK && (put.failed || entry->failed))
        rc = hdb_error_nomem(error);
    hdb_buffer_free(&put);
    free(cells);
    return rc;
}

static hdb_touched *find_touched(const hdb_capture *capture, const char *name) {
    for (int i = 0; i < capture->table_count; i++)
        if (strcasecmp(capture->tables[i].table, name) == 0)
            return &capture->tables[i];
    return NULL;
}

/* A table that DDL made, or that looks otherwise than before: what the engine has of it, if anything, is of no use. */
static bool is_new(const hdb_schema *before, const hdb_table *table) {
    const hdb_table *old = before ? hdb_schema_table(before, table->name) : table;
    return !old || !hdb_table_same(old, table);
}

static struct hdb_sequence *find_sequence(hdb_sequences *sequences, int64_t rowid) {
    for (int i = 0; i < sequences->count; i++)
        if (sequences->rows[i].rowid == rowid)
            return &sequences->rows[i];
    struct hdb_sequence *grown = realloc(sequences->rows, (size_t)(sequences->count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    sequences->rows = grown;
    grown[sequences->count] = (struct hdb_sequence){rowid, HDB_BUFFER_INIT};
    return &grown[sequences->count++];
}

/* Rows of sqlite_sequence that are not as this connection pushed them last. */
static int put_sequences(hdb_replica *replica, const hdb_table *table, hdb_sequences *sequences, hdb_buffer *entry,
                         hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    bool started = false;
    int step = SQLITE_DONE;
    char *sql = sqlite3_mprintf("SELECT rowid, name, seq FROM \"%w\".sqlite_sequence", replica->database);
    if (!sql)
        return hdb_error_nomem(error);
    int prepared = hdb_own_statement(replica->db, sql, 0, &statement);
    sqlite3_free(sql);
    if (prepared != SQLITE_OK)
        return hdb_replica_error(replica, error);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW && !entry->failed) {
        hdb_value cells[2];
        hdb_buffer encoded = HDB_BUFFER_INIT;
        int64_t rowid = sqlite3_column_int64(statement, 0);
        struct hdb_sequence *known = find_sequence(sequences, rowid);
        read_cells(statement, 1, 2, cells);
        hdb_put_value(&encoded, &cells[0]);
        hdb_put_value(&encoded, &cells[1]);
        if (!known || encoded.failed) {
            entry->failed = true;
        } else if (!known->encoded.data || known->encoded.size != encoded.size ||
                   memcmp(known->encoded.data, encoded.data, encoded.size) != 0) {
            if (!started)
                hdb_entry_put_table(entry, table, false);
            started = true;
            hdb_entry_put_upsert(entry, table, rowid, cells);
            hdb_buffer_free(&known->encoded);
            known->encoded = encoded;
            continue;
        }
        hdb_buffer_free(&encoded);
    }
    sqlite3_finalize(statement);
    if (entry->failed)
        return hdb_error_nomem(error);
    return step == SQLITE_DONE ? HDB_OK : hdb_replica_error(replica, error);
}

static int put_table(hdb_replica *replica, const hdb_table *table, hdb_sequences *sequences, hdb_buffer *entry,
                     hdb_error *error) {
    const hdb_capture *capture = replica->capture;
    const hdb_touched *touched = find_touched(capture, table->name);
    bool whole = (touched && touched->whole) || (capture->schema_changed && is_new(replica->schema_before, table));
    if (table->is_sequence) {
        if (capture->schema_changed || touched) {
            hdb_sequences_clear(sequences);
            return hdb_write_set_whole(replica->db, table, entry, error);
        }
        return put_sequences(replica, table, sequences, entry, error);
    }
    if (whole)
        return hdb_write_set_whole(replica->db, table, entry, error);
    return touched && touched->count > 0 ? put_touched(replica, table, touched, entry, error) : HDB_OK;
}

/* The schema without what other clients made. */
static int put_own_schema(const hdb_schema *schema, hdb_buffer *entry, hdb_error *error) {
    hdb_schema own = *schema;
    own.tables = calloc((size_t)schema->table_count + 1, sizeof *own.tables);
    own.items = calloc((size_t)schema->item_count + 1, sizeof *own.items);
    own.table_count = own.item_count = 0;
    int rc = own.tables && own.items ? HDB_OK : hdb_error_nomem(error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++)
        if (!schema->tables[i].is_foreign)
            own.tables[own.table_count++] = schema->tables[i];
    for (int i = 0; rc == HDB_OK && i < schema->item_count; i++) {
        const hdb_table *table = hdb_schema_table(schema, schema->items[i].table);
        if (!table || !table->is_foreign)
            own.items[own.item_count++] = schema->items[i];
    }
    if (rc == HDB_OK)
        hdb_entry_put_schema(entry, &own);
    free(own.tables);
    free(own.items);
    return rc;
}

int hdb_write_set_foreign(hdb_replica *replica, hdb_buffer *entry, hdb_error *error) {
    const hdb_schema *schema = NULL;
    int rc = hdb_replica_schema(replica, &schema, error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++) {
        const hdb_touched *touched = find_touched(replica->capture, schema->tables[i].name);
        if (touched && schema->tables[i].is_foreign)
            rc = put_touched(replica, &schema->tables[i], touched, entry, error);
    }
    return rc == HDB_OK && entry->failed ? hdb_error_nomem(error) : rc;
}

int hdb_write_set_ahead(hdb_replica *replica, hdb_buffer *entry, hdb_error *error) {
    const hdb_schema *schema = NULL;
    int rc = hdb_replica_schema(replica, &schema, error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++) {
        const hdb_table *table = &schema->tables[i];
        hdb_touched *touched = find_touched(replica->capture, table->name);
        size_t before = entry->size;
        if (!touched || table->is_sequence || table->is_foreign || !hdb_touched_are_many(touched))
            continue;
        rc = hdb_touched_prepare_sent(touched) ? put_touched(replica, table, touched, entry, error) : hdb_error_nomem(error);
        if (rc == HDB_OK)
            hdb_capture_sent(replica->capture, touched, entry->size);
        else
            hdb_buffer_cut(entry, before);
    }
    return rc;
}

bool hdb_write_set_has_schema(const hdb_replica *replica) {
    return replica->capture->schema_changed || replica->capture->header_set;
}

int hdb_write_set_encode(hdb_replica *replica, hdb_sequences *sequences, hdb_buffer *entry, hdb_error *error) {
    const hdb_schema *schema = NULL;
    bool puts_schema = hdb_write_set_has_schema(replica);
    /* What is known may be older than the header: another connection sets user_version without a new schema version, and
     * DDL that failed leaves the version as it was. */
    if (puts_schema)
        hdb_replica_forget_schema(replica);
    int rc = hdb_replica_schema(replica, &schema, error);
    if (rc != HDB_OK)
        return rc;
    if (puts_schema)
        rc = put_own_schema(schema, entry, error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++) {
        if (replica->capture->schema_changed)
            rc = hdb_stubs_check(replica->db, schema, &schema->tables[i], error);
        if (rc == HDB_OK && !schema->tables[i].is_foreign)
            rc = put_table(replica, &schema->tables[i], sequences, entry, error);
    }
    return rc == HDB_OK && entry->failed ? hdb_error_nomem(error) : rc;
}
