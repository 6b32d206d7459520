/* SPDX-License-Identifier: Apache-2.0 */
/* One connection under test, behind the same functions for plain SQLite and for libheliosdb.
 *
 * Everything that can be seen of a statement is written to a report, one fact a line, in an exact text form: two
 * connections behaved alike if and only if their reports are the same text. */
#ifndef SESSION_H
#define SESSION_H

#include "case_file.h"
#include "setup.h"
#include <stdio.h>

struct session_options {
    const char *path;
    double timeout; /* seconds */
    const struct setup *setup;
};

struct session_kind {
    /* NULL if it can't be opened; the report then says why. */
    void *(*open)(const struct session_options *options, FILE *report);
    void (*run)(void *session, const struct case_step *step, FILE *report);
    void (*close)(void *session, FILE *report);
};

extern const struct session_kind oracle_kind;  /* plain libsqlite3 */
extern const struct session_kind reading_kind; /* the same, reading the schema as soon as it may have changed */
extern const struct session_kind subject_kind; /* libheliosdb */

#endif
