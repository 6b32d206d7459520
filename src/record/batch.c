/* SPDX-License-Identifier: Apache-2.0 */
#include "record/batch.h"

#include "record/apply.h"
#include "record/entry.h"
#include "record/session.h"
#include <stdlib.h>
#include <string.h>

enum {
    ENOUGH_ENTRIES = 512,
    ENOUGH_BYTES = 1 << 20,
    LARGE_ENTRY = 32 << 10, /* it has rows enough to be applied by itself */
    ENTRIES_PER_MARK = 64   /* how often "applied" is written while there is more to do */
};

bool hdb_batch_is_full(const hdb_queue *entries) {
    return entries->count >= ENOUGH_ENTRIES || entries->bytes >= ENOUGH_BYTES;
}

static int open_link(hdb_batch *batch, hdb_error *error) {
    int64_t applied = 0;
    if (batch->link && hdb_link_is_alive(batch->link))
        return HDB_OK;
    hdb_link_close(batch->link);
    batch->link = NULL;
    int rc = hdb_record_connect(batch->record, &batch->link, error);
    if (rc == HDB_OK)
        rc = hdb_session_name(batch->link, batch->state, &batch->session, error);
    if (rc == HDB_OK)
        rc = hdb_link_script(batch->link, "SET synchronous_commit = off", error);
    if (rc == HDB_OK)
        rc = hdb_meta_get(batch->link, "applied", 0, &applied, error);
    if (rc == HDB_OK) {
        /* After a crash of the engine some of what was answered for may be marked no longer: apply it again. */
        if (applied < hdb_state_applied(batch->state) || !batch->state->same_boot)
            hdb_state_set_applied(batch->state, applied);
        batch->marked = applied;
    }
    return rc;
}

/* The applier before may have died: what it had sent is carried out first. */
static int take_over(hdb_batch *batch, hdb_error *error) {
    hdb_state_page *page = batch->state->page;
    int rc = page->applying != batch->session ? hdb_session_await(batch->link, page->applying, error) : HDB_OK;
    if (rc == HDB_OK)
        page->applying = batch->session;
    return rc;
}

int hdb_batch_open(hdb_batch *batch, hdb_error *error) {
    int rc = open_link(batch, error);
    return rc == HDB_OK ? take_over(batch, error) : rc;
}

void hdb_batch_close(hdb_batch *batch) {
    hdb_queue_clear(&batch->entries);
    hdb_buffer_free(&batch->merged);
    hdb_link_close(batch->reader);
    hdb_link_close(batch->link);
    batch->reader = batch->link = NULL;
}

bool hdb_batch_take(hdb_batch *batch, hdb_queue *from, int64_t id) {
    hdb_queue *entries = &batch->entries;
    hdb_queue_drop(from, id - 1);
    while (from->first && from->first->id == id++ && !hdb_batch_is_full(entries)) {
        bool large = from->first->size > LARGE_ENTRY;
        if (!large || !entries->first)
            hdb_queue_pass(from, entries);
        if (large)
            break;
    }
    return entries->first != NULL;
}

/* Writes down in the engine how far its tables are. */
static int mark(hdb_batch *batch, int64_t id, hdb_error *error) {
    int rc = hdb_meta_set(batch->link, "applied", id, error);
    if (rc == HDB_OK)
        batch->marked = id;
    return rc;
}

static int note_applied(hdb_batch *batch, int64_t id, size_t size, hdb_error *error) {
    int rc = HDB_OK;
    if (id - batch->marked >= ENTRIES_PER_MARK || id >= hdb_state_synced(batch->state))
        rc = mark(batch, id, error);
    if (rc == HDB_OK) {
        hdb_state_set_applied(batch->state, id);
        batch->applied += size;
    }
    return rc;
}

/* After a crash all entries behind the mark are applied again. Rows can be, in any number; but once the schema has changed,
 * the tables of what came before it may be gone: that must not come again. */
