/* SPDX-License-Identifier: Apache-2.0 */
/* Many statements on their way at once. Answers are taken while statements are still sent, so neither side ever waits
 * for the other with both socket buffers full. */
#include "link/pq_internal.h"

#include <stdlib.h>
#include <string.h>

/* How much is handed to libpq before the socket is looked at. */
enum { UNFLUSHED_MAX = 64 * 1024, UNREAD_MAX = 256 };

static void drop(pq_pending *pending) {
    if (pending->prepares != NULL && !pq_statement_is_cached(pending->prepares))
        pq_statement_free(pending->prepares);
    pending->prepares = NULL;
}

static void free_refused(pq_pipeline *pipeline) {
    while (pipeline->refused != NULL) {
        pq_statement *next = pipeline->refused->next;
        pq_statement_free(pipeline->refused);
        pipeline->refused = next;
    }
}

void pq_pipeline_free(hdb_link *link) {
    pq_pipeline *pipeline = &link->pipeline;

    for (size_t i = pipeline->head; i < pipeline->tail; i++)
        drop(&pipeline->queue[i]);
    free_refused(pipeline);
    free(pipeline->queue);
    hdb_error_clear(&pipeline->error);
    *pipeline = (pq_pipeline){.failed = -1, .error = HDB_ERROR_INIT};
}

static bool reserve(pq_pipeline *pipeline, size_t more) {
    size_t capacity = pipeline->capacity ? pipeline->capacity : 256;
    pq_pending *queue;

    if (pipeline->head > 0 && pipeline->tail + more > pipeline->capacity) {
        memmove(pipeline->queue, pipeline->queue + pipeline->head,
                (pipeline->tail - pipeline->head) * sizeof *pipeline->queue);
        pipeline->tail -= pipeline->head;
        pipeline->head = 0;
    }
    if (pipeline->tail + more <= pipeline->capacity)
        return true;
    while (capacity < pipeline->tail + more)
        capacity *= 2;
    queue = realloc(pipeline->queue, capacity * sizeof *queue);
    if (queue == NULL)
        return false;
    pipeline->queue = queue;
    pipeline->capacity = capacity;
    return true;
}

/* A prepare that failed, or was skipped after a failure, leaves nothing in the server. */
static void refuse(hdb_link *link, pq_pending *pending) {
    pq_statement *statement = pending->prepares;

    if (statement == NULL || !pq_statement_is_cached(statement))
        return;
    pq_statement_remove(link, statement);
    statement->next = link->pipeline.refused;
    link->pipeline.refused = statement;
    pending->prepares = NULL;
}

/* Accounts for one result, or for the NULL that ends the results of one command. */
static void take(hdb_link *link, PGresult *result) {
    pq_pipeline *pipeline = &link->pipeline;
    pq_pending *pending = &pipeline->queue[pipeline->head];

    if (result == NULL) {
        drop(pending);
        pipeline->head++;
        return;
    }
    switch (PQresultStatus(result)) {
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE:
        if (pipeline->failed < 0) {
            pipeline->failed = pending->index;
            pq_from_result(link, result, NULL, &pipeline->error);
        }
        refuse(link, pending);
        break;
    case PGRES_PIPELINE_ABORTED:
        refuse(link, pending);
        break;
    default:
        break;
    }
    PQclear(result);
}

/* Takes the results that have arrived. */
static void take_arrived(hdb_link *link) {
    pq_pipeline *pipeline = &link->pipeline;

    while (link->conn != NULL && pipeline->head < pipeline->tail && !PQisBusy(link->conn))
        take(link, PQgetResult(link->conn));
}

static int relieve(hdb_link *link, hdb_error *error) {
    int rc = pq_wait_flush(link, error);

    link->pipeline.unflushed = 0;
    if (rc == HDB_OK && !PQconsumeInput(link->conn))
        rc = pq_lost(link, error);
    if (rc == HDB_OK)
        take_arrived(link);
    if (rc == HDB_OK && link->conn == NULL)
        rc = hdb_error_move(error, &link->pipeline.error);
    return rc;
}

/* In a pipeline the prepare is not waited for. */
static int prepare(hdb_link *link, const char *sql, int count, pq_statement **out, hdb_error *error) {
    pq_pipeline *pipeline = &link->pipeline;
    pq_statement *statement = pq_statement_find(link, sql, count);

    if (statement == NULL) {
        statement = pq_statement_new(link, sql, count);
        if (statement == NULL)
            return hdb_error_nomem(error);
        if (!PQsendPrepare(link->conn, statement->name, sql, count, link->params.types)) {
            pq_statement_remove(link, statement);
            pq_statement_free(statement);
            return pq_lost(link, error);
        }
        pipeline->queue[pipeline->tail++] = (pq_pending){statement, pipeline->sent};
        pipeline->unflushed += strlen(sql);
    }
    *out = statement;
    return HDB_OK;
}

