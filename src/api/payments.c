/* SPDX-License-Identifier: Apache-2.0 */
/* payments.c: what a provider of payments reports (case/payment.h). Who it is says its signature. */
#include "api/api_private.h"
#include "base/clock.h"
#include "case/payment.h"

const struct api_input post_payment_inputs[] = {
    {"provider", IN_PATH, SHAPE_ID, true, 0, "the provider, as its file in the payments folder is called",
     "\"bank\""},
    {"Aina-Signature", IN_HEADER, SHAPE_LINE, false, 512,
     "in base64, of aina-payment-v1 LF provider LF body, by the provider's key; without it: 401", "\"AAAA\""},
    {"invoice", IN_BODY, SHAPE_LINE, true, 64, "the invoice's id", "\"1k0000000000000000000000aa\""},
    {"amount", IN_BODY, SHAPE_LINE, true, 32, "what was paid, in the folder's money", "\"12600.00\""},
    {"ref", IN_BODY, SHAPE_LINE, true, 64, "the provider's own number of this payment", "\"2026-11-25/1\""},
    {0}};
const struct api_answer post_payment_answers[] = {
    {200, "application/json", "Taken", "The payment is known; the same report again says the same.", false},
    {503, "application/problem+json", "Problem", "It cannot be recorded now: report it again.", false},
    {0}};

void post_payment(struct api_call *call)
{
    struct str signature = {0};
    struct err err;
    uint64_t position;
    (void)http_header(call->request, "Aina-Signature", &signature);
    if (!payment_report(call->api->beside, call->db, api_text(call, "provider"), http_body(call->request),
                        signature, clock_now(), call->arena, &position, &err)) {
        api_fail(call, &err);
        return;
    }
    http_type(call->response, "application/json");
    http_out_static(call->response, STR("{\"taken\":true}\n"));
    if (position != 0)
        http_hold(call->response, position);
}
