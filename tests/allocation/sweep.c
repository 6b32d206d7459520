/* SPDX-License-Identifier: Apache-2.0 */
/* Usage: allocation_sweep SYMBOL_MAP [CASE..]
 *        allocation_sweep --engine STEP
 *        allocation_sweep --server STEP
 *
 * The second form is about what needs an engine, the third about the servers of tests/support/servers.sh: the first allocation of STEP
 * fails, then the first after it, and so on.
 *
 * Each case is a test of its own: no call may crash, leak, tell a success that is none, or leave a connection that no longer
 * works. The last test compares what was called with the symbol map. */
#include "sweep.h"

#include "allocator.h"
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUNCTIONS_MAX = 400, ALLOCATIONS_MAX = 20000 };

static const char schema[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b BLOB); CREATE INDEX i ON t(a);"
    "INSERT INTO t VALUES (1, 'one', zeroblob(16)), (2, 'two', zeroblob(16));";

sweep_things it;
static const char *noted[FUNCTIONS_MAX];
static int noted_count, passed, failures;
static long stride = 1;
static bool counts_blocks = true;
static char fault[256]; /* of the case that runs; "" if there is none */

void sweep_note(const char *function) {
    if (!allocator_is_armed())
        return;
    for (int i = 0; i < noted_count; i++)
        if (strcmp(noted[i], function) == 0)
            return;
    if (noted_count < FUNCTIONS_MAX)
        noted[noted_count++] = function;
}

int sweep_wrong(const char *file, int line, const char *condition) {
    snprintf(fault, sizeof fault, "%s:%d: success, but not %s", file, line, condition);
    return HDB_INTERNAL;
}

void sweep_must(int rc, const char *what) {
    if (rc == HDB_OK || rc == HDB_ROW)
        return;
    fprintf(stderr, "%s: %d %s\n", what, rc, hdb_errmsg(it.conn));
    exit(1);
}

void sweep_run(hdb_conn *conn, const char *sql) {
    sweep_must(hdb_exec(conn, sql, -1), sql);
}

void sweep_prepare(const char *sql) {
    sweep_must(hdb_prepare(it.conn, sql, -1, &it.stmt, NULL), sql);
}

void sweep_prepare_row(const char *sql) {
    sweep_prepare(sql);
    sweep_must(hdb_fetch_row(it.stmt), sql);
}

static void open_things(const sweep_case *one) {
    memset(&it, 0, sizeof it);
    sweep_must(hdb_connect(":memory:", NULL, &it.conn), "hdb_connect");
    sweep_run(it.conn, schema);
    if (one->prepare)
        one->prepare();
}

static void close_handles(void) {
    hdb_session_delete(it.session);
    hdb_backup_finish(it.backup);
    hdb_blob_close(it.blob);
    hdb_finalize(it.stmt);
    it.session = NULL;
    it.backup = NULL;
    it.blob = NULL;
    it.stmt = NULL;
}

static void close_things(void) {
    (void)dlerror(); /* libc keeps the last message of dlopen() until it was read */
    (void)dlerror();
    close_handles();
    hdb_close(it.other);
    hdb_close(it.conn);
    hdb_config_destroy(it.config);
    hdb_free(it.bytes[0]);
    hdb_free(it.bytes[1]);
}

/* Whether the connection still does what it is asked for. */
static bool still_works(hdb_conn *conn) {
    hdb_stmt *stmt = NULL;
    bool good = hdb_prepare(conn, "SELECT 'it', 40 + 2", -1, &stmt, NULL) == HDB_OK && hdb_fetch_row(stmt) == HDB_ROW &&
                strcmp(hdb_column_text(stmt, 0), "it") == 0 && hdb_column_int64(stmt, 1) == 42;
    good = hdb_finalize(stmt) == HDB_OK && good;
    good = good && (!hdb_in_transaction(conn) || hdb_exec(conn, "ROLLBACK", -1) == HDB_OK);
    good = good && hdb_exec(conn, "CREATE TABLE afterwards(a); INSERT INTO afterwards VALUES (1); DROP TABLE afterwards", -1) == HDB_OK;
    if (!good && !fault[0])
        snprintf(fault, sizeof fault, "the connection no longer works: %s", hdb_errmsg(conn));
    return good;
}

/* One call with one failure. Whether there was one; there is none when the call makes fewer allocations. */
static bool call_with_failure(const sweep_case *one, long number, bool lasting, int *codes) {
    open_things(one);
    allocator_arm(number, lasting);
    const int rc = one->call();
    const bool failed = allocator_disarm();
    if (!failed && rc != HDB_OK && !fault[0])
        snprintf(fault, sizeof fault, "without a failure: %d %s", rc, hdb_errmsg(it.conn));
    if (codes[rc & 0xff]++ == 0 && rc != HDB_OK && rc != HDB_NOMEM)
        printf("# allocation %ld%s: %s\n", number, lasting ? " and all after it" : "", hdb_errmsg(it.conn));
    close_handles();
    if (it.conn)
        still_works(it.conn);
    if (it.other)
        still_works(it.other);
    close_things();
    return failed;
}

