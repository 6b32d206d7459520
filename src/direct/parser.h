/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a statement, for exactly the forms that the translator has rules for. Everything else ends with a reason.
 *
 * The parser knows no schema. What it accepts, SQLite's grammar accepts; the reverse is not meant to hold. */
#ifndef HDB_DIRECT_PARSER_H
#define HDB_DIRECT_PARSER_H

#include "direct/engine_text.h"
#include "direct/lexer.h"
#include "direct/refusal.h"
#include <stdbool.h>
#include <stdint.h>

enum hdb_tree_verb { HDB_TREE_SELECT = 1, HDB_TREE_INSERT = 2, HDB_TREE_UPDATE = 4, HDB_TREE_DELETE = 8 };

/* All slices point into the statement's text; names are as written there, for hdb_dequote(). */

typedef struct hdb_tree_name {
    hdb_slice qualifier; /* of "qualifier.name", {NULL, 0} if there is none */
    hdb_slice name;
} hdb_tree_name;

enum hdb_tree_operand_kind {
    HDB_TREE_PARAMETER,
    HDB_TREE_NULL,
    HDB_TREE_INTEGER,
    HDB_TREE_BOOLEAN, /* TRUE or FALSE, unless a column has that name */
    HDB_TREE_TEXT,
    HDB_TREE_BLOB
};

typedef struct hdb_tree_operand {
    enum hdb_tree_operand_kind kind;
    int parameter;    /* its number by SQLite's rules */
    int64_t integer;  /* also of a boolean */
    hdb_slice token;  /* of a boolean, text or blob */
} hdb_tree_operand;

enum hdb_tree_item_kind {
    HDB_TREE_COLUMN,
    HDB_TREE_STAR,  /* * or qualifier.* */
    HDB_TREE_COUNT  /* count(*) */
};

typedef struct hdb_tree_item {
    enum hdb_tree_item_kind kind;
    hdb_tree_name column;
    hdb_slice alias; /* behind AS */
    hdb_slice span;  /* of count(*): the text SQLite names the column by */
} hdb_tree_item;

typedef struct hdb_tree {
    enum hdb_tree_verb verb;
    hdb_tree_name table; /* qualifier: the schema */
    hdb_slice alias;
    hdb_tree_item *items; /* SELECT */
    int item_count;
    hdb_slice *columns; /* INSERT: those named, none if there is no list; UPDATE: those that are set */
    int column_count;
    hdb_tree_operand *values; /* INSERT and UPDATE */
    int value_count;
    bool has_limit; /* SELECT: a positive one */
    bool has_key; /* WHERE key = key_value, either way round */
    hdb_tree_name key;
    hdb_tree_operand key_value;
    hdb_sql_parameters parameters; /* their count and names; nothing is sent by the parser */
} hdb_tree;

/* HDB_OK; HDB_NOTSUPPORTED with the first reason in `why`; HDB_NOMEM. The tree is the caller's to free in any case. */
int hdb_tree_parse(const char *sql, size_t size, hdb_tree *out, enum hdb_refusal *why);
void hdb_tree_free(hdb_tree *tree);

#endif
