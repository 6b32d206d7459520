/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one case on both sides. */
#ifndef COMPARE_H
#define COMPARE_H

#include "case_file.h"
#include "setup.h"
#include <stdbool.h>
#include <stdio.h>

/* Runs a case in a directory that is new, or whose database is empty, and writes to `out` where the two sides differ. Returns how many places do. */
int compare_case(const struct sql_case *test, const struct setup *setup, const char *directory, FILE *out);

/* Whether plain SQLite answers a case otherwise if it has read the schema as soon as that has changed, and not only when a
 * statement needs it. */
bool compare_readings(const struct sql_case *test, const struct setup *setup, const char *directory);

/* Compares a plain SQLite file with our database, whatever is open in neither: as our connection finds it, the engine's
 * own tables, and then the replica file, if there is one, as plain SQLite reads it. Returns how many places differ. */
int compare_databases(const char *plain_path, const char *path, const struct setup *setup, FILE *out);

#endif
