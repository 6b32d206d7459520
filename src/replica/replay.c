/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/replay.h"

#include "record/entry.h"
#include "replica/format.h"
#include "replica/schema.h"
#include "replica/sequence.h"
#include "replica/stand_in.h"
#include "replica/stub.h"
#include "replica/table_statement.h"
#include <string.h>
#include <strings.h>

static int run(sqlite3 *db, const char *sql, hdb_error *error) {
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? HDB_OK : hdb_sqlite_error(db, error);
}

int hdb_steward_open(const char *path, int timeout_ms, sqlite3 **out, hdb_error *error) {
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(db, 1);
        sqlite3_busy_timeout(db, timeout_ms);
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 0, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
        rc = run(db, "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = OFF", error);
    } else {
        rc = db ? hdb_sqlite_error(db, error) : hdb_error_nomem(error);
    }
    if (rc == HDB_OK)
        *out = db;
    else
        sqlite3_close_v2(db);
    return rc;
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_ours(const hdb_schema_item *item) {
    return strncmp(item->name, "sqlite_", 7) != 0;
}

static int drop_item(sqlite3 *db, const hdb_schema_item *item, hdb_error *error) {
    char *sql = sqlite3_mprintf("DROP %s IF EXISTS main.\"%w\"", item->type, item->name);
    int rc = sql ? run(db, sql, error) : hdb_error_nomem(error);
    sqlite3_free(sql);
    return rc;
}

/* Drops what the target does not have, or has otherwise. What stands on a table goes before it. */
static int drop_differing(sqlite3 *db, const hdb_schema *now, const hdb_schema *target, hdb_error *error) {
    static const char *const order[] = {"trigger", "view", "index", "table"};
    int rc = HDB_OK;
    for (int kind = 0; kind < 4; kind++) {
        for (int i = 0; rc == HDB_OK && i < now->item_count; i++) {
            const hdb_schema_item *item = &now->items[i];
            if (strcmp(item->type, order[kind]) != 0 || !is_ours(item) || !item->sql)
                continue;
            const hdb_schema_item *wanted = hdb_schema_item_find(target, item->type, item->name);
            bool same = wanted && same_text(wanted->sql, item->sql) && strcmp(wanted->name, item->name) == 0;
            if (!same)
                rc = drop_item(db, item, error);
        }
    }
    return rc;
}

static int exists(sqlite3 *db, const hdb_schema_item *item, bool *out, hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, "SELECT 1 FROM main.sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE", -1, &statement, NULL) != SQLITE_OK)
        return hdb_sqlite_error(db, error);
    sqlite3_bind_text(statement, 1, item->type, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, item->name, -1, SQLITE_STATIC);
    *out = sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    return HDB_OK;
}

/* Whether the items that both have stand in the same order. */
static bool same_order(const hdb_schema *now, const hdb_schema *target) {
    int at = 0;
    for (int i = 0; i < now->item_count; i++) {
        const hdb_schema_item *wanted = hdb_schema_item_find(target, now->items[i].type, now->items[i].name);
        if (!wanted)
            continue;
        if (wanted - target->items < at)
            return false;
        at = (int)(wanted - target->items);
    }
    return true;
}

/* What is made anew stands last in sqlite_schema; by order of rowid is how it is listed. What the target does not have
 * goes to the end. */
