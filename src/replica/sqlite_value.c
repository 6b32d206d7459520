/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/sqlite_value.h"

hdb_value hdb_value_of_sqlite(sqlite3_value *value) {
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        return hdb_value_integer(sqlite3_value_int64(value));
    case SQLITE_FLOAT:
        return hdb_value_real(sqlite3_value_double(value));
    case SQLITE_TEXT: {
        const char *data = (const char *)sqlite3_value_text(value);
        return hdb_value_text(data ? data : "", (size_t)sqlite3_value_bytes(value));
    }
    case SQLITE_BLOB: {
        const void *data = sqlite3_value_blob(value);
        return hdb_value_blob(data ? data : "", (size_t)sqlite3_value_bytes(value));
    }
    default:
        return hdb_value_null();
    }
}

hdb_value hdb_value_of_column(sqlite3_stmt *statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return hdb_value_integer(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
        return hdb_value_real(sqlite3_column_double(statement, column));
    case SQLITE_TEXT: {
        const char *data = (const char *)sqlite3_column_text(statement, column);
        return hdb_value_text(data ? data : "", (size_t)sqlite3_column_bytes(statement, column));
    }
    case SQLITE_BLOB: {
        const void *data = sqlite3_column_blob(statement, column);
        return hdb_value_blob(data ? data : "", (size_t)sqlite3_column_bytes(statement, column));
    }
    default:
        return hdb_value_null();
    }
}

hdb_value hdb_value_of_column_unended(sqlite3_stmt *statement, int column) {
    /* Looked up once. No other thread touches it: the connection's mutex is held. */
    sqlite3_value *value = sqlite3_column_value(statement, column);
    if (sqlite3_value_type(value) != SQLITE_TEXT)
        return hdb_value_of_sqlite(value);
    size_t size = (size_t)sqlite3_value_bytes(value); /* first: it makes UTF-8 of the text */
    const char *data = sqlite3_value_blob(value);
    return hdb_value_text(data ? data : "", size);
}

static int bind(sqlite3_stmt *statement, int index, const hdb_value *value, sqlite3_destructor_type lifetime) {
    switch (value->type) {
    case HDB_TYPE_INTEGER:
        return sqlite3_bind_int64(statement, index, value->as.integer);
    case HDB_TYPE_FLOAT:
        return sqlite3_bind_double(statement, index, value->as.real);
    case HDB_TYPE_TEXT:
        return sqlite3_bind_text64(statement, index, value->as.bytes.data ? value->as.bytes.data : "", value->as.bytes.size,
                                   lifetime, SQLITE_UTF8);
    case HDB_TYPE_BLOB:
        return sqlite3_bind_blob64(statement, index, value->as.bytes.data ? value->as.bytes.data : "", value->as.bytes.size,
                                   lifetime);
    default:
        return sqlite3_bind_null(statement, index);
    }
}

int hdb_value_bind(sqlite3_stmt *statement, int index, const hdb_value *value) {
    return bind(statement, index, value, SQLITE_STATIC);
}

int hdb_value_bind_copy(sqlite3_stmt *statement, int index, const hdb_value *value) {
    return bind(statement, index, value, SQLITE_TRANSIENT);
}
