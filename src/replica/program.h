/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement's program tells, where neither the authorizer nor a hook does: the opcodes that EXPLAIN lists.
 *
 * EXPLAIN of a statement that changes rows sets changes() to 0; none of these functions lets the application see that. */
#ifndef HDB_PROGRAM_H
#define HDB_PROGRAM_H

#include "replica/replica.h"

/* Adds the tables of main that a statement opens to those that `inspection` names. SQLITE_OK, or SQLite's code. */
int hdb_program_note_opened(hdb_replica *replica, sqlite3_stmt *statement, hdb_inspection *inspection);

/* The tables that a statement would empty at one stroke if the library did not look at each row: SQLite then tells no
 * update hook of them. `out`: "main.t\n" each, for sqlite3_free(); NULL if there are none. SQLITE_OK or SQLITE_NOMEM:
 * after that SQLite may have ended the transaction. */
int hdb_program_emptied(hdb_replica *replica, sqlite3_stmt *statement, char **out);

/* Whether a statement whose constraint failed may have kept the rows it had changed before: so it is where OR FAIL, a
 * constraint's ON CONFLICT FAIL or a trigger's RAISE(FAIL) decided. SQLite does not tell what did; the statement's program
 * has it beside each check. Where the same check is there with and without FAIL, the answer is yes: without it, SQLite
 * has undone the rows itself.
 * @param code, message the extended code and the message it failed with */
bool hdb_program_keeps_rows(hdb_replica *replica, sqlite3_stmt *statement, int code, const char *message);

/* Whether a DROP TABLE deletes the table's rows first, for the sake of foreign keys: changes() is 0 after it then. */
bool hdb_program_deletes_rows(hdb_replica *replica, sqlite3_stmt *statement);

#endif
