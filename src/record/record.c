/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include "record/ahead.h"
#include "record/applier.h"
#include "record/promise.h"
#include "record/session.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hdb_record {
    pthread_mutex_t mutex; /* guards link and durable; held over a push */
    hdb_state state;
    hdb_engine *engine;
    char *directory; /* NULL in memory */
    hdb_link *link;
    int64_t session; /* the link's number */
    bool durable;    /* what the link's session was last told */
    hdb_link *ahead; /* sends what is sent before a COMMIT (ahead.h), under the mutex, too */
    int64_t ahead_session;
    const atomic_int *interrupt;
    hdb_applier *applier;
};

int hdb_record_open(const hdb_engine_options *options, hdb_record **out, hdb_error *error) {
    hdb_record *record = calloc(1, sizeof *record);
    if (!record)
        return hdb_error_nomem(error);
    pthread_mutex_init(&record->mutex, NULL);
    int rc = HDB_OK;
    if (options->directory && !(record->directory = strdup(options->directory)))
        rc = hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_engine_open(options, &record->engine, error);
    if (rc == HDB_OK)
        rc = hdb_state_open(options->directory, &record->state, error);
    if (rc == HDB_OK)
        rc = hdb_applier_start(record, &record->applier, error);
    if (rc != HDB_OK) {
        hdb_record_close(record);
        return rc;
    }
    *out = record;
    return HDB_OK;
}

void hdb_record_close(hdb_record *record) {
    if (!record)
        return;
    hdb_applier_stop(record->applier);
    hdb_link_close(record->ahead);
    hdb_link_close(record->link);
    if (record->state.page)
        hdb_state_close(&record->state);
    hdb_engine_close(record->engine);
    pthread_mutex_destroy(&record->mutex);
    free(record->directory);
    free(record);
}

void hdb_record_abandon(hdb_record *record) {
    hdb_link_abandon(record->ahead);
    hdb_link_abandon(record->link);
    hdb_state_close(&record->state);
    hdb_engine_abandon(record->engine);
}

void hdb_record_set_checkpoint(hdb_record *record, hdb_checkpoint checkpoint, void *context) {
    hdb_applier_set_checkpoint(record->applier, checkpoint, context);
}

hdb_state *hdb_record_state(hdb_record *record) {
    return &record->state;
}

const char *hdb_record_directory(const hdb_record *record) {
    return record->directory;
}

hdb_engine *hdb_record_engine(hdb_record *record) {
    return record->engine;
}

void hdb_record_set_interrupt(hdb_record *record, const atomic_int *flag) {
    record->interrupt = flag;
}

void hdb_record_lock(hdb_record *record) {
    pthread_mutex_lock(&record->mutex);
}

void hdb_record_unlock(hdb_record *record) {
    pthread_mutex_unlock(&record->mutex);
}

bool hdb_record_try_commit(hdb_record *record) {
    /* The mutex first: a flock does not keep threads of one process apart. */
    if (pthread_mutex_trylock(&record->mutex) != 0)
        return false;
    if (hdb_state_try(&record->state, HDB_LOCK_COMMIT))
        return true;
    hdb_record_unlock(record);
    return false;
}

int hdb_record_connect(hdb_record *record, hdb_link **out, hdb_error *error) {
    char *conninfo = NULL;
    hdb_link *link = NULL;
    int rc = hdb_engine_conninfo(record->engine, &conninfo, error);
    if (rc == HDB_OK)
        rc = hdb_link_open(conninfo, 30000, NULL, &link, error);
    free(conninfo);
    if (rc == HDB_OK)
        rc = hdb_log_prepare(link, error);
    if (rc == HDB_OK)
        *out = link;
    else
        hdb_link_close(link);
    return rc;
}

int hdb_record_link(hdb_record *record, hdb_link **out, hdb_error *error) {
    if (record->link && !hdb_link_is_alive(record->link)) {
        hdb_link_close(record->link);
        record->link = NULL;
    }
    if (!record->link) {
        int rc = hdb_record_connect(record, &record->link, error);
        if (rc != HDB_OK)
            return rc;
        record->durable = false;
        rc = hdb_session_name(record->link, &record->state, &record->session, error);
        if (rc == HDB_OK)
            rc = hdb_link_script(record->link, "SET synchronous_commit = off", error);
        if (rc == HDB_OK)
            rc = hdb_meta_set(record->link, "used", 1, error);
        if (rc != HDB_OK)
            return rc;
    }
    hdb_link_set_interrupt(record->link, record->interrupt);
    *out = record->link;
    return HDB_OK;
}

