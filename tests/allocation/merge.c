/* SPDX-License-Identifier: Apache-2.0 */
/* Log entries are merged as if memory did not run out, or not at all: they are applied one by one then. */
#include "allocator.h"
#include "record/entry.h"
#include "record/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 100 };

static hdb_column columns[] = {
    {.name = (char *)"k", .engine_name = (char *)"k", .affinity = HDB_AFFINITY_TEXT, .key = 1},
    {.name = (char *)"v", .engine_name = (char *)"v", .affinity = HDB_AFFINITY_INTEGER},
};
static const hdb_table tables[] = {
    {.name = (char *)"t", .engine_name = (char *)"t", .key_kind = HDB_KEY_ROWID, .alias = -1, .columns = columns, .column_count = 2},
    {.name = (char *)"k", .engine_name = (char *)"k", .key_kind = HDB_KEY_COLUMNS, .alias = -1, .columns = columns, .column_count = 2},
};

static void die(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void add_entry(hdb_queue *queue, int i) {
    hdb_buffer entry = HDB_BUFFER_INIT;
    for (int table = 0; table < 2; table++) {
        hdb_value cells[2] = {hdb_value_text("a key of some length", (size_t)(1 + i % 19)), hdb_value_integer(i)};
        hdb_entry_put_table(&entry, &tables[table], false);
        hdb_entry_put_upsert(&entry, &tables[table], i, cells);
    }
    size_t size = entry.size;
    char *data = hdb_buffer_take(&entry);
    if (!data || !hdb_queue_add(queue, i, data, size))
        die("out of memory in good times");
}

int main(void) {
    hdb_queue queue = {0};
    hdb_buffer whole = HDB_BUFFER_INIT;
    int count = 0, refused = 0;
    for (int i = 0; i < ENTRIES; i++)
        add_entry(&queue, i);
    if (hdb_queue_merge(&queue, &whole) != ENTRIES)
        die("not merged in good times");
    for (int lasting = 0; lasting < 2; lasting++) {
        bool failed = true;
        for (long number = 1; failed; number++) {
            hdb_buffer merged = HDB_BUFFER_INIT;
            long blocks = allocator_blocks();
            allocator_arm(number, lasting);
            int taken = hdb_queue_merge(&queue, &merged);
            failed = allocator_disarm();
            /* An entry whose description could not be read ends it, as a malformed one does. */
            if (!failed && taken != ENTRIES)
                die("not merged when nothing failed");
            if (taken == ENTRIES && (merged.size != whole.size || memcmp(merged.data, whole.data, whole.size) != 0))
                die("merged to something else");
            hdb_buffer_free(&merged);
            if (allocator_blocks() != blocks)
                die("memory is left");
            count++;
            refused += taken < ENTRIES;
        }
    }
    hdb_queue_clear(&queue);
    hdb_buffer_free(&whole);
    printf("1..1\nok 1 - merged %d times while memory ran out, %d times in part or not at all\n", count, refused);
    return refused > 0 ? 0 : 1;
}
