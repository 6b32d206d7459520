/* SPDX-License-Identifier: Apache-2.0 */
/* Empties a server's database between two cases. */
#ifndef SERVER_CLEAN_H
#define SERVER_CLEAN_H

#include <stdbool.h>

/* Drops every table and view that the DSN's user sees in the schema "public". Tells what went wrong on stderr. */
bool server_clean(const char *dsn);

#endif
