/* SPDX-License-Identifier: Apache-2.0 */
/* Log entries merged into one: what it leaves is what they leave one after the other. */
#include "record/merge.h"
#include "record/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

enum { TABLES = 3, KEYS = 4, ABSENT = -1, MOST_ENTRIES = 40 };

static hdb_column number_columns[] = {
    {.name = (char *)"id", .engine_name = (char *)"id", .affinity = HDB_AFFINITY_INTEGER},
    {.name = (char *)"v", .engine_name = (char *)"v", .affinity = HDB_AFFINITY_INTEGER},
};
static hdb_column text_columns[] = {
    {.name = (char *)"k", .engine_name = (char *)"k", .affinity = HDB_AFFINITY_TEXT, .key = 1},
    {.name = (char *)"v", .engine_name = (char *)"v", .affinity = HDB_AFFINITY_INTEGER},
};
static const hdb_table tables[TABLES] = {
    {.name = (char *)"a", .engine_name = (char *)"a", .key_kind = HDB_KEY_ALIAS, .alias = 0, .columns = number_columns, .column_count = 2},
    {.name = (char *)"r", .engine_name = (char *)"r", .key_kind = HDB_KEY_ROWID, .alias = -1, .columns = number_columns, .column_count = 2},
    {.name = (char *)"k", .engine_name = (char *)"k", .key_kind = HDB_KEY_COLUMNS, .alias = -1, .columns = text_columns, .column_count = 2},
};
static const int64_t rowids[KEYS] = {INT64_MIN, -1, 7, INT64_MAX};
/* One is the beginning of another, one is nothing at all. */
static const char *const texts[KEYS] = {"", "k", "l", "key"};

/* What tables hold: a number for each key, or ABSENT. */
struct model {
    int values[TABLES][KEYS];
};

static int key_of(const hdb_entry_reader *reader, const hdb_buffer *key) {
    for (int i = 0; i < KEYS; i++) {
        hdb_buffer other = HDB_BUFFER_INIT;
        hdb_value cells[2] = {hdb_value_text(texts[i], strlen(texts[i])), hdb_value_null()};
        hdb_row_key(&tables[2], cells, &other);
        bool same = reader->table.key_kind == HDB_KEY_COLUMNS ? other.size == key->size && memcmp(other.data, key->data, key->size) == 0
                                                              : rowids[i] == reader->rowid;
        hdb_buffer_free(&other);
        if (same)
            return i;
    }
    fail_msg("a key that no entry has");
    return 0;
}

/* Applies an entry; looks at the form of a merged one: deletions first, a row no more than once, the rows in order. */
static void apply(struct model *model, const char *data, size_t size, bool merged) {
    hdb_entry_reader reader;
    int table = 0, last[2] = {-1, -1};
    bool seen[TABLES] = {false};
    hdb_entry_open(&reader, data, size);
    while (hdb_entry_next(&reader) != HDB_ENTRY_END) {
        if (reader.kind == HDB_ENTRY_TABLE) {
            for (table = 0; strcmp(tables[table].name, reader.table.name) != 0;)
                table++;
            assert_true(hdb_table_same(&reader.table, &tables[table]) && !(merged && seen[table]));
            seen[table] = true;
            last[0] = last[1] = -1;
            continue;
        }
        hdb_buffer bytes = HDB_BUFFER_INIT;
        bool puts = reader.kind == HDB_ENTRY_UPSERT;
        if (puts)
            hdb_row_key(&reader.table, reader.cells, &bytes);
        else if (reader.key_size > 0)
            hdb_buffer_append(&bytes, reader.key, reader.key_size);
        int key = key_of(&reader, &bytes);
        hdb_buffer_free(&bytes);
        assert_true(key > last[puts] && (puts || last[1] < 0));
        last[puts] = key;
        model->values[table][key] = puts ? (int)reader.cells[1].as.integer : ABSENT;
    }
    assert_false(reader.failed);
    hdb_entry_close(&reader);
}

/* What an entry does to a key: 0: nothing, 1: deletes the row, above: puts it. */
static void put_table(hdb_buffer *entry, int index, const int actions[KEYS]) {
    const hdb_table *table = &tables[index];
    hdb_entry_put_table(entry, table, false);
    for (int puts = 0; puts < 2; puts++) {
        for (int i = 0; i < KEYS; i++) {
            hdb_value cells[2] = {hdb_value_integer(rowids[i]), hdb_value_integer(actions[i])};
            hdb_buffer key = HDB_BUFFER_INIT;
            if (table->key_kind == HDB_KEY_COLUMNS)
                cells[0] = hdb_value_text(texts[i], strlen(texts[i]));
            hdb_row_key(table, cells, &key);
            if (puts && actions[i] > 1)
                hdb_entry_put_upsert(entry, table, rowids[i], cells);
            else if (!puts && actions[i] == 1 && table->key_kind == HDB_KEY_COLUMNS)
                hdb_entry_put_delete_key(entry, key.data, key.size);
            else if (!puts && actions[i] == 1)
                hdb_entry_put_delete(entry, rowids[i]);
            hdb_buffer_free(&key);
        }
    }
}

struct entries {
    hdb_buffer buffers[MOST_ENTRIES];
    hdb_entry_bytes bytes[MOST_ENTRIES];
    int count;
};

static hdb_buffer *next_entry(struct entries *entries) {
    assert_true(entries->count < MOST_ENTRIES);
    hdb_buffer *buffer = &entries->buffers[entries->count++];
    *buffer = (hdb_buffer)HDB_BUFFER_INIT;
    return buffer;
}

