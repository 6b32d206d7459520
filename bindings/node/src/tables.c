/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual tables whose rows JavaScript makes; lib/table.js says what the functions here are given. */
#include "addon.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_ARGUMENTS = 3, SMALL = 8, MAX_PARAMETERS = 32 };

/* One registration. */
struct module {
    struct database *database;
    napi_ref factory; /* gives what a table is: enum definition */
    char *name;
};

/* What the factory's array holds. */
enum definition { DEFINITION_SQL, DEFINITION_SCAN, DEFINITION_PARAMETERS, DEFINITION_SAFE_INTEGERS, DEFINITION_DIRECT_ONLY };

struct table {
    struct module *module;
    napi_ref scan; /* a function: begins a scan, gives a function that gives its rows */
    int parameters;
    bool safe_integers;
};

struct scan {
    struct table *table;
    napi_ref members; /* an array: enum member */
};

enum member { MEMBER_NEXT, MEMBER_ROW };

static napi_env env_of(const struct module *module) {
    return module->database->addon->env;
}

static void release(const struct module *module, napi_ref reference) {
    if (reference && !module->database->addon->ending)
        napi_delete_reference(env_of(module), reference);
}

static bool begin(const struct module *module, napi_handle_scope *scope) {
    return callback_may_run(module->database) && napi_open_handle_scope(env_of(module), scope) == napi_ok;
}

/* --- tables */

static napi_value call_factory(struct module *module, int count, const char *const *arguments) {
    napi_env env = env_of(module);
    napi_value small[SMALL], factory, result = NULL;
    napi_value *argv = count <= SMALL ? small : malloc((size_t)count * sizeof *argv);
    bool ok = argv && napi_get_reference_value(env, module->factory, &factory) == napi_ok;
    for (int i = 0; ok && i < count; i++)
        ok = (argv[i] = value_of_text(env, arguments[i])) != NULL;
    if (ok)
        result = callback_call(module->database, NULL, factory, (size_t)count, argv);
    if (argv != small)
        free(argv);
    return result;
}

static int read_definition(struct table *table, hdb_vtable *handle, napi_value definition) {
    napi_env env = env_of(table->module);
    napi_value sql, scan, parameters, safe_integers, direct_only;
    char small[1024];
    size_t length = 0;
    bool is_direct_only = false;
    if (napi_get_element(env, definition, DEFINITION_SQL, &sql) != napi_ok ||
        napi_get_element(env, definition, DEFINITION_SCAN, &scan) != napi_ok ||
        napi_get_element(env, definition, DEFINITION_PARAMETERS, &parameters) != napi_ok ||
        napi_get_element(env, definition, DEFINITION_SAFE_INTEGERS, &safe_integers) != napi_ok ||
        napi_get_element(env, definition, DEFINITION_DIRECT_ONLY, &direct_only) != napi_ok ||
        napi_get_value_int32(env, parameters, &table->parameters) != napi_ok ||
        napi_get_value_bool(env, direct_only, &is_direct_only) != napi_ok ||
        napi_create_reference(env, scan, 1, &table->scan) != napi_ok)
        return HDB_ERROR;
    table->safe_integers = table->module->database->safe_integers;
    napi_get_value_bool(env, safe_integers, &table->safe_integers);
    char *text = text_of(env, sql, small, sizeof small, &length);
    int flags = is_direct_only ? HDB_VTABLE_DIRECTONLY : HDB_VTABLE_PLAIN;
    int rc = text ? hdb_vtable_declare(handle, text, table->parameters, flags) : HDB_NOMEM;
    if (text != small)
        free(text);
    return rc;
}

static void disconnect(void *state) {
    struct table *table = state;
    release(table->module, table->scan);
    free(table);
}

static int connect(void *user_data, hdb_vtable *handle, int count, const char *const *arguments, void **out) {
    struct module *module = user_data;
    napi_handle_scope scope;
    if (!begin(module, &scope))
        return HDB_ERROR;
    struct table *table = calloc(1, sizeof *table);
    napi_value definition = table ? call_factory(module, count, arguments) : NULL;
    int rc = table ? HDB_ERROR : HDB_NOMEM;
    if (table)
        table->module = module;
    if (definition)
        rc = read_definition(table, handle, definition);
    if (rc == HDB_OK)
        *out = table;
    else if (table)
        disconnect(table);
    napi_close_handle_scope(env_of(module), scope);
    return rc;
}

/* --- scans */

