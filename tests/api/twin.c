/* SPDX-License-Identifier: Apache-2.0 */
#include "twin.h"

#include "server_clean.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 20 };

/* Everything one side said. */
struct answer {
    char text[ROOM];
    size_t size;
};

static struct answer answers[2], notes[2];
static const char *set_up;

static void add(struct answer *answer, const char *format, va_list list) {
    int size = vsnprintf(answer->text + answer->size, ROOM - answer->size, format, list);
    answer->size += (size_t)size;
    assert_true(answer->size < ROOM);
}

static void say(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct answer *answer, const char *format, ...) {
    va_list list;
    va_start(list, format);
    add(answer, format, list);
    va_end(list);
}

static void say_bytes(struct answer *answer, int type, const void *data, int64_t size) {
    const unsigned char *bytes = data;
    say(answer, "%s", type == HDB_TYPE_TEXT ? "'" : "x'");
    for (int64_t i = 0; i < size; i++)
        say(answer, bytes[i] >= ' ' && bytes[i] < 127 ? "%c" : "\\%02x", bytes[i]);
    say(answer, "'");
}

void twin_note(int who, const char *format, ...) {
    va_list list;
    va_start(list, format);
    add(&notes[who], format, list);
    va_end(list);
    say(&notes[who], "\n");
}

static void forget(struct answer *pair) {
    for (int i = 0; i < 2; i++) {
        pair[i].size = 0;
        pair[i].text[0] = '\0';
    }
}

void twin_forget_notes(void) {
    forget(notes);
}

size_t twin_compare_notes_at(const char *file, int line) {
    size_t size = notes[0].size;
    if (strcmp(notes[0].text, notes[1].text) != 0) {
        print_error("%s: SQLite's callbacks:\n%sours:\n%s", set_up, notes[0].text, notes[1].text);
        _fail(file, line);
    }
    forget(notes);
    return size;
}

/* --- SQLite's side */

static int sqlite_statement(sqlite3 *db, const char *sql, const char **rest, struct answer *answer) {
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, rest);
    if (rc == SQLITE_OK && !statement)
        return SQLITE_OK;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(statement);
        for (int i = 0; rc == SQLITE_ROW && i < sqlite3_column_count(statement); i++) {
            int type = sqlite3_column_type(statement, i);
            say(answer, i ? "|" : "");
            if (type == SQLITE_INTEGER)
                say(answer, "%lld", (long long)sqlite3_column_int64(statement, i));
            else if (type == SQLITE_FLOAT)
                say(answer, "%a", sqlite3_column_double(statement, i));
            else if (type == SQLITE_NULL)
                say(answer, "NULL");
            else
                say_bytes(answer, type, sqlite3_column_blob(statement, i), sqlite3_column_bytes(statement, i));
        }
        if (rc == SQLITE_ROW)
            say(answer, "\n");
    }
    rc = rc == SQLITE_DONE ? SQLITE_OK : sqlite3_extended_errcode(db);
    if (rc != SQLITE_OK)
        say(answer, "error %d %s\n", rc, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return rc;
}

static void sqlite_state(sqlite3 *db, struct answer *answer) {
    say(answer, "changes %lld of %lld, rowid %lld, autocommit %d\n", (long long)sqlite3_changes64(db),
        (long long)sqlite3_total_changes64(db), (long long)sqlite3_last_insert_rowid(db), sqlite3_get_autocommit(db));
}

/* --- ours */

static int our_statement(hdb_conn *conn, const char *sql, const char **rest, struct answer *answer) {
    hdb_stmt *stmt = NULL;
    int64_t used = (int64_t)strlen(sql);
    int rc = hdb_prepare(conn, sql, -1, &stmt, &used);
    *rest = sql + used;
    if (rc == HDB_OK && !stmt)
        return HDB_OK;
    while (rc == HDB_OK || rc == HDB_ROW) {
        rc = hdb_fetch_row(stmt);
        for (int i = 0; rc == HDB_ROW && i < hdb_column_count(stmt); i++) {
            int type = hdb_column_type(stmt, i);
            say(answer, i ? "|" : "");
            if (type == HDB_TYPE_INTEGER)
                say(answer, "%lld", (long long)hdb_column_int64(stmt, i));
            else if (type == HDB_TYPE_FLOAT)
                say(answer, "%a", hdb_column_double(stmt, i));
            else if (type == HDB_TYPE_NULL)
                say(answer, "NULL");
            else
                say_bytes(answer, type, hdb_column_blob(stmt, i), hdb_column_bytes(stmt, i));
        }
        if (rc == HDB_ROW)
            say(answer, "\n");
    }
    rc = rc == HDB_DONE ? HDB_OK : hdb_extended_errcode(conn);
    if (rc != HDB_OK)
        say(answer, "error %d %s\n", rc, hdb_errmsg(conn));
    hdb_finalize(stmt);
    return rc;
}

