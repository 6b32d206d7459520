/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the cases of tests/sql on plain SQLite and on libheliosdb, and tells where they differ. README.md has the
 * options. Cases run in worker processes, so that a crash or a hang fails one case and not the run. */
#include "compare.h"
#include "support.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_JOBS = 8, CASE_SECONDS = 120, EXIT_SKIPPED = 77 };

/* Shared by the workers and their parent. */
struct board {
    atomic_size_t next;
    atomic_int passed, failed;
    atomic_size_t current[MAX_JOBS]; /* the case each worker is at */
};

struct options {
    struct setup setup;
    const char *filter;
    bool list, needs_server;
    int jobs, every;
};

static char *case_name(const struct sql_case *test) {
    return support_format("%s: %s", test->file, test->name);
}

static bool is_wanted(const struct sql_case *test, const char *filter) {
    char *name = case_name(test);
    bool wanted = !filter || strstr(name, filter);
    free(name);
    return wanted;
}

/* Why a case is not run: its own reason, or the set-up's; NULL if it is run. To be freed. */
static char *reason_to_skip(const struct sql_case *test, const struct setup *setup) {
    const struct case_skip *skip = case_skip_in(test, setup->name);
    if (skip)
        return support_format("%s: %s", skip->feature->name, skip->reason);
    if (setup->in_memory && case_needs_file(test))
        return support_format("a database in memory has one connection");
    return NULL;
}

/* Keeps the cases that are to be run, tells of those that are skipped. Returns how many are skipped. */
static int select_cases(struct case_list *list, const struct options *options) {
    size_t kept = 0;
    int skipped = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct sql_case moved = list->cases[i];
        char *reason = reason_to_skip(&moved, &options->setup);
        if (i % (size_t)options->every != 0) {
            free(reason);
            continue;
        }
        if (is_wanted(&moved, options->filter) && !reason) {
            list->cases[i] = list->cases[kept];
            list->cases[kept++] = moved;
        } else if (is_wanted(&moved, options->filter)) {
            printf("skipped - %s: %s: %s\n", moved.file, moved.name, reason);
            skipped++;
        }
        free(reason);
    }
    list->count = kept;
    return skipped;
}

/* Tells how many statements must be refused, by feature. */
static void tell_refusals(const struct case_list *list, const struct feature_list *features, const char *setup) {
    for (size_t f = 0; f < features->count; f++) {
        int statements = 0;
        for (size_t i = 0; i < list->count; i++)
            for (size_t k = 0; k < list->cases[i].step_count; k++)
                statements += case_refusal_in(&list->cases[i].steps[k], setup) == &features->features[f];
        if (statements > 0)
            printf("refused: %s: %d statements\n", features->features[f].name, statements);
    }
}

static void kill_processes_of(const char *directory) {
    pid_t pids[64];
    size_t count = support_find_processes(directory, NULL, pids, 64);
    for (size_t i = 0; i < count && i < 64; i++)
        kill(pids[i], SIGKILL);
}

static void run_one(const struct sql_case *test, const struct setup *setup, const char *directory,
                    struct board *board) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    int differences = compare_case(test, setup, directory, out);
    fclose(out);
    if (differences == 0) {
        atomic_fetch_add(&board->passed, 1);
    } else {
        atomic_fetch_add(&board->failed, 1);
        printf("not ok - %s: %s (%d differences)\n%s", test->file, test->name, differences, text);
        fflush(stdout);
    }
    free(text);
}

static void work(struct case_list *list, const struct setup *setup, int worker, struct board *board) {
    size_t i = 0;
    while ((i = atomic_fetch_add(&board->next, 1)) < list->count) {
        atomic_store(&board->current[worker], i);
        char *directory = support_make_directory("case");
        alarm(CASE_SECONDS);
        run_one(&list->cases[i], setup, directory, board);
        alarm(0);
        support_remove_directory(directory);
        free(directory);
    }
    case_list_free(list);
    exit(0);
}

static pid_t start_worker(struct case_list *list, const struct setup *setup, int worker, struct board *board) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(99);
    }
    if (pid == 0)
        work(list, setup, worker, board);
    return pid;
}

