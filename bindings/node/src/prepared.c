/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared statements: making, describing and finalizing them. */
#include "connection.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN_FIELDS = 5 };

struct prepared *prepared_of(napi_env env, napi_value value) {
    struct prepared *statement = NULL;
    if (napi_get_value_external(env, value, (void **)&statement) != napi_ok || statement->kind != KIND_PREPARED)
        return throw_type_error(env, "Illegal invocation"), NULL;
    return statement;
}

int prepared_close(struct prepared *statement) {
    struct connection *connection = statement->connection;
    if (!statement->stmt)
        return HDB_OK;
    if (statement->previous)
        statement->previous->next = statement->next;
    else
        connection->statements = statement->next;
    if (statement->next)
        statement->next->previous = statement->previous;
    hdb_stmt *stmt = statement->stmt;
    statement->stmt = NULL;
    return hdb_finalize(stmt);
}

void prepared_release(struct prepared *statement) {
    if (--statement->references > 0)
        return;
    shape_release(statement->shape);
    shape_release(statement->sent);
    connection_release(statement->connection);
    free(statement->bound.data);
    free(statement->named);
    free(statement);
}

static void work_finalize(struct operation *operation) {
    int rc = prepared_close(operation->statement);
    operation_check(operation, rc);
}

static void prepared_collected(napi_env env, void *data, void *hint) {
    struct prepared *statement = data;
    (void)hint;
    if (worker_runs(statement->connection) || statement->stmt) {
        struct operation *operation = operation_create(env, statement->connection, work_finalize, NULL);
        if (operation) {
            operation->statement = statement; /* with the reference of the JS object */
            operation_forget(operation);
            return;
        }
    }
    prepared_release(statement);
}

static void work_prepare(struct operation *operation) {
    struct prepared *statement = operation->statement;
    struct connection *connection = statement->connection;
    int64_t used = 0;
    int rc = hdb_prepare(connection->conn, operation->text, (int64_t)operation->text_length, &statement->stmt, &used);
    if (rc != HDB_OK) {
        operation_fail(operation, rc);
        return;
    }
    if (!statement->stmt)
        return;
    statement->next = connection->statements;
    if (statement->next)
        statement->next->previous = statement;
    connection->statements = statement;
    statement->parameters = hdb_bind_parameter_count(statement->stmt);
    statement->named = calloc((size_t)statement->parameters + 1, sizeof *statement->named);
    if (!statement->named)
        operation->code = HDB_NOMEM;
    for (int i = 1; statement->named && i <= statement->parameters; i++) {
        const char *name = hdb_bind_parameter_name(statement->stmt, i);
        statement->named[i - 1] = name && *name != '?';
    }
}

/* The names of the parameters, null for those without; names of the form ?1 are none. */
static napi_value parameter_names(napi_env env, struct prepared *statement) {
    napi_value array, name;
    if (napi_create_array(env, &array) != napi_ok)
        return throw_napi_error(env);
    for (int i = 1; i <= statement->parameters; i++)
        if (!(name = value_of_text(env, hdb_bind_parameter_name(statement->stmt, i))) ||
            napi_set_element(env, array, (uint32_t)i - 1, name) != napi_ok)
            return throw_napi_error(env);
    return array;
}

/* [statement, names of the parameters], or null if the text holds no statement */
static napi_value finish_prepare(napi_env env, struct operation *operation) {
    struct prepared *statement = operation->statement;
    napi_value result, external, names;
    if (!statement->stmt)
        return value_of_text(env, NULL);
    if (!(names = parameter_names(env, statement)))
        return NULL;
    if (napi_create_external(env, statement, prepared_collected, NULL, &external) != napi_ok)
        return throw_napi_error(env);
    statement->references++;
    if (napi_create_array_with_length(env, 2, &result) != napi_ok ||
        napi_set_element(env, result, 0, external) != napi_ok || napi_set_element(env, result, 1, names) != napi_ok)
        return throw_napi_error(env);
    return result;
}

