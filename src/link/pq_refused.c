/* SPDX-License-Identifier: Apache-2.0 */
/* Why there is no session: what is said of a connection string that can't be read, and of a server that lets nobody in.
 * Never with a password in it. */
#include "link/pq_internal.h"

#include <stdlib.h>
#include <string.h>

/* Replaces every occurrence of a secret by stars. */
static void mask(hdb_buffer *out, const char *text, const char *secret) {
    const char *found;

    if (secret != NULL && *secret != '\0')
        for (; (found = strstr(text, secret)) != NULL; text = found + strlen(secret)) {
            hdb_buffer_append(out, text, (size_t)(found - text));
            hdb_buffer_text(out, "****");
        }
    hdb_buffer_text(out, text);
}

/* What libpq says of a conninfo that it can't read quotes parts of it, and any of them may be the password. */
int pq_malformed(const char *message, hdb_error *error) {
    hdb_buffer text = HDB_BUFFER_INIT;
    int rc;

    for (const char *end; *message != '\0' && *message != '\n'; message = end) {
        if (*message != '"' || strncmp(message, "\"=\"", 3) == 0) {
            end = message + (*message == '"' ? 3 : 1);
            hdb_buffer_append(&text, message, (size_t)(end - message));
            continue;
        }
        end = strrchr(message + 1, '"'); /* what is quoted may hold quotes */
        hdb_buffer_text(&text, "\"...\"");
        end = end != NULL ? end + 1 : message + strlen(message);
    }
    rc = text.failed ? hdb_error_nomem(error)
                     : hdb_error_set(error, HDB_CANTOPEN, "08001", "malformed connection string: %s",
                                     text.data != NULL ? text.data : "");
    hdb_buffer_free(&text);
    return rc;
}

/* libpq keeps no SQLSTATE of a refused connection; in verbose messages it stands between the severity and the text:
 * "... failed: FATAL:  28P01: password authentication failed ...\nLOCATION: ...". Copies the message without it. */
static void split_state(const char *message, char state[6], hdb_buffer *text) {
    const char *end = strstr(message, "\nLOCATION:"), *at;
    size_t length = end != NULL ? (size_t)(end - message) : strlen(message);

    while (length > 0 && message[length - 1] == '\n')
        length--;
    for (at = strstr(message, ":  "); at != NULL && at < message + length; at = strstr(at + 3, ":  "))
        if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && strncmp(at + 8, ": ", 2) == 0) {
            memcpy(state, at + 3, 5);
            hdb_buffer_append(text, message, (size_t)(at + 3 - message));
            hdb_buffer_append(text, at + 10, (size_t)(message + length - (at + 10)));
            return;
        }
    hdb_buffer_append(text, message, length);
}

/* What to do about it, where libpq only says what is wrong. */
static const char *advice_for(const char *reason) {
    static const struct {
        const char *part, *advice;
    } known[] = {
        {"certificate verify failed", "sslrootcert=FILE in the DSN names the certificates to be trusted; the server's must be "
                                      "signed by one of them and must not be expired"},
        {"does not match host name", "use a host name in the DSN that the server's certificate is made for"},
        {"root certificate file", "sslrootcert=FILE in the DSN names the certificates to be trusted"},
        {"server does not support SSL", "turn TLS on at the server"},
        {"requires a valid client certificate", "sslcert=FILE and sslkey=FILE in the DSN name the client's certificate"},
        {"SCRAM channel binding check failed", "the server's certificate is not the one that was shown here: somebody is "
                                               "between, or a proxy that ends TLS"},
        {"channel binding negotiation error", "the server's certificate is not the one that was shown here: somebody is between, or a "
                                   "proxy that ends TLS"},
        {"channel binding", "channel_binding=require needs TLS and a server that offers SCRAM-SHA-256-PLUS; HeliosDB Nano "
                            "does not, sslmode=verify-full does for it"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(reason, known[i].part) != NULL)
            return known[i].advice;
    return NULL;
}

int pq_refused(PGconn *conn, const char *password, hdb_error *error) {
    hdb_buffer masked = HDB_BUFFER_INIT, text = HDB_BUFFER_INIT;
    const char *reason = PQerrorMessage(conn), *advice;
    char state[6] = "";
    int rc;

    mask(&masked, reason, password != NULL && strlen(password) > 3 ? password : NULL);
    split_state(masked.data != NULL ? masked.data : "", state, &text);
    if (masked.failed || text.failed) {
        rc = hdb_error_nomem(error);
    } else if (state[0] == '\0' && strstr(text.data, "closed the connection unexpectedly") != NULL) {
        rc = hdb_error_set(error, HDB_CANTOPEN, "53300",
                           "%.*s; a HeliosDB server does this, without giving a reason, when it has too many "
                           "connections (its --max-connections) or takes none without TLS (its --require-tls)",
                           (int)strcspn(text.data, "\n"), text.data);
    } else {
        advice = advice_for(text.data);
        rc = hdb_error_set(error, HDB_CANTOPEN, state[0] != '\0' ? state : "08001", "%s%s%s", text.data,
                           advice != NULL ? "; " : "", advice != NULL ? advice : "");
    }
    hdb_buffer_free(&masked);
    hdb_buffer_free(&text);
    return rc;
}
