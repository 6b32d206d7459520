/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/wal_mark.h"

#include <string.h>

/* Layout of the WAL index: https://www.sqlite.org/walformat.html#the_wal_index_header. What changes with each commit are
 * mxFrame, nPage, the frame checksum and the salts, at bytes 16 to 39. The memory is SQLite's own mapping: opening the
 * file ourselves would drop the locks of this process when it is closed. */
enum { MARK_START = 16, INDEX_REGION = 32768, SALT = 16 };

/* Mapping the index of a file whose WAL SQLite has not opened would make one that SQLite never lets go. */
static bool has_wal(sqlite3 *db, const char *database) {
    sqlite3_file *journal = NULL;
    return sqlite3_file_control(db, database, SQLITE_FCNTL_JOURNAL_POINTER, &journal) == SQLITE_OK && journal &&
           journal->pMethods;
}

bool hdb_wal_mark_read(sqlite3 *db, const char *database, hdb_wal_mark *out) {
    sqlite3_file *file = NULL;
    void volatile *index = NULL;
    memset(out, 0, sizeof *out);
    if (!has_wal(db, database))
        return false;
    if (sqlite3_file_control(db, database, SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods ||
        file->pMethods->iVersion < 2)
        return false;
    if (file->pMethods->xShmMap(file, 0, INDEX_REGION, 0, &index) != SQLITE_OK || !index)
        return false;
    memcpy(out->bytes, (const unsigned char *)index + MARK_START, sizeof out->bytes);
    return true;
}

static uint32_t big_endian(const unsigned char *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

bool hdb_wal_mark_same(const hdb_wal_mark *before, const hdb_wal_mark *now) {
    static const unsigned char no_frames[4] = {0};
    if (memcmp(before->bytes, now->bytes, sizeof now->bytes) == 0)
        return true;
    /* A writer that finds the WAL fully checkpointed starts it anew: no frames, and the first salt one higher. */
    return memcmp(now->bytes, no_frames, sizeof no_frames) == 0 &&
           big_endian(now->bytes + SALT) == big_endian(before->bytes + SALT) + 1;
}
