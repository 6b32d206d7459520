/* SPDX-License-Identifier: Apache-2.0 */
/* The session itself: waited for, lost, opened, closed. */
#include "link/pq_internal.h"
#include "clock.h"
#include "waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a waiting thread sleeps before it looks at the interrupt flag again. */
enum { SLICE_MS = 20 };

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

int (pq_lost)(hdb_link *link, hdb_error *error) {
    const char *message = link->conn != NULL ? PQerrorMessage(link->conn) : "";
    int length = (int)strcspn(message, "\n"), rc; /* the lines after it only guess */

    rc = hdb_error_set(error, HDB_IOERR, "08006", "the session with the engine is lost%s%.*s", length ? ": " : "",
                       length, message);
    give_up(link);
    return rc;
}

/* HeliosDB has no way to cancel; there the statement runs on until it notices that its client is gone. */
static int give_up_interrupted(hdb_link *link, hdb_error *error) {
    if (link->peer == HDB_PEER_POSTGRESQL)
        pq_cancel(link->conn);
    give_up(link);
    return hdb_error_set(error, HDB_INTERRUPT, NULL, "interrupted");
}

static int give_up_late(hdb_link *link, hdb_error *error) {
    give_up(link);
    return hdb_error_set(error, HDB_IOERR, "08006", "the session with the engine is lost: no answer within %d ms",
                         link->deadline_ms);
}

