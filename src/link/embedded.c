/* SPDX-License-Identifier: Apache-2.0 */
#include "link/embedded.h"

#include "clock.h"
#include "link/child.h"
#include "link/engine_files.h"
#include "link/engine_greet.h"
#include "link/engine_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TIMEOUT_MIN_MS = 30000, PAUSE_MS = 5, GONE_MS = 3000 };

struct hdb_engine {
    pthread_mutex_t mutex;
    char *directory, *program, *keeper;
    double linger;
    int timeout_ms;
    bool memory, is_new;
    bool verified; /* a query was answered through this handle */
    int users_lock;
    bool shares;     /* users_lock is held */
    int report;      /* what the keeper that we started has to say, -1 */
    char *sockets;   /* directory of the socket when it was last looked up */
};

static int open_lock(const char *directory, const char *name) {
    char *path = hdb_engine_path(directory, name);
    int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

    free(path);
    return fd;
}

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* --- the handle --- */

static void release(hdb_engine *engine) {
    close_fd(&engine->report);
    close_fd(&engine->users_lock);
    pthread_mutex_destroy(&engine->mutex);
    free(engine->directory);
    free(engine->program);
    free(engine->keeper);
    free(engine->sockets);
    free(engine);
}

static bool has_data(const char *directory) {
    char *data = hdb_engine_path(directory, HDB_ENGINE_DATA);
    bool has = data != NULL && access(data, F_OK) == 0;

    free(data);
    return has;
}

static int make_place(hdb_engine *engine, const char *directory, hdb_error *error) {
    bool made = true;
    int rc;

    engine->memory = directory == NULL;
    if (engine->memory) {
        rc = hdb_engine_make_short_directory(&engine->directory, error);
    } else {
        rc = hdb_engine_make_directory(directory, &made, error);
        /* The keeper and the engine run elsewhere: what they are told must not depend on where we are now. */
        if (rc == HDB_OK && (engine->directory = realpath(directory, NULL)) == NULL)
            rc = hdb_error_set(error, HDB_CANTOPEN, NULL, "can't find %s: %s", directory, strerror(errno));
        if (rc == HDB_OK)
            rc = hdb_engine_check_local(engine->directory, error);
        if (rc != HDB_OK && made)
            rmdir(directory);
    }
    if (rc != HDB_OK)
        return rc;
    engine->is_new = made || !has_data(engine->directory);
    engine->users_lock = open_lock(engine->directory, "users.lock");
    if (engine->users_lock < 0)
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "can't write in the engine's directory %s: %s",
                             engine->directory, strerror(errno));
    return HDB_OK;
}

/* A keeper that is stopping its engine holds the lock alone until it is gone. */
static bool take_share(hdb_engine *engine) {
    if (!engine->shares)
        engine->shares = flock(engine->users_lock, LOCK_SH | LOCK_NB) == 0;
    return engine->shares;
}

int hdb_engine_open(const hdb_engine_options *options, hdb_engine **out, hdb_error *error) {
    hdb_engine *engine = calloc(1, sizeof *engine);
    int rc;

    *out = NULL;
    if (engine == NULL)
        return hdb_error_nomem(error);
    pthread_mutex_init(&engine->mutex, NULL);
    engine->users_lock = engine->report = -1;
    engine->linger = options->directory != NULL ? options->linger : 0;
    engine->timeout_ms = options->timeout_ms > TIMEOUT_MIN_MS ? options->timeout_ms : TIMEOUT_MIN_MS;
    rc = hdb_engine_find_program(options->program, &engine->program, error);
    if (rc == HDB_OK)
        rc = hdb_engine_find_keeper(&engine->keeper, error);
    if (rc == HDB_OK)
        rc = make_place(engine, options->directory, error);
    if (rc != HDB_OK) {
        release(engine);
        return rc;
    }
    take_share(engine);
    *out = engine;
    return HDB_OK;
}

bool hdb_engine_is_new(const hdb_engine *engine) {
    return engine->is_new;
}

/* --- starting --- */

/* In this order: a child that is forked by another thread meanwhile frees what the handle holds. */
static void replace(char **text, char *by) {
    char *before = *text;

    *text = by;
    free(before);
}

