/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of a connection: does its operations one after the other, in their order.
 *
 * The thread never touches JavaScript. It tells of what is done by a thread-safe function of Node-API, and has a
 * callback called by the same way while it waits. Node keeps running for as long as a promise is not settled.
 */
#include "connection.h"

#include <stdlib.h>
#include <time.h>

/* What comes through the thread-safe function: a call to be made, or NULL: operations are done. */
struct call {
    struct connection *connection;
    worker_body body;
    void *data;
    bool made;
};

struct worker {
    pthread_t thread;
    napi_threadsafe_function function;
    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t changed;
    struct operation *first, **last;   /* those that wait */
    struct operation *running;         /* the one at which the thread is */
    struct operation *done, **done_last;
    struct call *call; /* for which the thread waits */
    napi_ref thrown;   /* what a callback of the running operation has thrown, in an array */
    uint32_t ids;
    size_t pending; /* of JavaScript's thread: promises that are not settled */
    bool told, stop;
    bool joined; /* of JavaScript's thread */
};

static void *work(void *data) {
    struct connection *connection = data;
    struct worker *worker = connection->worker;
    bool last = false;
    pthread_mutex_lock(&worker->mutex);
    while (!last) {
        while (!worker->first && !worker->stop)
            pthread_cond_wait(&worker->changed, &worker->mutex);
        if (worker->stop)
            break;
        struct operation *operation = worker->first;
        worker->first = operation->next;
        if (!worker->first)
            worker->last = &worker->first;
        operation->next = NULL;
        last = operation->last;
        worker->running = operation;
        if (operation->cancelled) {
            operation->code = HDB_INTERRUPT;
        } else {
            pthread_mutex_unlock(&worker->mutex);
            operation->work(operation);
            pthread_mutex_lock(&worker->mutex);
        }
        operation->thrown = worker->thrown;
        worker->thrown = NULL;
        worker->running = NULL;
        *worker->done_last = operation;
        worker->done_last = &operation->next;
        if (!worker->told) {
            worker->told = true;
            pthread_mutex_unlock(&worker->mutex);
            napi_call_threadsafe_function(worker->function, NULL, napi_tsfn_nonblocking);
            pthread_mutex_lock(&worker->mutex);
        }
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

static void keep_running(napi_env env, struct connection *connection) {
    if (connection->worker->pending++ > 0)
        return;
    napi_ref_threadsafe_function(env, connection->worker->function);
    napi_reference_ref(env, connection->self, NULL);
}

static void let_end(napi_env env, struct connection *connection) {
    if (--connection->worker->pending > 0)
        return;
    napi_unref_threadsafe_function(env, connection->worker->function);
    napi_reference_unref(env, connection->self, NULL);
}

/* Settles everything that is done. */
static void settle(napi_env env, struct connection *connection) {
    struct worker *worker = connection->worker;
    pthread_mutex_lock(&worker->mutex);
    struct operation *done = worker->done;
    worker->done = NULL;
    worker->done_last = &worker->done;
    worker->told = false;
    pthread_mutex_unlock(&worker->mutex);
    while (done) {
        struct operation *operation = done;
        bool awaited = operation->deferred != NULL;
        napi_handle_scope scope;
        done = operation->next;
        if (operation->last)
            worker_stop(connection); /* it has ended by itself */
        napi_open_handle_scope(env, &scope);
        operation_settle(env, operation);
        napi_close_handle_scope(env, scope);
        if (awaited)
            let_end(env, connection);
    }
    callbacks_release(env, connection);
}

/* Keeps what a callback has thrown; in an array, since only objects can be referred to. */
static void keep_thrown(napi_env env, struct worker *worker) {
    napi_value error, box;
    if (!node_is_thrown(env) || napi_get_and_clear_last_exception(env, &error) != napi_ok || worker->thrown ||
        napi_create_array_with_length(env, 1, &box) != napi_ok || napi_set_element(env, box, 0, error) != napi_ok)
        return;
    napi_create_reference(env, box, 1, &worker->thrown);
}

/* Called in JavaScript's thread, or with env NULL when the environment is coming down. */
static void receive(napi_env env, napi_value function, void *context, void *data) {
    struct connection *connection = context;
    struct call *call = data;
    (void)function;
    if (!env)
        return; /* the connection may be gone */
    if (!call) {
        settle(env, connection);
        return;
    }
    struct worker *worker = connection->worker;
    pthread_mutex_lock(&worker->mutex);
    bool wanted = worker->call == call;
    pthread_mutex_unlock(&worker->mutex);
    if (wanted) {
        call->body(env, call->data);
        keep_thrown(env, worker);
    }
    pthread_mutex_lock(&worker->mutex);
    if (worker->call == call) {
        call->made = true;
        pthread_cond_broadcast(&worker->changed);
    }
    pthread_mutex_unlock(&worker->mutex);
}

bool worker_call_js(struct connection *connection, worker_body body, void *data) {
    struct worker *worker = connection->worker;
    if (!worker) {
        if (node_is_thrown(connection->env))
            return false;
        body(connection->env, data);
        return true;
    }
    struct call call = {.connection = connection, .body = body, .data = data};
    pthread_mutex_lock(&worker->mutex);
    bool possible = !worker->stop && !worker->thrown;
    worker->call = possible ? &call : NULL;
    pthread_mutex_unlock(&worker->mutex);
    if (!possible)
        return false;
    bool sent = napi_call_threadsafe_function(worker->function, &call, napi_tsfn_nonblocking) == napi_ok;
    pthread_mutex_lock(&worker->mutex);
    while (sent && !call.made && !worker->stop)
        pthread_cond_wait(&worker->changed, &worker->mutex);
    bool made = call.made;
    worker->call = NULL;
    pthread_mutex_unlock(&worker->mutex);
    return made;
}

static void release_function(struct worker *worker) {
    if (worker->function)
        napi_release_threadsafe_function(worker->function, napi_tsfn_abort);
    worker->function = NULL;
}

/* The environment ends: the thread must have ended before its thread-safe function does. */
static void close_at_end(void *data) {
    struct connection *connection = data;
    handle_remove(&connection->handle);
    worker_stop(connection);
    connection_close(connection);
    release_function(connection->worker);
}

bool worker_start(napi_env env, struct connection *connection) {
    napi_value name;
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return throw_error(env, "Out of memory"), false;
    worker->last = &worker->first;
    worker->done_last = &worker->done;
    worker->joined = true; /* until there is a thread */
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->changed, NULL);
    connection->worker = worker;
    if (napi_create_string_utf8(env, "heliosdb-sqlite", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, connection, receive,
                                        &worker->function) != napi_ok)
        return throw_napi_error(env), false;
    napi_unref_threadsafe_function(env, worker->function);
    napi_add_env_cleanup_hook(env, close_at_end, connection);
    if (pthread_create(&worker->thread, NULL, work, connection) != 0)
        return throw_error(env, "The connection's thread could not be started"), false;
    worker->joined = false;
    return true;
}

bool worker_runs(const struct connection *connection) {
    return connection->worker && !connection->worker->joined;
}

void worker_submit(napi_env env, struct operation *operation) {
    struct connection *connection = operation->connection;
    struct worker *worker = connection->worker;
    if (operation->deferred)
        keep_running(env, connection);
    pthread_mutex_lock(&worker->mutex);
    operation->id = ++worker->ids;
    *worker->last = operation;
    worker->last = &operation->next;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->mutex);
}

