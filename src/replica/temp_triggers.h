/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary triggers of the application, out of the way of what the library changes itself: SQLite's switch for triggers
 * leaves them on. */
#ifndef HDB_TEMP_TRIGGERS_H
#define HDB_TEMP_TRIGGERS_H

#include <sqlite3.h>

/* Drops the temporary triggers on tables of main. Gives the statements that make them again, NULL if there are none. */
char *hdb_temp_triggers_drop(sqlite3 *db);
/* Makes them again and frees the statements; NULL is allowed. */
void hdb_temp_triggers_restore(sqlite3 *db, char *statements);

#endif