/* Runs all workers to their end; one that dies fails its case and is replaced. */
static void run_workers(struct case_list *list, const struct options *options, struct board *board) {
    pid_t pids[MAX_JOBS];
    for (int i = 0; i < options->jobs; i++)
        pids[i] = start_worker(list, &options->setup, i, board);
    for (int running = options->jobs; running > 0;) {
        int status = 0, worker = 0;
        pid_t pid = wait(&status);
        if (pid < 0 && errno == EINTR)
            continue;
        while (worker < options->jobs && pids[worker] != pid)
            worker++;
        if (worker == options->jobs)
            continue;
        running--;
        if (status == 0)
            continue;
        const struct sql_case *test = &list->cases[atomic_load(&board->current[worker])];
        atomic_fetch_add(&board->failed, 1);
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
            printf("not ok - %s: %s (no end after %d seconds)\n", test->file, test->name, CASE_SECONDS);
        else
            printf("not ok - %s: %s (the process died: %s)\n", test->file, test->name,
                   WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit");
        if (atomic_load(&board->next) >= list->count)
            continue; /* nothing is left for another one */
        pids[worker] = start_worker(list, &options->setup, worker, board);
        running++;
    }
}

static int usage(void) {
    fputs("usage: run_differential [--direct auto|off] [--jobs N] [--filter TEXT] [--every N] [--list]\n"
          "       embedded|memory|daemon-heliosdb|daemon-postgresql|sdk-heliosdb|sdk-postgresql FILE...\n",
          stderr);
    return 2;
}

/* Fills in the set-up that a name stands for; its DSN comes from the environment. */
static bool parse_setup(struct options *options, const char *name) {
    static const struct {
        const char *name, *dsn;
        bool in_memory, shares_log;
    } known[] = {
        {"embedded", NULL, false, false},
        {"memory", NULL, true, false},
        {"daemon-heliosdb", "HELIOSDB_TEST_DSN_HELIOSDB", false, false},
        {"daemon-postgresql", "HELIOSDB_TEST_DSN_POSTGRESQL", false, false},
        {"sdk-heliosdb", "HELIOSDB_TEST_DSN_HELIOSDB", false, true},
        {"sdk-postgresql", "HELIOSDB_TEST_DSN_POSTGRESQL", false, true},
    };
    size_t i = 0;
    while (i < sizeof known / sizeof *known && strcmp(known[i].name, name) != 0)
        i++;
    if (i == sizeof known / sizeof *known)
        return false;
    options->setup.name = known[i].name;
    options->setup.in_memory = known[i].in_memory;
    options->setup.shares_log = known[i].shares_log;
    options->needs_server = known[i].dsn != NULL;
    options->setup.dsn = known[i].dsn ? getenv(known[i].dsn) : NULL;
    if (options->needs_server)
        options->jobs = 1; /* all cases use the same database of the server */
    return true;
}

static bool parse_options(struct options *options, int argc, char **argv) {
    static const struct option known[] = {{"direct", required_argument, NULL, 'd'},
                                          {"every", required_argument, NULL, 'e'},
                                          {"filter", required_argument, NULL, 'f'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"list", no_argument, NULL, 'l'},
                                          {NULL, 0, NULL, 0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'd')
            options->setup.direct = optarg;
        else if (option == 'f')
            options->filter = optarg;
        else if (option == 'e')
            options->every = atoi(optarg);
        else if (option == 'j')
            options->jobs = atoi(optarg);
        else if (option == 'l')
            options->list = true;
        else
            return false;
    }
    return options->jobs >= 1 && options->jobs <= MAX_JOBS && options->every >= 1 && argc - optind >= 2 &&
           parse_setup(options, argv[optind]);
}

int main(int argc, char **argv) {
    struct options options = {.setup = {.direct = "auto"}, .jobs = 2, .every = 1};
    struct case_list list = {0};
    struct feature_list features = {0};
    if (!parse_options(&options, argc, argv))
        return usage();
    if (!feature_list_read(&features, REFUSALS))
        return 2;
    for (int i = optind + 1; i < argc; i++)
        if (!case_list_read(&list, &features, argv[i]))
            return 2;
    if (options.needs_server && !options.setup.dsn && !options.list) {
        printf("skipped - no DSN of the server in the environment\n0 passed, 0 failed, %zu skipped\n", list.count);
        return EXIT_SKIPPED;
    }
    int skipped = select_cases(&list, &options);
    if (options.list) {
        for (size_t i = 0; i < list.count; i++)
            printf("%s: %s\n", list.cases[i].file, list.cases[i].name);
        case_list_free(&list);
        feature_list_free(&features);
        return 0;
    }
    tell_refusals(&list, &features, options.setup.name);
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        perror("mmap");
        return 99;
    }
    char *root = support_make_directory("sql");
    setenv("TMPDIR", root, 1); /* everything that belongs to the run is found below it */
    run_workers(&list, &options, board);
    int failed = atomic_load(&board->failed);
    if (support_await_no_process(root, 10000) > 0) {
        printf("not ok - processes are left after the last case\n");
        kill_processes_of(root);
        failed++;
    }
    support_remove_directory(root);
    free(root);
    case_list_free(&list);
    feature_list_free(&features);
    printf("%d passed, %d failed, %d skipped\n", atomic_load(&board->passed), failed, skipped);
    return failed > 0;
}
