/* SPDX-License-Identifier: Apache-2.0 */
#include "empty.h"

#include <heliosdb/heliosdb.h>
#include <stdlib.h>

static const char *const objects =
    "SELECT format('DROP %s IF EXISTS \"%w\"', type, name) FROM sqlite_master WHERE type IN ('view', 'table')"
    " AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name LIKE 'sqlite\\_stat%' ESCAPE '\\') ORDER BY type DESC";

static void run(hdb_conn *conn, const char *sql, FILE *report) {
    int code = hdb_exec(conn, sql, -1);
    if (code != HDB_OK)
        fprintf(report, "emptying: %s: %d %s\n", sql, code, hdb_errmsg(conn));
}

void empty_database(void *session, FILE *report) {
    hdb_conn *conn = session;
    hdb_stmt *stmt = NULL;
    char *drops = NULL;
    size_t size = 0;
    FILE *script = open_memstream(&drops, &size);
    run(conn, "PRAGMA foreign_keys = OFF; BEGIN", report);
    if (hdb_prepare(conn, objects, -1, &stmt, NULL) == HDB_OK)
        while (hdb_fetch_row(stmt) == HDB_ROW)
            fprintf(script, "%s;", hdb_column_text(stmt, 0));
    hdb_finalize(stmt);
    fclose(script);
    run(conn, drops, report);
    run(conn, "PRAGMA user_version = 0; PRAGMA application_id = 0; COMMIT", report);
    free(drops);
}
