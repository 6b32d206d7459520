/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, and the changesets that they give. */
#include "connection.h"

#include <stdlib.h>

enum { FILTER, CONFLICT, CALLBACKS };

void session_close(struct session *session) {
    if (!session->session)
        return;
    if (session->previous)
        session->previous->next = session->next;
    else
        session->connection->sessions = session->next;
    if (session->next)
        session->next->previous = session->previous;
    hdb_session_delete(session->session);
    session->session = NULL;
}

static void work_delete(struct operation *operation) {
    session_close(operation->session);
}

static void session_collected(napi_env env, void *data, void *hint) {
    struct session *session = data;
    struct connection *connection = session->connection;
    (void)hint;
    struct operation *operation =
        session->session || worker_runs(connection) ? operation_create(env, connection, work_delete, NULL) : NULL;
    if (operation) {
        operation->session = session;
        operation->owns_session = true;
        operation_forget(operation);
    } else {
        free(session);
    }
    connection_release(connection);
}

static void work_create(struct operation *operation) {
    struct connection *connection = operation->connection;
    struct session *session = operation->session;
    int rc = hdb_session_create(connection->conn, operation->name, &session->session);
    if (rc == HDB_OK)
        rc = hdb_session_attach(session->session, operation->text);
    if (rc != HDB_OK) {
        operation_fail(operation, rc);
        hdb_session_delete(session->session);
        session->session = NULL;
        return;
    }
    session->next = connection->sessions;
    if (session->next)
        session->next->previous = session;
    connection->sessions = session;
}

static napi_value finish_create(napi_env env, struct operation *operation) {
    napi_value external;
    if (napi_create_external(env, operation->session, session_collected, NULL, &external) != napi_ok)
        return throw_napi_error(env);
    operation->owns_session = false;
    operation->connection->references++;
    return external;
}

/* createSession(table or undefined, database or undefined) */
napi_value changes_create_session(napi_env env, napi_callback_info info) {
    size_t argc = 2;
    napi_value argv[2];
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work_create, finish_create) : NULL;
    if (!operation)
        return NULL;
    operation->session = calloc(1, sizeof *operation->session);
    if (operation->session) {
        operation->owns_session = true;
        operation->session->kind = KIND_SESSION;
        operation->session->connection = connection;
        if (connection_text_or_null(env, argv[0], &operation->text) &&
            connection_text_or_null(env, argv[1], &operation->name))
            return operation_run(env, operation);
    } else {
        throw_error(env, "Out of memory");
    }
    operation_free(env, operation);
    return NULL;
}

static struct operation *operation_of(napi_env env, napi_callback_info info, operation_work work,
                                      operation_finish finish) {
    size_t argc = 2;
    napi_value argv[2];
    struct session *session = NULL;
    bool patch = false;
    struct connection *connection = connection_open(env, info, &argc, argv);
    if (!connection)
        return NULL;
    if (napi_get_value_external(env, argv[0], (void **)&session) != napi_ok || session->kind != KIND_SESSION)
        return throw_type_error(env, "Illegal invocation"), NULL;
    struct operation *operation = operation_create(env, connection, work, finish);
    if (!operation)
        return NULL;
    napi_get_value_bool(env, argv[1], &patch);
    operation->session = session;
    operation->number = patch;
    return operation;
}

napi_value changes_delete_session(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info, work_delete, NULL);
    return operation ? operation_run(env, operation) : NULL;
}

static void work_changes(struct operation *operation) {
    hdb_session *session = operation->session->session;
    if (!session) {
        operation->code = HDB_MISUSE;
        return;
    }
    operation_check(operation, operation->number ? hdb_session_patchset(session, &operation->bytes, &operation->size)
                                                 : hdb_session_changeset(session, &operation->bytes, &operation->size));
}

/* changeset(session, whether it is to be a patchset) */
napi_value changes_of_session(napi_env env, napi_callback_info info) {
    struct operation *operation = operation_of(env, info, work_changes, operation_finish_bytes);
    return operation ? operation_run(env, operation) : NULL;
}

/* --- applying */

struct question {
    struct callback *callback;
    const char *table;
    int conflict, answer;
};

static napi_value call(napi_env env, const struct question *question, size_t number, napi_value argument) {
    napi_value receiver, answer, function = callback_function(env, question->callback, number);
    if (!function || napi_get_undefined(env, &receiver) != napi_ok ||
        napi_call_function(env, receiver, function, 1, &argument, &answer) != napi_ok)
        return throw_napi_error(env);
    return answer;
}

static void ask_filter(napi_env env, void *data) {
    struct question *question = data;
    napi_value answer, truth, table = value_of_text(env, question->table);
    bool wanted = false;
    if (table && (answer = call(env, question, FILTER, table)) && napi_coerce_to_bool(env, answer, &truth) == napi_ok)
        napi_get_value_bool(env, truth, &wanted);
    question->answer = wanted;
}

static void ask_conflict(napi_env env, void *data) {
    struct question *question = data;
    napi_value answer, conflict = value_of_integer(env, question->conflict, false);
    double number = -1;
    question->answer = HDB_RESOLUTION_ABORT;
    if (!conflict || !(answer = call(env, question, CONFLICT, conflict)))
        return;
    question->answer = -1;
    if (napi_get_value_double(env, answer, &number) == napi_ok && number == (int)number)
        question->answer = (int)number;
}

static int on_filter(void *data, const char *table) {
    struct operation *operation = data;
    struct question question = {.callback = operation->callback, .table = table};
    worker_call_js(operation->connection, ask_filter, &question);
    return question.answer;
}

static int on_conflict(void *data, int conflict, hdb_change *change) {
    struct operation *operation = data;
    struct question question = {
        .callback = operation->callback, .conflict = conflict, .answer = HDB_RESOLUTION_ABORT};
    (void)change;
    worker_call_js(operation->connection, ask_conflict, &question);
    return question.answer;
}

static void work_apply(struct operation *operation) {
    int rc = hdb_changeset_apply(operation->connection->conn, operation->input, operation->size,
                                 operation->number ? on_filter : NULL, operation->second ? on_conflict : NULL,
                                 operation);
    operation->none = rc == HDB_ABORT;
    if (rc != HDB_ABORT)
        operation_check(operation, rc);
}

static napi_value finish_apply(napi_env env, struct operation *operation) {
    return value_of_bool(env, !operation->none);
}

/* applyChangeset(bytes, filter or undefined, conflict handler or undefined): whether it was applied */
napi_value changes_apply(napi_env env, napi_callback_info info) {
    size_t argc = 3;
    napi_value argv[3];
    napi_valuetype types[CALLBACKS] = {napi_undefined, napi_undefined};
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work_apply, finish_apply) : NULL;
    if (!operation)
        return NULL;
    napi_typeof(env, argv[1], &types[FILTER]);
    napi_typeof(env, argv[2], &types[CONFLICT]);
    operation->number = types[FILTER] == napi_function;
    operation->second = types[CONFLICT] == napi_function;
    if (arguments_bytes(env, argv[0], &operation->input, &operation->size) &&
        (operation->callback = callback_new(env, connection, CALLBACKS, argv + 1)))
        return operation_run(env, operation);
    operation_free(env, operation);
    return NULL;
}
