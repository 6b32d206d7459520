/* SPDX-License-Identifier: Apache-2.0 */
/* kill -9 in the middle of statements of every kind, and a comparison of everything with plain SQLite.
 *
 * usage: statement_kills [--points N] [--seed N] [--keep] [embedded|daemon-heliosdb|daemon-postgresql]
 *
 * In each round a process runs units (units.h); some microseconds after one of its statements began it is killed, in a
 * fifth of the embedded rounds its engine instead, or both. Then schema and rows, in the replica and in the engine alike,
 * must be what they were before the interrupted unit or what they are after it, and a unit that gave an error must not
 * be there, but for VACUUM. A point is a client killed while a unit was running. Servers come from HELIOSDB_TEST_DSN_*; every table in
 * their schema "public" is dropped. */
#include "fault.h"
#include "runner.h"
#include "server_clean.h"
#include "support.h"
#include "units.h"

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

enum { MOST_FAULTS = 8, ROUNDS_OF_A_DATABASE = 20, PATIENCE_MS = 30000, MOST_DONE = 4096, EXIT_SKIPPED = 77 };

enum victim { VICTIM_CLIENT, VICTIM_ENGINE, VICTIM_BOTH };

struct campaign {
    struct setup setup;
    char *directory, *path, *plain_path;
    unsigned random, seed;
    int round, next_unit, faults, points, engine_kills;
    int by_kind[KINDS], before, after;
    atomic_int *stop;
};

struct round {
    enum victim victim;
    int statements; /* that are let pass before the one that is hit */
    long delay_us;
    int lose_replica;
    const char *linger;
    pid_t pid;
    int pipe, open_pipe;
    struct told_message done[MOST_DONE], last; /* `last` is of kind TOLD_STATEMENT while a unit is running */
    int done_count;
};

static void fault(struct campaign *campaign, const char *what) {
    printf("not ok - round %d: %s\n", campaign->round, what);
    fflush(stdout);
    campaign->faults++;
}

static struct runner_options runner_options(struct campaign *campaign, const struct round *round, int pipe) {
    return (struct runner_options){campaign->path,      &campaign->setup, campaign->seed, campaign->next_unit,
                                   round->linger, pipe,             campaign->stop};
}

static pid_t start(void) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(99);
    }
    if (pid == 0)
        alarm(PATIENCE_MS / 1000 * 4);
    return pid;
}

static void begin_database(struct campaign *campaign) {
    struct round round = {.linger = "0"};
    free(campaign->path);
    free(campaign->plain_path);
    campaign->path = support_format("%s/app%d.db", campaign->directory, campaign->round);
    campaign->plain_path = support_format("%s/plain%d.db", campaign->directory, campaign->round);
    campaign->seed = fault_random(&campaign->random);
    campaign->next_unit = 1;
    if (campaign->setup.dsn && !server_clean(campaign->setup.dsn))
        fault(campaign, "the server's database can't be emptied");
    struct runner_options options = runner_options(campaign, &round, -1);
    pid_t pid = start();
    if (pid == 0)
        _exit(runner_prepare(&options, campaign->plain_path));
    if (fault_await(pid) != 0)
        fault(campaign, "the database can't be made");
}

/* Takes one message, waiting until `end` at most. Returns whether there was one. */
static int take_message(struct round *round, long long end) {
    struct told_message message;
    struct pollfd wait = {.fd = round->pipe, .events = POLLIN};
    long long left = end - support_now_ms();
    if (!round->open_pipe || poll(&wait, 1, left > 0 ? (int)left : 0) <= 0)
        return 0;
    if (read(round->pipe, &message, sizeof message) != (ssize_t)sizeof message) {
        round->open_pipe = 0;
        return 0;
    }
    round->last = message;
    if (message.kind != TOLD_STATEMENT && round->done_count < MOST_DONE)
        round->done[round->done_count++] = message;
    return 1;
}

static void start_runner(struct campaign *campaign, struct round *round) {
    int ends[2];
    if (pipe(ends) != 0) {
        perror("pipe");
        exit(99);
    }
    atomic_store(campaign->stop, 0);
    struct runner_options options = runner_options(campaign, round, ends[1]);
    round->pid = start();
    if (round->pid == 0) {
        close(ends[0]);
        _exit(runner_run(&options));
    }
    close(ends[1]);
    round->pipe = ends[0];
    round->open_pipe = 1;
}

