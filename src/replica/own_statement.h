/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HDB_OWN_STATEMENT_H
#define HDB_OWN_STATEMENT_H

#include <sqlite3.h>

/* Prepares a statement of the library's: the limits that the application has set (hdb_limit()) are for its own. */
int hdb_own_statement(sqlite3 *db, const char *sql, unsigned flags, sqlite3_stmt **out);

#endif
