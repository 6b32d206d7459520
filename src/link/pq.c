/* SPDX-License-Identifier: Apache-2.0 */
/* A session over libpq: opened, waited for, closed; single statements and scripts. Pipelines and COPY are next door. */
#include "link/pq_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long a waiting thread sleeps before it looks at the interrupt flag again. */
enum { SLICE_MS = 20 };

static int64_t now_ms(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool interrupted(const hdb_link *link) {
    return link->interrupt != NULL && *link->interrupt != 0;
}

static void give_up(hdb_link *link) {
    PQfinish(link->conn);
    link->conn = NULL;
}

/* libpq's messages end with a line break. */
static int trimmed(const char *message) {
    size_t length = strlen(message);

    while (length > 0 && (message[length - 1] == '\n' || message[length - 1] == ' '))
        length--;
    return (int)length;
}

int pq_lost(hdb_link *link, hdb_error *error) {
    const char *message = link->conn != NULL ? PQerrorMessage(link->conn) : "";
    int length = trimmed(message), rc;

    rc = hdb_error_set(error, HDB_IOERR, "08006", "the session with the engine is lost%s%.*s", length ? ": " : "",
                       length, message);
    give_up(link);
    return rc;
}

/* HeliosDB has no way to cancel; there the statement runs on until it notices that its client is gone. */
static int give_up_interrupted(hdb_link *link, hdb_error *error) {
    char ignored[256];
    PGcancel *cancel = link->peer == HDB_PEER_POSTGRESQL ? PQgetCancel(link->conn) : NULL;

    if (cancel != NULL) {
        PQcancel(cancel, ignored, sizeof ignored);
        PQfreeCancel(cancel);
    }
    give_up(link);
    return hdb_error_set(error, HDB_INTERRUPT, NULL, "interrupted");
}

static int give_up_late(hdb_link *link, hdb_error *error) {
    give_up(link);
    return hdb_error_set(error, HDB_IOERR, "08006", "the session with the engine is lost: no answer within %d ms",
                         link->deadline_ms);
}

/* One round of waiting: returns when the socket is ready for any of `events` or when it is time to look again. */
static int wait_socket(hdb_link *link, short events, int64_t since, hdb_error *error) {
    struct pollfd socket = {.fd = PQsocket(link->conn), .events = events};
    int64_t left = link->deadline_ms > 0 ? since + link->deadline_ms - now_ms() : -1;
    int slice = left < 0 ? -1 : left > INT32_MAX ? INT32_MAX : (int)left;

    if (interrupted(link))
        return give_up_interrupted(link, error);
    if (link->deadline_ms > 0 && left <= 0)
        return give_up_late(link, error);
    if (link->interrupt != NULL && (slice < 0 || slice > SLICE_MS))
        slice = SLICE_MS;
    if (poll(&socket, 1, slice) < 0 && errno != EINTR)
        return pq_lost(link, error);
    if (socket.revents & (POLLIN | POLLHUP | POLLERR) && !PQconsumeInput(link->conn))
        return pq_lost(link, error);
    return HDB_OK;
}

int pq_wait_flush(hdb_link *link, hdb_error *error) {
    int64_t since = now_ms();
    int rc = HDB_OK, pending;

    while (rc == HDB_OK && (pending = PQflush(link->conn)) != 0)
        rc = pending < 0 ? pq_lost(link, error) : wait_socket(link, POLLIN | POLLOUT, since, error);
    return rc;
}

int pq_wait_result(hdb_link *link, hdb_error *error) {
    int64_t since = now_ms();
    int rc = HDB_OK;

    while (rc == HDB_OK) {
        int pending = PQflush(link->conn);
        if (pending < 0)
            return pq_lost(link, error);
        if (!PQisBusy(link->conn))
            return HDB_OK;
        rc = wait_socket(link, pending > 0 ? POLLIN | POLLOUT : POLLIN, since, error);
    }
    return rc;
}

/* The server counts the place of an error in characters from 1, callers want bytes from 0. */
static int byte_offset(const char *sql, const char *position) {
    long characters = position != NULL ? strtol(position, NULL, 10) : 0;
    const char *at = sql;

    if (sql == NULL || characters < 1)
        return -1;
    for (; *at != '\0' && characters > 1; characters--)
        do
            at++;
        while (((unsigned char)*at & 0xc0) == 0x80);
    return (int)(at - sql);
}

int pq_from_result(hdb_link *link, const PGresult *result, const char *sql, hdb_error *error) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    int code, rc;

    if (PQstatus(link->conn) == CONNECTION_BAD && state == NULL)
        return pq_lost(link, error);
    if (message == NULL)
        message = PQresultErrorMessage(result);
    if (*message == '\0')
        message = PQerrorMessage(link->conn);
    code = state != NULL ? hdb_error_code_of_sqlstate(state) : HDB_ERROR;
    if (code == HDB_OK)
        code = HDB_ERROR;
    rc = hdb_error_set(error, code, state, "%.*s", trimmed(message), message);
    error->offset = byte_offset(sql, PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION));
    return rc;
}