/* Sleeping takes longer than many statements do. */
static void wait_us(long us) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000 + (now.tv_nsec - begin.tv_nsec) / 1000 < us);
}

static void kill_victim(struct campaign *campaign, struct round *round) {
    pid_t engine = 0;
    if (round->victim != VICTIM_CLIENT && support_find_processes(campaign->directory, "heliosdb-nano", &engine, 1) == 0)
        round->victim = VICTIM_CLIENT;
    if (round->victim != VICTIM_CLIENT) {
        kill(engine, SIGKILL);
        campaign->engine_kills++;
    }
    if (round->victim != VICTIM_ENGINE)
        kill(round->pid, SIGKILL);
}

/* Lets the runner come to the statement, kills, and takes what is still told. */
static void run_and_kill(struct campaign *campaign, struct round *round) {
    long long end = support_now_ms() + PATIENCE_MS;
    start_runner(campaign, round);
    for (int passed = -1; passed < round->statements && take_message(round, end);)
        passed += round->last.kind == TOLD_STATEMENT;
    if (!round->open_pipe)
        fault(campaign, "the runner ended by itself");
    wait_us(round->delay_us);
    kill_victim(campaign, round);
    if (round->victim == VICTIM_ENGINE) {
        /* It must get an engine again and go on. */
        int enough = round->done_count + 5;
        while (round->done_count < enough && take_message(round, end))
            continue;
        if (round->done_count < enough)
            fault(campaign, "the runner did not go on after the engine was killed");
        atomic_store(campaign->stop, 1);
    }
    while (take_message(round, end) || (round->open_pipe && support_now_ms() < end))
        continue;
    if (round->open_pipe) {
        fault(campaign, "the runner does not end");
        kill(round->pid, SIGKILL);
    }
    close(round->pipe);
    int status = fault_await(round->pid);
    if (round->victim == VICTIM_ENGINE && status != 0)
        fault(campaign, "the runner failed after the engine was killed");
}

static enum verdict audit(struct campaign *campaign, const struct round *round, int open_unit) {
    struct audit_options options = {campaign->plain_path, campaign->path,    &campaign->setup, campaign->seed,
                                    round->done,          round->done_count, open_unit};
    pid_t pid = start();
    if (pid == 0)
        _exit((int)runner_audit(&options));
    int status = fault_await(pid);
    if (!WIFEXITED(status))
        printf("  the audit was ended by signal %d%s\n", WTERMSIG(status), WTERMSIG(status) == SIGALRM ? ": it took too long" : "");
    return WIFEXITED(status) ? (enum verdict)WEXITSTATUS(status) : VERDICT_FAULT;
}

static void count_point(struct campaign *campaign, const struct told_message *hit, enum verdict verdict) {
    struct unit unit;
    unit_make(campaign->seed, hit->unit, !campaign->setup.dsn, &unit);
    campaign->points++;
    campaign->by_kind[unit.statements[hit->statement].kind]++;
    campaign->before += verdict == VERDICT_BEFORE;
    campaign->after += verdict == VERDICT_AFTER;
}

static void run_round(struct campaign *campaign, struct round *round) {
    run_and_kill(campaign, round);
    int interrupted = round->victim != VICTIM_ENGINE && round->last.kind == TOLD_STATEMENT && round->last.unit > 0;
    if (round->last.unit > 0)
        campaign->next_unit = round->last.unit + 1;
    if (round->lose_replica && !campaign->setup.dsn)
        support_remove_replica(campaign->path);
    enum verdict verdict = audit(campaign, round, interrupted ? round->last.unit : -1);
    if (verdict == VERDICT_FAULT)
        fault(campaign, "the audit found faults");
    else if (interrupted)
        count_point(campaign, &round->last, verdict);
}

