/* SPDX-License-Identifier: Apache-2.0 */
#include "record/queue.h"

#include "record/merge.h"
#include <stdlib.h>

static void append(hdb_queue *queue, hdb_queued *entry) {
    entry->next = NULL;
    if (queue->last)
        queue->last->next = entry;
    else
        queue->first = entry;
    queue->last = entry;
    queue->count++;
    queue->bytes += entry->size;
}

static hdb_queued *take_first(hdb_queue *queue) {
    hdb_queued *entry = queue->first;
    queue->first = entry->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    queue->bytes -= entry->size;
    return entry;
}

static void free_first(hdb_queue *queue) {
    hdb_queued *entry = take_first(queue);
    free(entry->data);
    free(entry);
}

bool hdb_queue_add(hdb_queue *queue, int64_t id, char *data, size_t size) {
    hdb_queued *entry = malloc(sizeof *entry);
    if (!entry) {
        free(data);
        return false;
    }
    *entry = (hdb_queued){NULL, id, data, size};
    append(queue, entry);
    return true;
}

void hdb_queue_drop(hdb_queue *queue, int64_t id) {
    while (queue->first && queue->first->id <= id)
        free_first(queue);
}

void hdb_queue_clear(hdb_queue *queue) {
    while (queue->first)
        free_first(queue);
}

void hdb_queue_pass(hdb_queue *queue, hdb_queue *to) {
    append(to, take_first(queue));
}

int hdb_queue_merge(const hdb_queue *queue, hdb_buffer *out) {
    hdb_entry_bytes *entries = calloc((size_t)queue->count + 1, sizeof *entries);
    int count = 0;
    if (!entries)
        return 0;
    for (const hdb_queued *entry = queue->first; entry; entry = entry->next)
        entries[count++] = (hdb_entry_bytes){entry->data, entry->size};
    int merged = hdb_entries_merge(entries, count, out);
    free(entries);
    return merged;
}
