/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes that want functions or collations of the application's, while the steward has only stubs (replica/stub.h): a
 * file `reindex` in the data directory says that they have to be built again. */
#include "database_internal.h"

#include "replica/schema.h"
#include "replica/stub.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *mark_path(const hdb_database *database) {
    return database->path ? hdb_database_file(database, "reindex") : NULL;
}

bool hdb_database_needs_reindex(const hdb_database *database) {
    char *path = mark_path(database);
    bool needs = path && access(path, F_OK) == 0;
    free(path);
    return needs;
}

static int put_mark(const hdb_database *database, hdb_error *error) {
    char *path = mark_path(database);
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
    int rc = HDB_OK;
    if (fd < 0 || fsync(fd) != 0)
        rc = hdb_error_set(error, HDB_IOERR, NULL, "can't make %s: %s", path ? path : "a file", strerror(errno));
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

static void take_mark_away(const hdb_database *database) {
    char *path = mark_path(database);
    if (path)
        unlink(path);
    free(path);
}

/* Takes the write lock of one database, waiting for it: IMMEDIATE would take those of all, and give a file without a page
 * one that is not in WAL mode. The PRAGMA gives free pages back; where there are none it changes nothing. */
static int begin_reindex(sqlite3 *db, const char *name, bool inside, hdb_error *error) {
    char *sql = sqlite3_mprintf(inside ? "SAVEPOINT \"_hdb_reindex\"" : "BEGIN; PRAGMA \"%w\".incremental_vacuum(1)", name);
    int rc = sql ? HDB_OK : hdb_error_nomem(error);
    if (rc == HDB_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        rc = hdb_sqlite_error(db, error);
        if (!inside && !sqlite3_get_autocommit(db))
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    sqlite3_free(sql);
    return rc;
}

int hdb_database_reindex(hdb_database *database, sqlite3 *db, const char *name, hdb_error *error) {
    bool left = false, inside = !sqlite3_get_autocommit(db);
    int rc = begin_reindex(db, name, inside, error);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_stubs_reindex(db, name, &left, error);
    const char *end = inside ? "RELEASE \"_hdb_reindex\"" : rc == HDB_OK ? "COMMIT" : "ROLLBACK";
    if (sqlite3_exec(db, end, NULL, NULL, NULL) != SQLITE_OK && rc == HDB_OK)
        rc = hdb_sqlite_error(db, error);
    /* A transaction of the application's may still be rolled back. */
    if (rc == HDB_OK && !left && !inside)
        take_mark_away(database);
    return rc;
}

int hdb_database_keep_stubs(hdb_database *database, hdb_error *error) {
    hdb_schema *schema = NULL;
    int rc = hdb_schema_read(database->steward, "main", &schema, error);
    if (rc == HDB_OK)
        rc = hdb_stubs_keep(database->steward, schema, error);
    hdb_schema_free(schema);
    if (rc == HDB_NOTSUPPORTED) { /* told when the file is taken in */
        hdb_error_clear(error);
        rc = HDB_OK;
    }
    return rc;
}

int hdb_database_prepare_stubs(hdb_database *database, bool alone, hdb_error *error) {
    static const char refusal[] = "%s needs a function or collation of the application's: rows can't be brought into the "
                                  "file while others use it; close all connections and open again";
    hdb_schema *schema = NULL;
    bool left = false;
    int rc = hdb_schema_read(database->steward, "main", &schema, error);
    if (rc == HDB_OK)
        rc = hdb_stubs_keep(database->steward, schema, error);
    const char *item = rc == HDB_OK ? hdb_stubs_needed(schema) : NULL;
    if (item && !alone) {
        rc = hdb_error_set(error, HDB_BUSY, NULL, refusal, item);
    } else if (item && !hdb_database_needs_reindex(database)) {
        rc = put_mark(database, error);
        if (rc == HDB_OK)
            rc = hdb_stubs_reindex(database->steward, "main", &left, error);
    }
    hdb_schema_free(schema);
    return rc;
}

int hdb_database_mark_rebuilt(hdb_database *database, sqlite3 *copy, hdb_error *error) {
    hdb_schema *schema = NULL;
    int rc = hdb_schema_read(copy, "main", &schema, error);
    if (rc == HDB_OK && hdb_stubs_needed(schema))
        rc = put_mark(database, error);
    hdb_schema_free(schema);
    return rc;
}
