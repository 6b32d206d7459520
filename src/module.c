/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual tables of the application's. SQLite calls the module here, which calls the application. */
#include "function.h"

#include "replica/stand_in.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_PARAMETERS = 32 };

/* One registration. */
struct module {
    hdb_vtable_connect_callback connect;
    hdb_destroy_callback disconnect;
    hdb_vtable_open_callback open;
    hdb_vtable_next_callback next;
    hdb_vtable_column_callback column;
    hdb_destroy_callback close;
    void *user_data;
    hdb_destroy_callback destroy;
    int references; /* SQLite's, which it gives up before it disconnects the last table, and its tables' */
};

struct hdb_vtable {
    sqlite3_vtab base;
    sqlite3 *db;
    struct module *module;
    void *state;
    int parameters;
    bool declared;
};

struct cursor {
    sqlite3_vtab_cursor base;
    void *scan;
    bool opened;
    bool ended;
    sqlite3_int64 rowid;
};

static const struct module *module_of(sqlite3_vtab_cursor *cursor) {
    return ((hdb_vtable *)cursor->pVtab)->module;
}

static void release_module(void *context) {
    struct module *module = context;
    if (--module->references > 0)
        return;
    if (module->destroy)
        module->destroy(module->user_data);
    free(module);
}

static int connect_table(sqlite3 *db, void *context, int count, const char *const *arguments, sqlite3_vtab **out,
                         char **message) {
    struct module *module = context;
    hdb_vtable *table = sqlite3_malloc(sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    memset(table, 0, sizeof *table);
    table->db = db;
    table->module = module;
    int rc = module->connect(module->user_data, table, count, arguments, &table->state);
    if (rc == HDB_OK && table->declared) {
        hdb_vtable_error(table, NULL);
        module->references++;
        *out = &table->base;
        return SQLITE_OK;
    }
    if (rc == HDB_OK && module->disconnect)
        module->disconnect(table->state);
    *message = table->base.zErrMsg ? table->base.zErrMsg : sqlite3_mprintf("vtable constructor failed: %s", arguments[2]);
    sqlite3_free(table);
    return rc == HDB_OK ? SQLITE_ERROR : rc;
}

/* SQLite tells a module whose tables can be made by it from one that has a table of its own by their being different. */
static int create_table(sqlite3 *db, void *context, int count, const char *const *arguments, sqlite3_vtab **out,
                        char **message) {
    return connect_table(db, context, count, arguments, out, message);
}

static int disconnect_table(sqlite3_vtab *base) {
    hdb_vtable *table = (hdb_vtable *)base;
    if (table->module->disconnect)
        table->module->disconnect(table->state);
    release_module(table->module);
    sqlite3_free(base->zErrMsg);
    sqlite3_free(table);
    return SQLITE_OK;
}

int hdb_vtable_declare(hdb_vtable *table, const char *sql, int parameters, int flags) {
    if (!table || !sql || parameters < 0)
        return HDB_MISUSE;
    if (parameters > MAX_PARAMETERS)
        return HDB_RANGE;
    if (sqlite3_declare_vtab(table->db, sql) != SQLITE_OK)
        return HDB_ERROR;
    if (flags & HDB_VTABLE_DIRECTONLY)
        sqlite3_vtab_config(table->db, SQLITE_VTAB_DIRECTONLY);
    table->parameters = parameters;
    table->declared = true;
    return HDB_OK;
}

void hdb_vtable_error(hdb_vtable *table, const char *message) {
    if (!table)
        return;
    sqlite3_free(table->base.zErrMsg);
    table->base.zErrMsg = message ? sqlite3_mprintf("%s", message) : NULL;
}

/* --- planning: a parameter that has a value goes to the scan, as a bit and an argument */

static bool is_parameter(const hdb_vtable *table, const struct sqlite3_index_constraint *constraint) {
    bool has_column = constraint->op != SQLITE_INDEX_CONSTRAINT_LIMIT && constraint->op != SQLITE_INDEX_CONSTRAINT_OFFSET;
    return has_column && constraint->iColumn >= 0 && constraint->iColumn < table->parameters;
}

static int check_constraints(hdb_vtable *table, const sqlite3_index_info *info) {
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
        if (!is_parameter(table, constraint))
            continue;
        if (constraint->op != SQLITE_INDEX_CONSTRAINT_EQ) {
            char message[96];
            sqlite3_snprintf(sizeof message, message, "parameter %d of a virtual table can only be compared by =",
                             constraint->iColumn + 1);
            hdb_vtable_error(table, message);
            return SQLITE_ERROR;
        }
        /* In such a plan the scan would go without a value that it was given. */
        if (!constraint->usable)
            return SQLITE_CONSTRAINT;
    }
    return SQLITE_OK;
}

