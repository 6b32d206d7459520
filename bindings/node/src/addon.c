/* SPDX-License-Identifier: Apache-2.0 */
/* The module: what it exports, and what is kept per environment. */
#include "addon.h"
#include "declarations.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* The generated declarations and the header in use must agree, or the addon does not compile. */
#define CHECK_FUNCTION(name, result, parameters, waits) \
    _Static_assert(_Generic(&name, result(*) parameters : 1, default : 0), #name " is not what declarations.h says");
#define CHECK_CONSTANT(name, value) _Static_assert((name) == (value), #name " is not what declarations.h says");
HDB_FUNCTIONS(CHECK_FUNCTION)
HDB_CONSTANTS(CHECK_CONSTANT)

struct constant {
    const char *name;
    int32_t value;
};

#define LIST_CONSTANT(name, value) {#name, value},
static const struct constant constants[] = {HDB_CONSTANTS(LIST_CONSTANT)};

struct addon *addon_of(napi_env env) {
    void *data = NULL;
    napi_get_instance_data(env, &data);
    return data;
}

/* The only state that environments share: a list of them, for the end of the process. */
static pthread_mutex_t addons_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct addon *addons;

static void addons_add(struct addon *addon) {
    pthread_mutex_lock(&addons_mutex);
    addon->next = addons;
    addons = addon;
    pthread_mutex_unlock(&addons_mutex);
}

static void addons_remove(struct addon *addon) {
    pthread_mutex_lock(&addons_mutex);
    for (struct addon **at = &addons; *at; at = &(*at)->next)
        if (*at == addon) {
            *at = addon->next;
            break;
        }
    pthread_mutex_unlock(&addons_mutex);
}

/* The environment ends (exit of the process or of a worker): what was committed is brought to the engine. */
static void close_databases(void *data) {
    struct addon *addon = data;
    while (addon->databases)
        database_close(addon->databases);
    handles_close(addon);
}

/* process.exit() and an uncaught exception end the process without ending the main thread's environment. */
static void close_all_databases(void) {
    for (struct addon *addon = addons; addon; addon = addon->next) {
        addon->ending = true;
        close_databases(addon);
    }
}

/*
 * OpenSSL, through which libpq logs in to an engine, frees its state in an exit handler of its own, and a thread of the
 * library that connects to the engine at that moment would crash: it is told not to. Weak, because a libpq may do
 * without it. The number is OPENSSL_INIT_NO_ATEXIT.
 */
extern int OPENSSL_init_crypto(uint64_t options, const void *settings) __attribute__((weak));

static void register_exit_handler(void) {
    if (OPENSSL_init_crypto)
        OPENSSL_init_crypto(0x00080000, NULL);
    atexit(close_all_databases);
}

static void close_at_exit(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_exit_handler);
}

static void addon_free(napi_env env, void *data, void *hint) {
    struct addon *addon = data;
    (void)hint;
    close_databases(addon);
    addons_remove(addon);
    if (addon->error_class)
        napi_delete_reference(env, addon->error_class);
    if (addon->statement_class)
        napi_delete_reference(env, addon->statement_class);
    if (addon->copy_class)
        napi_delete_reference(env, addon->copy_class);
    free(addon);
}

/* setErrorClass(SqliteError): called once by lib/native.js */
static napi_value set_error_class(napi_env env, napi_callback_info info) {
    size_t argc = 1;
    napi_value argv[1];
    struct addon *addon = addon_of(env);
    if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok || addon->error_class ||
        napi_create_reference(env, argv[0], 1, &addon->error_class) != napi_ok)
        return throw_napi_error(env);
    return NULL;
}

static napi_value constants_object(napi_env env) {
    napi_value object, value;
    if (napi_create_object(env, &object) != napi_ok)
        return throw_napi_error(env);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (napi_create_int32(env, constants[i].value, &value) != napi_ok ||
            napi_set_named_property(env, object, constants[i].name, value) != napi_ok)
            return throw_napi_error(env);
    return object;
}

/* The keys hdb_config_set() takes, so that lib/ need not list them. */
static napi_value config_keys_array(napi_env env) {
    napi_value array, key;
    if (napi_create_array(env, &array) != napi_ok)
        return throw_napi_error(env);
    for (int i = 0; hdb_config_key(i); i++)
        if (!(key = value_of_text(env, hdb_config_key(i))) ||
            napi_set_element(env, array, (uint32_t)i, key) != napi_ok)
            return throw_napi_error(env);
    return array;
}

static bool export(napi_env env, napi_value exports, const char *name, napi_value value) {
    return value && napi_set_named_property(env, exports, name, value) == napi_ok;
}

/* A library of another major version, or one that lacks functions this addon was compiled against, is refused. */
static bool check_version(napi_env env) {
    char message[160];
    int version = hdb_version_number();
    if (version / 1000000 == HDB_VERSION_NUMBER / 1000000 && version / 1000 >= HDB_VERSION_NUMBER / 1000)
        return true;
    snprintf(message, sizeof message, "libheliosdb %s is installed, but this addon needs %s or a later one of its kind",
             hdb_version(), HDB_VERSION);
    return throw_error(env, message), false;
}

static struct addon *addon_create(napi_env env) {
    struct addon *addon = calloc(1, sizeof *addon);
    if (!addon)
        return NULL;
    addon->env = env;
    if (napi_set_instance_data(env, addon, addon_free, NULL) != napi_ok) {
        free(addon);
        return NULL;
    }
    addons_add(addon);
    return napi_add_env_cleanup_hook(env, close_databases, addon) == napi_ok ? addon : NULL;
}

NAPI_MODULE_INIT() {
    napi_value statement_class, copy_class, set_error;
    struct addon *addon = NULL;
    if (!check_version(env))
        return NULL;
    close_at_exit();
    addon = addon_create(env);
    if (!addon || !(statement_class = statement_define(env)) ||
        napi_create_reference(env, statement_class, 1, &addon->statement_class) != napi_ok ||
        !(copy_class = copying_define(env)) ||
        napi_create_reference(env, copy_class, 1, &addon->copy_class) != napi_ok ||
        napi_create_function(env, "setErrorClass", NAPI_AUTO_LENGTH, set_error_class, NULL, &set_error) != napi_ok ||
        !export(env, exports, "Database", database_define(env)) ||
        !export(env, exports, "Connection", connection_define(env)) ||
        !export(env, exports, "setErrorClass", set_error) ||
        !export(env, exports, "constants", constants_object(env)) ||
        !export(env, exports, "configKeys", config_keys_array(env)) ||
        !export(env, exports, "version", value_of_text(env, hdb_version())) ||
        !export(env, exports, "sqliteVersion", value_of_text(env, hdb_sqlite_version())))
        return throw_napi_error(env);
    return exports;
}
