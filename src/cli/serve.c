/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c: the server and the tokens of its programs. */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/say.h"
#include "case/payment.h"
#include "cli/asker.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/instance.h"
#include "cli/logkey.h"
#include "cli/mark.h"
#include "cli/sandbox.h"
#include "cli/scanner.h"
#include "people/number.h"
#include "web/web.h"

/* Of HTTP, each with its own connection to the state. A look reads leaves of four trees of the database; what
 * is above them fits into the pages kept by few threads, and not into those of many. */
#define THREADS 3
#define PAGES_KIB 1280
#define PATIENCE (10 * CLOCK_SECOND)
#define EVERY (10 * CLOCK_SECOND) /* of look_after, which costs two syncs */
#define ROOM_LEAST_MIB 16
#define ROOM_LOW_MIB 1024
#define LINGER (10 * CLOCK_SECOND) /* after a fail-stop: whoever asks hears 503, then the program ends */

/* Held replies leave when the log is durable up to them. */
static void tell_server(void *arg, uint64_t durable, bool stopped)
{
    struct http_server *server = *(struct http_server **)arg;
    if (server == NULL)
        return;
    if (stopped)
        http_server_failed(server);
    else
        http_server_durable(server, durable);
}

static bool connect_threads(struct api *api, const struct instance *in, struct err *err)
{
    for (size_t i = 0; i < THREADS; i++) {
        if (!db_open(&api->db[i], in->db_url, err))
            return false;
        db_keep_pages(api->db[i], PAGES_KIB);
    }
    return true;
}

static uint64_t room_mib(const char *folder)
{
    struct statvfs disk;
    return statvfs(folder, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize >> 20 : UINT64_MAX;
}

static bool has_room(const char *folder, struct err *err)
{
    uint64_t room = room_mib(folder);
    return room >= ROOM_LEAST_MIB ||
           err_set(err, ERR_IO, folder,
                   "%llu MiB are free on its disk, and the log and the state need %d to go on: make room",
                   (unsigned long long)room, ROOM_LEAST_MIB);
}

/* What is done every ten seconds while all is well. */
static void look_after(struct instance *in, bool *low)
{
    struct err err;
    uint64_t room = room_mib(in->folder);
    if (!mark_keep(in, &err))
        say_err(SAY_WARN, &err);
    if (room < ROOM_LOW_MIB && !*low)
        say(SAY_ALERT,
            "%s: %llu MiB are free on its disk; when it is full, every look is answered 503: make room",
            in->folder, (unsigned long long)room);
    *low = room < ROOM_LOW_MIB;
}

static sigset_t stop_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    struct sigaction hangup; /* a closed terminal stops it too, unless nohup says otherwise */
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(&signals, SIGHUP);
    return signals;
}

/* Until a signal comes, or LINGER after the log has stopped. False: it has. */
static bool wait_for_end(struct instance *in, struct control *control, struct err *err)
{
    const sigset_t signals = stop_signals();
    int64_t looked = clock_steady() - EVERY, stopped = 0;
    bool low = false;
    while (stopped == 0 || clock_steady() - stopped < LINGER) {
        const struct timespec second = {.tv_sec = 1};
        if (sigtimedwait(&signals, NULL, &second) > 0)
            break;
        if (stopped == 0 && ledger_stopped(in->ledger, err)) {
            stopped = clock_steady();
            say(SAY_ALERT,
                "the log has stopped: %s: %s. Every look is answered 503; nothing that was acknowledged is "
                "lost. Mend "
                "the cause and start again",
                err->place, err->text);
        } else if (stopped == 0 && clock_steady() - looked >= EVERY) {
            looked = clock_steady();
            control_hold(control);
            look_after(in, &low);
            control_let_go(control);
        }
    }
    return !ledger_stopped(in->ledger, err);
}

static bool official_keys(struct instance *in, struct webauthn_models **ret_models, struct err *err)
{
    const char *folder = arena_printf(&in->arena, "%s/official-keys", in->folder);
    if (access(folder, F_OK) == 0)
        return webauthn_models_load(ret_models, folder, err);
    say(SAY_INFO,
        "there is no folder %s: officials may use any authenticator that says of itself that it cannot be "
        "copied",
        folder);
    return true;
}

/* Processes beside this one, made before its sandbox. */
struct helpers {
    struct asker *asker;
    struct scanner *scanner;
};

static void tell_of_scanner(const struct instance *in)
{
    if (in->clamd == NULL && in->jurisdiction->files_wait)
        say(SAY_ALERT,
            "%s: files that were not scanned stay shut by the jurisdiction's unscanned-files, and aina.conf "
            "names no clamd: offices cannot open what people send",
            in->folder);
}

