/* SPDX-License-Identifier: Apache-2.0 */
/* The native Database: opening, closing, scripts, and what concerns the connection as a whole. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ARGUMENTS = 3 };

/* What better-sqlite3 sets, or its own SQLite has by default and the system's has not. */
static const char initial_settings[] = "PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000";
static const struct {
    int option, value;
} initial_switches[] = {{HDB_DBCONFIG_DEFENSIVE, 1}, {HDB_DBCONFIG_DQS_DML, 0}, {HDB_DBCONFIG_DQS_DDL, 0}};
enum { LONGEST_STRING = (1 << 29) - 24 }; /* of V8 */

bool database_ready(napi_env env, const struct database *database) {
    if (!database->conn)
        return throw_type_error(env, "The database connection is not open"), false;
    if (database->busy)
        return throw_type_error(env, "This database connection is busy executing a query"), false;
    return true;
}

bool database_has_no_iterator(napi_env env, const struct database *database) {
    if (database->iterators)
        return throw_type_error(env, "This database connection is busy executing a query"), false;
    return true;
}

bool database_may_change(napi_env env, const struct database *database) {
    return database->unsafe || database_has_no_iterator(env, database);
}

bool database_log(napi_env env, struct database *database, hdb_stmt *stmt) {
    napi_value logger, receiver, text, result;
    if (!database->logger)
        return true;
    const char *sql = hdb_stmt_expanded_sql(stmt);
    if (napi_get_reference_value(env, database->logger, &logger) != napi_ok ||
        napi_get_undefined(env, &receiver) != napi_ok ||
        !(text = value_of_text(env, sql ? sql : hdb_stmt_sql(stmt))))
        return throw_napi_error(env), false;
    database->busy = true;
    napi_status status = napi_call_function(env, receiver, logger, 1, &text, &result);
    database->busy = false;
    return status == napi_ok || (throw_napi_error(env), false);
}

static void database_link(struct database *database) {
    struct addon *addon = database->addon;
    database->next = addon->databases;
    if (database->next)
        database->next->previous = database;
    addon->databases = database;
}

static void database_unlink(struct database *database) {
    if (database->previous)
        database->previous->next = database->next;
    else
        database->addon->databases = database->next;
    if (database->next)
        database->next->previous = database->previous;
    database->previous = database->next = NULL;
}

int database_close(struct database *database) {
    if (!database->conn)
        return HDB_OK;
    while (database->statements)
        statement_close(database->statements);
    database_unlink(database);
    hdb_conn *conn = database->conn;
    database->conn = NULL;
    database->iterators = 0;
    return hdb_close(conn);
}

void database_release(struct database *database) {
    if (--database->references == 0)
        free(database);
}

static void database_finalize(napi_env env, void *data, void *hint) {
    struct database *database = data;
    (void)hint;
    /* Nobody is left to be told of a failure; what was committed is kept, and the next connection finishes it. */
    database_close(database);
    database_forget_thrown(database);
    if (database->logger)
        napi_delete_reference(env, database->logger);
    database_release(database);
}

struct database *database_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv) {
    napi_value self;
    struct database *database = NULL;
    if (napi_get_cb_info(env, info, argc, argv, &self, NULL) != napi_ok ||
        napi_unwrap(env, self, (void **)&database) != napi_ok || database->kind != KIND_DATABASE)
        return throw_type_error(env, "Illegal invocation"), NULL;
    return database;
}

/* Settings come as one array, [key, value, key, value, ...], all strings. */
static bool read_settings(napi_env env, napi_value settings, hdb_config *config) {
    uint32_t length = 0;
    napi_get_array_length(env, settings, &length);
    for (uint32_t i = 0; i + 1 < length; i += 2) {
        napi_value key, value;
        char key_text[64], small[1024];
        size_t key_length = 0, value_length = 0;
        if (napi_get_element(env, settings, i, &key) != napi_ok ||
            napi_get_element(env, settings, i + 1, &value) != napi_ok ||
            napi_get_value_string_utf8(env, key, key_text, sizeof key_text, &key_length) != napi_ok)
            return throw_napi_error(env), false;
        char *text = text_of(env, value, small, sizeof small, &value_length);
        if (!text)
            return false;
        int rc = hdb_config_set(config, key_text, text);
        if (text != small)
            free(text);
        if (rc != HDB_OK) {
            char message[128] = "Option \"";
            strcat(strcat(message, key_text), rc == HDB_RANGE ? "\" does not take this value" : "\" can't be set");
            return throw_type_error(env, message), false;
        }
    }
    return true;
}

