/* SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <ctype.h>
#include <string.h>

/* SplitMix64: each seed, however close to another, begins its own sequence. */
static uint64_t next(struct generator *g) {
    uint64_t mixed = g->state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

int pick(struct generator *g, int count) {
    return count > 0 ? (int)(next(g) % (uint64_t)count) : 0;
}

int between(struct generator *g, int low, int high) {
    return low + pick(g, high - low + 1);
}

bool chance(struct generator *g, int percent) {
    return pick(g, 100) < percent;
}

int weighed(struct generator *g, const int *weights, int count) {
    int total = 0, i = 0;
    for (int k = 0; k < count; k++)
        total += weights[k];
    for (int left = pick(g, total); i < count - 1 && left >= weights[i]; i++)
        left -= weights[i];
    return i;
}

void put(struct generator *g, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&g->statement, format, arguments);
    va_end(arguments);
}

void put_name(struct generator *g, const char *name) {
    static const char *const reserved[] = {"select", "order", "group"};
    bool plain = isalpha((unsigned char)*name) || *name == '_';
    for (const char *at = name; *at; at++)
        plain = plain && (isalnum((unsigned char)*at) || *at == '_');
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        plain = plain && strcmp(name, reserved[i]) != 0;
    if (plain) {
        put(g, "%s", name);
        return;
    }
    put(g, "\"");
    for (const char *at = name; *at; at++)
        put(g, "%s%c", *at == '"' ? "\"" : "", *at);
    put(g, "\"");
}

void put_relation(struct generator *g, const struct relation *relation) {
    if (!g->in_trigger && (relation->temporary || chance(g, 3)))
        put(g, relation->temporary ? "temp." : "main.");
    put_name(g, relation->name);
}