static int plan(sqlite3_vtab *base, sqlite3_index_info *info) {
    hdb_vtable *table = (hdb_vtable *)base;
    int rc = check_constraints(table, info), count = 0;
    unsigned given = 0;
    for (int column = 0; rc == SQLITE_OK && column < table->parameters; column++) {
        for (int i = 0; i < info->nConstraint; i++) {
            /* Where it is given two, SQLite compares the second one with what the column gives. */
            if (!is_parameter(table, &info->aConstraint[i]) || info->aConstraint[i].iColumn != column || (given >> column & 1u))
                continue;
            given |= 1u << column;
            info->aConstraintUsage[i].argvIndex = ++count;
            info->aConstraintUsage[i].omit = 1;
        }
    }
    info->idxNum = (int)given;
    /* So much that it is not scanned within a loop if that can be helped. */
    info->estimatedRows = 1000000000 / (count + 1);
    info->estimatedCost = (double)info->estimatedRows;
    return rc;
}

/* --- scanning */

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
    struct cursor *cursor = sqlite3_malloc(sizeof *cursor);
    (void)table;
    if (!cursor)
        return SQLITE_NOMEM;
    memset(cursor, 0, sizeof *cursor);
    *out = &cursor->base;
    return SQLITE_OK;
}

static void end_scan(struct cursor *cursor) {
    const struct module *module = module_of(&cursor->base);
    if (cursor->opened && module->close)
        module->close(cursor->scan);
    cursor->opened = false;
    cursor->scan = NULL;
}

static int close_cursor(sqlite3_vtab_cursor *cursor) {
    end_scan((struct cursor *)cursor);
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *base) {
    struct cursor *cursor = (struct cursor *)base;
    int rc = module_of(base)->next(cursor->scan);
    cursor->ended = rc != HDB_ROW;
    cursor->rowid++;
    return rc == HDB_ROW || rc == HDB_DONE ? SQLITE_OK : rc;
}

static int filter(sqlite3_vtab_cursor *base, int given, const char *text, int count, sqlite3_value **arguments) {
    struct cursor *cursor = (struct cursor *)base;
    hdb_vtable *table = (hdb_vtable *)base->pVtab;
    (void)text;
    end_scan(cursor);
    cursor->rowid = 0;
    cursor->ended = true;
    for (int i = 0; i < count; i++)
        if (sqlite3_value_type(arguments[i]) == SQLITE_NULL) /* it equals nothing */
            return SQLITE_OK;
    int rc = table->module->open(table->state, (int64_t)(unsigned)given, count, (hdb_datum **)arguments, &cursor->scan);
    cursor->opened = rc == HDB_OK;
    return rc == HDB_OK ? next_row(base) : rc;
}

static int is_at_end(sqlite3_vtab_cursor *cursor) {
    return ((struct cursor *)cursor)->ended;
}

static int give_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
    return module_of(cursor)->column(((struct cursor *)cursor)->scan, column, (hdb_context *)context);
}

static int give_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out) {
    *out = ((struct cursor *)cursor)->rowid;
    return SQLITE_OK;
}

#define CALLS                                                                                                          \
    .xConnect = connect_table, .xBestIndex = plan, .xDisconnect = disconnect_table, .xDestroy = disconnect_table,      \
    .xOpen = open_cursor, .xClose = close_cursor, .xFilter = filter, .xNext = next_row, .xEof = is_at_end,             \
    .xColumn = give_column, .xRowid = give_rowid

static const sqlite3_module plain_module = {CALLS, .xCreate = create_table};
static const sqlite3_module eponymous_module = {CALLS};

/* --- registering */

static int install(hdb_conn *conn, const char *name, int flags, struct module *module) {
    sqlite3 *db = conn->replica->db;
    const sqlite3_module *calls = flags & HDB_MODULE_EPONYMOUS ? &eponymous_module : &plain_module;
    bool is_there = hdb_stand_in_has_module(db, name);
    int rc = sqlite3_create_module_v2(db, name, module ? calls : NULL, module, module ? release_module : NULL);
    /* Tables that another one of this name has made, which may be a stand-in, are connected anew. */
    if (rc == SQLITE_OK && module && is_there)
        rc = sqlite3_exec(db, "PRAGMA writable_schema = RESET", NULL, NULL, NULL);
    return rc;
}

int hdb_create_module(hdb_conn *conn, const char *name, int flags, hdb_vtable_connect_callback connect,
                      hdb_destroy_callback disconnect, hdb_vtable_open_callback open, hdb_vtable_next_callback next,
                      hdb_vtable_column_callback column, hdb_destroy_callback close, void *user_data,
                      hdb_destroy_callback destroy) {
    struct module *module = NULL;
    int rc = hdb_conn_enter(conn);
    if (rc != HDB_OK)
        return hdb_not_registered(rc, destroy, user_data);
    if (!name || (connect && !(open && next && column)))
        return hdb_registered(conn, hdb_not_registered(SQLITE_MISUSE, destroy, user_data));
    if (connect && !(module = malloc(sizeof *module))) {
        hdb_not_registered(HDB_NOMEM, destroy, user_data);
        return hdb_conn_leave(conn, hdb_error_nomem(&conn->error));
    }
    if (module)
        *module = (struct module){connect, disconnect, open, next, column, close, user_data, destroy, 1};
    else
        hdb_not_registered(HDB_OK, destroy, user_data);
    return hdb_registered(conn, install(conn, name, flags, module));
}
