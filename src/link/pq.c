/* SPDX-License-Identifier: Apache-2.0 */
/* Statements one at a time: scripts, prepared statements, their rows fetched or streamed. */
#include "link/pq_internal.h"

#include <stdlib.h>
#include <string.h>

int pq_run_simple(hdb_link *link, const char *sql, PGresult **out, hdb_error *error) {
    if (!PQsendQuery(link->conn, sql))
        return pq_lost(link, error);
    return pq_collect(link, sql, out, error);
}

int hdb_link_script(hdb_link *link, const char *sql, hdb_error *error) {
    int rc = pq_check_idle(link, error);

    return rc == HDB_OK ? pq_run_simple(link, sql, NULL, error) : rc;
}

static int describe(hdb_link *link, pq_statement *statement, hdb_error *error) {
    PGresult *result = NULL;
    int rc;

    if (!PQsendDescribePrepared(link->conn, statement->name))
        return pq_lost(link, error);
    rc = pq_collect(link, statement->sql, &result, error);
    if (rc == HDB_OK && result != NULL)
        pq_statement_described(statement, result);
    PQclear(result);
    return rc;
}

/* The columns of a statement, without running it. */
static int ask_columns(hdb_link *link, const pq_statement *statement, PGresult **out, hdb_error *error) {
    return PQsendDescribePrepared(link->conn, statement->name) ? pq_collect(link, statement->sql, out, error)
                                                               : pq_lost(link, error);
}

static void forget(hdb_link *link, pq_statement *statement) {
    pq_statement_remove(link, statement);
    pq_statement_free(statement);
}

/* Prepares the text for link->params as they are. */
static int prepare_new(hdb_link *link, const char *sql, int count, bool untyped, pq_statement **out, hdb_error *error) {
    pq_statement *statement = pq_statement_new(link, sql, count);
    int rc;

    if (statement == NULL)
        return hdb_error_nomem(error);
    statement->untyped = untyped;
    rc = PQsendPrepare(link->conn, statement->name, sql, count, statement->types)
             ? pq_collect(link, sql, NULL, error)
             : pq_lost(link, error);
    if (rc == HDB_OK)
        *out = statement;
    else
        forget(link, statement);
    return rc;
}

/* The types of SQLite's values are not those a strict server has in mind (a text for a timestamp, a 64-bit integer for
 * substr()). Then it may choose itself. A statement that can't be prepared has done nothing, but inside a transaction
 * it has ended that. */
static int prepare_loosely(hdb_link *link, int refused, const char *sql, const hdb_value *values, int count,
                           pq_statement **out, hdb_error *error) {
    static const char *const states[] = {"42804", "42883", "42725"};
    bool retype = false, idle = link->conn != NULL && PQtransactionStatus(link->conn) == PQTRANS_IDLE;
    hdb_error second = HDB_ERROR_INIT;
    int rc;

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        retype = retype || strcmp(error->sqlstate, states[i]) == 0;
    if (count == 0 || !idle || !(retype || strcmp(error->sqlstate, "42P18") == 0))
        return refused;
    if (!retype)
        pq_params_name_nulls(link, count);
    else if ((rc = pq_params_untype(link, values, count, error)) != HDB_OK)
        return rc;
    rc = prepare_new(link, sql, count, retype, out, &second);
    if (rc == HDB_OK || link->conn == NULL) {
        hdb_error_move(error, &second);
        return rc;
    }
    hdb_error_clear(&second); /* the first error is the one that is about what was asked */
    return refused;
}

/* Finds the text prepared for link->params, or prepares it. Who gets an unnamed statement frees it. */
static int prepare(hdb_link *link, const char *sql, const hdb_value *values, int count, pq_statement **out,
                   hdb_error *error) {
    pq_statement *statement = pq_statement_find(link, sql, count);
    int rc = HDB_OK;

    if (statement == NULL) {
        rc = prepare_new(link, sql, count, false, &statement, error);
        if (rc != HDB_OK)
            rc = prepare_loosely(link, rc, sql, values, count, &statement, error);
    } else if (statement->untyped) {
        rc = pq_params_untype(link, values, count, error);
    }
    if (rc != HDB_OK)
        return rc;
    if (!statement->described && (rc = describe(link, statement, error)) != HDB_OK)
        forget(link, statement);
    *out = statement;
    return rc;
}

int pq_send_prepared(hdb_link *link, const pq_statement *statement, bool binary, hdb_error *error) {
    const pq_params *params = &link->params;

    return PQsendQueryPrepared(link->conn, statement->name, statement->count, params->values, params->lengths,
                               params->formats, binary)
               ? HDB_OK
               : pq_lost(link, error);
}

/* HeliosDB describes a prepared statement's rows as they were when it was prepared, whatever has happened to the table
 * since, and then sends others: there, what gives rows is parsed anew each time, in the same round trip. */
