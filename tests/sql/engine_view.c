/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_view.h"
#include "oracle.h"
#include "report.h"
#include "support.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What the engine makes of a column; the values are the type numbers of the PostgreSQL protocol. */
enum kind { KIND_BYTEA = 17, KIND_BIGINT = 20, KIND_TEXT = 25, KIND_DOUBLE = 701, KIND_ENCODED = -1, KIND_OWN = -2 };

enum { ODD_END = 0x1f, MOST_COLUMNS = 2000 };

static const char *const tables_sql =
    "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

static bool contains(const char *text, const char *word) {
    for (; *text; text++)
        if (strncasecmp(text, word, strlen(word)) == 0)
            return true;
    return false;
}

/* VECTOR(n), JSONB and UUID: what they hold natively is tests/api/test_engine_statements.c's matter. */
static bool is_engines_own(const char *declared) {
    int dimension = 0, end = 0;
    if (sscanf(declared, "%*1[vV]%*1[eE]%*1[cC]%*1[tT]%*1[oO]%*1[rR] ( %d ) %n", &dimension, &end) == 1 && end > 0)
        return declared[end] == '\0' && dimension >= 1 && dimension <= 16000;
    return strcasecmp(declared, "jsonb") == 0 || strcasecmp(declared, "uuid") == 0;
}

static enum kind kind_of(const char *declared) {
    static const struct {
        const char *word;
        enum kind kind;
    } rules[] = {
        {"int", KIND_BIGINT}, {"char", KIND_TEXT},   {"clob", KIND_TEXT},   {"text", KIND_TEXT},
        {"blob", KIND_BYTEA}, {"real", KIND_DOUBLE}, {"floa", KIND_DOUBLE}, {"doub", KIND_DOUBLE},
        {"bool", KIND_BIGINT}, {"date", KIND_TEXT},  {"time", KIND_TEXT},
    };
    if (declared && is_engines_own(declared))
        return KIND_OWN;
    for (size_t i = 0; declared && i < sizeof rules / sizeof *rules; i++)
        if (contains(declared, rules[i].word))
            return rules[i].kind;
    return KIND_ENCODED;
}

