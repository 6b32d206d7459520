/* SPDX-License-Identifier: Apache-2.0 */
/* Statements in the engine's dialect: their parameters keep SQLite's numbers, and the parts lie in the text, in order. */
#include "direct/engine_parts.h"
#include "direct/engine_text.h"
#include "fuzz.h"

static void check_rewritten(const char *sql, size_t size) {
    hdb_buffer out = HDB_BUFFER_INIT;
    hdb_sql_parameters parameters = HDB_SQL_PARAMETERS_INIT;
    hdb_error error = HDB_ERROR_INIT;
    const int rc = hdb_sql_rewrite_parameters(sql, size, &out, &parameters, &error);
    CHECK(rc == HDB_OK || rc == HDB_ERROR);
    CHECK((rc == HDB_OK) == (error.code == HDB_OK));
    for (int i = 0; i < parameters.count; i++)
        CHECK(fuzz_within(parameters.names[i], sql, size));
    for (int i = 0; i < parameters.sent; i++)
        CHECK(parameters.sources[i] >= 1 && parameters.sources[i] <= parameters.count);
    hdb_error_clear(&error);
    hdb_sql_parameters_free(&parameters);
    hdb_buffer_free(&out);
}

static void check_assignments(hdb_slice assignments) {
    hdb_slice name, expression, left = assignments;
    bool malformed = false;
    while (hdb_engine_next_assignment(&left, &name, &expression, &malformed)) {
        CHECK(name.size > 0 && fuzz_within(name, assignments.data, assignments.size));
        CHECK(expression.size > 0 && fuzz_within(expression, assignments.data, assignments.size));
    }
    CHECK(fuzz_within(left, assignments.data, assignments.size));
}

static void check_parts(const char *sql, size_t size) {
    hdb_engine_parts parts;
    const bool whole = hdb_engine_take_apart(sql, size, &parts) == NULL;
    const hdb_slice told[] = {parts.head,        parts.schema,    parts.table, parts.alias, parts.rows,
                              parts.assignments, parts.condition, parts.tail};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        CHECK(fuzz_within(told[i], sql, size));
    if (!whole)
        return;
    CHECK(parts.table.size > 0 && parts.head.size > 0);
    CHECK(parts.kind != HDB_SQL_INSERT || parts.rows.size > 0);
    if (parts.kind == HDB_SQL_UPDATE)
        check_assignments(parts.assignments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* In memory that ends where the text ends. */
    char *sql = malloc(size > 0 ? size : 1);
    CHECK(sql != NULL);
    memcpy(sql, data, size);
    check_rewritten(sql, size);
    check_parts(sql, size);
    (void)hdb_sql_engine_only_hint(sql, size);
    free(sql);
    return 0;
}
