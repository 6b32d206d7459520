/* SPDX-License-Identifier: Apache-2.0 */
/* How the file of a database and its engine are brought together: see database.h. */
#include "database_internal.h"

#include "notice.h"
#include "record/session.h"
#include "replica/foreign.h"
#include "replica/replay.h"
#include "replica/schema.h"
#include "replica/wal_mark.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int hdb_database_compare(hdb_database *database, sqlite3 *file, hdb_buffer *entry, hdb_buffer *report, int64_t *differences,
                         hdb_error *error) {
    hdb_link *link = NULL;
    sqlite3 *copy = NULL;
    char *path = database->path ? hdb_database_file(database, "compare.db") : strdup(":memory:");
    int rc = path ? hdb_record_connect(database->record, &link, error) : hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_database_build_copy(database, link, "comparing", path, &copy, error);
    if (rc == HDB_OK && file == database->steward)
        rc = hdb_database_keep_stubs(database, error);
    if (rc == HDB_OK)
        rc = hdb_foreign_compare(file, "main", copy, false, entry, report, differences, error);
    hdb_link_close(link);
    sqlite3_close_v2(copy);
    if (path && database->path)
        hdb_database_remove_files(path);
    free(path);
    return rc;
}

int hdb_database_verify(hdb_database *database, sqlite3 *file, int64_t *differences, hdb_buffer *report, hdb_error *error) {
    int rc = hdb_record_flush(database->record, error);
    return rc == HDB_OK ? hdb_database_compare(database, file, NULL, report, differences, error) : rc;
}

/* What a damaged file lacks was not deleted by anybody. Of what quick_check tells only damage counts: it tells of values
 * that break constraints, too. */
static int check_undamaged(hdb_database *database, hdb_error *error) {
    sqlite3_stmt *check = NULL;
    int rc = HDB_OK, step = SQLITE_DONE;
    if (sqlite3_prepare_v2(database->steward, "PRAGMA main.quick_check(1)", -1, &check, NULL) == SQLITE_OK)
        step = sqlite3_step(check);
    const char *found = step == SQLITE_ROW ? (const char *)sqlite3_column_text(check, 0) : "";
    if ((step != SQLITE_ROW && step != SQLITE_DONE) || (found && strncmp(found, "*** in database", 15) == 0))
        rc = hdb_error_set(error, HDB_CORRUPT, NULL,
                           "database disk image is malformed: %s is damaged, and nothing of it is taken over; the engine holds "
                           "its rows: move the file away and open again to rebuild it", database->path);
    sqlite3_finalize(check);
    return rc;
}

int hdb_database_push_foreign(hdb_database *database, hdb_error *error) {
    hdb_buffer entry = HDB_BUFFER_INIT;
    hdb_wal_mark mark;
    int64_t differences = 0;
    bool pushed = false;
    pthread_mutex_lock(&database->steward_mutex);
    int rc = hdb_database_run(database, "BEGIN IMMEDIATE", error);
    if (rc == HDB_OK) {
        rc = hdb_record_flush(database->record, error);
        if (rc == HDB_OK)
            rc = hdb_database_compare(database, database->steward, &entry, NULL, &differences, error);
        if (rc == HDB_OK && differences > 0)
            rc = check_undamaged(database, error);
        if (rc == HDB_OK && differences > 0) {
            rc = hdb_record_push(database->record, NULL, entry.data, entry.size, true, error);
            pushed = rc == HDB_OK;
        }
        bool marked = hdb_wal_mark_read(database->steward, "main", &mark);
        if (pushed) {
            size_t size = entry.size;
            hdb_record_committed(database->record, hdb_buffer_take(&entry), size, marked ? &mark : NULL);
        } else if (rc == HDB_OK && marked) {
            hdb_record_state(database->record)->page->mark = mark;
        }
        sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    }
    pthread_mutex_unlock(&database->steward_mutex);
    hdb_buffer_free(&entry);
    if (pushed && database->notices)
        hdb_notice_say("%s held %lld %s that the engine did not have (written by another program): pushed", database->path,
                       (long long)differences, differences == 1 ? "difference" : "differences");
    return rc;
}

