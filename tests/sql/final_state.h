/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that show everything a database holds. */
#ifndef FINAL_STATE_H
#define FINAL_STATE_H

#include "case_file.h"
#include <sqlite3.h>

/* Writes the statements for a plain SQLite database into `out`, to be freed with final_state_free(). They show every
 * table with its rowids or in key order, every view, the schema, its order, every index, and the special values. */
size_t final_state_statements(sqlite3 *plain, struct case_step **out);
void final_state_free(struct case_step *steps, size_t count);

#endif
