/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets at the rows: nobody but the user whose database it is, and no secret is shown to anybody. */
#include "fixture.h"
#include "support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY_ELSE = 65534, MOST_PROCESSES = 8 };

/* Content of a file, NUL-ended; `size` may be NULL. Freed by the caller. */
static char *read_file(const char *path, size_t *size) {
    char *text = NULL, part[4096];
    size_t length = 0, got;
    FILE *file = fopen(path, "r"), *out = open_memstream(&text, &length);
    while (file && (got = fread(part, 1, sizeof part, file)) > 0)
        fwrite(part, 1, got, out);
    if (file)
        fclose(file);
    fclose(out);
    if (size)
        *size = length;
    return text;
}

static char *in_data(const struct fixture *fixture, const char *name) {
    return support_format("%s-heliosdb/%s", fixture->path, name);
}

/* First line of a file in the data directory. Freed by the caller. */
static char *line_of(const struct fixture *fixture, const char *name) {
    char *path = in_data(fixture, name), *text = read_file(path, NULL);
    text[strcspn(text, "\n")] = '\0';
    free(path);
    return text;
}

static void assert_mode(const char *path, mode_t mode) {
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, mode);
    assert_int_equal(info.st_uid, geteuid());
}

static hdb_conn *open_with_rows(const struct fixture *fixture) {
    hdb_conn *conn = fixture_open(fixture->path);
    assert_ok(conn, hdb_exec(conn, "CREATE TABLE t(a); INSERT INTO t VALUES (1)", -1));
    assert_ok(conn, hdb_flush(conn));
    return conn;
}

static void assert_absent(const char *path, const char *secret) {
    size_t size = 0;
    char *text = read_file(path, &size);
    if (memmem(text, size, secret, strlen(secret)))
        print_error("%s holds the secret\n", path);
    assert_null(memmem(text, size, secret, strlen(secret)));
    free(text);
}

static void the_secret_is_in_one_private_file_only(void **state) {
    static const char *const logs[] = {"engine.log", "engine.log.1", "engine.toml", "socket", "state"};
    struct fixture *fixture = *state;
    hdb_conn *conn = open_with_rows(fixture);
    char *secret = line_of(fixture, "secret"), *sockets = line_of(fixture, "socket"), *path = in_data(fixture, "secret");
    pid_t pids[MOST_PROCESSES];
    assert_int_equal(strlen(secret), 64);
    assert_mode(path, 0600);
    assert_mode(sockets, 0700);
    free(path);
    path = in_data(fixture, ".");
    assert_mode(path, 0700);
    free(path);
    size_t count = support_find_processes(fixture->directory, "heliosdb-", pids, MOST_PROCESSES);
    assert_int_equal(count, 2); /* keeper and engine */
    for (size_t i = 0; i < 2 * count; i++) {
        path = support_format("/proc/%d/%s", (int)pids[i / 2], i % 2 ? "environ" : "cmdline");
        assert_absent(path, secret);
        free(path);
    }
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        path = in_data(fixture, logs[i]);
        assert_absent(path, secret);
        free(path);
    }
    assert_int_not_equal(hdb_exec(conn, "SELECT to_char(no_such_column, 'YYYY')", -1), HDB_OK);
    assert_null(strstr(hdb_errmsg(conn), secret));
    hdb_close(conn);
    free(secret);
    free(sockets);
}

/* --- passwords of servers --- */

static void passwords_of_servers_are_never_told(void **state) {
    static const char *const dsns[] = {
        "postgresql://u:topsecret@127.0.0.1:1/d",
        "postgresql://u@127.0.0.1:1/d?password=topsecret",
        "host=127.0.0.1 port=1 user=u password=topsecret",
        "host=127.0.0.1,127.0.0.1 port=1,2 user=u password='topsecret'",
        "host=127.0.0.1 port=1 sslpassword=topsecret sslmode=require",
        "host=topsecret' password=topsecret",
        "postgresql://u:topsecret%zz@h/d",
        "host=127.0.0.1 port=1 passwort=topsecret",
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2 * sizeof dsns / sizeof *dsns; i++) {
        hdb_conn *conn = NULL;
        const char *text = NULL;
        bool sdk = i % 2;
        hdb_config *config = fixture_config("mode", "daemon");
        hdb_config_set(config, "dsn", dsns[i / 2]);
        hdb_config_set(config, "coherence", sdk ? "sdk" : "strict");
        assert_int_equal(hdb_connect(sdk ? fixture->path : "server", config, &conn), HDB_CANTOPEN);
        assert_null(strstr(hdb_errmsg(conn), "topsecret"));
        assert_int_not_equal(hdb_engine_dsn(conn, &text), HDB_OK);
        assert_int_not_equal(hdb_explain(conn, "SELECT 1", -1, &text), HDB_OK);
        assert_null(strstr(hdb_errmsg(conn), "topsecret"));
        hdb_close(conn);
        hdb_config_destroy(config);
    }
}

