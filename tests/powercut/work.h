/* SPDX-License-Identifier: Apache-2.0 */
/* The transactions that are written, and the notes of them.
 *
 * Transaction n of a writer is always the same text for one seed, and each adds a row to `history`: run again on plain
 * SQLite in the order that this table has, they tell what must be in the others. A note is one line, written to a file
 * in the recorded directory, so that it has its place in the journal: "begun W N" before a transaction, "done W N LEVEL"
 * once its COMMIT has returned, "from" where cuts may begin. */
#ifndef WORK_H
#define WORK_H

#include <stdbool.h>

enum { WORK_STATEMENTS = 256 };
enum level { LEVEL_OFF, LEVEL_NORMAL, LEVEL_FULL, LEVEL_MIXED };

struct work {
    char *statements[WORK_STATEMENTS];
    int count;
};

/* Transaction 0 of writer 0 makes the tables. */
void work_make(unsigned seed, int writer, int n, struct work *out);
void work_free(struct work *work);
/* What PRAGMA synchronous is for a transaction, when it is mixed. */
enum level work_level(unsigned seed, int writer, int n);

/* What is recorded: does a scenario in a directory. Returns 0 if all went well. */
int scenario_run(const char *name, const char *directory, unsigned seed, int commits);
/* Whether there is one of that name. */
bool scenario_is_known(const char *name);

/* The auditor: checks the database in a directory after a power cut against the notes in a file. Returns the number of
 * faults, told on stderr; prints how many transactions it found, how many acknowledged ones it had to find, and how many
 * of those it did not. */
int audit_run(const char *directory, const char *notes, unsigned seed);

#endif
