/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include "database_internal.h"
#include "fork_guard.h"
#include "replica/replay.h"
#include "replica/wal_mark.h"
#include <stdlib.h>
#include <string.h>

/* The databases this process has open. */
static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static hdb_database *registry;
static pthread_once_t registry_once = PTHREAD_ONCE_INIT;

/* What is in the registry is the parent's: its session, its locks, its thread. */
static void forget_registry(void) {
    pthread_mutex_init(&registry_mutex, NULL);
    registry = NULL;
}

static void watch_forks(void) {
    hdb_fork_in_child(forget_registry);
}

hdb_record *hdb_database_record(hdb_database *database) {
    return database->record;
}

sqlite3 *hdb_database_steward(hdb_database *database) {
    return database->steward;
}

static hdb_database *new_database(const hdb_settings *settings, const char *path) {
    hdb_database *database = calloc(1, sizeof *database);
    if (!database)
        return NULL;
    pthread_mutex_init(&database->setup, NULL);
    pthread_mutex_init(&database->steward_mutex, NULL);
    database->references = 1;
    database->notices = settings->notices;
    database->linger = settings->linger;
    database->program = settings->engine ? strdup(settings->engine) : NULL;
    database->path = path ? strdup(path) : NULL;
    if ((path && !database->path) || (settings->engine && !database->program)) {
        free(database->path);
        free(database->program);
        free(database);
        return NULL;
    }
    return database;
}

static void free_database(hdb_database *database) {
    hdb_record_close(database->record);
    sqlite3_close_v2(database->steward);
    pthread_mutex_destroy(&database->setup);
    pthread_mutex_destroy(&database->steward_mutex);
    free(database->path);
    free(database->program);
    free(database);
}

/* The process's entry for a path; made if it is not there. */
static hdb_database *acquire(const hdb_settings *settings, const char *path) {
    hdb_database *database = NULL;
    pthread_once(&registry_once, watch_forks);
    pthread_mutex_lock(&registry_mutex);
    for (database = registry; path && database; database = database->next)
        if (strcmp(database->path, path) == 0)
            break;
    if (path && database) {
        database->references++;
    } else {
        database = new_database(settings, path);
        if (database && path) {
            database->next = registry;
            registry = database;
        }
    }
    pthread_mutex_unlock(&registry_mutex);
    return database;
}

/* Gives a reference back. True if it was the last one: then the entry is no longer in the registry, and registry_mutex is
 * still held, so that nobody opens the files before they are closed. */
static bool release(hdb_database *database) {
    pthread_mutex_lock(&registry_mutex);
    if (--database->references > 0) {
        pthread_mutex_unlock(&registry_mutex);
        return false;
    }
    for (hdb_database **at = &registry; *at; at = &(*at)->next) {
        if (*at == database) {
            *at = database->next;
            break;
        }
    }
    return true;
}

static int open_record(hdb_database *database, const hdb_settings *settings, hdb_error *error) {
    hdb_buffer directory = HDB_BUFFER_INIT;
    hdb_engine_options options = {.program = settings->engine, .linger = settings->linger, .timeout_ms = settings->timeout_ms};
    if (database->path) {
        hdb_buffer_format(&directory, "%s-heliosdb", database->path);
        if (directory.failed)
            return hdb_error_nomem(error);
        options.directory = directory.data;
    }
    int rc = hdb_record_open(&options, &database->record, error);
    hdb_buffer_free(&directory);
    return rc;
}

/* Two files at one path must not be open at once: each would be taken for the replica, and their WAL is one file. */
static int check_same_file(const hdb_database *database, hdb_error *error) {
    const hdb_state_page *page = hdb_record_state(database->record)->page;
    if (hdb_file_mark_of(database->path).identity == page->identity)
        return HDB_OK;
    return hdb_error_set(error, HDB_CANTOPEN, NULL,
                         "%s was deleted or replaced while it is open; close its connections first", database->path);
}

/* Brings file and engine together, or joins those who have done it. setup.lock is held. */
static int reconcile(hdb_database *database, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    bool alone = hdb_state_try(state, HDB_LOCK_SESSION);
    int rc = alone ? HDB_OK : check_same_file(database, error);
    if (rc == HDB_OK)
        rc = hdb_database_reconcile(database, alone, error);
    if (rc == HDB_OK && alone)
        state->page->identity = hdb_file_mark_of(database->path).identity;
    return rc == HDB_OK ? hdb_state_share(state, HDB_LOCK_SESSION, error) : rc;
}

