/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar functions, aggregates and window functions of JavaScript's. */
#include "connection.h"

#include <stdlib.h>

enum { MAX_ARGUMENTS = 8, MAX_FUNCTIONS = 4, SMALL = 16 };
enum { STEP, INVERSE, RESULT, START }; /* numbers of an aggregate's functions */

/* --- a call of SQLite's */

struct invocation {
    struct callback *callback;
    hdb_context *context;
    int count;
    hdb_datum **arguments;
    int number; /* of the function of an aggregate */
};

/* The arguments, after `first` of one's own; false: thrown. */
static bool arguments_of(napi_env env, const struct invocation *call, napi_value *out) {
    for (int i = 0; i < call->count; i++) {
        struct value value = value_of_datum(call->arguments[i]);
        if (!(out[i] = value_to_js(env, &value, call->callback->flags)))
            return false;
    }
    return true;
}

/* Calls a function with `first`, if there is one, and the arguments. NULL: thrown. */
static napi_value invoke(napi_env env, const struct invocation *call, size_t number, napi_value first) {
    napi_value small[SMALL], receiver, result = NULL, function = callback_function(env, call->callback, number);
    size_t before = first ? 1 : 0, count = before + (size_t)call->count;
    napi_value *arguments = count <= SMALL ? small : malloc(count * sizeof *arguments);
    if (!arguments)
        return throw_error(env, "Out of memory");
    arguments[0] = first;
    if (!function || !arguments_of(env, call, arguments + before) || napi_get_undefined(env, &receiver) != napi_ok ||
        napi_call_function(env, receiver, function, count, arguments, &result) != napi_ok)
        result = throw_napi_error(env);
    if (arguments != small)
        free(arguments);
    return result;
}

static bool give_text(napi_env env, hdb_context *context, napi_value value) {
    size_t length = 0;
    char *text = text_copy(env, value, &length);
    if (!text)
        return false;
    hdb_result_text(context, text, (int64_t)length);
    free(text);
    return true;
}

static void give_object(napi_env env, hdb_context *context, napi_value value) {
    const void *data = NULL;
    size_t size = 0;
    bool is_promise = false;
    if (arguments_view(env, value, &data, &size)) {
        hdb_result_blob(context, data, (int64_t)size);
        return;
    }
    napi_is_promise(env, value, &is_promise);
    hdb_result_error(context,
                     is_promise ? "Asynchronous user-defined functions are not supported"
                                : "Returned JavaScript value cannot be converted to a SQLite value",
                     -1);
}

/* Makes a value the result; false: thrown. */
static bool give(napi_env env, hdb_context *context, napi_value value) {
    napi_valuetype type = napi_undefined;
    double number = 0;
    int64_t integer = 0;
    bool lossless = false;
    napi_typeof(env, value, &type);
    switch (type) {
    case napi_undefined:
    case napi_null: hdb_result_null(context); return true;
    case napi_number:
        napi_get_value_double(env, value, &number);
        hdb_result_double(context, number);
        return true;
    case napi_string: return give_text(env, context, value);
    case napi_bigint:
        napi_get_value_bigint_int64(env, value, &integer, &lossless);
        if (lossless)
            hdb_result_int64(context, integer);
        else
            hdb_result_error(context, "BigInt value is too large for SQLite", -1);
        return true;
    default: give_object(env, context, value); return true;
    }
}

static void call_function(napi_env env, void *data) {
    const struct invocation *call = data;
    napi_value result = invoke(env, call, 0, NULL);
    if (!result || !give(env, call->context, result))
        hdb_result_error(call->context, "", 0);
}

static void run(struct invocation *call, worker_body body) {
    if (!worker_call_js(call->callback->connection, body, call))
        hdb_result_error(call->context, "", 0);
}

static void on_function(void *data, hdb_context *context, int count, hdb_datum **arguments) {
    struct invocation call = {.callback = data, .context = context, .count = count, .arguments = arguments};
    run(&call, call_function);
}

/* --- aggregates: the state of a group is kept in an array, since only objects can be referred to */

struct group {
    napi_ref box;
    bool in_window; /* its value was asked for before the end, at which nobody wants it */
};

/* Has the reference deleted where that may be done, also if JavaScript can't be called now. */
static void drop_box(struct connection *connection, napi_ref box) {
    struct callback *dropped = calloc(1, sizeof *dropped);
    if (!dropped)
        return;
    dropped->connection = connection;
    dropped->functions = box;
    callback_dropped(dropped);
}

static napi_value box_of(napi_env env, const struct invocation *call, struct group *group) {
    napi_value box, start, receiver;
    if (group->box)
        return napi_get_reference_value(env, group->box, &box) == napi_ok ? box : NULL;
    start = callback_function(env, call->callback, START);
    if (!start)
        napi_get_undefined(env, &start);
    if (call->callback->start_is_function &&
        (napi_get_undefined(env, &receiver) != napi_ok ||
         napi_call_function(env, receiver, start, 0, NULL, &start) != napi_ok))
        return throw_napi_error(env);
    if (napi_create_array_with_length(env, 1, &box) != napi_ok || napi_set_element(env, box, 0, start) != napi_ok ||
        napi_create_reference(env, box, 1, &group->box) != napi_ok)
        return throw_napi_error(env);
    return box;
}