/* Pushes an entry and has the file follow it, by `copy` or by replaying it in the steward's transaction. */
static int push_and_follow(hdb_database *database, hdb_buffer *entry, bool durable, int (*copy)(void *context),
                           void *context, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_wal_mark mark;
    int64_t synced = hdb_state_synced(state);
    int rc = hdb_record_push(database->record, NULL, entry->data, entry->size, durable, error);
    if (rc != HDB_OK)
        return rc;
    if (state->page->inflight != synced + 1) /* somebody committed after we compared */
        rc = hdb_error_set(error, HDB_BUSY, NULL, "database is locked");
    else if (copy)
        rc = copy(context);
    else
        rc = hdb_database_prepare_stubs(database, false, error);
    if (rc == HDB_OK && !copy)
        rc = hdb_replay_entry(database->steward, entry->data, entry->size, error);
    if (rc == HDB_OK && !copy)
        rc = hdb_database_run(database, "COMMIT", error);
    if (rc != HDB_OK) {
        hdb_error ignored = HDB_ERROR_INIT;
        hdb_record_cancel(database->record, &ignored);
        hdb_error_clear(&ignored);
        return rc;
    }
    bool marked = hdb_wal_mark_read(database->steward, "main", &mark);
    size_t size = entry->size;
    hdb_record_committed(database->record, hdb_buffer_take(entry), size, marked ? &mark : NULL);
    return HDB_OK;
}

int hdb_database_receive(hdb_database *database, sqlite3 *from, const char *name, bool durable, int (*copy)(void *context),
                         void *context, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_buffer entry = HDB_BUFFER_INIT;
    hdb_wal_mark mark;
    int64_t differences = 0;
    pthread_mutex_lock(&database->steward_mutex);
    int rc = hdb_database_run(database, copy ? "BEGIN" : "BEGIN IMMEDIATE", error);
    /* Once rows of another program are in the file, the engine's own tables have to be compared with it. */
    bool foreign = rc == HDB_OK && hdb_database_mark(database, &mark) && !hdb_wal_mark_same(&state->page->mark, &mark);
    if (rc == HDB_OK)
        rc = hdb_foreign_compare(from, name, database->steward, !copy, &entry, NULL, &differences, error);
    if (rc == HDB_OK && copy)
        rc = hdb_database_run(database, "ROLLBACK", error);
    if (rc == HDB_OK)
        rc = push_and_follow(database, &entry, durable, copy, context, error);
    if (!sqlite3_get_autocommit(database->steward))
        sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    pthread_mutex_unlock(&database->steward_mutex);
    hdb_buffer_free(&entry);
    return rc == HDB_OK && foreign ? hdb_database_push_foreign(database, error) : rc;
}

/* Who commits has both locks to the end. */
static bool is_somebody_committing(hdb_database *database) {
    if (!hdb_record_try_commit(database->record))
        return true;
    hdb_record_push_leave(database->record);
    return false;
}

int hdb_database_finish_inflight(hdb_database *database, bool waits, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_link *link = NULL;
    bool there = false;
    if (!database->steward || state->page->inflight <= hdb_state_synced(state))
        return HDB_OK;
    if (!waits && is_somebody_committing(database))
        return HDB_OK;
    /* Whoever commits holds the write lock and commit.lock: having both, the one that pushed is known to be dead. */
    pthread_mutex_lock(&database->steward_mutex);
    int rc = hdb_database_run(database, "BEGIN IMMEDIATE", error);
    if (rc == HDB_OK) {
        hdb_record_lock(database->record);
        rc = hdb_state_lock(state, HDB_LOCK_COMMIT, error);
        int64_t id = state->page->inflight, last = id;
        if (rc == HDB_OK && id > hdb_state_synced(state)) {
            rc = hdb_record_link(database->record, &link, error);
            if (rc == HDB_OK)
                rc = hdb_record_await_push(database->record, link, error);
            if (rc == HDB_OK)
                rc = hdb_database_settle_promise(database, link, error);
            if (rc == HDB_OK)
                rc = hdb_log_has(link, id, &there, error);
            sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
            if (rc == HDB_OK && there)
                rc = hdb_database_replay_log(database, link, false, id, &last, error);
            if (rc == HDB_OK && there) {
                hdb_wal_mark_read(database->steward, "main", &state->page->mark);
                hdb_state_set_synced(state, id);
            } else if (rc == HDB_OK) {
                state->page->inflight = 0;
            }
        } else {
            sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
        }
        hdb_record_push_leave(database->record);
        if (there)
            hdb_record_wake(database->record);
    }
    pthread_mutex_unlock(&database->steward_mutex);
    return rc;
}

static bool same_mark(const hdb_file_mark *a, const hdb_file_mark *b) {
    return a->identity == b->identity && a->size == b->size && a->modified_ns == b->modified_ns && a->wal_size == b->wal_size;
}

