/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the scripts of many seeds on plain SQLite and on libheliosdb; README.md has the options. The seeds are dealt out to
 * worker processes in turn. What differs is shrunk at the end and printed as a case. */
#include "generator.h"
#include "shrink.h"
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

enum { MAX_JOBS = 8, CASE_SECONDS = 120, MAX_DIFFERING = 1000, CASES_PER_ENGINE = 25, ENGINE_READ_EACH = 8, EXIT_SKIPPED = 77 };

/* What a worker has done; resuming goes on from it. */
struct progress {
    atomic_ullong next; /* seed */
    atomic_ullong seeds, statements;
};

/* Shared by the workers and their parent. */
struct board {
    struct progress workers[MAX_JOBS];
    atomic_int differing;
    atomic_int of_two_minds; /* SQLite's own answer hangs on when it has read the schema */
    atomic_ullong seeds[MAX_DIFFERING]; /* those that differ */
};

struct options {
    struct setup setup;
    unsigned long long from, to, statements;
    int jobs, seconds, shrinks, connections;
    const char *state;
    bool print;
};

/* The lock of a server takes longer to get than that of a file; and what two connections see of each other is not in all
 * things the same there, see docs/compatibility.md. */
static void prepare_for_server(struct sql_case *test, int connections) {
    if (test->timeout < 0.1)
        test->timeout = 0.1;
    for (size_t i = 0; i < test->step_count; i++)
        if (test->steps[i].connection >= connections)
            test->steps[i].connection = 0;
}

static bool parse_seed(struct case_list *list, const struct setup *setup, int connections, unsigned long long seed) {
    const struct feature_list features = {0};
    char *script = generate_script(seed);
    bool ok = case_list_parse(list, &features, "fuzz", script) && list->count == 1;
    free(script);
    if (ok && setup->dsn)
        prepare_for_server(&list->cases[0], connections);
    return ok;
}

static void note_difference(struct board *board, unsigned long long seed) {
    int place = atomic_fetch_add(&board->differing, 1);
    if (place < MAX_DIFFERING)
        atomic_store(&board->seeds[place], seed);
}

static size_t count_statements(const struct sql_case *test) {
    size_t count = 0;
    for (size_t i = 0; i < test->step_count; i++)
        count += test->steps[i].kind == STEP_SQL;
    return count;
}

/* Where a worker's cases run: one engine serves many of them. */
struct place {
    char *directory;
    int cases;
};

static void leave(struct place *place) {
    if (place->directory)
        support_remove_directory(place->directory);
    free(place->directory);
    *place = (struct place){0};
}

static void run_seed(struct place *place, const struct sql_case *test, const struct options *options,
                     struct board *board, unsigned long long seed) {
    struct setup setup = options->setup;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!place->directory)
        place->directory = support_make_directory("fuzz");
    setup.leaves_empty = !setup.dsn && ++place->cases < CASES_PER_ENGINE;
    setup.skips_engine = seed % ENGINE_READ_EACH != 0;
    int differences = compare_case(test, &setup, place->directory, out);
    fclose(out);
    bool of_two_minds = differences > 0 && compare_readings(test, &setup, place->directory);
    if (of_two_minds) {
        atomic_fetch_add(&board->of_two_minds, 1);
        printf("left out - seed %llu: SQLite itself answers otherwise once it has read the schema\n%s", seed, text);
        fflush(stdout);
    } else if (differences > 0) {
        note_difference(board, seed);
        printf("not ok - seed %llu (%d differences)\n%s", seed, differences, text);
        fflush(stdout);
    }
    free(text);
    char *plain = support_format("%s/plain.db", place->directory);
    support_remove_replica(plain);
    free(plain);
    if (differences > 0 || !setup.leaves_empty)
        leave(place);
}

static void work(const struct options *options, int worker, struct board *board, long long end) {
    struct progress *progress = &board->workers[worker];
    struct place place = {0};
    unsigned long long seed = 0;
    while ((seed = atomic_load(&progress->next)) < options->to && support_now_ms() < end &&
           atomic_load(&progress->statements) * (unsigned)options->jobs < options->statements) {
        struct case_list list = {0};
        alarm(CASE_SECONDS);
        if (!parse_seed(&list, &options->setup, options->connections, seed))
            abort();
        run_seed(&place, &list.cases[0], options, board, seed);
        alarm(0);
        atomic_fetch_add(&progress->statements, count_statements(&list.cases[0]));
        atomic_fetch_add(&progress->seeds, 1);
        atomic_store(&progress->next, seed + (unsigned)options->jobs);
        case_list_free(&list);
    }
    leave(&place);
    exit(0);
}

/* --- the state of a run, kept so that it can go on later */

