/* SPDX-License-Identifier: Apache-2.0 */
/* A log entry: what one commit changed, self-contained, so that it can be applied to the engine's tables and replayed
 * into a replica without asking either what they look like.
 *
 * An entry is a sequence of operations:
 *   SCHEMA   all of sqlite_schema as it is after the commit, and the header values; only if it changed
 *   TABLE    the table the following rows belong to; `whole`: they are all it has
 *   UPSERT   a row: its rowid (not for WITHOUT ROWID) and all its cells
 *   DELETE   a row's rowid, or the cells of its key columns
 * Order within an entry: SCHEMA, then for each table its deletions, then its rows. */
#ifndef HDB_ENTRY_H
#define HDB_ENTRY_H

#include "buffer.h"
#include "record/cell.h"
#include "record/table.h"

enum hdb_operation_kind { HDB_ENTRY_END = 0, HDB_ENTRY_SCHEMA = 1, HDB_ENTRY_TABLE = 2, HDB_ENTRY_UPSERT = 3, HDB_ENTRY_DELETE = 4 };

/* Writing. Failures stay in the buffer's flag. */
void hdb_entry_put_schema(hdb_buffer *entry, const hdb_schema *schema);
void hdb_entry_put_table(hdb_buffer *entry, const hdb_table *table, bool whole);
/* `rowid` is ignored for WITHOUT ROWID tables; `cells` has column_count values. */
void hdb_entry_put_upsert(hdb_buffer *entry, const hdb_table *table, int64_t rowid, const hdb_value *cells);
void hdb_entry_put_delete(hdb_buffer *entry, int64_t rowid);
/* `key` is the encoding of hdb_row_key(). */
void hdb_entry_put_delete_key(hdb_buffer *entry, const char *key, size_t size);

/* Reading: one operation at a time. */
typedef struct hdb_entry_reader {
    hdb_reader in;
    enum hdb_operation_kind kind;
    hdb_schema *schema; /* of SCHEMA */
    hdb_table table;    /* of the last TABLE; schema and table are freed by hdb_entry_close() */
    bool whole;
    int64_t rowid;
    const char *key; /* DELETE in a WITHOUT ROWID table: borrowed */
    size_t key_size;
    hdb_value *cells; /* UPSERT: table.column_count values, borrowed from the entry until the next operation */
    bool failed;      /* the entry is malformed, or memory ran out */
} hdb_entry_reader;

void hdb_entry_open(hdb_entry_reader *reader, const void *data, size_t size);
/* The next operation, HDB_ENTRY_END at the end or when `failed`. */
enum hdb_operation_kind hdb_entry_next(hdb_entry_reader *reader);
/* The next operation if it is a row of the current table, else HDB_ENTRY_END and the reader stays where it is. */
enum hdb_operation_kind hdb_entry_next_row(hdb_entry_reader *reader);
/* Whether the current table has no further rows. */
bool hdb_entry_at_table_end(const hdb_entry_reader *reader);
void hdb_entry_close(hdb_entry_reader *reader);

/* Whether an entry changes the schema. */
bool hdb_entry_has_schema(const char *data, size_t size);

/* Whether two tables are described alike: an entry for one fits the other. false too if memory ran out. */
bool hdb_table_same(const hdb_table *a, const hdb_table *b);

#endif
