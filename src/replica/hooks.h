/* SPDX-License-Identifier: Apache-2.0 */
/* What the application has hung on the replica. The library hangs on the same places, and runs statements of its own:
 * what it does itself is never told to the application. So each statement of the application's opens a window while
 * SQLite compiles or steps it; what SQLite tells in it is the application's.
 *
 * A call of the API made from within a callback closes the window until it returns: a window belongs to a depth of
 * calls. */
#ifndef HDB_HOOKS_H
#define HDB_HOOKS_H

#include <sqlite3.h>
#include <stdbool.h>

enum { HDB_NO_WINDOW = -1 };

/* What the commit hook has said of the commit under way. */
enum hdb_commit_answer { HDB_COMMIT_NOT_ASKED, HDB_COMMIT_ALLOWED, HDB_COMMIT_REFUSED };

typedef struct hdb_hooks {
    bool overrides;  /* a function or collation stands for one of SQLite's own: only SQLite's answers are right */
    int watchers;    /* hooks that a statement run by the server alone would pass by */
    int depth;       /* calls of the API that are under way */
    int window;      /* depth that the open window belongs to, or HDB_NO_WINDOW */
    bool announces;  /* our own ROLLBACK or COMMIT ends what the application's statement began: a rollback is told */
    bool committing; /* the engine has the transaction: nothing may stop the COMMIT */
    bool loading;    /* rows come to a statement */
    bool wrote;      /* the application has written in this transaction: its end is told */
    bool updates;    /* there is an update hook */
    char *emptied;   /* tables that the running statement empties at one stroke, "main.t\n" each; NULL: none */
    enum hdb_commit_answer answer;
    int (*authorize)(void *context, int action, const char *first, const char *second, const char *database,
                     const char *trigger);
    int (*allow_commit)(void *context); /* not 0: roll back. NULL: no commit hook */
    void *context;                      /* of both */
    void (*record)(void *context, sqlite3 *db, int operation, const char *database, const char *table); /* sessions,
        or NULL */
    void *record_context;
    void (*collation_needed)(void *context, sqlite3 *db, int encoding, const char *name); /* the application's,
        or NULL */
    void *collation_needed_context;
} hdb_hooks;

/* Whether a statement that the server ran by itself would miss something the application has set. */
static inline bool hdb_hooks_need_replica(const hdb_hooks *hooks) {
    return hooks->overrides || hooks->watchers > 0;
}

static inline bool hdb_hooks_in_window(const hdb_hooks *hooks) {
    return hooks->window == hooks->depth;
}

/* Opens a window; gives what has to be put back into `window` afterwards. */
static inline int hdb_hooks_open_window(hdb_hooks *hooks) {
    int outer = hooks->window;
    hooks->window = hooks->depth;
    return outer;
}

/* sqlite3_step() of a statement of the application's. */
static inline int hdb_hooks_step(hdb_hooks *hooks, sqlite3_stmt *statement) {
    int outer = hdb_hooks_open_window(hooks);
    int rc = sqlite3_step(statement);
    hooks->window = outer;
    return rc;
}

#endif
