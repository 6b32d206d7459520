/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the surfaces of node:sqlite and of promises share.
 *
 * Both are JavaScript over one native class, Connection. What a method does has three parts: arguments are read, the
 * library is called, the result is made. The part in the middle touches no JavaScript. A connection that was made for
 * lib/node/ runs it at once; one made for lib/promises/ has a thread for it and gives a promise (operation.c).
 */
#ifndef HELIOSDB_NODE_CONNECTION_H
#define HELIOSDB_NODE_CONNECTION_H

#include "addon.h"

#include <pthread.h>

enum { KIND_CONNECTION = 0x68646263, KIND_PREPARED = 0x68646270, KIND_SESSION = 0x68646265 };

struct operation;
struct worker;

/* Lives until its JS object is collected and no statement, session or operation refers to it. */
struct connection {
    int kind;
    struct handle handle; /* among those that are closed when the environment ends */
    napi_env env;
    napi_ref self; /* weak, but strong while operations are under way */
    hdb_conn *conn;
    struct worker *worker; /* NULL: calls are made at once */
    int busy_timeout;      /* of one with a thread, in milliseconds */
    struct prepared *statements;
    struct session *sessions;
    struct callback *callbacks; /* no longer used by the library, to be released in the thread of JavaScript */
    pthread_mutex_t callbacks_mutex;
    uint32_t callback_numbers;
    hdb_backup *backup; /* what is copied into this connection */
    size_t references;
    size_t depth; /* calls under way, more than one where callbacks call */
};

/* The names of a result's columns. Never changed, so that both threads may read it. */
struct shape {
    size_t references;
    int width;
    size_t length;
    char names[]; /* each ended by NUL */
};

/* Values for all parameters of a statement, in the form hdb_execute_values() takes. */
struct values {
    char *data;
    size_t size, capacity;
};

struct prepared {
    int kind;
    struct connection *connection;
    hdb_stmt *stmt; /* NULL once it is finalized */
    struct prepared *previous, *next;
    struct shape *shape; /* of the last execution; belongs to the thread that works */
    struct shape *sent;  /* what JavaScript knows */
    size_t references;
    struct values bound; /* arguments of the iteration under way */
    bool begun;          /* the iteration has run the statement */
    int parameters;
    bool *named; /* for each parameter: no positional argument is for it */
};

struct session {
    int kind;
    struct connection *connection;
    hdb_session *session; /* NULL once it is deleted */
    struct session *previous, *next;
};

/* A value of SQLite's on its way to JavaScript. `data` is borrowed. */
struct value {
    int type; /* enum hdb_type */
    int64_t integer;
    double real;
    const void *data;
    size_t size;
};

/* A copy of what hdb_fetch_block() gave. */
struct block {
    struct block *next;
    int64_t size;
    int64_t words[];
};

typedef void (*operation_work)(struct operation *operation);
typedef napi_value (*operation_finish)(napi_env env, struct operation *operation);

/* One call of a method. The members in the middle are arguments and results; which ones, each method knows. */
struct operation {
    struct connection *connection;
    operation_work work;     /* may run in the connection's thread */
    operation_finish finish; /* in JavaScript's thread, makes the result; NULL: undefined */
    int code;                /* not HDB_OK: it has failed */
    char *message;
    char sqlstate[6];

    struct prepared *statement;
    struct session *session;
    struct connection *other;
    struct callback *callback;
    struct values values;
    char *text, *name, *entry;
    size_t text_length;
    struct settings *settings;
    void *input; /* bytes of the caller's, copied */
    void *bytes; /* of the library's, for hdb_free() */
    int64_t size;
    int64_t number, second;
    struct block *blocks;
    struct value *row;
    struct shape *shape;
    int flags; /* enum read_flags */
    bool more, none, owns_session;

