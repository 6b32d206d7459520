/* SPDX-License-Identifier: Apache-2.0 */
/* An INSERT, UPDATE or DELETE in which something only the engine understands, taken apart: what the engine computes, and what
 * SQLite does with it. */
#ifndef HDB_DIRECT_ENGINE_PARTS_H
#define HDB_DIRECT_ENGINE_PARTS_H

#include "direct/classify.h"
#include "direct/lexer.h"

/* All slices point into the text. */
typedef struct hdb_engine_parts {
    enum hdb_sql_kind kind; /* HDB_SQL_INSERT, also for REPLACE; HDB_SQL_UPDATE, HDB_SQL_DELETE */
    hdb_slice head;         /* INSERT: up to the rows; UPDATE: up to SET, with it; DELETE: up to WHERE */
    hdb_slice schema, table, alias; /* as written, {NULL, 0}: not there */
    int column_count;       /* INSERT: how many are listed, -1: there is no list */
    hdb_slice rows;         /* INSERT: SELECT ..., VALUES ... or WITH ... */
    bool values;            /* INSERT: the rows are VALUES */
    hdb_slice assignments;  /* UPDATE: what stands between SET and WHERE */
    hdb_slice condition;    /* UPDATE, DELETE: behind WHERE */
    hdb_slice tail;         /* ON CONFLICT ..., RETURNING ... */
} hdb_engine_parts;

/* NULL, or why the statement can't be taken apart: a static text. */
const char *hdb_engine_take_apart(const char *sql, size_t size, hdb_engine_parts *out);
/* Takes the next `name = expression` of the assignments; false when there is none, or, with `*malformed`, when it has
 * another form. */
bool hdb_engine_next_assignment(hdb_slice *assignments, hdb_slice *name, hdb_slice *expression, bool *malformed);

#endif
