/* SPDX-License-Identifier: Apache-2.0 */
/* heliosdb-keeper: the parent of one private engine.
 *
 *   heliosdb-keeper --directory D --program P --socket-dir S --linger SECONDS [--memory]
 *
 * It is started by libheliosdb (src/link/embedded.c) and detaches itself. The engine runs as its child, so no
 * application has to look after it. It stops the engine when nobody has held D/users.lock for the linger time, and
 * removes S; with --memory also D. If the engine dies the keeper goes too: the next user starts both again. If the
 * keeper is killed, the kernel kills the engine.
 *
 * Descriptor 3: where to report, one line: "ready" or "failed: why". Descriptor 4: D/start.lock, held by whoever starts
 * the engine, let go when it is ready or has failed. D/engine.lock is held by keeper and engine alike: a new keeper
 * waits there until the engine of a killed one has really gone. */
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum {
    REPORT_FD = 3,
    START_LOCK_FD = 4,
    FIRST_STRAY_FD = 5,
    STARTING_TICK_MS = 5,
    TICK_MS = 200,
    MEMORY_TICK_MS = 20,
    START_MS = 60000, /* how long it may take to answer */
    STOP_MS = 10000,
    ENGINE_LOCK_MS = 15000,
    TOUCH_MS = 3600 * 1000
};

static const off_t log_max = 1024 * 1024;

static struct {
    const char *directory, *program, *sockets;
    double linger;
    bool memory;
} options;

static volatile sig_atomic_t stop_asked;

static void on_stop(int signal) {
    (void)signal;
    stop_asked = 1;
}

static void sleep_ms(int ms) {
    poll(NULL, 0, ms);
}

/* "D/name". The paths are short-lived: one buffer is enough. */
static const char *in(const char *directory, const char *name) {
    static char path[4096];

    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
        path[0] = '\0'; /* fails wherever it is used */
    return path;
}

static bool reported;

/* The first report counts; after it nobody waits for another. */
__attribute__((format(printf, 1, 2))) static void report(const char *format, ...) {
    char line[1024];
    va_list arguments;
    int length;

    if (reported)
        return;
    reported = true;
    va_start(arguments, format);
    length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length] = '\n';
    if (write(REPORT_FD, line, (size_t)length + 1) < 0)
        errno = 0; /* who started us is gone, which is no reason to stop: others may come */
    close(REPORT_FD);
    flock(START_LOCK_FD, LOCK_UN); /* closing alone would leave it to a fork of the application */
    close(START_LOCK_FD);
}

/* --- becoming a process of its own --- */

static bool parse(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(name, "--memory") == 0) {
            options.memory = true;
            continue;
        }
        if (value == NULL)
            return false;
        if (strcmp(name, "--directory") == 0)
            options.directory = value;
        else if (strcmp(name, "--program") == 0)
            options.program = value;
        else if (strcmp(name, "--socket-dir") == 0)
            options.sockets = value;
        else if (strcmp(name, "--linger") == 0)
            options.linger = atof(value);
        else
            return false;
        i++;
    }
    return options.directory != NULL && options.program != NULL && options.sockets != NULL;
}

static void close_strays(void) {
    struct rlimit limit;
    long last = 65536;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536)
        last = (long)limit.rlim_cur;
#ifdef __linux__
    if (close_range(FIRST_STRAY_FD, ~0u, 0) == 0)
        return;
#endif
    for (int fd = FIRST_STRAY_FD; fd < last; fd++)
        close(fd);
}