    /* Of one that is done in the connection's thread. */
    napi_deferred deferred; /* NULL: nobody waits for it */
    napi_ref thrown;        /* what a callback has thrown */
    uint32_t id;
    bool cancelled, last;
    struct operation *next;
};

enum read_flags { READ_BIGINTS = 1 };

/* connection.c */
void connection_release(struct connection *connection);
/* The connection of a call, which must be open if that is asked for; NULL: thrown. */
struct connection *connection_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv);
struct connection *connection_open(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv);
/* Gives back all that the connection has in the library. */
int connection_close(struct connection *connection);
/* As text_copy(), or NULL in *out for null and undefined. */
bool connection_text_or_null(napi_env env, napi_value value, char **out);

/* opening.c */
napi_value opening_open(napi_env env, napi_callback_info info);

/* operation.c */
struct operation *operation_create(napi_env env, struct connection *connection, operation_work work,
                                   operation_finish finish);
/* One on a statement of the connection, which lives as long; `connection` may be NULL: thrown. */
struct operation *operation_on_statement(napi_env env, struct connection *connection, napi_value statement,
                                         operation_work work, operation_finish finish);
/* Runs one whose only argument is a text. */
napi_value operation_run_with_text(napi_env env, napi_callback_info info, operation_work work, operation_finish finish);
/* Gives the bytes of the library's. */
napi_value operation_finish_bytes(napi_env env, struct operation *operation);
/* Does it: its result or, if the connection has a thread, a promise of it. */
napi_value operation_run(napi_env env, struct operation *operation);
/* Does it in the background, or at once, with nobody to tell. For finalizers. */
void operation_forget(struct operation *operation);
void operation_free(napi_env env, struct operation *operation);
/* Settles the promise of an operation, and frees it. Called in JavaScript's thread. */
void operation_settle(napi_env env, struct operation *operation);
/* Keeps the error of the library's last call. */
void operation_fail(struct operation *operation, int code);
void operation_check(struct operation *operation, int code); /* the same unless it is HDB_OK */

/* worker.c */
bool worker_start(napi_env env, struct connection *connection);
void worker_submit(napi_env env, struct operation *operation);
/* Ends the thread, after the operation it is at; those that wait are dropped. */
void worker_stop(struct connection *connection);
/* The same, and frees what it had. Called when JavaScript has no reference to the connection any more. */
void worker_free(napi_env env, struct connection *connection);
/* Whether the connection has a thread that has not ended. */
bool worker_runs(const struct connection *connection);
uint32_t worker_last_id(const struct connection *connection);
/* How long a lock is waited for; an interrupt ends the wait. */
int worker_set_busy_timeout(struct connection *connection, int milliseconds);
/* Interrupts an operation, or has it skipped. True if it had not begun. */
bool worker_cancel(struct connection *connection, uint32_t id);
/*
 * Calls a function where JavaScript may be used: at once, or in its thread while this one waits. False: it can't be
 * called any more, or a callback before has thrown.
 */
typedef void (*worker_body)(napi_env env, void *data);
bool worker_call_js(struct connection *connection, worker_body body, void *data);

/* prepared.c */
napi_value prepared_create(napi_env env, napi_callback_info info);
napi_value prepared_finalize(napi_env env, napi_callback_info info);
napi_value prepared_columns(napi_env env, napi_callback_info info);
napi_value prepared_sql(napi_env env, napi_callback_info info);
napi_value prepared_expanded_sql(napi_env env, napi_callback_info info);
napi_value prepared_status(napi_env env, napi_callback_info info);
struct prepared *prepared_of(napi_env env, napi_value value);
/* Gives the statement back to the library; the struct stays. */
int prepared_close(struct prepared *statement);
void prepared_release(struct prepared *statement);

/* execute.c: a statement, an array of positional arguments, an array [index, value, ...] of named ones, flags */
napi_value execute_run(napi_env env, napi_callback_info info);
napi_value execute_get(napi_env env, napi_callback_info info);
napi_value execute_all(napi_env env, napi_callback_info info);
napi_value execute_start(napi_env env, napi_callback_info info);
napi_value execute_next(napi_env env, napi_callback_info info);
napi_value execute_stop(napi_env env, napi_callback_info info);

