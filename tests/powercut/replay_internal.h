/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the replayer share. */
#ifndef REPLAY_INTERNAL_H
#define REPLAY_INTERNAL_H

#include "replay.h"

/* A file or directory over its whole life. */
struct thing {
    uint64_t inode;
    int64_t born_ns;
    bool is_directory, is_gone; /* gone: its inode may be that of another one */
    const char *first_path;
};

struct event {
    const struct journal_record *record;
    int thing; /* -1: none */
};

struct replay {
    char *journal;
    struct event *events;
    size_t count;
    struct thing *things;
    int thing_count;
};

/* Which names there are, and what they stand for. */
struct name {
    char *path;
    int thing;
};

struct names {
    struct name *items;
    int count;
};

/* Whether a record changes names or shortens a file: such changes become durable in their order. */
bool replay_is_ordered(const struct journal_record *record);
const char *replay_first(const struct journal_record *record);
const char *replay_second(const struct journal_record *record);
int names_find(const struct names *names, const char *path);
/* What one record does to the names. */
void names_apply(struct names *names, const struct event *event);
void names_free(struct names *names);

struct content {
    char *data;
    uint64_t size, room;
    int64_t modified_ns;
};

/* What is left of a file, of the first `ordered` ordered changes. */
void content_make(const struct replay *replay, const struct replay_options *options, int thing, size_t ordered,
                  struct content *out);
void content_free(struct content *content);
/* How many ordered changes are durable. */
size_t replay_durable(const struct replay *replay, const struct replay_options *options, bool in_strict_order, size_t *made);
/* Whether a sync is one that the disk lies about. */
bool replay_is_lie(const struct replay *replay, const struct replay_options *options, const struct event *event);
/* A number that follows from the seed and two others. */
uint64_t replay_random(unsigned seed, uint64_t a, uint64_t b);
/* What is at a cut: the ordered changes that are left, and the names. */
size_t replay_choose(const struct replay *replay, const struct replay_options *options, struct names *names);

#endif
