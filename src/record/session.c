/* SPDX-License-Identifier: Apache-2.0 */
#include "record/session.h"

#include <unistd.h>

/* Locks have numbers from here on. */
#define FIRST_KEY 5189272171000000000

/* The engine gives a boolean one type or another. */
static bool is_true(hdb_value value) {
    return value.type == HDB_TYPE_INTEGER ? value.as.integer == 1
                                          : value.type == HDB_TYPE_TEXT && value.as.bytes.size && *value.as.bytes.data == 't';
}

static int try_lock(hdb_link *link, int64_t number, bool *out, hdb_error *error) {
    hdb_rows *rows = NULL;
    hdb_value key = hdb_value_integer(FIRST_KEY + number);
    int rc = hdb_link_query(link, "SELECT pg_try_advisory_lock($1)", &key, 1, HDB_ROWS_SHOWN, &rows, error);
    *out = rc == HDB_OK && hdb_rows_count(rows) == 1 && is_true(hdb_rows_cell(rows, 0, 0));
    hdb_rows_free(rows);
    return rc;
}

int hdb_session_name(hdb_link *link, hdb_state *state, int64_t *out, hdb_error *error) {
    bool got = false;
    int rc = HDB_OK;
    *out = 0;
    /* A number can be taken if the page was made anew while the engine ran. */
    while (rc == HDB_OK && !got && !state->in_memory) {
        *out = atomic_fetch_add(&state->page->sessions, 1) + 1;
        rc = try_lock(link, *out, &got, error);
    }
    return rc;
}

int hdb_session_await(hdb_link *link, int64_t number, hdb_error *error) {
    enum { PAUSE_US = 2000, TRIES = 30000000 / PAUSE_US };
    bool gone = number == 0;
    int rc = HDB_OK;
    for (int i = 0; rc == HDB_OK && !gone && i < TRIES; i++) {
        if (i > 0)
            usleep(PAUSE_US);
        rc = try_lock(link, number, &gone, error);
    }
    if (rc == HDB_OK && !gone)
        return hdb_error_set(error, HDB_IOERR, NULL, "the engine is still busy with what a process that died had sent");
    if (rc == HDB_OK && number != 0) {
        hdb_value key = hdb_value_integer(FIRST_KEY + number);
        rc = hdb_link_query(link, "SELECT pg_advisory_unlock($1)", &key, 1, HDB_ROWS_SHOWN, NULL, error);
    }
    return rc;
}
