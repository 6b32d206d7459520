/* SPDX-License-Identifier: Apache-2.0 */
/* What a database looks like while statements for it are made up: most of them should be possible.
 *
 * Every statement is tried, as soon as it is written, on a private database in memory. That also finds the few that
 * must not be used: those that would run for long, and those that give a row the largest rowid, after which SQLite
 * chooses rowids by chance. */
#ifndef FUZZ_CATALOGUE_H
#define FUZZ_CATALOGUE_H

#include <sqlite3.h>
#include <stdbool.h>

enum { NAME_SIZE = 32, MAX_COLUMNS = 20, MAX_RELATIONS = 24, MAX_NAMES = 24 };

/* About a statement: it can be used; it must be left out; it must be left out, and the database is now another one. */
enum verdict { USABLE, UNUSABLE, SPOILT };

struct column {
    char name[NAME_SIZE], type[NAME_SIZE];
    bool generated;
    int key; /* place in the primary key, from 1; 0: none */
};

struct relation {
    char name[NAME_SIZE];
    bool temporary, view, without_rowid, strict;
    bool writable; /* a table, or a view of main with a trigger */
    struct column columns[MAX_COLUMNS];
    int column_count;
};

struct catalogue {
    sqlite3 *db;
    struct relation relations[MAX_RELATIONS]; /* tables first */
    int relation_count, table_count;
    char indexes[MAX_NAMES][NAME_SIZE], triggers[MAX_NAMES][NAME_SIZE];
    int index_count, trigger_count;
    int versions[2]; /* of the schema that was read */
    bool in_transaction;
    bool broken_view;   /* a view has no columns; those after it are not known */
    bool sequence;      /* there is a table with AUTOINCREMENT */
    bool largest_rowid; /* seen in the statement that runs */
    int ticks;          /* of the progress handler in it */
};

void catalogue_open(struct catalogue *catalogue);
/* Runs a statement, whose parameters are given as SQL literals, and learns what it changed. That it fails is all right. */
enum verdict catalogue_try(struct catalogue *catalogue, const char *sql, const char *const *values, int count);
/* Drops views whose columns SQLite can't tell, true if there were any. How SQLite tells of one depends on what it has done with it
 * before, which is not the same in two programs. */
bool catalogue_drop_broken(struct catalogue *catalogue);
/* As closing and opening does: temporary objects are gone, an open transaction is undone. */
void catalogue_reopen(struct catalogue *catalogue);
void catalogue_close(struct catalogue *catalogue);

#endif
