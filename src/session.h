/* SPDX-License-Identifier: Apache-2.0 */
/* What a session has recorded. SQLite's own session extension can't be used on a connection whose preupdate hook is
 * taken, as ours is; so the changes are noted here, in its format. */
#ifndef HDB_SESSION_INTERNAL_H
#define HDB_SESSION_INTERNAL_H

#include "buffer.h"
#include "connection.h"

/* The first change of one row; what it is in the end is read when a changeset is made. */
typedef struct hdb_row_change {
    size_t key, key_size; /* place in the table's `bytes`: the values of the key */
    size_t old, old_size; /* all values before the change; nothing for an INSERT */
    int operation;
    bool indirect;
} hdb_row_change;

typedef struct hdb_session_table {
    struct hdb_session_table *next;
    char *name;
    bool known;          /* the columns have been read */
    int column_count;
    char **columns;
    unsigned char *keys; /* for each column: its place in the PRIMARY KEY, 0 if it has none */
    bool has_key;
    hdb_row_change *changes;
    size_t count, capacity;
    size_t *slots; /* open addressing over the keys: index + 1, 0 is free */
    size_t slot_count;
    hdb_buffer bytes;
} hdb_session_table;

struct hdb_session {
    hdb_conn *conn;
    hdb_session *next;
    char *database;
    bool every_table, disabled, indirect;
    int rc; /* first failure while recording */
    hdb_session_table *tables; /* in the order they were attached or met */
};

/* Appends a value in the format of a changeset; NULL: no value is told. */
void hdb_change_put_value(hdb_buffer *buffer, sqlite3_value *value);
void hdb_change_put_varint(hdb_buffer *buffer, uint64_t number);
/* Reads names and keys of a table's columns. */
int hdb_session_read_columns(hdb_session *session, hdb_session_table *table, hdb_error *error);
void hdb_session_forget_columns(hdb_session_table *table);
/* Frees the sessions of a connection that is closed. */
void hdb_sessions_delete(hdb_conn *conn);

#endif