napi_value prepared_create(napi_env env, napi_callback_info info) {
    size_t argc = 1;
    napi_value argv[1];
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation =
        connection ? operation_create(env, connection, work_prepare, finish_prepare) : NULL;
    if (!operation)
        return NULL;
    struct prepared *statement = operation->statement = calloc(1, sizeof *statement);
    if (statement) {
        statement->kind = KIND_PREPARED;
        statement->references = 1;
        statement->connection = connection;
        connection->references++;
        if ((operation->text = text_copy(env, argv[0], &operation->text_length)))
            return operation_run(env, operation);
    } else {
        throw_error(env, "Out of memory");
    }
    operation_free(env, operation);
    return NULL;
}

/* An operation for the statement that is the first argument, and two numbers; NULL: thrown. */
static struct operation *operation_of(napi_env env, napi_callback_info info, operation_work work,
                                      operation_finish finish) {
    size_t argc = 3;
    napi_value argv[3] = {NULL};
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = operation_on_statement(env, connection, argv[0], work, finish);
    if (!operation)
        return NULL;
    napi_get_value_int64(env, argv[1], &operation->number);
    napi_get_value_int64(env, argv[2], &operation->second);
    return operation;
}

napi_value prepared_finalize(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info, work_finalize, NULL);
    return operation ? operation_run(env, operation) : NULL;
}

static const char *column_field(hdb_stmt *stmt, int column, int field) {
    switch (field) {
    case 0: return hdb_column_origin(stmt, column);
    case 1: return hdb_column_database(stmt, column);
    case 2: return hdb_column_name(stmt, column);
    case 3: return hdb_column_table(stmt, column);
    default: return hdb_column_decltype(stmt, column);
    }
}

/* The descriptions go to `bytes` as values: texts and NULLs. */
static void work_columns(struct operation *operation) {
    hdb_stmt *stmt = operation->statement->stmt;
    int width = stmt ? hdb_column_count(stmt) : 0;
    operation->number = width;
    operation->row = calloc((size_t)(width * COLUMN_FIELDS) + 1, sizeof *operation->row);
    if (!operation->row) {
        operation->code = HDB_NOMEM;
        return;
    }
    for (int i = 0; i < width * COLUMN_FIELDS; i++) {
        const char *text = column_field(stmt, i / COLUMN_FIELDS, i % COLUMN_FIELDS);
        operation->row[i].type = text ? HDB_TYPE_TEXT : HDB_TYPE_NULL;
        operation->row[i].size = text ? strlen(text) : 0;
        operation->row[i].data = text ? strdup(text) : NULL;
    }
}

/* [column, database, name, table, type, column, ...] */
static napi_value finish_columns(napi_env env, struct operation *operation) {
    napi_value array, field = NULL;
    if (napi_create_array(env, &array) != napi_ok)
        array = throw_napi_error(env);
    for (uint32_t i = 0; i < operation->number * COLUMN_FIELDS; i++) {
        if (array && (!(field = value_to_js(env, &operation->row[i], 0)) ||
                      napi_set_element(env, array, i, field) != napi_ok))
            array = throw_napi_error(env);
        free((char *)operation->row[i].data);
    }
    return array;
}

napi_value prepared_columns(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info, work_columns, finish_columns);
    return operation ? operation_run(env, operation) : NULL;
}

static void work_sql(struct operation *operation) {
    operation->name = strdup(hdb_stmt_sql(operation->statement->stmt));
}

static void work_expanded_sql(struct operation *operation) {
    const char *text = hdb_stmt_expanded_sql(operation->statement->stmt);
    operation->name = text ? strdup(text) : NULL;
}

static napi_value finish_sql(napi_env env, struct operation *operation) {
    if (!operation->name)
        return node_throw_sqlite_text(env, "Expanded SQL text would exceed configured limits");
    return value_of_text(env, operation->name);
}

napi_value prepared_sql(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info, work_sql, finish_sql);
    return operation ? operation_run(env, operation) : NULL;
}

napi_value prepared_expanded_sql(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info, work_expanded_sql, finish_sql);
    return operation ? operation_run(env, operation) : NULL;
}

static void work_status(struct operation *operation) {
    operation->number = hdb_stmt_status(operation->statement->stmt, (int)operation->number, (int)operation->second);
}

static napi_value finish_status(napi_env env, struct operation *operation) {
    return value_of_integer(env, operation->number, false);
}

/* status(statement, counter of hdb_stmt_status(), whether it is set back) */
napi_value prepared_status(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info, work_status, finish_status);
    return operation ? operation_run(env, operation) : NULL;
}
