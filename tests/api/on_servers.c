/* SPDX-License-Identifier: Apache-2.0 */
#include "on_servers.h"
#include "server_clean.h"
#include "support.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

static const char *const server_variables[] = {"HELIOSDB_TEST_DSN_HELIOSDB", "HELIOSDB_TEST_DSN_POSTGRESQL"};

hdb_conn *open_server(const char *dsn, const char *key, const char *value) {
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config(key, value);
    int code = hdb_connect(dsn, config, &conn);
    hdb_config_destroy(config);
    assert_ok(conn, code);
    assert_int_equal(hdb_conn_mode(conn), HDB_MODE_DAEMON);
    return conn;
}

bool is_postgresql(const char *dsn) {
    const char *postgresql = getenv(server_variables[1]);
    return postgresql && strcmp(dsn, postgresql) == 0;
}

char *text_of_another_client(const char *dsn, const char *sql) {
    PGconn *link = PQconnectdb(dsn);
    PGresult *result = PQexec(link, sql);
    char *text = NULL;
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        print_error("%s: %s\n", sql, PQerrorMessage(link));
        fail();
    }
    if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
        text = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(link);
    return text;
}

int64_t as_another_client(const char *dsn, const char *sql) {
    char *text = text_of_another_client(dsn, sql);
    int64_t value = text ? strtoll(text, NULL, 10) : 0;
    free(text);
    return value;
}

void on_every_server(void (*test)(const char *dsn)) {
    int count = 0;
    for (size_t i = 0; i < sizeof server_variables / sizeof *server_variables; i++) {
        const char *dsn = getenv(server_variables[i]);
        if (!dsn)
            continue;
        assert_true(server_clean(dsn));
        test(dsn);
        assert_true(server_clean(dsn));
        count++;
    }
    if (count == 0) {
        print_message("no DSN of a server in the environment\n");
        skip();
    }
}
