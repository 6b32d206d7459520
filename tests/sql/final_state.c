/* SPDX-License-Identifier: Apache-2.0 */
#include "final_state.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* sqlite_stat* is each file's own. sqlite_sequence and automatic indexes stand where the first need for them arose, so
 * the order is compared without them; sqlite_sequence stays when the last table that needed it is dropped, which is
 * not compared either. */
#define NEEDED \
    "name NOT LIKE 'sqlite_stat%' AND (name <> 'sqlite_sequence' OR EXISTS (SELECT 1 FROM sqlite_master AS m" \
    " WHERE m.sql LIKE '%AUTOINCREMENT%'))"

static const char *const fixed[] = {
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE " NEEDED " ORDER BY type, name",
    "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    "PRAGMA user_version",
    "PRAGMA application_id",
    "PRAGMA integrity_check",
    /* Numbers of indexes follow their order, in which automatic ones stand where the file has them. */
    "SELECT t.name, i.name, i.\"unique\", i.origin, i.partial, x.seqno, x.cid, x.name, x.desc, x.coll, x.key"
    " FROM pragma_table_list AS t, pragma_index_list(t.name, 'main') AS i, pragma_index_xinfo(i.name, 'main') AS x"
    " WHERE t.schema = 'main' ORDER BY t.name, i.name, x.seqno",
};

/* The statement for each table or view. A name of the rowid that no column hides is looked for; where all three are
 * hidden, or there is none, the rows are ordered by all columns. */
static const char *const per_table =
    "SELECT CASE"
    "  WHEN l.type = 'view' THEN format('SELECT * FROM \"%w\"', l.name)"
    "  WHEN l.name = 'sqlite_sequence' THEN 'SELECT name, seq FROM sqlite_sequence ORDER BY name, seq'"
    "  WHEN NOT l.wr AND r.alias IS NOT NULL THEN"
    "    format('SELECT %s, * FROM \"%w\" ORDER BY %s', r.alias, l.name, r.alias)"
    "  ELSE format('SELECT * FROM \"%w\" ORDER BY %s', l.name,"
    "    (SELECT group_concat(n, ', ') FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c"
    "      WHERE n < (SELECT count(*) FROM pragma_table_info(l.name))) SELECT n FROM c))) END"
    " FROM pragma_table_list l LEFT JOIN (SELECT 1 AS k, 'rowid' AS alias UNION ALL SELECT 2, 'oid'"
    "   UNION ALL SELECT 3, '_rowid_') r"
    "  ON r.k = (SELECT min(v.k) FROM"
    "     (SELECT 1 AS k, 'rowid' AS a UNION ALL SELECT 2, 'oid' UNION ALL SELECT 3, '_rowid_') v"
    "     WHERE v.a NOT IN (SELECT lower(name) FROM pragma_table_xinfo(l.name)))"
    " WHERE l.schema = 'main' AND " NEEDED " AND l.name <> 'sqlite_schema' ORDER BY l.name";

static void add(struct case_step **steps, size_t *count, const char *sql) {
    struct case_step *bigger = realloc(*steps, (*count + 1) * sizeof **steps);
    if (!bigger)
        abort();
    *steps = bigger;
    bigger[(*count)++] = (struct case_step){.kind = STEP_SQL, .sql = support_format("%s", sql)};
}

size_t final_state_statements(sqlite3 *plain, struct case_step **out) {
    sqlite3_stmt *stmt = NULL;
    size_t count = 0;
    *out = NULL;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        add(out, &count, fixed[i]);
    if (sqlite3_prepare_v2(plain, per_table, -1, &stmt, NULL) != SQLITE_OK)
        add(out, &count, sqlite3_errmsg(plain));
    while (stmt && sqlite3_step(stmt) == SQLITE_ROW)
        add(out, &count, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return count;
}

void final_state_free(struct case_step *steps, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(steps[i].sql);
    free(steps);
}
