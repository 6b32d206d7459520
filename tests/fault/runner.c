/* SPDX-License-Identifier: Apache-2.0 */
#include "runner.h"
#include "compare.h"
#include "support.h"
#include "units.h"

#include <heliosdb/heliosdb.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static hdb_conn *open_ours(const struct runner_options *options) {
    hdb_conn *conn = NULL;
    hdb_config *config = hdb_config_create();
    hdb_config_set(config, "linger", options->linger);
    hdb_config_set(config, "timeout", "20");
    hdb_config_set(config, "notices", "off");
    hdb_config_set(config, "mode", options->setup->dsn ? "daemon" : "embedded");
    if (options->setup->dsn)
        hdb_config_set(config, "dsn", options->setup->dsn);
    if (options->setup->shares_log)
        hdb_config_set(config, "coherence", "sdk");
    int code = hdb_connect(options->path, config, &conn);
    if (code == HDB_OK)
        code = hdb_exec(conn, unit_settings, -1);
    if (code != HDB_OK) {
        fprintf(stderr, "  connect: %d, %s\n", code, hdb_errmsg(conn));
        hdb_close(conn);
        conn = NULL;
    }
    hdb_config_destroy(config);
    return conn;
}

static sqlite3 *open_plain(const char *path) {
    sqlite3 *db = NULL;
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, unit_settings, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "  %s: %s\n", path, sqlite3_errmsg(db));
        sqlite3_close(db);
        db = NULL;
    }
    return db;
}

int runner_prepare(const struct runner_options *options, const char *plain_path) {
    hdb_conn *conn = open_ours(options);
    sqlite3 *plain = open_plain(plain_path);
    int failed = !conn || !plain || hdb_exec(conn, unit_schema, -1) != HDB_OK ||
                 sqlite3_exec(plain, unit_schema, NULL, NULL, NULL) != SQLITE_OK;
    if (failed)
        fprintf(stderr, "  prepare: %s\n", conn ? hdb_errmsg(conn) : "can't open");
    sqlite3_close(plain);
    if (conn && hdb_close(conn) != HDB_OK)
        failed = 1;
    return failed;
}

static void tell(const struct runner_options *options, enum told kind, int unit, int statement) {
    struct told_message message = {kind, unit, statement};
    if (write(options->pipe, &message, sizeof message) != (ssize_t)sizeof message)
        _exit(3);
}

/* Failures that no plain SQLite gives here: the engine or its link is gone, or somebody else writes. */
static int is_trouble(int code) {
    return code == HDB_BUSY || code == HDB_IOERR || code == HDB_CANTOPEN || code == HDB_INTERRUPT;
}

/* Returns whether the unit ran as it would anywhere; if not, nothing of it may be there. */
static int run_unit(const struct runner_options *options, hdb_conn *conn, int number) {
    struct unit unit;
    int trouble = 0;
    unit_make(options->seed, number, !options->setup->dsn, &unit);
    for (int i = 0; i < unit.count && !trouble; i++) {
        tell(options, TOLD_STATEMENT, number, i);
        trouble = is_trouble(hdb_exec(conn, unit.statements[i].sql, -1) & 0xff);
        if (trouble)
            fprintf(stderr, "  unit %d: %.60s: %s\n", number, unit.statements[i].sql, hdb_errmsg(conn));
    }
    if (hdb_in_transaction(conn))
        hdb_exec(conn, "ROLLBACK", -1);
    return !trouble;
}

int runner_run(const struct runner_options *options) {
    hdb_conn *conn = open_ours(options);
    if (!conn)
        return 1;
    for (int unit = options->first_unit; !atomic_load(options->stop); unit++) {
        int done = run_unit(options, conn, unit);
        tell(options, done ? TOLD_DONE : TOLD_FAILED, unit, 0);
        if (!done)
            usleep(20000);
    }
    return hdb_close(conn) != HDB_OK;
}

/* --- the audit */