/* --- other users --- */

/* Whether the server asks for a password and takes no other. */
static int refuses(const char *host, int port, const char *password) {
    char *dsn = support_format("host=%s port=%d user=postgres dbname=postgres password='%s' connect_timeout=5 sslmode=disable",
                               host, port, password);
    PGconn *link = PQconnectdb(dsn);
    int refused = PQstatus(link) != CONNECTION_OK;
    PQfinish(link);
    free(dsn);
    return refused;
}

/* What somebody else tries. The number of the attempt that worked, 0: none. */
static int intrude(const char *sockets, const char *secret_path, const char *data) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (setgid(SOMEBODY_ELSE) != 0 || setuid(SOMEBODY_ELSE) != 0)
        return 100;
    if (open(secret_path, O_RDONLY) >= 0)
        return 1;
    if (opendir(data) || opendir(sockets))
        return 2;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.0", sockets);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno != EACCES)
        return 3;
    return unlink(address.sun_path) == 0 || rename(sockets, "/tmp/hdb-elsewhere") == 0 ? 4 : 0;
}

static void another_user_can_neither_read_nor_connect(void **state) {
    struct fixture *fixture = *state;
    int status = -1;
    if (geteuid() != 0) {
        print_message("only root can be somebody else\n");
        skip();
    }
    hdb_conn *conn = open_with_rows(fixture);
    char *sockets = line_of(fixture, "socket"), *secret = in_data(fixture, "secret"), *data = in_data(fixture, "data");
    assert_int_equal(chmod(fixture->directory, 0777), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(intrude(sockets, secret, data));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(fixture->directory, 0700), 0);
    assert_int_equal(hdb_close(conn), HDB_OK);
    free(sockets);
    free(secret);
    free(data);
}

/* Ports on which a process listens, told by its descriptors and /proc/net. Fails for an address beyond loopback. */
static int listening_ports(pid_t pid, int *out, int most) {
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"};
    int count = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char line[512], local[64], *path = support_format("/proc/%d/fd", (int)pid);
        unsigned long inode;
        unsigned port, kind;
        FILE *table = fopen(tables[i], "r");
        while (table && fgets(line, sizeof line, table)) {
            if (sscanf(line, " %*d: %63[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", local, &port, &kind, &inode) != 4)
                continue;
            char wanted[64], target[64], name[512];
            struct dirent *entry = NULL;
            DIR *fds = opendir(path);
            bool own = false;
            snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
            while (fds && !own && (entry = readdir(fds)) != NULL) {
                snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
                ssize_t size = readlink(name, target, sizeof target - 1);
                target[size > 0 ? size : 0] = '\0';
                own = strcmp(target, wanted) == 0;
            }
            closedir(fds);
            if (!own)
                continue;
            assert_string_equal(local, "0100007F"); /* 127.0.0.1 */
            assert_int_equal(kind, 10);             /* TCP, listening */
            assert_true(count < most);
            out[count++] = (int)port;
        }
        if (table)
            fclose(table);
        free(path);
    }
    return count;
}

static void nothing_listens_beyond_loopback_and_without_a_password(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = open_with_rows(fixture);
    char *secret = line_of(fixture, "secret"), *sockets = line_of(fixture, "socket");
    int ports[4];
    pid_t pid = 0;
    assert_int_equal(support_find_processes(fixture->directory, "heliosdb-nano", &pid, 1), 1);
    assert_int_equal(listening_ports(pid, ports, 4), 1); /* the engine can't be kept from it */
    assert_true(refuses("127.0.0.1", ports[0], ""));
    assert_true(refuses("127.0.0.1", ports[0], "postgres"));
    assert_true(refuses(sockets, 5432, "postgres"));
    assert_false(refuses(sockets, 5432, secret));
    assert_int_equal(hdb_close(conn), HDB_OK);
    free(secret);
    free(sockets);
}

/* --- what others may have put there --- */