static int set_limits(hdb_conn *conn) {
    int rc = HDB_OK;
    for (size_t i = 0; rc == HDB_OK && i < sizeof initial_switches / sizeof *initial_switches; i++)
        rc = hdb_db_config(conn, initial_switches[i].option, initial_switches[i].value, NULL);
    hdb_limit(conn, HDB_LIMIT_LENGTH, LONGEST_STRING);
    hdb_limit(conn, HDB_LIMIT_SQL_LENGTH, LONGEST_STRING);
    return rc;
}

hdb_conn *database_connect(napi_env env, napi_value filename, napi_value settings) {
    char small[1024];
    size_t length = 0;
    hdb_conn *conn = NULL;
    char *path = NULL;
    hdb_config *config = hdb_config_create();
    if (!config) {
        throw_error(env, "Out of memory");
        goto done;
    }
    if (!read_settings(env, settings, config) || !(path = text_of(env, filename, small, sizeof small, &length)))
        goto done;
    int rc = hdb_connect(path, config, &conn);
    if (rc == HDB_OK)
        rc = hdb_exec(conn, initial_settings, -1);
    if (rc == HDB_OK)
        rc = set_limits(conn);
    if (rc != HDB_OK) {
        if (conn)
            throw_sqlite_error(env, conn);
        else
            throw_sqlite_code(env, rc);
        hdb_close(conn);
        conn = NULL;
    }
done:
    if (path != small)
        free(path);
    hdb_config_destroy(config);
    return conn;
}

/* new Database(filename, settings, logger or null) */
static napi_value database_new(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS], self;
    napi_valuetype logger_type = napi_undefined;
    if (napi_get_cb_info(env, info, &argc, argv, &self, NULL) != napi_ok ||
        napi_typeof(env, argv[2], &logger_type) != napi_ok)
        return throw_napi_error(env);
    struct database *database = calloc(1, sizeof *database);
    if (!database)
        return throw_error(env, "Out of memory");
    database->kind = KIND_DATABASE;
    database->addon = addon_of(env);
    database->references = 1;
    database->conn = database_connect(env, argv[0], argv[1]);
    if (!database->conn)
        goto failed;
    database_link(database);
    if ((logger_type == napi_function && napi_create_reference(env, argv[2], 1, &database->logger) != napi_ok) ||
        napi_wrap(env, self, database, database_finalize, NULL, NULL) != napi_ok) {
        throw_napi_error(env);
        goto failed;
    }
    return self;
failed:
    database_close(database);
    if (database->logger)
        napi_delete_reference(env, database->logger);
    free(database);
    return NULL;
}

/* prepare(sql, mode): a native Statement */
static napi_value database_prepare(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    int32_t mode = PREPARE_PLAIN;
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database))
        return NULL;
    napi_get_value_int32(env, argv[1], &mode);
    if (mode == PREPARE_PRAGMA && !database_may_change(env, database))
        return NULL;
    return statement_create(env, database, argv[0], mode);
}

static bool run_to_end(napi_env env, struct database *database, hdb_stmt *stmt) {
    database_enter(database);
    int rc = hdb_execute(stmt);
    while (rc == HDB_ROW)
        rc = hdb_fetch_row(stmt);
    if (rc != HDB_DONE)
        throw_database_error(env, database);
    if (hdb_finalize(stmt) != HDB_OK && rc == HDB_DONE)
        rc = (throw_database_error(env, database), HDB_ERROR);
    database_leave(database);
    return rc == HDB_DONE;
}

static int prepare_next(struct database *database, const char *sql, int64_t length, hdb_stmt **out, int64_t *used) {
    database_enter(database);
    int rc = hdb_prepare(database->conn, sql, length, out, used);
    database_leave(database);
    return rc;
}

