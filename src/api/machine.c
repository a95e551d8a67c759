/* SPDX-License-Identifier: Apache-2.0 */
/* machine.c: what the operator's machines ask. Neither holds anything of persons. */
#include "api/api_private.h"

const struct api_input get_health_inputs[] = {{0}};
const struct api_answer get_health_answers[] = {
    {200, "text/plain", NULL, "The log takes entries.", false},
    {503, "text/plain", NULL, "The log has stopped: no look is answered until a restart.", false},
    {0}};

void get_health(struct api_call *call)
{
    struct err why;
    bool stopped = ledger_stopped(call->api->ledger, &why);
    http_status(call->response, stopped ? 503 : 200);
    buf_text(http_out(call->response), stopped ? "the log has stopped; a restart recovers\n" : "ok\n");
}

const struct api_input get_metrics_inputs[] = {{0}};
const struct api_answer get_metrics_answers[] = {
    {200, "text/plain", NULL, "Prometheus text format 0.0.4.", false}, {0}};

void get_metrics(struct api_call *call)
{
    struct buf *out = http_out(call->response);
    http_type(call->response, "text/plain; version=0.0.4");
    http_metrics(http_request_server(call->request), out);
    ledger_metrics(call->api->ledger, out);
    gate_metrics(call->api->gate, out);
}
