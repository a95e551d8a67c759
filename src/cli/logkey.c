/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/logkey.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/keys.h"
#include "crypto/keys.h"

#define PLACES 2 /* log, log-before */

static const struct {
    enum key_kind kind;
    const char *name;
} places[PLACES] = {{KEY_LOG, "log"}, {KEY_LOG_BEFORE, "log-before"}};

/* Made before the sandbox, for the one instance that this process opens. */
static struct token *prepared[PLACES];

bool logkey_uri(const char *path, struct arena *arena, struct str *ret_uri, struct err *err)
{
    struct str bytes;
    if (!cli_read_file(path, TOKEN_URI_MAX + 2, arena, &bytes, err))
        return false;
    *ret_uri = token_uri_is(bytes) ? str_trim(bytes) : (struct str){"", 0};
    return true;
}

bool logkey_write_uri(const char *path, const char *uri, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t n = strlen(uri);
    bool ok = fd >= 0 && write(fd, uri, n) == (ssize_t)n && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    if (!ok)
        err_errno(err, path, "cannot be written");
    if (fd >= 0)
        close(fd);
    return ok;
}

bool logkey_prepare(const char *folder, struct err *err)
{
    struct arena arena;
    bool ok = true;
    arena_init(&arena, 4096, 1 << 20);
    const char *keys = arena_printf(&arena, "%s/keys", folder);
    for (size_t i = 0; ok && i < PLACES; i++) {
        const char *path = key_path(&arena, keys, places[i].kind);
        struct str uri;
        if (access(path, F_OK) == 0)
            ok = logkey_uri(path, &arena, &uri, err) &&
                 (uri.n == 0 || token_open(&prepared[i], uri, TOKEN_FIND, err));
    }
    arena_done(&arena);
    return ok;
}

static bool open_one(struct instance *in, size_t i, uint8_t seed[SIGN_SEED_SIZE], struct err *err)
{
    const char *path = key_path(&in->arena, in->keys, places[i].kind);
    struct str uri;
    if (!logkey_uri(path, &in->arena, &uri, err))
        return false;
    if (uri.n == 0)
        return key_file_read_sealed(path, in->master, places[i].name, seed, err);
    in->token[i] = prepared[i];
    prepared[i] = NULL;
    return in->token[i] != NULL || token_open(&in->token[i], uri, TOKEN_FIND, err);
}

bool logkey_open(struct instance *in, struct err *err)
{
    uint8_t seed[SIGN_SEED_SIZE];
    if (!open_one(in, 0, in->ledger_config.sign_seed, err))
        return false;
    if (in->token[0] != NULL)
        in->ledger_config.sign_key = token_key(in->token[0]);
    if (access(key_path(&in->arena, in->keys, KEY_LOG_BEFORE), F_OK) != 0)
        return true;
    bool ok = open_one(in, 1, seed, err);
    if (ok && in->token[1] == NULL)
        in->key_before = sign_key_new(seed);
    secret_wipe(seed, sizeof seed);
    if (ok)
        in->ledger_config.key_before = in->token[1] != NULL ? token_key(in->token[1]) : in->key_before;
    return ok;
}

struct sign_key *logkey_now(struct instance *in)
{
    if (in->token[0] != NULL)
        return token_key(in->token[0]);
    if (in->key_log == NULL)
        in->key_log = sign_key_new(in->ledger_config.sign_seed);
    return in->key_log;
}

void logkey_changed(struct instance *in, struct token *token, const uint8_t seed[SIGN_SEED_SIZE])
{
    logkey_ended(in);
    in->ledger_config.key_before = logkey_now(in);
    in->key_before = in->key_log;
    in->token[1] = in->token[0];
    in->key_log = NULL;
    in->token[0] = token;
    if (token == NULL)
        memcpy(in->ledger_config.sign_seed, seed, SIGN_SEED_SIZE);
    in->ledger_config.sign_key = token != NULL ? token_key(token) : NULL;
}

void logkey_ended(struct instance *in)
{
    sign_key_free(in->key_before);
    token_close(in->token[1]);
    in->key_before = NULL;
    in->token[1] = NULL;
    in->ledger_config.key_before = NULL;
}

void logkey_close(struct instance *in)
{
    sign_key_free(in->key_log);
    sign_key_free(in->key_before);
    for (size_t i = 0; i < PLACES; i++)
        token_close(in->token[i]);
}
