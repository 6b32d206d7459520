/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Virtual tables of the application's, which can be read and not written.
 *
 * They run in SQLite, in the thread of the call that runs a statement (https://www.sqlite.org/vtab.html). Columns that
 * stand first in the table's declaration can be its parameters: hidden, and given a value by `table(1, 2)` or
 * `WHERE parameter = 1`. The rows of a table are the application's, neither the replica nor an engine keeps them; one
 * made by CREATE VIRTUAL TABLE can be read once a connection has registered its module.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_MODULE_H
#define HELIOSDB_MODULE_H

#include <heliosdb/function.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @defgroup module Virtual tables
 * @{ */

/** A virtual table of one connection. Valid until its disconnect callback has been called. */
typedef struct hdb_vtable hdb_vtable;

/** How a module's tables come into being. */
enum hdb_module_flags {
    HDB_MODULE_PLAIN = 0,     /**< By CREATE VIRTUAL TABLE. */
    HDB_MODULE_EPONYMOUS = 1  /**< There is one, of the module's name, and no other. */
};

/** What a table is. */
enum hdb_vtable_flags {
    HDB_VTABLE_PLAIN = 0,     /**< Nothing in particular. */
    HDB_VTABLE_DIRECTONLY = 1 /**< It can't be used in views and triggers. */
};

/**
 * A table is made or first used: calls hdb_vtable_declare().
 * @param user_data as given at registration
 * @param table the table
 * @param count number of arguments, at least 3
 * @param arguments module, database, table, then what stands in parentheses behind USING
 * @param out what its other callbacks are given
 * @return #HDB_OK or an error code, whose message hdb_vtable_error() may set
 */
typedef int (*hdb_vtable_connect_callback)(void *user_data, hdb_vtable *table, int count, const char *const *arguments,
                                           void **out);
/**
 * A scan begins, before its first row.
 * @param state of the table
 * @param given the parameters that have a value, the first one being bit 0
 * @param count number of them
 * @param arguments their values, in the order of the parameters; none is NULL: a scan with a NULL has no row
 * @param out what the callbacks of the scan are given
 * @return #HDB_OK or an error code
 */
typedef int (*hdb_vtable_open_callback)(void *state, int64_t given, int count, hdb_datum **arguments, void **out);
/** Moves a scan to its next row. @return #HDB_ROW, #HDB_DONE after the last one, or an error code */
typedef int (*hdb_vtable_next_callback)(void *scan);
/**
 * Gives a column of the scan's row, as a function gives its result.
 * @param scan the scan
 * @param column from 0; the parameters come first
 * @param context takes the value; none gives NULL
 * @return #HDB_OK or an error code
 */
typedef int (*hdb_vtable_column_callback)(void *scan, int column, hdb_context *context);

/**
 * Makes, replaces or removes a module (https://www.sqlite.org/c3ref/create_module.html). Rows have the rowids 1, 2, 3.
 * @param name UTF-8; case is ignored
 * @param flags of ::hdb_module_flags
 * @param connect makes a table; NULL removes the module
 * @param disconnect frees a table's state; NULL is allowed
 * @param open begins a scan
 * @param next moves it
 * @param column reads it
 * @param close frees a scan's state; NULL is allowed
 * @param user_data given to @p connect
 * @param destroy frees @p user_data, once, also if the registration fails; NULL is allowed
 * @return #HDB_OK; #HDB_MISUSE if the name or one of @p open, @p next and @p column is missing
 */
HDB_API int hdb_create_module(hdb_conn *conn, const char *name, int flags, hdb_vtable_connect_callback connect,
                              hdb_destroy_callback disconnect, hdb_vtable_open_callback open, hdb_vtable_next_callback next,
                              hdb_vtable_column_callback column, hdb_destroy_callback close, void *user_data,
                              hdb_destroy_callback destroy);
/**
 * Says what the columns of a table are. For the connect callback.
 * @param sql a CREATE TABLE statement; its table's name does not matter
 * @param parameters how many of its first columns are parameters, at most 32: they are to be declared HIDDEN
 * @param flags of ::hdb_vtable_flags
 * @return #HDB_OK, #HDB_ERROR if SQLite does not take the text, #HDB_RANGE for too many parameters, #HDB_MISUSE
 */
HDB_API int hdb_vtable_declare(hdb_vtable *table, const char *sql, int parameters, int flags);
/** Sets the message for the error code that a callback of the table will return. @param message UTF-8, copied */
HDB_API void hdb_vtable_error(hdb_vtable *table, const char *message);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
