/* SPDX-License-Identifier: Apache-2.0 */
/* The application's schema as the engine keeps it. */
#ifndef HDB_CATALOGUE_H
#define HDB_CATALOGUE_H

#include "error.h"
#include "link/link.h"
#include "record/table.h"

/* Reads `_hdb_schema` and the header values. The result has items but no tables: those follow from making the schema in
 * SQLite and reading it there. */
int hdb_catalogue_read(hdb_link *link, hdb_schema **out, hdb_error *error);

#endif
