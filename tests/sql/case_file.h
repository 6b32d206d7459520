/* SPDX-License-Identifier: Apache-2.0 */
/* Reads files of test cases; README.md describes the format. */
#ifndef CASE_FILE_H
#define CASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    bool refused;   /* our side must refuse it by name; the other side does not run it */
    char *sql;
    struct case_value *values;
    size_t value_count;
};

struct case_skip {
    char *setup; /* beginning of the names of the set-ups that skip it */
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

/* Adds the cases of a file. Tells what is wrong on stderr and returns false if the file can't be read or parsed. */
bool case_list_read(struct case_list *list, const char *path);
void case_list_free(struct case_list *list);
/* Why a case is not run in a set-up, NULL if it is. */
const char *case_skip_reason(const struct sql_case *test, const char *setup);

#endif
