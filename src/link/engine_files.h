/* SPDX-License-Identifier: Apache-2.0 */
/* What lies around a private engine: its program, its data directory. */
#ifndef HDB_ENGINE_FILES_H
#define HDB_ENGINE_FILES_H

#include "error.h"
#include <stdbool.h>

/* The oldest engine that will do, and the one to get. */
#define HDB_ENGINE_VERSION "4.41.1"
/* Name of the engine's own directory. */
#define HDB_ENGINE_DATA "data"

/* `directory` and `name` put together; the caller frees it. NULL if memory ran out. */
char *hdb_engine_path(const char *directory, const char *name);

/* The engine's program: `asked`, HELIOSDB_BIN, heliosdb-nano on PATH, the user's caches. HDB_CANTOPEN says how to get
 * it. The caller frees `out`. */
int hdb_engine_find_program(const char *asked, char **out, hdb_error *error);
/* heliosdb-keeper: HELIOSDB_KEEPER, beside this library, the directory it was built for, PATH. */
int hdb_engine_find_keeper(char **out, hdb_error *error);

/* Makes the data directory (0700) if it is not there; `made` tells. One that is there has to be ours, no symbolic link, and
 * becomes private. */
int hdb_engine_make_directory(const char *directory, bool *made, hdb_error *error);
/* Refuses a directory on a network file system: locks and mapped memory are of one machine, and two hosts would not see each
 * other. */
int hdb_engine_check_local(const char *directory, hdb_error *error);
/* Writes a whole file, 0600, in place of what was there: a reader sees the old or the new content. */
int hdb_engine_write_file(const char *directory, const char *name, const char *content, hdb_error *error);
/* A small file, NULL if there is none (or memory ran out). The caller frees it. A symbolic link is no file. */
char *hdb_engine_read_file(const char *directory, const char *name);
/* First line of a small file, NULL if there is none (or memory ran out). The caller frees it. */
char *hdb_engine_read_line(const char *directory, const char *name);
/* Writes what the engine needs before it starts: engine.toml, and the secret unless there is one. */
int hdb_engine_write_settings(const char *directory, hdb_error *error);
/* The end of engine.log, without colours; the caller frees it, NULL if there is none. */
char *hdb_engine_log_tail(const char *directory);

#endif
