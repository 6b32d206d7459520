/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in blocks: the fetch and the execution of many rows in one call, over the steps of statement.c. */
#include "block.h"
#include "scan_lane.h"
#include "replica/sqlite_value.h"
#include "statement.h"

#include <stdlib.h>

/* Where a block ends in any case: large enough that the call does not show, small enough to stay in a cache. */
static const size_t block_bytes = 1 << 20;

int hdb_stmt_read_column(hdb_stmt *stmt, sqlite3_stmt *row, int column, hdb_value *out) {
    *out = hdb_value_of_column(row, column);
    bool is_bytes = out->type == HDB_TYPE_TEXT || out->type == HDB_TYPE_BLOB;
    return is_bytes && sqlite3_errcode(sqlite3_db_handle(row)) == SQLITE_NOMEM ? hdb_error_nomem(&stmt->conn->error) : HDB_OK;
}

bool hdb_stmt_block_is_full(const hdb_block *block, int64_t limit) {
    return (limit > 0 && block->rows >= limit) || hdb_block_size(block) >= block_bytes;
}

static int append_row(hdb_stmt *stmt, hdb_block *block) {
    sqlite3_stmt *row = hdb_stmt_row(stmt);
    for (int i = 0; i < block->column_count; i++) {
        hdb_value value;
        if (hdb_stmt_read_column(stmt, row, i, &value) != HDB_OK)
            return HDB_NOMEM;
        hdb_block_append(block, i, &value);
    }
    block->rows++;
    return HDB_ROW;
}

int hdb_stmt_fetch_rows(hdb_stmt *stmt, int64_t limit, hdb_block *block) {
    int rc = stmt->state == HDB_STMT_ON_ROW ? HDB_ROW : hdb_stmt_next(stmt);
    /* Only a statement that has run knows its columns: the schema may have changed since it was prepared. */
    if ((rc == HDB_ROW || rc == HDB_DONE) && hdb_block_begin(block, hdb_column_count(stmt)) != HDB_OK)
        return hdb_error_nomem(&stmt->conn->error);
    if (rc == HDB_ROW && stmt->scan && !hdb_scan_is_settled(stmt)) {
        rc = hdb_scan_fetch(stmt, limit, block);
        stmt->state = rc == HDB_ROW ? HDB_STMT_ON_ROW : rc == HDB_DONE ? HDB_STMT_FINISHED : HDB_STMT_IDLE;
    }
    while (rc == HDB_ROW && !hdb_stmt_block_is_full(block, limit)) {
        rc = append_row(stmt, block);
        if (rc == HDB_ROW)
            rc = hdb_stmt_next(stmt);
    }
    if ((rc == HDB_ROW || rc == HDB_DONE) && hdb_block_check(block) != HDB_OK)
        return hdb_error_nomem(&stmt->conn->error);
    return rc;
}

int hdb_fetch_block(hdb_stmt *stmt, int64_t limit, const void **out, int64_t *out_size) {
    if (out)
        *out = NULL;
    int rc = hdb_stmt_enter(stmt);
    if (rc != HDB_OK)
        return rc;
    if (!out || !out_size)
        return hdb_conn_leave(stmt->conn, hdb_error_set(&stmt->conn->error, HDB_MISUSE, NULL, "hdb_fetch_block needs places for the block and its size"));
    rc = hdb_stmt_fetch_rows(stmt, limit, &stmt->block);
    if ((rc == HDB_ROW || rc == HDB_DONE) && hdb_block_finish(&stmt->block) != HDB_OK)
        rc = hdb_error_nomem(&stmt->conn->error);
    if (rc == HDB_ROW || rc == HDB_DONE) {
        *out = stmt->block.text.data;
        *out_size = (int64_t)stmt->block.text.size;
    }
    return hdb_conn_leave(stmt->conn, rc);
}

static int open_block(hdb_stmt *stmt, const void *block, size_t size, int64_t *rows, hdb_block_cursor **out) {
    int64_t columns;
    hdb_error *error = &stmt->conn->error;
    int rc = hdb_block_open(block, size, rows, &columns);
    if (rc == HDB_OK && columns != hdb_bind_parameter_count(stmt))
        return hdb_error_set(error, HDB_RANGE, NULL, "the block has %lld columns, the statement %d parameters", (long long)columns,
                             hdb_bind_parameter_count(stmt));
    *out = calloc((size_t)(rc == HDB_OK ? columns : 0) + 1, sizeof **out);
    if (!*out)
        return hdb_error_nomem(error);
    for (int64_t i = 0; rc == HDB_OK && i < columns; i++)
        rc = hdb_block_column_open(&(*out)[i], block, size, i);
    return rc == HDB_OK ? HDB_OK : hdb_error_set(error, HDB_MISUSE, NULL, "the block of rows is malformed");
}

/* Between two rows no statement runs that an interrupt would end. */
static int check_interrupt(hdb_stmt *stmt, int64_t done) {
    bool interrupted = done > 0 && atomic_load(&stmt->conn->interrupted);
    return interrupted ? hdb_error_set(&stmt->conn->error, HDB_INTERRUPT, NULL, "interrupted") : HDB_OK;
}

static int run_row(hdb_stmt *stmt, hdb_block_cursor *columns, int64_t row) {
    int rc = HDB_OK, count = hdb_bind_parameter_count(stmt);
    for (int i = 0; rc == HDB_OK && i < count; i++)
        rc = hdb_stmt_bind(stmt, i + 1, hdb_block_next(&columns[i], row));
    if (rc != HDB_OK)
        return rc;
    rc = hdb_stmt_execute(stmt);
    while (rc == HDB_ROW)
        rc = hdb_stmt_next(stmt);
    return rc == HDB_DONE ? HDB_OK : rc;
}

int hdb_execute_block(hdb_stmt *stmt, const void *block, int64_t size, int64_t *out_rows, int64_t *out_changes) {
    hdb_block_cursor *columns = NULL;
    int64_t rows = 0, done = 0, changes = 0;
    int rc = hdb_stmt_enter(stmt);
    if (rc == HDB_OK) {
        rc = hdb_stmt_reset(stmt);
        if (rc == HDB_OK)
            rc = open_block(stmt, block, size < 0 ? 0 : (size_t)size, &rows, &columns);
        bool counts = hdb_stmt_is_dml(stmt);
        while (rc == HDB_OK && done < rows) {
            rc = check_interrupt(stmt, done);
            if (rc == HDB_OK)
                rc = run_row(stmt, columns, done);
            if (rc == HDB_OK) {
                changes += counts ? hdb_changes(stmt->conn) : 0;
                done++;
            }
        }
        free(columns);
        hdb_conn_leave(stmt->conn, rc);
    }
    if (out_rows)
        *out_rows = done;
    if (out_changes)
        *out_changes = changes;
    return rc;
}
