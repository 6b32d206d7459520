/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of JavaScript's that the library calls, and the authorizer, which is one.
 *
 * They run in JavaScript's thread. If that is the thread in which the statement runs, what one throws stays pending,
 * and the statement's error is not told of; else worker.c keeps it for the promise.
 */
#include "connection.h"

#include <stdlib.h>

struct callback *callback_new(napi_env env, struct connection *connection, size_t count, const napi_value *functions) {
    napi_value array, self;
    struct callback *callback = calloc(1, sizeof *callback);
    if (!callback)
        return throw_error(env, "Out of memory"), NULL;
    callback->connection = connection;
    callback->number = ++connection->callback_numbers;
    bool made = napi_create_array_with_length(env, count, &array) == napi_ok;
    for (size_t i = 0; made && i < count; i++)
        made = napi_set_element(env, array, (uint32_t)i, functions[i]) == napi_ok;
    if (made && napi_get_reference_value(env, connection->self, &self) == napi_ok &&
        napi_set_element(env, self, callback->number, array) == napi_ok &&
        napi_create_reference(env, array, 0, &callback->functions) == napi_ok)
        return callback;
    free(callback);
    return throw_napi_error(env), NULL;
}

void callback_free(napi_env env, struct callback *callback) {
    napi_value self = NULL;
    if (callback->number && napi_get_reference_value(env, callback->connection->self, &self) == napi_ok && self)
        napi_delete_element(env, self, callback->number, NULL);
    napi_delete_reference(env, callback->functions);
    free(callback);
}

napi_value callback_function(napi_env env, const struct callback *callback, size_t number) {
    napi_value array, function;
    napi_valuetype type = napi_undefined;
    if (napi_get_reference_value(env, callback->functions, &array) != napi_ok || !array ||
        napi_get_element(env, array, (uint32_t)number, &function) != napi_ok ||
        napi_typeof(env, function, &type) != napi_ok || type == napi_undefined)
        return NULL;
    return function;
}

void callback_dropped(void *data) {
    struct callback *callback = data;
    struct connection *connection = callback->connection;
    pthread_mutex_lock(&connection->callbacks_mutex);
    callback->next = connection->callbacks;
    connection->callbacks = callback;
    pthread_mutex_unlock(&connection->callbacks_mutex);
}

void callbacks_release(napi_env env, struct connection *connection) {
    pthread_mutex_lock(&connection->callbacks_mutex);
    struct callback *callback = connection->callbacks;
    connection->callbacks = NULL;
    pthread_mutex_unlock(&connection->callbacks_mutex);
    while (callback) {
        struct callback *next = callback->next;
        callback_free(env, callback);
        callback = next;
    }
}

/* --- the authorizer */

struct question {
    struct callback *callback;
    int action, answer;
    const char *texts[4];
};

static void ask(napi_env env, void *data) {
    struct question *question = data;
    napi_value arguments[5], receiver, answer, function = callback_function(env, question->callback, 0);
    napi_valuetype type = napi_undefined;
    double number = -1;
    bool called = function && napi_create_int32(env, question->action, &arguments[0]) == napi_ok;
    for (int i = 0; called && i < 4; i++)
        called = (arguments[i + 1] = value_of_text(env, question->texts[i])) != NULL;
    if (!called || napi_get_undefined(env, &receiver) != napi_ok ||
        napi_call_function(env, receiver, function, 5, arguments, &answer) != napi_ok) {
        throw_napi_error(env);
        return;
    }
    napi_typeof(env, answer, &type);
    napi_get_value_double(env, answer, &number);
    if (type != napi_number || number != (int32_t)number)
        node_throw(env, ERROR_TYPE, NULL, "Authorizer callback must return an integer authorization code");
    else if (number != HDB_ALLOW && number != HDB_DENY && number != HDB_IGNORE)
        node_throw(env, ERROR_RANGE, NULL, "Authorizer callback returned a invalid authorization code");
    else
        question->answer = (int)number;
}

static int on_question(void *data, int action, const char *first, const char *second, const char *database,
                       const char *trigger) {
    struct question question = {
        .callback = data, .action = action, .answer = HDB_DENY, .texts = {first, second, database, trigger}};
    worker_call_js(question.callback->connection, ask, &question);
    return question.answer;
}

static void work_set_authorizer(struct operation *operation) {
    struct callback *callback = operation->callback;
    operation->callback = NULL;
    operation_check(operation, callback ? hdb_set_authorizer(operation->connection->conn, on_question, callback,
                                                             callback_dropped)
                                        : hdb_set_authorizer(operation->connection->conn, NULL, NULL, NULL));
}

/* setAuthorizer(function or null) */
napi_value callback_set_authorizer(napi_env env, napi_callback_info info) {
    size_t argc = 1;
    napi_value argv[1];
    napi_valuetype type = napi_undefined;
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work_set_authorizer, NULL) : NULL;
    if (!operation)
        return NULL;
    napi_typeof(env, argv[0], &type);
    if (type != napi_function || (operation->callback = callback_new(env, connection, 1, argv)))
        return operation_run(env, operation);
    operation_free(env, operation);
    return NULL;
}
