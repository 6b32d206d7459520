/* SPDX-License-Identifier: Apache-2.0 */
/* Modules of virtual tables that the schema names and nobody has registered: the table has to be made all the same, on
 * connections of our own and on those of daemon mode. Reading it fails as in SQLite, by the module's name. */
#ifndef HDB_STAND_IN_H
#define HDB_STAND_IN_H

#include <sqlite3.h>
#include <stdbool.h>

/* Registers the module of a virtual table, given as sqlite_schema has it, if there is none of its name. False: no memory. */
bool hdb_stand_in_provide(sqlite3 *db, const char *sql);
/* Whether the connection has a module of that name. */
bool hdb_stand_in_has_module(sqlite3 *db, const char *name);

#endif
