/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters in libpq's form, and the cache of prepared statements. */
#include "link/pq_internal.h"

#include <endian.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The protocol counts parameters in 16 bits. A text longer than this is not worth keeping. */
enum { PARAMS_MAX = 65535, CACHED_TEXT_MAX = 128 * 1024 };

/* Past white space, comments and opening parentheses. */
static const char *first_word(const char *sql) {
    for (;;) {
        sql += strspn(sql, " \t\r\n\f(");
        if (sql[0] == '-' && sql[1] == '-') {
            sql += strcspn(sql, "\n");
        } else if (sql[0] == '/' && sql[1] == '*') {
            const char *end = strstr(sql + 2, "*/");
            if (end == NULL)
                return "";
            sql = end + 2;
        } else {
            return sql;
        }
    }
}

enum pq_kind pq_kind_of(const char *sql) {
    static const struct {
        const char *word;
        enum pq_kind kind;
    } words[] = {
        {"SELECT", PQ_READS}, {"WITH", PQ_READS}, {"INSERT", PQ_CHANGES}, {"UPDATE", PQ_CHANGES}, {"DELETE", PQ_CHANGES},
    };
    const char *word = first_word(sql);
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == length && strncasecmp(word, words[i].word, length) == 0)
            return words[i].kind;
    return PQ_OTHER;
}

void pq_params_free(pq_params *params) {
    free(params->types);
    free(params->values);
    free(params->lengths);
    free(params->formats);
    free(params->numbers);
    hdb_buffer_free(&params->texts);
    *params = (pq_params){0};
}

static bool params_reserve(pq_params *params, int count) {
    size_t size = 16;

    if (count <= params->capacity)
        return true;
    while (size < (size_t)count)
        size *= 2;
    pq_params_free(params);
    params->types = malloc(size * sizeof *params->types);
    params->values = malloc(size * sizeof *params->values);
    params->lengths = malloc(size * sizeof *params->lengths);
    params->formats = malloc(size * sizeof *params->formats);
    params->numbers = malloc(size * sizeof *params->numbers);
    if (params->types == NULL || params->values == NULL || params->lengths == NULL || params->formats == NULL ||
        params->numbers == NULL) {
        pq_params_free(params);
        return false;
    }
    params->capacity = (int)size;
    return true;
}

static void set_number(pq_params *params, int i, Oid type, uint64_t bits) {
    params->types[i] = type;
    params->numbers[i] = htobe64(bits);
    params->values[i] = (const char *)&params->numbers[i];
    params->lengths[i] = sizeof params->numbers[i];
}

/* Text goes in binary form too, which is the same bytes with a length: the text form would need an ending NUL. */
static void set_bytes(pq_params *params, int i, Oid type, const hdb_value *value) {
    params->types[i] = type;
    params->values[i] = value->as.bytes.size > 0 ? value->as.bytes.data : "";
    params->lengths[i] = (int)value->as.bytes.size;
}

int pq_params_set(hdb_link *link, const hdb_value *values, int count, hdb_error *error) {
    pq_params *params = &link->params;
    uint64_t bits;

    if (count > PARAMS_MAX)
        return hdb_error_set(error, HDB_TOOBIG, NULL, "a statement can have %d parameters, not %d", PARAMS_MAX, count);
    if (!params_reserve(params, count))
        return hdb_error_nomem(error);
    for (int i = 0; i < count; i++) {
        params->formats[i] = 1;
        switch (values[i].type) {
        case HDB_TYPE_INTEGER:
            set_number(params, i, PQ_INT8, (uint64_t)values[i].as.integer);
            break;
        case HDB_TYPE_FLOAT:
            memcpy(&bits, &values[i].as.real, sizeof bits);
            set_number(params, i, PQ_FLOAT8, bits);
            break;
        case HDB_TYPE_TEXT:
        case HDB_TYPE_BLOB:
            if (values[i].as.bytes.size > INT_MAX)
                return hdb_error_set(error, HDB_TOOBIG, NULL, "string or blob too big");
            set_bytes(params, i, values[i].type == HDB_TYPE_TEXT ? PQ_TEXT : PQ_BYTEA, &values[i]);
            break;
        default:
            params->types[i] = 0;
            params->values[i] = NULL;
            params->lengths[i] = 0;
        }
    }
    return HDB_OK;
}

void pq_params_name_nulls(hdb_link *link, int count) {
    for (int i = 0; i < count; i++)
        if (link->params.types[i] == 0)
            link->params.types[i] = PQ_TEXT;
}

/* Appends a value's text and its ending NUL. */
static bool append_text(hdb_buffer *out, const hdb_value *value) {
    char number[32];

    if (value->type == HDB_TYPE_INTEGER) {
        hdb_buffer_format(out, "%" PRId64, value->as.integer);
    } else if (value->type == HDB_TYPE_FLOAT) {
        pq_double_text(value->as.real, number);
        hdb_buffer_text(out, number);
    } else {
        if (value->as.bytes.size > 0 && memchr(value->as.bytes.data, '\0', value->as.bytes.size) != NULL)
            return false;
        hdb_buffer_append(out, value->as.bytes.data, value->as.bytes.size);
    }
    hdb_buffer_char(out, '\0');
    return true;
}

