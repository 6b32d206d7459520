/* SPDX-License-Identifier: Apache-2.0 */
/* Records what client, keeper and engine do to their files in a scenario, makes many times what a power cut could have
 * left of them, and audits each.
 * Usage: powercut [--cuts N] [--commits N] [--seed N] [--only CUT] [--lying] [--syncs] SCENARIO..
 *
 * --lying: the disk lies about the syncs of the engine's log; then the audit has to find lost commits, and ends with the first
 * cut that lost some.
 * --syncs: no cuts; counts the syncs of the engine's log within commits. */
#include "powercut.h"
#include "support.h"
#include "work.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *program;

/* Runs this program in another role, with a library before all others. *told: its first line, to be freed. */
static int run_role(const char *preloaded, const char *const arguments[], char **told) {
    char *variable = support_format("LD_PRELOAD=%s", preloaded), line[256] = "";
    posix_spawn_file_actions_t actions;
    int ends[2], status = 1;
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    putenv(variable);
    int rc = posix_spawn(&pid, program, &actions, NULL, (char *const *)arguments, environ);
    unsetenv("LD_PRELOAD");
    free(variable);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (rc != 0)
        abort();
    FILE *from = fdopen(ends[0], "r");
    if (fgets(line, sizeof line, from) && told)
        *told = support_format("%s", line);
    fclose(from);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

/* Keepers stop their engines and remove what they made elsewhere. */
static void stop_engines(const char *directory) {
    pid_t keepers[16];
    size_t count = support_find_processes(directory, "heliosdb-keeper", keepers, 16);
    for (size_t i = 0; i < count && i < 16; i++)
        kill(keepers[i], SIGTERM);
    if (support_await_no_process(directory, 30000) > 0) {
        fprintf(stderr, "processes of %s do not end\n", directory);
        exit(1);
    }
}

static char *in(const struct run *run, const char *name) {
    return support_format("%s/%s", run->directory, name);
}

/* --- recording */

static void make_journal(const char *path, const char *root) {
    struct journal_header header = {JOURNAL_MAGIC, sizeof header, 0};
    struct stat info;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (stat(root, &info) == 0)
        header.root = info.st_ino;
    if (fd < 0 || write(fd, &header, sizeof header) != (ssize_t)sizeof header || ftruncate(fd, JOURNAL_SIZE) != 0) {
        perror(path);
        exit(1);
    }
    close(fd);
}

static bool record(struct run *run) {
    char *journal = in(run, "journal"), *seed = support_format("%u", run->seed), *commits = support_format("%d", run->commits);
    make_journal(journal, run->root);
    setenv("POWERCUT_ROOT", run->root, 1);
    setenv("POWERCUT_JOURNAL", journal, 1);
    int failures = run_role(POWERCUT_RECORDER, (const char *[]){program, "--work", run->scenario, run->root, seed, commits, NULL}, NULL);
    unsetenv("POWERCUT_ROOT");
    unsetenv("POWERCUT_JOURNAL");
    stop_engines(run->root);
    run->replay = failures == 0 ? replay_open(journal) : NULL;
    free(journal);
    free(seed);
    free(commits);
    return run->replay != NULL;
}

/* --- notes */

bool powercut_is_note(const struct run *run, size_t index) {
    const char *path = replay_path(run->replay, index);
    return path && strcmp(path, "notes") == 0 && replay_record(run->replay, index)->type == JOURNAL_WRITE;
}

const char *powercut_note(const struct run *run, size_t index) {
    return (const char *)(replay_record(run->replay, index) + 1);
}

static void write_notes(const struct run *run, size_t cut, const char *path) {
    FILE *notes = fopen(path, "we");
    for (size_t i = 0; notes && i < cut; i++)
        if (powercut_is_note(run, i))
            fwrite(powercut_note(run, i), 1, replay_record(run->replay, i)->data_size, notes);
    if (!notes || fclose(notes) != 0)
        abort();
}

/* --- cuts */

static size_t first_cut(const struct run *run) {
    for (size_t i = replay_count(run->replay); i-- > 0;)
        if (powercut_is_note(run, i) && strncmp(powercut_note(run, i), "from", 4) == 0)
            return i + 1;
    return 1;
}

/* Every second one comes soon after a commit was acknowledged. */
static size_t choose_cut(const struct run *run, unsigned seed) {
    size_t first = first_cut(run), count = replay_count(run->replay);
    size_t cut = first + replay_random(seed, 10, 0) % (count - first + 1);
    if (replay_random(seed, 11, 0) % 2)
        return cut;
    while (cut < count && !(powercut_is_note(run, cut) && strncmp(powercut_note(run, cut), "done", 4) == 0))
        cut++;
    cut += 1 + replay_random(seed, 12, 0) % 4;
    return cut < count ? cut : count;
}

/* One cut. Returns whether the audit found nothing wrong. */
static bool cut_and_audit(struct run *run, unsigned seed) {
    struct replay_options options = {.cut = choose_cut(run, seed), .seed = seed};
    char *notes = in(run, "notes"), *inodes = in(run, "inodes"), *boot = in(run, "boot"), *told = NULL;
    char *work_seed = support_format("%u", run->seed);
    int found = 0, must = 0, lost = 0;
    if (run->lying) {
        options.lying = ".log";
        options.left = REPLAY_NOTHING;
    }
    write_notes(run, options.cut, notes);
    if (!replay_make(run->replay, &options, run->root, inodes))
        exit(1);
    setenv("POWERCUT_BOOT", boot, 1);
    setenv("POWERCUT_INODES", inodes, 1);
    int faults = run_role(POWERCUT_BOOT_LIBRARY, (const char *[]){program, "--audit", run->root, notes, work_seed, NULL}, &told);
    if (told)
        sscanf(told, "%d %d %d", &found, &must, &lost);
    run->cuts++;
    run->found += found;
    run->must += must;
    run->lost += lost;
    run->bad += faults != 0;
    if (faults != 0 && !run->lying)
        fprintf(stderr, "%s: --seed %u --only %u, after %zu of %zu records, failed (%d)\n", run->scenario, run->seed, seed,
                options.cut, replay_count(run->replay), faults);
    stop_engines(run->root);
    free(told);
    free(work_seed);
    free(boot);
    free(inodes);
    free(notes);
    return faults == 0;
}

static void write_boot(const struct run *run) {
    char *path = in(run, "boot");
    FILE *file = fopen(path, "we");
    if (!file || fputs("00000000-0000-4000-8000-00000000b007\n", file) < 0 || fclose(file) != 0)
        abort();
    free(path);
}

static bool judge(const struct run *run) {
    printf("%d cuts within %s%s: %d transactions found, %d acknowledged commits audited, %d lost, %d cuts with faults\n",
           run->cuts, run->scenario, run->lying ? " on a disk that lies" : "", run->found, run->must, run->lost, run->bad);
    fflush(stdout);
    return run->lying ? run->lost > 0 : run->bad == 0;
}

/* Every cut of one recording; its place on the disk is kept if something is wrong. */
static bool run_scenario(struct run *run, int cuts, bool syncs, const char *only) {
    run->directory = support_make_directory("powercut");
    run->root = in(run, "root");
    if (mkdir(run->root, 0700) != 0)
        abort();
    write_boot(run);
    bool good = record(run);
    if (!good)
        fprintf(stderr, "%s: can't be recorded\n", run->scenario);
    if (good && replay_compare(run->replay, run->root) > 0) {
        fprintf(stderr, "%s: the journal is not all that was done\n", run->scenario);
        good = false;
    }
    if (good && syncs)
        good = syncs_judge(run);
    for (int i = 0; good && !syncs && i < cuts && !(run->lying && run->lost > 0); i++)
        cut_and_audit(run, only ? (unsigned)strtoul(only, NULL, 10) : run->seed * 10000 + (unsigned)i);
    if (good && !syncs)
        good = judge(run);
    replay_close(run->replay);
    if (good)
        support_remove_directory(run->directory);
    else
        fprintf(stderr, "%s: files are left in %s\n", run->scenario, run->directory);
    free(run->root);
    free(run->directory);
    return good;
}

static int usage(void) {
    fprintf(stderr, "usage: %s [--cuts N] [--commits N] [--seed N] [--only CUT] [--lying] [--syncs] SCENARIO..\n", program);
    return 2;
}

int main(int argc, char **argv) {
    int cuts = 10, commits = 100, i = 1, failures = 0;
    unsigned seed = (unsigned)getpid() % 100000;
    bool lying = false, syncs = false;
    const char *only = NULL;
    program = argv[0];
    if (argc == 6 && strcmp(argv[1], "--work") == 0)
        return scenario_run(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10), atoi(argv[5])) != 0;
    if (argc == 5 && strcmp(argv[1], "--audit") == 0)
        return audit_run(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10)) != 0;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--lying") == 0)
            lying = true;
        else if (strcmp(argv[i], "--syncs") == 0)
            syncs = true;
        else if (i + 1 == argc)
            return usage();
        else if (strcmp(argv[i], "--cuts") == 0)
            cuts = atoi(argv[++i]);
        else if (strcmp(argv[i], "--commits") == 0)
            commits = atoi(argv[++i]);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--only") == 0)
            only = argv[++i];
        else
            return usage();
    }
    printf("seed %u\n", seed);
    fflush(stdout);
    for (; i < argc; i++) {
        struct run run = {.scenario = argv[i], .seed = seed, .commits = commits, .lying = lying};
        if (!scenario_is_known(argv[i]))
            return usage();
        failures += !run_scenario(&run, only ? 1 : cuts, syncs, only);
    }
    return failures != 0;
}
