/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

unsigned fault_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

hdb_conn *fault_open(const char *path, const char *linger, const char *timeout) {
    hdb_conn *conn = NULL;
    hdb_config *config = hdb_config_create();
    hdb_config_set(config, "notices", "off");
    hdb_config_set(config, "linger", linger);
    hdb_config_set(config, "timeout", timeout);
    if (hdb_connect(path, config, &conn) != HDB_OK) {
        fprintf(stderr, "open: %s\n", hdb_errmsg(conn));
        hdb_close(conn);
        conn = NULL;
    }
    hdb_config_destroy(config);
    return conn;
}

int fault_await(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}
