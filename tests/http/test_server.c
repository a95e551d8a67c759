/* SPDX-License-Identifier: Apache-2.0 */
/* A server with a few routes and a committer that only sleeps, for the Python tests and for wrk.
 *
 *     test_server [KEY=VALUE ...]    prints "port N", then obeys lines on standard input:
 *     hold / go (the committer), fail, metrics, stop MILLISECONDS (prints "stopped" and ends)
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"
#include "http/http_private.h"

static struct http_server *server;
static _Atomic uint64_t position;
static _Atomic bool waiting, ended;
static long commit_us = 150;
static char page[20000];

static void show_plain(struct http_request *request, struct http_response *response)
{
    buf_text(http_out(response), "hello\n");
}

static void show_held(struct http_request *request, struct http_response *response)
{
    uint64_t mine = atomic_fetch_add(&position, 1) + 1;
    buf_printf(http_out(response), "{\"position\":%llu,\"text\":\"%0200d\"}", (unsigned long long)mine, 0);
    http_type(response, "application/json");
    http_hold(response, mine);
}

static void show_page(struct http_request *request, struct http_response *response)
{
    http_type(response, "text/html; charset=utf-8");
    buf_add(http_out(response), page, sizeof page);
}

static void field_lines(struct buf *out, const struct http_request *request,
                        bool (*at)(const struct http_request *, size_t, struct str *, struct str *))
{
    struct str name, value;
    for (size_t i = 0; at(request, i, &name, &value); i++)
        buf_printf(out, "%.*s=[%.*s]\n", STR_ARG(name), STR_ARG(value));
}

static void show_echo(struct http_request *request, struct http_response *response)
{
    struct buf *out = http_out(response);
    struct str cookie = STR("-");
    size_t cookies = http_cookie(request, "session", &cookie);
    buf_printf(out, "part=[%.*s]\nclient=%.*s\nsame_origin=%d\nhttps=%d\ncookies=%zu %.*s\n",
               STR_ARG(http_part(request, 0)), STR_ARG(http_client(request)), http_same_origin(request),
               http_is_https(request), cookies, STR_ARG(cookie));
    field_lines(out, request, http_query_at);
    field_lines(out, request, http_form_at);
    buf_printf(out, "body=%zu\n", http_body(request).n);
}

/* More than the system's buffers hold. */
static size_t read_large(void *arg, uint64_t at, char *out, size_t n)
{
    memset(out, 'x', n);
    return n;
}

static void show_large(struct http_request *request, struct http_response *response)
{
    http_out_pieces(response, 24 << 20, read_large, NULL);
}

static void show_huge(struct http_request *request, struct http_response *response)
{
    for (size_t n = 0; n <= 16 << 20; n += sizeof page)
        buf_add(http_out(response), page, sizeof page);
    http_hold(response, atomic_fetch_add(&position, 1) + 1);
}

static void make_refusal(struct http_request *request, struct http_response *response)
{
    http_problem(request, response, 403, "not-allowed", "Refused, and \"logged\".");
    http_hold(response, atomic_fetch_add(&position, 1) + 1);
}

static void show_asset(struct http_request *request, struct http_response *response)
{
    static const struct http_asset asset = {{"body{}", 6}, {"GZIPPED", 7}, "text/css", "\"abc\"", true};
    http_send_asset(request, response, &asset);
}

static void set_cookies(struct http_request *request, struct http_response *response)
{
    http_set_cookie(response, "__Host-s", STR("v1"), 60);
    http_redirect(response, 303, "/plain");
}

static void make_fault(struct http_request *request, struct http_response *response)
{
    http_add_header(response, "X-Bad", "a\r\nInjected: yes");
    http_hold(response, atomic_fetch_add(&position, 1) + 1);
}

/* A body in pieces: "stop" in it is answered at once; how many have begun and ended stands at /streams. */
static atomic_int streams_begun, streams_ended, streams_bytes;

static bool begin_stream(struct http_request *request, struct http_response *response)
{
    struct str value;
    if (http_query(request, "refuse", &value) != 0) {
        http_problem(request, response, 503, "busy", "Too many.");
        return false;
    }
    http_set_taking(request, arena_new(http_arena(request), size_t));
    atomic_fetch_add(&streams_begun, 1);
    return true;
}

static bool take_stream(struct http_request *request, struct http_response *response, struct str bytes)
{
    *(size_t *)http_taking(request) += bytes.n;
    atomic_fetch_add(&streams_bytes, (int)bytes.n);
    if (memmem(bytes.p, bytes.n, "stop", 4) == NULL)
        return true;
    http_problem(request, response, 422, "invalid", "Stopped.");
    return false;
}

static void end_stream(struct http_request *request)
{
    atomic_fetch_add(&streams_ended, 1);
}

static void show_stream(struct http_request *request, struct http_response *response)
{
    buf_printf(http_out(response), "taken=%zu body=%zu", *(size_t *)http_taking(request),
               http_body(request).n);
}

static void show_streams(struct http_request *request, struct http_response *response)
{
    buf_printf(http_out(response), "begun=%d ended=%d bytes=%d", atomic_load(&streams_begun),
               atomic_load(&streams_ended), atomic_load(&streams_bytes));
}

