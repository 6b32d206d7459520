/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: made, asked, closed. Without an engine: what needs one says so. */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What could not be opened is closed all the same. */
static int opened(int rc) {
    if (rc != HDB_OK) {
        hdb_close(it.other);
        it.other = NULL;
    }
    return rc;
}

static int call_connect(void) {
    return opened(SWEPT(hdb_connect)(":memory:", NULL, &it.other));
}

static const char *file(void) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/hdb-allocation-%ld.db", (long)getpid());
    return path;
}

static void prepare_file(void) {
    remove(file());
    it.config = hdb_config_create();
    sweep_must(hdb_config_set(it.config, "mode", "plain"), "plain");
}

static int call_connect_file(void) {
    const int rc = opened(SWEPT(hdb_connect)(file(), it.config, &it.other));
    hdb_close(it.other);
    it.other = NULL;
    remove(file());
    return rc;
}

/* The address that does not answer: the error itself has to be allocated. */
static int call_connect_nowhere(void) {
    const int rc = SWEPT(hdb_connect)("postgresql://u:secret@/d?host=/nowhere", NULL, &it.other);
    const bool told = rc == HDB_NOMEM || (it.other && strlen(SWEPT(hdb_errmsg)(it.other)) > 0);
    SWEPT(hdb_close)(it.other);
    it.other = NULL;
    RIGHT(rc != HDB_OK && told);
    return rc == HDB_CANTOPEN ? HDB_OK : rc;
}

static void prepare_other(void) {
    sweep_must(hdb_connect(":memory:", NULL, &it.other), "hdb_connect");
}

static int call_close(void) {
    hdb_conn *conn = it.other;
    it.other = NULL;
    return SWEPT(hdb_close)(conn);
}

static int call_exec(void) {
    TRY(SWEPT(hdb_exec)(it.conn, "BEGIN; INSERT INTO t(a) VALUES ('three'); UPDATE t SET b = a; COMMIT", -1));
    RIGHT(SWEPT(hdb_changes)(it.conn) == 3 && SWEPT(hdb_total_changes)(it.conn) == 6);
    RIGHT(SWEPT(hdb_last_insert_rowid)(it.conn) == 3 && !SWEPT(hdb_in_transaction)(it.conn));
    return HDB_OK;
}

static int call_ddl(void) {
    return SWEPT(hdb_exec)(it.conn,
                           "CREATE TABLE u(x PRIMARY KEY, y REFERENCES t) WITHOUT ROWID; ALTER TABLE u ADD COLUMN z;"
                           "CREATE TRIGGER r AFTER INSERT ON u BEGIN DELETE FROM t; END; INSERT INTO u VALUES (1, 2, 3);"
                           "CREATE VIEW v AS SELECT * FROM u; DROP TABLE u; VACUUM",
                           -1);
}

static int call_savepoints(void) {
    return SWEPT(hdb_exec)(it.conn, "SAVEPOINT a; DELETE FROM t; SAVEPOINT b; ROLLBACK TO a; RELEASE a", -1);
}

static int call_attach(void) {
    return SWEPT(hdb_exec)(it.conn, "ATTACH ':memory:' AS more; CREATE TABLE more.m(a); DETACH more", -1);
}

static int call_errors(void) {
    const int rc = SWEPT(hdb_exec)(it.conn, "SELECT nothing FROM nowhere", -1);
    RIGHT(rc != HDB_OK);
    RIGHT(SWEPT(hdb_errcode)(it.conn) == rc && SWEPT(hdb_extended_errcode)(it.conn) != HDB_OK);
    RIGHT(strlen(SWEPT(hdb_errmsg)(it.conn)) > 0 && strlen(SWEPT(hdb_sqlstate)(it.conn)) == 5);
    RIGHT(SWEPT(hdb_error_offset)(it.conn) >= -1);
    return rc == HDB_ERROR ? HDB_OK : rc;
}

static int never(void *context) {
    (void)context;
    return 0;
}

