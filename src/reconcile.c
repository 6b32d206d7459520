/* SPDX-License-Identifier: Apache-2.0 */
/* How the file of a database and its engine are brought together: see database.h. */
#include "database_internal.h"

#include "notice.h"
#include "record/apply.h"
#include "record/catalogue.h"
#include "record/filler.h"
#include "record/session.h"
#include "replica/foreign.h"
#include "replica/replay.h"
#include "replica/schema.h"
#include "replica/sqlite_value.h"
#include "replica/stub.h"
#include "replica/table_statement.h"
#include "replica/wal_mark.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int run(hdb_database *database, const char *sql, hdb_error *error) {
    return sqlite3_exec(database->steward, sql, NULL, NULL, NULL) == SQLITE_OK ? HDB_OK
                                                                               : hdb_sqlite_error(database->steward, error);
}

bool hdb_database_is_blank(hdb_database *database) {
    struct stat info;
    return database->path && stat(database->path, &info) == 0 && info.st_size == 0;
}

int hdb_database_begin_file(hdb_database *database, hdb_error *error) {
    if (!hdb_database_is_blank(database))
        return HDB_OK;
    int rc = run(database, "PRAGMA journal_mode = WAL", error);
    if (rc == HDB_OK)
        hdb_database_note_mark(database);
    return rc;
}

void hdb_database_note_mark(hdb_database *database) {
    static const hdb_wal_mark none;
    hdb_state_page *page = hdb_record_state(database->record)->page;
    if (memcmp(&page->mark, &none, sizeof none) != 0)
        return;
    hdb_database_mark(database, &page->mark);
    page->file = hdb_file_mark_of(database->path);
}

bool hdb_database_mark(hdb_database *database, hdb_wal_mark *out) {
    /* A file without a page has no WAL, and asking for it would make one. */
    if (hdb_database_is_blank(database)) {
        memset(out, 0, sizeof *out);
        return false;
    }
    return database->steward &&
           sqlite3_exec(database->steward, "SELECT 1 FROM main.sqlite_schema LIMIT 1", NULL, NULL, NULL) == SQLITE_OK &&
           hdb_wal_mark_read(database->steward, "main", out);
}