static void save_state(const struct options *options, struct board *board) {
    if (!options->state)
        return;
    char *draft = support_format("%s.new", options->state);
    FILE *file = fopen(draft, "w");
    if (file) {
        fprintf(file, "%s %s %llu %llu %d\n", options->setup.name, options->setup.direct, options->from, options->to,
                options->jobs);
        for (int i = 0; i < options->jobs; i++)
            fprintf(file, "%llu %llu %llu\n", atomic_load(&board->workers[i].next),
                    atomic_load(&board->workers[i].seeds), atomic_load(&board->workers[i].statements));
        for (int i = 0; i < atomic_load(&board->differing) && i < MAX_DIFFERING; i++)
            fprintf(file, "%llu\n", atomic_load(&board->seeds[i]));
        fclose(file);
        rename(draft, options->state);
    }
    free(draft);
}

/* Reads it back. False if the file is of another run. */
static bool load_state(const struct options *options, struct board *board) {
    char setup[32], direct[8];
    unsigned long long from = 0, to = 0, next = 0, seeds = 0, statements = 0;
    int jobs = 0;
    FILE *file = options->state ? fopen(options->state, "r") : NULL;
    if (!file)
        return true;
    bool ok = fscanf(file, "%31s %7s %llu %llu %d", setup, direct, &from, &to, &jobs) == 5 &&
              strcmp(setup, options->setup.name) == 0 && strcmp(direct, options->setup.direct) == 0 &&
              from == options->from && jobs == options->jobs;
    for (int i = 0; ok && i < jobs; i++) {
        ok = fscanf(file, "%llu %llu %llu", &next, &seeds, &statements) == 3;
        atomic_store(&board->workers[i].next, next);
        atomic_store(&board->workers[i].seeds, seeds);
        atomic_store(&board->workers[i].statements, statements);
    }
    while (ok && fscanf(file, "%llu", &seeds) == 1)
        note_difference(board, seeds);
    fclose(file);
    return ok;
}

static void add_up(const struct options *options, struct board *board, unsigned long long *seeds,
                   unsigned long long *statements) {
    *seeds = *statements = 0;
    for (int i = 0; i < options->jobs; i++) {
        *seeds += atomic_load(&board->workers[i].seeds);
        *statements += atomic_load(&board->workers[i].statements);
    }
}

static void tell(const struct options *options, struct board *board) {
    unsigned long long seeds = 0, statements = 0;
    add_up(options, board, &seeds, &statements);
    printf("%s%s%s: seeds %llu to %llu: %llu seeds, %llu statements, %d differences, %d left out\n", options->setup.name,
           options->setup.dsn ? ", direct lane " : "", options->setup.dsn ? options->setup.direct : "", options->from,
           options->to - 1, seeds, statements, atomic_load(&board->differing), atomic_load(&board->of_two_minds));
    fflush(stdout);
}

/* --- the workers */

static volatile sig_atomic_t stop_asked;

static bool is_complete(const struct options *options, struct board *board) {
    for (int i = 0; i < options->jobs; i++)
        if (atomic_load(&board->workers[i].next) < options->to)
            return false;
    return true;
}

static void on_stop(int number) {
    (void)number;
    stop_asked = 1;
}

static pid_t start_worker(const struct options *options, int worker, struct board *board, long long end) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(99);
    }
    if (pid == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        work(options, worker, board, end);
    }
    return pid;
}

/* A worker that dies fails its seed and is replaced. Returns whether the one that ended is finished. */
static bool is_finished(const struct options *options, struct board *board, int worker, int status) {
    struct progress *progress = &board->workers[worker];
    if (status == 0)
        return true;
    unsigned long long seed = atomic_load(&progress->next);
    note_difference(board, seed);
    printf("not ok - seed %llu (%s)\n", seed,
           WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "no end in time" : "the process died");
    atomic_fetch_add(&progress->seeds, 1);
    atomic_store(&progress->next, seed + (unsigned)options->jobs);
    return false;
}

static void run_workers(const struct options *options, struct board *board) {
    enum { PAUSE_MS = 200, TELL_MS = 15000 };
    pid_t pids[MAX_JOBS];
    long long end = options->seconds > 0 ? support_now_ms() + options->seconds * 1000LL : INT64_MAX;
    long long told = support_now_ms();
    int running = options->jobs;
    for (int i = 0; i < options->jobs; i++)
        pids[i] = start_worker(options, i, board, end);
    while (running > 0) {
        int status = 0, worker = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == 0 || (pid < 0 && errno == EINTR))
            support_sleep_ms(PAUSE_MS);
        while (worker < options->jobs && pids[worker] != pid)
            worker++;
        if (pid > 0 && worker < options->jobs) {
            running--;
            if (!stop_asked && !is_finished(options, board, worker, status)) {
                pids[worker] = start_worker(options, worker, board, end);
                running++;
            }
        }
        for (int i = 0; stop_asked == 1 && i < options->jobs; i++)
            kill(pids[i], SIGKILL);
        stop_asked = stop_asked ? 2 : 0;
        if (support_now_ms() - told > TELL_MS) {
            tell(options, board);
            save_state(options, board);
            told = support_now_ms();
        }
    }
    save_state(options, board);
    if (options->state && is_complete(options, board))
        unlink(options->state);
}

/* --- what differed */

