/* SPDX-License-Identifier: Apache-2.0 */
/* The native Statement: preparing, its life, its properties. What executes it is in rows.c. */
#include "addon.h"

#include <stdlib.h>

enum { MAX_ARGUMENTS = 1, COLUMN_FIELDS = 5 };
enum { STATEMENT_BYTES = 6000 }; /* of a common one, in SQLite and here */

void statement_close(struct statement *statement) {
    struct database *database = statement->database;
    bool was_busy = database->busy;
    if (!statement->stmt)
        return;
    database->busy = true;
    hdb_finalize(statement->stmt);
    database->busy = was_busy;
    statement->stmt = NULL;
    statement->locked = false;
    if (statement->previous)
        statement->previous->next = statement->next;
    else
        database->statements = statement->next;
    if (statement->next)
        statement->next->previous = statement->previous;
}

/* The collector sees an object of a few bytes: without being told, it lets programs that prepare anew each time pile up
 * hundreds of megabytes of statements. */
static void weigh(napi_env env, int64_t bytes) {
    int64_t total = 0;
    napi_adjust_external_memory(env, bytes, &total);
}

static void statement_finalize(napi_env env, void *data, void *hint) {
    struct statement *statement = data;
    (void)hint;
    if (statement->iterating && statement->database->iterators)
        statement->database->iterators--;
    statement_close(statement);
    weigh(env, -STATEMENT_BYTES);
    if (statement->parameters)
        napi_delete_reference(env, statement->parameters);
    database_release(statement->database);
    free(statement->shape);
    free(statement);
}

struct statement *statement_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv) {
    napi_value self;
    struct statement *statement = NULL;
    if (napi_get_cb_info(env, info, argc, argv, &self, NULL) != napi_ok ||
        napi_unwrap(env, self, (void **)&statement) != napi_ok || statement->kind != KIND_STATEMENT)
        return throw_type_error(env, "Illegal invocation"), NULL;
    return statement;
}

static void statement_settle(struct statement *statement) {
    if (statement->iterating)
        statement->database->iterators--;
    statement->iterating = statement->locked = false;
    if (!statement->bound)
        hdb_clear_bindings(statement->stmt);
}

int statement_execute(struct statement *statement) {
    database_enter(statement->database);
    int rc = hdb_execute(statement->stmt);
    database_leave(statement->database);
    return rc;
}

int statement_fetch(struct statement *statement) {
    database_enter(statement->database);
    int rc = hdb_fetch_row(statement->stmt);
    database_leave(statement->database);
    return rc;
}

int statement_reset(struct statement *statement) {
    database_enter(statement->database);
    int rc = hdb_reset(statement->stmt);
    database_leave(statement->database);
    return rc;
}

bool statement_end(napi_env env, struct statement *statement) {
    bool ok = statement_reset(statement) == HDB_OK;
    if (!ok)
        throw_database_error(env, statement->database);
    statement_settle(statement);
    return ok;
}

void statement_fail(napi_env env, struct statement *statement) {
    throw_database_error(env, statement->database);
    statement_reset(statement);
    statement_settle(statement);
}

/* Whether nothing but white space and comments follows the first statement. */
static bool ends_there(hdb_conn *conn, const char *tail, int64_t length) {
    while (length > 0) {
        hdb_stmt *next = NULL;
        int64_t used = 0;
        if (hdb_prepare(conn, tail, length, &next, &used) != HDB_OK)
            return false;
        if (next) {
            hdb_finalize(next);
            return false;
        }
        if (used <= 0)
            return true;
        tail += used;
        length -= used;
    }
    return true;
}

static hdb_stmt *prepare_single(napi_env env, struct database *database, napi_value sql) {
    hdb_conn *conn = database->conn;
    char small[1024];
    size_t length = 0;
    hdb_stmt *stmt = NULL;
    int64_t used = 0;
    char *text = text_of(env, sql, small, sizeof small, &length);
    if (!text)
        return NULL;
    database_enter(database); /* a virtual table may be asked what it is like */
    int rc = hdb_prepare(conn, text, (int64_t)length, &stmt, &used);
    database_leave(database);
    if (rc != HDB_OK) {
        throw_database_error(env, database);
    } else if (!stmt) {
        throw_range_error(env, "The supplied SQL string contains no statements");
    } else if (!ends_there(conn, text + used, (int64_t)length - used)) {
        hdb_finalize(stmt);
        stmt = NULL;
        throw_range_error(env, "The supplied SQL string contains more than one statement");
    }
    if (text != small)
        free(text);
    return stmt;
}

static void statement_link(struct statement *statement) {
    struct database *database = statement->database;
    statement->next = database->statements;
    if (statement->next)
        statement->next->previous = statement;
    database->statements = statement;
    database->references++;
}

