/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that are brought to the engine's tables next, and the session that brings them. For the thread that holds
 * apply.lock. */
#ifndef HDB_BATCH_H
#define HDB_BATCH_H

#include "record/queue.h"
#include "record/record.h"

typedef struct hdb_batch {
    hdb_record *record;
    hdb_state *state;
    hdb_link *link, *reader; /* the latter for the log, when others write it */
    int64_t session; /* the link's number */
    int64_t marked;  /* "applied" as last written to the engine */
    hdb_queue entries; /* they follow one another */
    hdb_buffer merged;
    size_t applied; /* bytes, since somebody set it to 0 */
} hdb_batch;

/* Whether so much waits that it is not worth while to let more gather. */
bool hdb_batch_is_full(const hdb_queue *entries);

/* Opens the session if need be. What another one had sent when its process died is carried out first. */
int hdb_batch_open(hdb_batch *batch, hdb_error *error);
/* Ends the sessions. */
void hdb_batch_close(hdb_batch *batch);
/* Takes entries from number `id` on that follow one another; older ones are freed. Whether there are any. */
bool hdb_batch_take(hdb_batch *batch, hdb_queue *from, int64_t id);
/* Applies what was taken, what can be merged together. After an error none of it is left. */
int hdb_batch_apply(hdb_batch *batch, hdb_error *error);
/* Applies entries that this process does not have in memory, from the engine's log. */
int hdb_batch_apply_logged(hdb_batch *batch, int64_t first, int64_t last, hdb_error *error);

#endif
