/* SPDX-License-Identifier: Apache-2.0 */
/* A file and an engine that were not left in order are brought together by the engine's log. */
#include "database_internal.h"

#include "replica/replay.h"
#include "replica/wal_mark.h"

static const char older[] = "was an older copy of the database, or another file";

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

/* Replays the log from an entry on, in a transaction of the steward's that is left open. */
static int begin_replay(hdb_database *database, hdb_link *link, bool alone, int64_t first, int64_t *last, hdb_error *error) {
    struct replaying replaying = {database, *last, error};
    hdb_error read_error = HDB_ERROR_INIT;
    int rc = hdb_database_run(database, "BEGIN IMMEDIATE", error);
    if (rc != HDB_OK)
        return rc;
    rc = hdb_database_prepare_stubs(database, alone, error);
    if (rc == HDB_OK)
        rc = hdb_log_read(link, first, replay_one, &replaying, &read_error);
    if (rc != HDB_OK && error->code == HDB_OK)
        hdb_error_move(error, &read_error);
    hdb_error_clear(&read_error);
    if (rc != HDB_OK)
        sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    else
        *last = replaying.last;
    return rc;
}

static int end_replay(hdb_database *database, hdb_error *error) {
    int rc = hdb_database_run(database, "COMMIT", error);
    if (rc != HDB_OK)
        sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

int hdb_database_replay_log(hdb_database *database, hdb_link *link, bool alone, int64_t first, int64_t *last, hdb_error *error) {
    int64_t reached = *last;
    int rc = begin_replay(database, link, alone, first, &reached, error);
    if (rc == HDB_OK)
        rc = end_replay(database, error);
    if (rc == HDB_OK)
        *last = reached;
    return rc;
}

int hdb_database_note_positions(hdb_database *database, hdb_link *link, int64_t head, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    int64_t applied = 0;
    int rc = hdb_meta_get(link, "applied", 0, &applied, error);
    hdb_state_set_applied(state, applied);
    hdb_state_set_synced(state, head);
    state->page->inflight = head;
    state->page->settled = -1;
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

/* After a power cut the file may lack what the log tells, or hold commits that nobody waited for and the engine lost. The
 * log on top of these would make half transactions of them: then the engine's rows count. If it tells nothing, the file
 * lacks nothing. */
static int recover_from_power_cut(hdb_database *database, hdb_link *link, int64_t head, hdb_error *error) {
    int64_t last = -1, differences = 0;
    int rc = hdb_database_note_positions(database, link, head, error);
    if (rc == HDB_OK)
        rc = hdb_record_flush(database->record, error);
    if (rc == HDB_OK)
        rc = begin_replay(database, link, true, 1, &last, error);
    if (rc != HDB_OK)
        return rc;
    if (last > 0)
        rc = hdb_database_compare(database, database->steward, NULL, NULL, &differences, error);
    if (rc == HDB_OK && differences == 0)
        rc = end_replay(database, error);
    else
        sqlite3_exec(database->steward, "ROLLBACK", NULL, NULL, NULL);
    if (rc == HDB_OK && differences > 0)
        return hdb_database_replace_file(database, link, "held changes that a power cut took from the engine", error);
    return rc == HDB_OK && last <= 0 ? hdb_database_push_foreign(database, error) : rc;
}

/* Both are there, and were not left in order. What a file put there since then lacks can't be told from what was deleted
 * in it, so the engine's rows count. */
int hdb_database_recover(hdb_database *database, hdb_link *link, hdb_error *error) {
    hdb_state *state = hdb_record_state(database->record);
    hdb_wal_mark mark;
    int64_t head = 0;
    int rc = hdb_log_head(link, &head, error);
    /* Not opened if it is another one: SQLite would bring the WAL of the one that was there before into it. */
    bool replaced = is_another(database), wal_lost = lacks_wal(database);
    if (rc == HDB_OK && !replaced)
        rc = hdb_database_open_steward(database, error);
    if (rc != HDB_OK)
        return rc;
    if (replaced || is_older(database)) {
        rc = hdb_database_note_positions(database, link, head, error);
        return rc == HDB_OK ? hdb_database_replace_file(database, link, older, error) : rc;
    }
    if (!state->same_boot)
        return recover_from_power_cut(database, link, head, error);
    bool trusted = state->page->ready && !wal_lost;
    int64_t synced = trusted ? state->page->synced : 0;
    bool touched = !trusted || !hdb_database_mark(database, &mark) || !hdb_wal_mark_same(&state->page->mark, &mark);
    if (head > synced) {
        int64_t last = synced;
        rc = hdb_database_replay_log(database, link, true, synced + 1, &last, error);
    }
    if (rc == HDB_OK)
        rc = hdb_database_note_positions(database, link, head > synced ? head : synced, error);
    return rc == HDB_OK && touched ? hdb_database_push_foreign(database, error) : rc;
}

int hdb_database_meet_changed_file(hdb_database *database, hdb_link *link, hdb_error *error) {
    int rc = hdb_database_open_steward(database, error);
    if (rc != HDB_OK)
        return rc;
    return is_older(database) ? hdb_database_replace_file(database, link, older, error) : hdb_database_push_foreign(database, error);
}
