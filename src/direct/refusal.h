/* SPDX-License-Identifier: Apache-2.0 */
/* Why a statement does not run in the server as it is. It is no error: the rows come to the statement instead. */
#ifndef HDB_DIRECT_REFUSAL_H
#define HDB_DIRECT_REFUSAL_H

/* Every reason and what hdb_explain() says, in one list. */
#define HDB_REFUSALS(X)                                                                                                \
    X(VERB, "only SELECT, INSERT, UPDATE and DELETE are sent as they are")                                             \
    X(TOKEN, "the text has a token that SQLite does not take")                                                         \
    X(SYNTAX, "the text is not one of the plain forms that are proven equal")                                          \
    X(MORE_TEXT, "text follows the statement")                                                                         \
    X(WITH, "a WITH clause")                                                                                           \
    X(CONFLICT_CLAUSE, "an OR clause says what to do on a conflict")                                                   \
    X(UPSERT, "an ON CONFLICT clause")                                                                                 \
    X(RETURNING, "a RETURNING clause")                                                                                 \
    X(DISTINCT, "DISTINCT")                                                                                            \
    X(EXPRESSION, "a result column that is not a plain column, * or count(*)")                                         \
    X(MIXED_COUNT, "count(*) beside other result columns")                                                             \
    X(NO_SOURCE, "a SELECT without FROM")                                                                              \
    X(SUBQUERY, "a subquery or table function in FROM")                                                                \
    X(JOIN, "more than one table")                                                                                     \
    X(INDEX_HINT, "an INDEXED BY clause")                                                                              \
    X(GROUP, "a GROUP BY or HAVING clause")                                                                            \
    X(WINDOW, "a window")                                                                                              \
    X(COMPOUND, "a compound SELECT")                                                                                   \
    X(ORDER, "an ORDER BY clause")                                                                                     \
    X(LIMIT, "a LIMIT that is not a plain positive number, or one on a change")                                        \
    X(ALL_ROWS, "no WHERE clause: every row would change")                                                             \
    X(CONDITION, "a condition other than rowid = value")                                                               \
    X(INDEX_ORDER, "SQLite reads an index in the place of the table, in its order")                                    \
    X(COUNT_CONDITION, "count(*) with a condition")                                                                    \
    X(UPDATE_FROM, "an UPDATE with FROM")                                                                              \
    X(ROW_VALUE, "a row value")                                                                                        \
    X(INSERT_SELECT, "an INSERT from a SELECT, or of defaults only")                                                   \
    X(MANY_ROWS, "more than one row of VALUES")                                                                        \
    X(VALUE, "a value that is not a parameter or a plain literal")                                                     \
    X(FRACTION, "a literal with a fraction, which SQLite reads in its own way")                                        \
    X(BIG_NUMBER, "an integer literal that does not fit")                                                              \
    X(PARAMETER, "a parameter number out of range")                                                                    \
    X(SCHEMA, "a table of another schema than main")                                                                   \
    X(NO_TABLE, "no such table is kept in the server")                                                                 \
    X(VIEW, "a view")                                                                                                  \
    X(VIRTUAL, "a virtual table")                                                                                      \
    X(SYSTEM, "a table of SQLite's own")                                                                               \
    X(NATIVE, "the table has a column of a type that only the engine has")                                             \
    X(NO_ROWID_COLUMN, "the table has no INTEGER PRIMARY KEY")                                                         \
    X(TRIGGERS, "the table has triggers")                                                                              \
    X(FOREIGN_KEYS, "the table has, or is the target of, foreign keys")                                                \
    X(CHECK, "the table has CHECK constraints")                                                                        \
    X(UNIQUE, "the table has a unique index beside its key")                                                           \
    X(GENERATED, "the table has generated columns")                                                                    \
    X(EXPRESSION_INDEX, "the table has a partial index or one on an expression")                                       \
    X(AUTOINCREMENT, "the table's rowids come from AUTOINCREMENT")                                                     \
    X(NO_COLUMN, "a name that is no column of the table")                                                              \
    X(QUALIFIER, "a column's qualifier that is not the table's name or alias")                                         \
    X(COLUMN_TWICE, "a column that is given twice")                                                                    \
    X(VALUE_COUNT, "not as many values as columns")                                                                    \
    X(NO_KEY_GIVEN, "the rowid is left for SQLite to choose")                                                          \
    X(KEY_CHANGED, "the rowid is changed")                                                                             \
    X(DEFAULT_USED, "a column with a default is left out")                                                             \
    X(NULL_GIVEN, "NULL for a NOT NULL column")                                                                        \
    X(LITERAL_CLASS, "a literal that the column would convert, or hold beside its type")

enum hdb_refusal {
    HDB_REFUSED_NOT = 0,
#define HDB_REFUSAL_NAME(name, text) HDB_REFUSED_##name,
    HDB_REFUSALS(HDB_REFUSAL_NAME)
#undef HDB_REFUSAL_NAME
    HDB_REFUSED_COUNT
};

/* What to tell: a static text, "" for HDB_REFUSED_NOT. */
const char *hdb_refusal_text(enum hdb_refusal refusal);
/* Its name without the prefix, as the test corpus writes it ("ORDER"); "" for HDB_REFUSED_NOT. */
const char *hdb_refusal_name(enum hdb_refusal refusal);

#endif
