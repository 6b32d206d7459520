/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions beside those of SQLite's own session extension: what is recorded of the same statements, and what applying it
 * does, conflicts included. */
#define SQLITE_ENABLE_SESSION
#define SQLITE_ENABLE_PREUPDATE_HOOK
#include "support.h"
#include "twin.h"

#include <stdlib.h>
#include <string.h>

/* A session on both sides. */
struct pair {
    sqlite3_session *theirs;
    hdb_session *ours;
};

static void begin(struct twin *twin, struct pair *pair, const char *table) {
    assert_int_equal(sqlite3session_create(twin->db, "main", &pair->theirs), SQLITE_OK);
    assert_int_equal(sqlite3session_attach(pair->theirs, table), SQLITE_OK);
    assert_ok(twin->conn, hdb_session_create(twin->conn, NULL, &pair->ours));
    assert_ok(twin->conn, hdb_session_attach(pair->ours, table));
}

static void end(struct pair *pair) {
    sqlite3session_delete(pair->theirs);
    hdb_session_delete(pair->ours);
}

static char *text_of(sqlite3_value *value) {
    if (!value)
        return support_format("-");
    char *text = NULL;
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        return support_format("%lld", (long long)sqlite3_value_int64(value));
    case SQLITE_FLOAT:
        return support_format("%a", sqlite3_value_double(value));
    case SQLITE_NULL:
        return support_format("NULL");
    case SQLITE_TEXT:
        return support_format("'%s'", sqlite3_value_text(value));
    default:
        text = support_format("blob %d", sqlite3_value_bytes(value));
        for (int i = 0; i < sqlite3_value_bytes(value); i++) {
            char *longer = support_format("%s %02x", text, ((const unsigned char *)sqlite3_value_blob(value))[i]);
            free(text);
            text = longer;
        }
        return text;
    }
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Notes what a changeset holds, one line a change, in an order of its own. */
static void note_changes(int who, const void *data, int size) {
    sqlite3_changeset_iter *iterator = NULL;
    char *lines[200];
    int count = 0;
    assert_int_equal(sqlite3changeset_start(&iterator, size, (void *)data), SQLITE_OK);
    while (sqlite3changeset_next(iterator) == SQLITE_ROW) {
        const char *table = NULL;
        unsigned char *keys = NULL;
        int columns = 0, operation = 0, indirect = 0;
        sqlite3changeset_op(iterator, &table, &columns, &operation, &indirect);
        sqlite3changeset_pk(iterator, &keys, NULL);
        char *line = support_format("%s %d %d", table, operation, indirect);
        for (int i = 0; i < columns; i++) {
            sqlite3_value *old = NULL, *new = NULL;
            if (operation != SQLITE_INSERT)
                sqlite3changeset_old(iterator, i, &old);
            if (operation != SQLITE_DELETE)
                sqlite3changeset_new(iterator, i, &new);
            char *before = text_of(old), *after = text_of(new), *longer = support_format("%s | %d %s %s", line, keys[i], before, after);
            free(line);
            free(before);
            free(after);
            line = longer;
        }
        assert_true(count < 200);
        lines[count++] = line;
    }
    assert_int_equal(sqlite3changeset_finalize(iterator), SQLITE_OK);
    qsort(lines, (size_t)count, sizeof *lines, compare_lines);
    for (int i = 0; i < count; i++) {
        twin_note(who, "%s", lines[i]);
        free(lines[i]);
    }
}

/* Compares what both have recorded; ours is given back for hdb_free(). */
static void compare(struct twin *twin, struct pair *pair, bool patch, void **out, int64_t *out_size) {
    void *theirs = NULL;
    int size = 0;
    assert_int_equal(patch ? sqlite3session_patchset(pair->theirs, &size, &theirs) : sqlite3session_changeset(pair->theirs, &size, &theirs), SQLITE_OK);
    assert_ok(twin->conn, patch ? hdb_session_patchset(pair->ours, out, out_size) : hdb_session_changeset(pair->ours, out, out_size));
    assert_int_equal(hdb_session_is_empty(pair->ours), sqlite3session_isempty(pair->theirs) != 0);
    note_changes(0, theirs, size);
    note_changes(1, *out, (int)*out_size);
    twin_compare_notes();
    /* Same changes, same size: only their order may differ. */
    assert_int_equal(*out_size, size);
    sqlite3_free(theirs);
}

static void same_changes(struct twin *twin, struct pair *pair) {
    void *made = NULL;
    int64_t size = 0;
    compare(twin, pair, true, &made, &size);
    hdb_free(made);
    compare(twin, pair, false, &made, &size);
    hdb_free(made);
}

