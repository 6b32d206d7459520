/* SPDX-License-Identifier: Apache-2.0 */
/* What the campaigns share; and the three roles of the kill campaign: the parent that kills, the writers, and the auditor.
 *
 * Its writers move money between accounts, one transaction a transfer: two accounts, one row in `transfer`, and `parts`
 * rows in `leg`; or they write a `note`, in autocommit. Each acknowledged commit is told to the parent by a message. */
#ifndef FAULT_H
#define FAULT_H

#include <heliosdb/heliosdb.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { ACCOUNTS = 20, FIRST_BALANCE = 1000 };

enum message_kind { MESSAGE_TRANSFER, MESSAGE_NOTE, MESSAGE_TRANSFER_REFUSED };

/* One atomic write to a pipe. */
struct message {
    int32_t kind;
    int32_t writer;
    int64_t n;
};

struct message_list {
    struct message *items;
    size_t count;
};

struct writer_options {
    const char *path;
    int writer;        /* a number never used before in this database */
    unsigned seed;
    const char *linger;
    int pipe;          /* messages go there */
    atomic_int *stop;  /* set by the parent */
};

/* Makes the tables and the accounts. 0 if done. */
int fault_prepare(const char *path, const char *linger);
/* Writes until told to stop. Returns the exit code: 0 if every error was one that a killed engine explains. */
int fault_write(const struct writer_options *options);
/* Checks the database against what was acknowledged, in the replica and in the engine. Returns the number of faults,
 * which are told on stderr. */
int fault_audit(const char *path, const char *linger, const struct message_list *messages);

/* A small generator, so that a seed gives the same run everywhere. */
unsigned fault_random(unsigned *state);
/* Opens a database, its engine's linger and the timeout in seconds. NULL: told on stderr why not. */
hdb_conn *fault_open(const char *path, const char *linger, const char *timeout);
/* Waits for a child of ours, whatever signals come. Returns its status. */
int fault_await(pid_t pid);

#endif
