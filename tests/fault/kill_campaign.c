/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 at random points of a write load, and an audit of what was acknowledged.
 *
 * usage: kill_campaign [--rounds N] [--seed N] [--keep] [daemon-heliosdb|daemon-postgresql]
 *
 * In each round one to three writer processes use the database; at a random moment one of them, the engine, both, or
 * the engine's keeper are killed. Then the database is opened again, in a third of the rounds without its replica, and
 * audited. The parent never uses the library itself, so that every role starts in a fresh process. In daemon mode (the
 * DSN comes from HELIOSDB_TEST_DSN_*, and every table in its schema "public" is dropped) only clients are killed. */
#include "fault.h"
#include "server_clean.h"
#include "support.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WRITERS = 3, MOST_FAULTS = 8, ROUNDS_OF_A_DATABASE = 12, PATIENCE_MS = 30000, EXIT_SKIPPED = 77 };

enum victim { VICTIM_CLIENT, VICTIM_ENGINE, VICTIM_BOTH, VICTIM_KEEPER, VICTIMS };

static const char *const victim_names[VICTIMS] = {"a client", "the engine", "both at once", "the keeper"};

struct campaign {
    char *directory, *path;
    const char *dsn; /* daemon mode; NULL: embedded */
    unsigned random;
    int round, next_writer, faults;
    int kills[VICTIMS];
    struct message_list messages; /* of the present database */
    size_t acknowledged;          /* of all databases */
    atomic_int *stop;
};

struct round {
    enum victim victim;
    int writers;
    int from_start; /* whether the time to the kill is counted from the start, not from the first commit */
    int delay_ms;
    int lose_replica;
    const char *linger;
    pid_t pids[MOST_WRITERS];
    int pipe;
    int open_pipe; /* 0 once every writer has closed its end */
};

static void fault(struct campaign *campaign, const char *what) {
    printf("not ok - round %d: %s\n", campaign->round, what);
    fflush(stdout);
    campaign->faults++;
}

/* Runs one role in a process of its own and returns its exit code. */
static int in_child(int (*role)(struct campaign *, const struct round *), struct campaign *campaign,
                    const struct round *round) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(PATIENCE_MS / 1000 * 3);
        _exit(role(campaign, round));
    }
    if (pid > 0)
        status = fault_await(pid);
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int role_prepare(struct campaign *campaign, const struct round *round) {
    return fault_prepare(campaign->path, round->linger);
}

static int role_audit(struct campaign *campaign, const struct round *round) {
    int faults = fault_audit(campaign->path, round->linger, &campaign->messages);
    return faults < 100 ? faults : 100;
}

static void start_writers(struct campaign *campaign, struct round *round) {
    int ends[2];
    if (pipe(ends) != 0) {
        perror("pipe");
        exit(99);
    }
    atomic_store(campaign->stop, 0);
    for (int i = 0; i < round->writers; i++) {
        struct writer_options options = {campaign->path, ++campaign->next_writer, fault_random(&campaign->random),
                                         round->linger,  ends[1],                 campaign->stop};
        round->pids[i] = fork();
        if (round->pids[i] < 0) {
            perror("fork");
            exit(99);
        }
        if (round->pids[i] == 0) {
            close(ends[0]);
            _exit(fault_write(&options));
        }
    }
    close(ends[1]);
    round->pipe = ends[0];
    round->open_pipe = 1;
}

/* Takes one message, waiting until `end` at most. Returns 1 if there was one. */
static int take_message(struct campaign *campaign, struct round *round, long long end) {
    struct message message;
    struct pollfd wait = {.fd = round->pipe, .events = POLLIN};
    long long left = end - support_now_ms();
    if (!round->open_pipe || poll(&wait, 1, left > 0 ? (int)left : 0) <= 0)
        return 0;
    if (read(round->pipe, &message, sizeof message) != (ssize_t)sizeof message) {
        round->open_pipe = 0;
        return 0;
    }
    struct message_list *list = &campaign->messages;
    if ((list->count & (list->count - 1)) == 0) {
        size_t capacity = list->count ? list->count * 2 : 1;
        list->items = realloc(list->items, capacity * sizeof *list->items);
        if (!list->items)
            abort();
    }
    list->items[list->count++] = message;
    return 1;
}

