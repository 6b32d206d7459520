/* SPDX-License-Identifier: Apache-2.0 */
#include "record/state.h"

#include "buffer.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "HDBst01"

static const char *const lock_names[HDB_LOCK_COUNT] = {
    [HDB_LOCK_SETUP] = "setup.lock",
    [HDB_LOCK_SESSION] = "session.lock",
    [HDB_LOCK_COMMIT] = "commit.lock",
    [HDB_LOCK_APPLY] = "apply.lock",
};

/* Names this boot of the machine; "" where it can't be told, which is never equal to itself here. */
static void read_boot(char *out, size_t size) {
    memset(out, 0, size);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = read(fd, out, size - 1);
    if (got < 0)
        out[0] = '\0';
    close(fd);
}

static int open_in(const char *directory, const char *name, int *out, hdb_error *error) {
    hdb_buffer path = HDB_BUFFER_INIT;
    hdb_buffer_format(&path, "%s/%s", directory, name);
    if (path.failed) {
        hdb_buffer_free(&path);
        return hdb_error_nomem(error);
    }
    *out = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc = *out >= 0 ? HDB_OK : hdb_error_set(error, HDB_CANTOPEN, NULL, "can't open %s: %s", path.data, strerror(errno));
    hdb_buffer_free(&path);
    return rc;
}

static int map_page(const char *directory, hdb_state *state, hdb_error *error) {
    int fd = -1;
    int rc = open_in(directory, "state", &fd, error);
    if (rc != HDB_OK)
        return rc;
    void *page = MAP_FAILED;
    if (ftruncate(fd, sizeof *state->page) == 0)
        page = mmap(NULL, sizeof *state->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        rc = hdb_error_set(error, HDB_IOERR, NULL, "can't map %s/state: %s", directory, strerror(errno));
    else
        state->page = page;
    close(fd);
    return rc;
}

int hdb_state_open(const char *directory, hdb_state *state, hdb_error *error) {
    char boot[sizeof state->page->boot];
    int rc = HDB_OK;
    memset(state, 0, sizeof *state);
    for (int i = 0; i < HDB_LOCK_COUNT; i++)
        state->locks[i] = -1;
    read_boot(boot, sizeof boot);
    state->in_memory = !directory;
    if (!directory) {
        state->page = calloc(1, sizeof *state->page);
        return state->page ? HDB_OK : hdb_error_nomem(error);
    }
    rc = map_page(directory, state, error);
    for (int i = 0; rc == HDB_OK && i < HDB_LOCK_COUNT; i++)
        rc = open_in(directory, lock_names[i], &state->locks[i], error);
    if (rc != HDB_OK) {
        hdb_state_close(state);
        return rc;
    }
    /* Setting up the page is done under setup.lock, which every opener takes. */
    rc = hdb_state_lock(state, HDB_LOCK_SETUP, error);
    if (rc != HDB_OK)
        return rc;
    state->same_boot = memcmp(state->page->magic, MAGIC, sizeof MAGIC) == 0 && *boot && strcmp(state->page->boot, boot) == 0;
    if (memcmp(state->page->magic, MAGIC, sizeof MAGIC) != 0) {
        memset(state->page, 0, sizeof *state->page);
        memcpy(state->page->magic, MAGIC, sizeof MAGIC);
    }
    memcpy(state->page->boot, boot, sizeof boot);
    hdb_state_unlock(state, HDB_LOCK_SETUP);
    return HDB_OK;
}

void hdb_state_close(hdb_state *state) {
    if (state->in_memory)
        free(state->page);
    else if (state->page)
        munmap(state->page, sizeof *state->page);
    state->page = NULL;
    for (int i = 0; i < HDB_LOCK_COUNT; i++) {
        if (state->locks[i] >= 0)
            close(state->locks[i]);
        state->locks[i] = -1;
    }
}

static int take(hdb_state *state, enum hdb_state_lock lock, int how) {
    int rc;
    if (state->in_memory)
        return 0;
    do
        rc = flock(state->locks[lock], how);
    while (rc != 0 && errno == EINTR);
    return rc;
}

int hdb_state_lock(hdb_state *state, enum hdb_state_lock lock, hdb_error *error) {
    if (take(state, lock, LOCK_EX) == 0)
        return HDB_OK;
    return hdb_error_set(error, HDB_IOERR, NULL, "can't take %s: %s", lock_names[lock], strerror(errno));
}

bool hdb_state_try(hdb_state *state, enum hdb_state_lock lock) {
    return take(state, lock, LOCK_EX | LOCK_NB) == 0;
}

int hdb_state_share(hdb_state *state, enum hdb_state_lock lock, hdb_error *error) {
    if (take(state, lock, LOCK_SH) == 0)
        return HDB_OK;
    return hdb_error_set(error, HDB_IOERR, NULL, "can't share %s: %s", lock_names[lock], strerror(errno));
}

void hdb_state_unlock(hdb_state *state, enum hdb_state_lock lock) {
    take(state, lock, LOCK_UN);
}

int64_t hdb_state_synced(const hdb_state *state) {
    return atomic_load_explicit(&state->page->synced, memory_order_acquire);
}

int64_t hdb_state_applied(const hdb_state *state) {
    return atomic_load_explicit(&state->page->applied, memory_order_acquire);
}

void hdb_state_set_synced(hdb_state *state, int64_t id) {
    atomic_store_explicit(&state->page->synced, id, memory_order_release);
}

void hdb_state_set_applied(hdb_state *state, int64_t id) {
    atomic_store_explicit(&state->page->applied, id, memory_order_release);
}

int hdb_state_sync(hdb_state *state, hdb_error *error) {
    if (state->in_memory || msync(state->page, sizeof *state->page, MS_SYNC) == 0)
        return HDB_OK;
    return hdb_error_set(error, HDB_IOERR, NULL, "can't sync the page of positions: %s", strerror(errno));
}

static uint64_t nanoseconds(int64_t seconds, int64_t fraction) {
    return (uint64_t)seconds * 1000000000u + (uint64_t)fraction;
}

/* A number of a file is given to another one soon after it is removed: the time when it was made tells them apart. */
#ifdef STATX_BTIME
static bool look_at(const char *path, hdb_file_mark *mark) {
    struct statx info = {0};
    if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &info) != 0)
        return false;
    bool has_time = info.stx_mask & STATX_BTIME;
    *mark = (hdb_file_mark){.identity = info.stx_ino ^ (has_time ? nanoseconds(info.stx_btime.tv_sec, info.stx_btime.tv_nsec) : 0),
                            .size = info.stx_size,
                            .modified_ns = nanoseconds(info.stx_mtime.tv_sec, info.stx_mtime.tv_nsec)};
    return true;
}
#else
static bool look_at(const char *path, hdb_file_mark *mark) {
    struct stat info;
    if (stat(path, &info) != 0)
        return false;
    *mark = (hdb_file_mark){.identity = info.st_ino, .size = (uint64_t)info.st_size,
                            .modified_ns = nanoseconds(info.st_mtime, 0)};
    return true;
}
#endif

hdb_file_mark hdb_file_mark_of(const char *path) {
    hdb_file_mark mark = {0}, beside;
    hdb_buffer wal = HDB_BUFFER_INIT;
    look_at(path, &mark);
    hdb_buffer_format(&wal, "%s-wal", path);
    if (!wal.failed && look_at(wal.data, &beside))
        mark.wal_size = beside.size;
    hdb_buffer_free(&wal);
    return mark;
}