/* Where the socket of the running engine, if there is one, is. */
static bool look_up(hdb_engine *engine) {
    replace(&engine->sockets, hdb_engine_find_sockets(engine->directory));
    return engine->sockets != NULL && hdb_engine_answers(engine->sockets);
}

static int spawn_keeper(hdb_engine *engine, int start_lock, hdb_error *error) {
    const char *argv[12];
    char linger[32];
    int report[2], n = 0, rc;

    snprintf(linger, sizeof linger, "%lld", (long long)(engine->linger > 0 ? engine->linger + 0.999 : 0));
    argv[n++] = engine->keeper;
    argv[n++] = "--directory";
    argv[n++] = engine->directory;
    argv[n++] = "--program";
    argv[n++] = engine->program;
    argv[n++] = "--socket-dir";
    argv[n++] = engine->sockets;
    argv[n++] = "--linger";
    argv[n++] = linger;
    if (engine->memory)
        argv[n++] = "--memory";
    argv[n] = NULL;
    if (pipe2(report, O_CLOEXEC) != 0)
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "can't make a pipe: %s", strerror(errno));
    rc = hdb_child_spawn_detached(engine->keeper, argv, (const int[]){report[1], start_lock}, 2, error);
    close(report[1]);
    if (rc == HDB_OK)
        engine->report = report[0];
    else
        close(report[0]);
    return rc;
}

/* Whether an engine or its keeper is still there: one that stops, or is slow, or can't be reached from here. */
static bool is_occupied(const hdb_engine *engine) {
    int lock = open_lock(engine->directory, "engine.lock");
    bool occupied = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) != 0;

    close_fd(&lock);
    return occupied;
}

/* Puts everything in place for a keeper and starts it. The caller holds start.lock, which goes over to the keeper. */
static int start_locked(hdb_engine *engine, int start_lock, hdb_error *error) {
    int rc;

    if (look_up(engine) || is_occupied(engine))
        return HDB_OK; /* somebody was faster, or is in the way: what leads to an engine is taken away after its end only */
    if (engine->sockets != NULL)
        hdb_engine_remove_sockets(engine->sockets);
    replace(&engine->sockets, NULL);
    close_fd(&engine->report);
    rc = hdb_engine_write_settings(engine->directory, error);
    if (rc == HDB_OK)
        rc = hdb_engine_make_short_directory(&engine->sockets, error);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_engine_note_sockets(engine->directory, engine->sockets, error);
    if (rc == HDB_OK)
        rc = spawn_keeper(engine, start_lock, error);
    if (rc != HDB_OK)
        hdb_engine_remove_sockets(engine->sockets);
    return rc;
}

/* Starts the engine unless somebody else is at it. */
static int try_start(hdb_engine *engine, hdb_error *error) {
    int lock = open_lock(engine->directory, "start.lock"), rc = HDB_OK;

    if (lock < 0)
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "can't write in the engine's directory %s: %s",
                             engine->directory, strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) == 0)
        rc = start_locked(engine, lock, error);
    close(lock);
    return rc;
}

int hdb_engine_start(hdb_engine *engine, hdb_error *error) {
    int rc = HDB_OK;

    pthread_mutex_lock(&engine->mutex);
    if (take_share(engine) && engine->report < 0 && !(engine->memory && engine->verified) && !look_up(engine))
        rc = try_start(engine, error);
    pthread_mutex_unlock(&engine->mutex);
    return rc;
}

/* --- waiting --- */

static int failed(hdb_engine *engine, const char *reason, hdb_error *error) {
    char *tail = hdb_engine_log_tail(engine->directory);
    int rc;

    if (tail != NULL && *tail != '\0')
        rc = hdb_error_set(error, HDB_CANTOPEN, NULL, "the engine did not start: %s; the end of %s/engine.log:\n%s",
                           reason, engine->directory, tail);
    else
        rc = hdb_error_set(error, HDB_CANTOPEN, NULL, "the engine did not start: %s", reason);
    free(tail);
    return rc;
}

