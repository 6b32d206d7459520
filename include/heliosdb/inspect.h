/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Settings, counters and descriptions of connections, statements and tables; extensions.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_INSPECT_H
#define HELIOSDB_INSPECT_H

#include <heliosdb/heliosdb.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @defgroup inspect Settings and descriptions
 * @{ */

/** What hdb_limit() limits (https://www.sqlite.org/c3ref/c_limit_attached.html). */
enum hdb_limit_id {
    HDB_LIMIT_LENGTH = 0,              /**< Bytes of a text, blob or row. */
    HDB_LIMIT_SQL_LENGTH = 1,          /**< Bytes of a statement. */
    HDB_LIMIT_COLUMN = 2,              /**< Columns of a table, index, result, GROUP BY, ORDER BY. */
    HDB_LIMIT_EXPR_DEPTH = 3,          /**< Depth of an expression. */
    HDB_LIMIT_COMPOUND_SELECT = 4,     /**< Terms of a compound SELECT. */
    HDB_LIMIT_VDBE_OP = 5,             /**< Instructions of a program. */
    HDB_LIMIT_FUNCTION_ARG = 6,        /**< Arguments of a function. */
    HDB_LIMIT_ATTACHED = 7,            /**< Attached databases. */
    HDB_LIMIT_LIKE_PATTERN_LENGTH = 8, /**< Bytes of a LIKE or GLOB pattern. */
    HDB_LIMIT_VARIABLE_NUMBER = 9,     /**< Largest number of a parameter. */
    HDB_LIMIT_TRIGGER_DEPTH = 10,      /**< Depth of triggers. */
    HDB_LIMIT_WORKER_THREADS = 11      /**< Threads that help to sort. */
};

/** Switches for hdb_db_config() (https://www.sqlite.org/c3ref/c_dbconfig_defensive.html). */
enum hdb_db_config_option {
    HDB_DBCONFIG_ENABLE_FKEY = 1002,           /**< Foreign keys are enforced. */
    HDB_DBCONFIG_ENABLE_TRIGGER = 1003,        /**< Triggers run. */
    HDB_DBCONFIG_ENABLE_FTS3_TOKENIZER = 1004, /**< fts3_tokenizer() may be used. */
    HDB_DBCONFIG_ENABLE_LOAD_EXTENSION = 1005, /**< hdb_load_extension() works, the SQL function does not. */
    HDB_DBCONFIG_NO_CKPT_ON_CLOSE = 1006,      /**< No checkpoint when the last connection closes. */
    HDB_DBCONFIG_ENABLE_QPSG = 1007,           /**< Query plans do not depend on bound values. */
    HDB_DBCONFIG_TRIGGER_EQP = 1008,           /**< EXPLAIN QUERY PLAN tells of triggers. */
    HDB_DBCONFIG_RESET_DATABASE = 1009,        /**< Refused: the engine keeps the database. */
    HDB_DBCONFIG_DEFENSIVE = 1010,             /**< Statements can't damage the file. */
    HDB_DBCONFIG_WRITABLE_SCHEMA = 1011,       /**< Refused when set: the engine keeps the schema. */
    HDB_DBCONFIG_LEGACY_ALTER_TABLE = 1012,    /**< ALTER TABLE RENAME as before 3.25. */
    HDB_DBCONFIG_DQS_DML = 1013,               /**< "text" may be a string in DML. */
    HDB_DBCONFIG_DQS_DDL = 1014,               /**< "text" may be a string in DDL. */
    HDB_DBCONFIG_ENABLE_VIEW = 1015,           /**< Views may be used. */
    HDB_DBCONFIG_LEGACY_FILE_FORMAT = 1016,    /**< New files can be read by SQLite 3.0. */
    HDB_DBCONFIG_TRUSTED_SCHEMA = 1017         /**< The schema may call functions that are not innocuous. */
};

/** State of a transaction (https://www.sqlite.org/c3ref/c_txn_none.html). */
enum hdb_txn_state_kind {
    HDB_TXN_NONE = 0, /**< None is open. */
    HDB_TXN_READ = 1, /**< It has read. */
    HDB_TXN_WRITE = 2 /**< It has written. */
};

/** 1 if SQLite was built for threads as hdb_connect() needs it (serialized), 2 for multi-thread, 0 for neither. */
HDB_API int hdb_threadsafe(void);
/**
 * One of SQLite's counters of the whole process (https://www.sqlite.org/c3ref/status.html).
 * @param id SQLITE_STATUS_*
 * @param current its value; NULL is allowed
 * @param highest its highest value; NULL is allowed
 * @param reset 1 to set the highest value back
 * @return #HDB_OK, #HDB_MISUSE for an unknown counter
 */
HDB_API int hdb_library_status(int id, int64_t *current, int64_t *highest, int reset);
/** One of a connection's counters, SQLITE_DBSTATUS_*; else as hdb_library_status(). @return #HDB_OK, #HDB_ERROR */
HDB_API int hdb_conn_status(hdb_conn *conn, int id, int64_t *current, int64_t *highest, int reset);
/**
 * One of a statement's counters, SQLITE_STMTSTATUS_*.
 * @param reset 1 to set it back
 * @return its value, 0 if there is none
 */
HDB_API int hdb_stmt_status(hdb_stmt *stmt, int id, int reset);
/** 1 for EXPLAIN, 2 for EXPLAIN QUERY PLAN, else 0. */
HDB_API int hdb_stmt_is_explain(hdb_stmt *stmt);
/** The connection of a statement. */
HDB_API hdb_conn *hdb_stmt_conn(hdb_stmt *stmt);

/**
 * Reads or sets a switch of a connection.
 * @param option of ::hdb_db_config_option
 * @param value 1 or 0 sets it, negative only reads it
 * @param out what it is now; NULL is allowed
 * @return #HDB_OK, #HDB_NOTSUPPORTED for what is refused, #HDB_ERROR for an unknown option
 */
HDB_API int hdb_db_config(hdb_conn *conn, int option, int value, int *out);
/** Sets what hdb_last_insert_rowid() gives, as sqlite3_set_last_insert_rowid(). */
HDB_API int hdb_set_last_insert_rowid(hdb_conn *conn, int64_t rowid);
/** 1 if hdb_interrupt() was called and the running statement has not ended yet. */
HDB_API int hdb_is_interrupted(hdb_conn *conn);
/**
 * State of the transaction, of ::hdb_txn_state_kind.
 * @param database NULL: the furthest one of all
 * @return -1 if unknown
 */
HDB_API int hdb_txn_state(hdb_conn *conn, const char *database);
/** 1 if a database can't be written, 0 if it can, -1 if there is none of this name. */
HDB_API int hdb_db_readonly(hdb_conn *conn, const char *database);
/** File of a database, "" if it has none, NULL if there is no such database. Valid until it is detached or closed. */
HDB_API const char *hdb_db_filename(hdb_conn *conn, const char *database);
/**
 * Describes a column (https://www.sqlite.org/c3ref/table_column_metadata.html). All results may be NULL.
 * @param database NULL: any
 * @param column NULL: only asks whether there is the table
 * @param declared its declared type, or NULL; valid until the next statement that changes the schema
 * @param collation name of its collation; valid as @p declared
 * @param not_null 1 if it is NOT NULL
 * @param primary_key 1 if it is part of the PRIMARY KEY
 * @param autoincrement 1 if it is AUTOINCREMENT
 * @return #HDB_OK, #HDB_ERROR if there is no such table or column
 */
HDB_API int hdb_table_column_metadata(hdb_conn *conn, const char *database, const char *table, const char *column,
                                      const char **declared, const char **collation, int *not_null, int *primary_key,
                                      int *autoincrement);
/**
 * Allows or forbids hdb_load_extension() and the SQL function load_extension(); SQLite's build decides what is at
 * first.
 * @param on 1 or 0
 * @return #HDB_OK
 */
HDB_API int hdb_enable_load_extension(hdb_conn *conn, int on);
/**
 * Loads an extension of SQLite into the connection (https://www.sqlite.org/loadext.html). Its functions, collations and
 * virtual tables work in every mode; from then on statements of daemon mode are not run by the server alone. One that
 * hooks itself into the connection loses its authorizer and its preupdate, trace, commit, rollback and update hooks.
 * @param path the shared library; a suffix may be left out
 * @param entry name of the function to call, NULL: SQLite finds it
 * @return #HDB_OK, #HDB_ERROR with the linker's message, or "not authorized" if that was not allowed
 */
HDB_API int hdb_load_extension(hdb_conn *conn, const char *path, const char *entry);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