uint32_t worker_last_id(const struct connection *connection) {
    return connection->worker->ids;
}

bool worker_cancel(struct connection *connection, uint32_t id) {
    struct worker *worker = connection->worker;
    bool waiting = false;
    pthread_mutex_lock(&worker->mutex);
    for (struct operation *operation = worker->first; operation; operation = operation->next)
        if (operation->id == id)
            waiting = operation->cancelled = true;
    if (worker->running && worker->running->id == id && !worker->running->last && connection->conn)
        hdb_interrupt(connection->conn);
    pthread_mutex_unlock(&worker->mutex);
    return waiting;
}

/* Waits as SQLite's own busy handler does, but an interrupt ends it. */
static int wait_for_lock(void *data, int count) {
    static const int pauses[] = {1, 2, 5, 10, 15, 20};
    static const int last = sizeof pauses / sizeof *pauses - 1;
    struct connection *connection = data;
    int waited = 0, pause = pauses[count < last ? count : last];
    for (int i = 0; i < count && i < last; i++)
        waited += pauses[i];
    if (count > last)
        waited += (count - last) * pauses[last];
    if (waited + pause > connection->busy_timeout)
        pause = connection->busy_timeout - waited;
    if (pause <= 0 || hdb_is_interrupted(connection->conn))
        return 0;
    nanosleep(&(struct timespec){.tv_nsec = pause * 1000000L}, NULL);
    return 1;
}

int worker_set_busy_timeout(struct connection *connection, int milliseconds) {
    connection->busy_timeout = milliseconds;
    return hdb_busy_handler(connection->conn, wait_for_lock, connection, NULL);
}

void worker_stop(struct connection *connection) {
    struct worker *worker = connection->worker;
    if (worker->joined)
        return;
    pthread_mutex_lock(&worker->mutex);
    worker->stop = true;
    if (worker->running && !worker->running->last && connection->conn)
        hdb_interrupt(connection->conn);
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    worker->joined = true;
}

void worker_free(napi_env env, struct connection *connection) {
    struct worker *worker = connection->worker;
    struct operation *lists[2];
    worker_stop(connection);
    napi_remove_env_cleanup_hook(env, close_at_end, connection);
    lists[0] = worker->done;
    lists[1] = worker->first;
    for (int i = 0; i < 2; i++)
        while (lists[i]) {
            struct operation *operation = lists[i];
            lists[i] = operation->next;
            operation_free(env, operation);
        }
    release_function(worker);
    pthread_mutex_destroy(&worker->mutex);
    pthread_cond_destroy(&worker->changed);
    connection->worker = NULL;
    free(worker);
}
