/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the addon share.
 *
 * The addon is the layer between lib/ and libheliosdb: it holds the handles, converts values and throws. One `struct
 * addon` exists per Node environment (main thread or worker), so that workers share nothing. A function that returns a
 * napi_value gives NULL when an exception is pending; one that returns bool gives false then.
 */
#ifndef HELIOSDB_NODE_ADDON_H
#define HELIOSDB_NODE_ADDON_H

#include <heliosdb/heliosdb.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>

/* First member of what is wrapped, so that a method called on the wrong object is refused instead of believed. */
enum kind { KIND_DATABASE = 0x68646264, KIND_STATEMENT = 0x68646273, KIND_COPY = 0x68646263 };

struct addon {
    napi_env env;
    napi_ref error_class;     /* SqliteError of lib/sqlite-error.js */
    napi_ref statement_class; /* the native one */
    napi_ref copy_class;
    struct database *databases; /* those that are open */
    struct handle *handles;     /* what else is open */
    struct addon *next;
    bool ending; /* the process exits: no JavaScript can run any more, and references are let lie */
};

/* Lives until the JS object and all its statements are collected; `conn` is NULL as soon as it is closed. */
struct database {
    enum kind kind;
    struct addon *addon;
    hdb_conn *conn;
    napi_ref logger; /* option `verbose`, or NULL */
    napi_ref thrown; /* by a callback, until the statement's call returns: an array that holds it; or NULL */
    struct statement *statements;
    struct database *previous, *next;
    size_t references;
    size_t iterators;
    bool busy; /* while a statement runs: no call of a callback's may come in between */
    bool safe_integers;
    bool unsafe;
};

struct statement {
    enum kind kind;
    struct database *database;
    hdb_stmt *stmt; /* NULL once the database is closed */
    struct statement *previous, *next;
    napi_ref parameters; /* array of [name, index] pairs, made when first asked for */
    uint32_t parameter_count;
    char *shape; /* names of the columns of the last execution, each ended by NUL */
    size_t shape_length;
    uint32_t shape_number; /* counts changes of `shape`; 0: none yet */
    int width;             /* columns to fetch in this execution */
    int mode;              /* enum row_mode of this execution */
    bool bound;            /* bind() was called: values stay */
    bool locked;           /* an iterator or a fetch in several parts is under way */
    bool iterating;
    bool started; /* the iteration: its statement was run */
    bool reader;
    bool safe_integers;
};

/* How lib/statement.js wants rows; it has the same numbers. */
enum row_mode { ROW_OBJECT = 0, ROW_PLUCK = 1, ROW_EXPAND = 2, ROW_RAW = 3 };
/* What Database.prepare() is called for; lib/database.js has the same numbers. */
enum prepare_mode { PREPARE_PLAIN = 0, PREPARE_PRAGMA = 1, PREPARE_EXPLAIN = 2 };

/* What is open and must be closed when the environment ends; part of the struct that it is about. */
struct handle {
    struct addon *addon; /* NULL: not among them */
    void (*close)(struct handle *handle);
    struct handle *previous, *next;
};

/* handles.c */
void handle_add(struct addon *addon, struct handle *handle, void (*close)(struct handle *));
void handle_remove(struct handle *handle);
void handles_close(struct addon *addon);

/* connection.c: what lib/node and lib/promises stand on */
napi_value connection_define(napi_env env);

/* addon.c */
struct addon *addon_of(napi_env env);

/* database.c */
napi_value database_define(napi_env env);
/* The database that a method is called on, or NULL: thrown. */
struct database *database_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv);
/* Closes the handle and those of its statements; nothing happens if it is closed. Returns hdb_close()'s code. */
int database_close(struct database *database);
/* A connection to another database than that of the object; NULL: thrown. */
hdb_conn *database_connect(napi_env env, napi_value filename, napi_value settings);
void database_release(struct database *database);
/* Throws unless the database is open and no call runs. */
bool database_ready(napi_env env, const struct database *database);
/* Throws also if an iterator is open, unless the database is in unsafe mode. */
bool database_may_change(napi_env env, const struct database *database);
/* Throws if an iterator is open, in any mode. */
bool database_has_no_iterator(napi_env env, const struct database *database);
/* Hands the text to be run to the logger; false if that threw. */
bool database_log(napi_env env, struct database *database, hdb_stmt *stmt);

/* javascript.c */
/* Around every call of the library in which callbacks may run. */
void database_enter(struct database *database);
void database_leave(struct database *database);
/* What a callback threw and nobody asked for, because SQLite went on. */
void database_forget_thrown(struct database *database);
/* Whether JavaScript may run: nothing has been thrown yet by this statement, and the process does not end. */
bool callback_may_run(const struct database *database);
/* Calls a function; `receiver` may be NULL. NULL: it threw, which is kept. */
napi_value callback_call(struct database *database, napi_value receiver, napi_value function, size_t argc,
                         const napi_value *argv);
