/* SPDX-License-Identifier: Apache-2.0 */
/* A text falls into statements where SQLite lets it fall, and what is told of each lies in the text. */
#include "direct/classify.h"
#include "fuzz_sqlite.h"
#include "rewrite/fixture.h"

/* PRAGMA does some of its work while it is prepared. */
static int refuse_pragmas(void *context, int action, const char *a, const char *b, const char *c, const char *d) {
    return action == SQLITE_PRAGMA ? SQLITE_DENY : SQLITE_OK;
}

static sqlite3 *open_fixture(void) {
    static sqlite3 *db;
    if (db == NULL) {
        db = fuzz_sqlite_open(fixture_ddl);
        sqlite3_set_authorizer(db, refuse_pragmas, NULL);
    }
    return db;
}

static void check_class(const char *sql, size_t size) {
    hdb_sql_class class;
    hdb_sql_classify(sql, size, &class);
    const hdb_slice told[] = {class.object, class.schema, class.name, class.argument, class.body};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        CHECK(fuzz_within(told[i], sql, size));
    CHECK(class.dml == (class.kind == HDB_SQL_INSERT || class.kind == HDB_SQL_REPLACE || class.kind == HDB_SQL_UPDATE ||
                        class.kind == HDB_SQL_DELETE));
}

/* SQLite is asked for so many statements of a text: that takes longer than everything else. */
enum { MOST_COMPARED = 4 };

/* Only where SQLite accepts the statement: elsewhere it stops at the error. */
static void check_sqlites_end(const char *sql, size_t length) {
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;
    if (sqlite3_prepare_v2(open_fixture(), sql, -1, &stmt, &tail) == SQLITE_OK && stmt != NULL)
        CHECK(tail == sql + length);
    sqlite3_finalize(stmt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text((hdb_slice){(const char *)data, size});
    int compared = memchr(text, '\0', size) == NULL ? 0 : MOST_COMPARED;
    for (size_t position = 0, length = 0; position < size; position += length) {
        length = hdb_sql_statement_length(text + position, size - position);
        CHECK(length > 0 && length <= size - position);
        check_class(text + position, size - position);
        if (compared++ < MOST_COMPARED)
            check_sqlites_end(text + position, length);
    }
    free(text);
    return 0;
}