static const char *const schema =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b REAL, c); CREATE TABLE w(x TEXT, y INT, z, PRIMARY KEY(y, x)) WITHOUT ROWID;"
    "CREATE TABLE log(id INTEGER PRIMARY KEY, what); CREATE TABLE nokey(a); CREATE TABLE u(k TEXT PRIMARY KEY, v);"
    "CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO log(what) VALUES (old.a); END;"
    "INSERT INTO t VALUES (1, 'one', 1.5, x'00'), (2, 'two', 2.0, NULL), (3, 'three', 3, 7), (4, 'four', 4.25, 'text');"
    "INSERT INTO w VALUES ('p', 1, 'z'), ('q', 1, NULL); INSERT INTO u VALUES ('k', 1), (NULL, 2)";

static void record(struct twin *twin) {
    struct pair pair, only;
    twin_run(twin, schema);
    begin(twin, &pair, NULL);
    begin(twin, &only, "u");
    same_changes(twin, &pair);
    twin_run(twin, "INSERT INTO t VALUES (10, 'ten', 10, zeroblob(3)); UPDATE t SET a = 'uno' WHERE id = 1; DELETE FROM t WHERE id = 2");
    same_changes(twin, &pair);
    twin_run(twin, "UPDATE t SET b = 8 WHERE id = 3; UPDATE t SET id = 40 WHERE id = 4; UPDATE w SET z = 5 WHERE x = 'p'; DELETE FROM w WHERE x = 'q'; INSERT INTO w VALUES ('r', 9, 9.5)");
    twin_run(twin, "INSERT INTO nokey VALUES (1); UPDATE u SET v = 9; INSERT INTO u VALUES (NULL, 3), ('new', 4); UPDATE u SET k = 'moved' WHERE k = 'k'");
    same_changes(twin, &pair);
    same_changes(twin, &only);
    /* Back to what it was, undone, made and gone again: nothing is left of that. */
    twin_run(twin, "UPDATE t SET a = 'one' WHERE id = 1; DELETE FROM t WHERE id = 10; BEGIN; DELETE FROM w; ROLLBACK; INSERT INTO u VALUES ('gone', 1); DELETE FROM u WHERE k = 'gone'");
    twin_run(twin, "INSERT OR REPLACE INTO t VALUES (3, 'replaced', 0.5, 1); INSERT INTO t VALUES (1, 'x', 0, 0) ON CONFLICT DO UPDATE SET c = 'upsert'");
    same_changes(twin, &pair);
    /* Recording may stop and be marked. */
    assert_int_equal(sqlite3session_enable(pair.theirs, 0), hdb_session_enable(pair.ours, 0));
    twin_run(twin, "INSERT INTO t VALUES (20, 'unseen', 0, 0)");
    assert_int_equal(sqlite3session_enable(pair.theirs, 1), hdb_session_enable(pair.ours, 1));
    assert_int_equal(sqlite3session_indirect(pair.theirs, 1), hdb_session_indirect(pair.ours, 1));
    twin_run(twin, "INSERT INTO t VALUES (21, 'indirect', 0, 0)");
    same_changes(twin, &pair);
    twin_run(twin, "DELETE FROM t");
    same_changes(twin, &pair);
    same_changes(twin, &only);
    end(&only);
    end(&pair);
    twin_run(twin, "SELECT * FROM t; SELECT * FROM w; SELECT * FROM log; SELECT * FROM u");
    twin_rebuild(twin);
    twin_run(twin, "SELECT * FROM t; SELECT * FROM w; SELECT * FROM log; SELECT * FROM u");
}

static void sessions_record_what_sqlite_records(void **state) {
    (void)state;
    twin_everywhere(record);
}

/* --- applying */

static int resolution; /* what the callbacks answer */

static int their_conflict(void *context, int conflict, sqlite3_changeset_iter *iterator) {
    const char *table = "foreign keys";
    int columns = 0, operation = 0, indirect = 0, violations = 0;
    (void)context;
    if (conflict == SQLITE_CHANGESET_FOREIGN_KEY)
        sqlite3changeset_fk_conflicts(iterator, &violations);
    else
        sqlite3changeset_op(iterator, &table, &columns, &operation, &indirect);
    sqlite3_value *row = NULL;
    if (conflict == SQLITE_CHANGESET_DATA || conflict == SQLITE_CHANGESET_CONFLICT)
        sqlite3changeset_conflict(iterator, 0, &row);
    char *text = text_of(row);
    twin_note(0, "conflict %d %s %d %d %d %d %s", conflict, table, columns, operation, indirect, violations, text);
    free(text);
    return resolution;
}

static int our_conflict(void *user_data, int conflict, hdb_change *change) {
    const char *table = hdb_change_table(change);
    char *text = text_of((sqlite3_value *)hdb_change_conflict(change, 0));
    assert_null(user_data);
    twin_note(1, "conflict %d %s %d %d %d %d %s", conflict, table ? table : "foreign keys", hdb_change_columns(change),
              hdb_change_operation(change), hdb_change_indirect(change), hdb_change_violations(change), text);
    free(text);
    if (table) {
        assert_int_equal(hdb_change_old(change, 0) == NULL, hdb_change_operation(change) == HDB_OPERATION_INSERT);
        assert_null(hdb_change_new(change, 99));
        assert_int_equal(hdb_change_is_key(change, 0), 1);
    }
    return resolution;
}

