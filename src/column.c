/* SPDX-License-Identifier: Apache-2.0 */
/* Reading results: names from the statement that was prepared, values from the row it is on. Each call holds the connection's
 * mutex, for SQLite, opened without its own, may convert what it gives, and allocate. */
#include "statement.h"

/* Where names, declared types and origins are told. */
static sqlite3_stmt *described(hdb_stmt *stmt) {
    return stmt->replica ? stmt->replica : stmt->result;
}

int hdb_column_count(hdb_stmt *stmt) {
    return stmt && described(stmt) ? sqlite3_column_count(described(stmt)) : 0;
}

static const char *ask_name(hdb_stmt *stmt, sqlite3_stmt *source, int column, const char *(*ask)(sqlite3_stmt *, int)) {
    if (!source)
        return NULL;
    pthread_mutex_lock(&stmt->conn->mutex);
    const char *name = ask(source, column);
    pthread_mutex_unlock(&stmt->conn->mutex);
    return name;
}

const char *hdb_column_name(hdb_stmt *stmt, int column) {
    return stmt ? ask_name(stmt, described(stmt), column, sqlite3_column_name) : NULL;
}

const char *hdb_column_decltype(hdb_stmt *stmt, int column) {
    return stmt ? ask_name(stmt, stmt->replica, column, sqlite3_column_decltype) : NULL;
}

const char *hdb_column_database(hdb_stmt *stmt, int column) {
    return stmt ? ask_name(stmt, stmt->replica, column, sqlite3_column_database_name) : NULL;
}

const char *hdb_column_table(hdb_stmt *stmt, int column) {
    return stmt ? ask_name(stmt, stmt->replica, column, sqlite3_column_table_name) : NULL;
}

const char *hdb_column_origin(hdb_stmt *stmt, int column) {
    return stmt ? ask_name(stmt, stmt->replica, column, sqlite3_column_origin_name) : NULL;
}

/* The row to read a value from, NULL if there is none; with a row, the mutex is held until end(). */
static sqlite3_stmt *begin(hdb_stmt *stmt, int column) {
    if (!stmt || column < 0)
        return NULL;
    pthread_mutex_lock(&stmt->conn->mutex);
    sqlite3_stmt *row = stmt->state == HDB_STMT_ON_ROW ? hdb_stmt_row(stmt) : NULL;
    if (row && column < sqlite3_data_count(row))
        return row;
    pthread_mutex_unlock(&stmt->conn->mutex);
    return NULL;
}

static void end(hdb_stmt *stmt, const sqlite3_stmt *row) {
    if (row)
        pthread_mutex_unlock(&stmt->conn->mutex);
}

int hdb_column_type(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = begin(stmt, column);
    int type = row ? sqlite3_column_type(row, column) : HDB_TYPE_NULL;
    end(stmt, row);
    return type;
}

int64_t hdb_column_int64(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = begin(stmt, column);
    int64_t value = row ? sqlite3_column_int64(row, column) : 0;
    end(stmt, row);
    return value;
}

double hdb_column_double(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = begin(stmt, column);
    double value = row ? sqlite3_column_double(row, column) : 0.0;
    end(stmt, row);
    return value;
}

const char *hdb_column_text(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = begin(stmt, column);
    const char *text = row ? (const char *)sqlite3_column_text(row, column) : NULL;
    end(stmt, row);
    return text;
}

const void *hdb_column_blob(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = begin(stmt, column);
    const void *bytes = row ? sqlite3_column_blob(row, column) : NULL;
    end(stmt, row);
    return bytes;
}

int64_t hdb_column_bytes(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = begin(stmt, column);
    int64_t bytes = row ? sqlite3_column_bytes(row, column) : 0;
    end(stmt, row);
    return bytes;
}
