/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a database made anew from what the engine holds. */
#include "database_internal.h"

#include "notice.h"
#include "replica/replay.h"
#include "replica/schema.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void remove_file(const char *path, const char *suffix) {
    hdb_buffer name = HDB_BUFFER_INIT;
    hdb_buffer_format(&name, "%s%s", path, suffix);
    if (!name.failed)
        unlink(name.data);
    hdb_buffer_free(&name);
}

void hdb_database_remove_files(const char *path) {
    remove_file(path, "");
    remove_file(path, "-wal");
    remove_file(path, "-shm");
    remove_file(path, "-journal");
}

static void rebuild_progress(void *context, int64_t rows) {
    hdb_notice_progress(context, 10000);
    (void)rows;
}

int hdb_database_build_copy(hdb_database *database, hdb_link *link, const char *what, const char *path, sqlite3 **out,
                            hdb_error *error) {
    hdb_notice notice = hdb_notice_start(database->notices, what, database->path ? database->path : ":memory:");
    hdb_database_remove_files(path);
    int rc = hdb_steward_open(path, 0, out, error);
    if (rc == HDB_OK && sqlite3_exec(*out, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(*out, error);
    if (rc == HDB_OK)
        rc = hdb_rebuild(*out, link, rebuild_progress, &notice, error);
    hdb_notice_end(&notice);
    return rc;
}

static int sync_file(const char *path, hdb_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd >= 0 && fsync(fd) == 0 ? HDB_OK : hdb_error_set(error, HDB_IOERR, NULL, "can't sync %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Beside first, and moved into place when it is whole. */
int hdb_database_rebuild_file(hdb_database *database, hdb_link *link, hdb_error *error) {
    sqlite3 *copy = NULL;
    char *path = hdb_database_file(database, "rebuild.db");
    if (!path)
        return hdb_error_nomem(error);
    int rc = hdb_database_build_copy(database, link, "rebuilding", path, &copy, error);
    if (rc == HDB_OK)
        rc = hdb_database_mark_rebuilt(database, copy, error);
    sqlite3_close_v2(copy);
    if (rc == HDB_OK)
        rc = sync_file(path, error);
    if (rc == HDB_OK) {
        /* A WAL left by the lost file must not be taken for this one's. */
        remove_file(database->path, "-wal");
        remove_file(database->path, "-shm");
        if (rename(path, database->path) != 0)
            rc = hdb_error_set(error, HDB_CANTOPEN, NULL, "can't put the rebuilt file at %s: %s", database->path, strerror(errno));
    }
    if (rc == HDB_OK)
        hdb_record_state(database->record)->page->change_counter = 0; /* it spoke of the lost file */
    else
        hdb_database_remove_files(path);
    free(path);
    return rc;
}

/* A name that nothing has yet: `<path>.older-<time>`, with a number after it if need be. */
static char *name_aside(const char *path) {
    enum { MOST = 1000 };
    for (int i = 0; i < MOST; i++) {
        hdb_buffer name = HDB_BUFFER_INIT;
        hdb_buffer_format(&name, i ? "%s.older-%lld-%d" : "%s.older-%lld", path, (long long)time(NULL), i);
        if (name.failed || access(name.data, F_OK) != 0)
            return hdb_buffer_take(&name);
        hdb_buffer_free(&name);
    }
    return NULL;
}

/* A WAL that is still there may be that of the file before: under a name that SQLite would look for, it would be brought
 * into this one. */
static int put_aside(const char *path, const char *aside, hdb_error *error) {
    hdb_buffer wal = HDB_BUFFER_INIT, wal_aside = HDB_BUFFER_INIT;
    hdb_buffer_format(&wal, "%s-wal", path);
    hdb_buffer_format(&wal_aside, "%s.wal", aside);
    int rc = wal.failed || wal_aside.failed ? hdb_error_nomem(error) : HDB_OK;
    if (rc == HDB_OK && (rename(path, aside) != 0 || (rename(wal.data, wal_aside.data) != 0 && errno != ENOENT)))
        rc = hdb_error_set(error, HDB_CANTOPEN, NULL, "can't put the older copy %s aside: %s", path, strerror(errno));
    hdb_buffer_free(&wal);
    hdb_buffer_free(&wal_aside);
    return rc;
}

int hdb_database_replace_file(hdb_database *database, hdb_link *link, const char *why, hdb_error *error) {
    /* The last one to close it brings its WAL into it. */
    sqlite3_close_v2(database->steward);
    database->steward = NULL;
    char *aside = name_aside(database->path);
    int rc = aside ? put_aside(database->path, aside, error) : hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_record_flush(database->record, error);
    if (rc == HDB_OK)
        rc = hdb_database_rebuild_file(database, link, error);
    if (rc == HDB_OK && database->notices)
        hdb_notice_say("%s %s: it is now %s, and the file was rebuilt from the engine", database->path, why, aside);
    free(aside);
    return rc;
}
