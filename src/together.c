/* SPDX-License-Identifier: Apache-2.0 */
/* COMMIT of a transaction that has written to several databases: all of them or none, whatever dies
 * (docs/decisions/0010-several-databases.md). The first one that lies in a file decides; the others' entries are pushed
 * before its own, each under a promise (record/promise.h). Databases in memory die with the process: they promise nothing. */
#include "embedded_internal.h"

#include "record/promise.h"
#include <stdlib.h>
#include <sqlite3.h>

enum stage { LEFT, BEGUN, PUSHED };

struct party {
    hdb_embedded_store *store;
    const char *directory; /* NULL in memory */
    int64_t id;
    enum stage stage;
};

/* Those that have something to push, the one that decides first. */
static int gather(void **contexts, int count, struct party *parties, hdb_error *error) {
    int gathered = 0;
    for (int i = 0; i < count; i++) {
        hdb_embedded_store *store = contexts[i];
        store->pushed = store->promised = false;
        if (hdb_embedded_store_encode(store, error) != HDB_OK)
            return -1;
        if (store->entry.size == 0)
            continue;
        struct party *party = &parties[gathered++];
        *party = (struct party){.store = store, .directory = hdb_record_directory(store->record)};
        if (party->directory && !parties[0].directory) {
            struct party first = parties[0];
            parties[0] = *party;
            *party = first;
        }
    }
    return gathered;
}

static bool is_durable(const struct party *party) {
    return party->store->replica->synchronous >= 2;
}

static int promise_all(struct party *parties, int count, int64_t token, hdb_error *error) {
    const char **askers = calloc((size_t)count, sizeof *askers);
    int asker_count = 0;
    int rc = askers ? HDB_OK : hdb_error_nomem(error);
    for (int i = 1; rc == HDB_OK && i < count; i++)
        if (parties[i].directory)
            askers[asker_count++] = parties[i].directory;
    for (int i = 1; rc == HDB_OK && i < count; i++) {
        const hdb_promise promise = {parties[i].id, parties[0].id, token, (char *)parties[0].directory};
        if (!parties[i].directory)
            continue;
        rc = hdb_promise_make(parties[i].directory, &promise, is_durable(&parties[i]), error);
        parties[i].store->promised = rc == HDB_OK;
    }
    if (rc == HDB_OK && asker_count > 0)
        rc = hdb_askers_add(parties[0].directory, token, askers, asker_count, is_durable(&parties[0]), error);
    free(askers);
    return rc;
}

static void drop_promise(hdb_embedded_store *store) {
    if (store->promised)
        hdb_promise_drop(hdb_record_directory(store->record), store->replica->synchronous >= 2);
    store->promised = false;
}

/* A push failed: takes back what was pushed. Where that can't be done, or the outcome is not known, the promise stays, and
 * the next one who comes asks. */
static void take_back(struct party *parties, int count, bool unknown) {
    for (int i = 0; i < count; i++) {
        hdb_error ignored = HDB_ERROR_INIT;
        struct party *party = &parties[i];
        bool clean = !unknown;
        if (party->stage == PUSHED && !unknown)
            clean = hdb_record_cancel(party->store->record, &ignored) == HDB_OK;
        else if (party->stage != LEFT)
            hdb_record_push_leave(party->store->record);
        if (clean)
            drop_promise(party->store);
        party->store->promised = false;
        hdb_sequences_clear(&party->store->sequences);
        hdb_error_clear(&ignored);
    }
}

static int push_party(struct party *party, int64_t token, hdb_error *error) {
    hdb_embedded_store *store = party->store;
    party->stage = LEFT;
    int rc = hdb_record_push_end(store->record, token, store->entry.data, store->entry.size, is_durable(party), error);
    if (rc == HDB_OK) {
        party->stage = PUSHED;
        hdb_embedded_store_note_foreign(store);
    }
    return rc;
}

int hdb_together_push(void **contexts, int count, hdb_error *error) {
    int64_t token = 0;
    bool unknown = false;
    struct party *parties = calloc((size_t)count + 1, sizeof *parties);
    if (!parties)
        return hdb_error_nomem(error);
    int gathered = gather(contexts, count, parties, error);
    int rc = gathered < 0 ? error->code & 0xff : gathered == 0 ? HDB_DONE : HDB_OK;
    for (int i = 0; rc == HDB_OK && i < gathered; i++) {
        rc = hdb_record_push_begin(parties[i].store->record, &parties[i].id, error);
        if (rc == HDB_OK)
            parties[i].stage = BEGUN;
    }
    sqlite3_randomness(sizeof token, &token);
    token = (token & INT64_MAX) | 1;
    if (rc == HDB_OK && gathered > 1)
        rc = promise_all(parties, gathered, token, error);
    /* The one that decides comes last: its entry is the transaction. */
    for (int i = gathered - 1; rc == HDB_OK && i >= 0; i--) {
        rc = push_party(&parties[i], i == 0 ? token : 0, error);
        unknown = rc != HDB_OK && hdb_record_outcome_is_unknown(error) && i == 0;
        if (rc != HDB_OK && hdb_record_outcome_is_unknown(error) && i > 0)
            parties[i].store->promised = false; /* it stays, and is not kept: without the decider's entry it is undone */
    }
    for (int i = 0; i < gathered; i++)
        parties[i].store->pushed = rc == HDB_OK;
    if (rc != HDB_OK && rc != HDB_DONE && gathered > 0)
        take_back(parties, gathered, unknown);
    free(parties);
    return rc;
}

/* SQLite refused the COMMIT. The decision is revoked first; as long as that fails, everything is left to whoever asks. */
static int cancel(hdb_embedded_store **stores, int count, int decider, hdb_error *error) {
    int rc = hdb_embedded_store_finish(stores[decider], false, error);
    for (int i = 0; i < count; i++) {
        hdb_error ignored = HDB_ERROR_INIT;
        if (i == decider || !stores[i]->pushed)
            continue;
        if (rc != HDB_OK)
            hdb_record_push_leave(stores[i]->record);
        else if (hdb_embedded_store_finish(stores[i], false, &ignored) == HDB_OK)
            drop_promise(stores[i]);
        stores[i]->promised = false;
        hdb_error_clear(&ignored);
    }
    return rc;
}

int hdb_together_finish(void **contexts, int count, bool done, hdb_error *error) {
    hdb_embedded_store **stores = (hdb_embedded_store **)contexts;
    int decider = -1, rc = HDB_OK;
    /* As in gather(): the first in a file, else the first. */
    for (int i = 0; i < count; i++)
        if (stores[i]->pushed && (decider < 0 || (!hdb_record_directory(stores[decider]->record) &&
                                                  hdb_record_directory(stores[i]->record))))
            decider = i;
    if (decider < 0)
        return HDB_OK;
    if (!done)
        return cancel(stores, count, decider, error);
    for (int i = 0; i < count; i++) {
        hdb_error one = HDB_ERROR_INIT;
        if (i == decider || !stores[i]->pushed)
            continue;
        drop_promise(stores[i]);
        int finished = hdb_embedded_store_finish(stores[i], true, &one);
        if (finished != HDB_OK)
            rc = hdb_error_move(error, &one);
        hdb_error_clear(&one);
    }
    const char *directory = hdb_record_directory(stores[decider]->record);
    if (directory)
        hdb_askers_left(directory); /* nobody is: the file goes */
    int finished = hdb_embedded_store_finish(stores[decider], true, error);
    return rc == HDB_OK ? finished : rc;
}
