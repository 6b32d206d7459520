/* SPDX-License-Identifier: Apache-2.0 */
/* Statements in the engine's own dialect: how to tell them, and how they get $n for SQLite's parameters. */
#ifndef HDB_DIRECT_ENGINE_TEXT_H
#define HDB_DIRECT_ENGINE_TEXT_H

#include "buffer.h"
#include "direct/lexer.h"
#include "error.h"

/* The parameters of a statement. */
typedef struct hdb_sql_parameters {
    int count;        /* largest number by SQLite's rules: how many values the application may bind */
    hdb_slice *names; /* [count]: of number i + 1, as written with its prefix, in the text; {NULL, 0}: no name */
    int sent;         /* how many parameters the engine gets: $1..$sent, no gaps */
    int *sources;     /* [sent]: number by SQLite's rules whose value goes to $i + 1 */
} hdb_sql_parameters;

#define HDB_SQL_PARAMETERS_INIT {0, NULL, 0, NULL}

/* Writes a statement for the engine: ?, ?NNN, :a, @a and $a become $1..$n, comments become spaces, names in backticks
 * get double quotes, the rest stays. Numbers follow SQLite: a name that comes again has the same one, ?NNN says it, ?
 * is the largest so far plus one. As the text is in the engine's dialect, "::" is a cast and not a part of a
 * variable's name, "[" is no quote, and E'..' knows backslashes.
 * HDB_ERROR: a number out of range, or a dollar-quoted string; HDB_NOMEM. `out` is appended to; `parameters` has been
 * initialised, and is the caller's to free in any case. */
int hdb_sql_rewrite_parameters(const char *sql, size_t size, hdb_buffer *out, hdb_sql_parameters *parameters,
                               hdb_error *error);
/* Gives a variable, as written, its number by SQLite's rules, after those that came before it in the text. HDB_ERROR if
 * it is out of range. */
int hdb_sql_parameter_number(hdb_sql_parameters *parameters, hdb_slice variable, int *out, hdb_error *error);
void hdb_sql_parameters_free(hdb_sql_parameters *parameters);

/* Name of the first thing in the statement that only the engine understands (its date functions, casts by "::", vector
 * operators, time travel, branch commands and the like), valid for ever; NULL if there is none. Meant for a statement
 * that SQLite has refused: one that SQLite accepts may look like it, for example with a table called "age". */
const char *hdb_sql_engine_only_hint(const char *sql, size_t size);

#endif
