/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c: the server and the tokens of its programs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/say.h"
#include "cli/cli.h"
#include "cli/instance.h"
#include "people/number.h"
#include "web/web.h"

#define THREADS 4 /* of HTTP, each with its own connection to the state */
#define PATIENCE (10 * CLOCK_SECOND)

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
    for (size_t i = 0; i < THREADS; i++)
        if (!db_open(&api->db[i], in->db_url, err))
            return false;
    return true;
}

static bool wait_for_signal(const sigset_t *signals)
{
    int number;
    return sigwait(signals, &number) == 0;
}

/* `*server` outlives the log's threads, which tell it what is durable: freed by the caller, after the log is
 * closed. */
static bool serve(struct instance *in, const char *address, int port, struct http_server **server,
                  struct err *err)
{
    struct web web = {
        .api = {
            .jurisdiction = in->jurisdiction, .people = in->people, .gate = in->gate, .ledger = in->ledger}};
    struct http_config config = {.address = address,
                                 .port = port,
                                 .before = web_before,
                                 .error_page = web_error_page,
                                 .arg = &web,
                                 .threads = THREADS};
    config.routes = web_join_routes(&in->arena, &config.routes_n);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before the server's threads, which inherit it */
    ledger_on_durable(in->ledger, tell_server, server);
    bool ok = connect_threads(&web.api, in, err) && http_server_start(server, &config, err);
    if (ok) {
        http_server_durable(*server, ledger_durable(in->ledger));
        printf("Serving on http://%s:%d/ (stop with Ctrl-C)\n", address, http_server_port(*server));
        fflush(stdout);
        wait_for_signal(&signals);
        say(SAY_INFO, "stopping: running requests end, held replies leave when they are durable");
        http_server_stop(*server, PATIENCE);
    }
    for (size_t i = 0; i < API_THREADS_MAX; i++)
        if (web.api.db[i] != NULL)
            db_close(web.api.db[i]);
    return ok;
}

int command_serve(struct args *args)
{
    static const char usage[] = "serve DIR [--address ADDRESS] [--port PORT]";
    const char *address = args_value(args, "--address"), *port_text = args_value(args, "--port");
    uint64_t port = 8080;
    if (!args_are(args, 1, 1, usage))
        return EXIT_USAGE;
    if (port_text != NULL && (!text_u64(str_of(port_text), &port) || port > 65535)) {
        fprintf(stderr, "aina: --port takes a number from 0 (the system chooses) to 65535; usage: aina %s\n",
                usage);
        return EXIT_USAGE;
    }
    struct instance in;
    struct err err;
    if (!instance_open(&in, args->argv[0], true, &err))
        return cli_fail(&err);
    struct http_server *server = NULL;
    bool ok = serve(&in, address ? address : "127.0.0.1", (int)port, &server, &err);
    instance_close(&in);
    if (server != NULL)
        http_server_free(server);
    return ok ? EXIT_DONE : cli_fail(&err);
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
    struct caller caller = {.kind = official ? CALLER_OFFICIAL : CALLER_PERSON, .levels = STR("token")};
    char secret[PEOPLE_SECRET_SIZE];
    bool found = true;
    if (!instance_open(&in, args->argv[0], false, &err))
        return cli_fail(&err);
    bool ok = official ? people_official(in.db, str_of(args->argv[2]), (int32_t)(clock_now() / CLOCK_DAY),
                                         &in.arena, &caller.official, &err)
                       : people_find(in.people, in.db, in.jurisdiction->person_scheme, str_of(args->argv[2]),
                                     &found, &caller.person, &err);
    if (ok && !found)
        ok = err_set(&err, ERR_NOT_FOUND, "person", "no person has this number");
    ok = ok && people_caller_add(in.people, in.db, &caller, true, 30 * CLOCK_DAY, secret, &err);
    if (ok)
        puts(secret);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