static void plan_round(struct campaign *campaign, struct round *round) {
    static const char *const lingers[] = {"0", "0.3", "2"};
    static const long delays_us[] = {60, 300, 1500, 8000, 30000};
    unsigned *random = &campaign->random, victim = fault_random(random) % 20;
    long longest = delays_us[fault_random(random) % 5];
    memset(round, 0, sizeof *round);
    round->victim = campaign->setup.dsn || victim < 16 ? VICTIM_CLIENT : victim < 19 ? VICTIM_ENGINE : VICTIM_BOTH;
    round->statements = (int)(fault_random(random) % 25);
    round->delay_us = (long)(fault_random(random) % (unsigned)longest);
    round->lose_replica = fault_random(random) % 3 == 0;
    round->linger = lingers[fault_random(random) % 3];
}

static void run_campaign(struct campaign *campaign, int points) {
    struct round *round = malloc(sizeof *round);
    if (!round)
        abort();
    while (campaign->points < points && campaign->faults < MOST_FAULTS && campaign->round < 3 * points + 20) {
        int faults = campaign->faults;
        if (campaign->round++ % ROUNDS_OF_A_DATABASE == 0)
            begin_database(campaign);
        plan_round(campaign, round);
        run_round(campaign, round);
        if (campaign->faults != faults) {
            static const char *const victims[] = {"the client", "the engine", "both"};
            printf("  round %d: kill of %s, statement %d of unit %d of seed %u + %ld us, linger %s, %s\n",
                   campaign->round, victims[round->victim], round->last.statement, round->last.unit, campaign->seed,
                   round->delay_us, round->linger, round->lose_replica ? "replica deleted" : "replica kept");
            begin_database(campaign); /* what is wrong now would be told again */
        }
    }
    free(round);
    if (!campaign->setup.dsn && campaign->round >= 40 && campaign->engine_kills == 0)
        fault(campaign, "no engine was found to be killed");
}

static void tell_results(const struct campaign *campaign) {
    printf("%d points: a client killed within a unit; %d were there as before, %d as after\n", campaign->points,
           campaign->before, campaign->after);
    for (int kind = 0; kind < KINDS; kind++)
        if (campaign->by_kind[kind] > 0)
            printf("  %d within %s\n", campaign->by_kind[kind], statement_kind_name((enum statement_kind)kind));
    printf("%d kills of the engine\n", campaign->engine_kills);
}

static int choose_setup(struct setup *setup, const char *name) {
    setup->name = name ? name : "embedded";
    setup->direct = "auto";
    if (strcmp(setup->name, "daemon-heliosdb") == 0)
        setup->dsn = getenv("HELIOSDB_TEST_DSN_HELIOSDB");
    else if (strcmp(setup->name, "daemon-postgresql") == 0)
        setup->dsn = getenv("HELIOSDB_TEST_DSN_POSTGRESQL");
    else
        return strcmp(setup->name, "embedded") == 0;
    return setup->dsn != NULL;
}

int main(int argc, char **argv) {
    static const struct option known[] = {{"points", required_argument, NULL, 'p'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"keep", no_argument, NULL, 'k'},
                                          {NULL, 0, NULL, 0}};
    struct campaign campaign = {.random = (unsigned)time(NULL)};
    int points = 100, keep = 0, option = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'p')
            points = atoi(optarg);
        else if (option == 's')
            campaign.random = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'k')
            keep = 1;
        else
            return 2;
    }
    if (!choose_setup(&campaign.setup, argv[optind])) {
        printf("skipped - no DSN of the server in the environment\n0 passed, 0 failed, %d skipped\n", points);
        return EXIT_SKIPPED;
    }
    printf("seed %u, %d points, %s\n", campaign.random, points, campaign.setup.name);
    campaign.directory = support_make_directory("kills");
    campaign.stop = mmap(NULL, sizeof *campaign.stop, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (campaign.stop == MAP_FAILED) {
        perror("mmap");
        return 99;
    }
    run_campaign(&campaign, points);
    if (support_await_no_process(campaign.directory, 10000) > 0)
        fault(&campaign, "a process is left");
    tell_results(&campaign);
    if (keep)
        printf("kept: %s\n", campaign.directory);
    else
        support_remove_directory(campaign.directory);
    free(campaign.path);
    free(campaign.plain_path);
    free(campaign.directory);
    printf("%d passed, %d failed, 0 skipped\n", campaign.points, campaign.faults + (campaign.points < points));
    return campaign.faults > 0 || campaign.points < points;
}
