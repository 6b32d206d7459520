/* SPDX-License-Identifier: Apache-2.0 */
/* Brings rows to the statement: the tables it names are copied from the server's snapshot into the private replica, where
 * SQLite then runs it. What is loaded stays for the transaction, and is thrown away before the next one. */
#ifndef HDB_LOAD_H
#define HDB_LOAD_H

#include "link/link.h"
#include "record/foreign_tables.h"
#include "replica/replica.h"

typedef struct hdb_loader hdb_loader;

hdb_loader *hdb_loader_create(hdb_replica *replica);
void hdb_loader_free(hdb_loader *loader);
/* Makes the replica's schema the server's, with tables of other clients. No transaction is open that has changed
 * anything. */
int hdb_loader_take_schema(hdb_loader *loader, hdb_link *link, const hdb_foreign_tables *foreign, hdb_error *error);
/* Whether the tables of other clients that are to be loaded for a statement are still what they were. */
int hdb_loader_check(const hdb_loader *loader, hdb_link *link, const hdb_inspection *statement, bool *out, hdb_error *error);
/* Whether nothing was loaded since the last hdb_loader_clear(). */
bool hdb_loader_is_empty(const hdb_loader *loader);
/* Whether everything that a statement names is loaded. */
bool hdb_loader_has(const hdb_loader *loader, const hdb_inspection *statement);
/* Loads what a statement names and is not loaded yet, from the snapshot open on the link. */
int hdb_loader_load(hdb_loader *loader, hdb_link *link, const hdb_inspection *statement, hdb_error *error);
/* Empties every table that holds rows: nothing is loaded any more. No transaction is open that has shown any of it. */
int hdb_loader_clear(hdb_loader *loader, hdb_error *error);
/* The transaction was rolled back to a savepoint, with `depth` others around it, or (-1) as a whole: what was loaded since
 * is gone. */
/* A function or collation was registered: tables whose indexes were written without it are to be loaded again. */
void hdb_loader_registered(hdb_loader *loader);
void hdb_loader_rolled_back(hdb_loader *loader, int depth);
/* A savepoint was released: what was loaded inside it belongs to the one around. */
void hdb_loader_released(hdb_loader *loader, int depth);

#endif
