/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files of test cases; README.md describes the format. */
#ifndef CASE_FILE_H
#define CASE_FILE_H

#include "feature_list.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CASE_CONNECTIONS = 3 };

/* A parameter of one statement. */
struct case_value {
    int type; /* SQLITE_INTEGER and so on */
    int64_t integer;
    double real;
    char *bytes; /* text or blob */
    size_t size;
};

enum case_step_kind { STEP_SQL, STEP_REOPEN, STEP_REBUILD };

struct case_step {
    enum case_step_kind kind;
    int line;
    int connection; /* from 0 */
    /* Our side must refuse it by name, in set-ups whose name begins so; the other side does not run it then. */
    const struct feature *refused;
    char *refused_setup;
    char *sql;
    struct case_value *values;
    size_t value_count;
};

struct case_skip {
    char *setup; /* beginning of the names of the set-ups that skip it */
    const struct feature *feature;
    char *reason;
};

struct sql_case {
    char *file; /* without directory and ".test" */
    char *name;
    int line;
    double timeout; /* seconds that a locked database is waited for */
    struct case_step *steps;
    size_t step_count;
    struct case_skip *skips;
    size_t skip_count;
};

struct case_list {
    struct sql_case *cases;
    size_t count;   /* cases to run; a runner may lower it */
    size_t owned;   /* all that were read, to be freed */
};

/* Adds the cases of a file, which refer to `features`. Tells what is wrong on stderr and returns false if the file
 * can't be read or parsed. */
bool case_list_read(struct case_list *list, const struct feature_list *features, const char *path);
/* The same for cases in memory; `name` stands for the file. The text is changed. */
bool case_list_parse(struct case_list *list, const struct feature_list *features, const char *name, char *text);
/* Writes a case as a file has it. */
void case_write(const struct sql_case *test, FILE *out);
void case_list_free(struct case_list *list);
/* Why a case is not run in a set-up, NULL if it is. */
const struct case_skip *case_skip_in(const struct sql_case *test, const char *setup);
/* What must refuse a step in a set-up; NULL: nothing. */
const struct feature *case_refusal_in(const struct case_step *step, const char *setup);
/* Whether a case uses several connections, or closes them and goes on. */
bool case_needs_file(const struct sql_case *test);

#endif