/* Of those who had the database open before: the engine may still be busy with what they sent. */
static int await_dead_sessions(hdb_database *database, hdb_link *link, hdb_error *error) {
    hdb_state_page *page = hdb_record_state(database->record)->page;
    int rc = hdb_record_await_push(database->record, link, error);
    if (rc == HDB_OK)
        rc = hdb_session_await(link, page->applying, error);
    if (rc == HDB_OK)
        page->applying = 0;
    return rc;
}

/* What to do when nobody else has the database open; needs the engine. */
static int reconcile_with_engine(hdb_database *database, bool file_exists, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_link *link = NULL;
    int64_t used = 0, taking_in = 0, head = 0, session = 0;
    bool was_new = !state->page->ready && hdb_engine_is_new(hdb_record_engine(database->record));
    int rc = hdb_record_connect(database->record, &link, error);
    if (rc == HDB_OK)
        rc = await_dead_sessions(database, link, error);
    if (rc == HDB_OK)
        rc = hdb_meta_get(link, "used", 0, &used, error);
    if (rc == HDB_OK)
        rc = hdb_meta_get(link, "taking_in", 0, &taking_in, error);
    if (rc == HDB_OK && used && !was_new)
        rc = hdb_database_settle_promise(database, link, error);
    if (rc == HDB_OK && (was_new || !used || taking_in)) {
        if (file_exists)
            rc = hdb_session_name(link, state, &session, error);
        if (rc == HDB_OK)
            state->page->applying = session;
        if (rc == HDB_OK && file_exists)
            rc = hdb_database_take_in(database, link, error);
        if (rc == HDB_OK)
            state->page->applying = 0;
        if (rc == HDB_OK)
            rc = hdb_meta_set(link, "used", 1, error);
        /* The page may speak of entries that a power cut took from the engine before anything was durable there. */
        if (rc == HDB_OK)
            rc = hdb_log_head(link, &head, error);
        if (rc == HDB_OK)
            rc = hdb_database_note_positions(database, link, head, error);
    } else if (rc == HDB_OK && !file_exists) {
        rc = hdb_log_head(link, &head, error);
        if (rc == HDB_OK)
            rc = hdb_database_note_positions(database, link, head, error);
        if (rc == HDB_OK)
            rc = hdb_record_flush(database->record, error);
        if (rc == HDB_OK)
            rc = hdb_database_rebuild_file(database, link, error);
        if (rc == HDB_OK && database->notices)
            hdb_notice_say("%s was not there: it was rebuilt from %s-heliosdb (to start empty, delete both)", database->path,
                           database->path);
    } else if (rc == HDB_OK && state->page->ready && state->page->clean) {
        rc = hdb_database_meet_changed_file(database, link, error);
    } else if (rc == HDB_OK) {
        rc = hdb_database_recover(database, link, error);
    }
    hdb_link_close(link);
    return rc;
}

/* Whatever a power cut leaves of what is written from here on, it is not to be met by a page that calls it in order. */
static int begin_changing(hdb_state *state, hdb_error *error) {
    state->page->ready = 1;
    if (!state->page->clean)
        return HDB_OK;
    state->page->clean = 0;
    return hdb_state_sync(state, error);
}

int hdb_database_reconcile(hdb_database *database, bool alone, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_state_page *page = state->page;
    struct stat info;
    bool is_there = stat(database->path, &info) == 0, file_exists = is_there && info.st_size > 0;
    int rc = HDB_OK;
    if (!alone) {
        if (!is_there)
            return hdb_error_set(error, HDB_CANTOPEN, NULL, "%s was removed while another connection has it open", database->path);
        rc = hdb_database_open_steward(database, error);
        return rc == HDB_OK ? begin_changing(state, error) : rc;
    }
    hdb_file_mark now = hdb_file_mark_of(database->path);
    bool in_order = page->ready && page->clean && file_exists && same_mark(&page->file, &now);
    bool is_new = !page->ready && !file_exists && hdb_engine_is_new(hdb_record_engine(database->record));
    if (!in_order && !is_new)
        rc = reconcile_with_engine(database, file_exists, error);
    if (rc == HDB_OK)
        rc = hdb_database_open_steward(database, error);
    if (rc != HDB_OK)
        return rc;
    hdb_database_mark(database, &page->mark);
    page->file = hdb_file_mark_of(database->path);
    return begin_changing(state, error);
}
