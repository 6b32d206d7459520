/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of run(), get() and the like to parameters of the statement; the wording is better-sqlite3's. */
#include "addon.h"

#include <stdio.h>
#include <stdlib.h>

struct binder {
    napi_env env;
    struct statement *statement;
    hdb_stmt *stmt;
    int anonymous; /* index of the last parameter without a name that was bound */
    int count;     /* values bound */
    bool object;   /* an object with named values was seen */
};

static bool bind_one(struct binder *binder, int index, napi_value value) {
    switch (value_bind(binder->env, binder->stmt, index, value)) {
    case HDB_OK: binder->count++; return true;
    case VALUE_UNSUPPORTED:
        throw_type_error(binder->env, "SQLite3 can only bind numbers, strings, bigints, buffers, and null");
        return false;
    case HDB_TOOBIG: throw_range_error(binder->env, "The bound string, buffer, or bigint is too big"); return false;
    case HDB_RANGE: throw_range_error(binder->env, "Too many parameter values were provided"); return false;
    case HDB_NOMEM: throw_error(binder->env, "Out of memory"); return false;
    default: throw_sqlite_error(binder->env, binder->statement->database->conn); return false;
    }
}

static bool bind_anonymous(struct binder *binder, napi_value value) {
    do
        binder->anonymous++;
    while (hdb_bind_parameter_name(binder->stmt, binder->anonymous));
    return bind_one(binder, binder->anonymous, value);
}

static bool bind_array(struct binder *binder, napi_value array) {
    uint32_t length = 0;
    napi_get_array_length(binder->env, array, &length);
    for (uint32_t i = 0; i < length; i++) {
        napi_value value;
        if (napi_get_element(binder->env, array, i, &value) != napi_ok)
            return throw_napi_error(binder->env), false;
        if (!bind_anonymous(binder, value))
            return false;
    }
    return true;
}

/* The names of parameters, without their first character, as JS strings that are made once. */
static bool parameter_names(struct binder *binder, napi_value *out) {
    napi_env env = binder->env;
    struct statement *statement = binder->statement;
    if (statement->parameters)
        return napi_get_reference_value(env, statement->parameters, out) == napi_ok;
    int count = hdb_bind_parameter_count(binder->stmt);
    if (napi_create_array(env, out) != napi_ok)
        return false;
    for (int i = 1; i <= count; i++) {
        const char *name = hdb_bind_parameter_name(binder->stmt, i);
        napi_value pair[2];
        if (!name)
            continue;
        if (napi_create_string_utf8(env, name + 1, NAPI_AUTO_LENGTH, &pair[0]) != napi_ok ||
            napi_create_int32(env, i, &pair[1]) != napi_ok ||
            napi_set_element(env, *out, 2 * statement->parameter_count, pair[0]) != napi_ok ||
            napi_set_element(env, *out, 2 * statement->parameter_count + 1, pair[1]) != napi_ok)
            return false;
        statement->parameter_count++;
    }
    return napi_create_reference(env, *out, 1, &statement->parameters) == napi_ok;
}

static bool throw_missing(napi_env env, napi_value key) {
    char small[256], message[320];
    size_t length = 0;
    char *name = text_of(env, key, small, sizeof small, &length);
    if (!name)
        return false;
    snprintf(message, sizeof message, "Missing named parameter \"%s\"", name);
    if (name != small)
        free(name);
    throw_range_error(env, message);
    return false;
}

static bool bind_object(struct binder *binder, napi_value object, napi_value names) {
    napi_env env = binder->env;
    for (uint32_t i = 0; i < binder->statement->parameter_count; i++) {
        napi_value key, index_value, value;
        int32_t index = 0;
        bool has = false;
        if (napi_get_element(env, names, 2 * i, &key) != napi_ok ||
            napi_get_element(env, names, 2 * i + 1, &index_value) != napi_ok ||
            napi_get_value_int32(env, index_value, &index) != napi_ok ||
            napi_has_own_property(env, object, key, &has) != napi_ok)
            return throw_napi_error(env), false;
        if (!has)
            return throw_missing(env, key);
        if (napi_get_property(env, object, key, &value) != napi_ok)
            return throw_napi_error(env), false;
        if (!bind_one(binder, index, value))
            return false;
    }
    return true;
}

/*
 * An object whose prototype is null or the Object.prototype of any realm: test runners give each test file a realm
 * of its own, so that this one's Object.prototype would be too narrow.
 */
static bool is_plain(napi_env env, napi_value object) {
    napi_value prototype;
    napi_valuetype type = napi_undefined;
    if (napi_get_prototype(env, object, &prototype) != napi_ok || napi_typeof(env, prototype, &type) != napi_ok)
        return false;
    if (type == napi_null)
        return true;
    if (type != napi_object || napi_get_prototype(env, prototype, &prototype) != napi_ok ||
        napi_typeof(env, prototype, &type) != napi_ok)
        return false;
    return type == napi_null;
}

static bool bind_argument(struct binder *binder, napi_value value) {
    napi_env env = binder->env;
    napi_valuetype type = napi_undefined;
    napi_value names;
    bool is = false;
    napi_typeof(env, value, &type);
    if (type != napi_object && type != napi_function)
        return bind_anonymous(binder, value);
    if (napi_is_array(env, value, &is) == napi_ok && is)
        return bind_array(binder, value);
    if (napi_is_buffer(env, value, &is) == napi_ok && is)
        return bind_anonymous(binder, value);
    if (!parameter_names(binder, &names))
        return throw_napi_error(env), false;
    if (type == napi_object && is_plain(env, value)) {
        if (binder->object)
            return throw_type_error(env, "You cannot specify named parameters in two different objects"), false;
        binder->object = true;
        return bind_object(binder, value, names);
    }
    if (binder->statement->parameter_count)
        return throw_type_error(env, "Named parameters can only be passed within plain objects"), false;
    return bind_anonymous(binder, value);
}

static bool check_count(struct binder *binder) {
    napi_value names;
    int wanted = hdb_bind_parameter_count(binder->stmt);
    if (binder->count == wanted)
        return true;
    if (binder->count > wanted)
        return throw_range_error(binder->env, "Too many parameter values were provided"), false;
    if (!parameter_names(binder, &names))
        return throw_napi_error(binder->env), false;
    if (!binder->object && binder->statement->parameter_count)
        return throw_type_error(binder->env, "Missing named parameters"), false;
    return throw_range_error(binder->env, "Too few parameter values were provided"), false;
}

bool bind_arguments(napi_env env, struct statement *statement, napi_value arguments) {
    struct binder binder = {.env = env, .statement = statement, .stmt = statement->stmt};
    struct database *database = statement->database;
    bool was_busy = database->busy;
    uint32_t length = 0;
    bool ok = true;
    if (napi_get_array_length(env, arguments, &length) != napi_ok)
        return throw_napi_error(env), false;
    database->busy = true; /* a getter of an argument could close the database */
    for (uint32_t i = 0; ok && i < length; i++) {
        napi_value value;
        if (napi_get_element(env, arguments, i, &value) != napi_ok)
            ok = (throw_napi_error(env), false);
        else
            ok = bind_argument(&binder, value);
    }
    database->busy = was_busy;
    ok = ok && check_count(&binder);
    if (!ok)
        hdb_clear_bindings(binder.stmt);
    return ok;
}