static const struct http_stream stream = {begin_stream, take_stream, end_stream, 30 * CLOCK_SECOND};

static void show_error(struct http_request *request, struct http_response *response,
                       const struct http_failure *failure)
{
    http_type(response, "text/html; charset=utf-8");
    buf_printf(http_out(response), "<h1>%d %s</h1><p>%.*s</p>", failure->status, failure->name,
               STR_ARG(failure->detail));
}

static const struct http_route routes[] = {
    {HTTP_GET, "/", show_plain, .summary = "root"},
    {HTTP_GET, "/plain", show_plain},
    {HTTP_GET, "/held", show_held},
    {HTTP_GET, "/page", show_page},
    {HTTP_GET, "/large", show_large},
    {HTTP_GET, "/huge", show_huge},
    {HTTP_GET, "/api/huge", show_huge},
    {HTTP_GET, "/echo/{what}", show_echo},
    {HTTP_GET, "/echo/literal", show_plain},
    {HTTP_GET, "/rest/{all*}", show_echo},
    {HTTP_POST, "/form", show_echo, .body = HTTP_FORM, .body_max = 4096},
    {HTTP_POST, "/api/json", show_echo, .body = HTTP_JSON, .body_max = 4096},
    {HTTP_POST, "/bytes", show_echo, .body = HTTP_BYTES, .body_max = 300000},
    {HTTP_POST, "/stream", show_stream, .body = HTTP_BYTES, .body_max = 3000000, .stream = &stream},
    {HTTP_GET, "/streams", show_streams},
    {HTTP_POST, "/empty", show_echo},
    {HTTP_GET, "/refused", make_refusal},
    {HTTP_GET, "/api/refused", make_refusal},
    {HTTP_GET, "/asset", show_asset},
    {HTTP_POST, "/cookie", set_cookies},
    {HTTP_GET, "/fault", make_fault},
};

static void *committer(void *arg)
{
    while (!atomic_load(&ended)) {
        uint64_t now = atomic_load(&position);
        usleep((unsigned)commit_us);
        if (!atomic_load(&waiting))
            http_server_durable(server, now);
    }
    return NULL;
}

static void fill_page(void)
{
    size_t n = 0;
    for (unsigned i = 0, r = 1; n + 120 < sizeof page; i++) {
        r = r * 1103515245 + 12345;
        n += (size_t)snprintf(page + n, sizeof page - n,
                              "<tr><td>%u</td><td class=\"agency\">Agency %u</td><td>purpose %x</td></tr>\n",
                              i, r >> 28, r);
    }
    memset(page + n, ' ', sizeof page - n);
}

static long number_of(const char *text)
{
    return strtol(text, NULL, 10);
}

int main(int argc, char **argv)
{
    struct http_config config = {.routes = routes, .routes_n = ARRAY_LEN(routes), .error_page = show_error};
    for (int i = 1; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        must(value != NULL);
        long number = number_of(++value);
#define OPTION(key) strncmp(argv[i], key "=", sizeof key) == 0
        if (OPTION("threads"))
            config.threads = (int)number;
        else if (OPTION("per_client"))
            config.connections_per_client = (int)number;
        else if (OPTION("connections"))
            config.connections_max = (int)number;
        else if (OPTION("requests"))
            config.requests_max = (int)number;
        else if (OPTION("ms")) /* all deadlines */
            config.head_time = config.body_time = config.hold_time = config.idle_time = number * 1000;
        else if (OPTION("write_ms"))
            config.write_time = number * 1000;
        else if (OPTION("proxy"))
            config.behind_proxy = number != 0;
        else if (OPTION("unix"))
            config.unix_socket = value;
        else if (OPTION("commit_us"))
            commit_us = number;
        else
            return 2;
    }
    struct err err = {0};
    signal(SIGPIPE, SIG_IGN);
    fill_page();
    if (!http_server_start(&server, &config, &err)) {
        say_err(SAY_ALERT, &err);
        return 1;
    }
    pthread_t thread;
    must(pthread_create(&thread, NULL, committer, NULL) == 0);
    printf("port %d\n", http_server_port(server));
    fflush(stdout);

    char line[100];
    long patience = 1000;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "hold", 4) == 0)
            atomic_store(&waiting, true);
        else if (strncmp(line, "go", 2) == 0)
            atomic_store(&waiting, false);
        else if (strncmp(line, "fail", 4) == 0)
            http_server_failed(server);
        else if (strncmp(line, "metrics", 7) == 0) {
            struct buf out;
            buf_init(&out, 1 << 20);
            http_metrics(server, &out);
            printf("%.*send\n", STR_ARG(buf_view(&out)));
            buf_done(&out);
        } else if (strncmp(line, "stop", 4) == 0) {
            patience = number_of(line + 4);
            break;
        }
        puts("done");
        fflush(stdout);
    }
    /* The committer outlives the stop of the sockets, as the ledger does, but not the server's memory. */
    http_server_stop(server, patience * 1000);
    atomic_store(&ended, true);
    pthread_join(thread, NULL);
    http_server_free(server);
    printf("held %llu\nstopped\n", (unsigned long long)atomic_load(&position));
    return 0;
}
