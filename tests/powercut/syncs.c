/* SPDX-License-Identifier: Apache-2.0 */
#include "powercut.h"

#include <stdio.h>
#include <string.h>

enum { LEVELS = 3, WRITERS_MOST = 4 };

struct count {
    int commits, with_sync;
};

static bool is_engine_log(const char *path) {
    size_t length = path ? strlen(path) : 0;
    return length > 4 && strncmp(path, "app.db-heliosdb/data/", 21) == 0 && strcmp(path + length - 4, ".log") == 0;
}

static void count_syncs(const struct run *run, struct count counts[LEVELS]) {
    bool synced[WRITERS_MOST] = {false};
    for (size_t i = 0; i < replay_count(run->replay); i++) {
        int writer = 0, n = 0, level = 0;
        if (replay_record(run->replay, i)->type == JOURNAL_SYNC && is_engine_log(replay_path(run->replay, i)))
            memset(synced, true, sizeof synced);
        if (!powercut_is_note(run, i))
            continue;
        if (sscanf(powercut_note(run, i), "begun %d %d", &writer, &n) == 2)
            synced[writer] = false;
        else if (sscanf(powercut_note(run, i), "done %d %d %d", &writer, &n, &level) == 3) {
            counts[level].commits++;
            counts[level].with_sync += synced[writer];
        }
    }
}

bool syncs_judge(const struct run *run) {
    static const char *const names[LEVELS] = {"OFF", "NORMAL", "FULL"};
    struct count counts[LEVELS] = {{0}};
    count_syncs(run, counts);
    for (int level = 0; level < LEVELS; level++)
        if (counts[level].commits)
            printf("%s: the engine's log was synced within %d of %d commits at %s\n", run->scenario, counts[level].with_sync,
                   counts[level].commits, names[level]);
    return counts[2].with_sync == counts[2].commits &&
           5 * (counts[0].with_sync + counts[1].with_sync) <= counts[0].commits + counts[1].commits;
}