int hdb_record_ahead_link(hdb_record *record, hdb_link **out, int64_t *session, hdb_error *error) {
    int rc = HDB_OK;
    if (!record->ahead) {
        rc = hdb_record_connect(record, &record->ahead, error);
        if (rc == HDB_OK)
            rc = hdb_session_name(record->ahead, &record->state, &record->ahead_session, error);
        if (rc == HDB_OK)
            rc = hdb_link_script(record->ahead, "SET synchronous_commit = off", error);
        if (rc != HDB_OK)
            hdb_record_ahead_drop(record);
    }
    if (rc == HDB_OK)
        hdb_link_set_interrupt(record->ahead, record->interrupt);
    *out = record->ahead;
    *session = record->ahead_session;
    return rc;
}

void hdb_record_ahead_drop(hdb_record *record) {
    hdb_link_close(record->ahead);
    record->ahead = NULL;
}

int hdb_record_await_push(hdb_record *record, hdb_link *link, hdb_error *error) {
    int64_t pushing = record->state.page->pushing;
    return record->link == link && record->session == pushing ? HDB_OK : hdb_session_await(link, pushing, error);
}

static int set_durable(hdb_record *record, hdb_link *link, bool durable, hdb_error *error) {
    if (record->durable == durable)
        return HDB_OK;
    int rc = hdb_link_script(link, durable ? "SET synchronous_commit = on" : "SET synchronous_commit = off", error);
    if (rc == HDB_OK)
        record->durable = durable;
    return rc;
}

/* One try. *unknown: the session died while the engine had the entry, perhaps. */
static int try_push(hdb_record *record, int64_t id, int64_t token, hdb_log_start start, const char *data, size_t size,
                    bool durable, bool *unknown, hdb_error *error) {
    hdb_link *link = NULL;
    bool there = false;
    int rc = hdb_record_link(record, &link, error);
    if (rc == HDB_OK && *unknown) {
        rc = hdb_record_await_push(record, link, error);
        if (rc == HDB_OK)
            rc = hdb_log_has(link, id, &there, error);
        if (rc == HDB_OK && there)
            return HDB_OK;
    }
    if (rc == HDB_OK)
        rc = set_durable(record, link, durable, error);
    if (rc != HDB_OK)
        return rc;
    *unknown = true;
    record->state.page->pushing = record->session;
    rc = hdb_log_push_rest(link, id, token, start, data, size, error);
    if (rc == HDB_OK || hdb_link_is_alive(link))
        *unknown = false;
    return rc;
}

static int push_until_known(hdb_record *record, int64_t id, int64_t token, hdb_log_start start, const char *data, size_t size,
                            bool durable, hdb_error *error) {
    enum { TRIES = 4 };
    static const hdb_log_start none;
    bool unknown = false;
    int rc = HDB_OK;
    for (int i = 0; i < TRIES; i++) {
        hdb_error_clear(error);
        rc = try_push(record, id, token, start, data, size, durable, &unknown, error);
        start = none; /* an engine that died may have lost what it had */
        if (rc != HDB_IOERR && !(unknown && rc != HDB_OK))
            break;
        usleep(20000u << i);
    }
    if (rc != HDB_OK && unknown) {
        hdb_error_set(error, HDB_IOERR, "08007",
                      "the engine was lost during COMMIT and does not come back: the next connection finds out whether the "
                      "transaction was kept");
        return HDB_IOERR;
    }
    return rc;
}

int hdb_record_push_begin(hdb_record *record, int64_t *out, hdb_error *error) {
    hdb_state_page *page = record->state.page;
    hdb_record_lock(record);
    int rc = hdb_state_lock(&record->state, HDB_LOCK_COMMIT, error);
    if (rc != HDB_OK) {
        hdb_record_unlock(record);
        return rc;
    }
    int64_t id = page->synced + 1;
    if (page->inflight == id) {
        /* Nobody holds the lock, so whoever pushed it is dead; was it kept? */
        bool there = false;
        hdb_link *link = NULL;
        rc = hdb_record_link(record, &link, error);
        if (rc == HDB_OK)
            rc = hdb_record_await_push(record, link, error);
        if (rc == HDB_OK)
            rc = hdb_log_has(link, id, &there, error);
        if (rc == HDB_OK && there)
            rc = hdb_error_set(error, 517 /* SQLITE_BUSY_SNAPSHOT */, NULL,
                               "an earlier COMMIT, during which the engine or its client was lost, was kept: begin the "
                               "transaction again");
    }
    *out = id;
    if (rc != HDB_OK)
        hdb_record_push_leave(record);
    return rc;
}

static int push_rest(hdb_record *record, int64_t token, hdb_log_start start, const char *data, size_t size, bool durable,
                     hdb_error *error) {
    hdb_state_page *page = record->state.page;
    /* Nothing is sent yet: who finds the entry in flight has nobody to wait for, and the pusher before may live on. */
    page->pushing = 0;
    page->inflight = hdb_state_synced(&record->state) + 1;
    int rc = push_until_known(record, page->inflight, token, start, data, size, durable, error);
    if (rc != HDB_OK && !hdb_record_outcome_is_unknown(error))
        page->inflight = 0;
    if (rc != HDB_OK)
        hdb_record_push_leave(record);
    return rc;
}

