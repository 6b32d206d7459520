/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes that share a database tell each other: a page of memory mapped from `<data>/state`, and flock
 * files. The page is a cache of what the engine and the replica know: after a power cut only `clean` and what goes with
 * it is trusted, which is set when file and engine are durable, and is durably taken back before either is changed.
 *
 *   setup.lock    held while a database is opened or closed
 *   session.lock  shared by every process that has it open; exclusive: "I am alone"
 *   commit.lock   held from a push until the replica has committed; taken after SQLite's write lock
 *   apply.lock    held by the process that brings log entries to the engine's tables */
#ifndef HDB_STATE_H
#define HDB_STATE_H

#include "error.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The state of a WAL: frames, their checksum, salts. Changes with every commit, whoever makes it. */
typedef struct hdb_wal_mark {
    unsigned char bytes[24];
} hdb_wal_mark;

/* The state of the files of a database. */
typedef struct hdb_file_mark {
    uint64_t identity; /* of its inode and of when that was made, as the number of a removed one is soon used again */
    uint64_t size, modified_ns, wal_size;
} hdb_file_mark;

/* Numbers are atomic: they are looked at without a lock, and other processes and threads write them. */
typedef struct hdb_state_page {
    char magic[8];
    char boot[40];     /* the boot in which it was written: after another one only the engine is trusted */
    _Atomic uint32_t ready;    /* the engine holds what the replica holds, but for the log */
    _Atomic uint32_t clean;    /* the last process left in order, all is durable; `file` is how it left the file */
    _Atomic int64_t synced;    /* newest entry the replica holds */
    _Atomic int64_t inflight;  /* entry that was being pushed; above `synced`: whoever pushed it died, if commit.lock is free */
    _Atomic int64_t applied;   /* newest entry the engine's tables hold */
    _Atomic int64_t emptied;   /* newest entry when the log was last emptied */
    hdb_wal_mark mark; /* of the replica as of `synced` */
    hdb_file_mark file; /* as they were left, or as they were when last looked at */
    _Atomic int64_t stamped;         /* newest entry when change_counter was made to grow */
    _Atomic uint32_t change_counter; /* of the file's header when it was left: an older copy has a smaller one */
    _Atomic uint64_t identity;       /* of the file that those who have it open use */
    _Atomic int64_t sessions; /* numbers given to sessions of the engine: session.h */
    _Atomic int64_t pushing;  /* session that sent the last push, 0 until it does; it may still be under way if `inflight` is above `synced` */
    _Atomic int64_t applying; /* session that was applying entries, 0 if it came to an end */
    _Atomic int64_t token;    /* of the entry `synced`, for a replica of a server (sdk_store.c) */
    _Atomic int64_t settled;  /* `synced` when the engine was last made durable */
} hdb_state_page;

enum hdb_state_lock { HDB_LOCK_SETUP, HDB_LOCK_SESSION, HDB_LOCK_COMMIT, HDB_LOCK_APPLY, HDB_LOCK_COUNT };

typedef struct hdb_state {
    hdb_state_page *page;
    int locks[HDB_LOCK_COUNT]; /* descriptors, -1 in memory */
    bool same_boot;            /* the page was written since the machine started */
    bool in_memory;
} hdb_state;

/* Maps the page of a data directory, made if missing. NULL: private memory, no locks. */
int hdb_state_open(const char *directory, hdb_state *state, hdb_error *error);
void hdb_state_close(hdb_state *state);

/* Takes a lock, waiting. */
int hdb_state_lock(hdb_state *state, enum hdb_state_lock lock, hdb_error *error);
/* Takes it if it is free at once. */
bool hdb_state_try(hdb_state *state, enum hdb_state_lock lock);
/* Takes it shared, or turns an exclusive one into a shared one. */
int hdb_state_share(hdb_state *state, enum hdb_state_lock lock, hdb_error *error);
void hdb_state_unlock(hdb_state *state, enum hdb_state_lock lock);

int64_t hdb_state_synced(const hdb_state *state);
int64_t hdb_state_applied(const hdb_state *state);
void hdb_state_set_synced(hdb_state *state, int64_t id);
void hdb_state_set_applied(hdb_state *state, int64_t id);
/* Has the page survive a power cut as it is now. */
int hdb_state_sync(hdb_state *state, hdb_error *error);
/* How the files of a database are now; zero where there is none. */
hdb_file_mark hdb_file_mark_of(const char *path);

#endif
