/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions over several databases. One of them decides: its log entry carries a token, and the transaction has happened
 * if that entry is in its log. Before the others push theirs, each gets a file `promise` in its data directory that
 * names the decider; before the decider pushes, it gets a file `askers` that names them, so that its log is not emptied
 * while one of them may have to ask. Who finds a promise asks; what was not decided for is taken out of the log. */
#ifndef HDB_PROMISE_H
#define HDB_PROMISE_H

#include "error.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct hdb_promise {
    int64_t id;         /* the entry here */
    int64_t decider_id; /* the entry there */
    int64_t token;      /* that it has, if the transaction has happened */
    char *decider;      /* data directory of the database that decides; NULL: there is no promise */
} hdb_promise;

/* `durable`: it survives a power cut. */
int hdb_promise_make(const char *directory, const hdb_promise *promise, bool durable, hdb_error *error);
/* Reads the promise in a data directory, if there is one; hdb_promise_clear() frees it. */
int hdb_promise_read(const char *directory, hdb_promise *out, hdb_error *error);
void hdb_promise_clear(hdb_promise *promise);
void hdb_promise_drop(const char *directory, bool durable);

/* Adds those who may ask the database in `directory` about a token. */
int hdb_askers_add(const char *directory, int64_t token, const char *const *askers, int count, bool durable, hdb_error *error);
/* Whether one of them still may. commit.lock must be held. */
bool hdb_askers_left(const char *directory);

#endif
