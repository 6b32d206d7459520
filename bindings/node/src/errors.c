/* SPDX-License-Identifier: Apache-2.0 */
#include "addon.h"

#include <stdio.h>

napi_value throw_error(napi_env env, const char *message) {
    napi_throw_error(env, NULL, message);
    return NULL;
}

napi_value throw_type_error(napi_env env, const char *message) {
    napi_throw_type_error(env, NULL, message);
    return NULL;
}

napi_value throw_range_error(napi_env env, const char *message) {
    napi_throw_range_error(env, NULL, message);
    return NULL;
}

napi_value throw_napi_error(napi_env env) {
    const napi_extended_error_info *info = NULL;
    bool pending = false;
    napi_get_last_error_info(env, &info);
    const char *message = info && info->error_message ? info->error_message : "Node-API call failed";
    if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
        napi_throw_error(env, NULL, message);
    return NULL;
}

static napi_value throw_instance(napi_env env, const char *message, int code, const char *sqlstate, int offset) {
    struct addon *addon = addon_of(env);
    const char *name = hdb_errname(code);
    char unknown[48];
    napi_value error_class, args[4], error;
    if (!name) {
        snprintf(unknown, sizeof unknown, "UNKNOWN_SQLITE_ERROR_%d", code);
        name = unknown;
    }
    if (napi_get_reference_value(env, addon->error_class, &error_class) != napi_ok ||
        napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &args[0]) != napi_ok ||
        napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &args[1]) != napi_ok ||
        napi_create_string_utf8(env, sqlstate, NAPI_AUTO_LENGTH, &args[2]) != napi_ok ||
        napi_create_int32(env, offset, &args[3]) != napi_ok ||
        napi_new_instance(env, error_class, 4, args, &error) != napi_ok)
        return throw_napi_error(env);
    napi_throw(env, error);
    return NULL;
}

napi_value throw_sqlite_error(napi_env env, hdb_conn *conn) {
    return throw_instance(env, hdb_errmsg(conn), hdb_extended_errcode(conn), hdb_sqlstate(conn),
                          hdb_error_offset(conn));
}

napi_value throw_database_error(napi_env env, struct database *database) {
    napi_value box, error;
    if (!database->thrown)
        return throw_sqlite_error(env, database->conn);
    if (napi_get_reference_value(env, database->thrown, &box) != napi_ok || napi_get_element(env, box, 0, &error) != napi_ok)
        return throw_napi_error(env);
    database_forget_thrown(database);
    napi_throw(env, error);
    return NULL;
}

napi_value throw_sqlite_code(napi_env env, int code) {
    return throw_instance(env, hdb_errstr(code), code, "", -1);
}
