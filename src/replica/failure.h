/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement that failed has left behind. */
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

#endif
