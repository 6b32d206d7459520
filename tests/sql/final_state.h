/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that show everything a database holds. */
#ifndef FINAL_STATE_H
#define FINAL_STATE_H

#include "case_file.h"

/* Writes the statements for the plain SQLite file into `out`, to be freed with final_state_free(). They show every
 * table with its rowids or in key order, every view, the schema, its order, and the special values. */
size_t final_state_statements(const char *path, struct case_step **out);
void final_state_free(struct case_step *steps, size_t count);

#endif
