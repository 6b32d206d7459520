/* SPDX-License-Identifier: Apache-2.0 */
/* Recording: which rows of which tables have been touched, and how they were before. */
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- values in the format of a changeset: a byte for the class, then big-endian numbers, or a length and bytes */

void hdb_change_put_varint(hdb_buffer *buffer, uint64_t number) {
    unsigned char bytes[10];
    int first = sizeof bytes - 1;
    bytes[first] = number & 0x7f;
    while ((number >>= 7) != 0)
        bytes[--first] = (number & 0x7f) | 0x80;
    hdb_buffer_append(buffer, bytes + first, sizeof bytes - (size_t)first);
}

static void put_word(hdb_buffer *buffer, uint64_t word) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(word >> (56 - 8 * i));
    hdb_buffer_append(buffer, bytes, sizeof bytes);
}

void hdb_change_put_value(hdb_buffer *buffer, sqlite3_value *value) {
    int type = value ? sqlite3_value_type(value) : 0;
    hdb_buffer_char(buffer, (char)type);
    if (type == SQLITE_INTEGER) {
        put_word(buffer, (uint64_t)sqlite3_value_int64(value));
    } else if (type == SQLITE_FLOAT) {
        double real = sqlite3_value_double(value);
        uint64_t word;
        memcpy(&word, &real, sizeof word);
        put_word(buffer, word);
    } else if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
        const void *data = type == SQLITE_TEXT ? (const void *)sqlite3_value_text(value) : sqlite3_value_blob(value);
        size_t size = (size_t)sqlite3_value_bytes(value);
        hdb_change_put_varint(buffer, size);
        hdb_buffer_append(buffer, data ? data : "", size);
    }
}

/* --- tables */

void hdb_session_forget_columns(hdb_session_table *table) {
    for (int i = 0; i < table->column_count; i++)
        free(table->columns[i]);
    free(table->columns);
    free(table->keys);
    table->columns = NULL;
    table->keys = NULL;
    table->column_count = 0;
    table->known = table->has_key = false;
}

int hdb_session_read_columns(hdb_session *session, hdb_session_table *table, hdb_error *error) {
    sqlite3 *db = session->conn->replica->db;
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_DONE, rc = HDB_OK;
    if (sqlite3_prepare_v2(db, "SELECT name, pk FROM pragma_table_info(?1, ?2)", -1, &statement, NULL) != SQLITE_OK)
        return hdb_replica_error(session->conn->replica, error);
    sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, session->database, -1, SQLITE_STATIC);
    while (rc == HDB_OK && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        size_t count = (size_t)table->column_count + 1;
        char **columns = realloc(table->columns, count * sizeof *columns);
        table->columns = columns ? columns : table->columns;
        unsigned char *keys = columns ? realloc(table->keys, count) : NULL;
        table->keys = keys ? keys : table->keys;
        char *name = keys ? strdup((const char *)sqlite3_column_text(statement, 0)) : NULL;
        if (!name) {
            rc = hdb_error_nomem(error);
            break;
        }
        table->columns[table->column_count] = name;
        table->keys[table->column_count++] = (unsigned char)sqlite3_column_int(statement, 1);
        table->has_key = table->has_key || sqlite3_column_int(statement, 1) > 0;
    }
    if (rc == HDB_OK && step != SQLITE_DONE)
        rc = hdb_replica_error(session->conn->replica, error);
    sqlite3_finalize(statement);
    table->known = rc == HDB_OK && table->column_count > 0;
    return rc;
}

static hdb_session_table *find_table(const hdb_session *session, const char *name) {
    for (hdb_session_table *table = session->tables; table; table = table->next)
        if (strcasecmp(table->name, name) == 0)
            return table;
    return NULL;
}

static hdb_session_table *add_table(hdb_session *session, const char *name) {
    hdb_session_table **at = &session->tables, *table = calloc(1, sizeof *table);
    if (table)
        table->name = strdup(name);
    if (!table || !table->name) {
        free(table);
        return NULL;
    }
    while (*at)
        at = &(*at)->next;
    return *at = table;
}

static void free_table(hdb_session_table *table) {
    hdb_session_forget_columns(table);
    hdb_buffer_free(&table->bytes);
    free(table->changes);
    free(table->slots);
    free(table->name);
    free(table);
}

