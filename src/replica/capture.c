/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/capture.h"

#include "record/cell.h"
#include "replica/schema.h"
#include "replica/sqlite_value.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void clear_touched(hdb_touched *touched) {
    free(touched->table);
    free(touched->rowids);
    free(touched->slots);
    free(touched->sent);
    hdb_buffer_free(&touched->encoded);
}

void hdb_capture_reset(hdb_capture *capture) {
    for (int i = 0; i < capture->table_count; i++)
        clear_touched(&capture->tables[i]);
    capture->table_count = capture->recent = 0;
    capture->sent_end = 0;
    capture->schema_changed = capture->header_set = capture->wrote = capture->failed = false;
}

void hdb_capture_free(hdb_capture *capture) {
    if (!capture)
        return;
    hdb_capture_reset(capture);
    free(capture->tables);
    free(capture);
}

bool hdb_capture_is_empty(const hdb_capture *capture) {
    return capture->table_count == 0 && !capture->schema_changed && !capture->header_set && !capture->wrote &&
           !capture->failed;
}

static hdb_touched *find_table(hdb_capture *capture, const char *name) {
    if (capture->recent < capture->table_count && strcmp(capture->tables[capture->recent].table, name) == 0)
        return &capture->tables[capture->recent];
    for (int i = 0; i < capture->table_count; i++) {
        if (strcasecmp(capture->tables[i].table, name) == 0) {
            capture->recent = i;
            return &capture->tables[i];
        }
    }
    if (capture->table_count == capture->table_capacity) {
        int capacity = capture->table_capacity ? capture->table_capacity * 2 : 8;
        hdb_touched *grown = realloc(capture->tables, (size_t)capacity * sizeof *grown);
        if (!grown)
            return NULL;
        capture->tables = grown;
        capture->table_capacity = capacity;
    }
    hdb_touched *touched = &capture->tables[capture->table_count];
    memset(touched, 0, sizeof *touched);
    touched->table = strdup(name);
    if (!touched->table)
        return NULL;
    capture->recent = capture->table_count++;
    return touched;
}

void hdb_capture_whole(hdb_capture *capture, const char *table) {
    hdb_touched *touched = find_table(capture, table);
    if (touched)
        touched->whole = true;
    else
        capture->failed = true;
}

