/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a connection. */
#include "connection.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_ARGUMENTS = 10, LIMITS = HDB_LIMIT_TRIGGER_DEPTH + 1 };

/* What open() takes besides the path. */
struct settings {
    hdb_config *config;
    int busy_timeout;
    bool foreign_keys, double_quoted, defensive, extensions;
    int limits[LIMITS]; /* negative: as it is */
};

static void close_handle(struct handle *handle) {
    struct connection *connection = (struct connection *)((char *)handle - offsetof(struct connection, handle));
    if (connection->worker)
        worker_stop(connection);
    connection_close(connection);
}

/* Settings come as one array, [key, value, key, value, ...], all strings. */
static bool read_config(napi_env env, napi_value settings, hdb_config *config) {
    uint32_t length = 0;
    napi_get_array_length(env, settings, &length);
    for (uint32_t i = 0; i + 1 < length; i += 2) {
        napi_value key, value;
        char name[64], message[128];
        size_t name_length = 0;
        char *text = NULL;
        if (napi_get_element(env, settings, i, &key) != napi_ok ||
            napi_get_element(env, settings, i + 1, &value) != napi_ok ||
            napi_get_value_string_utf8(env, key, name, sizeof name, &name_length) != napi_ok ||
            !(text = text_copy(env, value, NULL)))
            return throw_napi_error(env), false;
        int rc = hdb_config_set(config, name, text);
        free(text);
        if (rc != HDB_OK) {
            snprintf(message, sizeof message, "The \"options.%s\" argument is not one that can be used.", name);
            return node_throw(env, ERROR_TYPE, "ERR_INVALID_ARG_VALUE", message), false;
        }
    }
    return true;
}

static bool read_settings(napi_env env, const napi_value *argv, struct settings *settings) {
    napi_value limit;
    for (int i = 0; i < LIMITS; i++)
        if (napi_get_element(env, argv[6], (uint32_t)i, &limit) != napi_ok ||
            napi_get_value_int32(env, limit, &settings->limits[i]) != napi_ok)
            return throw_napi_error(env), false;
    napi_get_value_int32(env, argv[1], &settings->busy_timeout);
    napi_get_value_bool(env, argv[2], &settings->foreign_keys);
    napi_get_value_bool(env, argv[3], &settings->double_quoted);
    napi_get_value_bool(env, argv[4], &settings->defensive);
    napi_get_value_bool(env, argv[5], &settings->extensions);
    return read_config(env, argv[0], settings->config);
}

static int apply_settings(struct connection *connection, const struct settings *settings) {
    hdb_conn *conn = connection->conn;
    int rc;
    if ((rc = hdb_db_config(conn, HDB_DBCONFIG_ENABLE_FKEY, settings->foreign_keys, NULL)) != HDB_OK ||
        (rc = hdb_db_config(conn, HDB_DBCONFIG_DQS_DML, settings->double_quoted, NULL)) != HDB_OK ||
        (rc = hdb_db_config(conn, HDB_DBCONFIG_DQS_DDL, settings->double_quoted, NULL)) != HDB_OK ||
        (rc = hdb_db_config(conn, HDB_DBCONFIG_DEFENSIVE, settings->defensive, NULL)) != HDB_OK ||
        (settings->extensions && (rc = hdb_db_config(conn, HDB_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL)) != HDB_OK))
        return rc;
    for (int i = 0; i < LIMITS; i++)
        if (settings->limits[i] >= 0)
            hdb_limit(conn, i, settings->limits[i]);
    return connection->worker ? worker_set_busy_timeout(connection, settings->busy_timeout)
                              : hdb_busy_timeout(conn, settings->busy_timeout);
}

static void work_open(struct operation *operation) {
    struct connection *connection = operation->connection;
    int rc = hdb_connect(operation->text, operation->settings->config, &connection->conn);
    if (rc == HDB_OK)
        rc = apply_settings(connection, operation->settings);
    hdb_config_destroy(operation->settings->config);
    if (rc == HDB_OK)
        return;
    operation_fail(operation, rc);
    connection_close(connection);
}

/* open(path, settings, busy timeout, foreign keys, double-quoted text, defensive, extensions, limits) */
napi_value opening_open(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    struct connection *connection = connection_of(env, info, &argc, argv);
    struct operation *operation = connection ? operation_create(env, connection, work_open, NULL) : NULL;
    if (!operation)
        return NULL;
    operation->settings = calloc(1, sizeof *operation->settings);
    if (!operation->settings || !(operation->settings->config = hdb_config_create())) {
        operation_free(env, operation);
        return throw_error(env, "Out of memory");
    }
    if (!(operation->text = text_copy(env, argv[0], NULL)) ||
        !read_settings(env, argv + 1, operation->settings)) {
        hdb_config_destroy(operation->settings->config);
        operation_free(env, operation);
        return NULL;
    }
    if (!connection->handle.addon)
        handle_add(addon_of(env), &connection->handle, close_handle);
    return operation_run(env, operation);
}
