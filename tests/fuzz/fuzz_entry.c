/* SPDX-License-Identifier: Apache-2.0 */
/* Log entries: any bytes are read or refused; what was read is fit to be worked with, and is written and read again
 * alike. */
#include "buffer.h"
#include "fuzz.h"
#include "record/entry.h"
#include "record/merge.h"
#include "record/mirror.h"

/* What is done with a table of an entry, whoever wrote it. */
static void check_table(const hdb_table *table) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    CHECK(table->alias >= -1 && table->alias < table->column_count);
    CHECK(table->key_kind != HDB_KEY_ALIAS || table->alias >= 0);
    CHECK(hdb_table_same(table, table));
    hdb_mirror_create(&sql, table, HDB_PEER_HELIOSDB);
    hdb_mirror_upsert(&sql, table);
    hdb_mirror_delete(&sql, table);
    hdb_mirror_select(&sql, table);
    CHECK(!sql.failed);
    hdb_buffer_free(&sql);
}

static void check_row(const hdb_entry_reader *reader) {
    hdb_buffer arena = HDB_BUFFER_INIT, key = HDB_BUFFER_INIT;
    hdb_value *out = calloc((size_t)hdb_mirror_width(&reader->table), sizeof *out);
    CHECK(out != NULL);
    if (reader->kind == HDB_ENTRY_UPSERT)
        CHECK(hdb_mirror_row(&reader->table, reader->rowid, reader->cells, &arena, &key, out));
    else
        CHECK(hdb_mirror_key(&reader->table, reader->rowid, reader->key, reader->key_size, &arena, out));
    hdb_buffer_free(&arena);
    hdb_buffer_free(&key);
    free(out);
}

/* Reads an entry and writes what was in it. */
static bool copy_entry(const char *data, size_t size, bool work, hdb_buffer *out) {
    hdb_entry_reader reader;
    hdb_entry_open(&reader, data, size);
    while (hdb_entry_next(&reader) != HDB_ENTRY_END) {
        switch (reader.kind) {
        case HDB_ENTRY_SCHEMA:
            hdb_entry_put_schema(out, reader.schema);
            break;
        case HDB_ENTRY_TABLE:
            hdb_entry_put_table(out, &reader.table, reader.whole);
            if (work)
                check_table(&reader.table);
            break;
        case HDB_ENTRY_UPSERT:
            hdb_entry_put_upsert(out, &reader.table, reader.rowid, reader.cells);
            break;
        case HDB_ENTRY_DELETE:
            if (reader.table.key_kind == HDB_KEY_COLUMNS)
                hdb_entry_put_delete_key(out, reader.key, reader.key_size);
            else
                hdb_entry_put_delete(out, reader.rowid);
            break;
        case HDB_ENTRY_END:
            break;
        }
        if (work && (reader.kind == HDB_ENTRY_UPSERT || reader.kind == HDB_ENTRY_DELETE))
            check_row(&reader);
    }
    CHECK(!out->failed);
    const bool whole = !reader.failed;
    hdb_entry_close(&reader);
    return whole;
}

/* An entry merged with itself is an entry again, or it is refused. */
static void merge_entry(const char *data, size_t size) {
    hdb_entry_bytes twice[2] = {{data, size}, {data, size}};
    hdb_buffer merged = HDB_BUFFER_INIT, copy = HDB_BUFFER_INIT;
    int count = hdb_entries_merge(twice, 2, &merged);
    CHECK(count == 0 || count == 2);
    CHECK(merged.size == 0 || copy_entry(merged.data, merged.size, false, &copy));
    hdb_buffer_free(&merged);
    hdb_buffer_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hdb_buffer once = HDB_BUFFER_INIT, twice = HDB_BUFFER_INIT;
    char *copy = malloc(size > 0 ? size : 1);
    CHECK(copy != NULL);
    memcpy(copy, data, size);
    if (copy_entry(copy, size, true, &once) && once.size > 0) {
        CHECK(copy_entry(once.data, once.size, false, &twice));
        CHECK(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    }
    merge_entry(copy, size);
    hdb_buffer_free(&once);
    hdb_buffer_free(&twice);
    free(copy);
    return 0;
}