static uint64_t hash_bytes(const char *data, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t hash_rowid(int64_t rowid) {
    uint64_t hash = (uint64_t)rowid * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

const char *hdb_touched_key(const hdb_touched *touched, size_t index, size_t *size) {
    const char *start = touched->encoded.data + touched->rowids[index];
    memcpy(size, start, sizeof *size);
    return start + sizeof *size;
}

static uint64_t hash_at(const hdb_touched *touched, size_t index) {
    size_t size = 0;
    if (!touched->by_columns)
        return hash_rowid(touched->rowids[index]);
    const char *key = hdb_touched_key(touched, index, &size);
    return hash_bytes(key, size);
}

static bool grow_keys(hdb_touched *touched) {
    if (touched->count < touched->capacity)
        return true;
    size_t capacity = touched->capacity ? touched->capacity * 2 : 16;
    int64_t *grown = realloc(touched->rowids, capacity * sizeof *grown);
    if (!grown)
        return false;
    touched->rowids = grown;
    touched->capacity = capacity;
    return true;
}

/* Room for one more key; the table of slots stays at most half full. */
static bool make_room(hdb_touched *touched) {
    size_t slot_count = touched->slot_count ? touched->slot_count : 32;
    while (touched->count * 2 >= slot_count)
        slot_count *= 2;
    if (!grow_keys(touched))
        return false;
    if (slot_count == touched->slot_count)
        return true;
    size_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < touched->count; i++) {
        size_t slot = hash_at(touched, i) & (slot_count - 1);
        while (slots[slot])
            slot = (slot + 1) & (slot_count - 1);
        slots[slot] = i + 1;
    }
    free(touched->slots);
    touched->slots = slots;
    touched->slot_count = slot_count;
    return true;
}

static bool has_ascending(const hdb_touched *touched, int64_t rowid) {
    size_t low = 0, high = touched->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (touched->rowids[middle] == rowid)
            return true;
        if (touched->rowids[middle] < rowid)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Without slots the rowids ascend, as those of inserted rows do: that is quicker than to look in a large table of slots. */
static bool add_rowid(hdb_touched *touched, int64_t rowid) {
    if (touched->slot_count == 0) {
        if (touched->count == 0 || rowid > touched->rowids[touched->count - 1]) {
            if (!grow_keys(touched))
                return false;
            touched->rowids[touched->count++] = rowid;
            return true;
        }
        if (has_ascending(touched, rowid))
            return true;
    }
    if (!make_room(touched))
        return false;
    size_t slot = hash_rowid(rowid) & (touched->slot_count - 1);
    for (; touched->slots[slot]; slot = (slot + 1) & (touched->slot_count - 1))
        if (touched->rowids[touched->slots[slot] - 1] == rowid)
            return true;
    touched->rowids[touched->count] = rowid;
    touched->slots[slot] = ++touched->count;
    return true;
}

static bool add_key(hdb_touched *touched, const char *key, size_t size) {
    if (!make_room(touched))
        return false;
    size_t slot = hash_bytes(key, size) & (touched->slot_count - 1);
    for (; touched->slots[slot]; slot = (slot + 1) & (touched->slot_count - 1)) {
        size_t other_size = 0;
        const char *other = hdb_touched_key(touched, touched->slots[slot] - 1, &other_size);
        if (other_size == size && memcmp(other, key, size) == 0)
            return true;
    }
    touched->rowids[touched->count] = (int64_t)touched->encoded.size;
    hdb_buffer_append(&touched->encoded, &size, sizeof size);
    hdb_buffer_append(&touched->encoded, key, size);
    if (touched->encoded.failed)
        return false;
    touched->slots[slot] = ++touched->count;
    return true;
}

typedef int (*get_column)(sqlite3 *db, int column, sqlite3_value **out);

static bool add_columns(hdb_touched *touched, sqlite3 *db, const hdb_table *table, get_column get) {
    hdb_buffer key = HDB_BUFFER_INIT;
    bool done = true;
    for (int place = 1; done && place <= table->column_count; place++) {
        for (int i = 0; done && i < table->column_count; i++) {
            sqlite3_value *value = NULL;
            if (table->columns[i].key != place)
                continue;
            done = get(db, i, &value) == SQLITE_OK && value;
            hdb_value cell = done ? hdb_value_of_sqlite(value) : hdb_value_null();
            hdb_put_key(&key, &cell);
        }
    }
    done = done && !key.failed && key.data && add_key(touched, key.data, key.size);
    hdb_buffer_free(&key);
    return done;
}

/* The hook counts the columns of a WITHOUT ROWID table with generated ones otherwise from version to version. */
static bool keys_are_shifted(const hdb_table *table) {
    bool generated = false;
    for (int i = 0; i < table->column_count; i++)
        generated = generated || table->columns[i].generated;
    return generated && table->key_kind == HDB_KEY_COLUMNS;
}

/* A row of such a table can't be asked for. */
static bool has_nameless_rowid(const hdb_table *table) {
    return table->key_kind == HDB_KEY_ROWID && !hdb_table_rowid_name(table);
}

void hdb_capture_change(hdb_capture *capture, sqlite3 *db, int operation, const char *name, const hdb_table *table,
                        int64_t old_rowid, int64_t new_rowid) {
    hdb_touched *touched = find_table(capture, name);
    bool done = touched != NULL;
    if (touched && (!table || keys_are_shifted(table) || has_nameless_rowid(table))) {
        touched->whole = true;
        return;
    }
    if (touched && !touched->whole) {
        touched->by_columns = table->key_kind == HDB_KEY_COLUMNS;
        if (operation != SQLITE_INSERT)
            done = touched->by_columns ? add_columns(touched, db, table, sqlite3_preupdate_old)
                                       : add_rowid(touched, old_rowid);
        if (done && operation != SQLITE_DELETE && (touched->by_columns || operation == SQLITE_INSERT || new_rowid != old_rowid))
            done = touched->by_columns ? add_columns(touched, db, table, sqlite3_preupdate_new)
                                       : add_rowid(touched, new_rowid);
    }
    capture->failed = capture->failed || !done;
}

/* Only rowids that ascend, behind those before: rows that are changed again and again would be written again and again. */
bool hdb_touched_are_many(const hdb_touched *touched) {
    enum { MANY = 4096 };
    return touched->count >= MANY && !touched->whole && hdb_touched_are_behind(touched);
}

bool hdb_touched_are_behind(const hdb_touched *touched) {
    return touched->count > 0 && touched->slot_count == 0 && !touched->by_columns &&
           (touched->sent_count == 0 || touched->rowids[0] > touched->sent[touched->sent_count - 1]);
}

bool hdb_capture_has_many(const hdb_capture *capture) {
    return capture->recent < capture->table_count && hdb_touched_are_many(&capture->tables[capture->recent]) &&
           !capture->schema_changed && !capture->header_set && !capture->failed;
}

bool hdb_touched_prepare_sent(hdb_touched *touched) {
    size_t wanted = touched->sent_count + touched->count, capacity = touched->sent_capacity ? touched->sent_capacity : 16;
    while (capacity < wanted)
        capacity *= 2;
    int64_t *grown = capacity > touched->sent_capacity ? realloc(touched->sent, capacity * sizeof *grown) : touched->sent;
    if (!grown)
        return false;
    touched->sent = grown;
    touched->sent_capacity = capacity;
    return true;
}

void hdb_capture_sent(hdb_capture *capture, hdb_touched *touched, size_t entry_size) {
    memcpy(touched->sent + touched->sent_count, touched->rowids, touched->count * sizeof *touched->rowids);
    touched->sent_count += touched->count;
    touched->count = 0;
    capture->sent_last = (int)(touched - capture->tables);
    capture->sent_end = entry_size;
}

void hdb_capture_unsend(hdb_capture *capture) {
    capture->sent_end = 0;
    for (int i = 0; i < capture->table_count; i++) {
        hdb_touched *touched = &capture->tables[i];
        for (size_t key = 0; key < touched->sent_count; key++)
            capture->failed = !add_rowid(touched, touched->sent[key]) || capture->failed;
        touched->sent_count = 0;
    }
}
