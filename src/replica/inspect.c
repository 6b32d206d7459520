/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/inspect.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void free_names(char **names, int count) {
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

bool hdb_inspection_writes(const hdb_inspection *inspection) {
    return inspection->writes_rows || inspection->changes_schema || inspection->sets_header;
}

bool hdb_use_writes(const hdb_use *use) {
    return use->writes_rows || use->changes_schema || use->sets_header;
}

hdb_use hdb_inspection_use_of_main(const hdb_inspection *inspection) {
    return (hdb_use){
        .writes_rows = inspection->writes_rows,
        .changes_schema = inspection->changes_schema,
        .sets_header = inspection->sets_header,
        .tables = inspection->tables,
        .rebuilt = inspection->rebuilt,
        .table_count = inspection->table_count,
        .rebuilt_count = inspection->rebuilt_count,
    };
}

hdb_use hdb_inspection_use_of_attached(const hdb_inspection *inspection, const char *database) {
    for (int i = 0; i < inspection->use_count; i++)
        if (strcasecmp(inspection->uses[i].database, database) == 0)
            return inspection->uses[i];
    return (hdb_use){.database = NULL};
}

void hdb_inspection_clear(hdb_inspection *inspection) {
    for (int i = 0; i < inspection->use_count; i++) {
        free_names(inspection->uses[i].tables, inspection->uses[i].table_count);
        free_names(inspection->uses[i].rebuilt, inspection->uses[i].rebuilt_count);
        free(inspection->uses[i].database);
    }
    free(inspection->uses);
    free(inspection->pragma_database);
    free_names(inspection->tables, inspection->table_count);
    free_names(inspection->written, inspection->written_count);
    free_names(inspection->rebuilt, inspection->rebuilt_count);
    free(inspection->savepoint);
    free(inspection->pragma_argument);
    memset(inspection, 0, sizeof *inspection);
}

static void add_name(hdb_inspection *inspection, char ***names, int *count, const char *name) {
    for (int i = 0; i < *count; i++)
        if (strcasecmp((*names)[i], name) == 0)
            return;
    char **grown = realloc(*names, (size_t)(*count + 1) * sizeof **names);
    if (grown)
        *names = grown;
    char *copy = grown ? strdup(name) : NULL;
    if (!copy) {
        inspection->failed = true;
        return;
    }
    (*names)[(*count)++] = copy;
}

static bool is_main(const char *database) {
    return !database || strcmp(database, "main") == 0;
}

/* The place for what is done to an attached database. NULL: it is temp, whose rows are nobody's, or memory ran out. */
static hdb_use *use_of(hdb_inspection *inspection, const char *database) {
    if (strcmp(database, "temp") == 0)
        return NULL;
    for (int i = 0; i < inspection->use_count; i++)
        if (strcmp(inspection->uses[i].database, database) == 0)
            return &inspection->uses[i];
    hdb_use *grown = realloc(inspection->uses, (size_t)(inspection->use_count + 1) * sizeof *grown);
    if (grown) {
        inspection->uses = grown;
        grown[inspection->use_count] = (hdb_use){.database = strdup(database)};
    }
    if (!grown || !grown[inspection->use_count].database) {
        inspection->failed = true;
        return NULL;
    }
    return &grown[inspection->use_count++];
}

static void note_table(hdb_inspection *inspection, const char *name, const char *database) {
    hdb_use *use = is_main(database) ? NULL : use_of(inspection, database);
    if (!name)
        return;
    if (use)
        add_name(inspection, &use->tables, &use->table_count, name);
    if (!is_main(database))
        return;
    inspection->uses_main = true;
    add_name(inspection, &inspection->tables, &inspection->table_count, name);
}

void hdb_inspection_note_table(hdb_inspection *inspection, const char *name) {
    note_table(inspection, name, NULL);
}

static void note_write(hdb_inspection *inspection, const char *database) {
    hdb_use *use = is_main(database) ? NULL : use_of(inspection, database);
    if (use)
        use->writes_rows = true;
    if (is_main(database))
        inspection->writes_rows = true;
}

static void note_schema_change(hdb_inspection *inspection, const char *table, const char *database) {
    hdb_use *use = is_main(database) ? NULL : use_of(inspection, database);
    if (use) {
        use->changes_schema = true;
        if (table)
            add_name(inspection, &use->rebuilt, &use->rebuilt_count, table);
    }
    if (!is_main(database))
        return;
    inspection->changes_schema = inspection->uses_main = true;
    if (table)
        add_name(inspection, &inspection->rebuilt, &inspection->rebuilt_count, table);
}

static char *copy_of(hdb_inspection *inspection, const char *text) {
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        inspection->failed = true;
    return copy;
}

static bool is_schema_table(const char *name) {
    return name && (strcmp(name, "sqlite_master") == 0 || strcmp(name, "sqlite_temp_master") == 0);
}

static void note_transaction(hdb_inspection *inspection, const char *operation) {
    inspection->kind = strcmp(operation, "BEGIN") == 0    ? HDB_STATEMENT_BEGIN
                       : strcmp(operation, "COMMIT") == 0 ? HDB_STATEMENT_COMMIT
                                                          : HDB_STATEMENT_ROLLBACK;
}

static void note_savepoint(hdb_inspection *inspection, const char *operation, const char *name) {
    inspection->kind = strcmp(operation, "BEGIN") == 0     ? HDB_STATEMENT_SAVEPOINT
                       : strcmp(operation, "RELEASE") == 0 ? HDB_STATEMENT_RELEASE
                                                           : HDB_STATEMENT_ROLLBACK_TO;
    free(inspection->savepoint);
    inspection->savepoint = copy_of(inspection, name);
}

static bool reads_every_table(const char *pragma) {
    return strcasecmp(pragma, "integrity_check") == 0 || strcasecmp(pragma, "quick_check") == 0 ||
           strcasecmp(pragma, "foreign_key_check") == 0;
}

/* PRAGMAs that the replica must not see. SQLITE_IGNORE makes the statement empty; what the application gets instead is
 * prepared by the caller. */
static int note_pragma(hdb_inspection *inspection, const char *name, const char *argument, const char *database) {
    static const struct {
        const char *name;
        enum hdb_pragma pragma;
    } answered[] = {
        {"synchronous", HDB_PRAGMA_SYNCHRONOUS},
        {"journal_mode", HDB_PRAGMA_JOURNAL_MODE},
        {"locking_mode", HDB_PRAGMA_LOCKING_MODE},
    };
    if (strncasecmp(name, "table_", 6) == 0 || strncasecmp(name, "index_", 6) == 0 ||
        strcasecmp(name, "foreign_key_list") == 0)
        inspection->uses_schema = true;
    bool sets = argument && (strcasecmp(name, "user_version") == 0 || strcasecmp(name, "application_id") == 0);
    if (database && strcmp(database, "temp") == 0)
        return SQLITE_OK;
    for (size_t i = 0; i < sizeof answered / sizeof *answered; i++) {
        if (strcasecmp(name, answered[i].name) != 0)
            continue;
        inspection->pragma = answered[i].pragma;
        inspection->pragma_argument = copy_of(inspection, argument);
        inspection->pragma_database = copy_of(inspection, database);
        return SQLITE_IGNORE;
    }
    if (argument && strcasecmp(name, "writable_schema") == 0 && strcmp(argument, "0") != 0 &&
        strcasecmp(argument, "off") != 0)
        inspection->refusal = "PRAGMA writable_schema: the schema is kept by the engine and can only be changed by DDL";
    if (!is_main(database)) {
        hdb_use *use = sets ? use_of(inspection, database) : NULL;
        if (use)
            use->sets_header = true;
        return SQLITE_OK;
    }
    if (reads_every_table(name))
        inspection->uses_all = inspection->uses_main = true;
    if (strcasecmp(name, "user_version") == 0 || strcasecmp(name, "application_id") == 0)
        inspection->uses_main = true;
    if (sets)
        inspection->sets_header = true;
    if (argument && strcasecmp(name, "query_only") == 0)
        inspection->sets_query_only = true;
    if (argument && strcasecmp(name, "count_changes") == 0)
        inspection->sets_count_changes = true;
    if (argument && strcasecmp(name, "schema_version") == 0)
        inspection->refusal = "PRAGMA schema_version = N: the schema is kept by the engine";
    return SQLITE_OK;
}

int hdb_inspection_note(hdb_inspection *inspection, int action, const char *first, const char *second,
                        const char *database, const char *trigger) {
    inspection->noted = true;
    inspection->uses_body = inspection->uses_body || trigger;
    switch (action) {
    case SQLITE_TRANSACTION:
        note_transaction(inspection, first);
        break;
    case SQLITE_SAVEPOINT:
        note_savepoint(inspection, first, second);
        break;
    case SQLITE_PRAGMA:
        return note_pragma(inspection, first, second, database);
    case SQLITE_INSERT:
    case SQLITE_DELETE:
    case SQLITE_UPDATE:
        if (is_schema_table(first))
            break; /* how DDL shows itself, too */
        inspection->deletes = inspection->deletes || action == SQLITE_DELETE;
        note_write(inspection, database);
        if (!trigger)
            inspection->is_dml = true;
        note_table(inspection, first, database);
        if (!database || strcmp(database, "main") == 0)
            add_name(inspection, &inspection->written, &inspection->written_count, first);
        break;
    case SQLITE_SELECT:
        inspection->has_select = true;
        break;
    case SQLITE_READ:
        inspection->uses_schema = inspection->uses_schema || is_schema_table(first);
        note_table(inspection, first, database);
        /* A PRAGMA as a table-valued function runs while its rows are read, too late to be asked about. */
        if (first && strncasecmp(first, "pragma_", 7) == 0 && reads_every_table(first + 7))
            inspection->uses_all = inspection->uses_main = true;
        break;
    case SQLITE_CREATE_TABLE:
        inspection->creates_table = true;
        note_schema_change(inspection, first, database);
        break;
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_VTABLE:
        note_schema_change(inspection, first, database);
        break;
    case SQLITE_ALTER_TABLE: /* here the database comes first and the table second */
        note_schema_change(inspection, second, first);
        inspection->is_temp_ddl = inspection->is_temp_ddl || strcasecmp(first, "temp") == 0;
        break;
    case SQLITE_CREATE_INDEX:
        note_table(inspection, second, database);
        add_name(inspection, &inspection->written, &inspection->written_count, second);
        note_schema_change(inspection, NULL, database);
        break;
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
        inspection->is_temp_ddl = true;
        break;
    case SQLITE_CREATE_TEMP_TRIGGER:
        inspection->is_temp_ddl = inspection->makes_temp_trigger = true;
        break;
    case SQLITE_CREATE_TRIGGER:
        add_name(inspection, &inspection->written, &inspection->written_count, second);
        note_schema_change(inspection, NULL, database);
        break;
    case SQLITE_CREATE_VIEW:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
        note_schema_change(inspection, NULL, database);
        break;
    case SQLITE_ATTACH:
        inspection->kind = HDB_STATEMENT_ATTACH;
        break;
    case SQLITE_DETACH:
        inspection->kind = HDB_STATEMENT_DETACH;
        break;
    default:
        break;
    }
    return SQLITE_OK;
}