napi_value statement_create(napi_env env, struct database *database, napi_value sql, int mode) {
    napi_value class, object;
    struct statement *statement = calloc(1, sizeof *statement);
    if (!statement)
        return throw_error(env, "Out of memory");
    statement->stmt = prepare_single(env, database, sql);
    if (!statement->stmt) {
        free(statement);
        return NULL;
    }
    statement->kind = KIND_STATEMENT;
    statement->database = database;
    statement->safe_integers = database->safe_integers;
    statement->bound = mode == PREPARE_EXPLAIN;
    statement->reader = mode == PREPARE_PRAGMA || hdb_column_count(statement->stmt) > 0;
    statement_link(statement);
    if (napi_get_reference_value(env, database->addon->statement_class, &class) != napi_ok ||
        napi_new_instance(env, class, 0, NULL, &object) != napi_ok ||
        napi_wrap(env, object, statement, statement_finalize, NULL, NULL) != napi_ok) {
        throw_napi_error(env);
        statement_close(statement);
        database_release(database);
        free(statement);
        return NULL;
    }
    weigh(env, STATEMENT_BYTES);
    return object;
}

/* The object gets its statement from statement_create(); made in any other way it refuses every call. */
static napi_value statement_new(napi_env env, napi_callback_info info) {
    napi_value self = NULL;
    napi_get_cb_info(env, info, NULL, NULL, &self, NULL);
    return self;
}

/* Throws unless the statement could be executed now; for methods that change how it will be. */
static bool statement_idle(napi_env env, const struct statement *statement) {
    if (statement->database->busy)
        return throw_type_error(env, "This database connection is busy executing a query"), false;
    if (statement->locked)
        return throw_type_error(env, "This statement is busy executing a query"), false;
    return true;
}

static napi_value statement_check_idle(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    if (statement)
        statement_idle(env, statement);
    return NULL;
}

static napi_value statement_bind(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    struct statement *statement = statement_of(env, info, &argc, argv);
    if (!statement)
        return NULL;
    if (statement->bound)
        return throw_type_error(env, "The bind() method can only be invoked once per statement object");
    if (!database_ready(env, statement->database) || !statement_idle(env, statement) ||
        !bind_arguments(env, statement, argv[0]))
        return NULL;
    statement->bound = true;
    return NULL;
}

static napi_value statement_safe_integers(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS];
    struct statement *statement = statement_of(env, info, &argc, argv);
    if (statement && statement_idle(env, statement))
        read_switch(env, argc, argv, &statement->safe_integers);
    return NULL;
}

/* columns(): a flat array, COLUMN_FIELDS entries per column: name, column, table, database, type */
static napi_value statement_columns(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    napi_value result;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    if (!statement || !database_ready(env, statement->database))
        return NULL;
    hdb_stmt *stmt = statement->stmt;
    int count = hdb_column_count(stmt);
    if (napi_create_array_with_length(env, (size_t)count * COLUMN_FIELDS, &result) != napi_ok)
        return throw_napi_error(env);
    for (int i = 0; i < count; i++) {
        const char *fields[COLUMN_FIELDS] = {hdb_column_name(stmt, i), hdb_column_origin(stmt, i),
                                             hdb_column_table(stmt, i), hdb_column_database(stmt, i),
                                             hdb_column_decltype(stmt, i)};
        for (int j = 0; j < COLUMN_FIELDS; j++) {
            napi_value field = value_of_text(env, fields[j]);
            if (!field || napi_set_element(env, result, (uint32_t)(i * COLUMN_FIELDS + j), field) != napi_ok)
                return throw_napi_error(env);
        }
    }
    return result;
}

/* expanded(): the text with bound values in place, null unless bind() was called */
static napi_value statement_expanded(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    if (!statement)
        return NULL;
    return value_of_text(env, statement->stmt && statement->bound ? hdb_stmt_expanded_sql(statement->stmt) : NULL);
}

static napi_value statement_is_busy(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    return statement ? value_of_bool(env, statement->stmt && statement->locked) : NULL;
}

static napi_value statement_is_reader(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    return statement ? value_of_bool(env, statement->reader) : NULL;
}

static napi_value statement_is_readonly(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct statement *statement = statement_of(env, info, &argc, NULL);
    return statement ? value_of_bool(env, statement->stmt && hdb_stmt_readonly(statement->stmt)) : NULL;
}

#define METHOD(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default_method, NULL}
#define GETTER(name, function) {name, NULL, NULL, function, NULL, NULL, napi_enumerable, NULL}

napi_value statement_define(napi_env env) {
    static const napi_property_descriptor members[] = {
        METHOD("run", rows_run),
        METHOD("get", rows_get),
        METHOD("all", rows_all),
        METHOD("more", rows_more),
        METHOD("iterate", rows_iterate),
        METHOD("next", rows_next),
        METHOD("stop", rows_stop),
        METHOD("bind", statement_bind),
        METHOD("columns", statement_columns),
        METHOD("expanded", statement_expanded),
        METHOD("safeIntegers", statement_safe_integers),
        METHOD("checkIdle", statement_check_idle),
        GETTER("busy", statement_is_busy),
        GETTER("reader", statement_is_reader),
        GETTER("readonly", statement_is_readonly),
    };
    napi_value class;
    napi_status status = napi_define_class(env, "Statement", NAPI_AUTO_LENGTH, statement_new, NULL,
                                           sizeof members / sizeof *members, members, &class);
    return status == napi_ok ? class : throw_napi_error(env);
}
