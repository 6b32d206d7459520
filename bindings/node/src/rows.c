/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executing a statement and fetching its rows.
 *
 * Rows go to JavaScript as one flat array: [header, value, value, ...]. The header is one number, more + 2 * width +
 * 65536 * shape: whether further rows may follow, the number of columns, and a count that changes with their names.
 * lib/rows.js keeps a row factory per shape, so that all rows of a statement share one hidden class, and a row costs
 * one call there instead of one Node-API call per property here.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ARGUMENTS = 2, HEADER_CELLS = 1, BATCH_CELLS = 1024, MAX_SHAPE = 0x3fff };

/* Compares the columns' names with those of the last execution and counts a change. */
static bool read_shape(napi_env env, struct statement *statement) {
    hdb_stmt *stmt = statement->stmt;
    size_t length = 0;
    bool same = statement->shape != NULL;
    for (int i = 0; i < statement->width; i++) {
        size_t size = strlen(hdb_column_name(stmt, i)) + 1;
        same = same && length + size <= statement->shape_length &&
               memcmp(statement->shape + length, hdb_column_name(stmt, i), size) == 0;
        length += size;
    }
    if (same && length == statement->shape_length)
        return true;
    char *shape = malloc(length + 1);
    if (!shape)
        return throw_error(env, "Out of memory"), false;
    length = 0;
    for (int i = 0; i < statement->width; i++) {
        size_t size = strlen(hdb_column_name(stmt, i)) + 1;
        memcpy(shape + length, hdb_column_name(stmt, i), size);
        length += size;
    }
    free(statement->shape);
    statement->shape = shape;
    statement->shape_length = length;
    statement->shape_number = statement->shape_number % MAX_SHAPE + 1;
    return true;
}

static bool prepare_rows(napi_env env, struct statement *statement) {
    statement->width = statement->mode == ROW_PLUCK ? 1 : hdb_column_count(statement->stmt);
    if (statement->mode == ROW_PLUCK || statement->mode == ROW_RAW)
        return true;
    return read_shape(env, statement);
}

/* What only the engine understands may have columns that it tells of when it runs, or an error instead. */
static bool is_undescribed(const struct statement *statement) {
    const char *lane = NULL;
    return statement->stmt && !statement->database->busy &&
           hdb_explain(statement->database->conn, hdb_stmt_sql(statement->stmt), -1, &lane) == HDB_OK &&
           strstr(lane, "lane: engine\n") != NULL;
}

/* The statement of the call, checked and with its parameters bound, or NULL: thrown. */
static struct statement *start(napi_env env, napi_callback_info info, bool needs_rows, bool changes) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    uint32_t given = 0;
    struct statement *statement = statement_of(env, info, &argc, argv);
    if (!statement)
        return NULL;
    if (needs_rows && !statement->reader && !is_undescribed(statement))
        return throw_type_error(env, "This statement does not return data. Use run() instead"), NULL;
    if (!database_ready(env, statement->database))
        return NULL;
    if (statement->locked)
        return throw_type_error(env, "This statement is busy executing a query"), NULL;
    if (changes && !database_may_change(env, statement->database))
        return NULL;
    statement->mode = ROW_OBJECT;
    if (argc > 1)
        napi_get_value_int32(env, argv[1], &statement->mode);
    if (!statement->bound)
        return bind_arguments(env, statement, argv[0]) ? statement : NULL;
    napi_get_array_length(env, argv[0], &given);
    if (given > 0)
        return throw_type_error(env, "This statement already has bound parameters"), NULL;
    return statement;
}

static bool log_start(napi_env env, struct statement *statement) {
    if (database_log(env, statement->database, statement->stmt))
        return true;
    hdb_clear_bindings(statement->stmt);
    return false;
}

/* run(arguments): [changes, rowid of the last insert] */
napi_value rows_run(napi_env env, napi_callback_info info) {
    napi_value result, count, rowid;
    struct statement *statement = start(env, info, false, true);
    if (!statement || !log_start(env, statement))
        return NULL;
    hdb_conn *conn = statement->database->conn;
    int64_t before = hdb_total_changes(conn);
    int rc = statement_execute(statement);
    if (rc != HDB_ROW && rc != HDB_DONE)
        return statement_fail(env, statement), NULL;
    if (!statement_end(env, statement))
        return NULL;
    int64_t changes = hdb_total_changes(conn) == before ? 0 : hdb_changes(conn);
    if (!(count = value_of_integer(env, changes, false)) ||
        !(rowid = value_of_integer(env, hdb_last_insert_rowid(conn), statement->safe_integers)) ||
        napi_create_array_with_length(env, 2, &result) != napi_ok ||
        napi_set_element(env, result, 0, count) != napi_ok || napi_set_element(env, result, 1, rowid) != napi_ok)
        return throw_napi_error(env);
    return result;
}

