/* SPDX-License-Identifier: Apache-2.0 */
/* Reading results: names from the statement that was prepared, values from the row it is on. */
#include "statement.h"

/* Where names, declared types and origins are told. */
static sqlite3_stmt *described(hdb_stmt *stmt) {
    return stmt->replica ? stmt->replica : stmt->result;
}

/* The row to read a value from, NULL if there is none. */
static sqlite3_stmt *current(hdb_stmt *stmt, int column) {
    if (!stmt || stmt->state != HDB_STMT_ON_ROW || column < 0)
        return NULL;
    sqlite3_stmt *row = hdb_stmt_row(stmt);
    return column < sqlite3_data_count(row) ? row : NULL;
}

int hdb_column_count(hdb_stmt *stmt) {
    return stmt && described(stmt) ? sqlite3_column_count(described(stmt)) : 0;
}

const char *hdb_column_name(hdb_stmt *stmt, int column) {
    return stmt && described(stmt) ? sqlite3_column_name(described(stmt), column) : NULL;
}

const char *hdb_column_decltype(hdb_stmt *stmt, int column) {
    return stmt && stmt->replica ? sqlite3_column_decltype(stmt->replica, column) : NULL;
}

const char *hdb_column_database(hdb_stmt *stmt, int column) {
    return stmt && stmt->replica ? sqlite3_column_database_name(stmt->replica, column) : NULL;
}

const char *hdb_column_table(hdb_stmt *stmt, int column) {
    return stmt && stmt->replica ? sqlite3_column_table_name(stmt->replica, column) : NULL;
}

const char *hdb_column_origin(hdb_stmt *stmt, int column) {
    return stmt && stmt->replica ? sqlite3_column_origin_name(stmt->replica, column) : NULL;
}

int hdb_column_type(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = current(stmt, column);
    return row ? sqlite3_column_type(row, column) : HDB_TYPE_NULL;
}

int64_t hdb_column_int64(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = current(stmt, column);
    return row ? sqlite3_column_int64(row, column) : 0;
}

double hdb_column_double(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = current(stmt, column);
    return row ? sqlite3_column_double(row, column) : 0.0;
}

const char *hdb_column_text(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = current(stmt, column);
    return row ? (const char *)sqlite3_column_text(row, column) : NULL;
}

const void *hdb_column_blob(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = current(stmt, column);
    return row ? sqlite3_column_blob(row, column) : NULL;
}

int64_t hdb_column_bytes(hdb_stmt *stmt, int column) {
    sqlite3_stmt *row = current(stmt, column);
    return row ? sqlite3_column_bytes(row, column) : 0;
}
