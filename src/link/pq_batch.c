/* SPDX-License-Identifier: Apache-2.0 */
/* Several statements in one round trip, in units that the server ends by themselves. All of them are prepared then: else they
 * go one by one, which prepares them. */
#include "link/pq_internal.h"

#define SKIPPED "a statement before it failed"

/* The statement that an errand is prepared as, with its values in link->params; NULL if it is not ready to be sent. */
static pq_statement *find(hdb_link *link, const hdb_errand *errand, int *rc, hdb_error *error) {
    pq_statement *statement = NULL;

    *rc = pq_params_set(link, errand->params, errand->count, error);
    if (*rc == HDB_OK)
        statement = pq_statement_find(link, errand->sql, errand->count);
    return statement != NULL && statement->described && !statement->untyped ? statement : NULL;
}

static int send_all(hdb_link *link, const hdb_errand *errands, int count, hdb_error *error) {
    int rc = HDB_OK;

    for (int i = 0; i < count; i++) {
        const pq_statement *statement = errands[i].prepared;
        rc = pq_params_set(link, errands[i].params, errands[i].count, error);
        if (rc == HDB_OK)
            rc = pq_send_prepared(link, statement, pq_wants_binary(link, statement, HDB_ROWS_NATIVE, false), error);
        if (rc == HDB_OK && errands[i].ends && !PQpipelineSync(link->conn))
            rc = pq_lost(link, error);
        if (rc != HDB_OK)
            return rc;
    }
    return HDB_OK;
}

static void fail(hdb_errand *errand, const char *state, const char *message) {
    if (errand->rc == HDB_OK)
        errand->rc = hdb_error_set(&errand->error, HDB_ERROR, state, "%s", message);
}

/* Notes one result of an errand, which it takes over. */
static void take(hdb_link *link, hdb_errand *errand, PGresult *result) {
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (errand->rows != NULL)
            fail(errand, NULL, "the server answered a statement twice");
        else if (PQnfields(result) > 0 && PQfformat(result, 0) == 1 && !pq_columns_are_binary(result))
            fail(errand, "22P03", "the server sent a value in another form than it was asked for");
        else
            errand->rc = pq_rows_new(result, HDB_ROWS_NATIVE, &errand->rows, &errand->error), result = NULL;
        break;
    case PGRES_PIPELINE_ABORTED:
        fail(errand, NULL, SKIPPED);
        break;
    default:
        if (errand->rc == HDB_OK)
            errand->rc = pq_from_result(link, result, errand->sql, &errand->error);
    }
    PQclear(result);
}

/* The mark of a unit's end. */
static int take_mark(hdb_link *link, hdb_error *error) {
    PGresult *result;
    int rc = pq_wait_result(link, error);

    if (rc != HDB_OK)
        return rc;
    result = PQgetResult(link->conn);
    if (PQresultStatus(result) != PGRES_PIPELINE_SYNC)
        rc = pq_lost(link, error);
    PQclear(result);
    return rc;
}

static int collect(hdb_link *link, hdb_errand *errand, hdb_error *error) {
    PGresult *result;
    int rc;

    while ((rc = pq_wait_result(link, error)) == HDB_OK && (result = PQgetResult(link->conn)) != NULL) {
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) { /* before its time: libpq had no memory to tell of a result */
            PQclear(result);
            return pq_lost(link, error);
        }
        take(link, errand, result);
        if (link->conn == NULL)
            return hdb_error_move(error, &errand->error);
    }
    return rc == HDB_OK && errand->ends ? take_mark(link, error) : rc;
}

int hdb_errands_first_error(hdb_errand *errands, int count, hdb_error *error) {
    for (int i = 0; i < count; i++)
        if (errands[i].rc != HDB_OK)
            return hdb_error_move(error, &errands[i].error);
    return HDB_OK;
}

void hdb_errands_clear(hdb_errand *errands, int count) {
    for (int i = 0; i < count; i++) {
        hdb_rows_free(errands[i].rows);
        errands[i].rows = NULL;
        hdb_error_clear(&errands[i].error);
    }
}

/* One after the other, which prepares them. */
static int run_in_turn(hdb_link *link, hdb_errand *errands, int count, hdb_error *error) {
    bool failed = false;

    for (int i = 0; i < count; i++) {
        hdb_errand *errand = &errands[i];
        if (failed)
            fail(errand, NULL, SKIPPED);
        else
            errand->rc = hdb_link_query(link, errand->sql, errand->params, errand->count, HDB_ROWS_NATIVE, &errand->rows,
                                        &errand->error);
        if (!hdb_link_is_alive(link))
            return hdb_error_move(error, &errand->error);
        failed = errand->rc != HDB_OK && !errand->ends;
    }
    return HDB_OK;
}

/* A statement that the server no longer takes is prepared anew next time. */
static int forget_stale(hdb_link *link, const hdb_errand *errands, int count, hdb_error *error) {
    int rc = HDB_OK;

    for (int i = 0; i < count && rc == HDB_OK; i++) {
        pq_statement *statement = pq_is_stale(&errands[i].error) ? find(link, &errands[i], &rc, error) : NULL;
        if (statement == NULL)
            continue;
        pq_statement_remove(link, statement);
        pq_statement_free(statement);
    }
    return rc;
}

/* Has libpq give whole results again, by a unit with nothing in it. */
static int end_single_rows(hdb_link *link, hdb_error *error) {
    return PQpipelineSync(link->conn) ? HDB_OK : pq_lost(link, error);
}

static int run_together(hdb_link *link, hdb_errand *errands, int count, hdb_error *error) {
    bool streamed = link->streamed;
    int rc = PQenterPipelineMode(link->conn) ? HDB_OK : pq_lost(link, error);

    link->streamed = false;
    if (rc == HDB_OK && streamed)
        rc = end_single_rows(link, error);
    if (rc == HDB_OK)
        rc = send_all(link, errands, count, error);
    if (rc == HDB_OK && streamed)
        rc = take_mark(link, error);
    for (int i = 0; i < count && rc == HDB_OK; i++)
        rc = collect(link, &errands[i], error);
    if (rc == HDB_OK && !PQexitPipelineMode(link->conn))
        rc = pq_lost(link, error);
    return rc == HDB_OK ? forget_stale(link, errands, count, error) : rc;
}

int hdb_link_batch(hdb_link *link, hdb_errand *errands, int count, hdb_error *error) {
    int rc = pq_check_idle(link, error);
    bool ready = rc == HDB_OK && PQtransactionStatus(link->conn) == PQTRANS_IDLE;

    for (int i = 0; i < count; i++) {
        errands[i].rows = NULL;
        errands[i].rc = HDB_OK;
        errands[i].error = (hdb_error)HDB_ERROR_INIT;
    }
    for (int i = 0; i < count && ready && rc == HDB_OK; i++)
        ready = (errands[i].prepared = find(link, &errands[i], &rc, error)) != NULL;
    if (rc == HDB_OK)
        rc = ready ? run_together(link, errands, count, error) : run_in_turn(link, errands, count, error);
    if (rc != HDB_OK)
        hdb_errands_clear(errands, count);
    return rc;
}
