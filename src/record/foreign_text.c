/* SPDX-License-Identifier: Apache-2.0 */
/* How a column of another client's table is declared in SQLite. Its CHECK refuses, at the statement that writes, what the
 * server's column can't hold. */
#include "record/foreign_tables.h"

#include "buffer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `@` stands for the column's name, `#` for a number from the type's arguments. */
static const struct known_type {
    const char *type;
    enum hdb_foreign_kind kind;
    const char *declared; /* decides SQLite's affinity */
    const char *check;
} known_types[] = {
    {"int2", HDB_FOREIGN_INTEGER, "smallint", "typeof(@) = 'integer' AND @ BETWEEN -32768 AND 32767"},
    {"int4", HDB_FOREIGN_INTEGER, "integer", "typeof(@) = 'integer' AND @ BETWEEN -2147483648 AND 2147483647"},
    {"int8", HDB_FOREIGN_INTEGER, "bigint", "typeof(@) = 'integer'"},
    {"float8", HDB_FOREIGN_REAL, "double precision", "typeof(@) = 'real' OR @ = 'NaN'"},
    {"float4", HDB_FOREIGN_SINGLE, "real", "typeof(@) = 'real' OR @ = 'NaN'"},
    {"bool", HDB_FOREIGN_BOOLEAN, "boolean", "typeof(@) = 'integer' AND @ IN (0, 1)"},
    {"text", HDB_FOREIGN_TEXT, "text", "typeof(@) = 'text'"},
    {"varchar", HDB_FOREIGN_TEXT, "varchar", "typeof(@) = 'text'"},
    {"bpchar", HDB_FOREIGN_TEXT, "character", "typeof(@) = 'text'"},
    {"bytea", HDB_FOREIGN_BYTES, "blob", "typeof(@) = 'blob'"},
    {"date", HDB_FOREIGN_OTHER, "date", "@ IS date(@, '+0 days')"},
    {"time", HDB_FOREIGN_OTHER, "time text", "@ GLOB '[0-2][0-9]:[0-5][0-9]:[0-5][0-9]*' AND time(@) IS NOT NULL"},
    {"timestamp", HDB_FOREIGN_OTHER, "timestamp",
     "replace(@, 'T', ' ') LIKE '____-__-__ __:__:__%' AND length(@) <= 26 AND substr(@, 11) NOT GLOB '*[-+Zz]*' AND "
     "datetime(@) IS NOT NULL"},
    {"timestamptz", HDB_FOREIGN_OTHER, "timestamptz text",
     "replace(@, 'T', ' ') LIKE '____-__-__ __:__:__%' AND substr(@, 20) GLOB '*[-+Zz]*'"},
    {"uuid", HDB_FOREIGN_OTHER, "uuid text",
     "@ LIKE '________-____-____-____-____________' AND @ NOT GLOB '*[^-0-9a-f]*'"},
    {"json", HDB_FOREIGN_OTHER, "json text", "json_valid(@)"},
    {"jsonb", HDB_FOREIGN_OTHER, "jsonb text", "json_valid(@)"},
    {"numeric", HDB_FOREIGN_OTHER, "numeric text", "typeof(@) = 'text'"},
};

enum { EXACT_DIGITS = 15 }; /* of a decimal number that a double keeps */

/* `arguments`: of the type, as "(10,2)", or "". */
static void put_check(hdb_buffer *sql, const char *table, const hdb_foreign_column *column, const char *arguments,
                      const char *check) {
    hdb_buffer name = HDB_BUFFER_INIT;
    hdb_buffer_format(&name, "%s.%s: %s%s", table, column->name, column->type, arguments);
    hdb_buffer_text(sql, " CONSTRAINT ");
    hdb_buffer_identifier(sql, name.failed ? "" : name.data);
    hdb_buffer_text(sql, " CHECK (");
    hdb_buffer_identifier(sql, column->name);
    hdb_buffer_text(sql, " IS NULL OR (");
    for (; *check; check++) {
        if (*check == '@')
            hdb_buffer_identifier(sql, column->name);
        else
            hdb_buffer_char(sql, *check);
    }
    hdb_buffer_text(sql, "))");
    sql->failed = sql->failed || name.failed;
    hdb_buffer_free(&name);
}

