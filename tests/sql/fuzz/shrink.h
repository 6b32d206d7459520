/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_SHRINK_H
#define FUZZ_SHRINK_H

#include "../compare.h"
#include <stdbool.h>

/* Runs a case in a process and a directory of its own. True if it differs, or does not end well; what differs is then
 * written to `out` unless that is NULL. */
bool case_differs(const struct sql_case *test, const struct setup *setup, FILE *out);

/* Takes away statements, then rows and words of statements, as long as the two sides still differ. The case is changed;
 * it differs, too, if it did before. Ends after so many seconds with what it has by then. */
void shrink_case(struct sql_case *test, const struct setup *setup, int seconds);

#endif
