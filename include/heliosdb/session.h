/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Sessions: recording what changes in tables, and making the same changes elsewhere.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_SESSION_H
#define HELIOSDB_SESSION_H

#include <heliosdb/heliosdb.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup session Sessions
 *
 * As SQLite's session extension (https://www.sqlite.org/sessionintro.html), whose changesets and patchsets these are:
 * what one of the two has recorded, the other can apply. Tables without a PRIMARY KEY, rows whose key has a NULL, and
 * virtual tables are left out. In daemon mode a connection with a session has no statement run by the server alone.
 * @{
 */

/** What is recorded of one database. It belongs to its connection; hdb_close() frees those that are left. */
typedef struct hdb_session hdb_session;
/** A change that meets a conflict. Valid only during the callback it is given to. */
typedef struct hdb_change hdb_change;

/** Why a change can't be made as it is (https://www.sqlite.org/session/c_changeset_abort.html). */
enum hdb_conflict {
    HDB_CONFLICT_DATA = 1,       /**< The row is there and has other values. */
    HDB_CONFLICT_NOTFOUND = 2,   /**< The row is not there. */
    HDB_CONFLICT_CONFLICT = 3,   /**< A row with this key is there. */
    HDB_CONFLICT_CONSTRAINT = 4, /**< A constraint refuses it. */
    HDB_CONFLICT_FOREIGN_KEY = 5 /**< At the end foreign keys are violated. */
};

/** What to do about it. */
enum hdb_resolution {
    HDB_RESOLUTION_OMIT = 0,    /**< Leave the change out. */
    HDB_RESOLUTION_REPLACE = 1, /**< Make it all the same; with #HDB_CONFLICT_DATA and #HDB_CONFLICT_CONFLICT only. */
    HDB_RESOLUTION_ABORT = 2    /**< Undo everything; hdb_changeset_apply() gives #HDB_ABORT. */
};

/** Whether the changes of a table are to be recorded or applied. @return 0 to leave it out */
typedef int (*hdb_table_filter_callback)(void *user_data, const char *table);
/**
 * Asked about a conflict.
 * @param conflict of ::hdb_conflict
 * @param change what was to be done
 * @return a ::hdb_resolution
 */
typedef int (*hdb_conflict_callback)(void *user_data, int conflict, hdb_change *change);

/**
 * Begins a session. Nothing is recorded until hdb_session_attach().
 * @param database "main", "temp" or the name of an attached database; NULL: "main"
 * @param out the session, NULL on error
 * @return #HDB_OK, #HDB_NOMEM
 */
HDB_API int hdb_session_create(hdb_conn *conn, const char *database, hdb_session **out);
/**
 * Records a table from now on, whether or not it is there yet.
 * @param table NULL: every table.
 * @return #HDB_OK, #HDB_NOMEM
 */
HDB_API int hdb_session_attach(hdb_session *session, const char *table);
/** Stops and goes on recording. @param on 1, 0, or negative: only ask @return 1 if it records now */
HDB_API int hdb_session_enable(hdb_session *session, int on);
/**
 * Has changes marked as indirect, as those of triggers and foreign keys are.
 * @param on as there
 * @return 1 if it does
 */
HDB_API int hdb_session_indirect(hdb_session *session, int on);
/** 1 if nothing has been recorded. */
HDB_API int hdb_session_is_empty(hdb_session *session);
/**
 * What has changed since the session began, each row once.
 * @param out the changeset, for hdb_free(); NULL if it is empty
 * @param out_size its size in bytes
 * @return #HDB_OK; #HDB_SCHEMA if a recorded table has changed its columns or has generated ones; #HDB_NOMEM
 */
HDB_API int hdb_session_changeset(hdb_session *session, void **out, int64_t *out_size);
/** The same without the old values that are not needed to find a row. */
HDB_API int hdb_session_patchset(hdb_session *session, void **out, int64_t *out_size);
/** Ends a session and frees it; NULL is allowed. */
HDB_API void hdb_session_delete(hdb_session *session);

/**
 * Makes the changes of a changeset or patchset in the main database, all or none of them
 * (https://www.sqlite.org/session/sqlite3changeset_apply.html). They are kept as other writes are: in the transaction
 * that is open, or committed by themselves.
 * @param data the changeset
 * @param size its size in bytes
 * @param filter asked about each table; NULL: all
 * @param conflict asked about each conflict; NULL: abort
 * @param user_data given to both
 * @return #HDB_OK, #HDB_ABORT if the callback said so, #HDB_CORRUPT for what is no changeset, #HDB_MISUSE for an answer
 *   that is not allowed, or what a write can give
 */
HDB_API int hdb_changeset_apply(hdb_conn *conn, const void *data, int64_t size, hdb_table_filter_callback filter,
                                hdb_conflict_callback conflict, void *user_data);
/** The inverse of a changeset, which undoes it. @param out for hdb_free() @return #HDB_OK, #HDB_CORRUPT, #HDB_NOMEM */
HDB_API int hdb_changeset_invert(const void *data, int64_t size, void **out, int64_t *out_size);
/**
 * One changeset that does what two do.
 * @param out for hdb_free()
 * @return #HDB_OK, #HDB_CORRUPT, #HDB_SCHEMA, #HDB_NOMEM
 */
HDB_API int hdb_changeset_concat(const void *first, int64_t first_size, const void *second, int64_t second_size,
                                 void **out, int64_t *out_size);

/** Table of a change. Valid as the change. */
HDB_API const char *hdb_change_table(hdb_change *change);
/** What the change does, of ::hdb_operation. */
HDB_API int hdb_change_operation(hdb_change *change);
/** 1 if it was made by a trigger or foreign key. */
HDB_API int hdb_change_indirect(hdb_change *change);
/** Number of columns. */
HDB_API int hdb_change_columns(hdb_change *change);
/** 1 if a column is part of the PRIMARY KEY. @param column from 0 */
HDB_API int hdb_change_is_key(hdb_change *change, int column);
/** Value of a column before the change; NULL if it is not told. Valid as the change. */
HDB_API hdb_datum *hdb_change_old(hdb_change *change, int column);
/** Value of a column after the change; NULL if it is not told. Valid as the change. */
HDB_API hdb_datum *hdb_change_new(hdb_change *change, int column);
/** Value in the row that is in the way, with #HDB_CONFLICT_DATA and #HDB_CONFLICT_CONFLICT; else NULL. */
HDB_API hdb_datum *hdb_change_conflict(hdb_change *change, int column);
/** With #HDB_CONFLICT_FOREIGN_KEY how many rows violate a foreign key, else 0. */
HDB_API int hdb_change_violations(hdb_change *change);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
