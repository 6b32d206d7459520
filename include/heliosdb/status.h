/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Result codes and value classes. The numbers are pinned and never reused;
 * where SQLite has a code of the same name, the number is SQLite's
 * (https://www.sqlite.org/rescode.html), so that existing tables still fit.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_STATUS_H
#define HELIOSDB_STATUS_H

/**
 * @defgroup status Result codes
 * @{
 */

/** What a function returns. The low byte of an extended code is one of these. */
enum hdb_status {
    HDB_OK = 0,            /**< Done. */
    HDB_ERROR = 1,         /**< The statement is wrong, or the engine refused it; see hdb_errmsg(). */
    HDB_INTERNAL = 2,      /**< A defect of this library. Please report it. */
    HDB_PERM = 3,          /**< Access mode of a new file can't be provided. */
    HDB_ABORT = 4,         /**< A callback or a ROLLBACK ended the statement. */
    HDB_BUSY = 5,          /**< Another connection holds the lock; try again. */
    HDB_LOCKED = 6,        /**< A statement of this very connection is in the way. */
    HDB_NOMEM = 7,         /**< Out of memory. */
    HDB_READONLY = 8,      /**< The database can't be written. */
    HDB_INTERRUPT = 9,     /**< hdb_interrupt() was called. */
    HDB_IOERR = 10,        /**< The disk or the link to the engine failed. */
    HDB_CORRUPT = 11,      /**< The database file or an answer of the engine is malformed. */
    HDB_NOTFOUND = 12,     /**< No such name (configuration key, parameter). */
    HDB_FULL = 13,         /**< The disk is full. */
    HDB_CANTOPEN = 14,     /**< No engine, no file, wrong password, unreachable host. */
    HDB_PROTOCOL = 15,     /**< SQLite's locking protocol failed. */
    HDB_EMPTY = 16,        /**< Not used. */
    HDB_SCHEMA = 17,       /**< The schema changed under the statement. */
    HDB_TOOBIG = 18,       /**< A value or statement is over the size limit. */
    HDB_CONSTRAINT = 19,   /**< A constraint refused the change. */
    HDB_MISMATCH = 20,     /**< A value of the wrong type where SQLite is strict. */
    HDB_MISUSE = 21,       /**< The call is wrong: NULL handle, closed handle, after fork. */
    HDB_NOLFS = 22,        /**< Large files are not supported. */
    HDB_AUTH = 23,         /**< An authorizer refused. */
    HDB_FORMAT = 24,       /**< Not used. */
    HDB_RANGE = 25,        /**< Parameter or column index out of range. */
    HDB_NOTADB = 26,       /**< The file is not a database. */
    HDB_NOTICE = 27,       /**< A message, not an error. */
    HDB_WARNING = 28,      /**< A warning, not an error. */
    HDB_NOTSUPPORTED = 64, /**< SQLite would do it, this library refuses it by name. */
    HDB_ROW = 100,         /**< A row is there. */
    HDB_DONE = 101         /**< No further row: the statement has run to its end. */
};

/** The storage class of a value (https://www.sqlite.org/datatype3.html). */
enum hdb_type {
    HDB_TYPE_INTEGER = 1, /**< 64-bit signed integer. */
    HDB_TYPE_FLOAT = 2,   /**< 64-bit IEEE 754. */
    HDB_TYPE_TEXT = 3,    /**< UTF-8 text. */
    HDB_TYPE_BLOB = 4,    /**< Bytes. */
    HDB_TYPE_NULL = 5     /**< NULL. */
};

/** How a connection reaches its engine. */
enum hdb_mode {
    HDB_MODE_EMBEDDED = 1, /**< The library runs the engine beside the database file. */
    HDB_MODE_DAEMON = 2,   /**< The engine is a server named by a DSN. */
    HDB_MODE_PLAIN = 3     /**< There is no engine: an ordinary SQLite database. */
};

/** @} */

#endif
