/* SPDX-License-Identifier: Apache-2.0 */
/* What of the changes before a cut is left. */
#include "replay_internal.h"

#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, PAGE = 4096 };

uint64_t replay_random(unsigned seed, uint64_t a, uint64_t b) {
    uint64_t x = seed + a * UINT64_C(0x9e3779b97f4a7c15) + b * UINT64_C(0xd1342543de82ef95);
    for (int i = 0; i < 3; i++) {
        x ^= x >> 30;
        x *= UINT64_C(0xbf58476d1ce4e5b9);
        x ^= x >> 27;
        x *= UINT64_C(0x94d049bb133111eb);
        x ^= x >> 31;
    }
    return x;
}

bool replay_is_lie(const struct replay *replay, const struct replay_options *options, const struct event *event) {
    if (!options->lying || event->thing < 0)
        return false;
    const char *path = replay->things[event->thing].first_path;
    size_t length = strlen(path), end = strlen(options->lying);
    return length > end && strcmp(path + length - end, options->lying) == 0;
}

static uint64_t place_of(const struct replay *replay, const struct event *event) {
    return (uint64_t)((const char *)event->record - replay->journal);
}

static bool is_in(const char *path, const char *directory) {
    size_t length = strlen(directory);
    if (length == 0)
        return !strchr(path, '/');
    return strncmp(path, directory, length) == 0 && path[length] == '/' && !strchr(path + length + 1, '/');
}

/* Whether an ordered change is one that syncing a thing, or its data alone, has to make durable. */
static bool concerns(const struct replay *replay, const struct event *change, const struct event *sync) {
    const struct thing *synced = &replay->things[sync->thing];
    int type = change->record->type;
    if (change->thing == sync->thing)
        return !(sync->record->flags & JOURNAL_DATA_ONLY) || type == JOURNAL_OPEN || type == JOURNAL_TRUNCATE;
    if (!synced->is_directory || type == JOURNAL_TRUNCATE)
        return false;
    return is_in(replay_first(change->record), synced->first_path) ||
           (type == JOURNAL_RENAME && is_in(replay_second(change->record), synced->first_path));
}

size_t replay_durable(const struct replay *replay, const struct replay_options *options, bool in_strict_order, size_t *made) {
    size_t durable = 0;
    *made = 0;
    for (size_t i = 0; i < options->cut; i++) {
        const struct event *sync = &replay->events[i];
        bool all = sync->record->type == JOURNAL_SYNC_ALL;
        *made += replay_is_ordered(sync->record);
        if (!all && (sync->record->type != JOURNAL_SYNC || sync->thing < 0 || replay_is_lie(replay, options, sync)))
            continue;
        size_t ordered = 0;
        for (size_t j = 0; j < i && place_of(replay, &replay->events[j]) < sync->record->place; j++) {
            const struct event *change = &replay->events[j];
            ordered += replay_is_ordered(change->record);
            if (replay_is_ordered(change->record) && ordered > durable &&
                (all || !in_strict_order || concerns(replay, change, sync)))
                durable = ordered;
        }
    }
    return durable;
}

size_t replay_choose(const struct replay *replay, const struct replay_options *options, struct names *names) {
    size_t made, durable = replay_durable(replay, options, replay_random(options->seed, 1, 0) % 2, &made), left = durable;
    uint64_t how = replay_random(options->seed, 2, 0) % 4;
    if (options->left == REPLAY_EVERYTHING || (options->left == REPLAY_RANDOM && how == 0))
        left = made;
    else if (options->left == REPLAY_RANDOM && how < 3)
        left = durable + replay_random(options->seed, 3, 0) % (made - durable + 1);
    for (size_t i = 0, ordered = 0; i < options->cut && ordered < left; i++) {
        names_apply(names, &replay->events[i]);
        ordered += replay_is_ordered(replay->events[i].record);
    }
    return left;
}

/* --- the content of a file */

/* Which of the writes after the last sync are on the disk. */
struct survival {
    unsigned seed;
    uint64_t thing;
    uint64_t durable; /* what is before this place is */
    uint64_t end;     /* nothing from this place on is */
    uint64_t order;   /* HOW_ORDERED, HOW_TORN: nothing from this place on is, or only sectors */
    enum { HOW_NONE, HOW_ALL, HOW_ORDERED, HOW_TORN, HOW_PAGES, HOWS } how;
};

