/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one case on both sides. */
#ifndef COMPARE_H
#define COMPARE_H

#include "case_file.h"
#include <stdio.h>

struct setup {
    const char *name;   /* "embedded", "daemon-heliosdb" or "daemon-postgresql" */
    const char *dsn;    /* NULL: embedded */
    const char *direct; /* "auto" or "off" */
};

/* Runs a case in a new directory and writes to `out` where the two sides differ. Returns how many places do. */
int compare_case(const struct sql_case *test, const struct setup *setup, const char *directory, FILE *out);

#endif
