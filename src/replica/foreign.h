/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that came into the file without us (a stdlib sqlite3 program, VACUUM), found by comparing it with the record. */
#ifndef HDB_FOREIGN_H
#define HDB_FOREIGN_H

#include "buffer.h"
#include "error.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Compares two databases: `file`, by that name, is right, the main one of `record` is what the engine holds. `keep_format`:
 * page size, auto_vacuum and encoding are not to follow. Counts rows and schema entries
 * that differ and writes a log entry that turns the record into the file; `report` gets the first differences in words.
 * `entry` and `report` may be NULL. */
int hdb_foreign_compare(sqlite3 *file, const char *name, sqlite3 *record, bool keep_format, hdb_buffer *entry, hdb_buffer *report, int64_t *differences,
                        hdb_error *error);

#endif
