/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Copying whole databases: online backup, and a database as one piece of memory.
 *
 * Do not include this header directly: include <heliosdb/heliosdb.h>.
 */
#ifndef HELIOSDB_BACKUP_H
#define HELIOSDB_BACKUP_H

#include <heliosdb/export.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup backup Backup
 *
 * Works between any two connections: a plain SQLite file is one opened with `mode=plain`. What a backup puts into a
 * database that an engine keeps is in the engine when the last step returns #HDB_DONE; until then, and if the backup
 * fails or is given up, the destination is as it was. A server's tables are read as one snapshot by the first step, and
 * replaced, under the writer lock, by the last one.
 * @{
 */

/** A backup that is going on. */
typedef struct hdb_backup hdb_backup;

/**
 * Begins to copy a database, as sqlite3_backup_init(). Errors are told by the destination's connection.
 * @param destination what is overwritten; must not be in a transaction, nor be used until the backup is finished
 * @param destination_name "main", "temp" or the name of an attached database
 * @param source what is copied; may be read and written meanwhile
 * @param source_name as destination_name
 * @param out the backup, to be given to hdb_backup_finish(); NULL on error
 * @return #HDB_OK, #HDB_ERROR (an unknown name, both the same connection, destination in use), #HDB_MISUSE, #HDB_NOMEM
 */
HDB_API int hdb_backup_init(hdb_conn *destination, const char *destination_name, hdb_conn *source, const char *source_name,
                            hdb_backup **out);
/**
 * Copies pages, as sqlite3_backup_step().
 * @param pages how many, negative: all that are left
 * @return #HDB_OK if there is more to copy, #HDB_DONE if all is copied and kept; #HDB_BUSY or #HDB_LOCKED: call it
 *   again later; any other code is final
 */
HDB_API int hdb_backup_step(hdb_backup *backup, int pages);
/** Pages still to copy, as of the last hdb_backup_step(). */
HDB_API int hdb_backup_remaining(hdb_backup *backup);
/** Pages of the source, as of the last hdb_backup_step(). */
HDB_API int hdb_backup_pagecount(hdb_backup *backup);
/**
 * Ends a backup and frees it; NULL is allowed. One that has not given #HDB_DONE leaves the destination as it was. To be
 * called also for one whose connection was closed.
 * @return #HDB_OK, or the code of a step that failed for good
 */
HDB_API int hdb_backup_finish(hdb_backup *backup);

/**
 * The content of a database as SQLite writes it to a file, as sqlite3_serialize(). Whatever the journal mode, it can be
 * deserialized: the header says that there is no write-ahead log.
 * @param name "main", "temp" or the name of an attached database; NULL: "main"
 * @param out the bytes, to be given to hdb_free(); NULL for a database without any content
 * @param out_size their number
 * @return #HDB_OK, #HDB_ERROR for an unknown name, #HDB_NOMEM
 */
HDB_API int hdb_serialize(hdb_conn *conn, const char *name, void **out, int64_t *out_size);
/**
 * Puts a database in memory in the place of one of the connection's, as sqlite3_deserialize(). As in SQLite the
 * connection lets go of the file or the server, where nothing is changed, and is a private in-memory one from then on.
 * @param name "main" or the name of an attached database; NULL: "main"
 * @param data what hdb_serialize() gave, or an SQLite file's bytes; copied
 * @return #HDB_OK, #HDB_BUSY inside a transaction, #HDB_ERROR for an unknown name, #HDB_NOMEM: then the connection may
 *   do nothing but be closed. Bytes that are no database are told of, by #HDB_NOTADB, when they are first read
 */
HDB_API int hdb_deserialize(hdb_conn *conn, const char *name, const void *data, int64_t size);
/** Frees memory that a function of this library has given away; NULL is allowed. */
HDB_API void hdb_free(void *memory);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