int hdb_record_push_end(hdb_record *record, int64_t token, const char *data, size_t size, bool durable, hdb_error *error) {
    static const hdb_log_start none;
    return push_rest(record, token, none, data, size, durable, error);
}

bool hdb_record_outcome_is_unknown(const hdb_error *error) {
    return strcmp(error->sqlstate, "08007") == 0;
}

void hdb_record_push_leave(hdb_record *record) {
    hdb_state_unlock(&record->state, HDB_LOCK_COMMIT);
    hdb_record_unlock(record);
}

int hdb_record_push(hdb_record *record, hdb_ahead *ahead, const char *data, size_t size, bool durable, hdb_error *error) {
    int64_t id = 0;
    hdb_log_start start = {0, 0};
    int rc = hdb_record_push_begin(record, &id, error);
    if (rc != HDB_OK)
        return rc;
    if (ahead)
        start = hdb_ahead_settle(record, ahead, id);
    rc = push_rest(record, 0, start, data, size, durable, error);
    if (ahead && rc != HDB_OK)
        ahead->given_up = true;
    return rc;
}

void hdb_record_committed(hdb_record *record, char *data, size_t size, const hdb_wal_mark *mark) {
    hdb_state_page *page = record->state.page;
    int64_t id = page->inflight;
    if (mark)
        page->mark = *mark;
    hdb_state_set_synced(&record->state, id);
    hdb_state_unlock(&record->state, HDB_LOCK_COMMIT);
    hdb_record_unlock(record);
    hdb_applier_add(record->applier, id, data, size);
}

int hdb_record_cancel(hdb_record *record, hdb_error *error) {
    hdb_state_page *page = record->state.page;
    hdb_link *link = NULL;
    int rc = hdb_record_link(record, &link, error);
    if (rc == HDB_OK)
        rc = hdb_log_cancel(link, page->inflight, error);
    if (rc == HDB_OK)
        page->inflight = 0;
    hdb_state_unlock(&record->state, HDB_LOCK_COMMIT);
    hdb_record_unlock(record);
    return rc;
}

int hdb_record_flush(hdb_record *record, hdb_error *error) {
    return hdb_applier_wait(record->applier, hdb_state_synced(&record->state), record->interrupt, 0, error);
}

void hdb_record_leave_to_others(hdb_record *record) {
    enum { LIMIT_MS = 10000 };
    hdb_error ignored = HDB_ERROR_INIT;
    hdb_applier_wait(record->applier, hdb_state_synced(&record->state), NULL, LIMIT_MS, &ignored);
    hdb_error_clear(&ignored);
}

void hdb_record_copy_wal(hdb_record *record) {
    hdb_applier_copy_wal(record->applier);
}

void hdb_record_wake(hdb_record *record) {
    hdb_applier_wake(record->applier);
}

int hdb_record_empty_log(hdb_record *record, hdb_error *error) {
    enum { ENTRIES_LEFT = 256 };
    hdb_state_page *page = record->state.page;
    int rc = HDB_OK;
    hdb_record_lock(record);
    if (record->link && hdb_link_is_alive(record->link) && page->synced - page->emptied > ENTRIES_LEFT &&
        page->inflight <= page->synced && !(record->directory && hdb_askers_left(record->directory))) {
        rc = hdb_log_empty(record->link, page->synced, error);
        if (rc == HDB_OK)
            page->emptied = page->synced;
    }
    if (rc != HDB_OK && !hdb_link_is_alive(record->link)) {
        hdb_error_clear(error); /* whoever comes next does it */
        rc = HDB_OK;
    }
    hdb_record_unlock(record);
    return rc;
}

static int settle(hdb_record *record, hdb_error *error) {
    hdb_link *link = NULL;
    int rc = hdb_record_link(record, &link, error);
    return rc == HDB_OK ? hdb_log_settle(link, error) : rc;
}

int hdb_record_settle(hdb_record *record, hdb_error *error) {
    hdb_state_page *page = record->state.page;
    if (page->settled == page->synced)
        return HDB_OK;
    hdb_record_lock(record);
    int rc = settle(record, error);
    if (rc != HDB_OK && record->link && !hdb_link_is_alive(record->link)) {
        hdb_error_clear(error); /* the engine died since the last commit: one that is started anew has what that one had */
        rc = settle(record, error);
    }
    record->durable = false;
    if (rc == HDB_OK)
        page->settled = page->synced;
    hdb_record_unlock(record);
    return rc;
}
