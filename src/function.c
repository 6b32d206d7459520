/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the application's. SQLite calls the trampolines here, they call the application. */
#include "function.h"

#include "buffer.h"
#include "store.h"
#include <stdlib.h>
#include <unistd.h>

/* One registration. */
struct function {
    hdb_conn *conn;
    hdb_function_callback step, inverse;
    hdb_final_callback final, value;
    void *user_data;
    hdb_destroy_callback destroy;
};

static void call_step(sqlite3_context *context, int count, sqlite3_value **arguments) {
    const struct function *function = sqlite3_user_data(context);
    function->step(function->user_data, (hdb_context *)context, count, (hdb_datum **)arguments);
}

static void call_inverse(sqlite3_context *context, int count, sqlite3_value **arguments) {
    const struct function *function = sqlite3_user_data(context);
    function->inverse(function->user_data, (hdb_context *)context, count, (hdb_datum **)arguments);
}

static void call_final(sqlite3_context *context) {
    const struct function *function = sqlite3_user_data(context);
    function->final(function->user_data, (hdb_context *)context);
}

static void call_value(sqlite3_context *context) {
    const struct function *function = sqlite3_user_data(context);
    function->value(function->user_data, (hdb_context *)context);
}

static void destroy_function(void *user_data) {
    struct function *function = user_data;
    if (function->destroy)
        function->destroy(function->user_data);
    free(function);
}

hdb_conn *hdb_context_conn(hdb_context *context) {
    const struct function *function = context ? sqlite3_user_data((sqlite3_context *)context) : NULL;
    return function ? function->conn : NULL;
}

int hdb_registered(hdb_conn *conn, int rc) {
    if (rc == SQLITE_MISUSE) /* SQLite leaves no message for it */
        rc = hdb_error_set(&conn->error, HDB_MISUSE, NULL, "bad parameter or other API misuse");
    else if (rc != SQLITE_OK)
        rc = hdb_replica_error(conn->replica, &conn->error);
    return hdb_conn_leave(conn, rc);
}

/* A connection that only reads can't build indexes. */
static int check_reader(hdb_conn *conn) {
    hdb_buffer mark = HDB_BUFFER_INIT;
    hdb_buffer_format(&mark, "%s-heliosdb/reindex", conn->path);
    bool needs = *conn->path && !mark.failed && access(mark.data, F_OK) == 0;
    hdb_buffer_free(&mark);
    return needs ? hdb_error_set(&conn->error, HDB_READONLY, NULL,
                                 "indexes have to be built again with the application's "
                                 "functions and collations: register them on a connection that may write first")
                 : HDB_OK;
}

int hdb_registered_anew(hdb_conn *conn) {
    int rc = HDB_OK;
    if (conn->daemon)
        hdb_daemon_store_registered(conn->daemon);
    else if (conn->embedded)
        rc = hdb_embedded_store_registered(conn->embedded, &conn->error);
    else
        rc = check_reader(conn);
    for (hdb_replica *attached = conn->replica->attached; rc == HDB_OK && attached; attached = attached->next)
        rc = hdb_embedded_store_registered(attached->store_context, &conn->error);
    return rc;
}

int hdb_not_registered(int rc, hdb_destroy_callback destroy, void *user_data) {
    if (destroy)
        destroy(user_data);
    return rc;
}

/* Whether SQLite has a function of this name itself: then the server's may not answer for it. */
static bool is_built_in(sqlite3 *db, const char *name) {
    static const char sql[] = "SELECT 1 FROM pragma_function_list WHERE builtin AND name = ?1 COLLATE NOCASE";
    sqlite3_stmt *statement = NULL;
    if (!name || sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return true;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    bool found = sqlite3_step(statement) != SQLITE_DONE;
    sqlite3_finalize(statement);
    return found;
}

enum kind { SCALAR, AGGREGATE, WINDOW };

static int install(sqlite3 *db, const char *name, int arguments, int flags, enum kind kind, struct function *function) {
    switch (kind) {
    case SCALAR:
        return sqlite3_create_function_v2(db, name, arguments, flags, function, function ? call_step : NULL, NULL, NULL,
                                          function ? destroy_function : NULL);
    case AGGREGATE:
        return sqlite3_create_function_v2(db, name, arguments, flags, function, NULL, function ? call_step : NULL,
                                          function ? call_final : NULL, function ? destroy_function : NULL);
    case WINDOW:
        break;
    }
    return sqlite3_create_window_function(db, name, arguments, flags, function, function ? call_step : NULL,
                                          function ? call_final : NULL, function ? call_value : NULL,
                                          function ? call_inverse : NULL, function ? destroy_function : NULL);
}

/* `given`: what to call; without a step the function is removed. */
static int create(hdb_conn *conn, const char *name, int arguments, int flags, enum kind kind,
                  const struct function *given) {
    struct function *function = NULL;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return hdb_not_registered(rc, given->destroy, given->user_data);
    if (given->step) {
        function = malloc(sizeof *function);
        if (!function) {
            hdb_not_registered(HDB_NOMEM, given->destroy, given->user_data);
            return hdb_conn_leave(conn, hdb_error_nomem(&conn->error));
        }
        *function = *given;
        function->conn = conn;
    }
    bool overrides = is_built_in(conn->replica->db, name);
    rc = install(conn->replica->db, name, arguments, flags | SQLITE_UTF8, kind, function);
    if (!function && given->destroy)
        given->destroy(given->user_data);
    if (rc == SQLITE_OK && overrides) {
        conn->replica->hooks.overrides = true;
        if (!function)
            hdb_replica_register_functions(conn->replica); /* removing one of ours brings it back */
    }
    if (rc == SQLITE_OK && function && (rc = hdb_registered_anew(conn)) != HDB_OK) {
        install(conn->replica->db, name, arguments, SQLITE_UTF8, kind, NULL);
        return hdb_conn_leave(conn, rc);
    }
    return hdb_registered(conn, rc);
}

int hdb_create_function(hdb_conn *conn, const char *name, int arguments, int flags, hdb_function_callback callback,
                        void *user_data, hdb_destroy_callback destroy) {
    const struct function given = {.step = callback, .user_data = user_data, .destroy = destroy};
    return create(conn, name, arguments, flags, SCALAR, &given);
}

/* A set of callbacks of which some are missing. */
static int refuse_half(hdb_conn *conn, hdb_destroy_callback destroy, void *user_data) {
    int rc = hdb_conn_enter(conn);
    if (rc == HDB_OK)
        rc = hdb_registered(conn, SQLITE_MISUSE);
    return hdb_not_registered(rc, destroy, user_data);
}

int hdb_create_aggregate(hdb_conn *conn, const char *name, int arguments, int flags, hdb_function_callback step,
                         hdb_final_callback final, void *user_data, hdb_destroy_callback destroy) {
    const struct function given = {.step = step, .final = final, .user_data = user_data, .destroy = destroy};
    if (!step != !final)
        return refuse_half(conn, destroy, user_data);
    return create(conn, name, arguments, flags, AGGREGATE, &given);
}

int hdb_create_window_function(hdb_conn *conn, const char *name, int arguments, int flags, hdb_function_callback step,
                               hdb_final_callback final, hdb_final_callback value, hdb_function_callback inverse,
                               void *user_data, hdb_destroy_callback destroy) {
    const struct function given = {.step = step, .final = final, .value = value, .inverse = inverse,
                                   .user_data = user_data, .destroy = destroy};
    if (!step != !final || !step != !value || !step != !inverse)
        return refuse_half(conn, destroy, user_data);
    return create(conn, name, arguments, flags, WINDOW, &given);
}
