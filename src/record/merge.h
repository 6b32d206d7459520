/* SPDX-License-Identifier: Apache-2.0 */
/* Makes one log entry of several: the last state of every row that they change. Applied, it leaves what they leave one after
 * the other, and a row that many of them change is sent once. */
#ifndef HDB_MERGE_H
#define HDB_MERGE_H

#include "buffer.h"

typedef struct hdb_entry_bytes {
    const char *data;
    size_t size;
} hdb_entry_bytes;

/* Merges as many of the first entries as can be, and returns how many those are. One that brings a schema or a table as a
 * whole, that describes a table otherwise than those before it, or that is malformed, ends it. 0: the first one is such, or
 * memory ran out. Rows come in the order of their keys. */
int hdb_entries_merge(const hdb_entry_bytes *entries, int count, hdb_buffer *out);

#endif