/* `*server` outlives the log's threads, which tell it what is durable: freed by the caller, after the log is
 * closed. */
static bool serve(struct instance *in, const char *address, int port, const char *socket, bool proxy,
                  bool demo, const struct helpers *helpers, struct http_server **server, struct err *err)
{
    const char *messages = arena_printf(&in->arena, "%s/messages", in->folder);
    struct web web = {.api = {.jurisdiction = in->jurisdiction,
                              .people = in->people,
                              .gate = in->gate,
                              .ledger = in->ledger,
                              .beside = in->beside,
                              .messages = messages},
                      .cases = in->cases,
                      .documents = in->documents,
                      .beside = in->beside,
                      .demo = demo,
                      .started = clock_now(),
                      .site = in->site,
                      .messages = messages,
                      .judge = {.trust = in->jurisdiction->trust,
                                .tests = demo,
                                .via = asker_via(helpers->asker),
                                .cache = arena_printf(&in->arena, "%s/lists", in->folder)}};
    const struct beside_ports ports = {.messages = web.messages,
                                       .payments = arena_printf(&in->arena, "%s/payments", in->folder),
                                       .scanner = scanner_port(helpers->scanner)};
    struct webauthn_models *models = NULL;
    struct control *control = NULL;
    beside_set_ports(in->beside, &ports);
    tell_of_scanner(in);
    if (!providers_load(in->beside, err))
        return false;
    if (demo && !demo_mark_read(in->db, in->state, &web.demo_mark, err))
        return false;
    if (!official_keys(in, &models, err))
        return false;
    web.models = models;
    struct http_config config = {.address = address,
                                 .port = port,
                                 .unix_socket = socket,
                                 .behind_proxy = proxy,
                                 .secure_cookies = proxy,
                                 .before = web_before,
                                 .after = web_after,
                                 .error_page = web_error_page,
                                 .arg = &web,
                                 .threads = THREADS};
    config.routes = web_join_routes(&in->arena, &config.routes_n);
    ledger_on_durable(in->ledger, tell_server, server);
    bool ok = connect_threads(&web.api, in, err) && http_server_start(server, &config, err) &&
              cases_keeper_start(in->cases, in->db_url, err) &&
              beside_keeper_start(in->beside, in->db_url, err) && control_start(&control, in, err);
    if (ok) {
        http_server_durable(*server, ledger_durable(in->ledger));
        printf("Serving on http://%s:%d/ (stop with Ctrl-C)\n", address, http_server_port(*server));
        fflush(stdout);
        (void)malloc_trim(0); /* what reading the folder took */
        ok = wait_for_end(in, control, err);
        say(SAY_INFO, "stopping: running requests end, held replies leave when they are durable");
        control_stop(control);
        beside_keeper_stop(in->beside);
        cases_keeper_stop(in->cases);
        http_server_stop(*server, PATIENCE);
    }
    for (size_t i = 0; i < API_THREADS_MAX; i++)
        if (web.api.db[i] != NULL)
            db_close(web.api.db[i]);
    webauthn_models_free(models);
    return ok;
}

static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "." : arena_printf(arena, "%.*s", (int)(slash - path) + 1, path);
}

/* For revocation lists that were fetched; the sandbox makes no folders. */
static bool make_folder(const char *path, struct err *err)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST || err_errno(err, path, "cannot make the folder");
}

/* Everything that is given up stands before everything that is opened. */
static bool give_up(const char *folder, const char *user, int port, const char *socket,
                    struct helpers *ret_helpers, struct err *err)
{
    struct instance in;
    sandbox_limits();
    if (!sandbox_user(user, folder, err) || !instance_conf(&in, folder, err))
        return false;
    bool sqlite = str_starts(str_of(in.db_url), STR("sqlite:"));
    const char *home = getenv("HOME");
    struct sandbox sandbox = {
        .write = {in.folder},
        .read = {in.jurisdiction_folder, "/etc/ssl", "/dev/urandom", "/usr/share/fonts"},
        .calls_out = !sqlite,
        .port = port};
    sandbox.read[6] = getenv("CREDENTIALS_DIRECTORY");
    if (sqlite)
        sandbox.write[1] = folder_of(&in.arena, in.db_url + strlen("sqlite:"));
    if (socket != NULL)
        sandbox.write[2] = folder_of(&in.arena, socket);
    if (!sqlite && home != NULL) {
        sandbox.read[4] = arena_printf(&in.arena, "%s/.pgpass", home);
        sandbox.read[5] = arena_printf(&in.arena, "%s/.postgresql", home);
    }
    /* Made here: folders cannot be made from within. */
    bool ok = make_folder(arena_printf(&in.arena, "%s/lists", in.folder), err) &&
              make_folder(arena_printf(&in.arena, "%s/messages", in.folder), err) &&
              make_folder(arena_printf(&in.arena, "%s/payments", in.folder), err) &&
              make_folder(arena_printf(&in.arena, "%s/payments/out", in.folder), err) &&
              logkey_prepare(in.folder, err) &&
              asker_start(&ret_helpers->asker, in.jurisdiction_folder, err) &&
              scanner_start(&ret_helpers->scanner, in.clamd, err) && sandbox_enter(&sandbox, err);
    instance_close(&in);
    return ok;
}

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

