/* SPDX-License-Identifier: Apache-2.0 */
/* A server that many clients share, as the record: snapshots to read from, one writer at a time, pushes.
 *
 * On PostgreSQL a push is a transaction. On HeliosDB, where an engine transaction that has written can neither be read in
 * nor always be undone, a push is one row of `_hdb_log`, atomic by itself, which is then applied; whoever comes next
 * finishes what a dead client left, and no snapshot is read while an entry is half applied
 * (docs/decisions/0005-heliosdb-transactions.md). */
#ifndef HDB_SERVER_H
#define HDB_SERVER_H

#include "error.h"
#include "link/link.h"
#include "record/foreign_tables.h"

typedef struct hdb_server hdb_server;

int hdb_server_open(const char *dsn, int timeout_ms, hdb_server **out, hdb_error *error);
void hdb_server_close(hdb_server *server);
void hdb_server_abandon(hdb_server *server);
/* Lets others write at the same time (locking=mvcc): the server finds conflicts, all clients' transactions on it become
 * serializable. HDB_NOTSUPPORTED if its transactions are not up to it. */
int hdb_server_allow_writers(hdb_server *server, hdb_error *error);
/* How long to wait for the writer lock and for entries that are being applied; `interrupt` ends any wait. */
void hdb_server_set_waits(hdb_server *server, int timeout_ms, const atomic_int *interrupt);

/* Has a function asked each time the writer lock is not free, instead of waiting; NULL: waits again. */
void hdb_server_set_busy(hdb_server *server, int (*busy)(void *context, int count), void *context);

/* Waits as for the lock before another try: HDB_BUSY when the time is over, or the busy function says no. */
int hdb_server_wait_turn(hdb_server *server, int64_t started, int *delay_ms, int tries, hdb_error *error);
/* If a statement failed because the server found a conflict with another writer, makes it HDB_BUSY (BUSY SNAPSHOT): the
 * transaction can only be rolled back. Returns the code. */
int hdb_server_judge(int rc, hdb_error *error);

/* hdb_link_is_exposed() of its link. */
bool hdb_server_is_exposed(const hdb_server *server);
hdb_link *hdb_server_link(hdb_server *server);
enum hdb_peer hdb_server_peer(const hdb_server *server);
/* Opens the session again if it died; HDB_IOERR if a transaction was open on it: it is lost. */
int hdb_server_revive(hdb_server *server, hdb_error *error);

/* Begins a snapshot of everything committed, if none is open. */
int hdb_server_snapshot(hdb_server *server, hdb_error *error);
/* Whether what was read since the snapshot began belongs together. PostgreSQL sees to that itself; on HeliosDB, whose
 * transactions do not see every committed row, HDB_BUSY (BUSY SNAPSHOT) tells that another writer has committed. After a
 * few of those in a row the next snapshot keeps writers out (within the time to wait) until this has been asked. */
int hdb_server_check(hdb_server *server, hdb_error *error);
/* Version of the schema, as of the last snapshot. */
int64_t hdb_server_schema_version(const hdb_server *server);
/* Changes with each commit of this library's clients, as of the last snapshot or push; with many writers also with
 * commits of anybody else. */
int64_t hdb_server_commits(const hdb_server *server);
/* Takes the writer lock, if it is not held. HDB_BUSY "database is locked" after the time to wait, or (extended: BUSY
 * SNAPSHOT) if another writer has committed since our snapshot began. `alone`: the schema is to change, or all rows; else
 * writers share the lock where that is allowed. */
int hdb_server_lock(hdb_server *server, bool alone, hdb_error *error);
/* Gives the lock back before anything was written under it; the snapshot stays. */
void hdb_server_unlock(hdb_server *server);
/* What a transaction has written: an entry for this library's tables, and one for other clients' (foreign_rows.h). Either
 * may be empty. */
typedef struct hdb_server_writes {
    const char *data;
    size_t size;
    const hdb_foreign_tables *tables;
    const char *foreign;
    size_t foreign_size;
} hdb_server_writes;
bool hdb_server_is_locked(const hdb_server *server);
/* Pushes it as one; the lock must be held. HDB_BUSY (BUSY SNAPSHOT) on a conflict; an error means that nothing was done. */
int hdb_server_push(hdb_server *server, const hdb_server_writes *writes, hdb_error *error);
/* Has every client of this library keep its entries in the log from now on, for replicas on other hosts. */
int hdb_server_keep_log(hdb_server *server, hdb_error *error);
/* Whether they do, as of the last snapshot or lock. */
bool hdb_server_keeps_log(const hdb_server *server);
/* The newest entry that the tables hold as of the last snapshot, lock or push, and the token of the last push. */
int64_t hdb_server_applied(const hdb_server *server);
int64_t hdb_server_token(const hdb_server *server);
/* One statement that changes rows by itself, without a push, outside of transactions. */
typedef struct hdb_server_change {
    const char *sql;
    const hdb_value *values;
    int count;
    int64_t schema_version;       /* that it was made for */
    const char *guard;            /* NULL, or a query that must find a NULL for it to be run */
    const hdb_value *guard_value; /* its parameter */
} hdb_server_change;
enum hdb_server_verdict {
    HDB_CHANGE_UNFIT, /* not run: another schema, a log to be kept, or the guard found something */
    HDB_CHANGE_EMPTY, /* not run: the guard found no row */
    HDB_CHANGE_SENT   /* under way: after an error of the link it may have been done */
};
/* Runs it under the writer lock and counts it, in two round trips if nobody else has the lock. `verdict` is set in any case;
 * what is left to be ended hdb_server_end() ends. */
int hdb_server_run_change(hdb_server *server, const hdb_server_change *change, enum hdb_server_verdict *verdict, int64_t *changed,
                          hdb_error *error);
/* Runs a statement inside the open snapshot; if it fails, the snapshot stays usable. */
int hdb_server_query_inside(hdb_server *server, const char *sql, const hdb_value *params, int count,
                            enum hdb_row_format format, hdb_rows **out, hdb_error *error);
/* Ends snapshot and lock, whatever was open; rolls back what was not committed. */
void hdb_server_end(hdb_server *server);

#endif
