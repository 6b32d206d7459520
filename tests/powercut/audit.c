/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"
#include "work.h"

#include <heliosdb/heliosdb.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WRITERS_MOST = 4, COMMITS_MOST = 100000 };

struct audit {
    char *path;
    unsigned seed;
    hdb_conn *conn;
    sqlite3 *plain;
    int faults, found, must, lost;
    bool begun[WRITERS_MOST][COMMITS_MOST], full[WRITERS_MOST][COMMITS_MOST], there[WRITERS_MOST][COMMITS_MOST];
};

static struct audit audit;

static void complain(const char *what, const char *detail) {
    if (audit.faults++ < 10)
        fprintf(stderr, "  audit: %s: %.400s\n", what, detail);
}

static void read_notes(const char *path) {
    FILE *notes = fopen(path, "re");
    char line[64];
    while (notes && fgets(line, sizeof line, notes)) {
        int writer = 0, n = 0, level = 0;
        if (sscanf(line, "begun %d %d", &writer, &n) == 2)
            audit.begun[writer][n] = true;
        else if (sscanf(line, "done %d %d %d", &writer, &n, &level) == 3 && level == LEVEL_FULL)
            audit.full[writer][n] = true;
    }
    if (!notes)
        complain("notes", path);
    else
        fclose(notes);
}

static void open_ours(const char *linger) {
    hdb_config *config = hdb_config_create();
    hdb_config_set(config, "linger", linger);
    hdb_config_set(config, "timeout", "60");
    hdb_config_set(config, "notices", "off");
    if (hdb_connect(audit.path, config, &audit.conn) != HDB_OK)
        complain("connect", hdb_errmsg(audit.conn));
    hdb_config_destroy(config);
}

static void close_ours(void) {
    if (hdb_close(audit.conn) != HDB_OK)
        complain("close", "did not succeed");
    audit.conn = NULL;
}

static void run_plain(int writer, int n) {
    struct work work;
    work_make(audit.seed, writer, n, &work);
    for (int i = 0; i < work.count; i++)
        if (sqlite3_exec(audit.plain, work.statements[i], NULL, NULL, NULL) != SQLITE_OK)
            complain(work.statements[i], sqlite3_errmsg(audit.plain));
    work_free(&work);
}

/* Runs what `history` tells on plain SQLite, and checks that it is a history. */
static void follow_history(void) {
    hdb_stmt *stmt = NULL;
    char what[64];
    if (hdb_prepare(audit.conn, "SELECT seq, writer, n FROM history ORDER BY seq", -1, &stmt, NULL) != HDB_OK)
        return; /* nothing was committed yet; if something must be there, it is missed below */
    while (hdb_fetch_row(stmt) == HDB_ROW) {
        int seq = (int)hdb_column_int64(stmt, 0), writer = (int)hdb_column_int64(stmt, 1), n = (int)hdb_column_int64(stmt, 2);
        snprintf(what, sizeof what, "number %d, transaction %d of writer %d", seq, n, writer);
        if (seq != ++audit.found)
            complain("a transaction before others is missing", what);
        if (writer < 0 || writer >= WRITERS_MOST || n < 0 || n >= COMMITS_MOST || !audit.begun[writer][n]) {
            complain("a transaction is there that was never begun", what);
            continue;
        }
        audit.there[writer][n] = true;
        run_plain(writer, n);
    }
    hdb_finalize(stmt);
}

static void check_acknowledged(void) {
    char what[64];
    for (int writer = 0; writer < WRITERS_MOST; writer++) {
        for (int n = 0; n < COMMITS_MOST; n++) {
            audit.must += audit.full[writer][n];
            if (!audit.full[writer][n] || audit.there[writer][n])
                continue;
            snprintf(what, sizeof what, "transaction %d of writer %d", n, writer);
            audit.lost++;
            complain("an acknowledged commit is lost", what);
        }
    }
}

/* --- everything that is in a database, as text */

