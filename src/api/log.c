/* SPDX-License-Identifier: Apache-2.0 */
/* log.c: the public log as c2sp.org/tlog-tiles serves it. Tiles and bundles are hashes and random-looking
 * leaves, so that compressing them would cost time and gain nothing. Any page of the world may read. */
#include "api/api_private.h"
#include "base/json.h"
#include "ledger/public.h"

#define FOREVER "public, max-age=604800, immutable"

static void open_to_all(struct api_call *call, const char *type, const char *cache)
{
    http_type(call->response, type);
    http_add_header(call->response, "Access-Control-Allow-Origin", "*");
    if (cache != NULL)
        http_cache(call->response, cache);
}

/* A page that reads the log goes from a partial tile that is not there to the whole one: it must see that. */
static void missing(struct api_call *call, const struct err *err)
{
    api_fail(call, err);
    http_add_header(call->response, "Access-Control-Allow-Origin", "*");
}

const struct api_input get_checkpoint_inputs[] = {{0}};
const struct api_answer get_checkpoint_answers[] = {
    {200, "text/plain", NULL, "A signed note: origin, size, root (c2sp.org/tlog-checkpoint).", false}, {0}};

void get_checkpoint(struct api_call *call)
{
    open_to_all(call, "text/plain; charset=utf-8", NULL);
    buf_str(http_out(call->response), ledger_checkpoint(call->api->ledger, call->arena, NULL));
}

const struct api_input get_tile_inputs[] = {
    {"path", IN_PATH, SHAPE_TILE_PATH, true, 0,
     "L/N or L/N.p/W for hashes, entries/N or entries/N.p/W for leaves; N in groups of three digits",
     "\"0/x001/234.p/5\""},
    {0}};
const struct api_answer get_tile_answers[] = {
    {200, "application/octet-stream", NULL,
     "Up to 256 hashes of 32 bytes, or up to 256 leaves, each after its length in two bytes; never changes.",
     false},
    {0}};

void get_tile(struct api_call *call)
{
    struct tile tile;
    struct str bytes;
    struct err err;
    bool ok = tile_parse(str_from(http_path(call->request), 5), &tile) || /* after "/log/", as sent */
              err_set(&err, ERR_NOT_FOUND, "tile", "this is not the path of a tile; c2sp.org/tlog-tiles");
    if (!ok || !ledger_tile(call->api->ledger, &tile, call->arena, &bytes, &err)) {
        missing(call, &err);
        return;
    }
    open_to_all(call, "application/octet-stream", FOREVER);
    http_out_static(call->response, bytes);
}

const struct api_input get_record_inputs[] = {
    {"leaf", IN_PATH, SHAPE_COUNT, true, 0, "the number of a leaf of type 4", "0"}, {0}};
const struct api_answer get_record_answers[] = {
    {200, "text/plain", NULL,
     "The content, byte for byte: its leaf's commit is SHA-256(0x10, 32 zero bytes, content).", false},
    {0}};

void get_record(struct api_call *call)
{
    struct ledger_entry entry;
    struct checkpoint published;
    struct err err;
    uint64_t leaf = api_value(call, "leaf")->number;
    (void)ledger_checkpoint(call->api->ledger, call->arena, &published);
    bool ok = leaf < published.size && ledger_read(call->api->ledger, leaf, call->arena, &entry, &err) &&
              entry.leaf.type == LEAF_PUBLIC;
    if (!ok) {
        err_set(&err, ERR_NOT_FOUND, "record", "the published log has no public record with this number");
        missing(call, &err);
        return;
    }
    open_to_all(call, "text/plain; charset=utf-8", FOREVER);
    buf_add(http_out(call->response), entry.body, entry.body_n);
}

const struct api_input get_key_inputs[] = {{0}};
const struct api_answer get_key_answers[] = {
    {200, "text/plain", NULL, "The key as text, what `aina verify --key` takes (c2sp.org/signed-note).",
     false},
    {0}};

void get_key(struct api_call *call)
{
    struct note_vkey vkey;
    ledger_vkey(call->api->ledger, &vkey);
    open_to_all(call, "text/plain; charset=utf-8", NULL);
    note_vkey_text(http_out(call->response), &vkey);
    buf_byte(http_out(call->response), '\n');
}
