/* SPDX-License-Identifier: Apache-2.0 */
/* A statement that the server runs by itself, in two round trips: the first takes the lock and looks whether the statement may
 * run, the second has it counted and run, and gives the lock back. */
#include "record/server_internal.h"

#include "record/log.h"

/* What the first round trip asks for. */
enum { LOCK, COUNTERS, NEWEST, GUARD, QUESTIONS };

struct look {
    hdb_errand errands[QUESTIONS];
    int count, place[QUESTIONS]; /* where each of them is, -1: it is not asked */
    hdb_value from;
    int64_t known; /* what the log is asked for comes after it */
};

static void ask(struct look *look, int question, hdb_errand errand) {
    look->errands[look->count] = errand;
    look->place[question] = look->count++;
}

static const hdb_rows *answer(const struct look *look, int question) {
    return look->errands[look->place[question]].rows;
}

/* The lock first: what is read before it may be changed by whoever holds it. */
static void write_questions(const hdb_server *server, const hdb_server_change *change, struct look *look) {
    *look = (struct look){.place = {-1, -1, -1, -1}, .known = server->applied};
    if (!hdb_server_is_locked(server))
        ask(look, LOCK, (hdb_errand){.sql = hdb_server_lock_sql(!server->many_writers), .ends = true});
    ask(look, COUNTERS, (hdb_errand){.sql = hdb_server_counters_sql, .ends = true});
    if (hdb_server_peer(server) == HDB_PEER_HELIOSDB)
        ask(look, NEWEST, hdb_log_newest_errand(server->applied, &look->from));
    if (change->guard)
        ask(look, GUARD, (hdb_errand){.sql = change->guard, .params = change->guard_value, .count = 1, .ends = true});
}

/* Notes the lock before anything else: it has to be given back. */
static int first_error(hdb_server *server, struct look *look, bool *got, hdb_error *error) {
    int lock = look->place[LOCK];
    *got = lock < 0 || (look->errands[lock].rc == HDB_OK && hdb_server_was_locked(look->errands[lock].rows));
    if (lock >= 0 && *got && server->many_writers)
        server->shared = true;
    else if (lock >= 0 && *got)
        server->alone = true;
    return hdb_errands_first_error(look->errands, look->count, error);
}

/* Whether an entry is logged that the tables do not hold: somebody died over it. */
static int judge(hdb_server *server, const hdb_server_change *change, const struct look *look, enum hdb_server_verdict *verdict,
                 bool *behind, hdb_error *error) {
    int64_t commits = 0;
    int rc = hdb_server_note_counters(server, answer(look, COUNTERS), &commits, error);
    if (rc != HDB_OK)
        return rc;
    *behind = look->place[NEWEST] >= 0 && (server->applied < look->known || /* another server, or an emptied one */
                                           hdb_log_newest_of(answer(look, NEWEST), server->applied) > server->applied);
    *verdict = HDB_CHANGE_SENT;
    if (change->guard && hdb_rows_count(answer(look, GUARD)) == 0)
        *verdict = HDB_CHANGE_EMPTY;
    else if (change->guard && hdb_rows_cell(answer(look, GUARD), 0, 0).type != HDB_TYPE_NULL)
        *verdict = HDB_CHANGE_UNFIT;
    if (server->schema_version != change->schema_version || server->keeps_log)
        *verdict = HDB_CHANGE_UNFIT;
    return HDB_OK;
}

/* Takes the lock if it is free, and looks. `done` is false if somebody else holds it, or has left an entry to be applied. */
static int look_once(hdb_server *server, const hdb_server_change *change, enum hdb_server_verdict *verdict, bool *done,
                     hdb_error *error) {
    struct look look;
    bool got = false, behind = false;
    write_questions(server, change, &look);
    int rc = hdb_link_batch(server->link, look.errands, look.count, error);
    if (rc != HDB_OK)
        return rc;
    rc = first_error(server, &look, &got, error);
    if (rc == HDB_OK && got)
        rc = judge(server, change, &look, verdict, &behind, error);
    hdb_errands_clear(look.errands, look.count);
    *done = got && !behind;
    return rc;
}

/* hdb_server_lock() waits for the others, and finishes what they have left. */
static int look(hdb_server *server, const hdb_server_change *change, enum hdb_server_verdict *verdict, hdb_error *error) {
    bool done = false;
    int rc = look_once(server, change, verdict, &done, error);
    if (rc != HDB_OK || done)
        return rc;
    hdb_server_unlock(server);
    rc = hdb_server_lock(server, false, error);
    if (rc == HDB_OK)
        rc = look_once(server, change, verdict, &done, error);
    if (!done)
        *verdict = HDB_CHANGE_UNFIT;
    return rc;
}

/* Many writers do not count: each would have to wait for the other's COMMIT. HeliosDB does not undo the counter with the
 * change, nor show both at once: who reads between the two would take the rows before the change for those of the new count. It is
 * counted once more behind the change. */
static int run(hdb_server *server, const hdb_server_change *change, int64_t *changed, hdb_error *error) {
    static const char key[] = "commits";
    const bool counts = !server->many_writers, again = counts && hdb_server_peer(server) == HDB_PEER_HELIOSDB;
    hdb_value commits = hdb_value_text(key, sizeof key - 1);
    const hdb_errand counting = {.sql = hdb_server_count_sql, .params = &commits, .count = 1};
    hdb_errand errands[4];
    int count = 0;
    if (counts)
        errands[count++] = counting;
    const int at = count;
    errands[count++] = (hdb_errand){.sql = change->sql, .params = change->values, .count = change->count, .ends = true};
    if (again)
        errands[count++] = counting;
    errands[count++] = (hdb_errand){.sql = hdb_server_unlock_sql(server->alone), .ends = true};
    int rc = hdb_link_batch(server->link, errands, count, error);
    if (rc != HDB_OK)
        return rc;
    if (errands[count - 1].rc == HDB_OK)
        server->alone = server->shared = false;
    rc = hdb_errands_first_error(errands, at + 1, error);
    if (rc == HDB_OK)
        *changed = hdb_rows_affected(errands[at].rows);
    hdb_errands_clear(errands, count);
    return rc;
}

int hdb_server_run_change(hdb_server *server, const hdb_server_change *change, enum hdb_server_verdict *verdict, int64_t *changed,
                          hdb_error *error) {
    *verdict = HDB_CHANGE_UNFIT;
    *changed = 0;
    int rc = look(server, change, verdict, error);
    return rc == HDB_OK && *verdict == HDB_CHANGE_SENT ? run(server, change, changed, error) : rc;
}
