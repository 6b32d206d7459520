/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's own tables, as any PostgreSQL client sees them, beside what plain SQLite holds.
 *
 * Both functions write the same text if and only if every ordinary table of `plain` is in the engine as the design
 * promises: native columns of the types that follow from the declared ones, a value in its native column where its
 * storage class is the column's, and beside a NULL in "_hdb_odd" where it is not. The rules are written here a second
 * time, independently of src/record. */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include <sqlite3.h>
#include <stdio.h>

void engine_view_expect(sqlite3 *plain, FILE *report);
void engine_view_read(sqlite3 *plain, const char *dsn, FILE *report);

#endif
