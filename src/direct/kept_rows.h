/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a direct SELECT of all rows, kept by the client: they come in any order and are read in that of their keys. */
#ifndef HDB_KEPT_ROWS_H
#define HDB_KEPT_ROWS_H

#include "error.h"
#include "value.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct hdb_kept_rows hdb_kept_rows;

/* A table with more rows, or larger ones, goes to SQLite, which has a file for it. */
enum { HDB_KEPT_MOST_ROWS = 1000000, HDB_KEPT_MOST_BYTES = 32 << 20 };

/* NULL if memory ran out. */
hdb_kept_rows *hdb_kept_new(int columns);
void hdb_kept_free(hdb_kept_rows *rows);
/* Adds a row, copied. HDB_OK, HDB_NOMEM, or HDB_TOOBIG if there are more of them than a scan keeps. */
int hdb_kept_add(hdb_kept_rows *rows, int64_t key, const hdb_value *cells);
/* Puts the rows in order: none is added any more. */
void hdb_kept_sort(hdb_kept_rows *rows);
/* Goes to the next row, the first one at first; false after the last. */
bool hdb_kept_next(hdb_kept_rows *rows);
/* The cells of the row it is on; their bytes live as long as the scan. */
const hdb_value *hdb_kept_row(const hdb_kept_rows *rows);
/* How many rows it has gone to. */
int64_t hdb_kept_position(const hdb_kept_rows *rows);

#endif