static int call_settings(void) {
    int value = -1;
    TRY(SWEPT(hdb_busy_timeout)(it.conn, 10));
    TRY(SWEPT(hdb_progress_handler)(it.conn, 100, never, NULL));
    TRY(SWEPT(hdb_wait_handler)(it.conn, never, NULL));
    RIGHT(SWEPT(hdb_limit)(it.conn, HDB_LIMIT_COLUMN, -1) > 0);
    TRY(SWEPT(hdb_db_config)(it.conn, HDB_DBCONFIG_ENABLE_FKEY, 1, &value));
    RIGHT(value == 1);
    TRY(SWEPT(hdb_set_last_insert_rowid)(it.conn, 7));
    TRY(SWEPT(hdb_transaction_retry)(it.conn, 0));
    TRY(SWEPT(hdb_interrupt)(it.conn));
    (void)SWEPT(hdb_is_interrupted)(it.conn);
    return HDB_OK;
}

static int call_descriptions(void) {
    const char *declared = NULL, *collation = NULL;
    int not_null = -1, key = -1, autoincrement = -1;
    RIGHT(SWEPT(hdb_conn_mode)(it.conn) != 0 && SWEPT(hdb_conn_path)(it.conn));
    RIGHT(SWEPT(hdb_txn_state)(it.conn, NULL) == HDB_TXN_NONE && SWEPT(hdb_db_readonly)(it.conn, "main") == 0);
    RIGHT(SWEPT(hdb_db_filename)(it.conn, "main") != NULL);
    TRY(SWEPT(hdb_table_column_metadata)(it.conn, "main", "t", "id", &declared, &collation, &not_null, &key, &autoincrement));
    RIGHT(strcmp(declared, "INTEGER") == 0 && key == 1);
    return HDB_OK;
}

static int call_flush(void) {
    return SWEPT(hdb_flush)(it.conn);
}

static int call_verify(void) {
    int64_t differences = -1;
    TRY(SWEPT(hdb_verify)(it.conn, &differences));
    RIGHT(differences == 0);
    return HDB_OK;
}

/* An engine that is not there: the way to it is swept, and the message that says so. */
static void prepare_no_engine(void) {
    it.config = hdb_config_create();
    sweep_must(hdb_config_set(it.config, "engine", "/nowhere/heliosdb-nano"), "engine");
    sweep_must(hdb_connect(":memory:", it.config, &it.other), "hdb_connect");
}

static int call_explain(void) {
    const char *text = NULL;
    TRY(SWEPT(hdb_explain)(it.other, "SELECT 1 WHERE 2 = ?", -1, &text));
    RIGHT(text && strstr(text, "lane"));
    const int rc = SWEPT(hdb_explain)(it.other, "SELECT to_char(now(), 'YYYY')", -1, &text);
    return rc == HDB_CANTOPEN ? HDB_OK : rc;
}

static int call_dsn(void) {
    const char *dsn = NULL;
    const int rc = SWEPT(hdb_engine_dsn)(it.other, &dsn);
    RIGHT(rc != HDB_OK);
    return rc == HDB_CANTOPEN ? HDB_OK : rc;
}

static int call_engine_statement(void) {
    const int rc = SWEPT(hdb_exec)(it.other, "SELECT to_char(now(), 'YYYY')", -1);
    RIGHT(rc != HDB_OK);
    return rc == HDB_CANTOPEN ? HDB_OK : rc;
}

static int call_extension(void) {
    TRY(SWEPT(hdb_enable_load_extension)(it.conn, 1));
    const int rc = SWEPT(hdb_load_extension)(it.conn, "/nowhere/extension", NULL);
    RIGHT(rc != HDB_OK);
    return rc == HDB_ERROR ? HDB_OK : rc;
}

const sweep_case connection_cases[] = {
    {"connect", NULL, call_connect},
    {"connect to a file", prepare_file, call_connect_file},
    {"connect to nowhere", NULL, call_connect_nowhere},
    {"close", prepare_other, call_close},
    {"exec", NULL, call_exec},
    {"exec of definitions", NULL, call_ddl},
    {"exec of savepoints", NULL, call_savepoints},
    {"exec of an attach", NULL, call_attach},
    {"errors", NULL, call_errors},
    {"settings", NULL, call_settings},
    {"descriptions", NULL, call_descriptions},
    {"explain", prepare_no_engine, call_explain},
    {"flush", NULL, call_flush},
    {"verify", NULL, call_verify},
    {"engine_dsn", prepare_no_engine, call_dsn},
    {"statement for an engine", prepare_no_engine, call_engine_statement},
    {"load_extension", NULL, call_extension},
    {NULL, NULL, NULL},
};
