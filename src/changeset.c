/* SPDX-License-Identifier: Apache-2.0 */
/* Making changesets and patchsets of what a session has recorded. The format is documented at
 * https://www.sqlite.org/session/changeset.html and in SQLite's own source; SQLite's functions read it. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

/* One changeset on its way. */
struct making {
    hdb_session *session;
    const hdb_session_table *table;
    sqlite3_stmt *reader; /* gives a row by its key */
    bool patch;
    hdb_buffer out;
};

/* The size of the value at the beginning of `data`, as hdb_change_put_value() wrote it. */
static size_t value_size(const char *data) {
    size_t length = 0, at = 1;
    switch (*data) {
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
        return 9;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        do
            length = length << 7 | (data[at] & 0x7f);
        while (data[at++] & 0x80);
        return at + length;
    default:
        return 1;
    }
}

static uint64_t word_at(const char *data) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++)
        word = word << 8 | (unsigned char)data[i];
    return word;
}

static void bind_value(sqlite3_stmt *statement, int index, const char *data) {
    size_t length = 0, at = 1;
    uint64_t word;
    double real;
    switch (*data) {
    case SQLITE_INTEGER:
        sqlite3_bind_int64(statement, index, (sqlite3_int64)word_at(data + 1));
        break;
    case SQLITE_FLOAT:
        word = word_at(data + 1);
        memcpy(&real, &word, sizeof real);
        sqlite3_bind_double(statement, index, real);
        break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        do
            length = length << 7 | (data[at] & 0x7f);
        while (data[at++] & 0x80);
        if (*data == SQLITE_TEXT)
            sqlite3_bind_text64(statement, index, data + at, length, SQLITE_STATIC, SQLITE_UTF8);
        else
            sqlite3_bind_blob64(statement, index, data + at, length, SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_null(statement, index);
    }
}

static int prepare_reader(struct making *making, hdb_error *error) {
    const hdb_session_table *table = making->table;
    hdb_replica *replica = making->session->conn->replica;
    hdb_buffer sql = HDB_BUFFER_INIT;
    int key = 0;
    for (int i = 0; i < table->column_count; i++) {
        hdb_buffer_text(&sql, i ? ", " : "SELECT ");
        hdb_buffer_identifier(&sql, table->columns[i]);
    }
    hdb_buffer_text(&sql, " FROM ");
    hdb_buffer_identifier(&sql, making->session->database);
    hdb_buffer_text(&sql, ".");
    hdb_buffer_identifier(&sql, table->name);
    for (int i = 0; i < table->column_count; i++) {
        if (!table->keys[i])
            continue;
        hdb_buffer_text(&sql, key++ ? " AND " : " WHERE ");
        hdb_buffer_identifier(&sql, table->columns[i]);
        hdb_buffer_format(&sql, " IS ?%d", key);
    }
    int rc = HDB_OK;
    if (sql.failed)
        rc = hdb_error_nomem(error);
    else if (sqlite3_prepare_v2(replica->db, sql.data, -1, &making->reader, NULL) != SQLITE_OK)
        rc = hdb_replica_error(replica, error);
    hdb_buffer_free(&sql);
    return rc;
}

static void put_head(struct making *making) {
    const hdb_session_table *table = making->table;
    hdb_buffer_char(&making->out, making->patch ? 'P' : 'T');
    hdb_change_put_varint(&making->out, (uint64_t)table->column_count);
    hdb_buffer_append(&making->out, table->keys, (size_t)table->column_count);
    hdb_buffer_append(&making->out, table->name, strlen(table->name) + 1);
}

static void put_start(struct making *making, int operation, const hdb_row_change *change) {
    hdb_buffer_char(&making->out, (char)operation);
    hdb_buffer_char(&making->out, change->indirect);
}

static void put_insert(struct making *making, const hdb_row_change *change) {
    put_start(making, SQLITE_INSERT, change);
    for (int i = 0; i < making->table->column_count; i++)
        hdb_change_put_value(&making->out, sqlite3_column_value(making->reader, i));
}

static void put_delete(struct making *making, const hdb_row_change *change) {
    const char *old = making->table->bytes.data + change->old;
    put_start(making, SQLITE_DELETE, change);
    for (int i = 0; i < making->table->column_count; i++) {
        size_t size = value_size(old);
        if (!making->patch || making->table->keys[i])
            hdb_buffer_append(&making->out, old, size);
        old += size;
    }
}

/* Only what differs is told, and the key; nothing at all if nothing differs. */
static void put_update(struct making *making, const hdb_row_change *change) {
    const char *old = making->table->bytes.data + change->old;
    size_t start = making->out.size;
    bool differs = false;
    hdb_buffer after = HDB_BUFFER_INIT, value = HDB_BUFFER_INIT;
    put_start(making, SQLITE_UPDATE, change);
    for (int i = 0; i < making->table->column_count; i++) {
        size_t size = value_size(old);
        bool is_key = making->table->keys[i];
        hdb_buffer_reset(&value);
        hdb_change_put_value(&value, sqlite3_column_value(making->reader, i));
        bool changed = value.size != size || memcmp(value.data, old, size) != 0;
        differs = differs || changed;
        if (!making->patch && (changed || is_key))
            hdb_buffer_append(&making->out, old, size);
        else if (!making->patch)
            hdb_buffer_char(&making->out, 0);
        if (changed || (making->patch && is_key))
            hdb_buffer_append(&after, value.data, value.size);
        else
            hdb_buffer_char(&after, 0);
        old += size;
    }
    hdb_buffer_append(&making->out, after.data, after.size);
    making->out.failed = making->out.failed || after.failed || value.failed;
    if (!differs)
        making->out.size = start;
    hdb_buffer_free(&after);
    hdb_buffer_free(&value);
}

static int put_change(struct making *making, const hdb_row_change *change, hdb_error *error) {
    const char *key = making->table->bytes.data + change->key;
    for (int i = 0, index = 1; i < making->table->column_count; i++) {
        if (!making->table->keys[i])
            continue;
        bind_value(making->reader, index++, key);
        key += value_size(key);
    }
    int step = sqlite3_step(making->reader), rc = HDB_OK;
    if (step == SQLITE_ROW && change->operation == SQLITE_INSERT)
        put_insert(making, change);
    else if (step == SQLITE_ROW)
        put_update(making, change);
    else if (step == SQLITE_DONE && change->operation != SQLITE_INSERT)
        put_delete(making, change);
    else if (step != SQLITE_DONE)
        rc = hdb_replica_error(making->session->conn->replica, error);
    sqlite3_reset(making->reader);
    return rc;
}

/* The table must look as it did when its changes were noted. */
static int check_columns(const struct making *making, hdb_error *error) {
    hdb_session_table now = {.name = making->table->name};
    int rc = hdb_session_read_columns(making->session, &now, error);
    if (rc == HDB_OK && (now.column_count != making->table->column_count ||
                         memcmp(now.keys, making->table->keys, (size_t)now.column_count) != 0))
        rc = hdb_error_set(error, HDB_SCHEMA, NULL, "table %s has changed since the session began", now.name);
    hdb_session_forget_columns(&now);
    return rc;
}

static int put_table(struct making *making, hdb_error *error) {
    size_t start = making->out.size;
    int rc = check_columns(making, error);
    if (rc == HDB_OK)
        rc = prepare_reader(making, error);
    put_head(making);
    size_t head = making->out.size;
    for (size_t i = 0; rc == HDB_OK && i < making->table->count; i++)
        rc = put_change(making, &making->table->changes[i], error);
    if (making->out.size == head)
        making->out.size = start;
    sqlite3_finalize(making->reader);
    making->reader = NULL;
    return rc;
}

/* In daemon mode the rows have to be there. */
static int bring_rows(hdb_session *session, hdb_error *error) {
    hdb_replica *replica = session->conn->replica;
    return replica->store && replica->store->prepare_statement ? hdb_replica_need_all(replica, error) : HDB_OK;
}

static int make(hdb_session *session, bool patch, void **out, int64_t *out_size) {
    if (out)
        *out = NULL;
    if (out_size)
        *out_size = 0;
    int rc = session ? hdb_conn_enter(session->conn) : HDB_MISUSE;
    if (rc != HDB_OK)
        return rc;
    hdb_conn *conn = session->conn;
    struct making making = {.session = session, .patch = patch};
    if (!out || !out_size)
        rc = hdb_error_set(&conn->error, HDB_MISUSE, NULL, "a changeset needs a place to go to");
    else if (session->rc)
        rc = hdb_error_set(&conn->error, session->rc, NULL, "%s", sqlite3_errstr(session->rc));
    if (rc == HDB_OK)
        rc = bring_rows(session, &conn->error);
    if (rc == HDB_OK)
        rc = hdb_replica_run(conn->replica, "SAVEPOINT \"_hdb_changeset\"", &conn->error);
    if (rc != HDB_OK)
        return hdb_conn_leave(conn, rc);
    for (making.table = session->tables; rc == HDB_OK && making.table; making.table = making.table->next)
        if (making.table->count > 0)
            rc = put_table(&making, &conn->error);
    hdb_error ignored = HDB_ERROR_INIT;
    hdb_replica_run(conn->replica, "RELEASE \"_hdb_changeset\"", &ignored);
    hdb_error_clear(&ignored);
    if (rc == HDB_OK && making.out.failed)
        rc = hdb_error_nomem(&conn->error);
    if (rc == HDB_OK && making.out.size > 0) {
        *out_size = (int64_t)making.out.size;
        *out = hdb_buffer_take(&making.out);
    }
    hdb_buffer_free(&making.out);
    return hdb_conn_leave(conn, rc);
}

int hdb_session_changeset(hdb_session *session, void **out, int64_t *out_size) {
    return make(session, false, out, out_size);
}

int hdb_session_patchset(hdb_session *session, void **out, int64_t *out_size) {
    return make(session, true, out, out_size);
}
