/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/format.h"

#include "clock.h"
#include "replica/schema.h"
#include <string.h>

enum { AUTO_VACUUM_BIT = 24, ENCODING_BIT = 28 };

static const char *const encodings[] = {"UTF-8", "UTF-16le", "UTF-16be"};

/* A PRAGMA's answer: a number, or the place of a word among the encodings. */
static int read_one(sqlite3 *db, const char *database, const char *pragma, int64_t *out, hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("PRAGMA \"%w\".%s", database, pragma);
    int rc = sql ? HDB_OK : hdb_error_nomem(error);
    if (rc == HDB_OK && sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(db, error);
    *out = 0;
    if (rc == HDB_OK && sqlite3_step(statement) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        *out = sqlite3_column_int64(statement, 0);
        for (int i = 0; text && i < 3; i++)
            if (strcmp(text, encodings[i]) == 0)
                *out = i;
    }
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return rc;
}

int hdb_format_read(sqlite3 *db, const char *database, int64_t *out, hdb_error *error) {
    int64_t page_size = 0, auto_vacuum = 0, encoding = 0;
    int rc = read_one(db, database, "page_size", &page_size, error);
    if (rc == HDB_OK)
        rc = read_one(db, database, "auto_vacuum", &auto_vacuum, error);
    if (rc == HDB_OK)
        rc = read_one(db, database, "encoding", &encoding, error);
    *out = page_size | auto_vacuum << AUTO_VACUUM_BIT | encoding << ENCODING_BIT;
    return rc;
}

int hdb_format_apply(sqlite3 *db, int64_t format, hdb_error *error) {
    int64_t encoding = format >> ENCODING_BIT & 3;
    if (format == 0 || encoding > 2)
        return HDB_OK;
    char *sql = sqlite3_mprintf("PRAGMA main.page_size = %d; PRAGMA main.auto_vacuum = %d; PRAGMA encoding = '%s'",
                                (int)(format & ((1 << AUTO_VACUUM_BIT) - 1)), (int)(format >> AUTO_VACUUM_BIT & 3),
                                encodings[encoding]);
    int rc = sql ? HDB_OK : hdb_error_nomem(error);
    if (rc == HDB_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(db, error);
    sqlite3_free(sql);
    return rc;
}

static int64_t busy_timeout_ms(sqlite3 *db, const char *database) {
    int64_t timeout = 0;
    hdb_error ignored = HDB_ERROR_INIT;
    read_one(db, database, "busy_timeout", &timeout, &ignored);
    hdb_error_clear(&ignored);
    return timeout;
}

int hdb_format_set_wal(sqlite3 *db, const char *database, hdb_error *error) {
    const struct timespec pause = {.tv_nsec = 5000000};
    int64_t end = hdb_now_ms() + busy_timeout_ms(db, database);
    char *sql = sqlite3_mprintf("PRAGMA \"%w\".journal_mode = WAL", database);
    int rc = SQLITE_OK;
    if (!sql)
        return hdb_error_nomem(error);
    while ((rc = sqlite3_exec(db, sql, NULL, NULL, NULL)) && (rc & 0xff) == SQLITE_BUSY && hdb_now_ms() < end)
        nanosleep(&pause, NULL);
    sqlite3_free(sql);
    return rc == SQLITE_OK ? HDB_OK : hdb_sqlite_error(db, error);
}

int hdb_replica_begin_file(hdb_replica *kept, hdb_error *error) {
    int rc = hdb_format_set_wal(kept->db, kept->database, error);
    char *sql = rc == HDB_OK ? sqlite3_mprintf("PRAGMA \"%w\".synchronous = NORMAL", kept->database) : NULL;
    if (rc == HDB_OK && !sql)
        rc = hdb_error_nomem(error);
    if (rc == HDB_OK && sqlite3_exec(kept->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(kept->db, error);
    sqlite3_free(sql);
    if (rc != HDB_OK)
        return rc;
    kept->is_blank = false;
    if (kept->store && kept->store->file_begun)
        kept->store->file_begun(kept->store_context);
    return HDB_OK;
}