static bool survives(const struct survival *survival, uint64_t place, uint64_t offset) {
    uint64_t page = offset / PAGE, span = survival->end - survival->durable;
    if (place < survival->durable || survival->how == HOW_ALL)
        return place < survival->end;
    switch (survival->how) {
    case HOW_ORDERED:
        return place < survival->order;
    case HOW_TORN: /* of what came next some sectors */
        return place < survival->order || (place < survival->end && replay_random(survival->seed, offset / SECTOR, place) % 4 == 0);
    case HOW_PAGES: /* each page was written to the disk at a time of its own, or not at all */
        switch (replay_random(survival->seed, survival->thing + 100, page) % 3) {
        case 0:
            return false;
        case 1:
            return place < survival->end;
        default:
            return place < survival->durable + replay_random(survival->seed, survival->thing + 200, page) % (span + 1);
        }
    default:
        return false;
    }
}

static void resize(struct content *content, uint64_t size) {
    if (size > content->room) {
        content->room = size * 2;
        content->data = realloc(content->data, content->room);
        if (!content->data)
            abort();
    }
    if (size > content->size)
        memset(content->data + content->size, 0, size - content->size);
    content->size = size;
}

static void write_sectors(struct content *content, const struct survival *survival, const struct journal_record *record,
                          uint64_t place) {
    for (uint64_t done = 0, part; done < record->data_size; done += part) {
        uint64_t offset = record->place + done;
        part = SECTOR - offset % SECTOR;
        if (part > record->data_size - done)
            part = record->data_size - done;
        if (!(record->flags & JOURNAL_AT_ONCE) && !survives(survival, place, offset))
            continue;
        if (offset + part > content->size)
            resize(content, offset + part);
        memcpy(content->data + offset, (const char *)(record + 1) + done, part);
        if (record->modified_ns)
            content->modified_ns = record->modified_ns;
    }
}

/* In every third cut one of the two sides, engine or file, has everything and the other one nothing. */
static int how_of(const struct replay_options *options, const struct thing *thing, uint64_t number) {
    bool is_engine = strstr(thing->first_path, "-heliosdb/data/") != NULL;
    uint64_t side = replay_random(options->seed, 20, 0) % 6;
    if (options->left != REPLAY_RANDOM)
        return options->left == REPLAY_EVERYTHING ? HOW_ALL : HOW_NONE;
    if (side < 2)
        return is_engine == (side == 0) ? HOW_ALL : HOW_NONE;
    return (int)(replay_random(options->seed, number, 300) % HOWS);
}

/* Where the data of a file are durable up to, and where it was first shortened in a way that is not. */
static struct survival survival_of(const struct replay *replay, const struct replay_options *options, int thing, size_t ordered) {
    struct survival survival = {.seed = options->seed, .thing = (uint64_t)thing, .end = UINT64_MAX};
    size_t changes = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < options->cut; i++) {
        const struct event *event = &replay->events[i];
        bool shortens = event->record->type == JOURNAL_TRUNCATE ||
                        (event->record->type == JOURNAL_OPEN && (event->record->flags & JOURNAL_TRUNCATES));
        changes += replay_is_ordered(event->record);
        last = place_of(replay, event) + 1;
        if (event->thing == thing && shortens && changes > ordered && survival.end == UINT64_MAX)
            survival.end = place_of(replay, event);
        if (event->record->place > survival.durable && (event->record->type == JOURNAL_SYNC_ALL ||
            (event->record->type == JOURNAL_SYNC && event->thing == thing && !replay_is_lie(replay, options, event))))
            survival.durable = event->record->place;
    }
    if (survival.end > last)
        survival.end = last;
    if (survival.durable > survival.end)
        survival.durable = survival.end;
    survival.how = how_of(options, &replay->things[thing], survival.thing);
    survival.order = survival.durable + replay_random(options->seed, survival.thing, 400) % (survival.end - survival.durable + 1);
    return survival;
}

void content_make(const struct replay *replay, const struct replay_options *options, int thing, size_t ordered,
                  struct content *out) {
    struct survival survival = survival_of(replay, options, thing, ordered);
    size_t changes = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < options->cut; i++) {
        const struct event *event = &replay->events[i];
        const struct journal_record *record = event->record;
        uint64_t place = place_of(replay, event);
        changes += replay_is_ordered(record);
        if (event->thing != thing)
            continue;
        if (record->type == JOURNAL_WRITE)
            write_sectors(out, &survival, record, place);
        else if (record->type == JOURNAL_EXTEND && record->place > out->size && survives(&survival, place, record->place))
            resize(out, record->place);
        else if (record->type == JOURNAL_TRUNCATE && changes <= ordered)
            resize(out, record->place);
        else if (record->type == JOURNAL_OPEN && (record->flags & JOURNAL_TRUNCATES) && changes <= ordered)
            resize(out, 0);
    }
}

void content_free(struct content *content) {
    free(content->data);
    content->data = NULL;
}