/* The values of parameters in their places; undefined where there is none. */
static bool place_arguments(const struct table *table, int64_t given, hdb_datum **values, napi_value *argv) {
    napi_env env = env_of(table->module);
    int used = 0;
    for (int i = 0; i < table->parameters; i++) {
        bool has = given >> i & 1;
        argv[i] = has ? datum_value(env, values[used++], table->safe_integers) : value_undefined(env);
        if (!argv[i])
            return false;
    }
    return true;
}

static int open_scan(void *state, int64_t given, int count, hdb_datum **values, void **out) {
    struct table *table = state;
    napi_env env = env_of(table->module);
    napi_value argv[MAX_PARAMETERS], begin_scan, next, members;
    napi_handle_scope scope;
    (void)count;
    if (!begin(table->module, &scope))
        return HDB_ERROR;
    struct scan *scan = calloc(1, sizeof *scan);
    bool ok = scan && place_arguments(table, given, values, argv) &&
              napi_get_reference_value(env, table->scan, &begin_scan) == napi_ok &&
              (next = callback_call(table->module->database, NULL, begin_scan, (size_t)table->parameters, argv)) &&
              napi_create_array_with_length(env, 2, &members) == napi_ok &&
              napi_set_element(env, members, MEMBER_NEXT, next) == napi_ok &&
              napi_create_reference(env, members, 1, &scan->members) == napi_ok;
    if (ok) {
        scan->table = table;
        *out = scan;
    } else {
        free(scan);
    }
    napi_close_handle_scope(env, scope);
    return ok ? HDB_OK : HDB_ERROR;
}

static int next_row(void *state) {
    struct scan *scan = state;
    struct module *module = scan->table->module;
    napi_env env = env_of(module);
    napi_value members, next, row = NULL;
    napi_valuetype type = napi_undefined;
    napi_handle_scope scope;
    int rc = HDB_ERROR;
    if (!begin(module, &scope))
        return HDB_ERROR;
    if (napi_get_reference_value(env, scan->members, &members) == napi_ok &&
        napi_get_element(env, members, MEMBER_NEXT, &next) == napi_ok)
        row = callback_call(module->database, NULL, next, 0, NULL);
    if (row && napi_typeof(env, row, &type) == napi_ok && napi_set_element(env, members, MEMBER_ROW, row) == napi_ok)
        rc = type == napi_undefined ? HDB_DONE : HDB_ROW;
    napi_close_handle_scope(env, scope);
    return rc;
}

static int give_column(void *state, int column, hdb_context *context) {
    const struct scan *scan = state;
    struct module *module = scan->table->module;
    napi_env env = env_of(module);
    napi_value members, row, value;
    napi_handle_scope scope;
    char subject[320];
    int rc = HDB_ERROR;
    if (!begin(module, &scope))
        return HDB_ERROR;
    snprintf(subject, sizeof subject, "Virtual table module \"%s\" yielded", module->name);
    if (napi_get_reference_value(env, scan->members, &members) == napi_ok &&
        napi_get_element(env, members, MEMBER_ROW, &row) == napi_ok &&
        napi_get_element(env, row, (uint32_t)column, &value) == napi_ok &&
        callback_give(module->database, context, value, subject))
        rc = HDB_OK;
    napi_close_handle_scope(env, scope);
    return rc;
}

static void close_scan(void *state) {
    struct scan *scan = state;
    release(scan->table->module, scan->members);
    free(scan);
}

/* --- registering */

static void destroy_module(void *user_data) {
    struct module *module = user_data;
    release(module, module->factory);
    free(module->name);
    free(module);
}

static struct module *module_create(napi_env env, struct database *database, napi_value name, napi_value factory) {
    struct module *module = calloc(1, sizeof *module);
    if (!module)
        return throw_error(env, "Out of memory"), NULL;
    module->database = database;
    if ((module->name = text_copy(env, name, NULL))) {
        if (napi_create_reference(env, factory, 1, &module->factory) == napi_ok)
            return module;
        throw_napi_error(env);
    }
    destroy_module(module);
    return NULL;
}

/* table(name, factory, whether there is one table, of that name) */
napi_value tables_define(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    bool eponymous = false;
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database) || !database_has_no_iterator(env, database))
        return NULL;
    napi_get_value_bool(env, argv[2], &eponymous);
    struct module *module = module_create(env, database, argv[0], argv[1]);
    if (!module)
        return NULL;
    database_enter(database);
    int rc = hdb_create_module(database->conn, module->name, eponymous ? HDB_MODULE_EPONYMOUS : HDB_MODULE_PLAIN, connect,
                               disconnect, open_scan, next_row, give_column, close_scan, module, destroy_module);
    database_leave(database);
    return rc == HDB_OK ? NULL : throw_database_error(env, database);
}
