/* SPDX-License-Identifier: Apache-2.0 */
/* What other files of the API layer ask of backup.c and serialize.c. */
#ifndef HDB_BACKUP_INTERNAL_H
#define HDB_BACKUP_INTERNAL_H

#include "connection.h"

/* Gives up the backups from or to a connection that is about to be closed; their handles stay, and fail. */
void hdb_backups_leave(hdb_conn *conn);
/* Brings every table of a server to the private replica; nothing to do elsewhere. */
int hdb_conn_bring_all(hdb_conn *conn);
/* The bytes of a database, NULL if it has none; for sqlite3_free(). */
int hdb_serialize_database(sqlite3 *db, const char *name, unsigned char **out, int64_t *out_size, hdb_error *error);
/* A database in memory with such bytes, which are copied. */
int hdb_deserialize_database(sqlite3 *db, const char *name, const void *data, int64_t size, hdb_error *error);

#endif