static int apply_alone(hdb_batch *batch, int64_t id, const char *data, size_t size, hdb_error *error) {
    int rc = hdb_entry_has_schema(data, size) && batch->marked < id - 1 ? mark(batch, id - 1, error) : HDB_OK;
    if (rc == HDB_OK)
        rc = hdb_apply_entry(batch->link, data, size, HDB_APPLY_COMMIT, error);
    return rc == HDB_OK ? note_applied(batch, id, size, error) : rc;
}

/* Applies the first entries: as many as can be merged, or one. */
static int apply_first(hdb_batch *batch, hdb_error *error) {
    const hdb_queued *first = batch->entries.first, *last = first;
    int count = batch->entries.count > 1 ? hdb_queue_merge(&batch->entries, &batch->merged) : 1;
    if (count < 2)
        return apply_alone(batch, first->id, first->data, first->size, error);
    size_t size = first->size;
    for (int i = 1; i < count; i++) {
        last = last->next;
        size += last->size;
    }
    int rc = HDB_OK;
    if (batch->merged.size > 0)
        rc = hdb_apply_entry(batch->link, batch->merged.data, batch->merged.size, HDB_APPLY_MERGED, error);
    return rc == HDB_OK ? note_applied(batch, last->id, size, error) : rc;
}

int hdb_batch_apply(hdb_batch *batch, hdb_error *error) {
    int rc = HDB_OK;
    while (rc == HDB_OK && batch->entries.first) {
        rc = apply_first(batch, error);
        hdb_queue_drop(&batch->entries, hdb_state_applied(batch->state));
    }
    hdb_queue_clear(&batch->entries); /* after an error it is read from the log */
    return rc;
}

/* Reads the log while the other link applies. */
static int open_reader(hdb_batch *batch, hdb_error *error) {
    if (batch->reader && hdb_link_is_alive(batch->reader))
        return HDB_OK;
    hdb_link_close(batch->reader);
    batch->reader = NULL;
    return hdb_record_connect(batch->record, &batch->reader, error);
}

struct from_log {
    hdb_batch *batch;
    int64_t next, last;
    hdb_error *error;
};

static int apply_logged(void *context, int64_t id, const char *data, size_t size) {
    struct from_log *from = context;
    hdb_batch *batch = from->batch;
    if (id < from->next)
        return HDB_OK;
    if (id > from->last)
        return HDB_DONE;
    from->next = id + 1;
    char *copy = size <= LARGE_ENTRY ? malloc(size + 1) : NULL;
    if (copy) {
        memcpy(copy, size ? data : "", size);
        if (hdb_queue_add(&batch->entries, id, copy, size))
            return hdb_batch_is_full(&batch->entries) ? hdb_batch_apply(batch, from->error) : HDB_OK;
    }
    int rc = hdb_batch_apply(batch, from->error);
    return rc == HDB_OK ? apply_alone(batch, id, data, size, from->error) : rc;
}

int hdb_batch_apply_logged(hdb_batch *batch, int64_t first, int64_t last, hdb_error *error) {
    struct from_log from = {batch, first, last, error};
    hdb_error stream_error = HDB_ERROR_INIT;
    int rc = open_reader(batch, error);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_log_read(batch->reader, first, apply_logged, &from, &stream_error);
    if (rc == HDB_DONE)
        rc = HDB_OK;
    if (rc == HDB_OK)
        rc = hdb_batch_apply(batch, error);
    hdb_queue_clear(&batch->entries);
    if (rc != HDB_OK && error->code == HDB_OK)
        hdb_error_move(error, &stream_error);
    hdb_error_clear(&stream_error);
    if (rc == HDB_OK && hdb_state_applied(batch->state) < last)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "entries %lld to %lld are not in the engine's log",
                           (long long)hdb_state_applied(batch->state) + 1, (long long)last);
    return rc;
}

