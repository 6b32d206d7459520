/* SPDX-License-Identifier: Apache-2.0 */
/* What the translator accepts, SQLite accepts too, with the same columns and parameters; what it does not, it gives a
 * reason for. */
#include "direct/parser.h"
#include "direct/translate.h"
#include "fuzz_sqlite.h"
#include "rewrite/fixture.h"

static sqlite3 *open_fixture(void) {
    static sqlite3 *db;
    if (db == NULL)
        db = fuzz_sqlite_open(fixture_ddl);
    return db;
}

static void check_plan(const hdb_plan *plan, const char *sql) {
    sqlite3_stmt *stmt = NULL;
    CHECK(sqlite3_prepare_v2(open_fixture(), sql, -1, &stmt, NULL) == SQLITE_OK && stmt != NULL);
    CHECK(sqlite3_bind_parameter_count(stmt) == plan->parameter_count);
    CHECK(sqlite3_column_count(stmt) == plan->column_count);
    for (int i = 0; i < plan->column_count; i++)
        CHECK(strcmp(sqlite3_column_name(stmt, i), plan->columns[i].name) == 0);
    for (int i = 0; i < plan->input_count; i++)
        CHECK(plan->inputs[i].parameter >= 0 && plan->inputs[i].parameter <= plan->parameter_count);
    CHECK(plan->sql != NULL && plan->rule != NULL && plan->rowid_input < plan->input_count);
    const bool reads = plan->kind == HDB_PLAN_SELECT || plan->kind == HDB_PLAN_COUNT || plan->kind == HDB_PLAN_SCAN;
    CHECK((sqlite3_stmt_readonly(stmt) != 0) == reads);
    sqlite3_finalize(stmt);
}

static bool is_accepted(const char *sql, size_t size, enum hdb_peer peer) {
    enum hdb_refusal why = HDB_REFUSED_NOT;
    hdb_plan plan;
    const int rc = hdb_translate(sql, size, &fixture_schema, peer, &plan, &why);
    CHECK(rc == HDB_OK || (rc == HDB_NOTSUPPORTED && why != HDB_REFUSED_NOT));
    if (rc == HDB_OK)
        check_plan(&plan, sql);
    hdb_plan_clear(&plan);
    return rc == HDB_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *sql = fuzz_text((hdb_slice){(const char *)data, size});
    enum hdb_refusal why = HDB_REFUSED_NOT;
    hdb_tree tree;
    const bool parsed = hdb_tree_parse(sql, size, &tree, &why) == HDB_OK;
    CHECK(parsed || why != HDB_REFUSED_NOT);
    hdb_tree_free(&tree);
    const bool heliosdb = is_accepted(sql, size, HDB_PEER_HELIOSDB);
    const bool postgresql = is_accepted(sql, size, HDB_PEER_POSTGRESQL);
    CHECK(parsed || (!heliosdb && !postgresql));
    free(sql);
    return 0;
}
