/* SPDX-License-Identifier: Apache-2.0 */
#include "record/applier.h"

#include "record/apply.h"
#include "record/entry.h"
#include "record/promise.h"
#include "record/queue.h"
#include "record/session.h"
#include "waiting.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MOST_WAITING_ENTRIES = 4096,        /* a committer waits beyond this: the lag stays bounded */
    MOST_WAITING_BYTES = 64 << 20,
    REST_MS = 15,                       /* between two gatherings, so that entries come together */
    ENOUGH_ENTRIES = 512,               /* then there is no rest */
    ENOUGH_BYTES = 1 << 20,
    LARGE_ENTRY = 32 << 10,             /* it has rows enough to be applied by itself */
    ENTRIES_PER_CHECKPOINT = 4096,      /* then the log is emptied */
    BYTES_PER_CHECKPOINT = 32 << 20,
    ENTRIES_PER_MARK = 64,              /* how often "applied" is written while there is more to do */
    RETRY_MS = 200,                     /* after an error */
    LOOK_MS = 5,                        /* at what another process does */
    IDLE_MS = 250
};

struct hdb_applier {
    hdb_record *record;
    hdb_state *state;
    pthread_mutex_t mutex; /* guards everything below */
    pthread_cond_t work, progress;
    pthread_t thread;
    bool started, stop, wake, copies_wal;
    bool rests;  /* the thread, until it is time: an entry more is no reason to wake it */
    int waiters; /* for whom it does not rest */
    int64_t rested_at; /* ms: when it may apply again */
    int64_t seen;      /* "applied" when it last looked and had nothing to do */
    hdb_queue waiting;
    hdb_error error; /* why the last attempt failed */
    hdb_checkpoint checkpoint;
    void *checkpoint_context;
    /* the thread's own */
    hdb_link *link;
    int64_t session; /* the link's number */
    size_t bytes_since_checkpoint;
    int64_t marked; /* "applied" as last written to the engine */
    hdb_queue batch; /* entries that follow one another, to be applied next */
    hdb_buffer merged;
};

