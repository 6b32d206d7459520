/* SPDX-License-Identifier: Apache-2.0 */
/* Two queries in one round trip. Only the way that goes well is gone here: whatever else happens, both are asked again, one
 * after the other, as they change nothing. */
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

/* The statement that a question is prepared as, with its values in link->params; NULL if it is not ready to be sent. */
static pq_statement *find(hdb_link *link, const hdb_question *question, int *rc, hdb_error *error) {
    pq_statement *statement = NULL;

    *rc = pq_params_set(link, question->params, question->count, error);
    if (*rc == HDB_OK)
        statement = pq_statement_find(link, question->sql, question->count);
    return statement != NULL && statement->described && statement->rows && !statement->untyped ? statement : NULL;
}

static int send_both(hdb_link *link, hdb_question *const questions[2], hdb_error *error) {
    int rc = HDB_OK;

    for (int i = 0; i < 2; i++) {
        const pq_statement *statement = find(link, questions[i], &rc, error);
        if (rc == HDB_OK && statement != NULL) /* it was there a moment ago */
            rc = pq_send_statement(link, statement, pq_wants_binary(link, statement, HDB_ROWS_NATIVE, false), error);
        if (rc != HDB_OK)
            return rc;
    }
    return PQpipelineSync(link->conn) ? HDB_OK : pq_lost(link, error);
}

/* Takes what has come up to and with the mark of the end. */
static int collect(hdb_link *link, PGresult *out[2], bool *good, hdb_error *error) {
    PGresult *result;
    int rc = HDB_OK;

    for (int i = 0; i < 2 && rc == HDB_OK; i++)
        while ((rc = pq_wait_result(link, error)) == HDB_OK && (result = PQgetResult(link->conn)) != NULL) {
            bool is_mark = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
            bool is_rows = PQresultStatus(result) == PGRES_TUPLES_OK && out[i] == NULL;
            *good = *good && is_rows && (PQfformat(result, 0) == 0 || pq_columns_are_binary(result));
            if (is_rows)
                out[i] = result;
            else
                PQclear(result);
            if (is_mark) /* before its time: libpq had no memory to tell of a result */
                return pq_lost(link, error);
        }
    if (rc == HDB_OK && (rc = pq_wait_result(link, error)) == HDB_OK) {
        result = PQgetResult(link->conn);
        if (result == NULL || PQresultStatus(result) != PGRES_PIPELINE_SYNC)
            rc = pq_lost(link, error);
        PQclear(result);
    }
    if (rc == HDB_OK && !PQexitPipelineMode(link->conn))
        rc = pq_lost(link, error);
    return rc;
}

int hdb_link_query_both(hdb_link *link, hdb_question *first, hdb_question *second, hdb_error *error) {
    hdb_question *const questions[2] = {first, second};
    PGresult *results[2] = {NULL, NULL};
    bool ready = true, good = true;
    int rc = pq_check_idle(link, error);

    first->rows = second->rows = NULL;
    if (rc != HDB_OK)
        return rc;
    ready = PQtransactionStatus(link->conn) == PQTRANS_IDLE && !link->streamed;
    for (int i = 0; i < 2 && ready && rc == HDB_OK; i++)
        ready = find(link, questions[i], &rc, error) != NULL;
    if (rc != HDB_OK)
        return rc;
    if (!ready)
        return ask_in_turn(link, questions, error);
    if (!PQenterPipelineMode(link->conn))
        return pq_lost(link, error);
    rc = send_both(link, questions, error);
    if (rc == HDB_OK)
        rc = collect(link, results, &good, error);
    good = good && results[0] != NULL && results[1] != NULL;
    for (int i = 0; i < 2; i++) {
        if (rc == HDB_OK && good)
            rc = pq_rows_new(results[i], HDB_ROWS_NATIVE, &questions[i]->rows, error);
        else
            PQclear(results[i]);
    }
    if (rc != HDB_OK) {
        hdb_rows_free(first->rows);
        first->rows = NULL;
    }
    return rc == HDB_OK && !good ? ask_in_turn(link, questions, error) : rc;
}