int pq_check_idle(hdb_link *link, hdb_error *error) {
    if (link->conn == NULL)
        return hdb_error_set(error, HDB_IOERR, "08003", "the session with the engine is lost");
    if (link->pipeline.open || link->copying)
        return hdb_error_set(error, HDB_INTERNAL, NULL, "the link is in the middle of a %s",
                             link->copying ? "COPY" : "pipeline");
    return HDB_OK;
}

/* A COPY in the wrong function can't be carried on: the server would wait for rows, or send some that nobody takes. */
static int refuse_copy(hdb_link *link, hdb_error *error) {
    give_up(link);
    return hdb_error_set(error, HDB_NOTSUPPORTED, NULL, "COPY can't be run as a statement");
}

int pq_collect(hdb_link *link, const char *sql, PGresult **out, hdb_error *error) {
    PGresult *kept = NULL, *result;
    int rc = HDB_OK, wait;

    for (;;) {
        if ((wait = pq_wait_result(link, error)) != HDB_OK) {
            rc = wait;
            break;
        }
        if ((result = PQgetResult(link->conn)) == NULL)
            break;
        switch (PQresultStatus(result)) {
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            PQclear(result);
            PQclear(kept);
            return refuse_copy(link, error);
        case PGRES_BAD_RESPONSE:
        case PGRES_FATAL_ERROR:
            if (rc == HDB_OK)
                rc = pq_from_result(link, result, sql, error);
            PQclear(result);
            break;
        default:
            PQclear(kept);
            kept = result;
        }
        if (link->conn == NULL)
            break;
    }
    if (rc == HDB_OK && out != NULL) {
        *out = kept;
        kept = NULL;
    }
    PQclear(kept);
    return rc;
}

static int run_simple(hdb_link *link, const char *sql, PGresult **out, hdb_error *error) {
    if (!PQsendQuery(link->conn, sql))
        return pq_lost(link, error);
    return pq_collect(link, sql, out, error);
}

int hdb_link_script(hdb_link *link, const char *sql, hdb_error *error) {
    int rc = pq_check_idle(link, error);

    return rc == HDB_OK ? run_simple(link, sql, NULL, error) : rc;
}

/* --- single statements --- */

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

static void forget(hdb_link *link, pq_statement *statement) {
    pq_statement_remove(link, statement);
    pq_statement_free(statement);
}

/* Prepares the text for link->params, or finds it prepared. Who gets an unnamed statement frees it. */
static int prepare(hdb_link *link, const char *sql, int count, pq_statement **out, hdb_error *error) {
    pq_statement *statement = pq_statement_find(link, sql, count);
    int rc = HDB_OK;

    if (statement == NULL) {
        statement = pq_statement_new(link, sql, count);
        if (statement == NULL)
            return hdb_error_nomem(error);
        rc = PQsendPrepare(link->conn, statement->name, sql, count, statement->types)
                 ? pq_collect(link, sql, NULL, error)
                 : pq_lost(link, error);
    }
    if (rc == HDB_OK && !statement->described)
        rc = describe(link, statement, error);
    if (rc != HDB_OK)
        forget(link, statement);
    else
        *out = statement;
    return rc;
}

/* HeliosDB describes a prepared statement's rows as they were when it was prepared, whatever has happened to the table
 * since, and then sends others: there, what gives rows is parsed anew each time, in the same round trip. */
static int send_statement(hdb_link *link, const pq_statement *statement, bool binary, hdb_error *error) {
    const pq_params *params = &link->params;
    int sent;

    if (link->peer == HDB_PEER_HELIOSDB && statement->rows)
        sent = PQsendQueryParams(link->conn, statement->sql, statement->count, statement->types, params->values,
                                 params->lengths, params->formats, binary);
    else
        sent = PQsendQueryPrepared(link->conn, statement->name, statement->count, params->values, params->lengths,
                                   params->formats, binary);
    return sent ? HDB_OK : pq_lost(link, error);
}

