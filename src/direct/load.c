/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/load.h"

#include "record/catalogue.h"
#include "replica/replay.h"
#include "replica/schema.h"
#include "replica/stub.h"
#include "replica/sequence.h"
#include "replica/table_statement.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct loaded {
    char *name;
    int depth; /* number of savepoints that were open when it was loaded */
    bool loaded;
};

struct hdb_loader {
    hdb_replica *replica;
    struct loaded *tables; /* every table that may hold rows */
    int count, capacity;
    bool needs_stubs;     /* the schema calls for what SQLite does not have */
    int64_t stub_version; /* of the schema that this was found for */
    bool stubbed;         /* some were loaded without functions or collations that their indexes need */
};

hdb_loader *hdb_loader_create(hdb_replica *replica) {
    hdb_loader *loader = calloc(1, sizeof *loader);
    if (loader)
        loader->replica = replica;
    return loader;
}

static void forget_tables(hdb_loader *loader) {
    for (int i = 0; i < loader->count; i++)
        free(loader->tables[i].name);
    loader->count = 0;
}

void hdb_loader_free(hdb_loader *loader) {
    if (!loader)
        return;
    forget_tables(loader);
    free(loader->tables);
    free(loader);
}

static struct loaded *find(const hdb_loader *loader, const char *name) {
    for (int i = 0; i < loader->count; i++)
        if (strcasecmp(loader->tables[i].name, name) == 0)
            return &loader->tables[i];
    return NULL;
}

static struct loaded *add(hdb_loader *loader, const char *name) {
    struct loaded *known = find(loader, name);
    if (known)
        return known;
    if (loader->count == loader->capacity) {
        int capacity = loader->capacity ? loader->capacity * 2 : 16;
        struct loaded *grown = realloc(loader->tables, (size_t)capacity * sizeof *grown);
        if (!grown)
            return NULL;
        loader->tables = grown;
        loader->capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy)
        return NULL;
    loader->tables[loader->count] = (struct loaded){copy, 0, false};
    return &loader->tables[loader->count++];
}

/* Adds the tables of other clients to the catalogue, but for names it has. */
static bool add_foreign(hdb_schema *catalogue, const hdb_foreign_tables *foreign) {
    int count = foreign ? foreign->count : 0;
    hdb_schema_item *grown = realloc(catalogue->items, (size_t)(catalogue->item_count + count + 1) * sizeof *grown);
    if (!grown)
        return false;
    catalogue->items = grown;
    for (int i = 0; i < count; i++) {
        const hdb_foreign_table *table = &foreign->tables[i];
        bool taken = false;
        for (int k = 0; k < catalogue->item_count; k++)
            taken = taken || strcasecmp(catalogue->items[k].name, table->name) == 0;
        if (taken)
            continue;
        hdb_schema_item *item = &catalogue->items[catalogue->item_count++];
        *item = (hdb_schema_item){strdup("table"), strdup(table->name), strdup(table->name), strdup(table->sql)};
        if (!item->type || !item->name || !item->table || !item->sql)
            return false;
    }
    return true;
}

/* What the schema calls for and the application has not registered is there while we work, and gone afterwards. */
static int begin_stubs(hdb_loader *loader, const hdb_schema *schema, hdb_stubs *stubs, hdb_error *error) {
    *stubs = (hdb_stubs){loader->replica->db, HDB_BUFFER_INIT, HDB_BUFFER_INIT};
    if (schema != loader->replica->schema || loader->stub_version != loader->replica->schema_version) {
        loader->needs_stubs = hdb_stubs_needed(schema) != NULL;
        loader->stub_version = schema == loader->replica->schema ? loader->replica->schema_version : -1;
    }
    if (!loader->needs_stubs)
        return HDB_OK;
    return hdb_stubs_make(stubs, loader->replica->db, schema, error);
}

static void end_stubs(hdb_loader *loader, hdb_stubs *stubs) {
    hdb_hooks *hooks = &loader->replica->hooks;
    loader->stubbed = loader->stubbed || stubs->functions.size || stubs->collations.size;
    if (!loader->needs_stubs)
        return;
    hdb_stubs_remove(stubs);
    if (hooks->collation_needed)
        sqlite3_collation_needed(loader->replica->db, hooks->collation_needed_context, hooks->collation_needed);
}

void hdb_loader_registered(hdb_loader *loader) {
    const hdb_capture *capture = loader->replica->capture;
    for (int i = 0; loader->stubbed && i < loader->count; i++) {
        bool touched = false;
        for (int k = 0; k < capture->table_count; k++)
            touched = touched || strcasecmp(capture->tables[k].table, loader->tables[i].name) == 0;
        /* What was changed was changed with everything registered. */
        loader->tables[i].loaded = loader->tables[i].loaded && touched;
    }
    loader->stubbed = false;
}

