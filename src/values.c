/* SPDX-License-Identifier: Apache-2.0 */
/* The values of one row in one call: of a statement's parameters, and of its columns. */
#include "block.h"
#include "statement.h"

static int bind_values(hdb_stmt *stmt, const void *values, size_t size) {
    hdb_block_cursor cursor;
    int count = hdb_bind_parameter_count(stmt);
    if ((!values && size > 0) || hdb_block_values_open(&cursor, values, size, (uint64_t)count) != HDB_OK)
        return hdb_error_set(&stmt->conn->error, HDB_MISUSE, NULL,
                             "the values are malformed, or not as many as the statement has parameters (%d)", count);
    int rc = HDB_OK;
    for (int i = 0; rc == HDB_OK && i < count; i++)
        rc = hdb_stmt_bind(stmt, i + 1, hdb_block_next(&cursor, i));
    return rc;
}

/* Ends the execution that there is, and makes the values those of the next one. */
static int take_values(hdb_stmt *stmt, const void *values, int64_t size) {
    int rc = stmt->state == HDB_STMT_IDLE ? HDB_OK : hdb_stmt_reset(stmt);
    return rc == HDB_OK ? bind_values(stmt, values, size < 0 ? 0 : (size_t)size) : rc;
}

int hdb_execute_values(hdb_stmt *stmt, const void *values, int64_t size, int64_t *out_changes, int64_t *out_rowid) {
    int rc = hdb_stmt_enter(stmt);
    if (rc != HDB_OK)
        return rc;
    rc = take_values(stmt, values, size);
    if (rc == HDB_OK)
        rc = hdb_stmt_next(stmt);
    if (out_changes)
        *out_changes = hdb_changes(stmt->conn);
    if (out_rowid)
        *out_rowid = hdb_last_insert_rowid(stmt->conn);
    return hdb_conn_leave(stmt->conn, rc);
}

/* The row that the statement is on. */
static int put_values(hdb_stmt *stmt) {
    hdb_block *block = &stmt->block;
    sqlite3_stmt *row = hdb_stmt_row(stmt);
    int count = sqlite3_data_count(row);
    if (hdb_block_begin(block, 1) != HDB_OK)
        return hdb_error_nomem(&stmt->conn->error);
    hdb_block_column *column = &block->columns[0];
    column->form = HDB_BLOCK_MIXED;
    for (int i = 0; i < count; i++, block->rows++) {
        hdb_value value;
        if (hdb_stmt_read_column(stmt, row, i, &value) != HDB_OK)
            return HDB_NOMEM;
        hdb_block_append(block, 0, &value);
    }
    hdb_buffer_reset(&block->text);
    hdb_buffer_append(&block->text, column->numbers.data, column->numbers.size);
    hdb_buffer_append(&block->text, column->types.data, column->types.size);
    hdb_buffer_append(&block->text, column->bytes.data, column->bytes.size);
    bool failed = hdb_block_check(block) != HDB_OK || block->text.failed;
    return failed ? hdb_error_nomem(&stmt->conn->error) : HDB_OK;
}

static void put_out(const hdb_stmt *stmt, const void **out, int64_t *out_size) {
    *out = stmt->block.text.data;
    *out_size = (int64_t)stmt->block.text.size;
}

/* Begins a call that gives values. */
static int enter_to_give(hdb_stmt *stmt, const char *function, const void **out, int64_t *out_size) {
    if (out)
        *out = NULL;
    if (out_size)
        *out_size = 0;
    int rc = hdb_stmt_enter(stmt);
    if (rc != HDB_OK || (out && out_size))
        return rc;
    return hdb_conn_leave(stmt->conn, hdb_error_set(&stmt->conn->error, HDB_MISUSE, NULL, "%s needs places for the values and their size", function));
}

int hdb_fetch_values(hdb_stmt *stmt, const void **out, int64_t *out_size) {
    int rc = enter_to_give(stmt, "hdb_fetch_values", out, out_size);
    if (rc != HDB_OK)
        return rc;
    rc = stmt->state == HDB_STMT_ON_ROW ? HDB_ROW : hdb_stmt_next(stmt);
    if (rc != HDB_ROW)
        return hdb_conn_leave(stmt->conn, rc);
    rc = put_values(stmt);
    if (rc == HDB_OK)
        rc = hdb_stmt_next(stmt);
    if (rc == HDB_ROW || rc == HDB_DONE)
        put_out(stmt, out, out_size);
    return hdb_conn_leave(stmt->conn, rc);
}

int hdb_step_values(hdb_stmt *stmt, const void *values, int64_t size, const void **out, int64_t *out_size) {
    int rc = enter_to_give(stmt, "hdb_step_values", out, out_size);
    if (rc != HDB_OK)
        return rc;
    if (values)
        rc = take_values(stmt, values, size);
    if (rc == HDB_OK)
        rc = hdb_stmt_next(stmt);
    if (rc != HDB_ROW)
        return hdb_conn_leave(stmt->conn, rc);
    rc = put_values(stmt);
    if (rc == HDB_OK)
        put_out(stmt, out, out_size);
    return hdb_conn_leave(stmt->conn, rc == HDB_OK ? HDB_ROW : rc);
}
