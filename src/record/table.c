/* SPDX-License-Identifier: Apache-2.0 */
#include "record/table.h"

#include "buffer.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void hdb_table_clear(hdb_table *table) {
    for (int i = 0; i < table->column_count; i++) {
        free(table->columns[i].name);
        free(table->columns[i].engine_name);
    }
    free(table->columns);
    free(table->name);
    free(table->engine_name);
    memset(table, 0, sizeof *table);
}

void hdb_schema_free(hdb_schema *schema) {
    if (!schema)
        return;
    for (int i = 0; i < schema->table_count; i++)
        hdb_table_clear(&schema->tables[i]);
    for (int i = 0; i < schema->item_count; i++) {
        free(schema->items[i].type);
        free(schema->items[i].name);
        free(schema->items[i].table);
        free(schema->items[i].sql);
    }
    free(schema->database);
    free(schema->tables);
    free(schema->items);
    free(schema);
}

const hdb_table *hdb_schema_table(const hdb_schema *schema, const char *name) {
    for (int i = 0; i < schema->table_count; i++)
        if (strcasecmp(schema->tables[i].name, name) == 0)
            return &schema->tables[i];
    return NULL;
}

const hdb_schema_item *hdb_schema_item_find(const hdb_schema *schema, const char *type, const char *name) {
    for (int i = 0; i < schema->item_count; i++)
        if (strcmp(schema->items[i].type, type) == 0 && strcasecmp(schema->items[i].name, name) == 0)
            return &schema->items[i];
    return NULL;
}

bool hdb_schema_item_is_virtual(const hdb_schema_item *item) {
    return item->sql && strncasecmp(item->sql, "CREATE VIRTUAL", 14) == 0;
}

static bool contains(const char *text, const char *word) {
    size_t length = strlen(word);
    for (; *text; text++)
        if (strncasecmp(text, word, length) == 0)
            return true;
    return false;
}

/* The n of VECTOR(n), 0 if it is none that the engine takes. */
static int dimension_of(const char *declared) {
    enum { LARGEST = 16000 };
    char *end = NULL;
    if (strncasecmp(declared, "vector", 6) != 0)
        return 0;
    declared += 6 + strspn(declared + 6, " ");
    if (*declared != '(')
        return 0;
    declared += 1 + strspn(declared + 1, " ");
    long number = *declared >= '0' && *declared <= '9' ? strtol(declared, &end, 10) : 0;
    if (number < 1 || number > LARGEST)
        return 0;
    end += strspn(end, " ");
    return *end == ')' && end[1] == '\0' ? (int)number : 0;
}

enum hdb_affinity hdb_affinity_of(const char *declared, int *dimension) {
    *dimension = 0;
    if (!declared || !*declared)
        return HDB_AFFINITY_ANY;
    if ((*dimension = dimension_of(declared)) > 0)
        return HDB_AFFINITY_VECTOR;
    if (strcasecmp(declared, "jsonb") == 0)
        return HDB_AFFINITY_JSON;
    if (strcasecmp(declared, "uuid") == 0)
        return HDB_AFFINITY_UUID;
    if (contains(declared, "int"))
        return HDB_AFFINITY_INTEGER;
    if (contains(declared, "char") || contains(declared, "clob") || contains(declared, "text"))
        return HDB_AFFINITY_TEXT;
    if (contains(declared, "blob"))
        return HDB_AFFINITY_BLOB;
    if (contains(declared, "real") || contains(declared, "floa") || contains(declared, "doub"))
        return HDB_AFFINITY_REAL;
    if (contains(declared, "bool"))
        return HDB_AFFINITY_INTEGER;
    if (contains(declared, "date") || contains(declared, "time"))
        return HDB_AFFINITY_TEXT;
    return HDB_AFFINITY_ANY;
}

static bool is_word(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* What every PostgreSQL table has already. */
static bool is_system_column(const char *name) {
    static const char *const names[] = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Whether a name of several words has one that the engine's rewriting of statements looks for, inside quotes too: "as of
 * now", "INSERT OR REPLACE". */
static bool is_rewritten(const char *name) {
    static const char *const words[] = {"as",     "of",      "or",       "into",  "insert", "replace", "autoincrement", "pragma",
                                        "select", "between", "versions", "begin", "branch", "datetime"};
    for (const char *word = name; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (strlen(words[i]) == length && strncasecmp(word, words[i], length) == 0)
                return true;
        word += length;
    }
    return false;
}

/* The engine takes quoted names of up to 63 bytes; its own rewriting of statement text makes some characters unsafe
 * even inside quotes, and letters beyond ASCII come back garbled. */
static bool is_plain_name(const char *name) {
    size_t length = strlen(name);
    if (length == 0 || length > 63 || name[0] == ' ' || name[length - 1] == ' ' || strncasecmp(name, "_hdb_", 5) == 0 || strncasecmp(name, "pg_", 3) == 0 ||
        strncasecmp(name, "sqlite_", 7) == 0 || strncasecmp(name, "heliosdb", 8) == 0 ||
        strcasecmp(name, "information_schema") == 0 || is_system_column(name))
        return false;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (!is_word(*c) && *c != ' ')
            return false;
    return !strchr(name, ' ') || !is_rewritten(name);
}

int64_t hdb_name_hash(const char *name) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, 64 bits */
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        hash = (hash ^ *c) * 0x100000001b3u;
    return (int64_t)hash;
}

char *hdb_engine_name(const char *name) {
    if (is_plain_name(name))
        return strdup(name);
    if (strcmp(name, "sqlite_sequence") == 0)
        return strdup("_hdb_sequence");
    /* A readable part, then a hash of the exact name. */
    hdb_buffer made = HDB_BUFFER_INIT;
    hdb_buffer_text(&made, "_hdb_n_");
    for (const unsigned char *c = (const unsigned char *)name; *c && made.size < 40; c++)
        hdb_buffer_char(&made, is_word(*c) ? (char)*c : '_');
    hdb_buffer_format(&made, "_%016llx", (unsigned long long)hdb_name_hash(name));
    return hdb_buffer_take(&made);
}
