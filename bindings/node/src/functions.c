/* SPDX-License-Identifier: Apache-2.0 */
/* SQL functions and aggregates that are written in JavaScript. */
#include "addon.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_ARGUMENTS = 5, SMALL = 8 };

/* What a function is made of, in the array that lib/functions.js gives; a function of rows has the first only. */
enum member { MEMBER_STEP, MEMBER_INVERSE, MEMBER_RESULT, MEMBER_START };

struct function {
    struct database *database;
    napi_ref members;
    char *name;
    bool safe_integers;
};

/* One group of an aggregate. */
struct group {
    napi_ref value; /* an array that holds it */
    bool started;
    bool in_window; /* its value has been asked for already */
};

static napi_value member_of(const struct function *function, enum member member) {
    napi_env env = function->database->addon->env;
    napi_value members, value;
    if (napi_get_reference_value(env, function->members, &members) != napi_ok ||
        napi_get_element(env, members, member, &value) != napi_ok)
        return NULL;
    return value;
}

static bool is_callable(napi_env env, napi_value value) {
    napi_valuetype type = napi_undefined;
    return value && napi_typeof(env, value, &type) == napi_ok && type == napi_function;
}

static void fail(hdb_context *context) {
    hdb_result_error(context, "", 0);
}

static void give(struct function *function, hdb_context *context, napi_value value) {
    char subject[320];
    snprintf(subject, sizeof subject, "User-defined function %s() returned", function->name);
    if (!value || !callback_give(function->database, context, value, subject))
        fail(context);
}

/* Calls a member with the values of a row, behind `first` if there is one. */
static napi_value call_with(struct function *function, enum member member, napi_value first, int count, hdb_datum **values) {
    struct database *database = function->database;
    napi_value small[SMALL], result = NULL, callee = member_of(function, member);
    napi_value *argv = callback_arguments(database, small, SMALL, first, count, values, function->safe_integers);
    if (argv && callee)
        result = callback_call(database, NULL, callee, (size_t)count + (first ? 1 : 0), argv);
    if (argv != small)
        free(argv);
    return result;
}

static void call_scalar(void *user_data, hdb_context *context, int count, hdb_datum **values) {
    struct function *function = user_data;
    napi_env env = function->database->addon->env;
    napi_handle_scope scope;
    if (!callback_may_run(function->database) || napi_open_handle_scope(env, &scope) != napi_ok) {
        fail(context);
        return;
    }
    give(function, context, call_with(function, MEMBER_STEP, NULL, count, values));
    napi_close_handle_scope(env, scope);
}

/* --- aggregates */

static void end_group(const struct function *function, struct group *group) {
    if (group->value && !function->database->addon->ending)
        napi_delete_reference(function->database->addon->env, group->value);
    group->value = NULL;
}

/* What a group begins with: a value, or what a function gives. */
static napi_value first_value(struct function *function) {
    napi_value start = member_of(function, MEMBER_START);
    return is_callable(function->database->addon->env, start) ? callback_call(function->database, NULL, start, 0, NULL) : start;
}

static void start_group(struct function *function, struct group *group) {
    napi_env env = function->database->addon->env;
    napi_value box, value = first_value(function);
    group->started = true;
    if (value && napi_create_array_with_length(env, 1, &box) == napi_ok && napi_set_element(env, box, 0, value) == napi_ok)
        napi_create_reference(env, box, 1, &group->value);
}

/* The group of a call and the array with its value; NULL, and the statement fails, if it could not begin or has ended. */
static struct group *group_of(struct function *function, hdb_context *context, napi_value *out_box) {
    struct group *group = hdb_aggregate_context(context, sizeof *group);
    if (group && !group->started && callback_may_run(function->database))
        start_group(function, group);
    if (group && group->value && callback_may_run(function->database) &&
        napi_get_reference_value(function->database->addon->env, group->value, out_box) == napi_ok)
        return group;
    if (group)
        end_group(function, group);
    fail(context);
    return NULL;
}

static void call_member_step(struct function *function, enum member member, hdb_context *context, int count,
                             hdb_datum **values) {
    napi_env env = function->database->addon->env;
    napi_handle_scope scope;
    napi_value box, value, result;
    napi_valuetype type = napi_undefined;
    if (napi_open_handle_scope(env, &scope) != napi_ok)
        return;
    struct group *group = group_of(function, context, &box);
    if (group && napi_get_element(env, box, 0, &value) == napi_ok) {
        result = call_with(function, member, value, count, values);
        if (!result) {
            end_group(function, group);
            fail(context);
        } else if (napi_typeof(env, result, &type) == napi_ok && type != napi_undefined) {
            napi_set_element(env, box, 0, result);
        }
    }
    napi_close_handle_scope(env, scope);
}

