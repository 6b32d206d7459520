/* SPDX-License-Identifier: Apache-2.0 */
/* A network that is gone says nothing. Both ends are told to look after a while, where nobody has said how long that is:
 * the system's own answer is two hours. */
#include "link/pq_internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The server's own settings: it keeps a lost client's locks until it finds out. Those that its administrator, the DSN or the
 * role has set stay. */
const char pq_server_network_settings[] =
    "SELECT set_config(name, CASE name WHEN 'tcp_keepalives_idle' THEN '30' WHEN 'tcp_keepalives_interval' THEN '10' "
    "WHEN 'tcp_keepalives_count' THEN '3' ELSE '60000' END, false) FROM pg_settings WHERE source = 'default' AND name IN "
    "('tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count', 'tcp_user_timeout')";

static const struct {
    const char *keyword; /* of a conninfo, which may say otherwise */
    int option, value;
} settings[] = {
    {"keepalives_idle", TCP_KEEPIDLE, 30},
    {"keepalives_interval", TCP_KEEPINTVL, 10},
    {"keepalives_count", TCP_KEEPCNT, 3},
    {"tcp_user_timeout", TCP_USER_TIMEOUT, 60000},
};

static bool peer_of(const PGconn *conn, struct sockaddr_storage *out) {
    socklen_t size = sizeof *out;

    return getpeername(PQsocket(conn), (struct sockaddr *)out, &size) == 0 &&
           (out->ss_family == AF_INET || out->ss_family == AF_INET6);
}

static bool is_loopback(const struct sockaddr_storage *peer) {
    const struct in6_addr *address = &((const struct sockaddr_in6 *)peer)->sin6_addr;

    if (peer->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)peer)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(address) || (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

void pq_network_settle(hdb_link *link) {
    PQconninfoOption *used = PQconninfo(link->conn);
    const char *keepalives = used != NULL ? pq_option(used, "keepalives") : NULL;
    const char *mode = used != NULL ? pq_option(used, "sslmode") : NULL;
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};

    link->networked = peer_of(link->conn, &peer);
    link->exposed = link->networked && !is_loopback(&peer) && mode != NULL && strcmp(mode, "prefer") == 0 &&
                    !PQsslInUse(link->conn) && !PQgssEncInUse(link->conn);
    for (size_t i = 0; used != NULL && link->networked && i < sizeof settings / sizeof *settings; i++)
        if (pq_option(used, settings[i].keyword) == NULL && (keepalives == NULL || atoi(keepalives) != 0))
            setsockopt(PQsocket(link->conn), IPPROTO_TCP, settings[i].option, &settings[i].value, sizeof settings[i].value);
    PQconninfoFree(used);
}

bool hdb_link_is_exposed(const hdb_link *link) {
    return link->exposed;
}
