/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, aggregates and collations of the application, made and called. */
#include "sweep.h"

#include <string.h>

static int destroyed;

static void count_destroyed(void *user_data) {
    (void)user_data;
    destroyed++;
}

/* Gives its argument back, by the way of its type. */
static void echo(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    hdb_datum *first = arguments[0];
    (void)user_data, (void)count;
    (void)SWEPT(hdb_context_conn)(context);
    (void)SWEPT(hdb_datum_numeric_type)(first);
    (void)SWEPT(hdb_datum_subtype)(first);
    switch (SWEPT(hdb_datum_type)(first)) {
    case HDB_TYPE_INTEGER:
        SWEPT(hdb_result_int64)(context, SWEPT(hdb_datum_int64)(first));
        SWEPT(hdb_result_subtype)(context, 1);
        return;
    case HDB_TYPE_FLOAT:
        SWEPT(hdb_result_double)(context, SWEPT(hdb_datum_double)(first));
        return;
    case HDB_TYPE_TEXT:
        SWEPT(hdb_result_text)(context, SWEPT(hdb_datum_text)(first), SWEPT(hdb_datum_bytes)(first));
        return;
    case HDB_TYPE_BLOB:
        SWEPT(hdb_result_blob)(context, SWEPT(hdb_datum_blob)(first), SWEPT(hdb_datum_bytes)(first));
        return;
    default:
        SWEPT(hdb_result_null)(context);
    }
}

/* What goes wrong, by number; 5: a copy of the argument, 6: zeros. */
static void fail(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    (void)user_data, (void)count;
    switch (SWEPT(hdb_datum_int64)(arguments[0])) {
    case 1:
        SWEPT(hdb_result_error)(context, "refused", -1);
        return;
    case 2:
        SWEPT(hdb_result_error_code)(context, HDB_RANGE);
        return;
    case 3:
        SWEPT(hdb_result_error_toobig)(context);
        return;
    case 4:
        SWEPT(hdb_result_error_nomem)(context);
        return;
    case 5:
        SWEPT(hdb_result_datum)(context, arguments[0]);
        return;
    default:
        SWEPT(hdb_result_zeroblob)(context, 100);
    }
}

static void add(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    int64_t *sum = SWEPT(hdb_aggregate_context)(context, sizeof *sum);
    (void)user_data, (void)count;
    if (sum)
        *sum += hdb_datum_int64(arguments[0]);
    else
        hdb_result_error_nomem(context);
}

static void take_away(void *user_data, hdb_context *context, int count, hdb_datum **arguments) {
    int64_t *sum = hdb_aggregate_context(context, sizeof *sum);
    (void)user_data, (void)count;
    if (sum)
        *sum -= hdb_datum_int64(arguments[0]);
}

static void give_sum(void *user_data, hdb_context *context) {
    int64_t *sum = hdb_aggregate_context(context, sizeof *sum);
    (void)user_data;
    if (sum)
        hdb_result_int64(context, *sum);
}

static int compare_reversed(void *user_data, int first_size, const void *first, int second_size, const void *second) {
    const int size = first_size < second_size ? first_size : second_size, order = memcmp(second, first, (size_t)size);
    (void)user_data;
    return order ? order : second_size - first_size;
}

static void make_collation(void *user_data, hdb_conn *conn, const char *name) {
    (void)user_data;
    (void)SWEPT(hdb_create_collation)(conn, name, compare_reversed, NULL, NULL);
}

/* Whoever fails has destroyed what it was given. */
static int call_create(void) {
    int made = 0;
    destroyed = 0;
    int rc = SWEPT(hdb_create_function)(it.conn, "echo", 1, HDB_FUNCTION_DETERMINISTIC, echo, &destroyed, count_destroyed);
    made++;
    if (rc == HDB_OK) {
        rc = SWEPT(hdb_create_aggregate)(it.conn, "total_of", 1, 0, add, give_sum, &destroyed, count_destroyed);
        made++;
    }
    if (rc == HDB_OK) {
        rc = SWEPT(hdb_create_window_function)(it.conn, "moving", 1, 0, add, give_sum, give_sum, take_away, &destroyed,
                                               count_destroyed);
        made++;
    }
    if (rc == HDB_OK) {
        rc = SWEPT(hdb_create_collation)(it.conn, "reversed", compare_reversed, &destroyed, count_destroyed);
        made++;
    }
    RIGHT(destroyed == (rc != HDB_OK));
    return rc;
}

/* Replacing and removing destroys what was there. */
static void prepare_created(void) {
    sweep_must(hdb_create_function(it.conn, "echo", 1, 0, echo, &destroyed, count_destroyed), "echo");
    destroyed = 0;
}

static int call_replace(void) {
    const int rc = SWEPT(hdb_create_function)(it.conn, "echo", 1, 0, fail, &destroyed, count_destroyed);
    RIGHT(destroyed == 1);
    return rc;
}

