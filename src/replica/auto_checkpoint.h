/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's automatic checkpoint, taken out of COMMIT. SQLite copies the WAL into the file in whichever COMMIT makes it 1,000
 * frames long (PRAGMA wal_autocheckpoint), and syncs both: that one commit takes many times as long as others, and every
 * other process waits for it. Where the store has somebody to do it behind the caller (`wal_grew`), the commit only asks for
 * it. A copy behind a busy writer never quite reaches the end, so that the WAL can't begin anew; once it is several times as
 * long, COMMIT does the copying itself, of the little that is left.
 *
 * The application's PRAGMA wal_autocheckpoint keeps its value and its meaning, 0 (never) included. An extension may hang a hook
 * of its own in the place of SQLite's, which could not be put back: where one may be loaded, SQLite does as it always does. */
#ifndef HDB_AUTO_CHECKPOINT_H
#define HDB_AUTO_CHECKPOINT_H

#include "replica/replica.h"

typedef struct hdb_auto_checkpoint {
    hdb_replica *replica; /* NULL: nothing was changed */
    int pages; /* what PRAGMA wal_autocheckpoint is; 0: never */
} hdb_auto_checkpoint;

/* Before and after the statement that commits, on the same thread. */
void hdb_auto_checkpoint_defer(hdb_replica *replica, hdb_auto_checkpoint *out);
void hdb_auto_checkpoint_restore(hdb_auto_checkpoint *deferred);

#endif