static void clear(struct entries *entries) {
    for (int i = 0; i < entries->count; i++)
        hdb_buffer_free(&entries->buffers[i]);
    entries->count = 0;
}

/* Merges them, and compares what that leaves of tables with what those that were merged leave. */
static int check(struct entries *entries, const struct model *before) {
    struct model expected = *before, found = *before;
    hdb_buffer merged = HDB_BUFFER_INIT;
    for (int i = 0; i < entries->count; i++)
        entries->bytes[i] = (hdb_entry_bytes){entries->buffers[i].data, entries->buffers[i].size};
    int count = hdb_entries_merge(entries->bytes, entries->count, &merged);
    for (int i = 0; i < count; i++)
        apply(&expected, entries->bytes[i].data, entries->bytes[i].size, false);
    apply(&found, merged.data, merged.size, true);
    assert_memory_equal(&found, &expected, sizeof found);
    hdb_buffer_free(&merged);
    return count;
}

/* All sequences of up to four entries that do anything to two rows, on each kind of table and each state of it. */
static void every_short_sequence_leaves_what_it_leaves_one_by_one(void **state) {
    enum { ACTIONS = 9, LONGEST = 4, STATES = 4 };
    (void)state;
    for (int table = 0; table < TABLES; table++) {
        for (int length = 1, sequences = ACTIONS; length <= LONGEST; length++, sequences *= ACTIONS) {
            for (int sequence = 0; sequence < sequences; sequence++) {
                struct entries entries = {.count = 0};
                for (int i = 0, rest = sequence; i < length; i++, rest /= ACTIONS) {
                    int one = rest % ACTIONS / 3, other = rest % ACTIONS % 3;
                    put_table(next_entry(&entries), table, (int[KEYS]){0, one == 2 ? 2 + i : one, other == 2 ? 2 + i : other, 0});
                }
                for (int before = 0; before < STATES; before++) {
                    struct model model = {{{0}}};
                    model.values[table][1] = before & 1 ? 100 : ABSENT;
                    model.values[table][2] = before & 2 ? 100 : ABSENT;
                    assert_int_equal(check(&entries, &model), length);
                }
                clear(&entries);
            }
        }
    }
}

static void put_random_rows(hdb_buffer *entry) {
    int first = rand() % TABLES;
    for (int i = 0; i < TABLES; i++) {
        int actions[KEYS];
        if (i > 0 && rand() % 2)
            continue;
        for (int key = 0; key < KEYS; key++)
            actions[key] = rand() % 3 ? 0 : rand() % 3 ? 2 + rand() % 1000 : 1;
        put_table(entry, (first + i) % TABLES, actions);
    }
}

/* What ends a merge. */
static void put_barrier(hdb_buffer *entry, int kind) {
    const hdb_schema schema = {.database = NULL};
    hdb_table other = tables[0];
    switch (kind) {
    case 0:
        hdb_entry_put_schema(entry, &schema);
        break;
    case 1:
        put_random_rows(entry);
        hdb_entry_put_table(entry, &tables[0], true);
        break;
    case 2:
        other.column_count = 1;
        hdb_entry_put_table(entry, &tables[1], false);
        hdb_entry_put_delete(entry, rowids[0]);
        hdb_entry_put_table(entry, &other, false);
        break;
    default:
        put_random_rows(entry);
        hdb_buffer_char(entry, 99);
        break;
    }
}

static void random_entries_are_merged_up_to_what_ends_it(void **state) {
    enum { ROUNDS = 20000, MALFORMED = 3, KINDS };
    static const int alone[] = {0, 1, MALFORMED};
    (void)state;
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        struct entries entries = {.count = 0};
        struct model model;
        int count = 1 + rand() % 12, barrier = rand() % (2 * count);
        for (int i = 0; i < count; i++) {
            hdb_buffer *entry = next_entry(&entries);
            if (i == barrier) {
                put_barrier(entry, i == 0 ? alone[rand() % 3] : rand() % KINDS);
                continue;
            }
            put_random_rows(entry);
            if (i == 0) /* so that another description of it is told from the usual one */
                put_table(entry, 0, (int[KEYS]){0});
        }
        for (int table = 0; table < TABLES; table++)
            for (int key = 0; key < KEYS; key++)
                model.values[table][key] = rand() % 2 ? ABSENT : rand() % 1000;
        assert_int_equal(check(&entries, &model), barrier < count ? barrier : count);
        clear(&entries);
    }
}

static void of_many_changes_of_a_row_one_is_left(void **state) {
    hdb_entry_bytes bytes[1000];
    hdb_buffer one = HDB_BUFFER_INIT, last = HDB_BUFFER_INIT, merged = HDB_BUFFER_INIT;
    (void)state;
    put_table(&one, 2, (int[KEYS]){0, 5, 0, 1});
    put_table(&last, 2, (int[KEYS]){0, 6, 0, 1});
    for (int i = 0; i < 1000; i++)
        bytes[i] = i < 999 ? (hdb_entry_bytes){one.data, one.size} : (hdb_entry_bytes){last.data, last.size};
    assert_int_equal(hdb_entries_merge(bytes, 1000, &merged), 1000);
    assert_true(merged.size == last.size && memcmp(merged.data, last.data, last.size) == 0);
    hdb_buffer_free(&one);
    hdb_buffer_free(&last);
    hdb_buffer_free(&merged);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_sequence_leaves_what_it_leaves_one_by_one),
        cmocka_unit_test(random_entries_are_merged_up_to_what_ends_it),
        cmocka_unit_test(of_many_changes_of_a_row_one_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
