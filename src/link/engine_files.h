/* SPDX-License-Identifier: Apache-2.0 */
/* What lies around a private engine: its program, its data directory, the directory of its socket. */
#ifndef HDB_ENGINE_FILES_H
#define HDB_ENGINE_FILES_H

#include "error.h"
#include <stdbool.h>

/* Name of the engine's own directory, and of the socket that libpq asks for with port 5432. */
#define HDB_ENGINE_DATA "data"
#define HDB_ENGINE_SOCKET ".s.PGSQL.5432"

/* `directory` and `name` put together; the caller frees it. NULL if memory ran out. */
char *hdb_engine_path(const char *directory, const char *name);

/* The engine's program: `asked`, HELIOSDB_BIN, heliosdb-nano on PATH, the user's caches. HDB_CANTOPEN says how to get
 * it. The caller frees `out`. */
int hdb_engine_find_program(const char *asked, char **out, hdb_error *error);
/* heliosdb-keeper: HELIOSDB_KEEPER, beside this library, the directory it was built for, PATH. */
int hdb_engine_find_keeper(char **out, hdb_error *error);

/* Makes the data directory (0700) if it is not there; `made` tells. One that is there has to be ours, and becomes
 * private. */
int hdb_engine_make_directory(const char *directory, bool *made, hdb_error *error);
/* Makes a private directory with a short path, where sockets and in-memory engines live. The caller frees `out`. */
int hdb_engine_make_short_directory(char **out, hdb_error *error);
/* Writes a whole file, 0600, in place of what was there: a reader sees the old or the new content. */
int hdb_engine_write_file(const char *directory, const char *name, const char *content, hdb_error *error);
/* First line of a small file, NULL if there is none (or memory ran out). The caller frees it. */
char *hdb_engine_read_line(const char *directory, const char *name);
/* Writes what the engine needs before it starts: engine.toml, and the secret unless there is one. */
int hdb_engine_write_settings(const char *directory, hdb_error *error);
/* The end of engine.log, without colours; the caller frees it, NULL if there is none. */
char *hdb_engine_log_tail(const char *directory);

/* Whether a directory is ours alone. */
bool hdb_engine_is_private(const char *directory);
/* Whether a server answers on the socket in a directory. */
bool hdb_engine_answers(const char *socket_directory);
/* Removes a socket directory; one that is not private is left alone. */
void hdb_engine_remove_sockets(const char *socket_directory);

#endif