static bool step(napi_env env, const struct invocation *call) {
    napi_value state, box;
    struct group *group = hdb_aggregate_context(call->context, sizeof *group);
    return group && (box = box_of(env, call, group)) && napi_get_element(env, box, 0, &state) == napi_ok &&
           (state = invoke(env, call, (size_t)call->number, state)) && napi_set_element(env, box, 0, state) == napi_ok;
}

static void call_step(napi_env env, void *data) {
    const struct invocation *call = data;
    if (!step(env, call))
        hdb_result_error(call->context, "", 0);
}

static bool result(napi_env env, const struct invocation *call) {
    napi_value state, box;
    struct group *group = hdb_aggregate_context(call->context, sizeof *group);
    if (!group || !(box = box_of(env, call, group)) || napi_get_element(env, box, 0, &state) != napi_ok)
        return false;
    if (callback_function(env, call->callback, RESULT))
        state = invoke(env, call, RESULT, state);
    return state && give(env, call->context, state);
}

static void call_result(napi_env env, void *data) {
    const struct invocation *call = data;
    if (!result(env, call))
        hdb_result_error(call->context, "", 0);
}

static void on_step(void *data, hdb_context *context, int count, hdb_datum **arguments) {
    struct invocation call = {
        .callback = data, .context = context, .count = count, .arguments = arguments, .number = STEP};
    run(&call, call_step);
}

static void on_inverse(void *data, hdb_context *context, int count, hdb_datum **arguments) {
    struct invocation call = {
        .callback = data, .context = context, .count = count, .arguments = arguments, .number = INVERSE};
    run(&call, call_step);
}

static void on_value(void *data, hdb_context *context) {
    struct invocation call = {.callback = data, .context = context};
    struct group *group = hdb_aggregate_context(context, sizeof *group);
    if (group)
        group->in_window = true;
    run(&call, call_result);
}

static void on_final(void *data, hdb_context *context) {
    struct invocation call = {.callback = data, .context = context};
    struct group *group = hdb_aggregate_context(context, sizeof *group);
    if (!group || !group->in_window)
        run(&call, call_result);
    if (group && group->box)
        drop_box(call.callback->connection, group->box);
}

/* --- registration */

static void work_create_function(struct operation *operation) {
    struct callback *callback = operation->callback;
    operation->callback = NULL;
    operation_check(operation,
                    hdb_create_function(operation->connection->conn, operation->text, (int)operation->number,
                                        (int)operation->second, on_function, callback, callback_dropped));
}

/* With `size` it works in windows too. */
static void work_create_aggregate(struct operation *operation) {
    struct callback *callback = operation->callback;
    hdb_conn *conn = operation->connection->conn;
    int count = (int)operation->number, flags = (int)operation->second;
    operation->callback = NULL;
    operation_check(operation,
                    operation->size ? hdb_create_window_function(conn, operation->text, count, flags, on_step, on_final,
                                                                 on_value, on_inverse, callback, callback_dropped)
                                    : hdb_create_aggregate(conn, operation->text, count, flags, on_step, on_final,
                                                           callback, callback_dropped));
}

/* (name, number of arguments, flags of the library, flags of enum read_flags, functions...) */
static struct operation *registration(napi_env env, napi_callback_info info, operation_work work, size_t count,
                                      napi_value *functions) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    struct connection *connection = connection_open(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work, NULL) : NULL;
    if (!operation)
        return NULL;
    for (size_t i = 0; i < count; i++)
        functions[i] = argv[4 + i];
    napi_get_value_int64(env, argv[1], &operation->number);
    napi_get_value_int64(env, argv[2], &operation->second);
    if ((operation->text = text_copy(env, argv[0], NULL)) &&
        (operation->callback = callback_new(env, connection, count, functions))) {
        napi_get_value_int32(env, argv[3], &operation->callback->flags);
        return operation;
    }
    operation_free(env, operation);
    return NULL;
}

napi_value function_create(napi_env env, napi_callback_info info) {
    napi_value functions[1];
    struct operation *operation = registration(env, info, work_create_function, 1, functions);
    return operation ? operation_run(env, operation) : NULL;
}

/* The functions: step, inverse, result, start (a value or a function); undefined where there is none. */
napi_value function_create_aggregate(napi_env env, napi_callback_info info) {
    napi_value functions[MAX_FUNCTIONS];
    napi_valuetype type = napi_undefined;
    struct operation *operation = registration(env, info, work_create_aggregate, MAX_FUNCTIONS, functions);
    if (!operation)
        return NULL;
    napi_typeof(env, functions[INVERSE], &type);
    operation->size = type == napi_function;
    napi_typeof(env, functions[START], &type);
    operation->callback->start_is_function = type == napi_function;
    return operation_run(env, operation);
}
