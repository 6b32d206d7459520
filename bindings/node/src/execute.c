/* SPDX-License-Identifier: Apache-2.0 */
/* Executing statements and fetching their rows. */
#include "connection.h"

#include <stdlib.h>

enum { MAX_ARGUMENTS = 4 };

/* The statement, to be run from its beginning; NULL if it has been finalized meanwhile. */
static hdb_stmt *fresh(struct operation *operation) {
    struct prepared *statement = operation->statement;
    if (!statement->stmt) {
        operation->code = HDB_MISUSE;
        return NULL;
    }
    if (statement->begun)
        hdb_reset(statement->stmt); /* an iteration that was left; its errors have been told of */
    statement->begun = false;
    return statement->stmt;
}

/* Ends an execution; a commit may fail here. */
static void finish_execution(struct operation *operation, hdb_stmt *stmt) {
    int rc = hdb_reset(stmt);
    if (operation->code == HDB_OK && rc != HDB_OK)
        operation_fail(operation, rc);
}

/* Keeps the names of the columns as they are now. */
static bool take_shape(struct operation *operation, hdb_stmt *stmt) {
    struct prepared *statement = operation->statement;
    struct shape *shape = shape_of(stmt, statement->shape);
    if (!shape) {
        operation->code = HDB_NOMEM;
        return false;
    }
    statement->shape = shape;
    operation->shape = shape;
    __atomic_add_fetch(&shape->references, 1, __ATOMIC_ACQ_REL);
    return true;
}

static void work_run(struct operation *operation) {
    hdb_stmt *stmt = fresh(operation);
    if (!stmt)
        return;
    int rc = hdb_execute_values(stmt, operation->values.data, (int64_t)operation->values.size, NULL, NULL);
    if (rc != HDB_ROW && rc != HDB_DONE)
        operation_fail(operation, rc);
    finish_execution(operation, stmt);
    /* Only now, since a statement with RETURNING that is on a row has not counted yet. */
    operation->number = hdb_changes(operation->connection->conn);
    operation->second = hdb_last_insert_rowid(operation->connection->conn);
}

/* [changes, rowid of the last insert] */
static napi_value finish_run(napi_env env, struct operation *operation) {
    napi_value result, changes, rowid;
    bool bigints = operation->flags & READ_BIGINTS;
    if (!(changes = value_of_integer(env, operation->number, bigints)) ||
        !(rowid = value_of_integer(env, operation->second, bigints)) ||
        napi_create_array_with_length(env, 2, &result) != napi_ok ||
        napi_set_element(env, result, 0, changes) != napi_ok || napi_set_element(env, result, 1, rowid) != napi_ok)
        return throw_napi_error(env);
    return result;
}

/* Moves to a row and keeps it. */
static void take_row(struct operation *operation, hdb_stmt *stmt, const void *values, int64_t size) {
    const void *row = NULL;
    int64_t row_size = 0;
    int rc = hdb_step_values(stmt, values, size, &row, &row_size);
    operation->none = rc != HDB_ROW;
    if (rc != HDB_ROW && rc != HDB_DONE)
        operation_fail(operation, rc);
    if (rc != HDB_ROW || !take_shape(operation, stmt))
        return;
    operation->row = row_copy(row, row_size, operation->shape->width);
    if (!operation->row)
        operation->code = HDB_NOMEM;
}

static void work_get(struct operation *operation) {
    hdb_stmt *stmt = fresh(operation);
    if (!stmt)
        return;
    take_row(operation, stmt, operation->values.data, (int64_t)operation->values.size);
    finish_execution(operation, stmt);
}

/* Fetches a block, or with limit 0 about a megabyte of rows, and appends it. */
static bool take_block(struct operation *operation, hdb_stmt *stmt, int64_t limit, struct block ***tail) {
    const void *block = NULL;
    int64_t size = 0;
    int rc = hdb_fetch_block(stmt, limit, &block, &size);
    operation->more = rc == HDB_ROW;
    if (rc != HDB_ROW && rc != HDB_DONE)
        operation_fail(operation, rc);
    else if (!block_add(tail, block, size))
        operation->code = HDB_NOMEM;
    return operation->code == HDB_OK;
}

