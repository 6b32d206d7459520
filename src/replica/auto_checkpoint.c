/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/auto_checkpoint.h"

#include <string.h>

/* How many times as long as the application allows the WAL may be before a COMMIT does the copying itself. */
enum { MOST_BEHIND = 4 };

static hdb_replica *find_kept(hdb_replica *replica, const char *database) {
    hdb_replica *kept = NULL;
    while ((kept = hdb_replica_next_kept(replica, kept)) && strcmp(kept->database, database) != 0)
        ;
    return kept;
}

/* In the place of SQLite's own: called after each commit, with the number of frames in the WAL. */
static int after_commit(void *context, sqlite3 *db, const char *database, int frames) {
    const hdb_auto_checkpoint *deferred = context;
    hdb_replica *kept = find_kept(deferred->replica, database);
    if (deferred->pages <= 0 || frames < deferred->pages)
        return SQLITE_OK;
    if (!kept || !kept->store || !kept->store->wal_grew || frames / MOST_BEHIND >= deferred->pages) {
        sqlite3_wal_checkpoint_v2(db, database, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        return SQLITE_OK;
    }
    if (frames < kept->wal_told) /* it has begun anew */
        kept->wal_told = 0;
    if (frames - kept->wal_told >= deferred->pages) {
        kept->wal_told = frames;
        kept->store->wal_grew(kept->store_context);
    }
    return SQLITE_OK;
}

void hdb_auto_checkpoint_defer(hdb_replica *replica, hdb_auto_checkpoint *out) {
    *out = (hdb_auto_checkpoint){.replica = replica->may_have_wal_hook ? NULL : replica};
    /* What a hook was registered with is given back: SQLite registers its own with the number of pages. */
    if (out->replica)
        out->pages = (int)(intptr_t)sqlite3_wal_hook(replica->db, after_commit, out);
}

void hdb_auto_checkpoint_restore(hdb_auto_checkpoint *deferred) {
    if (deferred->replica)
        sqlite3_wal_autocheckpoint(deferred->replica->db, deferred->pages);
}
