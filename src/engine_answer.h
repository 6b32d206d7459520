/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine answers, as the application is to see it: without the columns that are ours; where an answer is whole rows
 * of one table (`SELECT *`), every value as the application wrote it. */
#ifndef HDB_ENGINE_ANSWER_H
#define HDB_ENGINE_ANSWER_H

#include "link/link.h"
#include "record/table.h"

typedef struct hdb_answer hdb_answer;

/* Takes `rows` over, also when it fails. `sql` is the statement it answers. HDB_NOTSUPPORTED if it has a column that would
 * be shown encoded. */
int hdb_answer_new(hdb_rows *rows, const hdb_schema *schema, const char *sql, hdb_answer **out, hdb_error *error);
void hdb_answer_free(hdb_answer *answer);
int hdb_answer_count(const hdb_answer *answer);
int hdb_answer_columns(const hdb_answer *answer);
const char *hdb_answer_name(const hdb_answer *answer, int column);
/* Borrowed until another row is asked for. */
hdb_value hdb_answer_cell(hdb_answer *answer, int row, int column);

#endif