int hdb_applier_start(hdb_record *record, hdb_applier **out, hdb_error *error) {
    hdb_applier *applier = calloc(1, sizeof *applier);
    pthread_condattr_t attributes;
    if (!applier)
        return hdb_error_nomem(error);
    applier->record = record;
    applier->state = hdb_record_state(record);
    applier->error.offset = -1;
    applier->seen = -1;
    pthread_mutex_init(&applier->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&applier->work, &attributes);
    pthread_cond_init(&applier->progress, &attributes);
    pthread_condattr_destroy(&attributes);
    *out = applier;
    return HDB_OK;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_ms(hdb_applier *applier, pthread_cond_t *condition, int milliseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    until.tv_sec += milliseconds / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(condition, &applier->mutex, &until);
}

/* Forgets what another process has applied: while it has the lock, this one never comes to its own. Call with the mutex, as
 * all that touches the entries that wait. */
static void drop_applied(hdb_applier *applier) {
    hdb_queue_drop(&applier->waiting, hdb_state_applied(applier->state));
}

static bool has_enough(const hdb_queue *queue) {
    return queue->count >= ENOUGH_ENTRIES || queue->bytes >= ENOUGH_BYTES;
}

/* Makes a batch of the waiting entries from `id` on, as far as they follow one another. */
static void take_waiting(hdb_applier *applier, int64_t id) {
    const hdb_queued *first;
    hdb_queue_drop(&applier->waiting, id - 1);
    while ((first = applier->waiting.first) && first->id == id++ && !has_enough(&applier->batch)) {
        bool large = first->size > LARGE_ENTRY;
        if (large && applier->batch.first)
            break;
        hdb_queue_pass(&applier->waiting, &applier->batch);
        if (large)
            break;
    }
}

/* Writes down in the engine how far its tables are. */
static int mark(hdb_applier *applier, int64_t id, hdb_error *error) {
    int rc = hdb_meta_set(applier->link, "applied", id, error);
    if (rc == HDB_OK)
        applier->marked = id;
    return rc;
}

static int note_applied(hdb_applier *applier, int64_t id, size_t size, hdb_error *error) {
    int rc = HDB_OK;
    if (id - applier->marked >= ENTRIES_PER_MARK || id >= hdb_state_synced(applier->state))
        rc = mark(applier, id, error);
    if (rc == HDB_OK) {
        hdb_state_set_applied(applier->state, id);
        applier->bytes_since_checkpoint += size;
        pthread_mutex_lock(&applier->mutex);
        pthread_cond_broadcast(&applier->progress);
        pthread_mutex_unlock(&applier->mutex);
    }
    return rc;
}

/* After a crash all entries behind the mark are applied again. Rows can be, in any number; but once the schema has changed,
 * the tables of what came before it may be gone: that must not come again. */
static int apply_alone(hdb_applier *applier, int64_t id, const char *data, size_t size, hdb_error *error) {
    int rc = hdb_entry_has_schema(data, size) && applier->marked < id - 1 ? mark(applier, id - 1, error) : HDB_OK;
    if (rc == HDB_OK)
        rc = hdb_apply_entry(applier->link, data, size, HDB_APPLY_COMMIT, error);
    return rc == HDB_OK ? note_applied(applier, id, size, error) : rc;
}

/* Applies the first entries of the batch: as many as can be merged, or one. */
static int apply_first(hdb_applier *applier, hdb_error *error) {
    hdb_queue *batch = &applier->batch;
    const hdb_queued *first = batch->first, *last = first;
    int count = batch->count > 1 ? hdb_queue_merge(batch, &applier->merged) : 1;
    if (count < 2)
        return apply_alone(applier, first->id, first->data, first->size, error);
    size_t size = first->size;
    for (int i = 1; i < count; i++) {
        last = last->next;
        size += last->size;
    }
    int rc = hdb_apply_entry(applier->link, applier->merged.data, applier->merged.size, HDB_APPLY_MERGED, error);
    return rc == HDB_OK ? note_applied(applier, last->id, size, error) : rc;
}

static int apply_batch(hdb_applier *applier, hdb_error *error) {
    int rc = HDB_OK;
    while (rc == HDB_OK && applier->batch.first) {
        rc = apply_first(applier, error);
        hdb_queue_drop(&applier->batch, hdb_state_applied(applier->state));
    }
    hdb_queue_clear(&applier->batch); /* after an error it is read from the log */
    return rc;
}

struct from_log {
    hdb_link *link; /* reads while applier->link applies */
    hdb_applier *applier;
    int64_t next, last;
    hdb_error *error;
};

static int apply_logged(void *context, int64_t id, const char *data, size_t size) {
    struct from_log *from = context;
    hdb_applier *applier = from->applier;
    if (id < from->next)
        return HDB_OK;
    if (id > from->last)
        return HDB_DONE;
    from->next = id + 1;
    char *copy = size <= LARGE_ENTRY ? malloc(size + 1) : NULL;
    if (copy) {
        memcpy(copy, size ? data : "", size);
        if (hdb_queue_add(&applier->batch, id, copy, size))
            return has_enough(&applier->batch) ? apply_batch(applier, from->error) : HDB_OK;
    }
    int rc = apply_batch(applier, from->error);
    return rc == HDB_OK ? apply_alone(applier, id, data, size, from->error) : rc;
}

/* Applies entries that this process does not have in memory. */
static int apply_from_log(hdb_applier *applier, int64_t first, int64_t last, hdb_error *error) {
    struct from_log from = {NULL, applier, first, last, error};
    hdb_error stream_error = HDB_ERROR_INIT;
    int rc = hdb_record_connect(applier->record, &from.link, error);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_log_read(from.link, first, apply_logged, &from, &stream_error);
    hdb_link_close(from.link);
    if (rc == HDB_DONE)
        rc = HDB_OK;
    if (rc == HDB_OK)
        rc = apply_batch(applier, error);
    hdb_queue_clear(&applier->batch);
    if (rc != HDB_OK && error->code == HDB_OK)
        hdb_error_move(error, &stream_error);
    hdb_error_clear(&stream_error);
    if (rc == HDB_OK && hdb_state_applied(applier->state) < last)
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "entries %lld to %lld are not in the engine's log",
                           (long long)hdb_state_applied(applier->state) + 1, (long long)last);
    return rc;
}

