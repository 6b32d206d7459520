/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of the native Database that concern the engine, or the connection as a whole. */
#include "addon.h"

#include <stdlib.h>

enum { MAX_ARGUMENTS = 3 };

napi_value engine_explain(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS, length = 0;
    napi_value argv[MAX_ARGUMENTS], result = NULL;
    char small[1024];
    const char *text = NULL;
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database))
        return NULL;
    char *sql = text_of(env, argv[0], small, sizeof small, &length);
    if (!sql)
        return NULL;
    if (hdb_explain(database->conn, sql, (int64_t)length, &text) == HDB_OK)
        result = value_of_text(env, text);
    else
        throw_database_error(env, database);
    if (sql != small)
        free(sql);
    return result;
}

/* retry(tries): rolls back, and waits for a moment */
napi_value engine_retry(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    int32_t tries = 0;
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database))
        return NULL;
    napi_get_value_int32(env, argv[0], &tries);
    return hdb_transaction_retry(database->conn, tries) == HDB_OK ? NULL : throw_database_error(env, database);
}

napi_value engine_flush(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct database *database = database_of(env, info, &argc, NULL);
    if (!database || !database_ready(env, database))
        return NULL;
    return hdb_flush(database->conn) == HDB_OK ? NULL : throw_database_error(env, database);
}

/* verify(): null if nothing differs, else [number of differences, text naming the first ones] */
napi_value engine_verify(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    int64_t differences = 0;
    napi_value result, count, text;
    struct database *database = database_of(env, info, &argc, NULL);
    if (!database || !database_ready(env, database))
        return NULL;
    int rc = hdb_verify(database->conn, &differences);
    if (rc == HDB_OK)
        return value_of_text(env, NULL);
    if ((rc & 0xff) != HDB_CORRUPT || differences == 0)
        return throw_database_error(env, database);
    if (!(count = value_of_integer(env, differences, false)) ||
        !(text = value_of_text(env, hdb_errmsg(database->conn))) || napi_create_array(env, &result) != napi_ok ||
        napi_set_element(env, result, 0, count) != napi_ok || napi_set_element(env, result, 1, text) != napi_ok)
        return throw_napi_error(env);
    return result;
}

napi_value engine_engine_dsn(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    const char *dsn = NULL;
    struct database *database = database_of(env, info, &argc, NULL);
    if (!database || !database_ready(env, database))
        return NULL;
    return hdb_engine_dsn(database->conn, &dsn) == HDB_OK ? value_of_text(env, dsn)
                                                          : throw_database_error(env, database);
}

static void load(napi_env env, struct database *database, const char *path, const char *entry) {
    hdb_enable_load_extension(database->conn, 1);
    if (hdb_load_extension(database->conn, path, entry) != HDB_OK)
        throw_database_error(env, database);
    hdb_enable_load_extension(database->conn, 0); /* or the SQL function could load one, too */
}

/* loadExtension(path, entry point or undefined) */
napi_value engine_load_extension(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS, length = 0;
    napi_value argv[MAX_ARGUMENTS];
    napi_valuetype type = napi_undefined;
    char small_path[1024], small_entry[256];
    char *path = NULL, *entry = NULL;
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database) || !database_has_no_iterator(env, database))
        return NULL;
    napi_typeof(env, argv[1], &type);
    if ((path = text_of(env, argv[0], small_path, sizeof small_path, &length)) &&
        (type == napi_undefined || (entry = text_of(env, argv[1], small_entry, sizeof small_entry, &length))))
        load(env, database, path, entry);
    if (path != small_path)
        free(path);
    if (entry != small_entry)
        free(entry);
    return NULL;
}