/* Gives a callback's value to the library; false: an error that begins with `subject` is kept. */
bool callback_give(struct database *database, hdb_context *context, napi_value value, const char *subject);
/* `first`, which may be NULL, and values: in `small` if they fit, else to be freed. NULL: an error is kept. */
napi_value *callback_arguments(struct database *database, napi_value *small, size_t small_size, napi_value first, int count,
                               hdb_datum **values, bool safe_integers);

/* engine_calls.c, functions.c, tables.c, copying.c: methods of the native database */
napi_value engine_explain(napi_env env, napi_callback_info info);
napi_value engine_flush(napi_env env, napi_callback_info info);
napi_value engine_retry(napi_env env, napi_callback_info info);
napi_value engine_verify(napi_env env, napi_callback_info info);
napi_value engine_engine_dsn(napi_env env, napi_callback_info info);
napi_value engine_load_extension(napi_env env, napi_callback_info info);
napi_value functions_define(napi_env env, napi_callback_info info);
napi_value tables_define(napi_env env, napi_callback_info info);
napi_value copying_serialize(napi_env env, napi_callback_info info);
napi_value copying_deserialize(napi_env env, napi_callback_info info);
napi_value copying_start(napi_env env, napi_callback_info info);
/* Gives the class of the native copy that goes on; copying_start() makes its objects. */
napi_value copying_define(napi_env env);

/* statement.c */
napi_value statement_define(napi_env env);
napi_value statement_create(napi_env env, struct database *database, napi_value sql, int mode);
/* Gives the handle back to the library; the struct stays for its JS object. */
void statement_close(struct statement *statement);
struct statement *statement_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv);
/* Ends an execution; false if the commit that this causes failed, which has then been thrown. */
bool statement_end(napi_env env, struct statement *statement);
/* hdb_execute(), hdb_fetch_row() and hdb_reset(), in which callbacks may run. */
int statement_execute(struct statement *statement);
int statement_fetch(struct statement *statement);
int statement_reset(struct statement *statement);
/* Throws the error of the call just made, and ends the execution. */
void statement_fail(napi_env env, struct statement *statement);

/* rows.c: methods of the native statement that execute it */
napi_value rows_run(napi_env env, napi_callback_info info);
napi_value rows_get(napi_env env, napi_callback_info info);
napi_value rows_all(napi_env env, napi_callback_info info);
napi_value rows_more(napi_env env, napi_callback_info info);
napi_value rows_iterate(napi_env env, napi_callback_info info);
napi_value rows_next(napi_env env, napi_callback_info info);
napi_value rows_stop(napi_env env, napi_callback_info info);

/* bind.c */
/* Binds an array of arguments: values, arrays of values, at most one object of named values. */
bool bind_arguments(napi_env env, struct statement *statement, napi_value arguments);

/* values.c */
/* The UTF-8 text of a string, ended by NUL: `small` if it fits, else memory to be freed. NULL: thrown, or no string. */
char *text_of(napi_env env, napi_value value, char *small, size_t small_size, size_t *out_length);
/* Text, in memory that was allocated; NULL: thrown. */
char *text_copy(napi_env env, napi_value value, size_t *out_length);
/* A code of hdb_bind_*(), or VALUE_UNSUPPORTED. */
#define VALUE_UNSUPPORTED (-1)
int value_bind(napi_env env, hdb_stmt *stmt, int index, napi_value value);
/* The same for the result of a callback: HDB_OK, VALUE_UNSUPPORTED, HDB_TOOBIG or HDB_NOMEM. */
int value_result(napi_env env, hdb_context *context, napi_value value);
napi_value datum_value(napi_env env, hdb_datum *datum, bool safe_integers);
napi_value value_of_column(napi_env env, hdb_stmt *stmt, int column, bool safe_integers);
napi_value value_of_text(napi_env env, const char *text); /* null for NULL */
napi_value value_of_integer(napi_env env, int64_t value, bool safe_integers);
napi_value value_of_bool(napi_env env, bool value);
napi_value value_undefined(napi_env env);
/* The argument of pluck(), raw() and the like: true if it is left out. */
bool read_switch(napi_env env, size_t argc, const napi_value *argv, bool *out);

/* errors.c */
napi_value throw_error(napi_env env, const char *message);
napi_value throw_type_error(napi_env env, const char *message);
napi_value throw_range_error(napi_env env, const char *message);
/* SqliteError of the last call on a connection. */
napi_value throw_sqlite_error(napi_env env, hdb_conn *conn);
/* What a callback threw, else the SqliteError of the last call on the connection. */
napi_value throw_database_error(napi_env env, struct database *database);
/* SqliteError of a code alone, where there is no connection to ask. */
napi_value throw_sqlite_code(napi_env env, int code);
/* Throws what Node-API reported itself, if nothing is pending yet. */
napi_value throw_napi_error(napi_env env);

#endif