int hdb_loader_take_schema(hdb_loader *loader, hdb_link *link, const hdb_foreign_tables *foreign, hdb_error *error) {
    hdb_schema *catalogue = NULL;
    const hdb_schema *schema = NULL;
    hdb_replica *replica = loader->replica;
    hdb_stubs stubs;
    int rc = hdb_link_forget_statements(link, error);
    if (rc == HDB_OK)
        rc = hdb_catalogue_read(link, &catalogue, error);
    if (rc == HDB_OK && !add_foreign(catalogue, foreign))
        rc = hdb_error_nomem(error);
    if (rc != HDB_OK) {
        hdb_schema_free(catalogue);
        return rc;
    }
    hdb_replica_forget_schema(replica);
    hdb_own_work work = hdb_replica_begin_own(replica);
    /* A savepoint, since a transaction that has done nothing yet may be open. */
    sqlite3_exec(replica->db, "SAVEPOINT \"_hdb_schema\"", NULL, NULL, NULL);
    rc = begin_stubs(loader, catalogue, &stubs, error);
    if (rc == HDB_OK)
        rc = hdb_replay_schema(replica->db, catalogue, error);
    end_stubs(loader, &stubs);
    if (rc != HDB_OK)
        sqlite3_exec(replica->db, "ROLLBACK TO \"_hdb_schema\"", NULL, NULL, NULL);
    sqlite3_exec(replica->db, "RELEASE \"_hdb_schema\"", NULL, NULL, NULL);
    hdb_replica_end_own(replica, &work);
    hdb_replica_forget_schema(replica);
    if (rc == HDB_OK)
        rc = hdb_replica_schema(replica, &schema, error);
    hdb_schema_free(catalogue);
    return rc;
}

/* Whether a statement names a virtual table: what that one reads is its own affair. */
static bool names_virtual(const hdb_inspection *statement, const hdb_schema *schema) {
    for (int i = 0; schema->has_virtual && i < statement->table_count; i++) {
        const hdb_schema_item *item = hdb_schema_item_find(schema, "table", statement->tables[i]);
        if (item && hdb_schema_item_is_virtual(item))
            return true;
    }
    return false;
}

/* Whether a statement may touch a table. */
static bool names(const hdb_inspection *statement, const hdb_table *table) {
    if (statement->uses_all || table->is_sequence)
        return true;
    for (int i = 0; i < statement->table_count; i++)
        if (strcasecmp(statement->tables[i], table->name) == 0)
            return true;
    for (int i = 0; i < statement->rebuilt_count; i++)
        if (strcasecmp(statement->rebuilt[i], table->name) == 0)
            return true;
    return false;
}

bool hdb_loader_is_empty(const hdb_loader *loader) {
    return loader->count == 0;
}

bool hdb_loader_has(const hdb_loader *loader, const hdb_inspection *statement) {
    const hdb_schema *schema = loader->replica->schema;
    if (!schema)
        return false; /* to be read again: then it can be told */
    bool all = names_virtual(statement, schema);
    for (int i = 0; i < schema->table_count; i++) {
        const struct loaded *known = find(loader, schema->tables[i].name);
        if ((all || names(statement, &schema->tables[i])) && !(known && known->loaded))
            return false;
    }
    return true;
}

int hdb_loader_check(const hdb_loader *loader, hdb_link *link, const hdb_inspection *statement, bool *out, hdb_error *error) {
    const hdb_schema *schema = loader->replica->schema;
    int rc = HDB_OK;
    *out = true;
    for (int i = 0; rc == HDB_OK && *out && schema && i < schema->table_count; i++) {
        const hdb_table *table = &schema->tables[i];
        const struct loaded *known = find(loader, table->name);
        const hdb_foreign_table *foreign = hdb_foreign_find(loader->replica->foreign, table->name);
        if (table->is_foreign && foreign && names(statement, table) && !(known && known->loaded))
            rc = hdb_foreign_is_current(link, foreign, out, error);
    }
    return rc;
}

/* Rows that come in, as one transaction: ending one for each would look at all that is kept in memory each time. It is ended in
 * any case, as statements that still give rows would not survive that it is undone. */
