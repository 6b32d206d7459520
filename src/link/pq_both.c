/* SPDX-License-Identifier: Apache-2.0 */
/* Two queries in one round trip. Only the way that goes well is that: if one of them fails, both are asked again, one after the
 * other, as they change nothing. */
#include "link/pq_internal.h"

static int ask_in_turn(hdb_link *link, hdb_question *const questions[2], hdb_error *error) {
    int rc = HDB_OK;

    for (int i = 0; i < 2 && rc == HDB_OK; i++)
        rc = hdb_link_query(link, questions[i]->sql, questions[i]->params, questions[i]->count, HDB_ROWS_NATIVE,
                            &questions[i]->rows, error);
    if (rc != HDB_OK) {
        hdb_rows_free(questions[0]->rows);
        questions[0]->rows = NULL;
    }
    return rc;
}

int hdb_link_query_both(hdb_link *link, hdb_question *first, hdb_question *second, hdb_error *error) {
    hdb_question *const questions[2] = {first, second};
    hdb_errand errands[2] = {
        {.sql = first->sql, .params = first->params, .count = first->count},
        {.sql = second->sql, .params = second->params, .count = second->count, .ends = true},
    };
    int rc = hdb_link_batch(link, errands, 2, error);

    first->rows = second->rows = NULL;
    if (rc != HDB_OK)
        return rc;
    if (errands[0].rc != HDB_OK || errands[1].rc != HDB_OK) {
        hdb_errands_clear(errands, 2);
        return ask_in_turn(link, questions, error);
    }
    first->rows = errands[0].rows;
    second->rows = errands[1].rows;
    return HDB_OK;
}
