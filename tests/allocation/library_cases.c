/* SPDX-License-Identifier: Apache-2.0 */
/* The library itself, and configurations. */
#include "sweep.h"

#include <string.h>

static int call_library(void) {
    RIGHT(SWEPT(hdb_version)() && SWEPT(hdb_version_number)() > 0 && SWEPT(hdb_sqlite_version)());
    RIGHT(strcmp(SWEPT(hdb_errstr)(HDB_BUSY), "database is locked") == 0);
    RIGHT(strcmp(SWEPT(hdb_errname)(HDB_BUSY), "SQLITE_BUSY") == 0);
    RIGHT(SWEPT(hdb_threadsafe)() >= 0);
    return HDB_OK;
}

/* sqlite3_complete() says NOMEM where it means that it can't tell. */
static int call_complete(void) {
    const int complete = SWEPT(hdb_complete)("SELECT 1;");
    return complete == HDB_NOMEM ? HDB_NOMEM : complete == 1 ? HDB_OK : sweep_wrong(__FILE__, __LINE__, "complete");
}

static int call_status(void) {
    int64_t current = -1, highest = -1;
    TRY(SWEPT(hdb_library_status)(0, &current, &highest, 0));
    RIGHT(current >= 0);
    current = -1;
    TRY(SWEPT(hdb_conn_status)(it.conn, 2, &current, &highest, 0));
    RIGHT(current >= 0);
    return HDB_OK;
}

static int call_config(void) {
    it.config = SWEPT(hdb_config_create)();
    if (!it.config)
        return HDB_NOMEM;
    TRY(SWEPT(hdb_config_set)(it.config, "timeout", "2"));
    TRY(SWEPT(hdb_config_set)(it.config, "timeout", "3"));
    RIGHT(strcmp(SWEPT(hdb_config_get)(it.config, "timeout"), "3") == 0);
    RIGHT(SWEPT(hdb_config_key)(0) != NULL);
    SWEPT(hdb_config_destroy)(it.config);
    it.config = NULL;
    return HDB_OK;
}

const sweep_case library_cases[] = {
    {"library", NULL, call_library},
    {"complete", NULL, call_complete},
    {"status", NULL, call_status},
    {"config", NULL, call_config},
    {NULL, NULL, NULL},
};