/* How long to sleep when `left` ms are left; -1: for ever. */
static int slice_of(const hdb_link *link, int64_t left) {
    if (link->interrupt != NULL && (left < 0 || left > SLICE_MS))
        return SLICE_MS;
    return left < 0 ? -1 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* One round of waiting: returns when the socket is ready for any of `events` or when it is time to look again. */
static int wait_socket(hdb_link *link, short events, int64_t since, hdb_error *error) {
    struct pollfd socket = {.fd = PQsocket(link->conn), .events = events};
    int64_t left = link->deadline_ms > 0 ? since + link->deadline_ms - hdb_now_ms() : -1;

    if (hdb_now_ms() - since >= SLICE_MS) /* most answers come at once */
        hdb_waiting_for_answer();
    if (interrupted(link))
        return give_up_interrupted(link, error);
    if (link->deadline_ms > 0 && left <= 0)
        return give_up_late(link, error);
    if (poll(&socket, 1, slice_of(link, left)) < 0 && errno != EINTR)
        return pq_lost(link, error);
    if (socket.revents & (POLLIN | POLLHUP | POLLERR) && !PQconsumeInput(link->conn))
        return pq_lost(link, error);
    return HDB_OK;
}

int pq_wait_flush(hdb_link *link, hdb_error *error) {
    int64_t since = hdb_now_ms();
    int rc = HDB_OK, pending;

    while (rc == HDB_OK && (pending = PQflush(link->conn)) != 0)
        rc = pending < 0 ? pq_lost(link, error) : wait_socket(link, POLLIN | POLLOUT, since, error);
    return rc;
}

/* PQisBusy(), but a mark of a pipeline for which libpq has no memory it takes from the server and gives to nobody: all that is
 * left of it is what PQerrorMessage() says more than before. */
bool pq_is_busy(hdb_link *link, bool *lost) {
    size_t said = strlen(PQerrorMessage(link->conn));
    bool busy = PQisBusy(link->conn);

    *lost = busy && strlen(PQerrorMessage(link->conn)) > said;
    return busy;
}

int pq_wait_result(hdb_link *link, hdb_error *error) {
    int64_t since = hdb_now_ms();
    int rc = HDB_OK;

    while (rc == HDB_OK) {
        bool lost;
        int pending = PQflush(link->conn);
        if (pending < 0)
            return pq_lost(link, error);
        if (!pq_is_busy(link, &lost))
            return HDB_OK;
        if (lost)
            return pq_lost(link, error);
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

    if (state == NULL) /* libpq's own word, of a lost connection or lost memory: what the server said is not known */
        return pq_lost(link, error);
    if (message == NULL)
        message = PQresultErrorMessage(result);
    if (*message == '\0')
        message = PQerrorMessage(link->conn);
    code = hdb_error_code_of_sqlstate(state);
    if (code == HDB_OK)
        code = HDB_ERROR;
    rc = hdb_error_set(error, code, state, "%.*s", trimmed(message), message);
    error->offset = byte_offset(sql, PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION));
    return rc;
}

int pq_check_idle(hdb_link *link, hdb_error *error) {
    if (!hdb_link_is_alive(link))
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

    link->streamed = false; /* a statement that is sent by itself ends that */
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

/* --- opening --- */

static void ignore_notice(void *context, const char *message) {
    (void)context;
    (void)message;
}

const char *pq_option(const PQconninfoOption *options, const char *keyword) {
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val;
    return NULL;
}

static bool has_several_hosts(const PQconninfoOption *options) {
    const char *host = pq_option(options, "host"), *address = pq_option(options, "hostaddr");

    return (host != NULL && strchr(host, ',') != NULL) || (address != NULL && strchr(address, ',') != NULL);
}

/* Drives a connection that PQconnectStartParams() has begun. */
static int drive(hdb_link *link, int timeout_ms, hdb_error *error) {
    int64_t end = hdb_now_ms() + timeout_ms;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        struct pollfd socket = {.fd = PQsocket(link->conn), .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int64_t left = end - hdb_now_ms();
        if (interrupted(link))
            return hdb_error_set(error, HDB_INTERRUPT, NULL, "interrupted");
        if (timeout_ms > 0 && left <= 0)
            return hdb_error_set(error, HDB_CANTOPEN, "08001", "the server did not answer within %d ms", timeout_ms);
        if (poll(&socket, 1, slice_of(link, timeout_ms > 0 ? left : -1)) > 0)
            state = PQconnectPoll(link->conn);
    }
    return HDB_OK;
}

/* Settings whose other values would change what cells look like; a HeliosDB server has only these. */
static const char settings[] = "SET bytea_output = hex; SET extra_float_digits = 3; SET standard_conforming_strings = on";

static int settle(hdb_link *link, hdb_error *error) {
    hdb_rows *rows = NULL;
    hdb_value version;
    int rc;

    PQsetErrorVerbosity(link->conn, PQERRORS_DEFAULT);
    PQsetNoticeProcessor(link->conn, ignore_notice, NULL);
    if (PQsetnonblocking(link->conn, 1) != 0)
        return pq_lost(link, error);
    rc = hdb_link_query(link, "SELECT version()", NULL, 0, HDB_ROWS_NATIVE, &rows, error);
    if (rc != HDB_OK)
        return rc;
    if (hdb_rows_count(rows) == 1 && (version = hdb_rows_cell(rows, 0, 0)).type == HDB_TYPE_TEXT &&
        memmem(version.as.bytes.data, version.as.bytes.size, "HeliosDB", 8) != NULL)
        link->peer = HDB_PEER_HELIOSDB;
    hdb_rows_free(rows);
    if (link->peer != HDB_PEER_POSTGRESQL)
        return HDB_OK;
    rc = hdb_link_script(link, settings, error);
    return rc == HDB_OK && link->networked ? hdb_link_script(link, pq_server_network_settings, error) : rc;
}

static PGconn *start(const char *conninfo, const char *timeout) {
    const char *const names[] = {"dbname", "client_encoding", "fallback_application_name",
                                 timeout != NULL ? "connect_timeout" : NULL, NULL};
    const char *const values[] = {conninfo, "UTF8", "libheliosdb", timeout, NULL};

    /* Only the blocking form tries the next host when one does not answer in time. */
    return timeout != NULL ? PQconnectdbParams(names, values, 1) : PQconnectStartParams(names, values, 1);
}

static int connect_to(hdb_link *link, const char *conninfo, const PQconninfoOption *options, int timeout_ms,
                      hdb_error *error) {
    const char *asked = pq_option(options, "connect_timeout");
    char timeout[16] = "0";
    int rc;

    if (asked != NULL && atoi(asked) > 0)
        timeout_ms = atoi(asked) > INT_MAX / 1000 ? INT_MAX : atoi(asked) * 1000;
    if (timeout_ms > 0)
        snprintf(timeout, sizeof timeout, "%d", (timeout_ms + 999) / 1000);
    link->conn = start(conninfo, has_several_hosts(options) ? timeout : NULL);
    if (link->conn == NULL)
        return hdb_error_nomem(error);
    if (!has_several_hosts(options) && PQstatus(link->conn) != CONNECTION_BAD) {
        PQsetNoticeProcessor(link->conn, ignore_notice, NULL);
        PQsetErrorVerbosity(link->conn, PQERRORS_VERBOSE);
        if ((rc = drive(link, timeout_ms, error)) != HDB_OK)
            return rc;
    }
    if (PQstatus(link->conn) != CONNECTION_OK)
        return pq_refused(link->conn, pq_option(options, "password"), error);
    pq_network_settle(link);
    /* One that lets us in may still not answer. */
    link->deadline_ms = timeout_ms;
    rc = settle(link, error);
    link->deadline_ms = 0;
    return rc;
}

/* OpenSSL, which libpq uses, tears itself down at exit while a thread of ours may be opening a session. It is told not to;
 * the process is ending anyway. The symbol is there if libpq was built with OpenSSL. */
extern int OPENSSL_init_crypto(uint64_t options, const void *settings) __attribute__((weak));

static void keep_openssl(void) {
    enum { NO_ATEXIT = 0x00080000 }; /* OPENSSL_INIT_NO_ATEXIT */

    if (OPENSSL_init_crypto != NULL)
        OPENSSL_init_crypto(NO_ATEXIT, NULL);
}

int hdb_link_open(const char *conninfo, int timeout_ms, const atomic_int *interrupt, hdb_link **out, hdb_error *error) {
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &message);
    hdb_link *link = NULL;
    int rc = HDB_CANTOPEN;
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, keep_openssl);
    *out = NULL;
    if (options == NULL) {
        rc = message != NULL ? pq_malformed(message, error) : hdb_error_nomem(error);
        goto done;
    }
    link = calloc(1, sizeof *link);
    if (link == NULL) {
        rc = hdb_error_nomem(error);
        goto done;
    }
    link->peer = HDB_PEER_POSTGRESQL;
    link->pipeline.failed = -1;
    link->interrupt = interrupt;
    rc = connect_to(link, conninfo, options, timeout_ms, error);
    if (rc == HDB_IOERR) /* lost before it was ours */
        rc = hdb_error_set(error, HDB_CANTOPEN, "08001", "%s", hdb_error_message(error));
    if (rc == HDB_OK) {
        *out = link;
        link = NULL;
    }
done:
    hdb_link_close(link);
    PQconninfoFree(options);
    PQfreemem(message);
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
    return link->conn != NULL && PQstatus(link->conn) == CONNECTION_OK;
}

void hdb_link_set_deadline(hdb_link *link, int timeout_ms) {
    link->deadline_ms = timeout_ms;
}

void hdb_link_set_interrupt(hdb_link *link, const atomic_int *flag) {
    link->interrupt = flag;
}