/* --- rows, found again by the bytes of their keys */

static size_t hash(const char *data, size_t size) {
    uint64_t value = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        value = (value ^ (unsigned char)data[i]) * 0x100000001b3u;
    return (size_t)(value ^ value >> 29);
}

static bool make_room(hdb_session_table *table) {
    if (table->count == table->capacity) {
        size_t capacity = table->capacity ? table->capacity * 2 : 16;
        hdb_row_change *grown = realloc(table->changes, capacity * sizeof *grown);
        if (!grown)
            return false;
        table->changes = grown;
        table->capacity = capacity;
    }
    if (table->count * 2 < table->slot_count)
        return true;
    size_t slot_count = table->slot_count ? table->slot_count * 2 : 32;
    size_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < table->count; i++) {
        size_t slot = hash(table->bytes.data + table->changes[i].key, table->changes[i].key_size) & (slot_count - 1);
        while (slots[slot])
            slot = (slot + 1) & (slot_count - 1);
        slots[slot] = i + 1;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    return true;
}

/* The change noted for a key; `slot` is where it is or would be. */
static hdb_row_change *find_change(const hdb_session_table *table, const hdb_buffer *key, size_t *slot) {
    for (*slot = hash(key->data, key->size) & (table->slot_count - 1); table->slots[*slot];
         *slot = (*slot + 1) & (table->slot_count - 1)) {
        hdb_row_change *change = &table->changes[table->slots[*slot] - 1];
        if (change->key_size == key->size && memcmp(table->bytes.data + change->key, key->data, key->size) == 0)
            return change;
    }
    return NULL;
}

/* The key's values, before or (`inserts`) after the change. false if it has a NULL, or they can't be had. */
static bool read_key(sqlite3 *db, const hdb_session_table *table, bool inserts, hdb_buffer *key) {
    for (int i = 0; i < table->column_count; i++) {
        sqlite3_value *value = NULL;
        if (!table->keys[i])
            continue;
        int rc = inserts ? sqlite3_preupdate_new(db, i, &value) : sqlite3_preupdate_old(db, i, &value);
        if (rc != SQLITE_OK || !value || sqlite3_value_type(value) == SQLITE_NULL)
            return false;
        hdb_change_put_value(key, value);
    }
    return true;
}

static int add_change(hdb_session_table *table, sqlite3 *db, const hdb_buffer *key, size_t slot, int operation,
                      bool indirect) {
    hdb_row_change *change = &table->changes[table->count];
    *change = (hdb_row_change){.key = table->bytes.size, .key_size = key->size, .operation = operation,
                               .indirect = indirect};
    hdb_buffer_append(&table->bytes, key->data, key->size);
    change->old = table->bytes.size;
    for (int i = 0; operation != SQLITE_INSERT && i < table->column_count; i++) {
        sqlite3_value *value = NULL;
        int rc = sqlite3_preupdate_old(db, i, &value);
        if (rc != SQLITE_OK)
            return rc;
        hdb_change_put_value(&table->bytes, value);
    }
    change->old_size = table->bytes.size - change->old;
    if (table->bytes.failed)
        return SQLITE_NOMEM;
    table->slots[slot] = ++table->count;
    return SQLITE_OK;
}

static int note_row(hdb_session *session, hdb_session_table *table, sqlite3 *db, int operation) {
    hdb_buffer key = HDB_BUFFER_INIT;
    size_t slot = 0;
    int rc = SQLITE_OK;
    bool indirect = session->indirect || sqlite3_preupdate_depth(db) > 0;
    if (sqlite3_preupdate_count(db) != table->column_count)
        return SQLITE_SCHEMA;
    if (!make_room(table))
        return SQLITE_NOMEM;
    if (read_key(db, table, operation == SQLITE_INSERT, &key)) {
        bool whole = !key.failed && key.data;
        hdb_row_change *change = whole ? find_change(table, &key, &slot) : NULL;
        if (!whole)
            rc = SQLITE_NOMEM;
        else if (change)
            change->indirect = change->indirect && indirect;
        else
            rc = add_change(table, db, &key, slot, operation, indirect);
    }
    hdb_buffer_free(&key);
    return rc;
}