int hdb_link_send(hdb_link *link, const char *sql, const hdb_value *values, int count, hdb_error *error) {
    pq_pipeline *pipeline = &link->pipeline;
    pq_params *params = &link->params;
    pq_statement *statement = NULL;
    int rc;

    if (!pipeline->open) {
        if ((rc = pq_check_idle(link, error)) != HDB_OK)
            return rc;
        if (!PQenterPipelineMode(link->conn))
            return pq_lost(link, error);
        pipeline->open = true;
    } else if (link->conn == NULL) {
        return hdb_error_set(error, HDB_IOERR, "08003", "the session with the engine is lost");
    } else if (pipeline->marked) {
        return hdb_error_set(error, HDB_MISUSE, NULL, "what was sent before has not been waited for");
    }
    if ((rc = pq_params_set(link, values, count, error)) != HDB_OK)
        return rc;
    if (!reserve(pipeline, 2))
        return hdb_error_nomem(error);
    if ((rc = prepare(link, sql, count, &statement, error)) != HDB_OK)
        return rc;
    if (statement->untyped && (rc = pq_params_untype(link, values, count, error)) != HDB_OK)
        return rc;
    if (!PQsendQueryPrepared(link->conn, statement->name, count, params->values, params->lengths, params->formats, 1))
        return pq_lost(link, error);
    pipeline->queue[pipeline->tail++] = (pq_pending){NULL, pipeline->sent++};
    for (int i = 0; i < count; i++)
        pipeline->unflushed += (size_t)params->lengths[i] + 8;
    pipeline->unflushed += 64;
    if (pipeline->unflushed > UNFLUSHED_MAX || pipeline->sent % UNREAD_MAX == 0)
        return relieve(link, error);
    return HDB_OK;
}

/* Waits for every result up to the mark of PQpipelineSync(). */
static int drain(hdb_link *link, hdb_error *error) {
    PGresult *result;
    int rc;

    while ((rc = pq_wait_result(link, error)) == HDB_OK) {
        result = PQgetResult(link->conn);
        if (result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return HDB_OK;
        }
        /* Nothing else may come before the mark: libpq had no memory to tell of it, and it will not come again. */
        if (link->pipeline.head >= link->pipeline.tail) {
            PQclear(result);
            return pq_lost(link, error);
        }
        take(link, result);
        if (link->conn == NULL)
            return hdb_error_move(error, &link->pipeline.error);
    }
    return rc;
}

int hdb_link_sync(hdb_link *link, int *failed, hdb_error *error) {
    pq_pipeline *pipeline = &link->pipeline;
    int rc = HDB_OK;

    if (failed != NULL)
        *failed = -1;
    if (!pipeline->open)
        return HDB_OK;
    if (link->conn == NULL)
        rc = hdb_error_set(error, HDB_IOERR, "08003", "the session with the engine is lost");
    else if (!pipeline->marked && !PQpipelineSync(link->conn))
        rc = pq_lost(link, error);
    if (rc == HDB_OK)
        rc = drain(link, error);
    if (rc == HDB_OK && !PQexitPipelineMode(link->conn))
        rc = pq_lost(link, error);
    if (failed != NULL)
        *failed = pipeline->failed;
    if (rc == HDB_OK && pipeline->failed >= 0)
        rc = hdb_error_move(error, &pipeline->error);
    pq_pipeline_free(link);
    return rc;
}

int hdb_link_mark(hdb_link *link, hdb_error *error) {
    pq_pipeline *pipeline = &link->pipeline;

    if (!pipeline->open || pipeline->marked)
        return HDB_OK;
    if (link->conn == NULL)
        return hdb_error_set(error, HDB_IOERR, "08003", "the session with the engine is lost");
    if (!PQpipelineSync(link->conn))
        return pq_lost(link, error);
    pipeline->marked = true;
    return pq_wait_flush(link, error);
}

bool hdb_link_is_answered(hdb_link *link) {
    pq_pipeline *pipeline = &link->pipeline;
    bool lost;

    if (!pipeline->open || link->conn == NULL || !PQconsumeInput(link->conn))
        return true; /* the sync tells of the error */
    take_arrived(link);
    if (link->conn == NULL || pipeline->head < pipeline->tail)
        return link->conn == NULL;
    if (pq_is_busy(link, &lost) && lost)
        pq_lost(link, &pipeline->error);
    return link->conn == NULL || !PQisBusy(link->conn);
}
