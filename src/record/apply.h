/* SPDX-License-Identifier: Apache-2.0 */
/* Brings log entries to the engine's tables: idempotent keyed statements, pipelined. Applying an entry again, or half an
 * entry and then all of it, gives the same tables. */
#ifndef HDB_APPLY_H
#define HDB_APPLY_H

#include "error.h"
#include "link/link.h"
#include "record/table.h"

/* Applies one entry. Returns when the engine has answered for all of it. */
int hdb_apply_entry(hdb_link *link, const char *data, size_t size, hdb_error *error);

/* Writes the catalogue: the schema's text, the names of tables, the header values. Tables of the engine that the schema
 * no longer has are dropped. */
int hdb_apply_schema(hdb_link *link, const hdb_schema *schema, hdb_error *error);

#endif
