/* SPDX-License-Identifier: Apache-2.0 */
/* Brings log entries to the engine's tables: idempotent keyed statements, pipelined. Applying an entry again, or half an
 * entry and then all of it, gives the same tables. */
#ifndef HDB_APPLY_H
#define HDB_APPLY_H

#include "error.h"
#include "link/link.h"
#include "record/table.h"

/* What is applied, and where: decides how its rows are sent. */
enum hdb_apply_kind {
    HDB_APPLY_ON_SERVER, /* a commit, on a server that may be far away */
    HDB_APPLY_COMMIT,    /* a commit, in the engine beside us */
    HDB_APPLY_MERGED     /* several commits (record/merge.h), there too */
};

/* Applies one entry. Returns when the engine has answered for all of it. */
int hdb_apply_entry(hdb_link *link, const char *data, size_t size, enum hdb_apply_kind kind, hdb_error *error);

/* Writes the catalogue: the schema's text, the names of tables, the header values. Tables of the engine that the schema
 * no longer has are dropped. */
int hdb_apply_schema(hdb_link *link, const hdb_schema *schema, hdb_error *error);

#endif
