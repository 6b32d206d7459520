/* SPDX-License-Identifier: Apache-2.0 */
#include "server_clean.h"
#include "support.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool run(PGconn *link, const char *sql) {
    PGresult *result = PQexec(link, sql);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!ok)
        fprintf(stderr, "%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
    return ok;
}

static bool drop_tables(PGconn *link) {
    bool ok = true;
    PGresult *result =
        PQexec(link, "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public'");
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s", PQresultErrorMessage(result));
        ok = false;
    }
    for (int i = 0; ok && i < PQntuples(result); i++) {
        bool view = strcmp(PQgetvalue(result, i, 1), "VIEW") == 0;
        char *name = PQescapeIdentifier(link, PQgetvalue(result, i, 0), strlen(PQgetvalue(result, i, 0)));
        char *sql = support_format("DROP %s IF EXISTS %s CASCADE", view ? "VIEW" : "TABLE", name);
        ok = run(link, sql);
        free(sql);
        PQfreemem(name);
    }
    PQclear(result);
    return ok;
}

static void ignore_notice(void *context, const char *message) {
    (void)context;
    (void)message;
}

bool server_clean(const char *dsn) {
    bool ok = false;
    PGconn *link = PQconnectdb(dsn);
    PQsetNoticeProcessor(link, ignore_notice, NULL);
    if (PQstatus(link) != CONNECTION_OK)
        fprintf(stderr, "%s", PQerrorMessage(link));
    else
        ok = drop_tables(link);
    PQfinish(link);
    return ok;
}