static void our_state(hdb_conn *conn, struct answer *answer) {
    say(answer, "changes %lld of %lld, rowid %lld, autocommit %d\n", (long long)hdb_changes(conn),
        (long long)hdb_total_changes(conn), (long long)hdb_last_insert_rowid(conn), !hdb_in_transaction(conn));
}

int twin_run_at(struct twin *twin, const char *sql, const char *file, int line) {
    int rc = SQLITE_OK;
    while (*sql) {
        const char *rest = NULL, *ours_rest = NULL;
        forget(answers);
        rc = sqlite_statement(twin->db, sql, &rest, &answers[0]);
        sqlite_state(twin->db, &answers[0]);
        our_statement(twin->conn, sql, &ours_rest, &answers[1]);
        our_state(twin->conn, &answers[1]);
        if (strcmp(answers[0].text, answers[1].text) != 0) {
            print_error("%s: %.*s\nSQLite:\n%sours:\n%s", twin->label, (int)(rest - sql), sql, answers[0].text, answers[1].text);
            _fail(file, line);
        }
        sql = rc == SQLITE_OK ? rest : "";
    }
    return rc;
}

/* --- opening */

static void open_twins(struct twin *twin) {
    char *oracle = support_format("%s/oracle.db", twin->directory);
    hdb_config *config = fixture_config("direct", twin->direct);
    assert_int_equal(sqlite3_open(oracle, &twin->db), SQLITE_OK);
    sqlite3_extended_result_codes(twin->db, 1);
    int rc = hdb_connect(twin->dsn ? twin->dsn : twin->path, config, &twin->conn);
    hdb_config_destroy(config);
    assert_ok(twin->conn, rc);
    free(oracle);
}

static void close_twins(struct twin *twin) {
    assert_int_equal(sqlite3_close(twin->db), SQLITE_OK);
    assert_int_equal(hdb_close(twin->conn), HDB_OK);
}

void twin_reopen(struct twin *twin) {
    close_twins(twin);
    open_twins(twin);
}

void twin_rebuild(struct twin *twin) {
    close_twins(twin);
    support_remove_replica(twin->path);
    open_twins(twin);
}

static void run_in(void (*test)(struct twin *twin), const char *label, const char *dsn, const char *direct) {
    struct twin twin = {.label = label, .dsn = dsn, .direct = direct, .directory = support_make_directory("twin")};
    twin.path = support_format("%s/app.db", twin.directory);
    if (dsn)
        assert_true(server_clean(dsn));
    forget(notes);
    set_up = label;
    open_twins(&twin);
    test(&twin);
    close_twins(&twin);
    assert_int_equal(support_await_no_process(twin.directory, 10000), 0);
    support_remove_directory(twin.directory);
    if (dsn)
        assert_true(server_clean(dsn));
    free(twin.path);
    free(twin.directory);
}

void twin_everywhere(void (*test)(struct twin *twin)) {
    const char *heliosdb = getenv("HELIOSDB_TEST_DSN_HELIOSDB"), *postgresql = getenv("HELIOSDB_TEST_DSN_POSTGRESQL");
    run_in(test, "embedded", NULL, "auto");
    if (heliosdb) {
        run_in(test, "daemon, HeliosDB", heliosdb, "auto");
        run_in(test, "daemon, HeliosDB, direct off", heliosdb, "off");
    }
    if (postgresql) {
        run_in(test, "daemon, PostgreSQL", postgresql, "auto");
        run_in(test, "daemon, PostgreSQL, direct off", postgresql, "off");
    }
    if (!heliosdb && !postgresql)
        print_message("embedded only: no DSN of a server in the environment\n");
}