/* Opens record and file under setup.lock. */
static int set_up(hdb_database *database, const hdb_settings *settings, hdb_error *error) {
    int rc = open_record(database, settings, error);
    if (rc != HDB_OK)
        return rc;
    hdb_state *state = hdb_record_state(database->record);
    database->timeout_ms = settings->timeout_ms;
    if (!database->path) {
        state->page->ready = 1;
    } else {
        rc = hdb_state_lock(state, HDB_LOCK_SETUP, error);
        if (rc == HDB_OK) {
            rc = reconcile(database, error);
            hdb_state_unlock(state, HDB_LOCK_SETUP);
        }
        if (rc == HDB_OK)
            hdb_record_set_checkpoint(database->record, hdb_database_checkpoint, database);
    }
    if (rc == HDB_OK)
        rc = hdb_engine_start(hdb_record_engine(database->record), error);
    if (rc == HDB_OK && hdb_state_applied(state) < hdb_state_synced(state))
        hdb_record_wake(database->record);
    database->ready = rc == HDB_OK;
    return rc;
}

int hdb_database_open(const hdb_settings *settings, const char *path, hdb_database **out, hdb_error *error) {
    int rc = HDB_OK;
    hdb_database *database = acquire(settings, path);
    if (!database)
        return hdb_error_nomem(error);
    pthread_mutex_lock(&database->setup);
    if (!database->ready) {
        /* A failed attempt leaves nothing behind that the next one would stumble over. */
        hdb_record_close(database->record);
        database->record = NULL;
        sqlite3_close_v2(database->steward);
        database->steward = NULL;
        rc = set_up(database, settings, error);
    } else if (database->path) {
        rc = check_same_file(database, error);
    }
    pthread_mutex_unlock(&database->setup);
    if (rc == HDB_OK) {
        *out = database;
        return HDB_OK;
    }
    if (release(database)) {
        free_database(database);
        pthread_mutex_unlock(&registry_mutex);
    }
    return rc;
}

/* The thread that applies entries may be about to ask for a checkpoint. */
static void close_steward(hdb_database *database) {
    pthread_mutex_lock(&database->steward_mutex);
    sqlite3_close_v2(database->steward);
    database->steward = NULL;
    pthread_mutex_unlock(&database->steward_mutex);
}

/* The last one of this process leaves; if it is the last one of all, the file is left so that the next open has nothing
 * to do. */
static int leave(hdb_database *database, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_wal_mark mark;
    int rc = hdb_state_lock(state, HDB_LOCK_SETUP, error);
    if (rc != HDB_OK)
        return rc;
    if (hdb_state_try(state, HDB_LOCK_SESSION)) {
        rc = hdb_database_begin_file(database, error); /* if nothing was written */
        if (rc == HDB_OK && hdb_database_mark(database, &mark) && !hdb_wal_mark_same(&state->page->mark, &mark))
            rc = hdb_database_push_foreign(database, error);
        if (rc == HDB_OK)
            rc = hdb_record_flush(database->record, error);
        if (rc == HDB_OK && hdb_database_checkpoint(database, true) == HDB_OK)
            rc = hdb_record_empty_log(database->record, error);
        if (rc == HDB_OK)
            hdb_database_stamp(database);
        if (rc == HDB_OK)
            rc = hdb_record_settle(database->record, error);
        close_steward(database);
        state->page->file = hdb_file_mark_of(database->path);
        state->page->clean = rc == HDB_OK;
    } else {
        close_steward(database);
        hdb_record_leave_to_others(database->record);
    }
    /* Before setup.lock: whoever opens next must not take us for one that still has it open. */
    hdb_state_unlock(state, HDB_LOCK_SESSION);
    hdb_state_unlock(state, HDB_LOCK_SETUP);
    return rc;
}

int hdb_database_close(hdb_database *database, hdb_error *error) {
    int rc = HDB_OK;
    if (!database || !release(database))
        return HDB_OK;
    if (database->ready && database->path)
        rc = leave(database, error);
    free_database(database);
    pthread_mutex_unlock(&registry_mutex);
    return rc;
}

void hdb_database_abandon(hdb_database *database) {
    if (database->record)
        hdb_record_abandon(database->record);
}
