/* SPDX-License-Identifier: Apache-2.0 */
/* Applies many rows of one table (docs/decisions/0009-many-rows.md). */
#ifndef HDB_MANY_H
#define HDB_MANY_H

#include "error.h"
#include "link/link.h"
#include "record/entry.h"

/* Applies all rows of the reader's current table, and returns when the engine has answered for all of them. `*done` is false
 * if no more than `few` of them are to be put, and the engine may have some: nothing is sent then. */
int hdb_apply_many(hdb_link *link, hdb_entry_reader *reader, int few, bool *done, hdb_error *error);

#endif
