/* SPDX-License-Identifier: Apache-2.0 */
/* keys_retire.c: `aina keys retire`: shards whose time is over lose their keys (gate/retain.h). Without --now
 * it says which would. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/keys_work.h"
#include "gate/retain.h"

/* The public record first, then the keys; what a run that was broken off has done is passed over. */
bool keys_retain(struct instance *in, const struct key_order *order, char words[KEY_WORDS_MAX],
                 struct err *err)
{
    struct gate_shard *shards;
    size_t n, gone = 0;
    int64_t now = clock_now();
    if (!gate_shards(in->gate, now, &in->arena, &shards, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        char id[GATE_SHARD_ID_SIZE];
        if (!shards[i].over)
            continue;
        gate_shard_id(shards[i].number, id);
        if (!keys_event(
                in,
                &(struct key_event){.key = id, .what = "destroyed", .number = shards[i].number, .once = true},
                err) ||
            !gate_shard_destroy(in->gate, in->db, shards[i].number, now, err))
            return err_at(err, "%zu shards are done, then", gone);
        gone++;
    }
    snprintf(words, KEY_WORDS_MAX,
             gone == 0 ? "No shard's time is over: nothing was destroyed.\n"
                       : "The keys of %zu shards are destroyed, and the log says so. Backups that hold them "
                         "still do: destroy those from before today when the next one is made.\n",
             gone);
    return true;
}

static void show_text(const struct gate_shard *shards, size_t n, struct buf *out)
{
    size_t over = 0;
    for (size_t i = 0; i < n; i++) {
        char until[TIME_TEXT_SIZE];
        time_iso(shards[i].kept_until, until);
        buf_printf(out, "shard %-6u %s%.10s%s\n", shards[i].number,
                   shards[i].kept_until == INT64_MAX ? "kept: the folder names no end (retention)"
                                                     : "kept until ",
                   shards[i].kept_until == INT64_MAX ? "" : until,
                   shards[i].over ? "  WOULD GO: --now destroys its keys" : "");
        over += shards[i].over;
    }
    buf_printf(out, "%zu of %zu shards would lose their keys.\n", over, n);
}

static void show_json(const struct gate_shard *shards, size_t n, struct buf *out)
{
    struct json j;
    json_start(&j, out);
    json_open_array(&j);
    for (size_t i = 0; i < n; i++) {
        char until[TIME_TEXT_SIZE];
        bool ends = shards[i].kept_until != INT64_MAX;
        json_open_object(&j);
        json_key_u64(&j, "shard", shards[i].number);
        if (ends)
            time_iso(shards[i].kept_until, until);
        json_key_text(&j, "keptUntil", ends ? str_of(until) : (struct str){0});
        json_key_bool(&j, "over", shards[i].over);
        json_end(&j);
    }
    json_end(&j);
    buf_byte(out, '\n');
}

int keys_retire(const char *folder, bool now, bool as_json)
{
    const struct key_order order = {.kind = ORDER_RETAIN, .token = -1};
    struct instance in;
    struct gate_shard *shards;
    struct buf out;
    struct err err;
    size_t n;
    if (now)
        return keys_order(folder, &order, &err) ? EXIT_DONE : cli_fail(&err);
    if (!instance_open_any(&in, folder, &err))
        return cli_fail(&err);
    bool ok = gate_shards(in.gate, clock_now(), &in.arena, &shards, &n, &err);
    if (ok) {
        buf_init(&out, 1 << 20);
        (as_json ? show_json : show_text)(shards, n, &out);
        cli_print(&out);
        buf_done(&out);
    }
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
