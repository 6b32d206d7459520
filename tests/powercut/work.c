/* SPDX-License-Identifier: Apache-2.0 */
#include "work.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const tables[] = {
    "CREATE TABLE history(seq INTEGER PRIMARY KEY, writer INT, n INT, UNIQUE(writer, n))",
    "CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)",
    "CREATE TABLE entry(id INTEGER PRIMARY KEY, writer INT, label TEXT, amount REAL, data BLOB, any_value)",
    "CREATE INDEX entry_label ON entry(label)",
    "CREATE TABLE keyed(a TEXT, b INT, v TEXT, PRIMARY KEY(a, b)) WITHOUT ROWID",
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 10) INSERT INTO account SELECT i, 1000 FROM c",
};

static unsigned draw(unsigned *state, unsigned below) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

static unsigned state_of(unsigned seed, int writer, int n) {
    unsigned state = seed ^ ((unsigned)writer * 2654435761u) ^ ((unsigned)n * 40503u);
    for (int i = 0; i < 8; i++)
        draw(&state, 2);
    return state;
}

__attribute__((format(printf, 2, 3))) static void add(struct work *work, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (work->count == WORK_STATEMENTS || vasprintf(&work->statements[work->count++], format, arguments) < 0)
        abort();
    va_end(arguments);
}

static void add_entries(struct work *work, unsigned *state, int writer, int n, unsigned count) {
    for (unsigned i = 0; i < count; i++)
        add(work, "INSERT INTO entry(writer, label, amount, data, any_value) VALUES (%d, 'entry %d of %d', %u / 7.0, "
                  "x'%08x%08x', %s)",
            writer, n, writer, draw(state, 100000), draw(state, 1u << 24), draw(state, 1u << 24),
            (const char *[]){"NULL", "17", "'text'", "2.5"}[draw(state, 4)]);
}

/* A table that comes, grows and goes. */
static void add_schema_change(struct work *work, unsigned *state, int n) {
    unsigned which = draw(state, 3);
    if (draw(state, 3) == 0) {
        add(work, "DROP TABLE IF EXISTS extra_%u", which);
        return;
    }
    add(work, "CREATE TABLE IF NOT EXISTS extra_%u(id INTEGER PRIMARY KEY, first TEXT)", which);
    add(work, "INSERT INTO extra_%u(first) VALUES ('made by %d'), ('and once more')", which, n);
    if (draw(state, 2))
        add(work, "CREATE INDEX IF NOT EXISTS extra_%u_first ON extra_%u(first)", which, which);
}

static void add_change(struct work *work, unsigned *state, int writer, int n) {
    unsigned from = 1 + draw(state, 10), to = 1 + draw(state, 10), amount = 1 + draw(state, 50);
    switch (draw(state, 6)) {
    case 0:
        add(work, "UPDATE account SET balance = balance - %u WHERE id = %u", amount, from);
        add(work, "UPDATE account SET balance = balance + %u WHERE id = %u", amount, to);
        break;
    case 1:
        add(work, "UPDATE entry SET amount = amount + 1, label = label || '+' WHERE id %% 11 = %u", from);
        break;
    case 2:
        add(work, "DELETE FROM entry WHERE id %% 17 = %u", to);
        break;
    case 3:
        add(work, "INSERT INTO keyed VALUES ('key %u', %u, 'by %d') ON CONFLICT DO UPDATE SET v = v || ' and %d'", from, to, n, n);
        break;
    case 4:
        add(work, "DELETE FROM keyed WHERE b = %u", from);
        break;
    default:
        add_entries(work, state, writer, n, 1 + draw(state, 4));
    }
}

void work_make(unsigned seed, int writer, int n, struct work *out) {
    unsigned state = state_of(seed, writer, n);
    out->count = 0;
    add(out, "BEGIN IMMEDIATE");
    for (size_t i = 0; n == 0 && i < sizeof tables / sizeof *tables; i++)
        add(out, "%s", tables[i]);
    add(out, "INSERT INTO history SELECT coalesce(max(seq), 0) + 1, %d, %d FROM history", writer, n);
    for (unsigned left = 1 + draw(&state, 4); left > 0; left--)
        add_change(out, &state, writer, n);
    if (draw(&state, 12) == 0)
        add_schema_change(out, &state, n);
    if (draw(&state, 15) == 0)
        add_entries(out, &state, writer, n, 200);
    add(out, "COMMIT");
}

void work_free(struct work *work) {
    for (int i = 0; i < work->count; i++)
        free(work->statements[i]);
    work->count = 0;
}

enum level work_level(unsigned seed, int writer, int n) {
    unsigned state = state_of(seed + 1, writer, n);
    return (enum level)draw(&state, 3);
}
