/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a server to cancel what it runs. libpq opens a connection for that and waits for it; where the network is gone
 * that takes minutes, so a thread does it, which is waited for only a little. */
#include "link/pq_internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { CANCEL_MS = 1000 };

typedef struct cancel_request {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    PGcancel *cancel;
    bool done, left; /* by the thread, by who waits for it: the second of them frees it */
} cancel_request;

static void request_free(cancel_request *request) {
    PQfreeCancel(request->cancel);
    pthread_cond_destroy(&request->changed);
    pthread_mutex_destroy(&request->mutex);
    free(request);
}

static cancel_request *request_new(PGconn *conn) {
    PGcancel *cancel = PQgetCancel(conn);
    cancel_request *request = cancel != NULL ? calloc(1, sizeof *request) : NULL;
    pthread_condattr_t attributes;

    if (request == NULL) {
        PQfreeCancel(cancel);
        return NULL;
    }
    request->cancel = cancel;
    pthread_mutex_init(&request->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&request->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return request;
}

static void *ask(void *context) {
    cancel_request *request = context;
    char ignored[256];
    bool last;

    PQcancel(request->cancel, ignored, sizeof ignored);
    pthread_mutex_lock(&request->mutex);
    request->done = true;
    last = request->left;
    pthread_cond_signal(&request->changed);
    pthread_mutex_unlock(&request->mutex);
    if (last)
        request_free(request);
    return NULL;
}

/* The application's signals are for its own threads. */
static bool start(cancel_request *request) {
    pthread_t thread;
    sigset_t all, before;
    bool started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&thread, NULL, ask, request) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        pthread_detach(thread);
    return started;
}

void pq_cancel(PGconn *conn) {
    cancel_request *request = request_new(conn);
    struct timespec end;
    bool last;

    if (request == NULL || !start(request)) {
        if (request != NULL)
            request_free(request);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += CANCEL_MS / 1000;
    pthread_mutex_lock(&request->mutex);
    while (!request->done && pthread_cond_timedwait(&request->changed, &request->mutex, &end) == 0)
        ;
    last = request->done;
    request->left = true;
    pthread_mutex_unlock(&request->mutex);
    if (last)
        request_free(request);
}
