/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a method: at once, or in the connection's thread. */
#include "connection.h"

#include <stdlib.h>
#include <string.h>

struct operation *operation_create(napi_env env, struct connection *connection, operation_work work,
                                   operation_finish finish) {
    struct operation *operation = calloc(1, sizeof *operation);
    if (!operation)
        return throw_error(env, "Out of memory"), NULL;
    operation->connection = connection;
    connection->references++;
    operation->work = work;
    operation->finish = finish;
    return operation;
}

struct operation *operation_on_statement(napi_env env, struct connection *connection, napi_value statement,
                                         operation_work work, operation_finish finish) {
    struct prepared *prepared = connection ? prepared_of(env, statement) : NULL;
    struct operation *operation = prepared ? operation_create(env, connection, work, finish) : NULL;
    if (!operation)
        return NULL;
    operation->statement = prepared;
    prepared->references++;
    return operation;
}

napi_value operation_run_with_text(napi_env env, napi_callback_info info, operation_work work, operation_finish finish) {
    size_t argc = 1;
    napi_value argv[1];
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work, finish) : NULL;
    if (!operation)
        return NULL;
    if ((operation->text = text_copy(env, argv[0], &operation->text_length)))
        return operation_run(env, operation);
    operation_free(env, operation);
    return NULL;
}

napi_value operation_finish_bytes(napi_env env, struct operation *operation) {
    return bytes_to_js(env, operation->bytes, (size_t)operation->size);
}

void operation_free(napi_env env, struct operation *operation) {
    if (operation->statement)
        prepared_release(operation->statement);
    if (operation->other)
        connection_release(operation->other);
    if (operation->callback)
        callback_free(env, operation->callback);
    if (operation->thrown)
        napi_delete_reference(env, operation->thrown);
    if (operation->owns_session)
        free(operation->session);
    shape_release(operation->shape);
    blocks_free(operation->blocks);
    free(operation->row);
    free(operation->values.data);
    free(operation->text);
    free(operation->name);
    free(operation->entry);
    free(operation->settings);
    free(operation->message);
    free(operation->input);
    hdb_free(operation->bytes);
    connection_release(operation->connection);
    free(operation);
}

void operation_fail(struct operation *operation, int code) {
    hdb_conn *conn = operation->connection->conn;
    operation->code = code;
    if (!conn || (hdb_errcode(conn) & 0xff) != (code & 0xff))
        return; /* of the code alone: the message is another call's */
    operation->code = hdb_extended_errcode(conn);
    operation->message = strdup(hdb_errmsg(conn));
    strncpy(operation->sqlstate, hdb_sqlstate(conn), sizeof operation->sqlstate - 1);
}

void operation_check(struct operation *operation, int code) {
    if (code != HDB_OK)
        operation_fail(operation, code);
}

/* The result of an operation that has been done, or NULL: thrown. */
static napi_value operation_end(napi_env env, struct operation *operation) {
    napi_value error;
    if (node_is_thrown(env))
        return NULL; /* by a callback */
    if (operation->thrown) {
        if (napi_get_reference_value(env, operation->thrown, &error) == napi_ok &&
            napi_get_element(env, error, 0, &error) == napi_ok)
            napi_throw(env, error);
        return throw_napi_error(env);
    }
    if (operation->code != HDB_OK)
        return node_throw_sqlite(env, operation->code, operation->message, operation->sqlstate);
    return operation->finish ? operation->finish(env, operation) : value_undefined(env);
}

napi_value operation_run(napi_env env, struct operation *operation) {
    struct connection *connection = operation->connection;
    napi_value promise = NULL;
    if (connection->worker) {
        if (napi_create_promise(env, &operation->deferred, &promise) != napi_ok) {
            operation_free(env, operation);
            return throw_napi_error(env);
        }
        worker_submit(env, operation);
        return promise;
    }
    connection->depth++;
    operation->work(operation);
    connection->depth--;
    callbacks_release(env, connection);
    napi_value result = operation_end(env, operation);
    operation_free(env, operation);
    return result;
}

void operation_forget(struct operation *operation) {
    struct connection *connection = operation->connection;
    if (worker_runs(connection)) {
        worker_submit(connection->env, operation);
        return;
    }
    operation->work(operation);
    operation_free(connection->env, operation);
}

void operation_settle(napi_env env, struct operation *operation) {
    napi_value result, error;
    if (operation->deferred) {
        result = operation_end(env, operation);
        if (result)
            napi_resolve_deferred(env, operation->deferred, result);
        else if (napi_get_and_clear_last_exception(env, &error) == napi_ok)
            napi_reject_deferred(env, operation->deferred, error);
    }
    operation_free(env, operation);
}
