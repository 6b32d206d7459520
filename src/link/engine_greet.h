/* SPDX-License-Identifier: Apache-2.0 */
/* The first word with a private engine: how to reach it, and whether it is one that will do. */
#ifndef HDB_ENGINE_GREET_H
#define HDB_ENGINE_GREET_H

#include "error.h"

/* The conninfo of the engine of a data directory, whose socket is in `sockets`. The caller frees `out`. */
int hdb_engine_make_conninfo(const char *directory, const char *sockets, char **out, hdb_error *error);
/* Asks it for its version. HDB_CANTOPEN if it is another kind of server, or too old. */
int hdb_engine_greet(const char *conninfo, const char *directory, hdb_error *error);

#endif
