/* SPDX-License-Identifier: Apache-2.0 */
/* One connection under test, behind the same four functions for plain SQLite and for libheliosdb.
 *
 * Everything that can be seen of a statement is written to a report, one fact a line, in an exact text form: two
 * connections behaved alike if and only if their reports are the same text. */
#ifndef SESSION_H
#define SESSION_H

#include "case_file.h"
#include <stdio.h>

struct session_options {
    const char *path;
    double timeout;     /* seconds */
    const char *dsn;    /* daemon mode; NULL: embedded */
    const char *direct; /* value of the configuration key */
};

struct session_kind {
    const char *name;
    /* NULL if it can't be opened; the report then says why. */
    void *(*open)(const struct session_options *options, FILE *report);
    void (*run)(void *session, const struct case_step *step, FILE *report);
    /* Compares the connection's own store with its replica, where it has one; writes only what differs. */
    void (*verify)(void *session, FILE *report);
    void (*close)(void *session, FILE *report);
};

extern const struct session_kind oracle_kind;  /* plain libsqlite3 */
extern const struct session_kind subject_kind; /* libheliosdb */

#endif