int command_serve(struct args *args)
{
    mallopt(M_ARENA_MAX, 2); /* threads share the heap: requests have arenas of their own */
    static const char usage[] =
        "serve DIR [--address ADDRESS] [--port PORT] [--socket PATH] [--proxy] [--user NAME] [--demo]";
    const char *address = args_value(args, "--address"), *port_text = args_value(args, "--port");
    const char *socket = args_value(args, "--socket"), *user = args_value(args, "--user");
    bool demo = args_flag(args, "--demo"), proxy = args_flag(args, "--proxy");
    uint64_t port = 8080;
    if (!args_are(args, 1, 1, usage))
        return EXIT_USAGE;
    if (address == NULL)
        address = "127.0.0.1";
    if (demo && (socket != NULL || proxy || !is_loopback(address))) {
        fprintf(stderr,
                "aina: --demo lets anybody in by button: it is for a loopback address (127.0.0.1 or ::1) "
                "without --socket or --proxy\n");
        return EXIT_USAGE;
    }
    if (inet_pton(AF_INET, address, &(struct in_addr){0}) != 1 &&
        inet_pton(AF_INET6, address, &(struct in6_addr){0}) != 1) {
        fprintf(stderr, "aina: --address takes a numeric IPv4 or IPv6 address; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    if (port_text != NULL && (!text_u64(str_of(port_text), &port) || port > 65535)) {
        fprintf(stderr, "aina: --port takes a number from 0 (the system chooses) to 65535; usage: aina %s\n",
                usage);
        return EXIT_USAGE;
    }
    const sigset_t signals = stop_signals();
    struct helpers helpers = {0};
    struct instance in;
    struct err err;
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread, all of which inherit it */
    if (!give_up(args->argv[0], user != NULL ? user : getenv("AINA_USER"), (int)port, socket, &helpers,
                 &err) ||
        !has_room(args->argv[0], &err) || !instance_open(&in, args->argv[0], true, &err))
        return cli_fail(&err);
    struct http_server *server = NULL;
    bool ok = serve(&in, address, (int)port, socket, proxy, demo, &helpers, &server, &err);
    instance_close(&in);
    asker_stop(helpers.asker);
    scanner_stop(helpers.scanner);
    if (server != NULL)
        http_server_free(server);
    return ok ? EXIT_DONE : cli_fail(&err);
}

/* A token is the weakest of log-ins, but in a demonstration it counts for what a button does. */
static struct str token_levels(struct instance *in)
{
    struct demo_mark mark;
    struct err none;
    if (!demo_mark_read(in->db, in->state, &mark, &none))
        return STR("token");
    char *text = arena_take(&in->arena, LEVELS_TEXT_SIZE, 1);
    levels_demo_text(in->jurisdiction->demo.level, text);
    return str_of(text);
}

/* aina token DIR official CODE | person NUMBER: prints a bearer token, once. */
int command_token(struct args *args)
{
    static const char usage[] = "token DIR official CODE | token DIR person NUMBER";
    if (!args_are(args, 3, 3, usage))
        return EXIT_USAGE;
    bool official = strcmp(args->argv[1], "official") == 0;
    if (!official && strcmp(args->argv[1], "person") != 0) {
        fprintf(stderr, "aina: a token is for an official or a person; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    struct instance in;
    struct err err;
    struct caller caller = {.kind = official ? CALLER_OFFICIAL : CALLER_PERSON, .levels = {0}};
    char secret[PEOPLE_SECRET_SIZE];
    bool found = true;
    if (!instance_open(&in, args->argv[0], false, &err))
        return cli_fail(&err);
    bool ok = official ? people_official(in.db, str_of(args->argv[2]), local_today(in.jurisdiction),
                                         &in.arena, &caller.official, &err)
                       : people_find(in.people, in.db, in.jurisdiction->person_scheme, str_of(args->argv[2]),
                                     &found, &caller.person, &err);
    if (ok && !found)
        ok = err_set(&err, ERR_NOT_FOUND, "person", "no person has this number");
    caller.levels = token_levels(&in);
    ok = ok && people_caller_add(in.people, in.db, &caller, true, 30 * CLOCK_DAY, secret, &err);
    if (ok)
        puts(secret);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
