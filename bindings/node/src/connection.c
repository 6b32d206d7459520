/* SPDX-License-Identifier: Apache-2.0 */
/* The native Connection: making and closing it, scripts, and what concerns the connection as a whole. */
#include "connection.h"

#include <stdlib.h>
#include <string.h>

bool connection_text_or_null(napi_env env, napi_value value, char **out) {
    napi_valuetype type = napi_undefined;
    *out = NULL;
    napi_typeof(env, value, &type);
    return type != napi_string || (*out = text_copy(env, value, NULL));
}

struct connection *connection_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv) {
    napi_value self;
    struct connection *connection = NULL;
    if (napi_get_cb_info(env, info, argc, argv, &self, NULL) != napi_ok ||
        napi_unwrap(env, self, (void **)&connection) != napi_ok || connection->kind != KIND_CONNECTION)
        return throw_type_error(env, "Illegal invocation"), NULL;
    return connection;
}

struct connection *connection_open(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv) {
    struct connection *connection = connection_of(env, info, argc, argv);
    if (connection && !connection->conn && !connection->worker)
        return node_throw(env, ERROR_PLAIN, "ERR_INVALID_STATE", "database is not open"), NULL;
    return connection;
}

int connection_close(struct connection *connection) {
    hdb_conn *conn = connection->conn;
    if (connection->backup)
        hdb_backup_finish(connection->backup);
    connection->backup = NULL;
    while (connection->sessions)
        session_close(connection->sessions);
    while (connection->statements)
        prepared_close(connection->statements);
    connection->conn = NULL;
    return hdb_close(conn);
}

void connection_release(struct connection *connection) {
    if (--connection->references > 0)
        return;
    pthread_mutex_destroy(&connection->callbacks_mutex);
    free(connection);
}

static void connection_finalize(napi_env env, void *data, void *hint) {
    struct connection *connection = data;
    (void)hint;
    handle_remove(&connection->handle);
    if (connection->worker)
        worker_stop(connection);
    connection_close(connection);
    if (connection->worker)
        worker_free(env, connection); /* only now, since operations that are dropped let their statements go */
    callbacks_release(env, connection);
    if (connection->self)
        napi_delete_reference(env, connection->self);
    connection_release(connection);
}

/* new Connection(whether it has a thread) */
static napi_value connection_new(napi_env env, napi_callback_info info) {
    size_t argc = 1;
    napi_value argv[1], self;
    bool threaded = false;
    if (napi_get_cb_info(env, info, &argc, argv, &self, NULL) != napi_ok)
        return throw_napi_error(env);
    napi_get_value_bool(env, argv[0], &threaded);
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return throw_error(env, "Out of memory");
    connection->kind = KIND_CONNECTION;
    connection->env = env;
    connection->references = 1;
    pthread_mutex_init(&connection->callbacks_mutex, NULL);
    if (napi_wrap(env, self, connection, connection_finalize, NULL, &connection->self) != napi_ok) {
        connection_release(connection);
        return throw_napi_error(env);
    }
    if (threaded && !worker_start(env, connection))
        return NULL;
    return self;
}

static void work_close(struct operation *operation) {
    operation_check(operation, connection_close(operation->connection));
}

static napi_value finish_close(napi_env env, struct operation *operation) {
    handle_remove(&operation->connection->handle);
    return value_undefined(env);
}

static napi_value connection_close_method(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct connection *connection = connection_open(env, info, &argc, NULL);
    struct operation *operation = connection ? operation_create(env, connection, work_close, finish_close) : NULL;
    if (!operation)
        return NULL;
    operation->last = true;
    return operation_run(env, operation);
}

static void work_exec(struct operation *operation) {
    operation_check(operation, hdb_exec(operation->connection->conn, operation->text, (int64_t)operation->text_length));
}

static napi_value connection_exec(napi_env env, napi_callback_info info) {
    return operation_run_with_text(env, info, work_exec, NULL);
}

static void work_load_extension(struct operation *operation) {
    operation_check(operation, hdb_load_extension(operation->connection->conn, operation->text, operation->entry));
}

/* loadExtension(path, entry or undefined) */
static napi_value connection_load_extension(napi_env env, napi_callback_info info) {
    size_t argc = 2;
    napi_value argv[2];
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work_load_extension, NULL) : NULL;
    if (!operation)
        return NULL;
    if ((operation->text = text_copy(env, argv[0], NULL)) &&
        connection_text_or_null(env, argv[1], &operation->entry))
        return operation_run(env, operation);
    operation_free(env, operation);
    return NULL;
}

static void work_configure(struct operation *operation) {
    operation_check(operation, hdb_db_config(operation->connection->conn, (int)operation->number,
                                             (int)operation->second, NULL));
}