int hdb_database_checkpoint(void *context) {
    hdb_database *database = context;
    int frames = 0, done = 0;
    /* Not waiting: whoever uses the steward may be waiting for the thread that asks. */
    if (pthread_mutex_trylock(&database->steward_mutex) != 0)
        return HDB_BUSY;
    int rc = sqlite3_wal_checkpoint_v2(database->steward, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
    if (rc == SQLITE_OK)
        hdb_record_state(database->record)->page->file = hdb_file_mark_of(database->path);
    pthread_mutex_unlock(&database->steward_mutex);
    return rc == SQLITE_OK && frames == done ? HDB_OK : HDB_BUSY;
}

/* The change counter in the header of the file itself, the WAL not regarded. */
static uint32_t read_change_counter(hdb_database *database) {
    enum { OFFSET = 24 };
    unsigned char bytes[4] = {0};
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(database->steward, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file->pMethods ||
        file->pMethods->xRead(file, bytes, sizeof bytes, OFFSET) != SQLITE_OK)
        return 0;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void hdb_database_stamp(hdb_database *database) {
    hdb_state_page *page = hdb_record_state(database->record)->page;
    sqlite3_stmt *statement = NULL;
    char sql[64] = "";
    if (page->stamped == page->synced && page->change_counter)
        return;
    /* In WAL mode only a commit that writes the first page counts: setting user_version to what it is does. */
    if (sqlite3_prepare_v2(database->steward, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        sqlite3_snprintf(sizeof sql, sql, "PRAGMA user_version = %d", sqlite3_column_int(statement, 0));
    sqlite3_finalize(statement);
    if (*sql && sqlite3_exec(database->steward, sql, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_wal_checkpoint_v2(database->steward, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK) {
        page->change_counter = read_change_counter(database);
        page->stamped = page->synced;
    }
}

char *hdb_database_file(const hdb_database *database, const char *name) {
    hdb_buffer path = HDB_BUFFER_INIT;
    hdb_buffer_format(&path, "%s-heliosdb/%s", database->path, name);
    return hdb_buffer_take(&path);
}

static int open_steward(hdb_database *database, hdb_error *error) {
    if (database->steward)
        return HDB_OK;
    int rc = hdb_steward_open(database->path, database->timeout_ms, &database->steward, error);
    if (rc == HDB_OK) {
        database->found_counter = read_change_counter(database); /* before setting the mode changes it */
        /* A new one waits for its first write: until then PRAGMA page_size and the like have their effect. */
        if (!hdb_database_is_blank(database))
            rc = run(database, "PRAGMA journal_mode = WAL", error);
    }
    if (rc == HDB_OK)
        rc = hdb_database_keep_stubs(database, error);
    if (rc == HDB_NOTADB || rc == HDB_CORRUPT) {
        hdb_error_set(error, rc, NULL, "file is not a database%s",
                      hdb_record_state(database->record)->page->ready
                          ? "; the engine holds its rows: move the file away and open again to rebuild it" : "");
    }
    return rc;
}

/* Row by row into the engine's table. */
static int take_in_table(hdb_database *database, hdb_link *link, const hdb_table *table, hdb_notice *notice, hdb_error *error) {
    sqlite3_stmt *all = NULL;
    hdb_table_filler *filler = NULL;
    hdb_value *cells = calloc((size_t)table->column_count + 1, sizeof *cells);
    int step = SQLITE_DONE;
    int rc = cells ? hdb_table_prepare(database->steward, table, HDB_TABLE_READ_ALL, &all, error) : hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_fill_start(link, table, &filler, error);
    while (rc == HDB_OK && (step = sqlite3_step(all)) == SQLITE_ROW) {
        for (int i = 0; i < table->column_count; i++)
            cells[i] = hdb_value_of_column(all, i + 1);
        rc = hdb_fill_row(filler, sqlite3_column_int64(all, 0), cells, error);
        hdb_notice_progress(notice, 1);
    }
    if (rc == HDB_OK && step != SQLITE_DONE)
        rc = hdb_sqlite_error(database->steward, error);
    if (rc == HDB_OK) {
        rc = hdb_fill_end(filler, error);
    } else {
        hdb_error ignored = HDB_ERROR_INIT;
        hdb_fill_end(filler, &ignored);
        hdb_error_clear(&ignored);
    }
    sqlite3_finalize(all);
    free(cells);
    return rc;
}

static int set_meta(hdb_link *link, const char *key, int64_t value, hdb_error *error) {
    int rc = hdb_meta_send(link, key, value, error);
    return rc == HDB_OK ? hdb_link_sync(link, NULL, error) : rc;
}

/* An existing SQLite file becomes a replica: all it has goes to the engine. Until the last step the engine says that it
 * is not done, and a next open begins again. */
static int take_in(hdb_database *database, hdb_link *link, hdb_error *error) {
    hdb_schema *schema = NULL;
    hdb_notice notice = hdb_notice_start(database->notices, "taking in", database->path);
    int rc = open_steward(database, error);
    if (rc == HDB_OK)
        rc = set_meta(link, "taking_in", 1, error);
    if (rc == HDB_OK)
        rc = run(database, "BEGIN IMMEDIATE", error);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_schema_read(database->steward, "main", &schema, error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++)
        rc = hdb_stubs_check(database->steward, schema, &schema->tables[i], error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++)
        rc = take_in_table(database, link, &schema->tables[i], &notice, error);
    if (rc == HDB_OK)
        rc = hdb_apply_schema(link, schema, error);
    if (rc == HDB_OK)
        rc = hdb_link_script(link, "SET synchronous_commit = on", error);
    if (rc == HDB_OK) /* a plain INSERT is what the engine makes durable, with all before it */
        rc = hdb_log_push(link, 0, 0, "", 0, error);
    if (rc == HDB_OK)
        rc = hdb_log_cancel(link, 0, error);
    if (rc == HDB_OK)
        rc = set_meta(link, "taking_in", 0, error);
    if (rc == HDB_OK)
        rc = hdb_link_script(link, "SET synchronous_commit = off", error);
    sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    hdb_notice_end(&notice);
    hdb_schema_free(schema);
    return rc;
}

struct replaying {
    hdb_database *database;
    int64_t last;
    hdb_error *error;
};

static int replay_one(void *context, int64_t id, const char *data, size_t size) {
    struct replaying *replaying = context;
    int rc = hdb_replay_entry(replaying->database->steward, data, size, replaying->error);
    if (rc == HDB_OK && id > replaying->last)
        replaying->last = id;
    return rc;
}

/* Replays the log from an entry on, in a transaction of the steward's. */
static int replay_log(hdb_database *database, hdb_link *link, bool alone, int64_t first, int64_t *last, hdb_error *error) {
    struct replaying replaying = {database, *last, error};
    hdb_error read_error = HDB_ERROR_INIT;
    int rc = run(database, "BEGIN IMMEDIATE", error);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_database_prepare_stubs(database, alone, error);
    if (rc == HDB_OK)
        rc = hdb_log_read(link, first, replay_one, &replaying, &read_error);
    if (rc != HDB_OK && error->code == HDB_OK)
        hdb_error_move(error, &read_error);
    hdb_error_clear(&read_error);
    if (rc == HDB_OK)
        rc = run(database, "COMMIT", error);
    else
        sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    if (rc == HDB_OK)
        *last = replaying.last;
    return rc;
}

/* Tells the state where engine and replica are, so that the thread applies what the log holds and the tables do not. For
 * the time in which nobody else is there. */
static int note_positions(hdb_database *database, hdb_link *link, int64_t head, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    int64_t applied = 0;
    int rc = hdb_meta_get(link, "applied", 0, &applied, error);
    hdb_state_set_applied(state, applied);
    hdb_state_set_synced(state, head);
    state->page->inflight = head;
    return rc;
}

/* Whether the file is a copy that was made before the database was last left in order. */
static bool is_older(const hdb_database *database) {
    return database->found_counter < hdb_record_state(database->record)->page->change_counter;
}

/* Whether it is not the file that the page of positions speaks of. */
static bool is_another(const hdb_database *database) {
    const hdb_state_page *page = hdb_record_state(database->record)->page;
    return page->ready && page->identity && page->identity != hdb_file_mark_of(database->path).identity;
}

/* Whether the file is as we know it from before the last commits, and the WAL that held them is gone. */
static bool lacks_wal(const hdb_database *database) {
    const hdb_file_mark *noted = &hdb_record_state(database->record)->page->file, now = hdb_file_mark_of(database->path);
    return now.wal_size == 0 && now.identity == noted->identity && now.size == noted->size && now.modified_ns == noted->modified_ns;
}

/* Both are there, and were not left in order. What a file put there since then lacks can't be told from what was deleted
 * in it, so the engine's rows count. */
static int recover(hdb_database *database, hdb_link *link, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_wal_mark mark;
    int64_t head = 0;
    int rc = hdb_log_head(link, &head, error);
    /* Not opened if it is another one: SQLite would bring the WAL of the one that was there before into it. */
    bool replaced = is_another(database), wal_lost = lacks_wal(database);
    if (rc == HDB_OK && !replaced)
        rc = open_steward(database, error);
    if (rc != HDB_OK)
        return rc;
    if (replaced || is_older(database)) {
        rc = note_positions(database, link, head, error);
        return rc == HDB_OK ? hdb_database_replace_file(database, link, error) : rc;
    }
    bool trusted = state->same_boot && state->page->ready && !wal_lost;
    int64_t synced = trusted ? state->page->synced : 0;
    bool touched = !trusted || !hdb_database_mark(database, &mark) || !hdb_wal_mark_same(&state->page->mark, &mark);
    if (head > synced) {
        int64_t last = synced;
        rc = replay_log(database, link, true, synced + 1, &last, error);
    }
    if (rc == HDB_OK)
        rc = note_positions(database, link, head > synced ? head : synced, error);
    return rc == HDB_OK && touched ? hdb_database_push_foreign(database, error) : rc;
}

/* The file was left in order and is another one now. An older copy of it lacks rows that the engine has. Anything else
 * holds rows that the engine lacks. */
static int meet_changed_file(hdb_database *database, hdb_link *link, hdb_error *error) {
    int rc = open_steward(database, error);
    if (rc != HDB_OK)
        return rc;
    return is_older(database) ? hdb_database_replace_file(database, link, error) : hdb_database_push_foreign(database, error);
}

static int compare(hdb_database *database, sqlite3 *file, hdb_buffer *entry, hdb_buffer *report, int64_t *differences,
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
    return rc == HDB_OK ? compare(database, file, NULL, report, differences, error) : rc;
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
    int rc = run(database, "BEGIN IMMEDIATE", error);
    if (rc == HDB_OK) {
        rc = hdb_record_flush(database->record, error);
        if (rc == HDB_OK)
            rc = compare(database, database->steward, &entry, NULL, &differences, error);
        if (rc == HDB_OK && differences > 0)
            rc = check_undamaged(database, error);
        if (rc == HDB_OK && differences > 0) {
            rc = hdb_record_push(database->record, entry.data, entry.size, true, error);
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
    int rc = hdb_record_push(database->record, entry->data, entry->size, durable, error);
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
        rc = run(database, "COMMIT", error);
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
    int rc = run(database, copy ? "BEGIN" : "BEGIN IMMEDIATE", error);
    /* Once rows of another program are in the file, the engine's own tables have to be compared with it. */
    bool foreign = rc == HDB_OK && hdb_database_mark(database, &mark) && !hdb_wal_mark_same(&state->page->mark, &mark);
    if (rc == HDB_OK)
        rc = hdb_foreign_compare(from, name, database->steward, !copy, &entry, NULL, &differences, error);
    if (rc == HDB_OK && copy)
        rc = run(database, "ROLLBACK", error);
    if (rc == HDB_OK)
        rc = push_and_follow(database, &entry, durable, copy, context, error);
    if (!sqlite3_get_autocommit(database->steward))
        sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    pthread_mutex_unlock(&database->steward_mutex);
    hdb_buffer_free(&entry);
    return rc == HDB_OK && foreign ? hdb_database_push_foreign(database, error) : rc;
}

int hdb_database_finish_inflight(hdb_database *database, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_link *link = NULL;
    bool there = false;
    if (!database->steward || state->page->inflight <= hdb_state_synced(state))
        return HDB_OK;
    /* Whoever commits holds the write lock and commit.lock: having both, the one that pushed is known to be dead. */
    pthread_mutex_lock(&database->steward_mutex);
    int rc = run(database, "BEGIN IMMEDIATE", error);
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
                rc = replay_log(database, link, false, id, &last, error);
            if (rc == HDB_OK && there) {
                hdb_wal_mark_read(database->steward, "main", &state->page->mark);
                hdb_state_set_synced(state, id);
            } else if (rc == HDB_OK) {
                state->page->inflight = 0;
            }
        } else {
            sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
        }
        hdb_state_unlock(state, HDB_LOCK_COMMIT);
        hdb_record_unlock(database->record);
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
    int64_t used = 0, taking_in = 0, head = 0;
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
            rc = hdb_session_name(link, state, &state->page->applying, error);
        if (rc == HDB_OK && file_exists)
            rc = take_in(database, link, error);
        if (rc == HDB_OK)
            state->page->applying = 0;
        if (rc == HDB_OK)
            rc = set_meta(link, "used", 1, error);
    } else if (rc == HDB_OK && !file_exists) {
        rc = hdb_log_head(link, &head, error);
        if (rc == HDB_OK)
            rc = note_positions(database, link, head, error);
        if (rc == HDB_OK)
            rc = hdb_record_flush(database->record, error);
        if (rc == HDB_OK)
            rc = hdb_database_rebuild_file(database, link, error);
        if (rc == HDB_OK && database->notices)
            hdb_notice_say("%s was not there: it was rebuilt from %s-heliosdb (to start empty, delete both)", database->path,
                           database->path);
    } else if (rc == HDB_OK && state->page->ready && state->page->clean) {
        rc = meet_changed_file(database, link, error);
    } else if (rc == HDB_OK) {
        rc = recover(database, link, error);
    }
    hdb_link_close(link);
    return rc;
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
        return open_steward(database, error);
    }
    hdb_file_mark now = hdb_file_mark_of(database->path);
    bool in_order = page->ready && page->clean && file_exists && same_mark(&page->file, &now);
    bool is_new = !page->ready && !file_exists && hdb_engine_is_new(hdb_record_engine(database->record));
    if (!in_order && !is_new)
        rc = reconcile_with_engine(database, file_exists, error);
    if (rc == HDB_OK)
        rc = open_steward(database, error);
    if (rc != HDB_OK)
        return rc;
    hdb_database_mark(database, &page->mark);
    page->file = hdb_file_mark_of(database->path);
    page->clean = 0;
    page->ready = 1;
    return HDB_OK;
}