static int only_t(void *context, const char *table) {
    (void)context;
    return strcmp(table, "t") == 0;
}

static void apply_both(struct twin *twin, const void *data, int64_t size, int (*filter)(void *, const char *)) {
    int theirs = sqlite3changeset_apply(twin->db, (int)size, (void *)data, filter, their_conflict, NULL);
    int ours = hdb_changeset_apply(twin->conn, data, size, filter, our_conflict, NULL);
    if ((theirs & 0xff) != ours)
        fail_msg("%s: applying: SQLite %d, ours %d %s", twin->label, theirs, ours, hdb_errmsg(twin->conn));
    twin_compare_notes();
    twin_run(twin, "SELECT * FROM t; SELECT * FROM w; SELECT * FROM u; SELECT changes()");
}

static void apply(struct twin *twin) {
    struct pair pair;
    void *made = NULL, *inverse = NULL, *both = NULL;
    int64_t size = 0, inverse_size = 0, both_size = 0;
    twin_run(twin, schema);
    begin(twin, &pair, NULL);
    twin_run(twin, "BEGIN; INSERT INTO t VALUES (10, 'ten', 10, zeroblob(3)); UPDATE t SET a = 'uno' WHERE id = 1; DELETE FROM t WHERE id = 2; UPDATE w SET z = 5; INSERT INTO u VALUES ('new', 4)");
    compare(twin, &pair, false, &made, &size);
    twin_run(twin, "ROLLBACK");
    end(&pair);
    /* By itself, with a filter, in a transaction that is undone, backwards. */
    apply_both(twin, made, size, only_t);
    apply_both(twin, made, size, NULL);
    assert_int_equal(hdb_changeset_invert(made, size, &inverse, &inverse_size), HDB_OK);
    resolution = HDB_RESOLUTION_REPLACE;
    apply_both(twin, inverse, inverse_size, NULL);
    twin_run(twin, "BEGIN");
    resolution = HDB_RESOLUTION_OMIT;
    apply_both(twin, made, size, NULL);
    twin_run(twin, "ROLLBACK; SELECT * FROM t");
    /* Conflicts. */
    twin_run(twin, "DELETE FROM t; INSERT INTO t VALUES (10, 'mine', 0, 0), (1, 'mine too', 0, 0); UPDATE w SET z = 'mine'");
    static const int answers[] = {HDB_RESOLUTION_OMIT, HDB_RESOLUTION_ABORT, HDB_RESOLUTION_REPLACE, 42};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        resolution = answers[i];
        apply_both(twin, made, size, NULL);
    }
    assert_int_equal(hdb_changeset_concat(made, size, inverse, inverse_size, &both, &both_size), HDB_OK);
    assert_int_equal(both_size, 0);
    assert_int_equal(hdb_changeset_apply(twin->conn, "nonsense", 8, NULL, NULL, NULL), HDB_CORRUPT);
    assert_int_equal(hdb_changeset_apply(twin->conn, NULL, 0, NULL, NULL, NULL), HDB_OK);
    hdb_free(both);
    hdb_free(inverse);
    hdb_free(made);
    twin_run(twin, "SELECT * FROM log");
    twin_rebuild(twin);
    twin_run(twin, "SELECT * FROM t; SELECT * FROM w; SELECT * FROM u; SELECT * FROM log");
}

static void changesets_are_applied_and_kept(void **state) {
    (void)state;
    twin_everywhere(apply);
}

static void refusals(void **state) {
    hdb_conn *conn = fixture_open(":memory:");
    hdb_session *session = NULL;
    void *made = NULL;
    int64_t size = 0;
    (void)state;
    assert_int_equal(hdb_session_create(NULL, NULL, &session), HDB_MISUSE);
    assert_ok(conn, hdb_session_create(conn, "temp", &session));
    assert_ok(conn, hdb_session_attach(session, NULL));
    assert_ok(conn, hdb_exec(conn, "CREATE TEMP TABLE x(id INTEGER PRIMARY KEY, a); INSERT INTO x VALUES (1, 2)", -1));
    assert_ok(conn, hdb_session_changeset(session, &made, &size));
    assert_true(size > 0);
    hdb_free(made);
    assert_ok(conn, hdb_exec(conn, "ALTER TABLE x ADD COLUMN b", -1));
    assert_int_equal(hdb_session_changeset(session, &made, &size), HDB_SCHEMA);
    assert_null(made);
    assert_int_equal(hdb_changeset_invert("nonsense", 8, &made, &size), HDB_CORRUPT);
    hdb_session_delete(NULL);
    /* The one that is left goes with its connection. */
    assert_int_equal(hdb_close(conn), HDB_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_record_what_sqlite_records),
        cmocka_unit_test(changesets_are_applied_and_kept),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
