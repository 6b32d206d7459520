/* SPDX-License-Identifier: Apache-2.0 */
/* A database as bytes, and backup. */
#include "connection.h"

#include <stdlib.h>

static void work_serialize(struct operation *operation) {
    operation_check(operation, hdb_serialize(operation->connection->conn, operation->text, &operation->bytes,
                                             &operation->size));
}

/* serialize(database) */
napi_value copies_serialize(napi_env env, napi_callback_info info) {
    return operation_run_with_text(env, info, work_serialize, operation_finish_bytes);
}

/* Statements and sessions are those of the database before. */
static void work_deserialize(struct operation *operation) {
    struct connection *connection = operation->connection;
    while (connection->sessions)
        session_close(connection->sessions);
    while (connection->statements)
        prepared_close(connection->statements);
    operation_check(operation,
                    hdb_deserialize(connection->conn, operation->text, operation->input, operation->size));
}

/* deserialize(bytes, database) */
napi_value copies_deserialize(napi_env env, napi_callback_info info) {
    size_t argc = 2;
    napi_value argv[2];
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work_deserialize, NULL) : NULL;
    if (!operation)
        return NULL;
    if (arguments_bytes(env, argv[0], &operation->input, &operation->size) &&
        (operation->text = text_copy(env, argv[1], NULL)))
        return operation_run(env, operation);
    operation_free(env, operation);
    return NULL;
}

static void work_backup_init(struct operation *operation) {
    struct connection *destination = operation->connection;
    operation_check(operation, hdb_backup_init(destination->conn, operation->text, operation->other->conn,
                                               operation->name, &destination->backup));
}

/* backupInit(name of the database to be replaced, source connection, name of its database) */
napi_value copies_backup_init(napi_env env, napi_callback_info info) {
    size_t argc = 3;
    napi_value argv[3];
    struct connection *source = NULL, *connection = connection_open(env, info, &argc, argv);
    if (!connection)
        return NULL;
    if (napi_unwrap(env, argv[1], (void **)&source) != napi_ok || source->kind != KIND_CONNECTION)
        return throw_type_error(env, "Illegal invocation");
    struct operation *operation = operation_create(env, connection, work_backup_init, NULL);
    if (!operation)
        return NULL;
    operation->other = source;
    source->references++;
    if ((operation->text = text_copy(env, argv[0], NULL)) &&
        (operation->name = text_copy(env, argv[2], NULL)))
        return operation_run(env, operation);
    operation_free(env, operation);
    return NULL;
}

static void work_backup_step(struct operation *operation) {
    hdb_backup *backup = operation->connection->backup;
    int rc = hdb_backup_step(backup, (int)operation->number);
    operation->more = rc != HDB_DONE;
    if (rc != HDB_OK && rc != HDB_DONE && rc != HDB_BUSY && rc != HDB_LOCKED)
        operation_fail(operation, rc);
    operation->number = hdb_backup_pagecount(backup);
    operation->second = hdb_backup_remaining(backup);
}

/* [whether there is more, pages, pages remaining] */
static napi_value finish_backup_step(napi_env env, struct operation *operation) {
    napi_value result, more, total, remaining;
    if (!(more = value_of_bool(env, operation->more)) ||
        !(total = value_of_integer(env, operation->number, false)) ||
        !(remaining = value_of_integer(env, operation->second, false)) ||
        napi_create_array_with_length(env, 3, &result) != napi_ok ||
        napi_set_element(env, result, 0, more) != napi_ok || napi_set_element(env, result, 1, total) != napi_ok ||
        napi_set_element(env, result, 2, remaining) != napi_ok)
        return throw_napi_error(env);
    return result;
}

/* backupStep(number of pages) */
napi_value copies_backup_step(napi_env env, napi_callback_info info) {
    size_t argc = 1;
    napi_value argv[1];
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation =
        connection ? operation_create(env, connection, work_backup_step, finish_backup_step) : NULL;
    if (!operation)
        return NULL;
    napi_get_value_int64(env, argv[0], &operation->number);
    return operation_run(env, operation);
}

static void work_backup_finish(struct operation *operation) {
    hdb_backup *backup = operation->connection->backup;
    operation->connection->backup = NULL;
    operation_check(operation, hdb_backup_finish(backup));
}

napi_value copies_backup_finish(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct connection *connection = connection_open(env, info, &argc, NULL);
    struct operation *operation = connection ? operation_create(env, connection, work_backup_finish, NULL) : NULL;
    return operation ? operation_run(env, operation) : NULL;
}