/* Waits a little for the word of the keeper that we started. */
static int hear(hdb_engine *engine, int wait_ms, hdb_error *error) {
    struct pollfd from = {.fd = engine->report, .events = POLLIN};
    char line[1024];
    ssize_t got;

    if (poll(&from, 1, wait_ms) <= 0)
        return HDB_OK;
    got = read(engine->report, line, sizeof line - 1);
    close_fd(&engine->report);
    if (got <= 0) {
        hdb_engine_remove_sockets(engine->sockets); /* as it can't any more */
        return failed(engine, "its keeper was ended", error);
    }
    line[got] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "ready") == 0)
        return HDB_OK;
    return failed(engine, strncmp(line, "failed: ", 8) == 0 ? line + 8 : line, error);
}

/* A socket that takes connections is not yet an engine that answers. */
static int verify(hdb_engine *engine, char **out, hdb_error *error) {
    char *conninfo = NULL;
    int rc = hdb_engine_make_conninfo(engine->directory, engine->sockets, &conninfo, error);

    if (rc == HDB_OK && !engine->verified) {
        rc = hdb_engine_greet(conninfo, engine->directory, error);
        engine->verified = rc == HDB_OK;
    }
    if (rc == HDB_OK) {
        *out = conninfo;
        conninfo = NULL;
    }
    free(conninfo);
    return rc;
}

/* One look: HDB_DONE when the engine has answered, HDB_OK when it is worth looking again. */
static int look(hdb_engine *engine, char **out, hdb_error *error) {
    int rc;

    if (!take_share(engine)) {
        poll(NULL, 0, PAUSE_MS);
        return HDB_OK;
    }
    if (look_up(engine)) {
        rc = verify(engine, out, error);
        if (rc == HDB_OK) {
            close_fd(&engine->report);
            return HDB_DONE;
        }
        if (hdb_engine_answers(engine->sockets))
            return rc;
        hdb_error_clear(error); /* it went away while we were talking to it */
        return HDB_OK;
    }
    if (engine->memory && engine->verified)
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "the in-memory engine has ended, and its rows with it");
    if (engine->report >= 0)
        return hear(engine, PAUSE_MS, error);
    rc = try_start(engine, error);
    if (rc == HDB_OK && engine->report < 0)
        poll(NULL, 0, PAUSE_MS);
    return rc;
}

int hdb_engine_conninfo(hdb_engine *engine, char **out, hdb_error *error) {
    int64_t end;
    int rc = HDB_OK;

    *out = NULL;
    pthread_mutex_lock(&engine->mutex);
    end = hdb_now_ms() + engine->timeout_ms;
    while (rc == HDB_OK && (rc = look(engine, out, error)) == HDB_OK)
        if (hdb_now_ms() > end)
            rc = failed(engine, is_occupied(engine) ? "one runs that can't be reached from here" : "it did not answer in time",
                        error);
    pthread_mutex_unlock(&engine->mutex);
    return rc == HDB_DONE ? HDB_OK : rc;
}

/* --- leaving --- */

/* A private engine is gone when its directory is. The keeper removes that, or we do if there never was a keeper. */
static void wait_until_gone(const hdb_engine *engine) {
    int64_t end = hdb_now_ms() + GONE_MS;
    char *lock = hdb_engine_path(engine->directory, "users.lock");

    if (engine->sockets == NULL) {
        if (lock != NULL)
            unlink(lock);
        rmdir(engine->directory);
    }
    while (access(engine->directory, F_OK) == 0 && hdb_now_ms() < end)
        poll(NULL, 0, PAUSE_MS);
    free(lock);
}

/* An engine that is making its first files goes on doing so, without users, and whoever removes the directory now would
 * find it full again. Its keeper speaks up when they are made. */
static void wait_until_made(const hdb_engine *engine) {
    struct pollfd from = {.fd = engine->report, .events = POLLIN};

    if (engine->is_new && engine->report >= 0)
        poll(&from, 1, GONE_MS);
}

void hdb_engine_close(hdb_engine *engine) {
    if (engine == NULL)
        return;
    if (!engine->memory)
        wait_until_made(engine);
    /* Unlocked explicitly: a child that the host has forked holds the same lock, and no use for it. */
    if (engine->shares)
        flock(engine->users_lock, LOCK_UN);
    close_fd(&engine->users_lock);
    if (engine->memory)
        wait_until_gone(engine);
    release(engine);
}

void hdb_engine_abandon(hdb_engine *engine) {
    if (engine != NULL)
        release(engine);
}
