/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction over several databases whose writer died: what became of it (record/promise.h). */
#include "database_internal.h"

#include "notice.h"
#include "record/promise.h"
#include <stdlib.h>
#include <unistd.h>

/* Whether the decider's log has the entry. Its engine is asked without opening the database: neither of two databases that
 * ask each other may wait for the other one's locks. */
static int ask(hdb_database *database, const hdb_promise *promise, bool *decided, hdb_error *error) {
    hdb_engine_options options = {.directory = promise->decider,
                                  .program = database->program,
                                  .linger = database->linger,
                                  .timeout_ms = database->timeout_ms};
    hdb_engine *engine = NULL;
    hdb_link *link = NULL;
    char *conninfo = NULL;
    int64_t token = 0;
    *decided = false;
    if (access(promise->decider, F_OK) != 0) {
        if (database->notices)
            hdb_notice_say("%s: a transaction over it and %s was not finished, and the latter is gone: it is undone",
                           database->path, promise->decider);
        return HDB_OK;
    }
    int rc = hdb_engine_open(&options, &engine, error);
    if (rc == HDB_OK)
        rc = hdb_engine_conninfo(engine, &conninfo, error);
    if (rc == HDB_OK)
        rc = hdb_link_open(conninfo, 30000, NULL, &link, error);
    if (rc == HDB_OK)
        rc = hdb_log_prepare(link, error);
    if (rc == HDB_OK)
        rc = hdb_log_token(link, promise->decider_id, &token, error);
    *decided = rc == HDB_OK && token == promise->token;
    hdb_link_close(link);
    free(conninfo);
    hdb_engine_close(engine);
    return rc;
}

int hdb_database_settle_promise(hdb_database *database, hdb_link *link, hdb_error *error) {
    const char *directory = hdb_record_directory(database->record);
    hdb_state *state = hdb_record_state(database->record);
    hdb_promise promise = {0};
    bool there = false, decided = false;
    int rc = directory ? hdb_promise_read(directory, &promise, error) : HDB_OK;
    if (rc != HDB_OK || !promise.decider)
        return rc;
    /* What the replica is known to hold was decided for long ago. */
    bool done = state->same_boot && state->page->ready && promise.id <= hdb_state_synced(state);
    if (!done)
        rc = hdb_log_has(link, promise.id, &there, error);
    if (rc == HDB_OK && there)
        rc = ask(database, &promise, &decided, error);
    if (rc == HDB_OK && there && !decided)
        rc = hdb_log_cancel(link, promise.id, error);
    if (rc == HDB_OK)
        hdb_promise_drop(directory, true);
    hdb_promise_clear(&promise);
    return rc;
}