/* Makes an operation with two numbers. */
static napi_value run_with_numbers(napi_env env, napi_callback_info info, operation_work work,
                                   operation_finish finish) {
    size_t argc = 2;
    napi_value argv[2];
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work, finish) : NULL;
    if (!operation)
        return NULL;
    napi_get_value_int64(env, argv[0], &operation->number);
    napi_get_value_int64(env, argv[1], &operation->second);
    return operation_run(env, operation);
}

/* configure(option of hdb_db_config(), value) */
static napi_value connection_configure(napi_env env, napi_callback_info info) {
    return run_with_numbers(env, info, work_configure, NULL);
}

static void work_limit(struct operation *operation) {
    operation->number = hdb_limit(operation->connection->conn, (int)operation->number, (int)operation->second);
}

static napi_value finish_number(napi_env env, struct operation *operation) {
    return value_of_integer(env, operation->number, false);
}

/* limit(id, value): the value before */
static napi_value connection_limit(napi_env env, napi_callback_info info) {
    return run_with_numbers(env, info, work_limit, finish_number);
}

static void work_location(struct operation *operation) {
    const char *path = hdb_db_filename(operation->connection->conn, operation->text);
    operation->name = path && *path ? strdup(path) : NULL;
}

static napi_value finish_text(napi_env env, struct operation *operation) {
    return value_of_text(env, operation->name);
}

static napi_value connection_location(napi_env env, napi_callback_info info) {
    return operation_run_with_text(env, info, work_location, finish_text);
}

static napi_value connection_is_open(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct connection *connection = connection_of(env, info, &argc, NULL);
    return connection ? value_of_bool(env, connection->conn != NULL) : NULL;
}

static napi_value connection_in_transaction(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct connection *connection = connection_of(env, info, &argc, NULL);
    return connection ? value_of_bool(env, connection->conn && hdb_in_transaction(connection->conn)) : NULL;
}

/* Whether a callback of the connection is running. */
static napi_value connection_is_busy(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct connection *connection = connection_of(env, info, &argc, NULL);
    return connection ? value_of_bool(env, connection->depth > 0) : NULL;
}

/* The number of the operation begun last, for cancel(). */
static napi_value connection_last_operation(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct connection *connection = connection_of(env, info, &argc, NULL);
    return connection ? value_of_integer(env, worker_last_id(connection), false) : NULL;
}

/* cancel(number): whether it had not begun */
static napi_value connection_cancel(napi_env env, napi_callback_info info) {
    size_t argc = 1;
    napi_value argv[1];
    uint32_t id = 0;
    struct connection *connection = connection_of(env, info, &argc, argv);
    if (!connection)
        return NULL;
    napi_get_value_uint32(env, argv[0], &id);
    return value_of_bool(env, worker_cancel(connection, id));
}

#define METHOD(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL}
#define GETTER(name, function) {name, NULL, NULL, function, NULL, NULL, napi_enumerable, NULL}

napi_value connection_define(napi_env env) {
    static const napi_property_descriptor members[] = {
        METHOD("open", opening_open),
        METHOD("close", connection_close_method),
        METHOD("exec", connection_exec),
        METHOD("loadExtension", connection_load_extension),
        METHOD("configure", connection_configure),
        METHOD("limit", connection_limit),
        METHOD("location", connection_location),
        METHOD("cancel", connection_cancel),
        METHOD("prepare", prepared_create),
        METHOD("finalize", prepared_finalize),
        METHOD("columns", prepared_columns),
        METHOD("sql", prepared_sql),
        METHOD("expandedSQL", prepared_expanded_sql),
        METHOD("status", prepared_status),
        METHOD("run", execute_run),
        METHOD("get", execute_get),
        METHOD("all", execute_all),
        METHOD("start", execute_start),
        METHOD("next", execute_next),
        METHOD("stop", execute_stop),
        METHOD("createFunction", function_create),
        METHOD("createAggregate", function_create_aggregate),
        METHOD("setAuthorizer", callback_set_authorizer),
        METHOD("createSession", changes_create_session),
        METHOD("deleteSession", changes_delete_session),
        METHOD("changeset", changes_of_session),
        METHOD("applyChangeset", changes_apply),
        METHOD("serialize", copies_serialize),
        METHOD("deserialize", copies_deserialize),
        METHOD("backupInit", copies_backup_init),
        METHOD("backupStep", copies_backup_step),
        METHOD("backupFinish", copies_backup_finish),
        GETTER("isOpen", connection_is_open),
        GETTER("inTransaction", connection_in_transaction),
        GETTER("isBusy", connection_is_busy),
        GETTER("lastOperation", connection_last_operation),
    };
    napi_value class;
    napi_status status = napi_define_class(env, "Connection", NAPI_AUTO_LENGTH, connection_new, NULL,
                                           sizeof members / sizeof *members, members, &class);
    return status == napi_ok ? class : throw_napi_error(env);
}