static void catch_signals(void) {
    struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* The first process ends at once, so that whoever started it has nothing to wait for later. */
static void detach(void) {
    int nowhere = open("/dev/null", O_RDWR);
    pid_t pid = fork();

    if (pid < 0) {
        report("failed: can't fork: %s", strerror(errno));
        _exit(1);
    }
    if (pid > 0)
        _exit(0);
    setsid();
    umask(077);
    for (int fd = 0; fd < 3 && nowhere >= 0; fd++)
        dup2(nowhere, fd);
    close_strays();
    fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
    fcntl(START_LOCK_FD, F_SETFD, FD_CLOEXEC);
    if (chdir("/") != 0)
        errno = 0; /* then a file system stays busy; nothing else */
    catch_signals();
}

/* Whether the engine will find its password: the first line of a file, as its environment could be dumped. */
static bool has_secret(void) {
    int fd = open(in(options.directory, "secret"), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char first = '\n';
    bool has = fd >= 0 && read(fd, &first, 1) == 1 && first != '\n';

    if (fd >= 0)
        close(fd);
    return has;
}

static bool lock_within(int fd, int ms) {
    int64_t end = hdb_now_ms() + ms;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (hdb_now_ms() > end || stop_asked)
            return false;
        sleep_ms(20);
    }
    return true;
}

/* --- the engine's log --- */

static int log_fd = -1;
static off_t log_size;

static void open_log(void) {
    char old[4096];

    if (log_fd >= 0)
        close(log_fd);
    snprintf(old, sizeof old, "%s", in(options.directory, "engine.log.1"));
    rename(in(options.directory, "engine.log"), old);
    log_fd = open(in(options.directory, "engine.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    log_size = 0;
}

/* Copies what the engine printed. False when it has closed its end. */
static bool copy_output(int from) {
    char text[8192];
    ssize_t got = read(from, text, sizeof text);

    if (got <= 0)
        return got < 0 && (errno == EAGAIN || errno == EINTR);
    if (log_size + got > log_max)
        open_log();
    if (write(log_fd, text, (size_t)got) < 0)
        return true; /* a full disk takes no log: the engine itself has to say so */
    log_size += got;
    return true;
}

/* --- the engine --- */

static pid_t engine = -1;
static int output = -1;

/* In the child: never returns. What fails is told through the close-on-exec pipe. */
static void become_engine(int out, int failure, pid_t keeper) {
    char program[PATH_MAX];
    struct sigaction usual = {.sa_handler = SIG_DFL};
    const char *argv[24];
    int n = 0, reason;

    argv[n++] = options.program;
    argv[n++] = "start";
    argv[n++] = options.memory ? "--memory" : "--data-dir";
    if (!options.memory)
        argv[n++] = "data";
    argv[n++] = "--pg-socket-dir";
    argv[n++] = options.sockets;
    argv[n++] = "--port";
    argv[n++] = "0";
    argv[n++] = "--http-port";
    argv[n++] = "0";
    argv[n++] = "--auth";
    argv[n++] = "password";
    argv[n++] = "--max-connections";
    argv[n++] = "1000";
    argv[n++] = "--config";
    argv[n++] = "engine.toml";
    argv[n] = NULL;
    sigaction(SIGPIPE, &usual, NULL);
    sigaction(SIGHUP, &usual, NULL);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != keeper)
        _exit(1);
    setenv("HELIOSDB_PASSWORD_FILE", "secret", 1); /* in the directory that it runs in */
    unsetenv("HELIOSDB_PASSWORD");
    unsetenv("HELIOSDB_NANO_READY_FILE");
    setenv("NO_COLOR", "1", 1);
    dup2(out, 1);
    dup2(out, 2);
    /* It takes paths in UTF-8 only: relative ones, so that the directory's own may be anything. */
    if (realpath(options.program, program) && chdir(options.directory) == 0)
        execv(program, (char *const *)argv);
    reason = errno;
    if (write(failure, &reason, sizeof reason) < 0)
        _exit(126);
    _exit(127);
}

static bool start_engine(void) {
    int out[2], failure[2], reason = 0;
    pid_t keeper = getpid();

    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) {
        report("failed: can't make a pipe: %s", strerror(errno));
        return false;
    }
    engine = fork();
    if (engine == 0)
        become_engine(out[1], failure[1], keeper);
    reason = engine < 0 ? errno : 0;
    close(out[1]);
    close(failure[1]);
    output = out[0];
    fcntl(output, F_SETFL, O_NONBLOCK);
    if (engine > 0 && read(failure[0], &reason, sizeof reason) != (ssize_t)sizeof reason)
        reason = 0;
    close(failure[0]);
    if (reason == 0)
        return true;
    report("failed: can't run %s: %s", options.program, strerror(reason));
    return false;
}

/* Whether the engine is still there; when it is not, says so to whoever waits for it. */
static bool engine_runs(void) {
    int status;

    if (waitpid(engine, &status, WNOHANG) != engine)
        return true;
    while (copy_output(output) && poll(&(struct pollfd){.fd = output, .events = POLLIN}, 1, 0) > 0)
        ;
    if (WIFSIGNALED(status))
        report("failed: the engine was ended by signal %d", WTERMSIG(status));
    else
        report("failed: the engine ended with exit status %d", WEXITSTATUS(status));
    engine = -1;
    return false;
}

/* Whether the directory is still the one that was locked. */
static bool is_in_place(int engine_lock) {
    struct stat here, ours;

    return fstat(engine_lock, &ours) == 0 && stat(in(options.directory, "engine.lock"), &here) == 0 &&
           here.st_ino == ours.st_ino && here.st_dev == ours.st_dev;
}

/* One whose directory was removed, or is being removed, must not put more files there. */
static void stop_engine(int engine_lock) {
    int64_t end = hdb_now_ms() + STOP_MS;

    if (engine < 0)
        return;
    kill(engine, options.memory || !is_in_place(engine_lock) ? SIGKILL : SIGTERM);
    while (engine_runs()) {
        struct pollfd from = {.fd = output, .events = POLLIN};
        if (hdb_now_ms() > end) {
            kill(engine, SIGKILL);
            end = INT64_MAX;
        }
        if (poll(&from, 1, 10) > 0 && !copy_output(output))
            sleep_ms(10); /* it has closed its output and is about to end */
    }
}

static bool answers(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool connected;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", in(options.sockets, ".s.PGSQL.0"));
    connected = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return connected;
}

/* --- waiting for users --- */

/* Whether the socket can still be found. */
static bool is_reachable(void) {
    return access(in(options.sockets, ".s.PGSQL.0"), F_OK) == 0;
}

/* Programs that clean /tmp go by age. */
static void touch(void) {
    static const char *const names[] = {".s.PGSQL.0", ".s.PGSQL.5432", "."};

    for (int i = 0; i < 3; i++)
        utimensat(AT_FDCWD, in(options.sockets, names[i]), NULL, AT_SYMLINK_NOFOLLOW);
}

/* True once nobody has held the lock for the linger time; then it is ours, and newcomers wait until we are gone. */
static bool is_unused(int users_lock, int64_t *idle_since) {
    if (flock(users_lock, LOCK_EX | LOCK_NB) != 0) {
        *idle_since = -1;
        return false;
    }
    if (*idle_since < 0)
        *idle_since = hdb_now_ms();
    if ((double)(hdb_now_ms() - *idle_since) >= options.linger * 1000)
        return true;
    flock(users_lock, LOCK_UN);
    return false;
}

/* Says that the engine has made its files and answered once. */
static void note_made(void) {
    int fd = open(in(options.directory, "made"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place) {
    (void)info, (void)kind, (void)place;
    return remove(path);
}

/* An engine that was killed while it made its files can't use them any more, and nobody has had an answer from it: they
 * are made again. Both signs have to be there, so that files which were lost later are never taken for unfinished ones. */
static void remove_unfinished(void) {
    if (options.memory || access(in(options.directory, "made"), F_OK) == 0 ||
        access(in(options.directory, "data/CURRENT"), F_OK) == 0 || access(in(options.directory, "data"), F_OK) != 0)
        return;
    nftw(in(options.directory, "data"), remove_one, 16, FTW_DEPTH | FTW_PHYS);
    mkdir(in(options.directory, "data"), 0700);
}

static void keep(int users_lock, int engine_lock) {
    int64_t idle_since = -1, begun = hdb_now_ms(), touched = begun, asked = 0;
    int tick = options.memory ? MEMORY_TICK_MS : TICK_MS;
    bool ready = false, open = true;

    while (!stop_asked && engine_runs()) {
        struct pollfd from = {.fd = open ? output : -1, .events = POLLIN};
        if (poll(&from, 1, ready ? tick : STARTING_TICK_MS) > 0)
            open = copy_output(output);
        if (!ready && (ready = answers())) {
            note_made();
            report("ready");
        }
        if (hdb_now_ms() - asked < tick)
            continue; /* a talkative engine wakes us more often than the locks need */
        asked = hdb_now_ms();
        /* Not while it starts: stopped halfway through making its files, it could not use them again. */
        if (!ready && asked - begun < START_MS)
            continue;
        if (is_unused(users_lock, &idle_since) || (ready && !(is_in_place(engine_lock) && is_reachable())))
            break;
        if (asked - touched > TOUCH_MS) {
            touch();
            touched = asked;
        }
    }
}

static void remove_files(void) {
    static const char *const names[] = {"users.lock", "start.lock",   "engine.lock", "secret", "engine.toml",
                                        "engine.log", "engine.log.1", "socket",      "draft",  "made"};

    unlink(in(options.sockets, ".s.PGSQL.5432"));
    unlink(in(options.sockets, ".s.PGSQL.0"));
    rmdir(options.sockets);
    if (!options.memory)
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in(options.directory, names[i]));
    rmdir(options.directory);
}

int main(int argc, char **argv) {
    struct rlimit files;
    int users_lock, engine_lock;

    if (!parse(argc, argv)) {
        fprintf(stderr, "usage: heliosdb-keeper --directory D --program P --socket-dir S --linger SECONDS [--memory]\n"
                        "This program is started by libheliosdb.\n");
        return 2;
    }
    detach();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    users_lock = open(in(options.directory, "users.lock"), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    engine_lock = open(in(options.directory, "engine.lock"), O_RDWR | O_CREAT | O_NOFOLLOW, 0600); /* goes to the engine */
    if (users_lock < 0 || engine_lock < 0 || !has_secret()) {
        report("failed: can't read the engine's directory: %s", strerror(errno));
    } else if (!lock_within(engine_lock, ENGINE_LOCK_MS)) {
        report("failed: an engine that nobody looks after still runs on this directory");
    } else if (symlink(".s.PGSQL.0", in(options.sockets, ".s.PGSQL.5432")) != 0) {
        report("failed: can't make a link in %s: %s", options.sockets, strerror(errno));
    } else {
        open_log();
        remove_unfinished();
        if (start_engine())
            keep(users_lock, engine_lock);
        stop_engine(engine_lock);
    }
    remove_files();
    return 0;
}
