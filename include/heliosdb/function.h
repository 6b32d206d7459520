/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * SQL functions, aggregates, window functions and collations of the application's.
 *
 * They run in SQLite, in the thread of the call that runs a statement, and may use the connection that calls them as
 * SQLite allows it (https://www.sqlite.org/appfunc.html). A function that stands for one of SQLite's own keeps
 * statements of daemon mode out of the server, which does not know it.
 *
 * A function or collation that an index, a generated column, a CHECK or a view uses has to be registered again by each
 * connection, as in SQLite: until then what needs it fails by name, and the rest works.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_FUNCTION_H
#define HELIOSDB_FUNCTION_H

#include <heliosdb/heliosdb.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @defgroup function Functions and collations
 * @{ */

/** The call of a function, as sqlite3_context. Valid only during the callback it is given to. */
typedef struct hdb_context hdb_context;
/** One value that SQLite gives a callback, as sqlite3_value. Valid only during the callback. */
typedef struct hdb_datum hdb_datum;

/** What a function promises; added up (https://www.sqlite.org/c3ref/c_deterministic.html). */
enum hdb_function_flags {
    HDB_FUNCTION_PLAIN = 0,               /**< Nothing. */
    HDB_FUNCTION_DETERMINISTIC = 0x800,   /**< The same arguments give the same result: it may be used in an index. */
    HDB_FUNCTION_DIRECTONLY = 0x80000,    /**< It can't be called from views, triggers and the schema. */
    HDB_FUNCTION_SUBTYPE = 0x100000,      /**< It looks at the subtype of its arguments. */
    HDB_FUNCTION_INNOCUOUS = 0x200000,    /**< It is harmless even when a schema of unknown origin calls it. */
    HDB_FUNCTION_RESULT_SUBTYPE = 0x1000000 /**< It may set the subtype of its result. */
};

/** Frees what was given as `user_data`. Called once, when it is no longer needed, also if the registration fails. */
typedef void (*hdb_destroy_callback)(void *user_data);
/**
 * A scalar function, or a step (or inverse step) of an aggregate.
 * @param user_data as given at registration
 * @param context takes the result: hdb_result_int64() and the like; none gives NULL
 * @param count number of arguments
 * @param arguments the arguments
 */
typedef void (*hdb_function_callback)(void *user_data, hdb_context *context, int count, hdb_datum **arguments);
/** End of an aggregate, or the value of a window: sets the result. @param user_data as given at registration
 *  @param context as in a step */
typedef void (*hdb_final_callback)(void *user_data, hdb_context *context);
/**
 * Compares two texts, which are not ended by NUL.
 * @return negative, 0 or positive if the first one sorts before, with or after the second one
 */
typedef int (*hdb_compare_callback)(void *user_data, int first_size, const void *first, int second_size,
                                    const void *second);
/** Asked for a collation that is not known: may call hdb_create_collation(). @param name the collation's name */
typedef void (*hdb_collation_needed_callback)(void *user_data, hdb_conn *conn, const char *name);

/**
 * Makes, replaces or removes a scalar function (https://www.sqlite.org/c3ref/create_function.html).
 * @param name UTF-8, up to 255 bytes; case is ignored
 * @param arguments their number, -1 for any
 * @param flags of ::hdb_function_flags
 * @param callback the function; NULL removes it
 * @param user_data given to the callback
 * @param destroy frees @p user_data; NULL is allowed
 * @return #HDB_OK; #HDB_BUSY while statements run and the function is there; #HDB_MISUSE for a wrong name or number
 */
HDB_API int hdb_create_function(hdb_conn *conn, const char *name, int arguments, int flags,
                                hdb_function_callback callback, void *user_data, hdb_destroy_callback destroy);
/** Makes, replaces or removes (both NULL) an aggregate function; else as hdb_create_function(). */
HDB_API int hdb_create_aggregate(hdb_conn *conn, const char *name, int arguments, int flags, hdb_function_callback step,
                                 hdb_final_callback final, void *user_data, hdb_destroy_callback destroy);
/**
 * Makes, replaces or removes (all NULL) an aggregate that works in windows too
 * (https://www.sqlite.org/windowfunctions.html#udfwinfunc); else as hdb_create_function().
 * @param step a row enters
 * @param final the end: gives the result and frees what the steps made
 * @param value the result so far
 * @param inverse the oldest row leaves
 */
HDB_API int hdb_create_window_function(hdb_conn *conn, const char *name, int arguments, int flags,
                                       hdb_function_callback step, hdb_final_callback final, hdb_final_callback value,
                                       hdb_function_callback inverse, void *user_data, hdb_destroy_callback destroy);
/**
 * Makes, replaces or removes (@p compare NULL) a collation (https://www.sqlite.org/c3ref/create_collation.html).
 * @param name UTF-8; case is ignored
 * @return #HDB_OK, #HDB_BUSY while statements run and the collation is there
 */
HDB_API int hdb_create_collation(hdb_conn *conn, const char *name, hdb_compare_callback compare, void *user_data,
                                 hdb_destroy_callback destroy);
/** Has a function called when a collation is not known, as sqlite3_collation_needed(). @param callback NULL: none */
HDB_API int hdb_collation_needed(hdb_conn *conn, hdb_collation_needed_callback callback, void *user_data);

/** The connection whose statement calls. */
HDB_API hdb_conn *hdb_context_conn(hdb_context *context);
/**
 * Memory of one group of an aggregate, zeroed at first, the same in all its callbacks, freed after the final one.
 * @param size bytes; 0 in a final callback: NULL if no step was run
 * @return the memory, NULL if it ran out
 */
HDB_API void *hdb_aggregate_context(hdb_context *context, int size);
/** The result is NULL. */
HDB_API void hdb_result_null(hdb_context *context);
/** The result is an integer. */
HDB_API void hdb_result_int64(hdb_context *context, int64_t value);
/** The result is a double; NaN becomes NULL. */
HDB_API void hdb_result_double(hdb_context *context, double value);
/** The result is UTF-8 text, which is copied. @param length in bytes, -1 if ended by NUL; NULL text gives NULL */
HDB_API void hdb_result_text(hdb_context *context, const char *value, int64_t length);
/** The result is a blob, which is copied. @param value may be NULL if @p length is 0: an empty blob */
HDB_API void hdb_result_blob(hdb_context *context, const void *value, int64_t length);
/** The result is a blob of zeros. */
HDB_API void hdb_result_zeroblob(hdb_context *context, int64_t length);
/** The result is a copy of a value. */
HDB_API void hdb_result_datum(hdb_context *context, hdb_datum *value);
/** Sets the subtype of the result (https://www.sqlite.org/c3ref/result_subtype.html). */
HDB_API void hdb_result_subtype(hdb_context *context, int subtype);
/** The statement fails with #HDB_ERROR and this message. @param length in bytes, -1 if ended by NUL */
HDB_API void hdb_result_error(hdb_context *context, const char *message, int64_t length);
/** The statement fails with this code; after hdb_result_error() its message stays. @param code primary or extended */
HDB_API void hdb_result_error_code(hdb_context *context, int code);
/** The statement fails with #HDB_NOMEM. */
HDB_API void hdb_result_error_nomem(hdb_context *context);
/** The statement fails with #HDB_TOOBIG. */
HDB_API void hdb_result_error_toobig(hdb_context *context);

/** ::hdb_type of a value. */
HDB_API int hdb_datum_type(hdb_datum *value);
/** ::hdb_type of a value after text that looks like a number was made one, as sqlite3_value_numeric_type(). */
HDB_API int hdb_datum_numeric_type(hdb_datum *value);
/** The value as an integer, converted as SQLite does. */
HDB_API int64_t hdb_datum_int64(hdb_datum *value);
/** The value as a double, converted as SQLite does. */
HDB_API double hdb_datum_double(hdb_datum *value);
/**
 * The value as UTF-8 text ended by NUL; NULL for NULL or without memory. Valid until another function reads the
 * value.
 */
HDB_API const char *hdb_datum_text(hdb_datum *value);
/** The value as bytes; NULL for NULL and an empty blob. Valid as hdb_datum_text(). */
HDB_API const void *hdb_datum_blob(hdb_datum *value);
/** Length in bytes of what hdb_datum_text() or hdb_datum_blob() gave. */
HDB_API int64_t hdb_datum_bytes(hdb_datum *value);
/** The subtype of a value. */
HDB_API int hdb_datum_subtype(hdb_datum *value);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
