/* SPDX-License-Identifier: Apache-2.0 */
#include "replay_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *replay_first(const struct journal_record *record) {
    return (const char *)(record + 1);
}

const char *replay_second(const struct journal_record *record) {
    const char *first = replay_first(record);
    return first + strlen(first) + 1;
}

bool replay_is_ordered(const struct journal_record *record) {
    return record->type == JOURNAL_OPEN || record->type == JOURNAL_TRUNCATE || record->type >= JOURNAL_RENAME;
}

static void *grown(void *items, size_t count, size_t size) {
    /* Room for a power of two of them. */
    if ((count & (count - 1)) == 0)
        items = realloc(items, (count ? 2 * count : 1) * size);
    if (!items)
        abort();
    return items;
}

/* --- names */

int names_find(const struct names *names, const char *path) {
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->items[i].path, path) == 0)
            return i;
    return -1;
}

static void names_add(struct names *names, const char *path, int thing) {
    int at = names_find(names, path);
    if (at >= 0) {
        names->items[at].thing = thing;
        return;
    }
    names->items = grown(names->items, (size_t)names->count, sizeof *names->items);
    names->items[names->count++] = (struct name){strdup(path), thing};
}

static void names_remove(struct names *names, const char *path) {
    int at = names_find(names, path);
    if (at < 0)
        return;
    free(names->items[at].path);
    names->items[at] = names->items[--names->count];
}

static void names_rename(struct names *names, const char *from, const char *to) {
    size_t length = strlen(from);
    names_remove(names, to);
    for (int i = 0; i < names->count; i++) {
        char *path = names->items[i].path, *now = NULL;
        if (strncmp(path, from, length) != 0 || (path[length] != '\0' && path[length] != '/'))
            continue;
        if (asprintf(&now, "%s%s", to, path + length) < 0)
            abort();
        free(path);
        names->items[i].path = now;
    }
}

void names_apply(struct names *names, const struct event *event) {
    const char *first = replay_first(event->record);
    int at;
    switch (event->record->type) {
    case JOURNAL_OPEN:
    case JOURNAL_MKDIR:
        names_add(names, first, event->thing);
        break;
    case JOURNAL_UNLINK:
    case JOURNAL_RMDIR:
        names_remove(names, first);
        break;
    case JOURNAL_RENAME:
        names_rename(names, first, replay_second(event->record));
        break;
    case JOURNAL_LINK:
        at = names_find(names, first);
        if (at >= 0)
            names_add(names, replay_second(event->record), names->items[at].thing);
        break;
    }
}

void names_free(struct names *names) {
    for (int i = 0; i < names->count; i++)
        free(names->items[i].path);
    free(names->items);
}

/* --- reading */

/* The newest one of that inode that still has a name. */
static int thing_of(const struct replay *replay, uint64_t inode) {
    for (int i = replay->thing_count - 1; i >= 0; i--)
        if (replay->things[i].inode == inode && !replay->things[i].is_gone)
            return i;
    return -1;
}

static int new_thing(struct replay *replay, const struct journal_record *record) {
    replay->things = grown(replay->things, (size_t)replay->thing_count, sizeof *replay->things);
    replay->things[replay->thing_count] = (struct thing){.inode = record->file, .born_ns = record->born_ns,
                                                         .is_directory = record->type == JOURNAL_MKDIR,
                                                         .first_path = replay_first(record)};
    return replay->thing_count++;
}

static int thing_named(const struct names *names, const char *path) {
    int at = names_find(names, path);
    return at < 0 ? -1 : names->items[at].thing;
}

static void mark_gone(struct replay *replay, const struct names *names, int thing) {
    if (thing < 0)
        return;
    replay->things[thing].is_gone = true;
    for (int i = 0; i < names->count; i++)
        if (names->items[i].thing == thing)
            replay->things[thing].is_gone = false;
}

static void take(struct replay *replay, struct names *names, const struct journal_record *record) {
    struct event *event;
    int lost = -1;
    replay->events = grown(replay->events, replay->count, sizeof *replay->events);
    event = &replay->events[replay->count++];
    *event = (struct event){record, -1};
    switch (record->type) {
    case JOURNAL_OPEN:
    case JOURNAL_MKDIR:
        event->thing = thing_named(names, replay_first(record));
        if (event->thing < 0 || replay->things[event->thing].inode != record->file)
            event->thing = thing_of(replay, record->file);
        if (event->thing < 0)
            event->thing = new_thing(replay, record);
        break;
    case JOURNAL_RENAME:
        event->thing = thing_named(names, replay_first(record));
        lost = thing_named(names, replay_second(record));
        break;
    case JOURNAL_LINK:
    case JOURNAL_UNLINK:
    case JOURNAL_RMDIR:
        event->thing = lost = thing_named(names, replay_first(record));
        break;
    case JOURNAL_SYNC_ALL:
        break;
    default:
        event->thing = thing_of(replay, record->file);
    }
    names_apply(names, event);
    mark_gone(replay, names, lost);
}

struct replay *replay_open(const char *path) {
    struct replay *replay = calloc(1, sizeof *replay);
    struct names names = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (!replay)
        abort();
    replay->journal = fd < 0 ? MAP_FAILED : mmap(NULL, JOURNAL_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    if (replay->journal == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    close(fd);
    const struct journal_header *header = (const struct journal_header *)replay->journal;
    struct journal_record root = {.type = JOURNAL_MKDIR, .file = header->root};
    int first = new_thing(replay, &root);
    replay->things[first].first_path = "";
    for (uint64_t place = sizeof *header; place < header->used;) {
        const struct journal_record *record = (const struct journal_record *)(replay->journal + place);
        if (record->size == 0) {
            fprintf(stderr, "%s: a process died while it wrote its record at %llu\n", path, (unsigned long long)place);
            names_free(&names);
            replay_close(replay);
            return NULL;
        }
        take(replay, &names, record);
        place += record->size;
    }
    names_free(&names);
    return replay;
}

void replay_close(struct replay *replay) {
    if (!replay)
        return;
    munmap(replay->journal, JOURNAL_SIZE);
    free(replay->events);
    free(replay->things);
    free(replay);
}

size_t replay_count(const struct replay *replay) {
    return replay->count;
}

const struct journal_record *replay_record(const struct replay *replay, size_t index) {
    return replay->events[index].record;
}

uint64_t replay_place(const struct replay *replay, size_t index) {
    return (uint64_t)((const char *)replay->events[index].record - replay->journal);
}

const char *replay_path(const struct replay *replay, size_t index) {
    int thing = replay->events[index].thing;
    return thing < 0 ? NULL : replay->things[thing].first_path;
}
