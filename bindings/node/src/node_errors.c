/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <string.h>

napi_value node_throw(napi_env env, enum error_class class, const char *code, const char *message) {
    switch (class) {
    case ERROR_TYPE: napi_throw_type_error(env, code, message); break;
    case ERROR_RANGE: napi_throw_range_error(env, code, message); break;
    case ERROR_PLAIN: napi_throw_error(env, code, message); break;
    }
    return NULL;
}

static napi_value sqlite_error(napi_env env, const char *message) {
    napi_value code, text, error = NULL;
    if (napi_create_string_utf8(env, "ERR_SQLITE_ERROR", NAPI_AUTO_LENGTH, &code) != napi_ok ||
        napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text) != napi_ok ||
        napi_create_error(env, code, text, &error) != napi_ok)
        return throw_napi_error(env);
    return error;
}

napi_value node_throw_sqlite(napi_env env, int code, const char *message, const char *sqlstate) {
    napi_value number, text, state, error = sqlite_error(env, message ? message : hdb_errstr(code));
    if (!error)
        return NULL;
    if (napi_create_int32(env, code, &number) != napi_ok ||
        napi_create_string_utf8(env, hdb_errstr(code), NAPI_AUTO_LENGTH, &text) != napi_ok ||
        napi_create_string_utf8(env, sqlstate, NAPI_AUTO_LENGTH, &state) != napi_ok ||
        napi_set_named_property(env, error, "errcode", number) != napi_ok ||
        napi_set_named_property(env, error, "errstr", text) != napi_ok)
        return throw_napi_error(env);
    const napi_property_descriptor more = {
        "sqlstate", NULL, NULL, NULL, NULL, state, napi_writable | napi_configurable, NULL};
    if (napi_define_properties(env, error, 1, &more) != napi_ok)
        return throw_napi_error(env);
    napi_throw(env, error);
    return NULL;
}

napi_value node_throw_sqlite_text(napi_env env, const char *message) {
    napi_value error = sqlite_error(env, message);
    if (error)
        napi_throw(env, error);
    return NULL;
}

bool node_is_thrown(napi_env env) {
    bool pending = false;
    return napi_is_exception_pending(env, &pending) != napi_ok || pending;
}
