/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement opens, told by its program where the authorizer does not tell. */
#ifndef HDB_OPENED_H
#define HDB_OPENED_H

#include "replica/inspect.h"

/* Adds the tables of main that the program of a statement opens to those that the inspection names. */
int hdb_note_opened(sqlite3 *db, sqlite3_stmt *statement, hdb_inspection *inspection);

#endif