static void run_on_plain(sqlite3 *plain, const struct audit_options *options, int number) {
    struct unit unit;
    unit_make(options->seed, number, !options->setup->dsn, &unit);
    for (int i = 0; i < unit.count; i++)
        sqlite3_exec(plain, unit.statements[i].sql, NULL, NULL, NULL);
    if (!sqlite3_get_autocommit(plain))
        sqlite3_exec(plain, "ROLLBACK", NULL, NULL, NULL);
}

/* Writes what differs to *out, to be freed; returns how much does. */
static int compare_now(const struct audit_options *options, char **out) {
    size_t size = 0;
    FILE *stream = open_memstream(out, &size);
    if (!stream)
        abort();
    int differences = compare_databases(options->plain_path, options->path, options->setup, stream);
    fclose(stream);
    return differences;
}

static void show_unit(const struct audit_options *options, int number) {
    struct unit unit;
    unit_make(options->seed, number, !options->setup->dsn, &unit);
    fprintf(stderr, "  seed %u, unit %d:\n", options->seed, number);
    for (int i = 0; i < unit.count; i++)
        fprintf(stderr, "    %s;\n", unit.statements[i].sql);
}

/* VACUUM is not undone when it can't be told to the engine: only the order in sqlite_master, or rowids that nobody chose,
 * are others then, and the next one to open the file tells the engine. So one that failed may have been done. */
static int is_failed_vacuum(const struct audit_options *options, const struct told_message *told) {
    struct unit unit;
    unit_make(options->seed, told->unit, !options->setup->dsn, &unit);
    return told->kind == TOLD_FAILED && unit.count == 1 && strcmp(unit.statements[0].sql, "VACUUM") == 0;
}

static void copy_plain(const char *from_path, const char *to_path) {
    sqlite3 *from = open_plain(from_path), *to = open_plain(to_path);
    sqlite3_backup *backup = from && to ? sqlite3_backup_init(to, "main", from, "main") : NULL;
    if (!backup || sqlite3_backup_step(backup, -1) != SQLITE_DONE)
        abort();
    sqlite3_backup_finish(backup);
    sqlite3_close(from);
    sqlite3_close(to);
}

static enum verdict judge(const struct audit_options *options, bool failed_vacuums) {
    char *before = NULL, *after = NULL;
    enum verdict verdict = options->open_unit < 0 ? VERDICT_EXACT : VERDICT_BEFORE;
    sqlite3 *plain = open_plain(options->plain_path);
    if (!plain)
        return VERDICT_FAULT;
    for (int i = 0; i < options->done_count; i++)
        if (options->done[i].kind == TOLD_DONE || (failed_vacuums && is_failed_vacuum(options, &options->done[i])))
            run_on_plain(plain, options, options->done[i].unit);
    if (compare_now(options, &before) > 0) {
        verdict = VERDICT_FAULT;
        if (options->open_unit >= 0) {
            run_on_plain(plain, options, options->open_unit);
            verdict = compare_now(options, &after) > 0 ? VERDICT_FAULT : VERDICT_AFTER;
        }
    }
    if (verdict == VERDICT_FAULT) {
        fprintf(stderr, "  not what was there before:\n%.1500s\n", before);
        if (after) {
            fprintf(stderr, "  nor what is there after the interrupted unit:\n%.1500s\n", after);
            show_unit(options, options->open_unit);
        }
    }
    free(before);
    free(after);
    sqlite3_close(plain);
    return verdict;
}

enum verdict runner_audit(const struct audit_options *options) {
    bool doubtful = false;
    for (int i = 0; i < options->done_count; i++)
        doubtful = doubtful || is_failed_vacuum(options, &options->done[i]);
    if (!doubtful)
        return judge(options, false);
    char *copy = support_format("%s-before", options->plain_path);
    copy_plain(options->plain_path, copy);
    enum verdict verdict = judge(options, false);
    if (verdict == VERDICT_FAULT) {
        fprintf(stderr, "  once more: a VACUUM that failed may have been done\n");
        copy_plain(copy, options->plain_path);
        verdict = judge(options, true);
    }
    support_remove_replica(copy);
    free(copy);
    return verdict;
}
