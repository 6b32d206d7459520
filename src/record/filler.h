/* SPDX-License-Identifier: Apache-2.0 */
/* Fills tables row by row, by COPY. */
#ifndef HDB_FILLER_H
#define HDB_FILLER_H

#include "error.h"
#include "link/link.h"
#include "record/table.h"

typedef struct hdb_table_filler hdb_table_filler;

/* The table is dropped and made anew. */
int hdb_fill_start(hdb_link *link, const hdb_table *table, hdb_table_filler **out, hdb_error *error);
/* The table is there, and none of the rows to come is. If one is, nothing of them gets in: HDB_CONSTRAINT. */
int hdb_fill_more(hdb_link *link, const hdb_table *table, hdb_table_filler **out, hdb_error *error);
int hdb_fill_row(hdb_table_filler *filler, int64_t rowid, const hdb_value *cells, hdb_error *error);
/* Ends it and frees it, also after an error. */
int hdb_fill_end(hdb_table_filler *filler, hdb_error *error);

#endif
