/* SPDX-License-Identifier: Apache-2.0 */
#include "empty.h"
#include "support.h"
#include "text.h"

#include <heliosdb/heliosdb.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const objects =
    "SELECT format('DROP %s IF EXISTS \"%w\"', type, name) FROM sqlite_master WHERE type IN ('view', 'table')"
    " AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name LIKE 'sqlite\\_stat%' ESCAPE '\\') ORDER BY type DESC";

static bool collect(hdb_conn *conn, struct text *script) {
    hdb_stmt *stmt = NULL;
    int code = hdb_prepare(conn, objects, -1, &stmt, NULL);
    if (code == HDB_OK)
        while ((code = hdb_fetch_row(stmt)) == HDB_ROW)
            text_format(script, "%s;", hdb_column_text(stmt, 0));
    hdb_finalize(stmt);
    return code == HDB_DONE;
}

bool empty_database(const char *directory, const struct setup *setup) {
    struct text script = {0};
    hdb_conn *conn = NULL;
    char *path = support_format("%s/app.db", directory);
    char *plain = support_format("%s/plain.db", directory);
    hdb_config *config = hdb_config_create();
    hdb_config_set(config, "mode", "embedded");
    hdb_config_set(config, "linger", setup->linger);
    hdb_config_set(config, "notices", "off");
    support_remove_replica(plain);
    text_format(&script, "PRAGMA foreign_keys = OFF; BEGIN;");
    bool ok = hdb_connect(path, config, &conn) == HDB_OK && collect(conn, &script);
    text_format(&script, "PRAGMA user_version = 0; PRAGMA application_id = 0; COMMIT;");
    ok = ok && hdb_exec(conn, script.data, -1) == HDB_OK;
    ok = hdb_close(conn) == HDB_OK && ok;
    hdb_config_destroy(config);
    text_free(&script);
    free(plain);
    free(path);
    return ok;
}