/* The log may be emptied when all of it is applied and the replica's file holds it durably; commits wait meanwhile. */
static int empty_log(hdb_applier *applier, hdb_error *error) {
    int rc = HDB_OK;
    pthread_mutex_lock(&applier->mutex);
    hdb_checkpoint checkpoint = applier->checkpoint;
    void *context = applier->checkpoint_context;
    pthread_mutex_unlock(&applier->mutex);
    if (!applier->state->in_memory && !checkpoint)
        return HDB_OK;
    if (!hdb_record_try_commit(applier->record))
        return HDB_OK; /* somebody commits: next time */
    int64_t head = hdb_state_synced(applier->state);
    const char *directory = hdb_record_directory(applier->record);
    if (head == hdb_state_applied(applier->state) && applier->state->page->inflight <= head &&
        !(directory && hdb_askers_left(directory)) &&
        (applier->state->in_memory || checkpoint(context, true) == HDB_OK)) {
        rc = hdb_log_empty(applier->link, head, error);
        if (rc == HDB_OK)
            applier->state->page->emptied = head;
        applier->bytes_since_checkpoint = 0;
    }
    hdb_record_push_leave(applier->record);
    return rc;
}

static int open_link(hdb_applier *applier, hdb_error *error) {
    int64_t applied = 0;
    if (applier->link && hdb_link_is_alive(applier->link))
        return HDB_OK;
    hdb_link_close(applier->link);
    applier->link = NULL;
    int rc = hdb_record_connect(applier->record, &applier->link, error);
    if (rc == HDB_OK)
        rc = hdb_session_name(applier->link, applier->state, &applier->session, error);
    if (rc == HDB_OK)
        rc = hdb_link_script(applier->link, "SET synchronous_commit = off", error);
    if (rc == HDB_OK)
        rc = hdb_meta_get(applier->link, "applied", 0, &applied, error);
    if (rc == HDB_OK) {
        /* After a crash of the engine some of what was answered for may be marked no longer: apply it again. */
        if (applied < hdb_state_applied(applier->state) || !applier->state->same_boot)
            hdb_state_set_applied(applier->state, applied);
        applier->marked = applied;
    }
    return rc;
}

/* The applier before may have died: what it had sent is carried out first. */
static int take_over(hdb_applier *applier, hdb_error *error) {
    hdb_state_page *page = applier->state->page;
    int rc = page->applying != applier->session ? hdb_session_await(applier->link, page->applying, error) : HDB_OK;
    if (rc == HDB_OK)
        page->applying = applier->session;
    return rc;
}

/* If somebody has asked for it. What can't be copied now is at the next one's asking. */
static void copy_wal(hdb_applier *applier) {
    pthread_mutex_lock(&applier->mutex);
    hdb_checkpoint checkpoint = applier->copies_wal ? applier->checkpoint : NULL;
    void *context = applier->checkpoint_context;
    applier->copies_wal = false;
    pthread_mutex_unlock(&applier->mutex);
    if (checkpoint)
        checkpoint(context, false);
}

static bool wants_empty_log(const hdb_applier *applier) {
    return hdb_state_applied(applier->state) - applier->state->page->emptied >= ENTRIES_PER_CHECKPOINT ||
           applier->bytes_since_checkpoint >= BYTES_PER_CHECKPOINT;
}

/* Everything there is to apply, under apply.lock. What is committed meanwhile waits for the next time, unless the log is to be
 * emptied, for which all of it must be applied. */