static int send_statement(hdb_link *link, const pq_statement *statement, bool binary, hdb_error *error) {
    const pq_params *params = &link->params;

    if (link->peer != HDB_PEER_HELIOSDB || !statement->rows)
        return pq_send_prepared(link, statement, binary, error);
    return PQsendQueryParams(link->conn, statement->sql, statement->count, statement->types, params->values, params->lengths,
                             params->formats, binary)
               ? HDB_OK
               : pq_lost(link, error);
}

/* HeliosDB takes the type of an expression for text now and then, and fails when it has to send a number as that, after
 * having run the statement. Text results are right always, so binary ones are for what is read from tables. */
bool pq_wants_binary(const hdb_link *link, const pq_statement *statement, enum hdb_row_format format, bool stream) {
    if (format != HDB_ROWS_NATIVE || !statement->binary)
        return false;
    return link->peer == HDB_PEER_POSTGRESQL ||
           ((stream || statement->bytea) && pq_kind_of(statement->sql) == PQ_READS);
}

/* The answer, or the lack of one, is a matter of formats: asking again in text will do. */
static bool is_unreadable(const hdb_error *error, int rc, const PGresult *result) {
    return rc == HDB_OK ? result != NULL && PQnfields(result) > 0 && !pq_columns_are_binary(result)
                        : strcmp(error->sqlstate, "22P03") == 0;
}

static int run(hdb_link *link, const pq_statement *statement, bool binary, PGresult **out, hdb_error *error) {
    int rc = send_statement(link, statement, binary, error);

    if (rc == HDB_OK)
        rc = pq_collect(link, statement->sql, out, error);
    if (binary && link->conn != NULL && link->peer == HDB_PEER_HELIOSDB && is_unreadable(error, rc, *out)) {
        PQclear(*out);
        *out = NULL;
        hdb_error_clear(error);
        rc = run(link, statement, false, out, error);
    }
    return rc;
}

bool pq_is_stale(const hdb_error *error) {
    return strcmp(error->sqlstate, "26000") == 0 ||
           (strcmp(error->sqlstate, "0A000") == 0 && strstr(hdb_error_message(error), "cached plan") != NULL);
}

static int query(hdb_link *link, const char *sql, const hdb_value *values, int count, enum hdb_row_format format,
                 PGresult **out, hdb_error *error) {
    bool retry = PQtransactionStatus(link->conn) == PQTRANS_IDLE, stale;
    pq_statement *statement = NULL;
    int rc;

    for (;; retry = false) {
        if ((rc = prepare(link, sql, values, count, &statement, error)) != HDB_OK)
            return rc;
        rc = format == HDB_ROWS_NONE ? ask_columns(link, statement, out, error)
                                     : run(link, statement, pq_wants_binary(link, statement, format, false), out, error);
        stale = rc != HDB_OK && pq_is_stale(error);
        if (stale || !pq_statement_is_cached(statement))
            forget(link, statement);
        if (!stale || !retry || link->conn == NULL)
            return rc;
    }
}

int hdb_link_query(hdb_link *link, const char *sql, const hdb_value *values, int count, enum hdb_row_format format,
                   hdb_rows **out, hdb_error *error) {
    PGresult *result = NULL;
    int rc;

    if (out != NULL)
        *out = NULL;
    if ((rc = pq_check_idle(link, error)) != HDB_OK || (rc = pq_params_set(link, values, count, error)) != HDB_OK)
        return rc;
    /* SHOW, EXPLAIN and the like give rows on HeliosDB only by the simple protocol, and the rest gains nothing by being
     * prepared. */
    if (count == 0 && pq_kind_of(sql) == PQ_OTHER && format != HDB_ROWS_NONE)
        rc = pq_run_simple(link, sql, &result, error);
    else
        rc = query(link, sql, values, count, format, &result, error);
    if (rc == HDB_OK && out != NULL)
        return pq_rows_new(result, format, out, error);
    PQclear(result);
    return rc;
}

/* --- streams --- */

typedef struct stream {
    enum hdb_row_format format;
    hdb_row_callback callback;
    void *context;
    hdb_value *cells;
    pq_column *kinds; /* as many */
    int columns;
    int64_t rows; /* handed out */
    bool decodes; /* bytea comes as text */
} stream;