/* arguments.c */
bool arguments_pack(napi_env env, const struct prepared *statement, napi_value positional, napi_value named,
                    struct values *out);
/* Copies the bytes of a typed array, DataView or ArrayBuffer; false: thrown. *out is never NULL. */
bool arguments_bytes(napi_env env, napi_value value, void **out, int64_t *out_size);
/* Whether it is one of these, and its bytes, borrowed. */
bool arguments_view(napi_env env, napi_value value, const void **out, size_t *out_size);

/* results.c */
struct shape *shape_of(hdb_stmt *stmt, struct shape *known);
void shape_release(struct shape *shape);
/* false: memory ran out. */
bool block_add(struct block ***tail, const void *data, int64_t size);
void blocks_free(struct block *block);
/* [width, more, names or null, cells...] of blocks, or of one row */
napi_value results_of_blocks(napi_env env, struct operation *operation);
napi_value results_of_row(napi_env env, struct operation *operation);
/* Copies the values that hdb_step_values() gives. */
struct value *row_copy(const void *data, int64_t size, int width);
/* NULL: thrown, ERR_OUT_OF_RANGE for integers that a number can't hold. */
napi_value value_to_js(napi_env env, const struct value *value, int flags);
napi_value bytes_to_js(napi_env env, const void *data, size_t size);
struct value value_of_datum(hdb_datum *datum);

/* callbacks.c */
/*
 * The functions are kept by the connection's JS object, in an element of the callback's number, and the reference is a
 * weak one: a function that refers to its connection does not keep both for ever.
 */
struct callback {
    struct connection *connection;
    napi_ref functions; /* array of them */
    uint32_t number;
    int flags;
    bool start_is_function;
    struct callback *next;
};

/* Makes one of some functions, or values in their place. NULL: thrown. */
struct callback *callback_new(napi_env env, struct connection *connection, size_t count, const napi_value *functions);
void callback_free(napi_env env, struct callback *callback);
/* The function of this number; NULL: there is none. */
napi_value callback_function(napi_env env, const struct callback *callback, size_t number);
/* For the library, when it no longer needs one. May be called in another thread than JavaScript's. */
void callback_dropped(void *callback);
/* Releases those that were dropped. */
void callbacks_release(napi_env env, struct connection *connection);
napi_value callback_set_authorizer(napi_env env, napi_callback_info info);

/* sql_functions.c */
napi_value function_create(napi_env env, napi_callback_info info);
napi_value function_create_aggregate(napi_env env, napi_callback_info info);

/* changes.c: sessions and changesets */
napi_value changes_create_session(napi_env env, napi_callback_info info);
napi_value changes_delete_session(napi_env env, napi_callback_info info);
napi_value changes_of_session(napi_env env, napi_callback_info info);
napi_value changes_apply(napi_env env, napi_callback_info info);
void session_close(struct session *session);

/* copies.c */
napi_value copies_serialize(napi_env env, napi_callback_info info);
napi_value copies_deserialize(napi_env env, napi_callback_info info);
napi_value copies_backup_init(napi_env env, napi_callback_info info);
napi_value copies_backup_step(napi_env env, napi_callback_info info);
napi_value copies_backup_finish(napi_env env, napi_callback_info info);

/* node_errors.c: errors as Node's own code throws them */
enum error_class { ERROR_PLAIN, ERROR_TYPE, ERROR_RANGE };
napi_value node_throw(napi_env env, enum error_class class, const char *code, const char *message);
napi_value node_throw_sqlite(napi_env env, int code, const char *message, const char *sqlstate);
napi_value node_throw_sqlite_text(napi_env env, const char *message);
bool node_is_thrown(napi_env env);

#endif