static int drain(hdb_applier *applier, hdb_error *error) {
    int64_t last = hdb_state_synced(applier->state), next;
    int rc = open_link(applier, error);
    if (rc == HDB_OK)
        rc = take_over(applier, error);
    while (rc == HDB_OK && (next = hdb_state_applied(applier->state) + 1) <= last) {
        copy_wal(applier);
        pthread_mutex_lock(&applier->mutex);
        bool stop = applier->stop;
        take_waiting(applier, next);
        pthread_mutex_unlock(&applier->mutex);
        if (stop && !applier->batch.first)
            break;
        rc = applier->batch.first ? apply_batch(applier, error) : apply_from_log(applier, next, last, error);
        if (wants_empty_log(applier))
            last = hdb_state_synced(applier->state);
    }
    if (rc == HDB_OK && wants_empty_log(applier))
        rc = empty_log(applier, error);
    if (rc == HDB_OK) {
        applier->state->page->applying = 0;
    } else {
        /* What was sent and not answered for is waited for by whoever goes on. */
        hdb_link_close(applier->link);
        applier->link = NULL;
    }
    return rc;
}

/* Entries of another process are its own work, unless it has not come to it since this one last looked. */
static bool has_work(const hdb_applier *applier) {
    int64_t applied = hdb_state_applied(applier->state);
    return applier->wake || (applied < hdb_state_synced(applier->state) &&
                             (applier->waiting.first || applier->waiters > 0 || applied == applier->seen));
}

/* How long entries may still gather, in ms. */
static int rest_left(const hdb_applier *applier) {
    int64_t left = applier->rested_at - now_ms();
    bool hurries = applier->waiters > 0 || applier->wake || applier->error.code != HDB_OK || has_enough(&applier->waiting);
    return hurries || left < 0 ? 0 : (int)left;
}

/* Waits without being woken by every entry that is added. */
static void rest(hdb_applier *applier, int milliseconds) {
    applier->rests = true;
    wait_ms(applier, &applier->work, milliseconds);
    applier->rests = false;
}

static void work(hdb_applier *applier) {
    hdb_error error = HDB_ERROR_INIT;
    int rc = HDB_OK;
    applier->wake = false;
    pthread_mutex_unlock(&applier->mutex);
    bool mine = hdb_state_try(applier->state, HDB_LOCK_APPLY);
    if (mine) {
        rc = drain(applier, &error);
        hdb_state_unlock(applier->state, HDB_LOCK_APPLY);
    }
    pthread_mutex_lock(&applier->mutex);
    if (mine) {
        applier->rested_at = now_ms() + REST_MS;
        hdb_error_move(&applier->error, &error);
    }
    hdb_error_clear(&error);
    pthread_cond_broadcast(&applier->progress);
    if (applier->stop)
        return;
    if (rc != HDB_OK)
        wait_ms(applier, &applier->work, RETRY_MS);
    else if (!mine)
        rest(applier, LOOK_MS);
}

static void *run(void *context) {
    hdb_applier *applier = context;
    pthread_mutex_lock(&applier->mutex);
    while (!applier->stop) {
        int left = 0;
        drop_applied(applier);
        if (applier->copies_wal) {
            pthread_mutex_unlock(&applier->mutex);
            copy_wal(applier);
            pthread_mutex_lock(&applier->mutex);
        } else if (!has_work(applier)) {
            applier->seen = hdb_state_applied(applier->state);
            wait_ms(applier, &applier->work, IDLE_MS);
        } else if ((left = rest_left(applier)) > 0) {
            rest(applier, left);
        } else {
            work(applier);
        }
    }
    pthread_mutex_unlock(&applier->mutex);
    return NULL;
}