/* Gives how many failures there were. */
static long sweep(const sweep_case *one, bool lasting, int *codes) {
    long number = 1;
    for (; !fault[0] && number < ALLOCATIONS_MAX; number += stride) {
        const long before = allocator_blocks();
        const bool failed = call_with_failure(one, number, lasting, codes);
        if (counts_blocks && allocator_blocks() > before && !fault[0])
            snprintf(fault, sizeof fault, "%ld blocks are left", allocator_blocks() - before);
        if (!failed)
            break;
    }
    if (fault[0])
        printf("# allocation %ld%s\n", number, lasting ? " and all after it" : "");
    return (number - 1) / stride;
}

static void report(const char *name) {
    const int number = passed + failures + 1;
    if (fault[0]) {
        printf("not ok %d - %s\n# %s\n", number, name, fault);
        failures++;
    } else {
        printf("ok %d - %s\n", number, name);
        passed++;
    }
    fflush(stdout);
    fault[0] = '\0';
}

static void run_case(const sweep_case *one) {
    int codes[256] = {0};
    long count = 0;
    /* What libraries allocate once and keep. */
    for (int i = 0; i < 2; i++)
        call_with_failure(one, ALLOCATIONS_MAX, false, codes);
    codes[HDB_OK] = 0;
    count += sweep(one, false, codes);
    count += sweep(one, true, codes);
    printf("# %s: %ld failures;", one->name, count);
    for (int code = 0; code < 256; code++)
        if (codes[code])
            printf(" %d times %s", codes[code], code ? hdb_errstr(code) : "success");
    printf("\n");
    report(one->name);
}

static bool is_noted(const char *function) {
    for (int i = 0; i < noted_count; i++)
        if (strcmp(noted[i], function) == 0)
            return true;
    return false;
}

/* Every function of the symbol map has been called. */
static void compare_with_map(const char *path) {
    char line[256], name[128], end;
    FILE *file = fopen(path, "r");
    int count = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, " hdb_%100[a-z0-9_]%c", name, &end) == 2 && end == ';') {
            char function[140];
            count++;
            snprintf(function, sizeof function, "hdb_%s", name);
            if (!is_noted(function)) {
                printf("# %s was not called\n", function);
                snprintf(fault, sizeof fault, "functions of the symbol map were not called");
            }
        }
    if (!file || count == 0)
        snprintf(fault, sizeof fault, "%s can't be read", path);
    if (file)
        fclose(file);
    report("every function of the symbol map was called");
}

static bool is_chosen(const char *name, int argc, char **argv) {
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc <= 2;
}

/* Arguments: the step, and names of cases or none. */
static void run_chosen(const sweep_case *cases, int argc, char **argv) {
    stride = atol(argv[1]) > 0 ? atol(argv[1]) : 1;
    for (const sweep_case *one = cases; one->name; one++)
        if (is_chosen(one->name, argc, argv))
            run_case(one);
}

static int run_engine_cases(int argc, char **argv) {
    counts_blocks = false;
    sweep_start_engine();
    run_chosen(engine_cases, argc, argv);
    sweep_stop_engine();
    printf("1..%d\n", passed + failures);
    return failures ? 1 : 0;
}

static int run_server_cases(int argc, char **argv) {
    static const char *const variables[] = {"HELIOSDB_TEST_DSN_HELIOSDB", "HELIOSDB_TEST_DSN_POSTGRESQL"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (!sweep_start_server(variables[i])) {
            printf("ok %d # SKIP %s is not set\n", ++passed + failures, variables[i]);
            continue;
        }
        run_chosen(server_cases, argc, argv);
        sweep_stop_server();
    }
    printf("1..%d\n", passed + failures);
    return failures ? 1 : 0;
}

int main(int argc, char **argv) {
    static const sweep_case *const groups[] = {library_cases, connection_cases, statement_cases, function_cases,
                                               hook_cases,    copy_cases,       session_cases};
    if (argc < 2)
        return 2;
    static char buffer[BUFSIZ];
    setvbuf(stdout, buffer, _IOLBF, sizeof buffer); /* none of its own, which would look like a leak */
    /* Or small allocations would not be made. */
    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    if (argc >= 3 && strcmp(argv[1], "--engine") == 0)
        return run_engine_cases(argc - 1, argv + 1);
    if (argc >= 3 && strcmp(argv[1], "--server") == 0)
        return run_server_cases(argc - 1, argv + 1);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        for (const sweep_case *one = groups[i]; one->name; one++)
            if (is_chosen(one->name, argc, argv))
                run_case(one);
    if (argc == 2)
        compare_with_map(argv[1]);
    printf("1..%d\n", passed + failures);
    return failures ? 1 : 0;
}
