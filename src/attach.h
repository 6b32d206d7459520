/* SPDX-License-Identifier: Apache-2.0 */
/* ATTACH and DETACH: a file that is attached is kept by an engine of its own, as it is when it is opened by itself. */
#ifndef HDB_ATTACH_H
#define HDB_ATTACH_H

#include "statement.h"

/* Runs an ATTACH statement. */
int hdb_attach_run(hdb_stmt *stmt);
/* Runs a DETACH statement. */
int hdb_attach_end(hdb_stmt *stmt);
/* The stores of attached databases, with a NULL at the end; the caller frees the array. */
hdb_embedded_store **hdb_attached_stores(hdb_conn *conn);

#endif
