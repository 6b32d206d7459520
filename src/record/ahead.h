/* SPDX-License-Identifier: Apache-2.0 */
/* What of a log entry is sent before its COMMIT, so that the engine works at the rows of a large transaction while the
 * application still writes others (docs/decisions/0028-sent-ahead.md).
 *
 * An entry is what its sealed parts say (log.h): what is here has no seal, and without one it never happened. Whoever
 * rolls back, or dies, leaves bytes that the next COMMIT takes out of its way. COMMIT relies on what was sent only if the
 * first part, with this transaction's token, is in the log while commit.lock is held; else it sends everything anew.
 *
 * Used by the connection that holds SQLite's write lock. Nothing here fails: the entry is complete in the caller's memory. */
#ifndef HDB_AHEAD_H
#define HDB_AHEAD_H

#include "record/record.h"

/* Of one transaction; all zero when it begins. */
typedef struct hdb_ahead {
    int64_t id;          /* the entry to come, 0: nothing was sent */
    int64_t token;       /* that no other transaction has; the caller's choice, before the first call */
    int64_t session;     /* that sent it */
    hdb_log_start start; /* what was sent */
    bool given_up;       /* COMMIT sends everything */
} hdb_ahead;

/* Sends what can be sent of the first `size` bytes of the entry, which will not change. What the engine has not yet taken of
 * what was sent before is not waited for: there will be a next time. */
void hdb_ahead_send(hdb_record *record, hdb_ahead *ahead, const char *data, size_t size);
/* In COMMIT, under commit.lock: what of entry `id` need not be sent any more. */
hdb_log_start hdb_ahead_settle(hdb_record *record, hdb_ahead *ahead, int64_t id);
/* There will be no such COMMIT: takes what was sent out of the log, if that is no trouble. Leaves it all zero. */
void hdb_ahead_forget(hdb_record *record, hdb_ahead *ahead);

#endif