static void call_step(void *user_data, hdb_context *context, int count, hdb_datum **values) {
    call_member_step(user_data, MEMBER_STEP, context, count, values);
}

static void call_inverse(void *user_data, hdb_context *context, int count, hdb_datum **values) {
    call_member_step(user_data, MEMBER_INVERSE, context, count, values);
}

static void give_value(struct function *function, hdb_context *context, struct group *group, napi_value box) {
    napi_env env = function->database->addon->env;
    napi_value value, result = member_of(function, MEMBER_RESULT);
    if (napi_get_element(env, box, 0, &value) != napi_ok)
        value = NULL;
    else if (is_callable(env, result))
        value = callback_call(function->database, NULL, result, 1, &value);
    give(function, context, value);
    if (!value)
        end_group(function, group);
}

static void call_value(void *user_data, hdb_context *context) {
    struct function *function = user_data;
    napi_env env = function->database->addon->env;
    napi_handle_scope scope;
    napi_value box;
    if (napi_open_handle_scope(env, &scope) != napi_ok)
        return;
    struct group *group = group_of(function, context, &box);
    if (group) {
        group->in_window = true;
        give_value(function, context, group, box);
    }
    napi_close_handle_scope(env, scope);
}

/* A window has given its value already when it ends. */
static void call_final(void *user_data, hdb_context *context) {
    struct function *function = user_data;
    napi_env env = function->database->addon->env;
    struct group *group = hdb_aggregate_context(context, sizeof *group);
    napi_handle_scope scope;
    napi_value box;
    if (group && !group->in_window && napi_open_handle_scope(env, &scope) == napi_ok) {
        if (group_of(function, context, &box))
            give_value(function, context, group, box);
        napi_close_handle_scope(env, scope);
    }
    if (group)
        end_group(function, group);
}

/* --- registering */

static void destroy_function(void *user_data) {
    struct function *function = user_data;
    if (function->members && !function->database->addon->ending)
        napi_delete_reference(function->database->addon->env, function->members);
    free(function->name);
    free(function);
}

static struct function *function_create(napi_env env, struct database *database, napi_value name, napi_value members) {
    struct function *function = calloc(1, sizeof *function);
    if (!function)
        return throw_error(env, "Out of memory"), NULL;
    function->database = database;
    if ((function->name = text_copy(env, name, NULL))) {
        if (napi_create_reference(env, members, 1, &function->members) == napi_ok)
            return function;
        throw_napi_error(env);
    }
    destroy_function(function);
    return NULL;
}

static int install(struct database *database, struct function *function, napi_value members, int count, int flags) {
    napi_env env = database->addon->env;
    hdb_conn *conn = database->conn;
    uint32_t length = 0;
    napi_get_array_length(env, members, &length);
    if (length == 1)
        return hdb_create_function(conn, function->name, count, flags, call_scalar, function, destroy_function);
    if (is_callable(env, member_of(function, MEMBER_INVERSE)))
        return hdb_create_window_function(conn, function->name, count, flags, call_step, call_final, call_value, call_inverse,
                                          function, destroy_function);
    return hdb_create_aggregate(conn, function->name, count, flags, call_step, call_final, function, destroy_function);
}

/*
 * function(name, [step, inverse, result, start], number of arguments or -1, flags, safe integers or undefined): the array
 * has the function alone for one of rows
 */
napi_value functions_define(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    int32_t count = 0, flags = 0;
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database) || !database_has_no_iterator(env, database))
        return NULL;
    if (napi_get_value_int32(env, argv[2], &count) != napi_ok || napi_get_value_int32(env, argv[3], &flags) != napi_ok)
        return throw_napi_error(env);
    struct function *function = function_create(env, database, argv[0], argv[1]);
    if (!function)
        return throw_napi_error(env);
    function->safe_integers = database->safe_integers;
    napi_get_value_bool(env, argv[4], &function->safe_integers);
    database_enter(database);
    int rc = install(database, function, argv[1], count, flags);
    database_leave(database);
    return rc == HDB_OK ? NULL : throw_database_error(env, database);
}
