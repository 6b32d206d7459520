/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement that failed has left behind, and what else only its program tells. */
#ifndef HDB_FAILURE_H
#define HDB_FAILURE_H

#include <sqlite3.h>
#include <stdbool.h>

/* Whether a statement whose constraint failed may have kept the rows it had changed before: so it is where OR FAIL, a
 * constraint's ON CONFLICT FAIL or a trigger's RAISE(FAIL) decided. SQLite does not tell what did; the statement's program
 * has it beside each check. Where the same check is there with and without FAIL, the answer is yes: without it, SQLite
 * has undone the rows itself.
 * @param code, message the extended code and the message it failed with */
bool hdb_failure_keeps_rows(sqlite3 *db, sqlite3_stmt *statement, int code, const char *message);

/* Whether a DROP TABLE deletes the table's rows first, for the sake of foreign keys: changes() is 0 after it then. */
bool hdb_drop_deletes_rows(sqlite3 *db, sqlite3_stmt *statement);

#endif