/* The values of the current row to cells[]. */
static bool read_row(napi_env env, struct statement *statement, napi_value *cells) {
    for (int i = 0; i < statement->width; i++)
        if (!(cells[i] = value_of_column(env, statement->stmt, i, statement->safe_integers)))
            return false;
    return true;
}

static napi_value array_of(napi_env env, struct statement *statement, const napi_value *cells, size_t count) {
    napi_value array, header;
    uint32_t number = (uint32_t)statement->locked | (uint32_t)statement->width << 1 | statement->shape_number << 16;
    if (napi_create_array_with_length(env, HEADER_CELLS + count, &array) != napi_ok ||
        napi_create_uint32(env, number, &header) != napi_ok || napi_set_element(env, array, 0, header) != napi_ok)
        return throw_napi_error(env);
    for (size_t i = 0; i < count; i++)
        if (napi_set_element(env, array, (uint32_t)(HEADER_CELLS + i), cells[i]) != napi_ok)
            return throw_napi_error(env);
    return array;
}

static size_t batch_rows(const struct statement *statement) {
    size_t rows = BATCH_CELLS / (size_t)(statement->width ? statement->width : 1);
    return rows ? rows : 1;
}

/* When fetch() ends the execution: in any case, or when no row is left. */
enum ending { END_ALWAYS, END_AT_LAST };

/*
 * Up to `limit` rows in one array, or undefined if one was asked for and there is none. With END_AT_LAST the statement
 * stays locked for the next batch until no row is left.
 */
static napi_value fetch(napi_env env, struct statement *statement, size_t limit, enum ending ending) {
    size_t width = (size_t)statement->width, rows = 0;
    int rc = HDB_ROW;
    bool ended = false;
    napi_value result = NULL, small[BATCH_CELLS];
    napi_value *cells = width * limit <= BATCH_CELLS ? small : malloc(width * limit * sizeof *cells);
    if (!cells) {
        throw_error(env, "Out of memory");
        goto done;
    }
    while (rows < limit && (rc = statement_fetch(statement)) == HDB_ROW) {
        if (!read_row(env, statement, cells + rows * width))
            goto done;
        rows++;
    }
    if (rc != HDB_ROW && rc != HDB_DONE) {
        statement_fail(env, statement);
        ended = true;
        goto done;
    }
    statement->locked = ending == END_AT_LAST && rc == HDB_ROW;
    result = rows || limit > 1 ? array_of(env, statement, cells, rows * width) : value_undefined(env);
    ended = result && statement->locked;
done:
    if (!ended && !statement_end(env, statement))
        result = NULL;
    if (cells != small)
        free(cells);
    return result;
}

/* The first step of a statement that gives rows; false: thrown, and ended. */
static bool execute(napi_env env, struct statement *statement) {
    int rc = statement_execute(statement);
    if (rc != HDB_ROW && rc != HDB_DONE)
        return statement_fail(env, statement), false;
    if (prepare_rows(env, statement))
        return true;
    statement_end(env, statement);
    return false;
}

/* get(arguments, mode): the cells of one row, or undefined */
napi_value rows_get(napi_env env, napi_callback_info info) {
    struct statement *statement = start(env, info, true, false);
    if (!statement || !log_start(env, statement) || !execute(env, statement))
        return NULL;
    return fetch(env, statement, 1, END_ALWAYS);
}

/* all(arguments, mode): the cells of the first rows */
napi_value rows_all(napi_env env, napi_callback_info info) {
    struct statement *statement = start(env, info, true, false);
    if (!statement || !log_start(env, statement) || !execute(env, statement))
        return NULL;
    return fetch(env, statement, batch_rows(statement), END_AT_LAST);
}

/* more(): the cells of further rows, for as long as the array before had `more` set */
napi_value rows_more(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    if (!statement || !statement->locked || !database_ready(env, statement->database))
        return NULL;
    return fetch(env, statement, batch_rows(statement), END_AT_LAST);
}

/* iterate(arguments, mode): makes the statement ready for next(), which runs it */
napi_value rows_iterate(napi_env env, napi_callback_info info) {
    struct statement *statement = start(env, info, true, false);
    if (!statement)
        return NULL;
    statement->locked = statement->iterating = true;
    statement->started = false;
    statement->database->iterators++;
    return NULL;
}

/* next(): the cells of the next row, or undefined after the last one */
napi_value rows_next(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    if (!statement)
        return NULL;
    if (!statement->stmt || !statement->iterating)
        return value_undefined(env);
    if (!database_ready(env, statement->database))
        return NULL;
    if (!statement->started) {
        statement->started = true;
        if (!database_log(env, statement->database, statement->stmt)) {
            statement_end(env, statement);
            return NULL;
        }
        if (!execute(env, statement))
            return NULL;
    }
    return fetch(env, statement, 1, END_AT_LAST);
}

/* stop(): ends an iteration before its last row */
napi_value rows_stop(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    if (!statement || !statement->stmt || !statement->iterating || !database_ready(env, statement->database))
        return NULL;
    statement_end(env, statement);
    return NULL;
}