int pq_params_untype(hdb_link *link, const hdb_value *values, int count, hdb_error *error) {
    pq_params *params = &link->params;
    size_t at = 0;

    hdb_buffer_reset(&params->texts);
    for (int i = 0; i < count; i++)
        if (values[i].type != HDB_TYPE_NULL && values[i].type != HDB_TYPE_BLOB &&
            !append_text(&params->texts, &values[i]))
            return hdb_error_set(error, HDB_ERROR, "22021", "a text with a NUL character can't be sent here");
    if (params->texts.failed)
        return hdb_error_nomem(error);
    /* Only now does the buffer stay where it is. */
    for (int i = 0; i < count; i++) {
        if (values[i].type == HDB_TYPE_NULL || values[i].type == HDB_TYPE_BLOB)
            continue;
        params->types[i] = 0;
        params->formats[i] = 0;
        params->values[i] = params->texts.data + at;
        params->lengths[i] = (int)strlen(params->values[i]);
        at += (size_t)params->lengths[i] + 1;
    }
    return HDB_OK;
}

/* FNV-1a, eight bytes at a time; its upper half has seen all of them, and goes into the lower one, which tells the bucket. */
static uint64_t hash_text(const char *text) {
    uint64_t hash = 14695981039346656037u, word;

    for (size_t at = 0, size = strlen(text); at < size; at += sizeof word) {
        word = 0;
        memcpy(&word, text + at, size - at < sizeof word ? size - at : sizeof word);
        hash = (hash ^ word) * 1099511628211u;
    }
    return hash ^ hash >> 32;
}

/* NULL fits a parameter of any type. */
static bool types_fit(const pq_statement *statement, const pq_params *params, int count) {
    if (statement->count != count)
        return false;
    for (int i = 0; i < count; i++) {
        bool free_type = statement->untyped && params->types[i] != PQ_BYTEA && statement->types[i] != PQ_BYTEA;
        if (params->values[i] != NULL && params->types[i] != statement->types[i] && !free_type)
            return false;
    }
    return true;
}

pq_statement *pq_statement_find(hdb_link *link, const char *sql, int count) {
    uint64_t hash = hash_text(sql);
    pq_statement *statement = link->buckets[hash % PQ_BUCKETS];

    while (statement != NULL && !(statement->hash == hash && types_fit(statement, &link->params, count) &&
                                  strcmp(statement->sql, sql) == 0))
        statement = statement->next;
    return statement;
}

pq_statement *pq_statement_new(hdb_link *link, const char *sql, int count) {
    size_t length = strlen(sql), types = (size_t)count * sizeof(Oid);
    pq_statement *statement = malloc(sizeof *statement + types + length + 1);

    if (statement == NULL)
        return NULL;
    *statement = (pq_statement){.hash = hash_text(sql), .count = count, .types = (Oid *)(statement + 1)};
    statement->sql = (char *)statement->types + types;
    if (count > 0)
        memcpy(statement->types, link->params.types, types);
    memcpy(statement->sql, sql, length + 1);
    if (link->statements < PQ_STATEMENTS_MAX && length <= CACHED_TEXT_MAX) {
        pq_statement **bucket = &link->buckets[statement->hash % PQ_BUCKETS];
        snprintf(statement->name, sizeof statement->name, "hdb_%u", ++link->last_name);
        statement->next = *bucket;
        *bucket = statement;
        link->statements++;
    }
    return statement;
}

void pq_statement_described(pq_statement *statement, const PGresult *result) {
    int columns = PQnfields(result);

    for (int i = 0; i < statement->count && i < PQnparams(result); i++)
        if (statement->types[i] == 0 && !statement->untyped)
            statement->types[i] = PQparamtype(result, i);
    statement->described = true;
    statement->rows = columns > 0;
    statement->binary = pq_columns_are_binary(result);
    for (int i = 0; i < columns; i++)
        if (PQftype(result, i) == PQ_BYTEA)
            statement->bytea = true;
}

void pq_statement_remove(hdb_link *link, pq_statement *statement) {
    pq_statement **at = &link->buckets[statement->hash % PQ_BUCKETS];

    while (*at != NULL && *at != statement)
        at = &(*at)->next;
    if (*at != NULL) {
        *at = statement->next;
        statement->next = NULL;
        link->statements--;
    }
}

void pq_statement_free(pq_statement *statement) {
    free(statement);
}

void pq_statements_clear(hdb_link *link) {
    for (int i = 0; i < PQ_BUCKETS; i++)
        while (link->buckets[i] != NULL) {
            pq_statement *statement = link->buckets[i];
            link->buckets[i] = statement->next;
            link->statements--;
            pq_statement_free(statement);
        }
}
