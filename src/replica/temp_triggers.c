/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/temp_triggers.h"

#include <stddef.h>

/* SQLite keeps the text as "CREATE TRIGGER name ...", whatever was said before the name. */
static const char *const query =
    "SELECT group_concat(format('DROP TRIGGER temp.\"%w\"', name), ';'),"
    " group_concat('CREATE TEMP TRIGGER' || substr(sql, 15), ';')"
    " FROM (SELECT name, sql FROM sqlite_temp_schema WHERE type = 'trigger' AND lower(tbl_name) NOT IN"
    " (SELECT lower(name) FROM sqlite_temp_schema WHERE type IN ('table', 'view')) ORDER BY rowid)";

char *hdb_temp_triggers_drop(sqlite3 *db) {
    sqlite3_stmt *triggers = NULL;
    char *drop = NULL, *create = NULL;
    if (sqlite3_prepare_v2(db, query, -1, &triggers, NULL) == SQLITE_OK && sqlite3_step(triggers) == SQLITE_ROW &&
        sqlite3_column_type(triggers, 0) != SQLITE_NULL) {
        drop = sqlite3_mprintf("%s", sqlite3_column_text(triggers, 0));
        create = sqlite3_mprintf("%s", sqlite3_column_text(triggers, 1));
    }
    sqlite3_finalize(triggers);
    if (drop && create)
        sqlite3_exec(db, drop, NULL, NULL, NULL);
    sqlite3_free(drop);
    return create;
}

void hdb_temp_triggers_restore(sqlite3 *db, char *statements) {
    if (statements)
        sqlite3_exec(db, statements, NULL, NULL, NULL);
    sqlite3_free(statements);
}