/* Statement by statement, so that the logger sees each, without what lies between them. */
static bool run_logged(napi_env env, struct database *database, const char *sql, int64_t length) {
    for (;;) {
        int64_t skipped = (int64_t)strspn(sql, " \t\n\f\r;");
        sql += skipped;
        length -= skipped;
        if (length <= 0)
            return true;
        hdb_stmt *stmt = NULL;
        int64_t used = 0;
        if (prepare_next(database, sql, length, &stmt, &used) != HDB_OK)
            return throw_database_error(env, database), false;
        sql += used;
        length -= used;
        if (!stmt)
            continue;
        if (!database_log(env, database, stmt)) {
            hdb_finalize(stmt);
            return false;
        }
        if (!run_to_end(env, database, stmt))
            return false;
    }
}

static void run_script(napi_env env, struct database *database, const char *sql, int64_t length) {
    database_enter(database);
    int rc = hdb_exec(database->conn, sql, length);
    database_leave(database);
    if (rc != HDB_OK)
        throw_database_error(env, database);
}

static napi_value database_exec(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS, length = 0;
    napi_value argv[MAX_ARGUMENTS];
    char small[1024];
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database) || !database_may_change(env, database))
        return NULL;
    char *sql = text_of(env, argv[0], small, sizeof small, &length);
    if (!sql)
        return NULL;
    if (database->logger)
        run_logged(env, database, sql, (int64_t)length);
    else
        run_script(env, database, sql, (int64_t)length);
    if (sql != small)
        free(sql);
    return NULL;
}

static napi_value database_close_method(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct database *database = database_of(env, info, &argc, NULL);
    if (!database || !database->conn)
        return NULL;
    if (database->busy || database->iterators)
        return throw_type_error(env, "This database connection is busy executing a query");
    int rc = database_close(database);
    return rc == HDB_OK ? NULL : throw_sqlite_code(env, rc);
}

static napi_value database_default_safe_integers(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    struct database *database = database_of(env, info, &argc, argv);
    if (database)
        read_switch(env, argc, argv, &database->safe_integers);
    return NULL;
}

static napi_value database_unsafe_mode(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    struct database *database = database_of(env, info, &argc, argv);
    if (database && read_switch(env, argc, argv, &database->unsafe) && database->conn)
        hdb_db_config(database->conn, HDB_DBCONFIG_DEFENSIVE, !database->unsafe, NULL);
    return NULL;
}

static napi_value database_is_open(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct database *database = database_of(env, info, &argc, NULL);
    return database ? value_of_bool(env, database->conn != NULL) : NULL;
}

static napi_value database_in_transaction(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct database *database = database_of(env, info, &argc, NULL);
    return database ? value_of_bool(env, database->conn && hdb_in_transaction(database->conn)) : NULL;
}

static napi_value database_mode(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct database *database = database_of(env, info, &argc, NULL);
    return database ? value_of_integer(env, database->conn ? hdb_conn_mode(database->conn) : 0, false) : NULL;
}

#define METHOD(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL}
#define GETTER(name, function) {name, NULL, NULL, function, NULL, NULL, napi_enumerable, NULL}

napi_value database_define(napi_env env) {
    static const napi_property_descriptor members[] = {
        METHOD("prepare", database_prepare),
        METHOD("exec", database_exec),
        METHOD("close", database_close_method),
        METHOD("explain", engine_explain),
        METHOD("flush", engine_flush),
        METHOD("retry", engine_retry),
        METHOD("verify", engine_verify),
        METHOD("engineDsn", engine_engine_dsn),
        METHOD("loadExtension", engine_load_extension),
        METHOD("function", functions_define),
        METHOD("table", tables_define),
        METHOD("serialize", copying_serialize),
        METHOD("deserialize", copying_deserialize),
        METHOD("startCopy", copying_start),
        METHOD("defaultSafeIntegers", database_default_safe_integers),
        METHOD("unsafeMode", database_unsafe_mode),
        GETTER("open", database_is_open),
        GETTER("inTransaction", database_in_transaction),
        GETTER("mode", database_mode),
    };
    napi_value class;
    napi_status status = napi_define_class(env, "Database", NAPI_AUTO_LENGTH, database_new, NULL,
                                           sizeof members / sizeof *members, members, &class);
    return status == napi_ok ? class : throw_napi_error(env);
}
