/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of daemon mode run on every server whose DSN is in the environment (tests/support/servers.sh), and are skipped if
 * there is none. */
#ifndef ON_SERVERS_H
#define ON_SERVERS_H

#include "fixture.h"

#include <stdbool.h>

/* Runs a test on each server, its schema empty before and after. */
void on_every_server(void (*test)(const char *dsn));
bool is_postgresql(const char *dsn);
/* A connection of this library; fails the test if there is none. */
hdb_conn *open_server(const char *dsn, const char *key, const char *value);
/* What another client of the server does, with libpq; gives the first cell as a number if there is one. */
int64_t as_another_client(const char *dsn, const char *sql);
/* The same, the first cell as text; the caller frees it. NULL if it is NULL or there is none. */
char *text_of_another_client(const char *dsn, const char *sql);

#endif