/* Whether a PostgreSQL server takes the bytes as text. */
static bool is_storable(const unsigned char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        unsigned lead = text[i++], more = 0, lowest = 0, code = 0;
        if (lead == 0)
            return false;
        if (lead < 0x80)
            continue;
        more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        lowest = lead >= 0xf0 ? 0x10000 : lead >= 0xe0 ? 0x800 : 0x80;
        code = lead >= 0xf0 ? lead - 0xf0 : lead >= 0xe0 ? lead - 0xe0 : lead - 0xc0;
        if (lead < 0xc0 || lead > 0xf4 || size - i < more)
            return false;
        for (; more > 0; more--, i++) {
            if ((text[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (text[i] & 0x3f);
        }
        if (code < lowest || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
    }
    return true;
}

/* Lines that are compared without their order: the engine's rows come in any. */
struct lines {
    char **items;
    size_t count;
};

static FILE *begin_line(struct lines *lines) {
    static size_t ignored;
    lines->items = realloc(lines->items, (lines->count + 1) * sizeof *lines->items);
    FILE *line = lines->items ? open_memstream(&lines->items[lines->count++], &ignored) : NULL;
    if (!line)
        abort();
    return line;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void write_sorted(struct lines *lines, FILE *report) {
    if (lines->count > 0)
        qsort(lines->items, lines->count, sizeof *lines->items, by_text);
    for (size_t i = 0; i < lines->count; i++) {
        fprintf(report, "row %s\n", lines->items[i]);
        free(lines->items[i]);
    }
    free(lines->items);
}

/* --- what plain SQLite says must be there */

static bool is_native(enum kind kind, sqlite3_stmt *row, int column) {
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return kind == KIND_BIGINT;
    case SQLITE_FLOAT:
        return kind == KIND_DOUBLE;
    case SQLITE_BLOB:
        return kind == KIND_BYTEA;
    case SQLITE_TEXT:
        return kind == KIND_TEXT &&
               is_storable(sqlite3_column_text(row, column), (size_t)sqlite3_column_bytes(row, column));
    default:
        return true;
    }
}

/* Names of several words in which the engine's own rewriting may find something. */
static bool is_rewritten(const char *name) {
    static const char words[] = " as of or into insert replace autoincrement pragma select between versions begin branch datetime ";
    char *copy = support_format("%s", name), *rest = NULL;
    bool found = false;
    for (char *word = strtok_r(copy, " ", &rest); word && strchr(name, ' '); word = strtok_r(NULL, " ", &rest)) {
        char *padded = support_format(" %s ", word);
        found = found || strcasestr(words, padded) != NULL;
        free(padded);
    }
    free(copy);
    return found;
}

/* Names that the engine takes as they are. */
static bool is_plain_name(const char *name) {
    static const char *const reserved[] = {"_hdb_", "pg_", "sqlite_", "heliosdb"};
    static const char *const system_columns[] = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"};
    size_t size = strlen(name);
    bool plain = size > 0 && size <= 63 && name[0] != ' ' && name[size - 1] != ' ';
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        plain = plain && strncasecmp(name, reserved[i], strlen(reserved[i])) != 0;
    for (size_t i = 0; i < sizeof system_columns / sizeof *system_columns; i++)
        plain = plain && strcasecmp(name, system_columns[i]) != 0;
    plain = plain && !is_rewritten(name);
    for (; *name; name++)
        plain = plain && ((unsigned char)*name < 0x80 && (isalnum((unsigned char)*name) || strchr("_ ", *name)));
    return plain;
}

static void tell_column(FILE *report, const char *name, enum kind kind) {
    fprintf(report, " %s:%d", name, kind == KIND_ENCODED ? KIND_TEXT : (int)kind);
}

/* Writes the columns, fills in their kinds. Returns how many there are. */
static int expect_columns(sqlite3 *plain, const char *table, enum kind *kinds, FILE *report) {
    sqlite3_stmt *columns = NULL;
    int count = 0;
    sqlite3_prepare_v2(plain, "SELECT name, type FROM pragma_table_xinfo(?1, 'main')", -1, &columns, NULL);
    sqlite3_bind_text(columns, 1, table, -1, SQLITE_STATIC);
    while (sqlite3_step(columns) == SQLITE_ROW && count < MOST_COLUMNS) {
        const char *name = (const char *)sqlite3_column_text(columns, 0);
        kinds[count] = kind_of((const char *)sqlite3_column_text(columns, 1));
        if (report)
            tell_column(report, is_plain_name(name) ? name : "*", kinds[count]);
        count++;
    }
    sqlite3_finalize(columns);
    return count;
}

static void expect_rows(sqlite3_stmt *rows, int hidden, const enum kind *kinds, FILE *report) {
    struct lines lines = {0};
    while (sqlite3_step(rows) == SQLITE_ROW) {
        FILE *line = begin_line(&lines);
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            fputs(i ? ", " : "", line);
            if (i >= hidden && kinds[i - hidden] == KIND_OWN && sqlite3_column_type(rows, i) != SQLITE_NULL) {
                fputs("given", line);
                continue;
            }
            if (i >= hidden && kinds[i - hidden] != KIND_ENCODED && !is_native(kinds[i - hidden], rows, i))
                fputs("odd ", line);
            oracle_tell_value(line, rows, i);
        }
        fclose(line);
    }
    write_sorted(&lines, report);
}

/* The name by which a rowid is to be read that no column shows; the number of the row where columns have all of its names;
 * NULL if the key is a column. */
static char *hidden_key(sqlite3 *plain, const char *table) {
    sqlite3_stmt *name = NULL;
    char *key = NULL;
    sqlite3_prepare_v2(
        plain,
        "SELECT a.alias FROM (SELECT 1 AS k, 'rowid' AS alias UNION ALL SELECT 2, 'oid' UNION ALL SELECT 3, '_rowid_'"
        "  UNION ALL SELECT 4, 'row_number() OVER ()') AS a WHERE a.alias NOT IN (SELECT lower(name) FROM pragma_table_xinfo(?1, 'main')) AND NOT ("
        "  (SELECT group_concat(lower(type)) FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0) IS 'integer'"
        "  AND NOT EXISTS (SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin = 'pk')) ORDER BY k LIMIT 1",
        -1, &name, NULL);
    sqlite3_bind_text(name, 1, table, -1, SQLITE_STATIC);
    if (sqlite3_step(name) == SQLITE_ROW)
        key = support_format("%s", sqlite3_column_text(name, 0));
    sqlite3_finalize(name);
    return key;
}

static void expect_table(sqlite3 *plain, const char *table, bool without_rowid, FILE *report) {
    enum kind *kinds = calloc(MOST_COLUMNS, sizeof *kinds);
    char *key = without_rowid ? NULL : hidden_key(plain, table);
    sqlite3_stmt *rows = NULL;
    fprintf(report, "table %s:%s", table, without_rowid ? " _hdb_key:17" : key ? " _hdb_rowid:20" : "");
    expect_columns(plain, table, kinds, report);
    fputc('\n', report);
    char *sql = sqlite3_mprintf("SELECT %s%s* FROM main.\"%w\"", key ? key : "", key ? ", " : "", table);
    if (sqlite3_prepare_v2(plain, sql, -1, &rows, NULL) != SQLITE_OK)
        fprintf(report, "%s\n", sqlite3_errmsg(plain));
    expect_rows(rows, key ? 1 : 0, kinds, report);
    sqlite3_finalize(rows);
    sqlite3_free(sql);
    free(key);
    free(kinds);
}

void engine_view_expect(sqlite3 *plain, FILE *report) {
    sqlite3_stmt *tables = NULL;
    sqlite3_prepare_v2(plain, tables_sql, -1, &tables, NULL);
    while (sqlite3_step(tables) == SQLITE_ROW)
        expect_table(plain, (const char *)sqlite3_column_text(tables, 0), sqlite3_column_int(tables, 1), report);
    sqlite3_finalize(tables);
}

/* --- what the engine says */

static void tell_hex(FILE *line, const char *hex, size_t size, bool text) {
    if (text) {
        char *bytes = calloc(1, size / 2 + 1);
        for (size_t i = 0; bytes && i < size / 2; i++)
            sscanf(hex + 2 * i, "%2hhx", (unsigned char *)&bytes[i]);
        report_text(line, '\'', bytes, size / 2);
        free(bytes);
    } else {
        fprintf(line, "x'%.*s'", (int)size, hex);
    }
}

/* Writes a value from its text form: 42 1.5 -Infinity 'text' t'hex of text' x'hex of a blob'. */
static void tell_encoded(FILE *line, const char *form, size_t size) {
    if (size >= 2 && *form == '\'')
        report_text(line, '\'', form + 1, size - 2);
    else if (size >= 3 && form[1] == '\'')
        tell_hex(line, form + 2, size - 3, *form == 't');
    else if (memchr(form, '.', size) || memchr(form, 'e', size) || memchr(form, 'I', size))
        report_real(line, strtod(form, NULL));
    else
        fprintf(line, "%.*s", (int)size, form);
}

static void tell_native(FILE *line, enum kind kind, const char *cell, size_t size) {
    if (kind == KIND_BIGINT)
        fputs(cell, line);
    else if (kind == KIND_DOUBLE)
        report_real(line, strtod(cell, NULL));
    else if (kind == KIND_TEXT)
        report_text(line, '\'', cell, size);
    else if (kind == KIND_OWN)
        fputs("given", line);
    else if (kind == KIND_BYTEA)
        tell_hex(line, cell + 2, size - 2, false);
    else
        tell_encoded(line, cell, size);
}

/* Writes the value that "_hdb_odd" holds for a column, NULL if it has none. */
static void tell_odd(FILE *line, enum kind kind, const char *odd, int column) {
    while (*odd) {
        char *colon = NULL;
        long number = strtol(odd, &colon, 10);
        const char *end = strchr(odd, ODD_END);
        if (!end || *colon != ':')
            break;
        if (number == column && kind == KIND_OWN) {
            fputs("given", line);
            return;
        }
        if (number == column) {
            fputs("odd ", line);
            tell_encoded(line, colon + 1, (size_t)(end - colon - 1));
            return;
        }
        odd = end + 1;
    }
    fputs(*odd ? "malformed _hdb_odd" : "NULL", line);
}

static void read_row(PGresult *rows, int row, const enum kind *kinds, int count, FILE *line) {
    bool hidden = strcmp(PQfname(rows, 0), "_hdb_rowid") == 0, keyed = strcmp(PQfname(rows, 0), "_hdb_key") == 0;
    if (hidden)
        fprintf(line, "%s, ", PQgetvalue(rows, row, 0));
    for (int i = 0; i < count; i++) {
        int field = i + (hidden || keyed);
        fputs(i ? ", " : "", line);
        if (PQgetisnull(rows, row, field))
            tell_odd(line, kinds[i], PQgetvalue(rows, row, PQnfields(rows) - 1), i);
        else
            tell_native(line, kinds[i], PQgetvalue(rows, row, field), (size_t)PQgetlength(rows, row, field));
    }
}

static void read_table(sqlite3 *plain, PGconn *link, const char *table, const char *engine_name, FILE *report) {
    struct lines lines = {0};
    enum kind *kinds = calloc(MOST_COLUMNS, sizeof *kinds);
    int count = expect_columns(plain, table, kinds, NULL);
    char *name = PQescapeIdentifier(link, engine_name, strlen(engine_name));
    char *sql = support_format("SELECT * FROM %s", name);
    PGresult *rows = PQexec(link, sql);
    int fields = PQnfields(rows);
    fprintf(report, "table %s:", table);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK) {
        fprintf(report, " %s", PQresultErrorMessage(rows));
    } else if (fields < 2 || strcmp(PQfname(rows, fields - 1), "_hdb_odd") != 0 ||
               fields - 1 - count - (strcmp(PQfname(rows, 0), "_hdb_rowid") == 0) -
                   (strcmp(PQfname(rows, 0), "_hdb_key") == 0)) {
        fprintf(report, " the engine has %d columns\n", fields);
    } else {
        for (int i = 0; i < fields - 1; i++) {
            int column = i - (fields - 1 - count);
            bool own = column >= 0 && kinds[column] == KIND_OWN;
            tell_column(report, strncmp(PQfname(rows, i), "_hdb_n_", 7) == 0 ? "*" : PQfname(rows, i),
                        own ? KIND_OWN : (enum kind)PQftype(rows, i));
        }
        fputc('\n', report);
        for (int row = 0; row < PQntuples(rows); row++) {
            FILE *line = begin_line(&lines);
            read_row(rows, row, kinds, count, line);
            fclose(line);
        }
    }
    write_sorted(&lines, report);
    PQclear(rows);
    free(sql);
    PQfreemem(name);
    free(kinds);
}

/* What the engine calls a table; to be freed. */
static char *engine_name_of(PGresult *names, const char *table) {
    for (int i = 0; i < PQntuples(names); i++)
        if (strcasecmp(PQgetvalue(names, i, 0), table) == 0)
            return support_format("%s", PQgetvalue(names, i, 1));
    return NULL;
}

void engine_view_read(sqlite3 *plain, const char *dsn, FILE *report) {
    sqlite3_stmt *tables = NULL;
    PGconn *link = PQconnectdb(dsn);
    PGresult *names = PQexec(link, "SELECT name, engine_name FROM \"_hdb_tables\"");
    sqlite3_prepare_v2(plain, tables_sql, -1, &tables, NULL);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(tables, 0);
        char *engine_name = engine_name_of(names, table);
        if (engine_name)
            read_table(plain, link, table, engine_name, report);
        else
            fprintf(report, "table %s: the engine has none %s\n", table, PQerrorMessage(link));
        free(engine_name);
    }
    sqlite3_finalize(tables);
    PQclear(names);
    PQfinish(link);
}
