/* SPDX-License-Identifier: Apache-2.0 */
#include "record/ahead.h"

#include "record/session.h"

/* What the engine is sent at once. */
enum { PART_SIZE = 256 << 10 };

/* Under commit.lock. An entry in flight is of somebody who died: COMMIT finds out about it. */
static bool is_next(hdb_record *record, int64_t id) {
    const hdb_state_page *page = hdb_record_state(record)->page;
    return page->synced + 1 == id && page->inflight != id;
}

static void give_up(hdb_record *record, hdb_ahead *ahead) {
    ahead->given_up = true;
    hdb_record_ahead_drop(record);
}

static int send_parts(hdb_record *record, hdb_ahead *ahead, const char *data, size_t size, hdb_error *error) {
    hdb_link *link = NULL;
    hdb_log_start *start = &ahead->start;
    int rc = hdb_record_ahead_link(record, &link, &ahead->session, error);
    if (rc == HDB_OK && !hdb_link_is_answered(link))
        return HDB_OK; /* with the next rows */
    if (rc == HDB_OK)
        rc = hdb_link_sync(link, NULL, error);
    if (rc == HDB_OK && start->parts == 0) /* what COMMIT looks for: the engine reads the bytes of a part with its token */
        rc = hdb_log_send_part(link, ahead->id, start->parts++, ahead->token, "", 0, error);
    while (rc == HDB_OK && size - start->size >= PART_SIZE) {
        rc = hdb_log_send_part(link, ahead->id, start->parts, ahead->token, data + start->size, PART_SIZE, error);
        start->size += PART_SIZE;
        start->parts++;
    }
    return rc == HDB_OK ? hdb_link_mark(link, error) : rc;
}

void hdb_ahead_send(hdb_record *record, hdb_ahead *ahead, const char *data, size_t size) {
    hdb_error ignored = HDB_ERROR_INIT;
    if (ahead->given_up || size - ahead->start.size < PART_SIZE || !hdb_record_try_commit(record))
        return;
    if (ahead->id == 0)
        ahead->id = hdb_state_synced(hdb_record_state(record)) + 1;
    if (!is_next(record, ahead->id) || send_parts(record, ahead, data, size, &ignored) != HDB_OK)
        give_up(record, ahead);
    hdb_error_clear(&ignored);
    hdb_record_push_leave(record);
}

/* The link, when what was sent has been carried out. */
static int settled_link(hdb_record *record, hdb_link **out, hdb_error *error) {
    int64_t session = 0;
    int rc = hdb_record_ahead_link(record, out, &session, error);
    return rc == HDB_OK ? hdb_link_sync(*out, NULL, error) : rc;
}

/* Whether the log has all that was sent: whoever takes entries out takes all parts, and the first one has been there longest. */
static int look(hdb_record *record, const hdb_ahead *ahead, bool *out, hdb_error *error) {
    hdb_link *link = NULL;
    int64_t token = 0;
    int rc = settled_link(record, &link, error);
    if (rc == HDB_OK)
        rc = hdb_log_first_token(link, ahead->id, &token, error);
    *out = token == ahead->token;
    return rc;
}

/* What the session has sent may still be carried out, and would be in the way of what is sent anew. */
static void end_session(hdb_record *record, const hdb_ahead *ahead) {
    hdb_error ignored = HDB_ERROR_INIT;
    hdb_link *link = NULL;
    hdb_record_ahead_drop(record);
    if (hdb_record_link(record, &link, &ignored) == HDB_OK)
        hdb_session_await(link, ahead->session, &ignored);
    hdb_error_clear(&ignored);
}

hdb_log_start hdb_ahead_settle(hdb_record *record, hdb_ahead *ahead, int64_t id) {
    static const hdb_log_start none;
    hdb_error ignored = HDB_ERROR_INIT;
    bool there = false;
    if (ahead->start.parts == 0)
        return none;
    if (!ahead->given_up)
        ahead->given_up = ahead->id != id || look(record, ahead, &there, &ignored) != HDB_OK || !there;
    hdb_error_clear(&ignored);
    if (!ahead->given_up)
        return ahead->start;
    end_session(record, ahead);
    return none;
}

static int take_out(hdb_record *record, const hdb_ahead *ahead, hdb_error *error) {
    hdb_link *link = NULL;
    int rc = settled_link(record, &link, error);
    return rc == HDB_OK ? hdb_log_cancel(link, ahead->id, error) : rc;
}

void hdb_ahead_forget(hdb_record *record, hdb_ahead *ahead) {
    hdb_error ignored = HDB_ERROR_INIT;
    if (ahead->start.parts > 0 && !ahead->given_up && hdb_record_try_commit(record)) {
        if (is_next(record, ahead->id) && take_out(record, ahead, &ignored) != HDB_OK)
            hdb_record_ahead_drop(record);
        hdb_record_push_leave(record);
    }
    hdb_error_clear(&ignored);
    *ahead = (hdb_ahead){0};
}
