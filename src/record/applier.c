/* SPDX-License-Identifier: Apache-2.0 */
#include "record/applier.h"

#include "record/batch.h"
#include "record/promise.h"
#include "waiting.h"
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum {
    MOST_WAITING_ENTRIES = 4096,        /* a committer waits beyond this: the lag stays bounded */
    MOST_WAITING_BYTES = 64 << 20,
    REST_MS = 15,                       /* between two gatherings, so that entries come together */
    ENTRIES_PER_CHECKPOINT = 4096,      /* then the log is emptied */
    BYTES_PER_CHECKPOINT = 32 << 20,
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
    hdb_batch batch; /* the thread's own */
};

int hdb_applier_start(hdb_record *record, hdb_applier **out, hdb_error *error) {
    hdb_applier *applier = calloc(1, sizeof *applier);
    pthread_condattr_t attributes;
    if (!applier)
        return hdb_error_nomem(error);
    applier->record = record;
    applier->state = hdb_record_state(record);
    applier->batch = (hdb_batch){.record = record, .state = applier->state};
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
        rc = hdb_log_empty(applier->batch.link, head, error);
        if (rc == HDB_OK)
            applier->state->page->emptied = head;
        applier->batch.applied = 0;
    }
    hdb_record_push_leave(applier->record);
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
           applier->batch.applied >= BYTES_PER_CHECKPOINT;
}

/* Everything there is to apply, under apply.lock. What is committed meanwhile waits for the next time, unless the log is to be
 * emptied, for which all of it must be applied. */
static int drain(hdb_applier *applier, hdb_error *error) {
    int64_t last = hdb_state_synced(applier->state), next;
    int rc = hdb_batch_open(&applier->batch, error);
    while (rc == HDB_OK && (next = hdb_state_applied(applier->state) + 1) <= last) {
        copy_wal(applier);
        pthread_mutex_lock(&applier->mutex);
        pthread_cond_broadcast(&applier->progress);
        bool taken = hdb_batch_take(&applier->batch, &applier->waiting, next), stop = applier->stop;
        pthread_mutex_unlock(&applier->mutex);
        if (stop && !taken)
            break;
        rc = taken ? hdb_batch_apply(&applier->batch, error) : hdb_batch_apply_logged(&applier->batch, next, last, error);
        if (wants_empty_log(applier))
            last = hdb_state_synced(applier->state);
    }
    if (rc == HDB_OK && wants_empty_log(applier))
        rc = empty_log(applier, error);
    if (rc == HDB_OK) {
        applier->state->page->applying = 0;
    } else {
        /* What was sent and not answered for is waited for by whoever goes on. */
        hdb_batch_close(&applier->batch);
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
    bool hurries = applier->waiters > 0 || applier->wake || applier->error.code != HDB_OK || hdb_batch_is_full(&applier->waiting);
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
    if (!applier->rests || hdb_batch_is_full(&applier->waiting))
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
    hdb_batch_close(&applier->batch);
    hdb_error_clear(&applier->error);
    pthread_cond_destroy(&applier->work);
    pthread_cond_destroy(&applier->progress);
    pthread_mutex_destroy(&applier->mutex);
    free(applier);
}
