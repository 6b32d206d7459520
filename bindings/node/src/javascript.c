/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls from the library into JavaScript, in the midst of a statement.
 *
 * What such a call throws ends the statement, and is thrown when the statement's call returns. Until then the database
 * keeps it, so that the environment is free to run what must still run.
 */
#include "addon.h"

#include <stdio.h>
#include <stdlib.h>

void database_enter(struct database *database) {
    database_forget_thrown(database);
    database->busy = true;
}

void database_leave(struct database *database) {
    database->busy = false;
}

void database_forget_thrown(struct database *database) {
    if (!database->thrown)
        return;
    napi_delete_reference(database->addon->env, database->thrown);
    database->thrown = NULL;
}

/* Any value can be thrown, a reference can be had of objects only: it is kept in an array. */
static void keep_thrown(struct database *database) {
    napi_env env = database->addon->env;
    napi_value error, box;
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
        napi_get_and_clear_last_exception(env, &error) == napi_ok && napi_create_array_with_length(env, 1, &box) == napi_ok &&
        napi_set_element(env, box, 0, error) == napi_ok)
        napi_create_reference(env, box, 1, &database->thrown);
}

bool callback_may_run(const struct database *database) {
    bool pending = false;
    if (database->thrown || database->addon->ending)
        return false;
    return napi_is_exception_pending(database->addon->env, &pending) == napi_ok && !pending;
}

napi_value callback_call(struct database *database, napi_value receiver, napi_value function, size_t argc,
                         const napi_value *argv) {
    napi_env env = database->addon->env;
    napi_value result = NULL;
    if (!receiver && napi_get_undefined(env, &receiver) != napi_ok)
        return NULL;
    if (napi_call_function(env, receiver, function, argc, argv, &result) == napi_ok)
        return result;
    keep_thrown(database);
    return NULL;
}

bool callback_give(struct database *database, hdb_context *context, napi_value value, const char *subject) {
    napi_env env = database->addon->env;
    char message[384];
    int rc = value_result(env, context, value);
    if (rc == HDB_OK)
        return true;
    snprintf(message, sizeof message, "%s %s", subject, rc == HDB_TOOBIG ? "a bigint that was too big" : "an invalid value");
    if (rc == HDB_TOOBIG)
        throw_range_error(env, message);
    else
        throw_type_error(env, message);
    keep_thrown(database);
    return false;
}

napi_value *callback_arguments(struct database *database, napi_value *small, size_t small_size, napi_value first, int count,
                               hdb_datum **values, bool safe_integers) {
    size_t offset = first ? 1 : 0, wanted = offset + (size_t)count;
    napi_value *argv = wanted <= small_size ? small : malloc(wanted * sizeof *argv);
    if (!argv)
        return NULL;
    argv[0] = first;
    for (int i = 0; i < count; i++)
        if (!(argv[offset + (size_t)i] = datum_value(database->addon->env, values[i], safe_integers))) {
            keep_thrown(database);
            if (argv != small)
                free(argv);
            return NULL;
        }
    return argv;
}
