/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that the rewrite corpus speaks of: for SQLite as DDL, for the translator as it is told of them. */
#ifndef TEST_REWRITE_FIXTURE_H
#define TEST_REWRITE_FIXTURE_H

#include "direct/translate.h"

/* CREATE statements of all tables. */
extern const char *const fixture_ddl;
/* For hdb_translate(). */
extern const hdb_direct_schema fixture_schema;
/* One by name, NULL if there is none. */
const hdb_direct_table *fixture_table(const char *name);

#endif
