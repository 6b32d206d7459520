/* SPDX-License-Identifier: Apache-2.0 */
/* Twins: a database of plain libsqlite3 and one of ours that are given the same statements and must give the same answers.
 * A test runs once embedded and once on every server whose DSN is in the environment, direct lane allowed and forbidden. */
#ifndef TWIN_H
#define TWIN_H

#include "fixture.h"

#include <sqlite3.h>

struct twin {
    const char *label; /* which set-up */
    char *directory, *path;
    const char *dsn; /* NULL: embedded */
    const char *direct;
    sqlite3 *db;
    hdb_conn *conn;
};

/* Runs a test in every set-up. */
void twin_everywhere(void (*test)(struct twin *twin));
/* Runs a script on both, statement by statement; fails the test where they differ: rows with their types, codes, message,
 * changes, last rowid, transaction state. Gives the code of the last statement. */
int twin_run_at(struct twin *twin, const char *sql, const char *file, int line);
#define twin_run(twin, sql) twin_run_at(twin, sql, __FILE__, __LINE__)
/* Closes both and opens them again: ours from the file. */
void twin_reopen(struct twin *twin);
/* The same, but ours has nothing but what the engine holds. */
void twin_rebuild(struct twin *twin);

/* Notes what a callback saw, in a journal of one side: `who` is 0 for SQLite, 1 for us. */
void twin_note(int who, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fails the test if the two journals differ, then empties them. Gives the length of what was in one. */
size_t twin_compare_notes_at(const char *file, int line);
void twin_forget_notes(void);
#define twin_compare_notes() twin_compare_notes_at(__FILE__, __LINE__)

#endif
