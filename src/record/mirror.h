/* SPDX-License-Identifier: Apache-2.0 */
/* A table as the engine has it: the statements that make it, fill it and read it, all in plain PostgreSQL dialect with
 * $n parameters. Engine rows are: the key ("_hdb_rowid" or "_hdb_key", none if a column is the rowid), every column,
 * "_hdb_odd". */
#ifndef HDB_MIRROR_H
#define HDB_MIRROR_H

#include "buffer.h"
#include "link/link.h"
#include "record/cell.h"
#include "record/table.h"

/* Number of engine columns. */
int hdb_mirror_width(const hdb_table *table);
void hdb_mirror_create(hdb_buffer *sql, const hdb_table *table, enum hdb_peer peer);
void hdb_mirror_drop(hdb_buffer *sql, const char *engine_name);
/* INSERT of a row whose key is not there. */
void hdb_mirror_insert(hdb_buffer *sql, const hdb_table *table);
/* SELECT of a row by its key, which fails in a snapshot of PostgreSQL if another client has changed or deleted it. */
void hdb_mirror_lock(hdb_buffer *sql, const hdb_table *table);
/* INSERT of a row that replaces the one with the same key. */
void hdb_mirror_upsert(hdb_buffer *sql, const hdb_table *table);
void hdb_mirror_delete(hdb_buffer *sql, const hdb_table *table);
/* SELECT of some row whose rowid lies between $1 and $2, or, with keys that can't be compared there, of any row. Returns
 * the number of parameters. */
int hdb_mirror_probe(hdb_buffer *sql, const hdb_table *table);
/* COPY of all columns. */
void hdb_mirror_copy(hdb_buffer *sql, const hdb_table *table);
/* SELECT of all columns and rows, in no order. */
void hdb_mirror_select(hdb_buffer *sql, const hdb_table *table);

/* A row's engine values: hdb_mirror_width() of them into `out`. `arena` holds what had to be encoded. */
bool hdb_mirror_row(const hdb_table *table, int64_t rowid, const hdb_value *cells, hdb_buffer *arena, hdb_buffer *key,
                    hdb_value *out);
/* The reverse. `rowid` is set but for WITHOUT ROWID tables. */
bool hdb_mirror_read(const hdb_table *table, const hdb_value *in, hdb_buffer *arena, int64_t *rowid, hdb_value *cells);
/* The key parameter of hdb_mirror_delete(): from the rowid, or from what hdb_row_key() gives. Lies in `arena`. */
bool hdb_mirror_key(const hdb_table *table, int64_t rowid, const char *key, size_t size, hdb_buffer *arena, hdb_value *out);

#endif
