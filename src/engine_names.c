/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_names.h"

#include "direct/lexer.h"
#include <heliosdb/status.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool names(hdb_lexeme lexeme, const char *name) {
    char text[256];
    if ((lexeme.type != HDB_TOKEN_WORD && lexeme.type != HDB_TOKEN_QUOTED) || lexeme.text.size >= sizeof text)
        return false;
    hdb_dequote(lexeme.text, text);
    return strcasecmp(text, name) == 0;
}

bool hdb_engine_names_table(const hdb_table *table, const char *sql) {
    hdb_scanner scanner = {sql, strlen(sql), 0};
    for (hdb_lexeme next = hdb_scan(&scanner); next.type != HDB_TOKEN_END; next = hdb_scan(&scanner))
        if (names(next, table->name))
            return true;
    return false;
}

static int refuse(const hdb_table *table, const hdb_column *column, hdb_error *error) {
    return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                         "a statement that only the engine understands can't use %s.%s: a column without a type, or NUMERIC, "
                         "holds values of any class, which the engine keeps encoded",
                         table->name, column->name);
}

/* Whether the engine finds a name as it is written. */
static bool is_fitting(hdb_lexeme lexeme, const char *engine_name) {
    if (lexeme.type == HDB_TOKEN_QUOTED)
        return lexeme.text.data[0] == '"' && lexeme.text.size == strlen(engine_name) + 2 &&
               memcmp(lexeme.text.data + 1, engine_name, lexeme.text.size - 2) == 0;
    for (const char *c = engine_name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            return false;
    return lexeme.text.size == strlen(engine_name) && strncasecmp(lexeme.text.data, engine_name, lexeme.text.size) == 0;
}

/* The engine's name for a token, NULL: as it is written. */
static int find_name(const hdb_schema *schema, const bool *named, hdb_lexeme lexeme, const char **out, hdb_error *error) {
    *out = NULL;
    for (int i = 0; i < schema->table_count; i++) {
        const hdb_table *table = &schema->tables[i];
        if (!named[i])
            continue;
        if (names(lexeme, table->name) && !is_fitting(lexeme, table->engine_name))
            *out = table->engine_name;
        for (int k = 0; k < table->column_count; k++) {
            const hdb_column *column = &table->columns[k];
            if (!names(lexeme, column->name))
                continue;
            if (column->affinity == HDB_AFFINITY_ANY)
                return refuse(table, column, error);
            if (!is_fitting(lexeme, column->engine_name))
                *out = column->engine_name;
        }
    }
    return HDB_OK;
}

int hdb_engine_names(const hdb_schema *schema, const char *sql, hdb_buffer *out, hdb_error *error) {
    hdb_scanner scanner = {sql, strlen(sql), 0};
    bool *named = calloc((size_t)schema->table_count + 1, sizeof *named);
    const char *copied = sql;
    int rc = named ? HDB_OK : hdb_error_nomem(error);
    for (int i = 0; named && i < schema->table_count; i++)
        named[i] = hdb_engine_names_table(&schema->tables[i], sql);
    while (rc == HDB_OK) {
        const char *name = NULL;
        const hdb_lexeme lexeme = hdb_scan(&scanner);
        if (lexeme.type == HDB_TOKEN_END)
            break;
        if (hdb_peek(&scanner).type == HDB_TOKEN_LPAREN && lexeme.type == HDB_TOKEN_WORD)
            continue;
        rc = find_name(schema, named, lexeme, &name, error);
        if (!name)
            continue;
        hdb_buffer_append(out, copied, (size_t)(lexeme.text.data - copied));
        hdb_buffer_identifier(out, name);
        copied = lexeme.text.data + lexeme.text.size;
    }
    hdb_buffer_text(out, copied);
    free(named);
    return rc == HDB_OK && out->failed ? hdb_error_nomem(error) : rc;
}

int hdb_engine_column_names(const hdb_schema *schema, const char *sql, const char *column, hdb_error *error) {
    for (int i = 0; i < schema->table_count; i++) {
        const hdb_table *table = &schema->tables[i];
        for (int k = 0; k < table->column_count; k++)
            if (table->columns[k].affinity == HDB_AFFINITY_ANY && strcmp(table->columns[k].engine_name, column) == 0 &&
                hdb_engine_names_table(table, sql))
                return refuse(table, &table->columns[k], error);
    }
    return HDB_OK;
}
