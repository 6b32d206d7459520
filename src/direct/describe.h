/* SPDX-License-Identifier: Apache-2.0 */
/* Describes a table of the private replica for the translator: what only SQLite can tell of it. */
#ifndef HDB_DESCRIBE_H
#define HDB_DESCRIBE_H

#include "direct/translate.h"
#include "replica/replica.h"

typedef struct hdb_described {
    hdb_replica *replica;
    bool filled; /* a statement names one table: the first one asked for is kept */
    hdb_direct_table table;
    hdb_direct_column *columns; /* names and types are owned */
} hdb_described;

/* A schema for hdb_translate() that answers from the replica. */
hdb_direct_schema hdb_describe(hdb_described *described, hdb_replica *replica);
void hdb_described_clear(hdb_described *described);

#endif
