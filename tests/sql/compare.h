/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one case on both sides. */
#ifndef COMPARE_H
#define COMPARE_H

#include "case_file.h"
#include "setup.h"
#include <stdio.h>

/* Runs a case in a new directory and writes to `out` where the two sides differ. Returns how many places do. */
int compare_case(const struct sql_case *test, const struct setup *setup, const char *directory, FILE *out);

#endif
