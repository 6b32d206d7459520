/* SPDX-License-Identifier: Apache-2.0 */
/* What else the plain SQLite side offers; see session.h. */
#ifndef ORACLE_H
#define ORACLE_H

#include <sqlite3.h>
#include <stdio.h>

/* The connection of a session of oracle_kind. */
sqlite3 *oracle_connection(void *session);
/* Writes one value of a row in its exact text form. */
void oracle_tell_value(FILE *report, sqlite3_stmt *stmt, int column);

#endif
