/* SPDX-License-Identifier: Apache-2.0 */
/* The roles of the campaign of killed statements; the parent, statement_kills.c, starts each in a process of its own. */
#ifndef RUNNER_H
#define RUNNER_H

#include "setup.h"
#include <stdatomic.h>

/* What the runner tells the parent, one atomic write to a pipe each. */
enum told { TOLD_STATEMENT, TOLD_DONE, TOLD_FAILED };

struct told_message {
    int kind;      /* enum told: a statement begins; a unit is done; nothing of a unit is there */
    int unit;
    int statement; /* TOLD_STATEMENT: its place in the unit */
};

struct runner_options {
    const char *path;
    const struct setup *setup;
    unsigned seed;
    int first_unit;
    const char *linger;
    int pipe;
    atomic_int *stop; /* set by the parent: end after the present unit */
};

/* Makes the database, and plain SQLite's beside it. 0 if done. */
int runner_prepare(const struct runner_options *options, const char *plain_path);
/* Runs units until told to stop. Returns 0, or 1 if it can't go on. */
int runner_run(const struct runner_options *options);

/* What plain SQLite is asked to do. */
struct audit_options {
    const char *plain_path, *path;
    const struct setup *setup;
    unsigned seed;
    const struct told_message *done; /* TOLD_DONE and TOLD_FAILED, in order */
    int done_count;
    int open_unit; /* the unit that was interrupted; -1: none */
};

enum verdict { VERDICT_EXACT, VERDICT_BEFORE, VERDICT_AFTER, VERDICT_FAULT };

/* Runs the done units on plain SQLite and compares everything: our database as it opens, the engine's tables, the
 * replica file. An interrupted unit must be there whole or not at all. */
enum verdict runner_audit(const struct audit_options *options);

#endif