/* The rows of a result are all of the same columns. */
static int look_at_columns(stream *to, const PGresult *result, hdb_error *error) {
    int columns = PQnfields(result);

    free(to->cells);
    free(to->kinds);
    to->columns = columns;
    to->cells = calloc((size_t)columns + 1, sizeof *to->cells);
    to->kinds = calloc((size_t)columns + 1, sizeof *to->kinds);
    if (to->cells == NULL || to->kinds == NULL)
        return hdb_error_nomem(error);
    if (PQfformat(result, 0) == 1 && !pq_columns_are_binary(result))
        return hdb_error_set(error, HDB_ERROR, "22P03", "the table has changed");
    for (int column = 0; column < columns; column++) {
        to->kinds[column] = (pq_column){PQftype(result, column), PQfformat(result, column) != 0};
        to->decodes = to->decodes || (to->kinds[column].type == PQ_BYTEA && !to->kinds[column].binary);
    }
    return HDB_OK;
}

static int stream_row(stream *to, PGresult *result, hdb_error *error) {
    int columns = PQnfields(result), rc = HDB_OK;

    if (to->rows == 0)
        rc = look_at_columns(to, result, error);
    else if (columns != to->columns)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "the server sent rows of different widths");
    if (rc == HDB_OK && to->decodes)
        rc = pq_rows_decode(result, error);
    if (rc != HDB_OK)
        return rc;
    for (int column = 0; column < columns; column++)
        to->cells[column] = pq_cell_of(result, 0, column, to->kinds[column], to->format);
    to->rows++;
    return to->callback(to->context, to->cells, columns);
}

/* After the callback has had enough the rest is read and dropped: the session stays usable. */
static int stream_rows(hdb_link *link, const char *sql, stream *to, hdb_error *error) {
    PGresult *result;
    int rc = HDB_OK, wait;

    while (link->conn != NULL) {
        if ((wait = pq_wait_result(link, error)) != HDB_OK)
            return wait;
        if ((result = PQgetResult(link->conn)) == NULL)
            break;
        if (PQresultStatus(result) == PGRES_FATAL_ERROR || PQresultStatus(result) == PGRES_BAD_RESPONSE)
            rc = rc == HDB_OK ? pq_from_result(link, result, sql, error) : rc;
        else if (PQntuples(result) > 0 && rc == HDB_OK)
            rc = stream_row(to, result, error);
        PQclear(result);
    }
    return rc;
}

/* HeliosDB makes the whole result of a statement before it sends the first row, but for those of the simple protocol that neither
 * have an ORDER BY nor a LIMIT. There is only text then, of which a bytea needs twice the bytes. */
static bool goes_simply(const hdb_link *link, const pq_statement *statement) {
    return link->peer == HDB_PEER_HELIOSDB && statement->count == 0 && statement->rows && !statement->bytea;
}

static int send_stream(hdb_link *link, const pq_statement *statement, bool binary, hdb_error *error) {
    if (!goes_simply(link, statement))
        return send_statement(link, statement, binary, error);
    return PQsendQuery(link->conn, statement->sql) ? HDB_OK : pq_lost(link, error);
}

static int run_stream(hdb_link *link, const pq_statement *statement, bool binary, stream *to, hdb_error *error) {
    int rc = send_stream(link, statement, binary, error);

    if (rc != HDB_OK)
        return rc;
    PQsetSingleRowMode(link->conn);
    link->streamed = true;
    rc = stream_rows(link, statement->sql, to, error);
    if (rc != HDB_OK && binary && to->rows == 0 && link->conn != NULL && link->peer == HDB_PEER_HELIOSDB &&
        is_unreadable(error, rc, NULL)) {
        hdb_error_clear(error);
        rc = run_stream(link, statement, false, to, error);
    }
    return rc;
}

int hdb_link_stream(hdb_link *link, const char *sql, const hdb_value *values, int count, enum hdb_row_format format,
                    hdb_row_callback callback, void *context, hdb_error *error) {
    stream to = {.format = format, .callback = callback, .context = context};
    pq_statement *statement = NULL;
    int rc;

    if ((rc = pq_check_idle(link, error)) != HDB_OK || (rc = pq_params_set(link, values, count, error)) != HDB_OK ||
        (rc = prepare(link, sql, values, count, &statement, error)) != HDB_OK)
        return rc;
    rc = run_stream(link, statement, !goes_simply(link, statement) && pq_wants_binary(link, statement, format, true), &to, error);
    if (!pq_statement_is_cached(statement) || (rc != HDB_OK && pq_is_stale(error)))
        forget(link, statement);
    free(to.cells);
    free(to.kinds);
    return rc;
}

int hdb_link_forget_statements(hdb_link *link, hdb_error *error) {
    if (link->peer == HDB_PEER_HELIOSDB) { /* can't discard one, but takes another one of its name */
        pq_statements_clear(link);
        link->last_name = 0;
        return HDB_OK;
    }
    if (link->statements == 0)
        return HDB_OK;
    for (int i = 0; i < PQ_BUCKETS; i++)
        while (link->buckets[i] != NULL)
            forget(link, link->buckets[i]);
    return hdb_link_script(link, "DEALLOCATE ALL", error);
}
