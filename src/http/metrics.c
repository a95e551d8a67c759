/* SPDX-License-Identifier: Apache-2.0 */
/* Counters: each worker writes its own, who asks adds them up. */
#include <stdlib.h>

#include "http/http_private.h"

static const struct {
    int64_t us;
    const char *text;
} bounds[LATENCY_BOUNDS] = {{250, "0.00025"}, {500, "0.0005"}, {1000, "0.001"}, {2500, "0.0025"},
                            {5000, "0.005"},  {10000, "0.01"}, {20000, "0.02"}, {50000, "0.05"},
                            {250000, "0.25"}, {1000000, "1"}};

bool http_counters_init(struct http_counters *counters, size_t routes_n)
{
    counters->route = calloc(routes_n + 1, sizeof *counters->route);
    return counters->route != NULL;
}

/* Only this worker's thread writes, so that no locked instruction is needed. */
static void bump(_Atomic uint64_t *counter, uint64_t by)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + by, memory_order_relaxed);
}

void http_counters_add(struct http_counters *counters, size_t route, int status, int64_t microseconds)
{
    size_t i = 0;
    while (i < LATENCY_BOUNDS && microseconds > bounds[i].us)
        i++;
    bump(&counters->route[route].by_class[status / 100], 1);
    bump(&counters->latency[i], 1);
    bump(&counters->latency_sum_us, (uint64_t)microseconds);
}

static uint64_t class_sum(struct http_server *server, size_t route, int hundred)
{
    uint64_t sum = 0;
    for (int i = 0; i < server->threads; i++)
        sum += atomic_load_explicit(&server->worker[i].counters.route[route].by_class[hundred],
                                    memory_order_relaxed);
    return sum;
}

static void requests_text(struct http_server *server, struct buf *out)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    buf_text(out, "# HELP aina_http_requests_total Answers by route and class of status.\n"
                  "# TYPE aina_http_requests_total counter\n");
    for (size_t row = 0; row <= server->config.routes_n; row++) {
        const struct http_route *route = row < server->config.routes_n ? &server->config.routes[row] : NULL;
        for (int hundred = 2; hundred <= 5; hundred++) {
            uint64_t sum = class_sum(server, row, hundred);
            if (sum > 0)
                buf_printf(out, "aina_http_requests_total{route=\"%s\",method=\"%s\",class=\"%dxx\"} %llu\n",
                           route ? route->path : "none", route ? methods[route->method] : "any", hundred,
                           (unsigned long long)sum);
        }
    }
}

static void latency_text(struct http_server *server, struct buf *out)
{
    uint64_t sum_us = 0, count = 0;
    buf_text(out, "# HELP aina_http_request_seconds From the request line to the answer's first byte.\n"
                  "# TYPE aina_http_request_seconds histogram\n");
    for (size_t i = 0; i <= LATENCY_BOUNDS; i++) {
        for (int k = 0; k < server->threads; k++)
            count += atomic_load_explicit(&server->worker[k].counters.latency[i], memory_order_relaxed);
        buf_printf(out, "aina_http_request_seconds_bucket{le=\"%s\"} %llu\n",
                   i < LATENCY_BOUNDS ? bounds[i].text : "+Inf", (unsigned long long)count);
    }
    for (int k = 0; k < server->threads; k++)
        sum_us += atomic_load_explicit(&server->worker[k].counters.latency_sum_us, memory_order_relaxed);
    buf_printf(out, "aina_http_request_seconds_sum %.6f\naina_http_request_seconds_count %llu\n",
               (double)sum_us / 1e6, (unsigned long long)count);
}

void http_metrics(struct http_server *server, struct buf *out)
{
    uint64_t held = 0;
    for (int i = 0; i < server->threads; i++)
        held += atomic_load(&server->worker[i].held);
    requests_text(server, out);
    latency_text(server, out);
    const struct {
        const char *name, *type, *help;
        uint64_t value;
    } rows[] = {
        {"connections", "gauge", "Open connections.", (uint64_t)atomic_load(&server->connections_n)},
        {"requests_in_hand", "gauge", "Requests begun and not yet answered.",
         (uint64_t)atomic_load(&server->requests_n)},
        {"held", "gauge", "Replies that wait for the log.", held},
        {"refused_connections_total", "counter", "Connections over a limit.",
         atomic_load(&server->refused_connections)},
        {"refused_requests_total", "counter", "Requests over a limit.",
         atomic_load(&server->refused_requests)},
        {"overdue_total", "counter", "Connections and held replies ended at a deadline.",
         atomic_load(&server->overdue)},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        buf_printf(out, "# HELP aina_http_%s %s\n# TYPE aina_http_%s %s\naina_http_%s %llu\n", rows[i].name,
                   rows[i].help, rows[i].name, rows[i].type, rows[i].name, (unsigned long long)rows[i].value);
}
