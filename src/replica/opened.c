/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/opened.h"

#include <string.h>

/* Columns that USING and NATURAL compare are looked up by SQLite without asking the authorizer. They may stand in the
 * body of a view or a trigger, too. */
static bool may_read_unseen(sqlite3_stmt *statement, const hdb_inspection *inspection) {
    const char *text = sqlite3_sql(statement);
    return inspection->uses_body || sqlite3_strlike("%USING%", text, 0) == 0 || sqlite3_strlike("%NATURAL%", text, 0) == 0;
}

static void note_root(sqlite3_stmt *find, hdb_inspection *inspection, int root) {
    sqlite3_bind_int(find, 1, root);
    if (sqlite3_step(find) == SQLITE_ROW)
        hdb_inspection_note_table(inspection, (const char *)sqlite3_column_text(find, 0));
    sqlite3_reset(find);
}

int hdb_note_opened(sqlite3 *db, sqlite3_stmt *statement, hdb_inspection *inspection) {
    sqlite3_stmt *explain = NULL, *find = NULL;
    if (sqlite3_stmt_isexplain(statement) || !may_read_unseen(statement, inspection))
        return SQLITE_OK;
    char *sql = sqlite3_mprintf("EXPLAIN %s", sqlite3_sql(statement));
    int rc = sql ? sqlite3_prepare_v2(db, sql, -1, &explain, NULL) : SQLITE_NOMEM;
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "SELECT tbl_name FROM main.sqlite_schema WHERE rootpage = ?1", -1, &find, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(explain)) == SQLITE_ROW) {
        const char *opcode = (const char *)sqlite3_column_text(explain, 1);
        bool opens = opcode && (strcmp(opcode, "OpenRead") == 0 || strcmp(opcode, "OpenWrite") == 0 ||
                                strcmp(opcode, "ReopenIdx") == 0);
        if (opens && sqlite3_column_int(explain, 4) == 0)
            note_root(find, inspection, sqlite3_column_int(explain, 3));
        rc = SQLITE_OK;
    }
    sqlite3_finalize(explain);
    sqlite3_finalize(find);
    sqlite3_free(sql);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}
