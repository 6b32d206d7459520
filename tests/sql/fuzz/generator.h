/* SPDX-License-Identifier: Apache-2.0 */
/* Random SQL, the same for the same seed. The parts of one generator: expression.c, query.c, change.c (rows),
 * define.c (schema), script.c (the order of things). */
#ifndef FUZZ_GENERATOR_H
#define FUZZ_GENERATOR_H

#include "catalogue.h"
#include "text.h"

#include <stdint.h>

enum { MAX_PARAMETERS = 64, MAX_REFS = 48, MAX_CTES = 6 };

/* A column that an expression may name. */
struct ref {
    char alias[NAME_SIZE]; /* "": none */
    char column[NAME_SIZE];
};

struct scope {
    struct ref refs[MAX_REFS];
    int count;
    const struct scope *outer; /* of the query around this one */
};

struct cte {
    char name[NAME_SIZE];
    int columns; /* named c1, c2 .. */
};

struct generator {
    uint64_t state;
    struct text script;    /* what is finished */
    struct text statement; /* what is being written */
    const struct value *parameters[MAX_PARAMETERS];
    int parameter_count;
    bool binds;       /* values may become parameters */
    bool constant;    /* no subqueries, parameters or changing functions: constraints, indexes, generated columns */
    bool in_trigger;  /* names can't be qualified */
    bool no_rowid;    /* the statement's tables may have no rowid */
    int query_depth;
    int aliases;      /* given out in this statement */
    struct cte ctes[MAX_CTES];
    int cte_count;
    int objects;      /* names given out in this script */
    bool savepoints;  /* the transaction has had one */
    bool temporary;   /* whether this script uses temporary objects */
    struct catalogue catalogue;
};

/* --- chance (random.c) */
int pick(struct generator *g, int count);             /* 0 .. count - 1 */
int between(struct generator *g, int low, int high);  /* both included */
bool chance(struct generator *g, int percent);
/* The place of one of some weights. */
int weighed(struct generator *g, const int *weights, int count);
#define PICK(g, array) ((array)[pick((g), (int)(sizeof(array) / sizeof *(array)))])

/* --- writing (random.c) */
void put(struct generator *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_name(struct generator *g, const char *name);
/* A table's or view's name, with its database where another one could be meant. */
void put_relation(struct generator *g, const struct relation *relation);

/* --- expressions */
struct value {
    const char *sql, *bound; /* as SQL, and as a "-- bind:" line has it */
};
void put_value(struct generator *g);
void put_expression(struct generator *g, const struct scope *scope, int depth);
void put_condition(struct generator *g, const struct scope *scope);
void put_aggregate(struct generator *g, const struct scope *scope);
void put_window(struct generator *g, const struct scope *scope);
void put_column_of(struct generator *g, const struct scope *scope);
void scope_add(struct scope *scope, const char *alias, const char *column);
void scope_add_relation(struct scope *scope, const char *alias, const struct relation *relation);

/* --- queries */
/* A query with so many columns (0: any number), named c1, c2 .. if `named`. */
void put_query(struct generator *g, const struct scope *outer, int columns, bool named);
/* WITH and its common table expressions; they may be used until `g->cte_count` is set back. */
void put_with(struct generator *g);

/* --- rows */
const struct relation *pick_table(struct generator *g);
const struct relation *pick_relation(struct generator *g);
void put_insert(struct generator *g, const struct scope *outer);
void put_update(struct generator *g, const struct scope *outer);
void put_delete(struct generator *g, const struct scope *outer);

/* --- schema */
void put_create_table(struct generator *g);
void put_create_index(struct generator *g);
void put_create_view(struct generator *g);
void put_create_trigger(struct generator *g);
void put_alter(struct generator *g);
void put_drop(struct generator *g);

/* --- the script of a seed, in the format of a case file; to be freed */
char *generate_script(uint64_t seed);

#endif