static void note_change(hdb_session *session, sqlite3 *db, int operation, const char *name) {
    hdb_error ignored = HDB_ERROR_INIT;
    hdb_session_table *table = find_table(session, name);
    if (!table && session->every_table && !(table = add_table(session, name)))
        session->rc = SQLITE_NOMEM;
    if (table && !table->known && hdb_session_read_columns(session, table, &ignored) != HDB_OK)
        session->rc = ignored.code;
    hdb_error_clear(&ignored);
    if (session->rc || !table || !table->has_key)
        return;
    session->rc = note_row(session, table, db, operation);
    /* An UPDATE of the key is the end of one row and the beginning of another. */
    if (session->rc == SQLITE_OK && operation == SQLITE_UPDATE)
        session->rc = note_row(session, table, db, SQLITE_INSERT);
}

static void on_change(void *context, sqlite3 *db, int operation, const char *database, const char *table) {
    const hdb_conn *conn = context;
    for (hdb_session *session = conn->sessions; session; session = session->next)
        if (!session->disabled && !session->rc && strcasecmp(session->database, database) == 0)
            note_change(session, db, operation, table);
}

/* --- the API */

static void watch(hdb_conn *conn) {
    hdb_hooks *hooks = &conn->replica->hooks;
    hooks->record_context = conn;
    hooks->watchers += (conn->sessions != NULL) - (hooks->record != NULL);
    hooks->record = conn->sessions ? on_change : NULL;
}

int hdb_session_create(hdb_conn *conn, const char *database, hdb_session **out) {
    const char *name = database ? database : "main";
    if (out)
        *out = NULL;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return rc;
    if (!out)
        return hdb_conn_leave(conn, hdb_error_set(&conn->error, HDB_MISUSE, NULL,
                                                  "hdb_session_create needs a place for the session"));
    hdb_session *session = calloc(1, sizeof *session);
    if (session)
        session->database = strdup(name);
    if (!session || !session->database) {
        free(session);
        return hdb_conn_leave(conn, hdb_error_nomem(&conn->error));
    }
    session->conn = conn;
    session->next = conn->sessions;
    conn->sessions = *out = session;
    watch(conn);
    return hdb_conn_leave(conn, HDB_OK);
}

static int enter(hdb_session *session) {
    return session ? hdb_conn_enter(session->conn) : HDB_MISUSE;
}

int hdb_session_attach(hdb_session *session, const char *table) {
    int rc = enter(session);
    if (rc != HDB_OK)
        return rc;
    if (!table)
        session->every_table = true;
    else if (!find_table(session, table) && !add_table(session, table))
        rc = hdb_error_nomem(&session->conn->error);
    return hdb_conn_leave(session->conn, rc);
}

int hdb_session_enable(hdb_session *session, int on) {
    if (enter(session) != HDB_OK)
        return 0;
    if (on >= 0)
        session->disabled = !on;
    return hdb_conn_leave(session->conn, !session->disabled);
}

int hdb_session_indirect(hdb_session *session, int on) {
    if (enter(session) != HDB_OK)
        return 0;
    if (on >= 0)
        session->indirect = on != 0;
    return hdb_conn_leave(session->conn, session->indirect);
}

int hdb_session_is_empty(hdb_session *session) {
    if (enter(session) != HDB_OK)
        return 1;
    size_t count = 0;
    for (const hdb_session_table *table = session->tables; table; table = table->next)
        count += table->count;
    return hdb_conn_leave(session->conn, count == 0);
}

static void free_session(hdb_session *session) {
    while (session->tables) {
        hdb_session_table *table = session->tables;
        session->tables = table->next;
        free_table(table);
    }
    free(session->database);
    free(session);
}

void hdb_session_delete(hdb_session *session) {
    if (enter(session) != HDB_OK)
        return;
    hdb_conn *conn = session->conn;
    hdb_session **at = &conn->sessions;
    while (*at != session)
        at = &(*at)->next;
    *at = session->next;
    free_session(session);
    watch(conn);
    hdb_conn_leave(conn, HDB_OK);
}

void hdb_sessions_delete(hdb_conn *conn) {
    while (conn->sessions) {
        hdb_session *session = conn->sessions;
        conn->sessions = session->next;
        free_session(session);
    }
    if (conn->replica)
        watch(conn);
}