/* HeliosDB takes the type of an expression for text now and then, and fails when it has to send a number as that, after
 * having run the statement. Text results are right always, so binary ones are for what is read from tables. */
static bool wants_binary(const hdb_link *link, const pq_statement *statement, enum hdb_row_format format, bool stream) {
    if (format != HDB_ROWS_NATIVE || !statement->binary)
        return false;
    return link->peer == HDB_PEER_POSTGRESQL ||
           (pq_kind_of(statement->sql) == PQ_READS && (stream || statement->bytea));
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

/* The cached statement no longer fits the schema, or somebody has discarded it: nothing was run. */
static bool is_stale(const hdb_error *error) {
    return strcmp(error->sqlstate, "26000") == 0 ||
           (strcmp(error->sqlstate, "0A000") == 0 && strstr(hdb_error_message(error), "cached plan") != NULL);
}

static int query(hdb_link *link, const char *sql, int count, enum hdb_row_format format, PGresult **out,
                 hdb_error *error) {
    bool retry = PQtransactionStatus(link->conn) == PQTRANS_IDLE, stale;
    pq_statement *statement = NULL;
    int rc;

    for (;; retry = false) {
        if ((rc = prepare(link, sql, count, &statement, error)) != HDB_OK)
            return rc;
        rc = run(link, statement, wants_binary(link, statement, format, false), out, error);
        stale = rc != HDB_OK && is_stale(error);
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
    if (count == 0 && pq_kind_of(sql) == PQ_OTHER)
        rc = run_simple(link, sql, &result, error);
    else
        rc = query(link, sql, count, format, &result, error);
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
    int64_t rows; /* handed out */
} stream;

static int stream_row(stream *to, PGresult *result, hdb_error *error) {
    int columns = PQnfields(result);

    if (to->cells == NULL && (to->cells = calloc((size_t)columns + 1, sizeof *to->cells)) == NULL)
        return hdb_error_nomem(error);
    if (PQfformat(result, 0) == 1 && !pq_columns_are_binary(result))
        return hdb_error_set(error, HDB_ERROR, "22P03", "the table has changed");
    pq_rows_decode(result);
    for (int column = 0; column < columns; column++)
        to->cells[column] = pq_cell(result, 0, column, to->format);
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

static int run_stream(hdb_link *link, const pq_statement *statement, bool binary, stream *to, hdb_error *error) {
    int rc = send_statement(link, statement, binary, error);

    if (rc != HDB_OK)
        return rc;
    PQsetSingleRowMode(link->conn);
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
        (rc = prepare(link, sql, count, &statement, error)) != HDB_OK)
        return rc;
    rc = run_stream(link, statement, wants_binary(link, statement, format, true), &to, error);
    if (!pq_statement_is_cached(statement) || (rc != HDB_OK && is_stale(error)))
        forget(link, statement);
    free(to.cells);
    return rc;
}

/* --- the handle --- */

void hdb_link_close(hdb_link *link) {
    if (link == NULL)
        return;
    PQfinish(link->conn);
    pq_pipeline_free(link);
    pq_statements_clear(link);
    pq_params_free(&link->params);
    hdb_buffer_free(&link->copy);
    free(link);
}

void hdb_link_abandon(hdb_link *link) {
    int nowhere;

    if (link == NULL)
        return;
    /* PQfinish() says goodbye to the server in the name of the parent: let it say so to nobody. */
    if (link->conn != NULL && PQsocket(link->conn) >= 0) {
        nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (nowhere >= 0) {
            dup2(nowhere, PQsocket(link->conn));
            close(nowhere);
        } else {
            link->conn = NULL; /* a leak in a process without descriptors rather than a word to the server */
        }
    }
    hdb_link_close(link);
}

enum hdb_peer hdb_link_peer(const hdb_link *link) {
    return link->peer;
}

bool hdb_link_is_alive(const hdb_link *link) {
    return link->conn != NULL;
}

void hdb_link_set_deadline(hdb_link *link, int timeout_ms) {
    link->deadline_ms = timeout_ms;
}

void hdb_link_set_interrupt(hdb_link *link, const volatile int *flag) {
    link->interrupt = flag;
}
