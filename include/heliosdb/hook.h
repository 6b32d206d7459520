/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Functions that are called when a statement is prepared, runs, changes rows or commits.
 *
 * They are called in the thread of the call that makes them necessary, while it holds the connection, and see what the
 * application's own statements do: nothing that the library does itself. What SQLite says of each of them holds: an
 * authorizer and an update, commit or rollback hook must not use the connection. In daemon mode a connection with an
 * authorizer, a trace, an update hook or a commit hook has no statement run by the server alone.
 *
 * Setting one replaces the one before; NULL removes it. `destroy` (or NULL) is called with `user_data` when the library
 * no longer needs it: when it is replaced, when the connection is closed, or at once if setting it fails.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_HOOK_H
#define HELIOSDB_HOOK_H

#include <heliosdb/heliosdb.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @defgroup hook Hooks
 * @{ */

/** What an authorizer answers. */
enum hdb_verdict {
    HDB_ALLOW = 0, /**< Go on. */
    HDB_DENY = 1,  /**< The statement fails with #HDB_AUTH. */
    HDB_IGNORE = 2 /**< Leave this action out: a column reads as NULL, a row is kept. */
};

/** What an authorizer is asked about (https://www.sqlite.org/c3ref/c_alter_table.html). */
enum hdb_action {
    HDB_ACTION_CREATE_INDEX = 1,
    HDB_ACTION_CREATE_TABLE = 2,
    HDB_ACTION_CREATE_TEMP_INDEX = 3,
    HDB_ACTION_CREATE_TEMP_TABLE = 4,
    HDB_ACTION_CREATE_TEMP_TRIGGER = 5,
    HDB_ACTION_CREATE_TEMP_VIEW = 6,
    HDB_ACTION_CREATE_TRIGGER = 7,
    HDB_ACTION_CREATE_VIEW = 8,
    HDB_ACTION_DELETE = 9,
    HDB_ACTION_DROP_INDEX = 10,
    HDB_ACTION_DROP_TABLE = 11,
    HDB_ACTION_DROP_TEMP_INDEX = 12,
    HDB_ACTION_DROP_TEMP_TABLE = 13,
    HDB_ACTION_DROP_TEMP_TRIGGER = 14,
    HDB_ACTION_DROP_TEMP_VIEW = 15,
    HDB_ACTION_DROP_TRIGGER = 16,
    HDB_ACTION_DROP_VIEW = 17,
    HDB_ACTION_INSERT = 18,
    HDB_ACTION_PRAGMA = 19,
    HDB_ACTION_READ = 20,
    HDB_ACTION_SELECT = 21,
    HDB_ACTION_TRANSACTION = 22,
    HDB_ACTION_UPDATE = 23,
    HDB_ACTION_ATTACH = 24,
    HDB_ACTION_DETACH = 25,
    HDB_ACTION_ALTER_TABLE = 26,
    HDB_ACTION_REINDEX = 27,
    HDB_ACTION_ANALYZE = 28,
    HDB_ACTION_CREATE_VTABLE = 29,
    HDB_ACTION_DROP_VTABLE = 30,
    HDB_ACTION_FUNCTION = 31,
    HDB_ACTION_SAVEPOINT = 32,
    HDB_ACTION_RECURSIVE = 33
};

/** What a trace tells; added up (https://www.sqlite.org/c3ref/c_trace.html). */
enum hdb_trace_event {
    HDB_TRACE_STMT = 1,    /**< A statement begins to run, or a trigger in it. */
    HDB_TRACE_PROFILE = 2, /**< It has run. */
    HDB_TRACE_ROW = 4,     /**< It gives a row. */
    HDB_TRACE_CLOSE = 8    /**< The connection is closed. */
};

/** What an update hook is told of. */
enum hdb_operation {
    HDB_OPERATION_DELETE = 9,  /**< A row was deleted. */
    HDB_OPERATION_INSERT = 18, /**< A row was inserted. */
    HDB_OPERATION_UPDATE = 23  /**< A row was changed. */
};

/**
 * Asked for each action of a statement while it is compiled.
 * @param action of ::hdb_action
 * @param first what the action is about, or NULL: see SQLite's table of action codes
 * @param second more of it, or NULL
 * @param database "main", "temp" or an attached one, or NULL
 * @param trigger innermost trigger or view that does it, or NULL
 * @return a ::hdb_verdict
 */
typedef int (*hdb_authorizer_callback)(void *user_data, int action, const char *first, const char *second,
                                       const char *database, const char *trigger);
/**
 * Told what statements run.
 * @param event one of ::hdb_trace_event
 * @param stmt the statement, for hdb_stmt_expanded_sql(); NULL if it is none of the application's, and for
 *   #HDB_TRACE_CLOSE
 * @param sql with #HDB_TRACE_STMT the text, or a comment that begins with "--" for a trigger or a statement inside
 *   another; else NULL
 * @param nanoseconds with #HDB_TRACE_PROFILE how long it ran; else 0
 * @return not used, give 0
 */
typedef int (*hdb_trace_callback)(void *user_data, int event, hdb_stmt *stmt, const char *sql, int64_t nanoseconds);
/** Asked before a transaction that has written commits. @return 0 to go on, else it is rolled back */
typedef int (*hdb_commit_callback)(void *user_data);
/** Told that a transaction was rolled back. */
typedef void (*hdb_rollback_callback)(void *user_data);
/** Told that a row of a rowid table was changed. @param operation of ::hdb_operation @param rowid after the change */
typedef void (*hdb_update_callback)(void *user_data, int operation, const char *database, const char *table,
                                    int64_t rowid);
/** Asked while somebody else holds a lock. @param count how often it was asked before for this lock
 *  @return 0 to give up with #HDB_BUSY, else the lock is tried again */
typedef int (*hdb_busy_callback)(void *user_data, int count);

/** Sets the authorizer (https://www.sqlite.org/c3ref/set_authorizer.html). @return #HDB_OK */
HDB_API int hdb_set_authorizer(hdb_conn *conn, hdb_authorizer_callback callback, void *user_data,
                               hdb_destroy_callback destroy);
/** Sets the trace (https://www.sqlite.org/c3ref/trace_v2.html). @param events of ::hdb_trace_event @return #HDB_OK */
HDB_API int hdb_trace(hdb_conn *conn, int events, hdb_trace_callback callback, void *user_data,
                      hdb_destroy_callback destroy);
/**
 * Sets the commit hook (https://www.sqlite.org/c3ref/commit_hook.html). It is asked before anything goes to the
 * engine; a COMMIT or statement that it turns down fails with #HDB_CONSTRAINT (extended code 531) and is rolled back.
 * @return #HDB_OK
 */
HDB_API int hdb_commit_hook(hdb_conn *conn, hdb_commit_callback callback, void *user_data,
                            hdb_destroy_callback destroy);
/** Sets the rollback hook (https://www.sqlite.org/c3ref/commit_hook.html). @return #HDB_OK */
HDB_API int hdb_rollback_hook(hdb_conn *conn, hdb_rollback_callback callback, void *user_data,
                              hdb_destroy_callback destroy);
/** Sets the update hook (https://www.sqlite.org/c3ref/update_hook.html). @return #HDB_OK */
HDB_API int hdb_update_hook(hdb_conn *conn, hdb_update_callback callback, void *user_data,
                            hdb_destroy_callback destroy);
/**
 * Sets what is asked while a lock is waited for (https://www.sqlite.org/c3ref/busy_handler.html); it takes the place of
 * the timeout, and hdb_busy_timeout() takes its place.
 * @return #HDB_OK
 */
HDB_API int hdb_busy_handler(hdb_conn *conn, hdb_busy_callback callback, void *user_data, hdb_destroy_callback destroy);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
