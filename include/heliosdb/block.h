/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Many rows in one call, for languages in which a call across the border costs more than the row.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_BLOCK_H
#define HELIOSDB_BLOCK_H

#include <heliosdb/heliosdb.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup block Rows in blocks
 *
 * A block is one piece of memory that holds rows, column by column. Its numbers have 64 bits, in the machine's byte order,
 * and lie at multiples of 8 bytes from its beginning, which is such an address too:
 *
 *     int64_t rows, columns;
 *     struct { int64_t form, offset, size; } column[columns];    // offset and size of the data in bytes, from the beginning
 *
 * The data of a column, by its ::hdb_block_form:
 *
 * | form | data |
 * |---|---|
 * | #HDB_BLOCK_NULL | nothing |
 * | #HDB_BLOCK_INTEGER | `int64_t value[rows]` |
 * | #HDB_BLOCK_FLOAT | `double value[rows]` |
 * | #HDB_BLOCK_TEXT | the texts, each ended by NUL, none with NUL in it |
 * | #HDB_BLOCK_MIXED | `int64_t number[rows]`, `unsigned char type[rows]`, and the texts and blobs, each followed by NUL |
 *
 * A mixed column's `type` is the ::hdb_type of each value; its `number` is the integer, the bits of the double, the length
 * in bytes of the text or blob (without the NUL after it), or 0 for NULL.
 * @{
 */

/** How the values of a column are kept in a block. */
enum hdb_block_form {
    HDB_BLOCK_NULL = 0,    /**< Every value is NULL. */
    HDB_BLOCK_INTEGER = 1, /**< Every value is an integer. */
    HDB_BLOCK_FLOAT = 2,   /**< Every value is a double. */
    HDB_BLOCK_TEXT = 3,    /**< Every value is a text without NUL. */
    HDB_BLOCK_MIXED = 4    /**< Each value has its own storage class. */
};

/**
 * Fetches rows: the one that the statement is on, if it is on one, and those after it. Runs the statement if
 * hdb_execute() was not called.
 * @param limit most rows to fetch, less than 1: as many as make about a megabyte, where it ends in any case
 * @param out the block, NULL on error; it belongs to the statement and is valid until the next call on it. The memory of a
 *   large one is given back by hdb_reset()
 * @param out_size its size in bytes, a multiple of 8
 * @return #HDB_ROW if the statement is now on the row after the block's, #HDB_DONE if there is none (the block may be
 *   empty then), or an error as hdb_fetch_row()
 */
HDB_API int hdb_fetch_block(hdb_stmt *stmt, int64_t limit, const void **out, int64_t *out_size);
/**
 * Runs a statement once for each row of a block, whose columns are its parameters; rows that it gives are thrown away.
 * Ends at the first row that fails, or by hdb_interrupt(): those before it are done, and stay or not as the transaction says.
 * @param block as above; it can go when the call returns
 * @param size its size in bytes
 * @param out_rows number of rows that are done; NULL is allowed
 * @param out_changes number of rows that they changed, the sum of hdb_changes(); NULL is allowed
 * @return #HDB_OK, #HDB_MISUSE for a malformed block and #HDB_RANGE for one that has not as many columns as the statement
 *   has parameters, of which no row is run, or an error as hdb_execute()
 */
HDB_API int hdb_execute_block(hdb_stmt *stmt, const void *block, int64_t size, int64_t *out_rows, int64_t *out_changes);
/**
 * Runs a statement with all its parameters to its first row, as hdb_bind_...() and hdb_fetch_row() would, in one call.
 * @param values a value for each parameter, as the data of a mixed column that has as many rows: `int64_t number[]`,
 *   `unsigned char type[]`, texts and blobs. At a multiple of 8 bytes; it can go when the call returns
 * @param size its size in bytes
 * @param out_changes what hdb_changes() gives after it; NULL is allowed
 * @param out_rowid what hdb_last_insert_rowid() gives after it; NULL is allowed
 * @return as hdb_fetch_row(), #HDB_ROW if the statement is on a row, #HDB_DONE if it is at its end; or #HDB_MISUSE for values
 *   that are malformed or not as many as the parameters, with which it is not run
 */
HDB_API int hdb_execute_values(hdb_stmt *stmt, const void *values, int64_t size, int64_t *out_changes, int64_t *out_rowid);
/**
 * Gives the values of a row, the one that the statement is on or the first one, and moves to the row after it. Runs the
 * statement if hdb_execute() was not called.
 * @param out a value for each column, as hdb_execute_values() takes them; NULL if there is no row, and on error. They belong to
 *   the statement and are valid until the next call on it
 * @param out_size their size in bytes
 * @return #HDB_ROW if the statement is now on another row, #HDB_DONE if there is none, or an error as hdb_fetch_row()
 */
HDB_API int hdb_fetch_values(hdb_stmt *stmt, const void **out, int64_t *out_size);
/**
 * Moves to the next row, as hdb_fetch_row() does, and gives its values. Unlike hdb_fetch_values() it stays on that row: the one
 * after it is made when it is asked for. The columns can be asked for as after hdb_fetch_row().
 * @param values with which the statement is run anew first, as hdb_execute_values() takes them; NULL to go on, or to run it with
 *   what is bound
 * @param size their size in bytes
 * @param out a value for each column, as hdb_fetch_values() gives them; NULL if there is no row, and on error
 * @param out_size their size in bytes
 * @return #HDB_ROW if the statement is on a row, #HDB_DONE if it is at its end, or an error as hdb_execute_values()
 */
HDB_API int hdb_step_values(hdb_stmt *stmt, const void *values, int64_t size, const void **out, int64_t *out_size);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
