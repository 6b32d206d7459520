/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a database and the connection that the library itself has to it, the steward: see database_internal.h. */
#include "database_internal.h"

#include "replica/format.h"
#include "replica/replay.h"
#include "replica/schema.h"
#include "replica/wal_mark.h"
#include <string.h>
#include <sys/stat.h>

int hdb_database_run(hdb_database *database, const char *sql, hdb_error *error) {
    return sqlite3_exec(database->steward, sql, NULL, NULL, NULL) == SQLITE_OK ? HDB_OK
                                                                               : hdb_sqlite_error(database->steward, error);
}

bool hdb_database_is_blank(hdb_database *database) {
    struct stat info;
    return database->path && stat(database->path, &info) == 0 && info.st_size == 0;
}

int hdb_database_begin_file(hdb_database *database, hdb_error *error) {
    if (!hdb_database_is_blank(database))
        return HDB_OK;
    int rc = hdb_format_set_wal(database->steward, "main", error);
    if (rc == HDB_OK)
        hdb_database_note_mark(database);
    return rc;
}

void hdb_database_note_mark(hdb_database *database) {
    static const hdb_wal_mark none;
    hdb_state_page *page = hdb_record_state(database->record)->page;
    if (memcmp(&page->mark, &none, sizeof none) != 0)
        return;
    hdb_database_mark(database, &page->mark);
    page->file = hdb_file_mark_of(database->path);
}

bool hdb_database_mark(hdb_database *database, hdb_wal_mark *out) {
    /* A file without a page has no WAL, and asking for it would make one. */
    if (hdb_database_is_blank(database)) {
        memset(out, 0, sizeof *out);
        return false;
    }
    return database->steward &&
           sqlite3_exec(database->steward, "SELECT 1 FROM main.sqlite_schema LIMIT 1", NULL, NULL, NULL) == SQLITE_OK &&
           hdb_wal_mark_read(database->steward, "main", out);
}

int hdb_database_checkpoint(void *context, bool settles) {
    hdb_database *database = context;
    int frames = 0, done = 0;
    /* Not waiting: whoever uses the steward may be waiting for the thread that asks. */
    if (pthread_mutex_trylock(&database->steward_mutex) != 0)
        return HDB_BUSY;
    int rc = SQLITE_BUSY; /* somebody who leaves has closed it */
    if (database->steward)
        rc = sqlite3_wal_checkpoint_v2(database->steward, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
    if (rc == SQLITE_OK && settles)
        hdb_record_state(database->record)->page->file = hdb_file_mark_of(database->path);
    pthread_mutex_unlock(&database->steward_mutex);
    return rc == SQLITE_OK && frames == done ? HDB_OK : HDB_BUSY;
}

/* The change counter in the header of the file itself, the WAL not regarded. */
static uint32_t read_change_counter(hdb_database *database) {
    enum { OFFSET = 24 };
    unsigned char bytes[4] = {0};
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(database->steward, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file->pMethods ||
        file->pMethods->xRead(file, bytes, sizeof bytes, OFFSET) != SQLITE_OK)
        return 0;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void hdb_database_stamp(hdb_database *database) {
    hdb_state_page *page = hdb_record_state(database->record)->page;
    sqlite3_stmt *statement = NULL;
    char sql[64] = "";
    if (page->stamped == page->synced && page->change_counter)
        return;
    /* In WAL mode only a commit that writes the first page counts: setting user_version to what it is does. */
    if (sqlite3_prepare_v2(database->steward, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        sqlite3_snprintf(sizeof sql, sql, "PRAGMA user_version = %d", sqlite3_column_int(statement, 0));
    sqlite3_finalize(statement);
    if (*sql && sqlite3_exec(database->steward, sql, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_wal_checkpoint_v2(database->steward, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK) {
        page->change_counter = read_change_counter(database);
        page->stamped = page->synced;
    }
}

char *hdb_database_file(const hdb_database *database, const char *name) {
    hdb_buffer path = HDB_BUFFER_INIT;
    hdb_buffer_format(&path, "%s-heliosdb/%s", database->path, name);
    return hdb_buffer_take(&path);
}

int hdb_database_open_steward(hdb_database *database, hdb_error *error) {
    if (database->steward)
        return HDB_OK;
    int rc = hdb_steward_open(database->path, database->timeout_ms, &database->steward, error);
    if (rc == HDB_OK) {
        database->found_counter = read_change_counter(database); /* before setting the mode changes it */
        /* A new one waits for its first write: until then PRAGMA page_size and the like have their effect. */
        if (!hdb_database_is_blank(database))
            rc = hdb_format_set_wal(database->steward, "main", error);
    }
    if (rc == HDB_OK)
        rc = hdb_database_keep_stubs(database, error);
    if (rc == HDB_NOTADB || rc == HDB_CORRUPT) {
        hdb_error_set(error, rc, NULL, "file is not a database%s",
                      hdb_record_state(database->record)->page->ready
                          ? "; the engine holds its rows: move the file away and open again to rebuild it"
                          : "");
    }
    return rc;
}