static int fill(const hdb_loader *loader, hdb_link *link, const hdb_table *table, hdb_error *error) {
    sqlite3 *db = loader->replica->db;
    const hdb_foreign_table *foreign = hdb_foreign_find(loader->replica->foreign, table->name);
    bool begins = sqlite3_get_autocommit(db);
    if (begins && sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return hdb_sqlite_error(db, error);
    int rc = table->is_foreign ? hdb_fill_foreign(db, link, table, foreign, error)
                               : hdb_fill_from_link(db, link, table, error);
    if (begins && !sqlite3_get_autocommit(db) && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        rc = rc == HDB_OK ? hdb_sqlite_error(db, error) : rc;
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

static int load_table(hdb_loader *loader, hdb_link *link, const hdb_table *table, hdb_error *error) {
    const hdb_schema *before = loader->replica->schema_before;
    struct loaded *known = add(loader, table->name);
    if (!known)
        return hdb_error_nomem(error);
    /* A table made in this very transaction is not in the server, and needs nothing from there. */
    if (table->is_foreign || !before || hdb_schema_table(before, table->name)) {
        loader->replica->hooks.loading = true;
        int rc = fill(loader, link, table, error);
        loader->replica->hooks.loading = false;
        if (rc != HDB_OK)
            return rc;
    }
    known->loaded = true;
    known->depth = loader->replica->savepoint_count;
    return HDB_OK;
}

/* Full-text tables keep in memory what they have read of their shadow tables (R-Trees do not). Told that the schema came
 * anew, SQLite connects them again, to what the tables hold now. */
static void connect_full_text(sqlite3 *db, const hdb_schema *schema) {
    for (int i = 0; i < schema->item_count; i++) {
        const hdb_schema_item *item = &schema->items[i];
        if (hdb_schema_item_is_virtual(item) && sqlite3_strlike("%USING%FTS%", item->sql, 0) == 0) {
            sqlite3_exec(db, "PRAGMA writable_schema = RESET", NULL, NULL, NULL);
            return;
        }
    }
}

int hdb_loader_load(hdb_loader *loader, hdb_link *link, const hdb_inspection *statement, hdb_error *error) {
    const hdb_schema *schema = NULL;
    const hdb_table *sequence = NULL;
    hdb_buffer kept = HDB_BUFFER_INIT;
    hdb_stubs stubs;
    int rc = hdb_replica_schema(loader->replica, &schema, error);
    if (rc != HDB_OK)
        return rc;
    bool all = names_virtual(statement, schema), shadows = false;
    hdb_own_work work = hdb_replica_begin_own(loader->replica);
    rc = begin_stubs(loader, schema, &stubs, error);
    if (rc == HDB_OK)
        rc = hdb_sequence_keep(loader->replica->db, &kept, error);
    for (int i = 0; rc == HDB_OK && i < schema->table_count; i++) {
        const hdb_table *table = &schema->tables[i];
        const struct loaded *known = find(loader, table->name);
        if (!(all || names(statement, table)) || (known && known->loaded))
            continue;
        shadows = shadows || table->is_shadow;
        if (table->is_sequence)
            sequence = table;
        else
            rc = load_table(loader, link, table, error);
    }
    /* Rows that come into AUTOINCREMENT tables have moved it. */
    if (rc == HDB_OK && sequence)
        rc = load_table(loader, link, sequence, error);
    else if (rc == HDB_OK)
        rc = hdb_sequence_restore(loader->replica->db, &kept, error);
    end_stubs(loader, &stubs);
    /* What drops or renames one needs nothing of what it keeps, and may not find all it needs to be connected. */
    if (shadows && !statement->changes_schema)
        connect_full_text(loader->replica->db, schema);
    hdb_replica_end_own(loader->replica, &work);
    hdb_buffer_free(&kept);
    return rc;
}

int hdb_loader_clear(hdb_loader *loader, hdb_error *error) {
    const hdb_schema *schema = NULL;
    int rc = HDB_OK;
    if (loader->count == 0)
        return HDB_OK;
    rc = hdb_replica_schema(loader->replica, &schema, error);
    if (rc != HDB_OK)
        return rc;
    hdb_own_work work = hdb_replica_begin_own(loader->replica);
    for (int i = 0; rc == HDB_OK && i < loader->count; i++) {
        const hdb_table *table = hdb_schema_table(schema, loader->tables[i].name);
        sqlite3_stmt *clear = NULL;
        /* A virtual table can't be connected to empty shadow tables. What is there gives way to what is loaded next. */
        if (!table || table->is_shadow)
            continue;
        rc = hdb_table_prepare(loader->replica->db, table, HDB_TABLE_DELETE_ALL, &clear, error);
        if (rc == HDB_OK && sqlite3_step(clear) != SQLITE_DONE)
            rc = hdb_sqlite_error(loader->replica->db, error);
        sqlite3_finalize(clear);
    }
    hdb_replica_end_own(loader->replica, &work);
    if (rc == HDB_OK)
        forget_tables(loader);
    return rc;
}

void hdb_loader_rolled_back(hdb_loader *loader, int depth) {
    for (int i = 0; i < loader->count; i++)
        if (loader->tables[i].depth > depth)
            loader->tables[i].loaded = false;
}

void hdb_loader_released(hdb_loader *loader, int depth) {
    for (int i = 0; i < loader->count; i++)
        if (loader->tables[i].depth > depth)
            loader->tables[i].depth = depth;
}
