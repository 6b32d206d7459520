/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/stub.h"

#include "buffer.h"
#include "replica/schema.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

static void give_null(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count, (void)values;
    sqlite3_result_null(context);
}

static int compare_bytes(void *context, int first_size, const void *first, int second_size, const void *second) {
    (void)context;
    int order = memcmp(first, second, (size_t)(first_size < second_size ? first_size : second_size));
    return order ? order : first_size - second_size;
}

static void make_collation(void *context, sqlite3 *db, int encoding, const char *name) {
    hdb_stubs *stubs = context;
    (void)encoding;
    if (sqlite3_create_collation_v2(db, name, SQLITE_UTF8, NULL, compare_bytes, NULL) == SQLITE_OK && stubs)
        hdb_buffer_append(&stubs->collations, name, strlen(name) + 1);
}

/* --- names in a text that may be functions or collations. A name too many does no harm. */

static bool is_name(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static const char *skip_space(const char *at) {
    for (;; at++) {
        if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end ? end + 1 : at + strlen(at) - 1;
        } else if (!isspace((unsigned char)*at)) {
            return at;
        }
        if (!*at)
            return at;
    }
}

/* Reads the name, quoted or not, or the single character at `at`; gives what comes after it. */
static const char *read_word(const char *at, hdb_buffer *word) {
    static const char quotes[] = "\"`['", ends[] = "\"`]'";
    const char *quote = strchr(quotes, *at);
    hdb_buffer_reset(word);
    if (quote) {
        char end = ends[quote - quotes];
        for (at++; *at && !(*at == end && at[1] != end); at += *at == end ? 2 : 1)
            hdb_buffer_char(word, *at);
        return *at ? at + 1 : at;
    }
    if (!is_name(*at))
        return at + 1;
    while (is_name(*at))
        hdb_buffer_char(word, *at++);
    return at;
}

/* The names of the functions that a connection has, each ended by NUL: asking SQLite for each name takes longer. */
static int list_functions(sqlite3 *db, hdb_buffer *out, hdb_error *error) {
    sqlite3_stmt *names = NULL;
    if (sqlite3_prepare_v2(db, "SELECT DISTINCT name FROM pragma_function_list", -1, &names, NULL) != SQLITE_OK)
        return hdb_sqlite_error(db, error);
    while (sqlite3_step(names) == SQLITE_ROW)
        hdb_buffer_append(out, sqlite3_column_text(names, 0), (size_t)sqlite3_column_bytes(names, 0) + 1);
    sqlite3_finalize(names);
    return out->failed ? hdb_error_nomem(error) : HDB_OK;
}

static bool is_known(const hdb_buffer *known, const char *word) {
    for (size_t at = 0; at < known->size; at += strlen(known->data + at) + 1)
        if (sqlite3_stricmp(known->data + at, word) == 0)
            return true;
    return false;
}

/* Makes a function for every word before a parenthesis that is none yet. */
static void make_functions(sqlite3 *db, hdb_buffer *known, const char *sql, hdb_buffer *made) {
    hdb_buffer word = HDB_BUFFER_INIT;
    for (const char *at = skip_space(sql); *at; at = skip_space(at)) {
        at = read_word(at, &word);
        if (word.size == 0 || word.failed || *skip_space(at) != '(' || is_known(known, word.data))
            continue;
        hdb_buffer_append(known, word.data, word.size + 1);
        if (sqlite3_create_function_v2(db, word.data, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
                                       give_null, NULL, NULL, NULL) == SQLITE_OK && made)
            hdb_buffer_append(made, word.data, word.size + 1);
    }
    hdb_buffer_free(&word);
}

static int make_all(sqlite3 *db, const hdb_schema *schema, hdb_stubs *stubs, hdb_error *error) {
    hdb_buffer known = HDB_BUFFER_INIT;
    int rc = list_functions(db, &known, error);
    if (rc == HDB_OK)
        sqlite3_collation_needed(db, stubs, make_collation);
    for (int i = 0; rc == HDB_OK && i < schema->item_count; i++)
        if (schema->items[i].sql)
            make_functions(db, &known, schema->items[i].sql, stubs ? &stubs->functions : NULL);
    hdb_buffer_free(&known);
    return rc;
}

int hdb_stubs_make(hdb_stubs *stubs, sqlite3 *db, const hdb_schema *schema, hdb_error *error) {
    *stubs = (hdb_stubs){db, HDB_BUFFER_INIT, HDB_BUFFER_INIT};
    return make_all(db, schema, stubs, error);
}

void hdb_stubs_remove(hdb_stubs *stubs) {
    sqlite3_collation_needed(stubs->db, NULL, NULL);
    for (size_t at = 0; at < stubs->functions.size; at += strlen(stubs->functions.data + at) + 1)
        sqlite3_create_function_v2(stubs->db, stubs->functions.data + at, -1, SQLITE_UTF8, NULL, NULL, NULL, NULL,
                                   NULL);
    for (size_t at = 0; at < stubs->collations.size; at += strlen(stubs->collations.data + at) + 1)
        sqlite3_create_collation_v2(stubs->db, stubs->collations.data + at, SQLITE_UTF8, NULL, NULL, NULL);
    hdb_buffer_free(&stubs->functions);
    hdb_buffer_free(&stubs->collations);
}

