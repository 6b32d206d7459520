/* SPDX-License-Identifier: Apache-2.0 */
/* What the API layer asks of whoever keeps the rows, whichever mode it is. */
#ifndef HDB_STORE_H
#define HDB_STORE_H

#include "connection.h"
#include "link/link.h"
#include "record/server.h"

/* Runs a statement in the engine as it is, after everything committed is in its tables. */
int hdb_store_query(hdb_conn *conn, const char *sql, const hdb_value *params, int count, enum hdb_row_format format,
                    hdb_rows **out);

/* Embedded mode (embedded_store.c). Opens the record of the database at `path` and brings file and engine together:
 * taking in, rebuilding, recovering, whatever is needed. `path` NULL: in memory. */
int hdb_embedded_store_open(const hdb_settings *settings, const char *path, hdb_embedded_store **out, hdb_error *error);
/* Makes it the store of an open replica. `interrupt` ends waits for the engine while it is not 0. */
void hdb_embedded_store_attach(hdb_embedded_store *store, hdb_replica *replica, const atomic_int *interrupt);
/* Makes sure that the file has its first page and is in WAL mode. */
int hdb_embedded_store_begin_file(hdb_embedded_store *store, hdb_error *error);
/* Puts right what somebody left who died between a push and the replica's COMMIT. */
int hdb_embedded_store_settle(hdb_embedded_store *store, hdb_error *error);
/* Makes the database hold what another one does, `name` of `from`: pushes the difference, then calls `copy`, which must
 * commit it to the file and holds SQLite's write lock already. NULL `copy`: the difference is replayed into the file. */
int hdb_embedded_store_receive(hdb_embedded_store *store, sqlite3 *from, const char *name, int (*copy)(void *context),
                               void *context, hdb_error *error);
/* Pushes all the replica holds: for an in-memory database that gets its engine late. */
int hdb_embedded_store_push_all(hdb_embedded_store *store, hdb_error *error);
/* A function or collation was registered: indexes that were written without it are built again. */
int hdb_embedded_store_registered(hdb_embedded_store *store, hdb_error *error);
int hdb_embedded_store_flush(hdb_embedded_store *store, hdb_error *error);
/* Counts differences between replica and engine; HDB_CORRUPT with the first ones named if there are any. */
int hdb_embedded_store_verify(hdb_embedded_store *store, int64_t *out, hdb_error *error);
int hdb_embedded_store_dsn(hdb_embedded_store *store, char **out, hdb_error *error);
int hdb_embedded_store_query(hdb_embedded_store *store, const char *sql, const hdb_value *params, int count,
                           enum hdb_row_format format, hdb_rows **out, hdb_error *error);
/* Frees it, after the replica is closed. The last one of a database leaves it clean. NULL is allowed. */
int hdb_embedded_store_close(hdb_embedded_store *store, hdb_error *error);
/* In a forked child: frees memory only. */
void hdb_embedded_store_abandon(hdb_embedded_store *store);

/* Daemon mode (daemon_store.c). Opens the server; `interrupt` ends any wait while it is not 0. */
int hdb_daemon_store_open(const hdb_settings *settings, hdb_daemon_store **out, hdb_error *error);
/* Makes it the store of a private replica, which gets the server's schema. */
int hdb_daemon_store_attach(hdb_daemon_store *store, hdb_replica *replica, const hdb_settings *settings,
                            const atomic_int *interrupt, hdb_error *error);
void hdb_daemon_store_set_timeout(hdb_daemon_store *store, int timeout_ms, const atomic_int *interrupt);
void hdb_daemon_store_set_busy(hdb_daemon_store *store, int (*busy)(void *context, int count), void *context);
/* A function or collation was registered: rows that came in without it come in again. */
void hdb_daemon_store_registered(hdb_daemon_store *store);
/* Takes over what others did to the schema, if no transaction is open; `foreign`: also tables that are not this library's,
 * which takes longer. */
int hdb_daemon_store_refresh(hdb_daemon_store *store, bool foreign, hdb_error *error);
/* Changes whenever the schema came anew from the server: what was told of a statement before may be wrong. */
int64_t hdb_daemon_store_generation(const hdb_daemon_store *store);
int64_t hdb_daemon_store_schema_version(const hdb_daemon_store *store);
/* Reads rows of the server's tables as they are, as one snapshot; the callback as in hdb_link_stream(). HDB_SCHEMA if the schema
 * has changed: nothing was read. For when no transaction is open. */
int hdb_daemon_store_scan(hdb_daemon_store *store, const char *sql, hdb_row_callback callback, void *context, hdb_error *error);
/* Changes with every commit that it has heard of. */
int64_t hdb_daemon_store_commits(const hdb_daemon_store *store);
/* A statement that does not count as reading; NULL: none. */
void hdb_daemon_store_ignore(hdb_daemon_store *store, const sqlite3_stmt *carrier);
/* No transaction is open and no statement is giving rows. */
bool hdb_daemon_store_is_idle(const hdb_daemon_store *store);
hdb_server *hdb_daemon_store_server(hdb_daemon_store *store);
/* Makes the server's tables hold what the main database of `from` does, as one transaction, under the writer lock. */
int hdb_daemon_store_receive(hdb_daemon_store *store, sqlite3 *from, hdb_error *error);
int hdb_daemon_store_query(hdb_daemon_store *store, const char *sql, const hdb_value *params, int count,
                         enum hdb_row_format format, hdb_rows **out, hdb_error *error);
void hdb_daemon_store_close(hdb_daemon_store *store);
void hdb_daemon_store_abandon(hdb_daemon_store *store);

/* Daemon mode with a replica file (sdk_store.c): as above. */
int hdb_sdk_store_open(const hdb_settings *settings, const char *path, hdb_sdk_store **out, hdb_error *error);
void hdb_sdk_store_attach(hdb_sdk_store *store, hdb_replica *replica, const hdb_settings *settings,
                          const atomic_int *interrupt);
void hdb_sdk_store_set_timeout(hdb_sdk_store *store, int timeout_ms, const atomic_int *interrupt);
/* Brings the file up to date, if no transaction is reading it. */
int hdb_sdk_store_refresh(hdb_sdk_store *store, hdb_error *error);
int hdb_sdk_store_query(hdb_sdk_store *store, const char *sql, const hdb_value *params, int count,
                        enum hdb_row_format format, hdb_rows **out, hdb_error *error);
/* As hdb_embedded_store_verify(). */
int hdb_sdk_store_verify(hdb_sdk_store *store, int64_t *out, hdb_error *error);
void hdb_sdk_store_close(hdb_sdk_store *store);
void hdb_sdk_store_abandon(hdb_sdk_store *store);
/* Refuses to push a table that was made if the server has one of that name which is not this library's. */
int hdb_daemon_check_made(hdb_replica *replica, hdb_link *link, hdb_error *error);
/* Says once in the process that rows go to another machine in plain text, if nobody has said that they may. */
void hdb_daemon_warn(const hdb_settings *settings, const struct hdb_server *server);

#endif