static int order_items(sqlite3 *db, const hdb_schema *target, hdb_error *error) {
    static const char update[] = "UPDATE main.sqlite_schema SET rowid = ?1 WHERE type = ?2 AND name = ?3";
    hdb_schema *now = NULL;
    sqlite3_stmt *move = NULL;
    int rc = hdb_schema_read(db, "main", &now, error);
    if (rc != HDB_OK || same_order(now, target))
        goto done;
    rc = run(db, "PRAGMA writable_schema = ON; "
                 "UPDATE main.sqlite_schema SET rowid = rowid + (SELECT max(rowid) FROM main.sqlite_schema) + 1000000",
             error);
    if (rc == HDB_OK && sqlite3_prepare_v2(db, update, -1, &move, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(db, error);
    for (int i = 0; rc == HDB_OK && i < target->item_count; i++) {
        sqlite3_bind_int(move, 1, i + 1);
        sqlite3_bind_text(move, 2, target->items[i].type, -1, SQLITE_STATIC);
        sqlite3_bind_text(move, 3, target->items[i].name, -1, SQLITE_STATIC);
        if (sqlite3_step(move) != SQLITE_DONE)
            rc = hdb_sqlite_error(db, error);
        sqlite3_reset(move);
    }
    sqlite3_finalize(move);
    if (rc == HDB_OK)
        rc = run(db, "PRAGMA writable_schema = RESET", error);
done:
    hdb_schema_free(now);
    return rc;
}

/* A virtual table whose module nobody has registered here is made all the same. */
static int make_item(sqlite3 *db, const hdb_schema_item *item, hdb_error *error) {
    if (hdb_schema_item_is_virtual(item) && !hdb_stand_in_provide(db, item->sql))
        return hdb_error_nomem(error);
    return run(db, item->sql, error);
}

/* Virtual tables come before their shadow tables in sqlite_schema, and make them. */
static int create_missing(sqlite3 *db, const hdb_schema *target, hdb_error *error) {
    int rc = HDB_OK;
    for (int i = 0; rc == HDB_OK && i < target->item_count; i++) {
        const hdb_schema_item *item = &target->items[i];
        bool there = true;
        if (!is_ours(item) || !item->sql)
            continue;
        rc = exists(db, item, &there, error);
        if (rc == HDB_OK && !there)
            rc = make_item(db, item, error);
    }
    return rc;
}

static int set_header(sqlite3 *db, const hdb_schema *target, hdb_error *error) {
    char *sql = sqlite3_mprintf("PRAGMA main.user_version = %lld; PRAGMA main.application_id = %lld",
                                (long long)target->user_version, (long long)target->application_id);
    int rc = sql ? run(db, sql, error) : hdb_error_nomem(error);
    sqlite3_free(sql);
    return rc;
}

int hdb_replay_schema(sqlite3 *db, const hdb_schema *target, hdb_error *error) {
    hdb_schema *now = NULL;
    int rc = hdb_schema_read(db, "main", &now, error);
    if (rc == HDB_OK && now->item_count == 0)
        rc = hdb_format_apply(db, target->format, error);
    if (rc == HDB_OK)
        rc = drop_differing(db, now, target, error);
    hdb_schema_free(now);
    if (rc == HDB_OK)
        rc = create_missing(db, target, error);
    if (rc == HDB_OK)
        rc = order_items(db, target, error);
    return rc == HDB_OK ? set_header(db, target, error) : rc;
}

/* Whether an entry brings all rows of a table. */
static bool brings_whole(const char *data, size_t size, const char *name) {
    hdb_entry_reader reader;
    bool found = false;
    hdb_entry_open(&reader, data, size);
    while (!found && hdb_entry_next(&reader) != HDB_ENTRY_END)
        found = reader.kind == HDB_ENTRY_TABLE && reader.whole && strcmp(reader.table.name, name) == 0;
    hdb_entry_close(&reader);
    return found;
}

/* A table whose text changed while its rows did not (another one it refers to was renamed) must keep its rows: its text
 * is written as ALTER TABLE itself writes it. */
static int patch_texts(sqlite3 *db, const hdb_schema *target, const char *data, size_t size, hdb_error *error) {
    hdb_schema *now = NULL;
    bool patched = false;
    int rc = hdb_schema_read(db, "main", &now, error);
    for (int i = 0; rc == HDB_OK && i < target->item_count; i++) {
        const hdb_schema_item *item = &target->items[i];
        if (strcmp(item->type, "table") != 0 || !is_ours(item) || hdb_schema_item_is_virtual(item))
            continue;
        const hdb_schema_item *old = hdb_schema_item_find(now, "table", item->name);
        if (!old || same_text(old->sql, item->sql) || brings_whole(data, size, item->name))
            continue;
        char *sql = sqlite3_mprintf("%sUPDATE main.sqlite_schema SET sql = %Q WHERE type = 'table' AND name = %Q",
                                    patched ? "" : "PRAGMA writable_schema = ON; ", item->sql, item->name);
        rc = sql ? run(db, sql, error) : hdb_error_nomem(error);
        sqlite3_free(sql);
        patched = true;
    }
    if (patched && rc == HDB_OK)
        rc = run(db, "PRAGMA writable_schema = RESET", error);
    hdb_schema_free(now);
    return rc;
}

/* Where the rows of an entry's table go; statements are NULL if the file no longer has the table. */
struct target_table {
    sqlite3_stmt *put, *delete;
};

static void close_table(struct target_table *target) {
    sqlite3_finalize(target->put);
    sqlite3_finalize(target->delete);
    *target = (struct target_table){NULL, NULL};
}

static int open_table(sqlite3 *db, const hdb_entry_reader *reader, struct target_table *target, hdb_error *error) {
    sqlite3_stmt *clear = NULL;
    if (sqlite3_table_column_metadata(db, "main", reader->table.name, NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
        return HDB_OK;
    int rc = hdb_table_prepare(db, &reader->table, HDB_TABLE_PUT_ROW, &target->put, error);
    if (rc != HDB_OK) {
        /* A later entry changed its columns, and brings all its rows. */
        hdb_error_clear(error);
        return HDB_OK;
    }
    rc = hdb_table_prepare(db, &reader->table, HDB_TABLE_DELETE_ROW, &target->delete, error);
    if (rc == HDB_OK && reader->whole) {
        rc = hdb_table_prepare(db, &reader->table, HDB_TABLE_DELETE_ALL, &clear, error);
        if (rc == HDB_OK && sqlite3_step(clear) != SQLITE_DONE)
            rc = hdb_sqlite_error(db, error);
        sqlite3_finalize(clear);
    }
    return rc;
}

static int delete_row(sqlite3 *db, const hdb_entry_reader *reader, sqlite3_stmt *statement, hdb_error *error) {
    int rc = HDB_OK;
    if (!hdb_table_bind_key(statement, &reader->table, reader->rowid, reader->key, reader->key_size))
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "a log entry is malformed");
    else if (sqlite3_step(statement) != SQLITE_DONE)
        rc = hdb_sqlite_error(db, error);
    sqlite3_reset(statement);
    return rc;
}

/* Replays either what the entry says of sqlite_sequence, or all the rest. */
static int replay_part(sqlite3 *db, const char *data, size_t size, bool sequence, hdb_error *error) {
    hdb_entry_reader reader;
    struct target_table target = {NULL, NULL};
    int rc = HDB_OK;
    hdb_entry_open(&reader, data, size);
    while (rc == HDB_OK && hdb_entry_next(&reader) != HDB_ENTRY_END) {
        switch (reader.kind) {
        case HDB_ENTRY_SCHEMA:
            if (!sequence)
                rc = patch_texts(db, reader.schema, data, size, error);
            if (rc == HDB_OK && !sequence)
                rc = hdb_stubs_keep(db, reader.schema, error);
            if (rc == HDB_OK && !sequence)
                rc = hdb_replay_schema(db, reader.schema, error);
            break;
        case HDB_ENTRY_TABLE:
            close_table(&target);
            if (reader.table.is_sequence == sequence)
                rc = open_table(db, &reader, &target, error);
            break;
        case HDB_ENTRY_UPSERT:
            if (target.put)
                rc = hdb_table_put_row(db, target.put, &reader.table, reader.rowid, reader.cells, error);
            break;
        case HDB_ENTRY_DELETE:
            if (target.delete)
                rc = delete_row(db, &reader, target.delete, error);
            break;
        case HDB_ENTRY_END:
            break;
        }
    }
    if (rc == HDB_OK && reader.failed)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "a log entry is malformed");
    close_table(&target);
    hdb_entry_close(&reader);
    return rc;
}

/* What the rows of an entry do to sqlite_sequence by coming in does not count, only what the entry says of it. */
int hdb_replay_entry(sqlite3 *db, const char *data, size_t size, hdb_error *error) {
    hdb_buffer kept = HDB_BUFFER_INIT;
    /* A statement has SQLite look whether the schema it knows is still the file's: what asks for tables later does not. */
    int rc = run(db, "SELECT 1 FROM main.sqlite_schema LIMIT 1", error);
    if (rc == HDB_OK)
        rc = hdb_sequence_keep(db, &kept, error);
    if (rc == HDB_OK)
        rc = replay_part(db, data, size, false, error);
    if (rc == HDB_OK)
        rc = hdb_sequence_restore(db, &kept, error);
    if (rc == HDB_OK)
        rc = replay_part(db, data, size, true, error);
    hdb_buffer_free(&kept);
    return rc;
}
