/* SPDX-License-Identifier: Apache-2.0 */
/* Log entries in memory, in the order of their numbers. */
#ifndef HDB_QUEUE_H
#define HDB_QUEUE_H

#include "buffer.h"

typedef struct hdb_queued {
    struct hdb_queued *next;
    int64_t id;
    char *data; /* its own */
    size_t size;
} hdb_queued;

typedef struct hdb_queue {
    hdb_queued *first, *last;
    int count;
    size_t bytes;
} hdb_queue;

/* Takes `data` over. false if memory ran out: it is freed then. */
bool hdb_queue_add(hdb_queue *queue, int64_t id, char *data, size_t size);
/* Frees the entries up to a number. */
void hdb_queue_drop(hdb_queue *queue, int64_t id);
void hdb_queue_clear(hdb_queue *queue);
/* Moves the first entry to the end of another queue. */
void hdb_queue_pass(hdb_queue *queue, hdb_queue *to);
/* Merges as many of the first entries as can be (record/merge.h); returns their number. */
int hdb_queue_merge(const hdb_queue *queue, hdb_buffer *out);

#endif