static const char *const contents =
    "SELECT 'SELECT ' || (SELECT group_concat(format('quote(\"%w\")', name), ' || '','' || ') FROM pragma_table_info(m.name))"
    " || format(' FROM \"%w\" ORDER BY 1', m.name) FROM sqlite_schema AS m WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    " UNION ALL SELECT 'SELECT type || name || coalesce(sql, '''') FROM sqlite_schema WHERE name NOT LIKE ''sqlite_%'' ORDER BY 1'"
    " ORDER BY 1";

static void dump_plain(sqlite3 *db, const char *sql, FILE *out, bool nested) {
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        complain(sql, sqlite3_errmsg(db));
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW) {
        fprintf(out, "%s\n", sqlite3_column_text(stmt, 0));
        if (nested)
            dump_plain(db, (const char *)sqlite3_column_text(stmt, 0), out, false);
    }
    sqlite3_finalize(stmt);
}

static void dump_ours(const char *sql, FILE *out, bool nested) {
    hdb_stmt *stmt = NULL;
    int code = hdb_prepare(audit.conn, sql, -1, &stmt, NULL);
    while (code == HDB_OK || code == HDB_ROW) {
        if ((code = hdb_fetch_row(stmt)) != HDB_ROW)
            break;
        fprintf(out, "%s\n", hdb_column_text(stmt, 0));
        if (nested)
            dump_ours(hdb_column_text(stmt, 0), out, false);
    }
    if (code != HDB_DONE)
        complain(sql, hdb_errmsg(audit.conn));
    hdb_finalize(stmt);
}

static void tell_first_difference(const char *what, const char *ours, const char *plain) {
    size_t line = 0, at = 0;
    for (; ours[at] && ours[at] == plain[at]; at++)
        if (ours[at] == '\n')
            line = at + 1;
    char *told = support_format("ours has \"%.*s\", plain SQLite \"%.*s\"", (int)strcspn(ours + line, "\n"), ours + line,
                                (int)strcspn(plain + line, "\n"), plain + line);
    complain(what, told);
    free(told);
}

/* `file`: read by plain SQLite; NULL: our connection. */
static void compare(const char *what, sqlite3 *file) {
    char *ours = NULL, *plain = NULL;
    size_t size;
    FILE *out = open_memstream(&plain, &size);
    dump_plain(audit.plain, contents, out, true);
    fclose(out);
    out = open_memstream(&ours, &size);
    if (file)
        dump_plain(file, contents, out, true);
    else
        dump_ours(contents, out, true);
    fclose(out);
    if (strcmp(ours, plain) != 0)
        tell_first_difference(what, ours, plain);
    free(ours);
    free(plain);
}

/* --- the steps */

static void check_engine(void) {
    int64_t differences = 0;
    if (hdb_verify(audit.conn, &differences) != HDB_OK || differences != 0)
        complain("the engine holds other rows", hdb_errmsg(audit.conn));
}

static void check_file(void) {
    sqlite3 *file = NULL;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_open_v2(audit.path, &file, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(file, "PRAGMA integrity_check", -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
        complain("the file", sqlite3_errmsg(file));
    else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
        complain("the file is damaged", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    compare("the file, as plain SQLite reads it", file);
    sqlite3_close(file);
}

int audit_run(const char *directory, const char *notes, unsigned seed) {
    audit.path = support_format("%s/app.db", directory);
    audit.seed = seed;
    read_notes(notes);
    sqlite3_open(":memory:", &audit.plain);
    open_ours("20");
    if (audit.faults == 0) {
        follow_history();
        check_acknowledged();
        compare("the database after the cut", NULL);
        check_engine();
    }
    close_ours();
    if (audit.faults == 0 && audit.found > 0)
        check_file();
    if (audit.faults == 0) {
        support_remove_replica(audit.path);
        open_ours("0");
        compare("the file made from the engine alone", NULL);
        if (hdb_exec(audit.conn, "CREATE TABLE after(a); INSERT INTO after VALUES (1)", -1) != HDB_OK)
            complain("writing after the cut", hdb_errmsg(audit.conn));
        close_ours();
    }
    printf("%d %d %d\n", audit.found, audit.must, audit.lost);
    sqlite3_close(audit.plain);
    free(audit.path);
    return audit.faults;
}
