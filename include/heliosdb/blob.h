/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Reading and writing a BLOB or TEXT value in pieces.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_BLOB_H
#define HELIOSDB_BLOB_H

#include <heliosdb/heliosdb.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup blob Incremental BLOB I/O
 *
 * As in SQLite (https://www.sqlite.org/c3ref/blob_open.html): a handle keeps a transaction open. One opened for writing
 * outside a transaction holds the writer lock; what was written is committed, and in the engine, when it is closed and
 * no other statement runs. In daemon mode the table's rows are brought to the connection first.
 * @{
 */

/** An open BLOB. It belongs to its connection; hdb_close() closes those that are left. */
typedef struct hdb_blob hdb_blob;

/**
 * Opens the value of one row and column.
 * @param database "main", "temp" or the name of an attached database; NULL: "main"
 * @param table an ordinary rowid table
 * @param column a column that holds a BLOB or TEXT in this row; not part of an index or foreign key if @p writable
 * @param rowid the row
 * @param writable 1 to write, 0 to read only
 * @param out the handle, NULL on error
 * @return #HDB_OK, #HDB_ERROR (no such table, column or row; a value of another class), #HDB_BUSY, #HDB_READONLY
 */
HDB_API int hdb_blob_open(hdb_conn *conn, const char *database, const char *table, const char *column, int64_t rowid,
                          int writable, hdb_blob **out);
/**
 * Moves to the same column of another row. After a failure the handle can only be closed.
 * @return as hdb_blob_open()
 */
HDB_API int hdb_blob_reopen(hdb_blob *blob, int64_t rowid);
/** Size in bytes; writing can't change it. 0 once the handle has failed. */
HDB_API int hdb_blob_bytes(hdb_blob *blob);
/**
 * Copies bytes out.
 * @param buffer takes @p size bytes
 * @param offset of the first one
 * @return #HDB_OK, #HDB_ERROR if that lies outside the value, #HDB_ABORT if the row has changed since: close the
 *   handle then
 */
HDB_API int hdb_blob_read(hdb_blob *blob, void *buffer, int size, int offset);
/** Overwrites bytes; else as hdb_blob_read(), and #HDB_READONLY for a handle opened for reading. */
HDB_API int hdb_blob_write(hdb_blob *blob, const void *data, int size, int offset);
/**
 * Closes and frees a handle; NULL is allowed.
 * @return #HDB_OK, or the code of the commit that failed here: nothing is kept then
 */
HDB_API int hdb_blob_close(hdb_blob *blob);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