static void prepare_echoes(void) {
    sweep_must(hdb_create_function(it.conn, "echo", 1, 0, echo, NULL, NULL), "echo");
    sweep_prepare("SELECT echo(1), echo(1.5), echo(printf('%.200c', 'x')), echo(randomblob(200)), echo(NULL)");
}

static int call_echoes(void) {
    const int rc = SWEPT(hdb_fetch_row)(it.stmt);
    if (rc != HDB_ROW)
        return rc;
    RIGHT(hdb_column_int64(it.stmt, 0) == 1 && hdb_column_double(it.stmt, 1) == 1.5);
    RIGHT(hdb_column_bytes(it.stmt, 2) == 200 && hdb_column_bytes(it.stmt, 3) == 200);
    RIGHT(hdb_column_type(it.stmt, 4) == HDB_TYPE_NULL);
    return HDB_OK;
}

static void prepare_failing(void) {
    sweep_must(hdb_create_function(it.conn, "fail", 1, 0, fail, NULL, NULL), "fail");
}

static int call_failing(void) {
    static const struct {
        const char *sql;
        int rc;
    } calls[] = {{"SELECT fail(1)", HDB_ERROR}, {"SELECT fail(2)", HDB_RANGE}, {"SELECT fail(3)", HDB_TOOBIG},
                 {"SELECT fail(4)", HDB_NOMEM}, {"SELECT fail(5), fail(6)", HDB_OK}};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const int rc = SWEPT(hdb_exec)(it.conn, calls[i].sql, -1);
        if (rc != calls[i].rc)
            return rc;
    }
    return HDB_OK;
}

static void prepare_aggregates(void) {
    sweep_must(hdb_create_window_function(it.conn, "moving", 1, 0, add, give_sum, give_sum, take_away, NULL, NULL), "moving");
    sweep_prepare("SELECT sum(m) FROM (SELECT moving(id) OVER (ORDER BY id ROWS 1 PRECEDING) AS m FROM t)");
}

static int call_aggregates(void) {
    const int rc = SWEPT(hdb_fetch_row)(it.stmt);
    if (rc != HDB_ROW)
        return rc;
    RIGHT(hdb_column_int64(it.stmt, 0) == 4);
    return HDB_OK;
}

static int call_collation_needed(void) {
    TRY(SWEPT(hdb_collation_needed)(it.conn, make_collation, NULL));
    TRY(SWEPT(hdb_prepare)(it.conn, "SELECT a FROM t ORDER BY a COLLATE wanted", -1, &it.stmt, NULL));
    const int rc = SWEPT(hdb_fetch_row)(it.stmt);
    if (rc != HDB_ROW)
        return rc;
    RIGHT(strcmp(hdb_column_text(it.stmt, 0), "two") == 0);
    return HDB_OK;
}

/* --- a virtual table with three rows */

static int connect_three(void *user_data, hdb_vtable *table, int count, const char *const *arguments, void **out) {
    (void)user_data, (void)count, (void)arguments;
    *out = NULL;
    SWEPT(hdb_vtable_error)(table, "not declared");
    return SWEPT(hdb_vtable_declare)(table, "CREATE TABLE x(wanted HIDDEN, value)", 1, HDB_VTABLE_DIRECTONLY);
}

static int open_three(void *state, int64_t given, int count, hdb_datum **arguments, void **out) {
    static int left;
    (void)state, (void)given, (void)count, (void)arguments;
    left = 3;
    *out = &left;
    return HDB_OK;
}

static int next_of_three(void *scan) {
    return (*(int *)scan)-- > 0 ? HDB_ROW : HDB_DONE;
}

static int give_of_three(void *scan, int column, hdb_context *context) {
    (void)scan;
    hdb_result_int64(context, column);
    return HDB_OK;
}

static int call_module(void) {
    destroyed = 0;
    const int rc = SWEPT(hdb_create_module)(it.conn, "three", HDB_MODULE_EPONYMOUS, connect_three, NULL, open_three,
                                            next_of_three, give_of_three, NULL, &destroyed, count_destroyed);
    RIGHT(destroyed == (rc != HDB_OK));
    TRY(rc);
    TRY(SWEPT(hdb_prepare)(it.conn, "SELECT count(*) FROM three", -1, &it.stmt, NULL));
    const int fetched = SWEPT(hdb_fetch_row)(it.stmt);
    if (fetched != HDB_ROW)
        return fetched;
    RIGHT(hdb_column_int64(it.stmt, 0) == 3);
    return HDB_OK;
}

const sweep_case function_cases[] = {
    {"create functions", NULL, call_create},
    {"replace a function", prepare_created, call_replace},
    {"functions called", prepare_echoes, call_echoes},
    {"functions that fail", prepare_failing, call_failing},
    {"aggregates called", prepare_aggregates, call_aggregates},
    {"collation_needed", NULL, call_collation_needed},
    {"a virtual table", NULL, call_module},
    {NULL, NULL, NULL},
};
