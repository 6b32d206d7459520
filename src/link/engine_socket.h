/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a private engine's socket: private itself, and short, as the path of a socket must be. */
#ifndef HDB_ENGINE_SOCKET_H
#define HDB_ENGINE_SOCKET_H

#include "error.h"
#include <stdbool.h>

/* Name of the socket that libpq asks for with port 5432. */
#define HDB_ENGINE_SOCKET ".s.PGSQL.5432"

/* Makes a private directory with a short path, where sockets and in-memory engines live. The caller frees `out`. */
int hdb_engine_make_short_directory(char **out, hdb_error *error);
/* Whether a directory is ours alone. */
bool hdb_engine_is_private(const char *directory);

/* Notes in a data directory where the socket of its engine is, for whoever comes later. */
int hdb_engine_note_sockets(const char *directory, const char *sockets, hdb_error *error);
/* What was noted, NULL if nothing was. A note that came with a copy of another data directory names the engine of that
 * one, and does not count. The caller frees it. */
char *hdb_engine_find_sockets(const char *directory);

/* Whether a server answers on the socket in a directory. */
bool hdb_engine_answers(const char *socket_directory);
/* Removes a socket directory; one that is not private is left alone. */
void hdb_engine_remove_sockets(const char *socket_directory);

#endif
