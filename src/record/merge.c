/* SPDX-License-Identifier: Apache-2.0 */
#include "record/merge.h"

#include "record/entry.h"
#include <stdlib.h>
#include <string.h>

struct merged_table {
    char *engine_name;
    const char *bytes; /* the operation that describes it, as it stands in the first entry that has it */
    size_t size;
};

/* A row's operation in one of the entries. */
struct change {
    int table;
    int64_t rowid;
    const char *key; /* of a WITHOUT ROWID table, else NULL */
    size_t key_size;
    size_t key_at; /* its place in `keys`, which grows until all changes are there */
    size_t order;  /* the later of two counts */
    bool deletes;
    const char *bytes;
    size_t size;
};

struct merge {
    struct merged_table *tables;
    struct change *changes;
    int table_count, table_capacity;
    size_t count, capacity;
    hdb_buffer keys;
    bool failed; /* memory ran out */
};

/* Makes room for one more; NULL if memory ran out. */
static void *grow(void *list, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity)
        return list;
    size_t more = *capacity ? 2 * *capacity : 64;
    void *grown = realloc(list, more * size);
    if (grown)
        *capacity = more;
    return grown;
}

static struct merged_table *new_table(struct merge *merge) {
    size_t capacity = (size_t)merge->table_capacity;
    struct merged_table *grown = grow(merge->tables, (size_t)merge->table_count, &capacity, sizeof *grown);
    if (!grown)
        return NULL;
    merge->tables = grown;
    merge->table_capacity = (int)capacity;
    return &grown[merge->table_count];
}

/* The number of the table that an operation describes, -1 if it can't be merged with what was there before. */
static int find_table(struct merge *merge, const hdb_entry_reader *reader, const char *bytes, size_t size) {
    for (int i = 0; i < merge->table_count; i++) {
        const struct merged_table *known = &merge->tables[i];
        if (known->size == size && memcmp(known->bytes, bytes, size) == 0)
            return i;
        if (strcmp(known->engine_name, reader->table.engine_name) == 0)
            return -1;
    }
    struct merged_table *table = new_table(merge);
    char *engine_name = table ? strdup(reader->table.engine_name) : NULL;
    if (!engine_name) {
        merge->failed = true;
        return -1;
    }
    *table = (struct merged_table){engine_name, bytes, size};
    return merge->table_count++;
}

static void add_change(struct merge *merge, int table, const hdb_entry_reader *reader, const char *bytes, size_t size) {
    struct change *grown = grow(merge->changes, merge->count, &merge->capacity, sizeof *grown);
    if (!grown) {
        merge->failed = true;
        return;
    }
    merge->changes = grown;
    struct change *change = &grown[merge->count];
    *change = (struct change){.table = table, .order = merge->count, .deletes = reader->kind == HDB_ENTRY_DELETE,
                              .bytes = bytes, .size = size, .key_at = merge->keys.size};
    merge->count++;
    if (reader->table.key_kind != HDB_KEY_COLUMNS) {
        change->rowid = reader->rowid;
        return;
    }
    if (change->deletes)
        hdb_buffer_append(&merge->keys, reader->key, reader->key_size);
    else
        hdb_row_key(&reader->table, reader->cells, &merge->keys);
    change->key_size = merge->keys.size - change->key_at;
    change->key = ""; /* for now */
    merge->failed = merge->failed || merge->keys.failed;
}

/* Takes all changes of an entry in, or none of them. */
static bool add_entry(struct merge *merge, const hdb_entry_bytes *entry) {
    hdb_entry_reader reader;
    size_t count = merge->count;
    int table = -1;
    bool fits = true;
    hdb_entry_open(&reader, entry->data, entry->size);
    while (fits && !merge->failed) {
        const char *bytes = reader.in.at;
        enum hdb_operation_kind kind = hdb_entry_next(&reader);
        size_t size = (size_t)(reader.in.at - bytes);
        if (kind == HDB_ENTRY_END)
            break;
        if (kind == HDB_ENTRY_TABLE)
            fits = !reader.whole && (table = find_table(merge, &reader, bytes, size)) >= 0;
        else if (kind == HDB_ENTRY_SCHEMA)
            fits = false;
        else
            add_change(merge, table, &reader, bytes, size);
    }
    fits = fits && !reader.failed && !merge->failed;
    hdb_entry_close(&reader);
    if (!fits)
        merge->count = count;
    return fits;
}

static int compare_keys(const struct change *a, const struct change *b) {
    if (!a->key)
        return (a->rowid > b->rowid) - (a->rowid < b->rowid);
    int order = memcmp(a->key, b->key, a->key_size < b->key_size ? a->key_size : b->key_size);
    return order ? order : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

static int compare_changes(const void *one, const void *other) {
    const struct change *a = one, *b = other;
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    int order = compare_keys(a, b);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static void sort_changes(struct merge *merge) {
    for (size_t i = 0; i < merge->count; i++)
        if (merge->changes[i].key && merge->changes[i].key_size > 0)
            merge->changes[i].key = merge->keys.data + merge->changes[i].key_at;
    if (merge->count > 0)
        qsort(merge->changes, merge->count, sizeof *merge->changes, compare_changes);
}

/* Whether a sorted change is the last one of its row. */
static bool counts(const struct merge *merge, size_t index) {
    const struct change *change = &merge->changes[index], *next = change + 1;
    return index + 1 == merge->count || next->table != change->table || compare_keys(change, next) != 0;
}

/* What a table's rows end as: deletions first. Returns where the next table begins. */
static size_t put_rows(const struct merge *merge, size_t first, hdb_buffer *out) {
    const struct merged_table *table = &merge->tables[merge->changes[first].table];
    size_t end = first;
    while (end < merge->count && merge->changes[end].table == merge->changes[first].table)
        end++;
    hdb_buffer_append(out, table->bytes, table->size);
    for (int deletes = 1; deletes >= 0; deletes--)
        for (size_t i = first; i < end; i++)
            if (merge->changes[i].deletes == deletes && counts(merge, i))
                hdb_buffer_append(out, merge->changes[i].bytes, merge->changes[i].size);
    return end;
}

int hdb_entries_merge(const hdb_entry_bytes *entries, int count, hdb_buffer *out) {
    struct merge merge = {0};
    int taken = 0;
    hdb_buffer_reset(out);
    while (taken < count && add_entry(&merge, &entries[taken]))
        taken++;
    if (!merge.failed) {
        sort_changes(&merge);
        for (size_t i = 0; i < merge.count;)
            i = put_rows(&merge, i, out);
    }
    for (int i = 0; i < merge.table_count; i++)
        free(merge.tables[i].engine_name);
    free(merge.tables);
    free(merge.changes);
    hdb_buffer_free(&merge.keys);
    return merge.failed || out->failed ? 0 : taken;
}
