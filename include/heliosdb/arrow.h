/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Results for programs that speak Apache Arrow: pyarrow, pandas, polars, DuckDB and others read them without conversion.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_ARROW_H
#define HELIOSDB_ARROW_H

#include <heliosdb/heliosdb.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup arrow Arrow
 *
 * The structs are those of the Arrow C data and stream interfaces
 * (https://arrow.apache.org/docs/format/CStreamInterface.html), whose include guards they share.
 *
 * SQLite has a storage class for each value, Arrow a type for each column. The type comes from the first rows, about a
 * megabyte of them: `int64` for integers, `float64` for doubles, also with integers among them that a double can hold,
 * `utf8` for text, `binary` for blobs. A column that has only NULL there goes by its declared type, and is `null` if it has
 * none. A later value that does not fit ends the stream with an error that names row and column: nothing is converted
 * unasked. CAST in the query gives a column one storage class.
 * @{
 */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

/** The type of a column, or of all of them. */
struct ArrowSchema {
    const char *format;   /**< Type. */
    const char *name;     /**< Of the column. */
    const char *metadata; /**< None. */
    int64_t flags;        /**< Whether NULL is allowed: always. */
    int64_t n_children;   /**< Columns, of the schema itself. */
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;        /**< None. */
    void (*release)(struct ArrowSchema *); /**< To be called once; NULL when that was done. */
    void *private_data;                    /**< The producer's. */
};

/** The values of a column, or the columns of some rows. */
struct ArrowArray {
    int64_t length;     /**< Rows. */
    int64_t null_count; /**< How many are NULL. */
    int64_t offset;     /**< Where they begin. */
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;        /**< None. */
    void (*release)(struct ArrowArray *); /**< To be called once; NULL when that was done. */
    void *private_data;                   /**< The producer's. */
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

/** A result that is read in pieces. */
struct ArrowArrayStream {
    /** Gives the columns. @return 0 or an errno */
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    /** Gives the next rows; an array whose `release` is NULL after the last ones. @return 0 or an errno */
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    /** Tells why the last call failed. Valid until the next call on the stream. */
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *); /**< To be called once; NULL when that was done. */
    void *private_data;                         /**< The producer's. */
};

#endif

/**
 * Exports the rows that are left of a statement, which is run if hdb_execute() was not called, as a stream. Arrays that
 * were taken out of it are the consumer's and independent of everything else. The stream itself reads from the statement: once
 * that is reset, run again or finalized, or its connection closed, the stream only gives an error. It must not be used
 * while another thread does one of these.
 * @param out the stream, to be released by the caller; untouched on error
 * @return #HDB_OK, #HDB_MISUSE for a statement that gives no rows or has a stream already, #HDB_MISMATCH if the first
 *   rows hold a column of several types, or an error as hdb_fetch_row()
 */
HDB_API int hdb_fetch_arrow(hdb_stmt *stmt, struct ArrowArrayStream *out);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
