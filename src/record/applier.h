/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that applies log entries, one per open record. Of all processes, the one that holds apply.lock works; it
 * applies what others pushed too, reading it from the log. Entries are applied in order, only those that the replica has
 * committed. An entry after a pause is applied at once; of those that follow it, what has gathered is applied together some
 * milliseconds later (docs/decisions/0026-many-commits-together.md), or when somebody waits for it. */
#ifndef HDB_APPLIER_H
#define HDB_APPLIER_H

#include "record/record.h"

typedef struct hdb_applier hdb_applier;

/* Makes it; the thread itself begins with the first entry. */
int hdb_applier_start(hdb_record *record, hdb_applier **out, hdb_error *error);
/* Ends the thread after the entries it is at, and frees. NULL is allowed. */
void hdb_applier_stop(hdb_applier *applier);
void hdb_applier_set_checkpoint(hdb_applier *applier, hdb_checkpoint checkpoint, void *context);
/* Hands an entry over, memory included. Waits while too much is waiting already. */
void hdb_applier_add(hdb_applier *applier, int64_t id, char *data, size_t size);
void hdb_applier_wake(hdb_applier *applier);
/* Asks for a checkpoint that does not settle. */
void hdb_applier_copy_wal(hdb_applier *applier);
/* Waits until `id` is applied, by whichever process; `limit_ms`: not longer than that, HDB_BUSY then; 0: no limit. */
int hdb_applier_wait(hdb_applier *applier, int64_t id, const atomic_int *interrupt, int limit_ms, hdb_error *error);

#endif
