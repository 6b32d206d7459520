/* SPDX-License-Identifier: Apache-2.0 */
/* Daemon mode's direct lane: a statement that direct/translate.h proves equal is run by the server itself; the table's
 * other rows stay there. Outside transactions only. Whenever a value or an answer does not fit, the statement goes the way
 * of the rows instead. */
#ifndef HDB_DIRECT_LANE_H
#define HDB_DIRECT_LANE_H

#include "statement.h"

typedef struct hdb_direct hdb_direct;

/* Makes a plan for a statement that SQLite has prepared, or notes why there is none. */
int hdb_direct_prepare(hdb_stmt *stmt);
void hdb_direct_free(hdb_direct *direct);
/* The engine's text, NULL if there is no plan; then `why` is the reason, else the rule. */
const char *hdb_direct_text(const hdb_direct *direct, const char **why);

/* What run gives when nothing was done and SQLite has to run the statement. */
enum { HDB_DIRECT_UNFIT = -1 };
/* Runs the plan: HDB_ROW with `result` on the row, HDB_DONE, an error, or HDB_DIRECT_UNFIT. */
int hdb_direct_run(hdb_stmt *stmt);

#endif