/* numeric(p, s): with few digits SQLite's numbers hold it exactly, and the server would round the rest away. */
static void define_numeric(hdb_buffer *sql, const char *table, hdb_foreign_column *column, const char *full) {
    hdb_buffer check = HDB_BUFFER_INIT;
    const char *arguments = strchr(full, '('), *comma = arguments ? strchr(arguments, ',') : NULL;
    int precision = arguments ? atoi(arguments + 1) : 0, scale = comma ? atoi(comma + 1) : 0;
    if (precision > 0 && precision <= EXACT_DIGITS && scale >= 0 && scale <= precision) {
        column->kind = HDB_FOREIGN_NUMERIC;
        hdb_buffer_format(sql, " numeric(%d, %d)", precision, scale);
        hdb_buffer_format(&check, "@ = 'NaN' OR (typeof(@) IN ('integer', 'real') AND round(@, %d) = @ AND abs(@) < 1e%d)", scale,
                          precision - scale);
    } else {
        hdb_buffer_text(sql, " numeric text");
        hdb_buffer_text(&check, "typeof(@) = 'text'");
        if (precision > 0)
            hdb_buffer_format(&check, " AND (instr(@, '.') = 0 OR length(rtrim(@, '0')) - instr(@, '.') <= %d)", scale);
    }
    sql->failed = sql->failed || check.failed;
    if (!check.failed)
        put_check(sql, table, column, arguments ? arguments : "", check.data);
    hdb_buffer_free(&check);
}

/* character varying(n), character(n), timestamp(n): the number, -1 if there is none. */
static int argument_of(const char *full) {
    const char *at = strpbrk(full, "0123456789");
    return strchr(full, '(') && at ? atoi(at) : -1;
}

void hdb_foreign_define(hdb_buffer *sql, const char *table, hdb_foreign_column *column, const char *full) {
    const struct known_type *known = NULL;
    hdb_buffer check = HDB_BUFFER_INIT;
    int argument = argument_of(full);
    char arguments[16] = "";
    column->kind = HDB_FOREIGN_OTHER;
    hdb_buffer_identifier(sql, column->name);
    if (strcmp(column->type, "numeric") == 0) {
        define_numeric(sql, table, column, full);
        return;
    }
    for (size_t i = 0; i < sizeof known_types / sizeof *known_types; i++)
        if (strcmp(known_types[i].type, column->type) == 0)
            known = &known_types[i];
    if (!known) {
        hdb_buffer_text(sql, " text"); /* arrays, enums, addresses: the server has the last word */
        put_check(sql, table, column, "", "typeof(@) = 'text'");
        return;
    }
    column->kind = known->kind;
    if (argument >= 0)
        snprintf(arguments, sizeof arguments, "(%d)", argument);
    hdb_buffer_format(sql, " %s", known->declared);
    hdb_buffer_format(&check, "(%s)", known->check);
    if (known->kind == HDB_FOREIGN_TEXT && argument >= 0) {
        hdb_buffer_format(sql, "(%d)", argument);
        hdb_buffer_format(&check, " AND length(@) <= %d", argument);
    } else if (strcmp(known->type, "timestamp") == 0 && argument >= 0) {
        hdb_buffer_format(&check, " AND length(@) <= %d", argument > 0 ? 20 + argument : 19);
    }
    sql->failed = sql->failed || check.failed;
    if (!check.failed)
        put_check(sql, table, column, arguments, check.data);
    hdb_buffer_free(&check);
}

/* As SQLite reads it, too: two signs would begin a comment there. */
static bool is_number(const char *text) {
    text += *text == '-';
    size_t digits = strspn(text, "0123456789"), point = text[digits] == '.';
    size_t more = point ? strspn(text + digits + 1, "0123456789") : 0;
    return digits + more > 0 && text[digits + point + more] == '\0';
}

bool hdb_foreign_default(hdb_buffer *sql, const hdb_foreign_column *column, const char *expression) {
    const char *end = expression + 1;
    if (strcmp(expression, "true") == 0 || strcmp(expression, "false") == 0) {
        hdb_buffer_format(sql, " DEFAULT %d", *expression == 't');
        return true;
    }
    if (is_number(expression) && column->kind != HDB_FOREIGN_OTHER) {
        hdb_buffer_format(sql, " DEFAULT %s", expression);
        return true;
    }
    if (*expression != '\'')
        return false;
    while ((end = strchr(end, '\'')) && end[1] == '\'')
        end += 2;
    /* 'text', or 'text'::type */
    if (!end || (end[1] && strncmp(end + 1, "::", 2) != 0) || strchr(expression, '\\'))
        return false;
    hdb_buffer_text(sql, " DEFAULT ");
    hdb_buffer_append(sql, expression, (size_t)(end + 1 - expression));
    return true;
}