static void shrink_seed(const struct options *options, unsigned long long seed) {
    enum { SHRINK_SECONDS = 120 };
    struct case_list list = {0};
    struct setup setup = options->setup;
    setup.linger = "0";
    if (!parse_seed(&list, &setup, options->connections, seed))
        abort();
    struct sql_case *test = &list.cases[0];
    if (!case_differs(test, &setup, NULL)) {
        printf("# seed %llu does not differ when it runs alone\n", seed);
    } else {
        shrink_case(test, &setup, SHRINK_SECONDS);
        printf("# seed %llu, shrunk:\n", seed);
        case_write(test, stdout);
        case_differs(test, &setup, stdout);
    }
    fflush(stdout);
}

static void shrink_all(const struct options *options, struct board *board) {
    for (int i = 0; i < atomic_load(&board->differing) && i < options->shrinks && i < MAX_DIFFERING && !stop_asked; i++)
        shrink_seed(options, atomic_load(&board->seeds[i]));
}

/* --- options */

static int usage(void) {
    fputs("usage: run_fuzz [--from SEED] [--to SEED] [--statements N] [--seconds N] [--jobs N] [--shrinks N]\n"
          "       [--state FILE] [--direct auto|off] [--connections 1|2] [--print] embedded|daemon-heliosdb|daemon-postgresql\n",
          stderr);
    return 2;
}

static bool parse_setup(struct options *options, const char *name) {
    options->setup.name = name;
    if (strcmp(name, "daemon-heliosdb") == 0)
        options->setup.dsn = getenv("HELIOSDB_TEST_DSN_HELIOSDB");
    else if (strcmp(name, "daemon-postgresql") == 0)
        options->setup.dsn = getenv("HELIOSDB_TEST_DSN_POSTGRESQL");
    else
        return strcmp(name, "embedded") == 0;
    options->jobs = 1; /* all cases use the same database of the server */
    return true;
}

static bool parse_options(struct options *options, int argc, char **argv) {
    static const struct option known[] = {
        {"connections", required_argument, NULL, 'c'},
        {"direct", required_argument, NULL, 'd'},  {"from", required_argument, NULL, 'f'},
        {"jobs", required_argument, NULL, 'j'},    {"print", no_argument, NULL, 'p'},
        {"seconds", required_argument, NULL, 's'}, {"shrinks", required_argument, NULL, 'k'},
        {"state", required_argument, NULL, 'e'},   {"statements", required_argument, NULL, 'n'},
        {"to", required_argument, NULL, 't'},      {NULL, 0, NULL, 0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'c')
            options->connections = atoi(optarg);
        else if (option == 'd')
            options->setup.direct = optarg;
        else if (option == 'f')
            options->from = strtoull(optarg, NULL, 10);
        else if (option == 'j')
            options->jobs = atoi(optarg);
        else if (option == 'p')
            options->print = true;
        else if (option == 's')
            options->seconds = atoi(optarg);
        else if (option == 'k')
            options->shrinks = atoi(optarg);
        else if (option == 'e')
            options->state = optarg;
        else if (option == 'n')
            options->statements = strtoull(optarg, NULL, 10);
        else if (option == 't')
            options->to = strtoull(optarg, NULL, 10) + 1;
        else
            return false;
    }
    return options->jobs >= 1 && options->jobs <= MAX_JOBS && options->from < options->to && argc - optind == 1 &&
           parse_setup(options, argv[optind]);
}

static void print_scripts(const struct options *options) {
    for (unsigned long long seed = options->from; seed < options->to; seed++) {
        char *script = generate_script(seed);
        puts(script);
        free(script);
    }
}

int main(int argc, char **argv) {
    struct options options = {.setup = {.direct = "auto", .linger = "2"},
                              .from = 1,
                              .to = 101,
                              .statements = UINT64_MAX / MAX_JOBS,
                              .jobs = 2,
                              .connections = 1,
                              .shrinks = 5};
    if (!parse_options(&options, argc, argv))
        return usage();
    if (options.print) {
        print_scripts(&options);
        return 0;
    }
    if (strncmp(options.setup.name, "daemon", 6) == 0 && !options.setup.dsn) {
        printf("skipped - no DSN of the server in the environment\n");
        return EXIT_SKIPPED;
    }
    struct board *board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED) {
        perror("mmap");
        return 99;
    }
    for (int i = 0; i < options.jobs; i++)
        atomic_store(&board->workers[i].next, options.from + (unsigned)i);
    if (!load_state(&options, board)) {
        fprintf(stderr, "%s is of another run\n", options.state);
        return 2;
    }
    char *root = support_make_directory("run");
    setenv("TMPDIR", root, 1); /* everything that belongs to the run is found below it */
    signal(SIGINT, on_stop);
    signal(SIGTERM, on_stop);
    run_workers(&options, board);
    shrink_all(&options, board);
    support_await_no_process(root, 10000);
    support_remove_directory(root);
    free(root);
    tell(&options, board);
    if (stop_asked)
        return 128 + SIGINT;
    return atomic_load(&board->differing) > 0;
}
