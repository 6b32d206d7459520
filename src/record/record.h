/* SPDX-License-Identifier: Apache-2.0 */
/* The record of one database, shared by the connections of a process: its engine, the session that commits go through,
 * and the thread that brings log entries to the engine's tables.
 *
 * Life of a commit: hdb_record_push() under SQLite's write lock, the replica's COMMIT, then
 * hdb_record_committed(), or hdb_record_cancel() if the replica refused. */
#ifndef HDB_RECORD_H
#define HDB_RECORD_H

#include "error.h"
#include "link/embedded.h"
#include "link/link.h"
#include "record/log.h"
#include "record/state.h"
#include <pthread.h>

typedef struct hdb_record hdb_record;
struct hdb_ahead;

/* Asked by the applying thread. `settles`, with nobody committing, so that the log can be emptied: makes the replica durable,
 * and returns HDB_OK if the replica's own file holds everything committed before the call. Else, after hdb_record_copy_wal(),
 * it copies what it can. */
typedef int (*hdb_checkpoint)(void *context, bool settles);

/* Opens the record in `directory`, NULL: in memory. Nothing is started. */
int hdb_record_open(const hdb_engine_options *options, hdb_record **out, hdb_error *error);
/* Stops the thread, gives the engine back and frees. NULL is allowed. */
void hdb_record_close(hdb_record *record);
void hdb_record_abandon(hdb_record *record);
void hdb_record_set_checkpoint(hdb_record *record, hdb_checkpoint checkpoint, void *context);

hdb_state *hdb_record_state(hdb_record *record);
hdb_engine *hdb_record_engine(hdb_record *record);
/* Its data directory, NULL in memory. */
const char *hdb_record_directory(const hdb_record *record);
/* While the flag is not 0, waiting for the engine ends with HDB_INTERRUPT. */
void hdb_record_set_interrupt(hdb_record *record, const atomic_int *flag);

/* The session for commits and catalogue reading, opened if need be; starts and waits for the engine. Hold the record's
 * mutex (hdb_record_lock) while it is used. */
int hdb_record_link(hdb_record *record, hdb_link **out, hdb_error *error);
/* A second one, for what is sent before COMMIT, and the number of its session; the same mutex. Whoever sees it fail drops it. */
int hdb_record_ahead_link(hdb_record *record, hdb_link **out, int64_t *session, hdb_error *error);
void hdb_record_ahead_drop(hdb_record *record);
void hdb_record_lock(hdb_record *record);
/* Both locks of a commit, if nobody has either: hdb_record_push_leave() gives them back. */
bool hdb_record_try_commit(hdb_record *record);
void hdb_record_unlock(hdb_record *record);
/* Waits until what a process that died had sent to be pushed is carried out; commit.lock is held, or nobody else is there. */
int hdb_record_await_push(hdb_record *record, hdb_link *link, hdb_error *error);
/* A new session of its own, with the catalogue made; the caller closes it. */
int hdb_record_connect(hdb_record *record, hdb_link **out, hdb_error *error);

/* Takes commit.lock and pushes entry synced + 1. `durable`: it survives a power cut. If the session dies, the outcome is
 * found out on a new one. `ahead`: what of it has been sent already, NULL: nothing. On success commit.lock stays taken until hdb_record_committed() or _cancel(). HDB_BUSY: an
 * entry of somebody who died is in the log and not in the replica; the transaction must start again. */
int hdb_record_push(hdb_record *record, struct hdb_ahead *ahead, const char *data, size_t size, bool durable, hdb_error *error);
/* The same in two halves, for transactions over several databases: commit.lock and the number of the entry to come, then
 * the push, with a token that tells it from any other. A half that fails lets the lock go. */
int hdb_record_push_begin(hdb_record *record, int64_t *out, hdb_error *error);
int hdb_record_push_end(hdb_record *record, int64_t token, const char *data, size_t size, bool durable, hdb_error *error);
/* Lets the lock go and leaves everything as it is. */
void hdb_record_push_leave(hdb_record *record);
/* Whether a push that failed with this error may have been kept all the same. */
bool hdb_record_outcome_is_unknown(const hdb_error *error);
/* The replica has committed what was pushed. Takes `data` over: the thread will apply it. */
void hdb_record_committed(hdb_record *record, char *data, size_t size, const hdb_wal_mark *mark);
/* The replica refused what was pushed: takes it out of the log. */
int hdb_record_cancel(hdb_record *record, hdb_error *error);

/* Waits until the engine's tables hold every synced entry. */
int hdb_record_flush(hdb_record *record, hdb_error *error);
/* Lets the applying thread copy the WAL into the replica's file soon. */
void hdb_record_copy_wal(hdb_record *record);
/* Waits as hdb_record_flush() before other processes are left with the database: if something is in the way they will do it. */
void hdb_record_leave_to_others(hdb_record *record);
/* Empties the log if it has grown; for the last one who leaves. The caller has flushed and checkpointed the replica. */
int hdb_record_empty_log(hdb_record *record, hdb_error *error);
/* Makes what the engine was told durable, unless it is; for the last one who leaves, when the log is flushed. */
int hdb_record_settle(hdb_record *record, hdb_error *error);
/* Lets the thread look for entries that others pushed, or that were left by an earlier life. */
void hdb_record_wake(hdb_record *record);

#endif