static void take_messages(struct campaign *campaign, struct round *round, long long end) {
    while (take_message(campaign, round, end) || (round->open_pipe && support_now_ms() < end))
        continue;
}

static pid_t find_process(const struct campaign *campaign, const char *program) {
    pid_t pid = 0;
    size_t count = support_find_processes(campaign->directory, program, &pid, 1);
    return count > 0 ? pid : 0;
}

/* Kills as the round says; a client if there is no such process yet. Returns the index of the killed writer, or -1. */
static int kill_victim(struct campaign *campaign, struct round *round) {
    const char *program = round->victim == VICTIM_KEEPER ? "heliosdb-keeper" : "heliosdb-nano";
    pid_t pid = round->victim != VICTIM_CLIENT ? find_process(campaign, program) : 0;
    int index = -1;
    if (!pid)
        round->victim = VICTIM_CLIENT;
    else
        kill(pid, SIGKILL);
    if (round->victim == VICTIM_CLIENT || round->victim == VICTIM_BOTH) {
        index = (int)(fault_random(&campaign->random) % (unsigned)round->writers);
        kill(round->pids[index], SIGKILL);
    }
    campaign->kills[round->victim]++;
    return index;
}

static void end_writers(struct campaign *campaign, struct round *round, int killed) {
    atomic_store(campaign->stop, 1);
    take_messages(campaign, round, support_now_ms() + PATIENCE_MS);
    if (round->open_pipe) {
        fault(campaign, "a writer does not end");
        for (int i = 0; i < round->writers; i++)
            kill(round->pids[i], SIGKILL);
    }
    close(round->pipe);
    for (int i = 0; i < round->writers; i++) {
        int status = 0;
        waitpid(round->pids[i], &status, 0);
        if (i != killed && status != 0)
            fault(campaign, "a writer that was not killed failed");
    }
}

static void run_round(struct campaign *campaign, struct round *round) {
    long long begin = support_now_ms();
    start_writers(campaign, round);
    if (!round->from_start && !take_message(campaign, round, begin + PATIENCE_MS))
        fault(campaign, "no commit was acknowledged");
    long long moment = (round->from_start ? begin : support_now_ms()) + round->delay_ms;
    take_messages(campaign, round, moment);
    int killed = kill_victim(campaign, round);
    size_t before = campaign->messages.count;
    if (killed < 0) {
        /* The writers must get an engine again without being restarted. */
        long long end = support_now_ms() + PATIENCE_MS;
        while (campaign->messages.count < before + 50 && take_message(campaign, round, end))
            continue;
        if (campaign->messages.count < before + 50)
            fault(campaign, "the writers did not go on after the engine was killed");
    } else {
        take_messages(campaign, round, support_now_ms() + 20);
    }
    end_writers(campaign, round, killed);
    if (round->lose_replica && !campaign->dsn)
        support_remove_replica(campaign->path);
    int found = in_child(role_audit, campaign, round);
    if (found != 0)
        fault(campaign, "the audit found faults");
}

static void plan_round(struct campaign *campaign, struct round *round) {
    static const char *const lingers[] = {"0", "0.5", "2"};
    unsigned *random = &campaign->random;
    static const enum victim victims[] = {VICTIM_CLIENT, VICTIM_CLIENT, VICTIM_CLIENT, VICTIM_ENGINE,
                                          VICTIM_ENGINE, VICTIM_ENGINE, VICTIM_BOTH,   VICTIM_KEEPER};
    *round = (struct round){.victim = victims[fault_random(random) % 8],
                            .writers = fault_random(random) % 2 ? 1 : 1 + (int)(fault_random(random) % MOST_WRITERS),
                            .from_start = fault_random(random) % 6 == 0,
                            .lose_replica = fault_random(random) % 3 == 0,
                            .linger = lingers[fault_random(random) % 3]};
    round->delay_ms = (int)(fault_random(random) % (campaign->dsn ? 600 : round->from_start ? 400 : 120));
}