int hdb_stubs_keep(sqlite3 *db, const hdb_schema *schema, hdb_error *error) {
    return make_all(db, schema, NULL, error);
}

const char *hdb_stubs_read_word(const char *at, hdb_buffer *word) {
    return read_word(skip_space(at), word);
}

/* --- what a schema needs: SQLite itself tells, on a connection that has nothing but its own */

static bool can_make(sqlite3 *db, const hdb_schema_item *item) {
    if (sqlite3_exec(db, item->sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    const char *message = sqlite3_errmsg(db);
    return strstr(message, "no such function") != message && strstr(message, "no such collation") != message;
}

static sqlite3 *open_bare(void) {
    sqlite3 *bare = NULL;
    if (sqlite3_open_v2(":memory:", &bare, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                        NULL) == SQLITE_OK)
        return bare;
    sqlite3_close(bare);
    return NULL;
}

const char *hdb_stubs_needed(const hdb_schema *schema) {
    const char *found = NULL;
    sqlite3 *bare = open_bare();
    for (int i = 0; bare && !found && i < schema->item_count; i++) {
        const hdb_schema_item *item = &schema->items[i];
        bool holds_values = item->sql && (strcmp(item->type, "table") == 0 || strcmp(item->type, "index") == 0);
        if (holds_values && !hdb_schema_item_is_virtual(item) && !can_make(bare, item))
            found = item->name;
    }
    sqlite3_close(bare);
    return found;
}

/* Whether a question about a table has an answer. */
static bool asks(sqlite3 *db, const char *format, const hdb_table *table, const char *database) {
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf(format, table->name, database, database, table->name, database);
    bool yes = sql && sqlite3_prepare_v2(db, sql, -1, &statement,
                                         NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return yes;
}

int hdb_stubs_check(sqlite3 *db, const hdb_schema *schema, const hdb_table *table, hdb_error *error) {
    static const char stored[] = "SELECT 1 FROM pragma_table_xinfo(%Q, %Q) WHERE hidden = 3";
    static const char generated[] = "SELECT 1 FROM pragma_table_xinfo(%Q, %Q) WHERE hidden = 2";
    /* An index over an expression answers for a column that is generated by it. */
    static const char indexed[] = "SELECT 1 FROM pragma_index_list(%Q, %Q) AS l, pragma_index_xinfo(l.name, %Q) AS x"
                                  " LEFT JOIN pragma_table_xinfo(%Q, %Q) AS c ON c.cid = x.cid"
                                  " WHERE l.partial OR (x.key AND (x.cid = -2 OR c.hidden = 2))";
    const hdb_schema_item *item = hdb_schema_item_find(schema, "table", table->name);
    bool is_stored = asks(db, stored, table, schema->database), by_key = table->key_kind == HDB_KEY_COLUMNS;
    bool is_indexed = asks(db, generated, table, schema->database) && asks(db, indexed, table, schema->database);
    if (!item || !item->sql || !(is_stored || is_indexed || by_key))
        return HDB_OK;
    sqlite3 *bare = open_bare();
    bool bound = bare && !can_make(bare, item);
    sqlite3_close(bare);
    if (!bound)
        return HDB_OK;
    const char *what = is_stored    ? "table with STORED columns"
                       : is_indexed ? "table with an index over generated columns"
                                    : "WITHOUT ROWID table";
    return hdb_error_set(error, HDB_NOTSUPPORTED, NULL, "table %s: a %s can't use a function or collation of the "
                         "application's: the engine would have to call it", table->name, what);
}

/* --- building indexes again */

int hdb_stubs_reindex(sqlite3 *db, const char *database, bool *left, hdb_error *error) {
    sqlite3_stmt *tables = NULL;
    char *all = sqlite3_mprintf("SELECT DISTINCT tbl_name FROM \"%w\".sqlite_schema WHERE type = 'index'", database);
    int rc = all ? HDB_OK : hdb_error_nomem(error);
    if (all && sqlite3_prepare_v2(db, all, -1, &tables, NULL) != SQLITE_OK)
        rc = hdb_sqlite_error(db, error);
    sqlite3_free(all);
    *left = false;
    while (rc == HDB_OK && sqlite3_step(tables) == SQLITE_ROW) {
        char *sql = sqlite3_mprintf("REINDEX \"%w\".\"%w\"", database, sqlite3_column_text(tables, 0));
        int done = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
        sqlite3_free(sql);
        if ((done & 0xff) == SQLITE_ERROR) /* a function or collation is not there yet */
            *left = true;
        else if (done != SQLITE_OK)
            rc = hdb_sqlite_error(db, error);
    }
    sqlite3_finalize(tables);
    return rc;
}