/* Starts the thread with every signal blocked: they are the application's. Call with the mutex. */
static void start_thread(hdb_applier *applier) {
    sigset_t all, before;
    if (applier->started)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    applier->started = pthread_create(&applier->thread, NULL, run, applier) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void hdb_applier_set_checkpoint(hdb_applier *applier, hdb_checkpoint checkpoint, void *context) {
    pthread_mutex_lock(&applier->mutex);
    applier->checkpoint = checkpoint;
    applier->checkpoint_context = context;
    pthread_mutex_unlock(&applier->mutex);
}

static bool has_too_many(const hdb_queue *queue) {
    return queue->count > MOST_WAITING_ENTRIES || queue->bytes > MOST_WAITING_BYTES;
}

static bool is_full(hdb_applier *applier) {
    if (!applier->started || applier->error.code != HDB_OK)
        return false;
    if (has_too_many(&applier->waiting))
        drop_applied(applier);
    return has_too_many(&applier->waiting);
}

void hdb_applier_add(hdb_applier *applier, int64_t id, char *data, size_t size) {
    pthread_mutex_lock(&applier->mutex);
    start_thread(applier);
    hdb_queue_add(&applier->waiting, id, data, size); /* if not, the thread reads it in the log */
    if (!applier->rests || has_enough(&applier->waiting))
        pthread_cond_signal(&applier->work);
    while (is_full(applier))
        wait_ms(applier, &applier->progress, LOOK_MS);
    pthread_mutex_unlock(&applier->mutex);
}

/* Sets what the thread looks at, and lets it look. */
static void ask_thread(hdb_applier *applier, bool *flag) {
    pthread_mutex_lock(&applier->mutex);
    start_thread(applier);
    *flag = true;
    pthread_cond_signal(&applier->work);
    pthread_mutex_unlock(&applier->mutex);
}

void hdb_applier_wake(hdb_applier *applier) {
    ask_thread(applier, &applier->wake);
}

void hdb_applier_copy_wal(hdb_applier *applier) {
    ask_thread(applier, &applier->copies_wal);
}

int hdb_applier_wait(hdb_applier *applier, int64_t id, const atomic_int *interrupt, int limit_ms, hdb_error *error) {
    enum { FAILURES = 20 };
    int rc = HDB_OK, failures = 0, looks = 0;
    if (hdb_state_applied(applier->state) >= id)
        return HDB_OK;
    pthread_mutex_lock(&applier->mutex);
    start_thread(applier);
    applier->waiters++;
    pthread_cond_signal(&applier->work);
    while (rc == HDB_OK && hdb_state_applied(applier->state) < id) {
        wait_ms(applier, &applier->progress, LOOK_MS);
        pthread_mutex_unlock(&applier->mutex); /* the application may call us while it looks */
        hdb_waiting_for_answer();
        pthread_mutex_lock(&applier->mutex);
        if (interrupt && *interrupt)
            rc = hdb_error_set(error, HDB_INTERRUPT, NULL, "interrupted");
        else if (limit_ms > 0 && ++looks > limit_ms / LOOK_MS)
            rc = hdb_error_set(error, HDB_BUSY, NULL, "another process does not bring its entries to the engine's tables");
        else if (applier->error.code != HDB_OK && ++failures > FAILURES * RETRY_MS / LOOK_MS)
            rc = hdb_error_set(error, applier->error.code, applier->error.sqlstate, "%s",
                               hdb_error_message(&applier->error));
    }
    applier->waiters--;
    pthread_mutex_unlock(&applier->mutex);
    return rc;
}

void hdb_applier_stop(hdb_applier *applier) {
    if (!applier)
        return;
    pthread_mutex_lock(&applier->mutex);
    applier->stop = true;
    pthread_cond_signal(&applier->work);
    pthread_mutex_unlock(&applier->mutex);
    if (applier->started)
        pthread_join(applier->thread, NULL);
    hdb_queue_clear(&applier->waiting);
    hdb_queue_clear(&applier->batch);
    hdb_buffer_free(&applier->merged);
    hdb_link_close(applier->link);
    hdb_error_clear(&applier->error);
    pthread_cond_destroy(&applier->work);
    pthread_cond_destroy(&applier->progress);
    pthread_mutex_destroy(&applier->mutex);
    free(applier);
}
