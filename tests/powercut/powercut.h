/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the simulation share. */
#ifndef POWERCUT_H
#define POWERCUT_H

#include "replay_internal.h"

/* One recording and its cuts. */
struct run {
    const char *scenario;
    unsigned seed;
    int commits;
    bool lying;
    char *directory, *root; /* root: the recorded directory, below the other */
    struct replay *replay;
    int cuts, found, must, lost, bad;
};

/* Whether a record is a note, and its text, without a NUL. */
bool powercut_is_note(const struct run *run, size_t index);
const char *powercut_note(const struct run *run, size_t index);

/* Counts the syncs of the engine's log between the begin and the acknowledgement of commits, prints them, and returns
 * whether each commit at FULL has one, and those at OFF as good as none. */
bool syncs_judge(const struct run *run);

#endif