/* Runs a statement with arguments up to its first row. */
static bool bind(struct operation *operation, hdb_stmt *stmt, const struct values *values) {
    int rc = hdb_execute_values(stmt, values->data, (int64_t)values->size, NULL, NULL);
    operation->none = rc == HDB_DONE;
    if (rc != HDB_ROW && rc != HDB_DONE)
        operation_fail(operation, rc);
    return operation->code == HDB_OK && take_shape(operation, stmt);
}

static void work_all(struct operation *operation) {
    struct block **tail = &operation->blocks;
    hdb_stmt *stmt = fresh(operation);
    if (!stmt)
        return;
    bool going = bind(operation, stmt, &operation->values) && !operation->none;
    while (going)
        going = take_block(operation, stmt, 0, &tail) && operation->more;
    finish_execution(operation, stmt);
}

/* Keeps the arguments for next(), which runs the statement. */
static void work_start(struct operation *operation) {
    struct prepared *statement = operation->statement;
    if (!fresh(operation))
        return;
    free(statement->bound.data);
    statement->bound = operation->values;
    operation->values = (struct values){NULL, 0, 0};
}

/* The next row. The statement stays on it: the one after it is made when it is asked for. */
static void work_next_row(struct operation *operation) {
    struct prepared *statement = operation->statement;
    if (!statement->stmt) {
        operation->code = HDB_MISUSE;
        return;
    }
    const void *values = statement->begun ? NULL : statement->bound.data;
    statement->begun = true;
    take_row(operation, statement->stmt, values, (int64_t)statement->bound.size);
    operation->more = !operation->none;
    if (operation->none || operation->code != HDB_OK)
        finish_execution(operation, statement->stmt);
}

/* The next rows, as many as `number` says. */
static void work_next_rows(struct operation *operation) {
    struct prepared *statement = operation->statement;
    struct block **tail = &operation->blocks;
    hdb_stmt *stmt = statement->stmt;
    if (!stmt) {
        operation->code = HDB_MISUSE;
        return;
    }
    bool going = statement->begun ? take_shape(operation, stmt) : bind(operation, stmt, &statement->bound);
    statement->begun = true;
    if (going && !operation->none)
        take_block(operation, stmt, operation->number, &tail);
    if (operation->code != HDB_OK || !operation->more)
        finish_execution(operation, stmt);
}

static void work_stop(struct operation *operation) {
    hdb_stmt *stmt = operation->statement->stmt;
    if (stmt)
        finish_execution(operation, stmt);
}

/* (statement, positional arguments, named ones, flags) */
static napi_value run_with_arguments(napi_env env, napi_callback_info info, operation_work work,
                                     operation_finish finish) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS] = {NULL};
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = operation_on_statement(env, connection, argv[0], work, finish);
    if (!operation)
        return NULL;
    napi_get_value_int32(env, argv[3], &operation->flags);
    if (arguments_pack(env, operation->statement, argv[1], argv[2], &operation->values))
        return operation_run(env, operation);
    operation_free(env, operation);
    return NULL;
}

napi_value execute_run(napi_env env, napi_callback_info info) {
    return run_with_arguments(env, info, work_run, finish_run);
}

napi_value execute_get(napi_env env, napi_callback_info info) {
    return run_with_arguments(env, info, work_get, results_of_row);
}

napi_value execute_all(napi_env env, napi_callback_info info) {
    return run_with_arguments(env, info, work_all, results_of_blocks);
}

napi_value execute_start(napi_env env, napi_callback_info info) {
    return run_with_arguments(env, info, work_start, NULL);
}

/* A statement that is the first argument; the second is a number. */
static struct operation *operation_of(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS] = {NULL};
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = operation_on_statement(env, connection, argv[0], work_stop, NULL);
    if (!operation)
        return NULL;
    napi_get_value_int64(env, argv[1], &operation->number);
    napi_get_value_int32(env, argv[2], &operation->flags);
    return operation;
}

/* next(statement, how many rows, flags): with 1 a row or undefined, else as all() */
napi_value execute_next(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info);
    if (!operation)
        return NULL;
    operation->work = operation->number == 1 ? work_next_row : work_next_rows;
    operation->finish = operation->number == 1 ? results_of_row : results_of_blocks;
    return operation_run(env, operation);
}

/* stop(statement): ends an execution before its last row */
napi_value execute_stop(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info);
    return operation ? operation_run(env, operation) : NULL;
}