static void expect_refusal(const struct fixture *fixture, const char *text) {
    hdb_conn *conn = NULL;
    hdb_config *config = fixture_config(NULL, NULL);
    int code = hdb_connect(fixture->path, config, &conn);
    if (code != HDB_CANTOPEN)
        print_error("expected: %s\n", text);
    assert_int_equal(code, HDB_CANTOPEN);
    assert_error(conn, HDB_CANTOPEN, HDB_CANTOPEN, "08001", text);
    hdb_close(conn);
    hdb_config_destroy(config);
}

static void a_link_in_place_of_the_data_directory_is_refused(void **state) {
    struct fixture *fixture = *state;
    char *victim = support_format("%s/victim", fixture->directory), *data = support_format("%s-heliosdb", fixture->path);
    assert_int_equal(mkdir(victim, 0755), 0);
    assert_int_equal(symlink(victim, data), 0);
    expect_refusal(fixture, "symbolic link");
    assert_mode(victim, 0755);
    assert_int_equal(rmdir(victim), 0); /* nothing was put there */
    expect_refusal(fixture, "symbolic link"); /* nor is one followed that leads nowhere */
    assert_int_equal(unlink(data), 0);
    free(victim);
    free(data);
}

static void links_within_the_data_directory_are_not_followed(void **state) {
    static const char *const names[] = {"users.lock", "start.lock", "state", "commit.lock", "data"};
    struct fixture *fixture = *state;
    char *victim = support_format("%s/victim", fixture->directory), *data = support_format("%s-heliosdb", fixture->path);
    assert_int_equal(mkdir(data, 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *link = in_data(fixture, names[i]);
        unlink(link); /* what the attempt before has made */
        assert_int_equal(symlink(victim, link), 0);
        expect_refusal(fixture, "symbolic link");
        assert_int_not_equal(access(victim, F_OK), 0);
        assert_int_equal(unlink(link), 0);
        free(link);
    }
    free(victim);
    free(data);
}

static void a_planted_secret_is_not_used(void **state) {
    struct fixture *fixture = *state;
    char *data = support_format("%s-heliosdb", fixture->path), *link = in_data(fixture, "secret");
    char *known = support_format("%s/known", fixture->directory);
    FILE *file = fopen(known, "w");
    for (int i = 0; i < 64; i++)
        fputc('0', file);
    fclose(file);
    assert_int_equal(mkdir(data, 0700), 0);
    assert_int_equal(symlink(known, link), 0);
    assert_int_equal(hdb_close(open_with_rows(fixture)), HDB_OK);
    char *secret = line_of(fixture, "secret");
    assert_int_equal(strspn(secret, "0") == 64, 0);
    assert_mode(link, 0600);
    free(secret);
    free(known);
    free(link);
    free(data);
}

static void a_socket_directory_of_others_is_not_used(void **state) {
    struct fixture *fixture = *state;
    hdb_conn *conn = open_with_rows(fixture);
    char *sockets = line_of(fixture, "socket");
    assert_int_equal(chmod(sockets, 0755), 0);
    hdb_conn *other = NULL;
    hdb_config *config = fixture_config(NULL, NULL);
    assert_ok(conn, hdb_close(conn));
    support_await_no_process(fixture->directory, 10000);
    assert_int_equal(hdb_connect(fixture->path, config, &other), HDB_OK);
    assert_int_equal(query_int64(other, "SELECT count(*) FROM t"), 1);
    assert_int_equal(fixture_engine_int64(other, "SELECT count(*) FROM t"), 1);
    char *now = line_of(fixture, "socket");
    assert_string_not_equal(now, sockets);
    assert_mode(now, 0700);
    assert_int_equal(hdb_close(other), HDB_OK);
    hdb_config_destroy(config);
    rmdir(sockets);
    free(sockets);
    free(now);
}

static void root_does_not_use_a_directory_of_another_user(void **state) {
    struct fixture *fixture = *state;
    char *data = support_format("%s-heliosdb", fixture->path);
    if (geteuid() != 0) {
        print_message("only root can be somebody else\n");
        skip();
    }
    assert_int_equal(mkdir(data, 0700), 0);
    assert_int_equal(chown(data, SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
    expect_refusal(fixture, "belongs to another user");
    free(data);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_secret_is_in_one_private_file_only),
        TEST(passwords_of_servers_are_never_told),
        TEST(another_user_can_neither_read_nor_connect),
        TEST(nothing_listens_beyond_loopback_and_without_a_password),
        TEST(a_link_in_place_of_the_data_directory_is_refused),
        TEST(links_within_the_data_directory_are_not_followed),
        TEST(a_planted_secret_is_not_used),
        TEST(a_socket_directory_of_others_is_not_used),
        TEST(root_does_not_use_a_directory_of_another_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
