/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to an engine, which one connection keeps up meanwhile. Threads of the library allocate beside the calls: blocks
 * are not counted here. */
#include "support.h"
#include "sweep.h"

#include <stdlib.h>

static char *directory, *path, *attach;
static hdb_conn *held;

void sweep_start_engine(void) {
    directory = support_make_directory("allocation");
    path = support_format("%s/app.db", directory);
    it.conn = NULL;
    sweep_must(hdb_connect(path, NULL, &held), "hdb_connect");
    sweep_run(held, "CREATE TABLE kept(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO kept VALUES (1, 'one')");
    attach = support_format("ATTACH '%s/more.db' AS more", directory);
    sweep_run(held, attach);
    sweep_run(held, "CREATE TABLE more.kept(id INTEGER PRIMARY KEY, a TEXT)");
    sweep_must(hdb_flush(held), "hdb_flush");
}

void sweep_stop_engine(void) {
    hdb_close(held);
    support_await_no_process(directory, 15000);
    support_remove_directory(directory);
    free(attach);
    free(path);
    free(directory);
}

static void prepare_connected(void) {
    sweep_must(hdb_connect(path, NULL, &it.other), "hdb_connect");
}

static int call_connect(void) {
    const int rc = SWEPT(hdb_connect)(path, NULL, &it.other);
    if (rc != HDB_OK) {
        hdb_close(it.other);
        it.other = NULL;
    }
    return rc;
}

/* What was told to have failed may be there all the same, once: nobody can tell any more. */
static int call_commit(void) {
    return SWEPT(hdb_exec)(it.other, "INSERT OR REPLACE INTO kept VALUES (2, 'two'); DELETE FROM kept WHERE id = 2", -1);
}

static void prepare_both(void) {
    prepare_connected();
    sweep_run(it.other, attach);
    sweep_run(it.other, "BEGIN; INSERT OR REPLACE INTO main.kept VALUES (3, 'both'); INSERT OR REPLACE INTO more.kept VALUES (3, 'both')");
}

static int call_commit_both(void) {
    return SWEPT(hdb_exec)(it.other, "COMMIT", -1);
}

/* One row before its rows are sent ahead of COMMIT. Of the one before, all is there or nothing: else row 1 comes twice. */
static void prepare_large(void) {
    prepare_connected();
    sweep_run(held, "INSERT INTO kept SELECT 1, 'half' WHERE (SELECT count(*) FROM kept WHERE id > 1000) NOT IN (0, 4096);"
                    "DELETE FROM kept WHERE id > 1000");
    sweep_run(it.other, "BEGIN; INSERT INTO kept WITH RECURSIVE c(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM c LIMIT 4095)"
                        " SELECT i, printf('%.*c', 100, 'x') FROM c");
}

static int call_commit_large(void) {
    return SWEPT(hdb_exec)(it.other, "INSERT INTO kept VALUES (10000, 'the last'); COMMIT", -1);
}

static int call_flush(void) {
    return SWEPT(hdb_flush)(it.other);
}

static int call_verify(void) {
    int64_t differences = -1;
    TRY(SWEPT(hdb_verify)(it.other, &differences));
    RIGHT(differences == 0);
    return HDB_OK;
}

static int call_engine_statement(void) {
    return SWEPT(hdb_exec)(it.other, "SELECT to_char(now(), 'YYYY'), a FROM kept", -1);
}

const sweep_case engine_cases[] = {
    {"connect to an engine", NULL, call_connect},
    {"commit to an engine", prepare_connected, call_commit},
    {"commit over two databases", prepare_both, call_commit_both},
    {"commit of many rows to an engine", prepare_large, call_commit_large},
    {"flush to an engine", prepare_connected, call_flush},
    {"verify an engine", prepare_connected, call_verify},
    {"statement of an engine", prepare_connected, call_engine_statement},
    {NULL, NULL, NULL},
};