static void end_database(struct campaign *campaign) {
    if (!campaign->path)
        return;
    if (support_await_no_process(campaign->directory, 10000) > 0)
        fault(campaign, "a process is left");
    for (size_t i = 0; i < campaign->messages.count; i++)
        campaign->acknowledged += campaign->messages.items[i].kind != MESSAGE_TRANSFER_REFUSED;
    free(campaign->messages.items);
    campaign->messages = (struct message_list){0};
    free(campaign->path);
    campaign->path = NULL;
}

static void begin_database(struct campaign *campaign) {
    struct round round = {.linger = "2"};
    end_database(campaign);
    if (campaign->dsn && !server_clean(campaign->dsn))
        fault(campaign, "the server's database can't be emptied");
    campaign->path = campaign->dsn ? support_format("%s", campaign->dsn)
                                   : support_format("%s/bank%d.db", campaign->directory, campaign->round);
    if (in_child(role_prepare, campaign, &round) != 0)
        fault(campaign, "the database can't be made");
}

/* Returns how many rounds had no fault. */
static int run_campaign(struct campaign *campaign, int rounds) {
    int passed = 0;
    for (campaign->round = 1; campaign->round <= rounds && campaign->faults < MOST_FAULTS; campaign->round++) {
        struct round round;
        int faults = campaign->faults;
        if (campaign->round % ROUNDS_OF_A_DATABASE == 1)
            begin_database(campaign);
        plan_round(campaign, &round);
        run_round(campaign, &round);
        if (campaign->faults == faults)
            passed++;
        else
            printf("  round %d: %d writers, kill of %s %d ms after %s, linger %s, %s\n", campaign->round, round.writers,
                   victim_names[round.victim], round.delay_ms,
                   round.from_start ? "the start" : "the first commit", round.linger,
                   round.lose_replica ? "replica deleted" : "replica kept");
    }
    end_database(campaign);
    if (!campaign->dsn && rounds >= 40 && campaign->kills[VICTIM_ENGINE] == 0)
        fault(campaign, "no engine was found to be killed");
    return passed;
}

/* The set-up named on the command line; false if there is no such one, or no DSN for it. */
static int choose_setup(struct campaign *campaign, const char *name) {
    if (!name)
        return 1;
    if (strcmp(name, "daemon-heliosdb") == 0)
        campaign->dsn = getenv("HELIOSDB_TEST_DSN_HELIOSDB");
    else if (strcmp(name, "daemon-postgresql") == 0)
        campaign->dsn = getenv("HELIOSDB_TEST_DSN_POSTGRESQL");
    return campaign->dsn != NULL;
}

int main(int argc, char **argv) {
    static const struct option known[] = {{"rounds", required_argument, NULL, 'r'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"keep", no_argument, NULL, 'k'},
                                          {NULL, 0, NULL, 0}};
    struct campaign campaign = {.random = (unsigned)time(NULL)};
    int rounds = 200, keep = 0, option = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'r')
            rounds = atoi(optarg);
        else if (option == 's')
            campaign.random = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'k')
            keep = 1;
        else
            return 2;
    }
    if (!choose_setup(&campaign, argv[optind])) {
        printf("skipped - no DSN of the server in the environment\n0 passed, 0 failed, %d skipped\n", rounds);
        return EXIT_SKIPPED;
    }
    printf("seed %u, %d rounds\n", campaign.random, rounds);
    fflush(stdout);
    campaign.directory = support_make_directory("kill");
    campaign.stop = mmap(NULL, sizeof *campaign.stop, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (campaign.stop == MAP_FAILED) {
        perror("mmap");
        return 99;
    }
    int passed = run_campaign(&campaign, rounds);
    if (keep)
        printf("kept: %s\n", campaign.directory);
    else
        support_remove_directory(campaign.directory);
    for (int i = 0; i < VICTIMS; i++)
        if (campaign.kills[i] > 0)
            printf("%d kills of %s\n", campaign.kills[i], victim_names[i]);
    printf("%zu acknowledged commits\n", campaign.acknowledged);
    /* A round that was not reached is not a round that passed. */
    printf("%d passed, %d failed, 0 skipped\n", passed, rounds - passed + (passed == rounds && campaign.faults > 0));
    free(campaign.directory);
    return campaign.faults > 0;
}
