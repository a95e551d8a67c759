/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/logkey.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/keys.h"
#include "crypto/keys.h"

#define PLACES 2 /* log, log-before */
#define PREPARED_MAX 3
#define CREDENTIAL "credential:"

static const struct {
    enum key_kind kind;
    const char *name;
} places[PLACES] = {{KEY_LOG, "log"}, {KEY_LOG_BEFORE, "log-before"}};

/* Made before the sandbox, for the one instance that this process opens. After that no token can be opened.
 */
static struct {
    char uri[TOKEN_URI_MAX + 1];
    struct token *token;
} prepared[PREPARED_MAX];
static size_t prepared_n;
static bool prepared_all;

bool logkey_uri(const char *path, struct arena *arena, struct str *ret_uri, struct err *err)
{
    struct str bytes;
    if (!cli_read_file(path, TOKEN_URI_MAX + 2, arena, &bytes, err))
        return false;
    *ret_uri = token_uri_is(bytes) || credential_is(bytes) ? str_trim(bytes) : (struct str){"", 0};
    return true;
}

bool credential_is(struct str text)
{
    return str_starts(text, STR(CREDENTIAL));
}

bool credential_read(struct str text, uint8_t key[KEY_SIZE], struct err *err)
{
    char path[4096];
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    struct str name = str_from(text, strlen(CREDENTIAL));
    bool plain = name.n != 0 && name.n < 256 && name.p[0] != '.' && memchr(name.p, '/', name.n) == NULL;
    if (!plain)
        return err_set(err, ERR_INVALID, CREDENTIAL, "is followed by the name of a systemd credential");
    if (folder == NULL)
        return err_set(err, ERR_NOT_FOUND, "credential",
                       "this process was given no systemd credentials: LoadCredentialEncrypted= in the unit");
    snprintf(path, sizeof path, "%.3000s/%.*s", folder, STR_ARG(name));
    return key_file_read(path, key, err);
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

static bool prepare(const char *path, unsigned how, struct arena *arena, struct err *err)
{
    struct str uri;
    if (path == NULL || access(path, F_OK) != 0)
        return true;
    if (!logkey_uri(path, arena, &uri, err))
        return false;
    if (!token_uri_is(uri))
        return true;
    must(prepared_n < PREPARED_MAX);
    snprintf(prepared[prepared_n].uri, sizeof prepared[0].uri, "%.*s", STR_ARG(uri));
    return token_open(&prepared[prepared_n].token, uri, how, err) && ++prepared_n != 0;
}

/* keys/document-N.key with the greatest N; NULL: none. */
static const char *newest_document(const char *keys, struct arena *arena)
{
    uint64_t greatest = 0, n;
    DIR *dir = opendir(keys);
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        struct str name = str_of(entry->d_name);
        if (str_starts(name, STR("document-")) && str_ends(name, STR(".key")) &&
            text_u64((struct str){name.p + 9, name.n - 13}, &n))
            greatest = MAX_OF(greatest, n);
    }
    if (dir != NULL)
        closedir(dir);
    return greatest == 0 ? NULL
                         : arena_printf(arena, "%s/document-%llu.key", keys, (unsigned long long)greatest);
}

bool logkey_prepare(const char *folder, struct err *err)
{
    struct arena arena;
    bool ok = true;
    arena_init(&arena, 4096, 1 << 20);
    const char *keys = arena_printf(&arena, "%s/keys", folder);
    for (size_t i = 0; ok && i < PLACES; i++)
        ok = prepare(key_path(&arena, keys, places[i].kind), TOKEN_FIND, &arena, err);
    ok = ok && prepare(newest_document(keys, &arena), TOKEN_FIND | TOKEN_P256, &arena, err);
    prepared_all = true;
    arena_done(&arena);
    return ok;
}

static bool token_of(struct str uri, unsigned how, struct token **ret, struct err *err)
{
    for (size_t i = 0; i < prepared_n; i++) {
        if (prepared[i].token == NULL || !str_is(uri, prepared[i].uri))
            continue;
        *ret = prepared[i].token;
        prepared[i].token = NULL;
        return true;
    }
    if (prepared_all)
        return err_set(err, ERR_UNSUPPORTED, "pkcs11",
                       "a running server opens no token: restart it, and it finds this one");
    return token_open(ret, uri, how, err);
}

static bool open_one(struct instance *in, size_t i, uint8_t seed[SIGN_SEED_SIZE], struct err *err)
{
    const char *path = key_path(&in->arena, in->keys, places[i].kind);
    struct str uri;
    if (!logkey_uri(path, &in->arena, &uri, err))
        return false;
    if (credential_is(uri))
        return credential_read(uri, seed, err);
    return uri.n == 0 ? key_file_read_sealed(path, in->master, places[i].name, seed, err)
                      : token_of(uri, TOKEN_FIND, &in->token[i], err);
}

/* The tokens of document keys stay until the instance is closed. */
static bool keep(struct instance *in, struct token *token, struct es256_key **ret, struct err *err)
{
    if (in->document_tokens_n == ARRAY_LEN(in->document_token)) {
        token_close(token);
        return err_set(err, ERR_TOO_LARGE, "pkcs11", "too many changes since the start: restart the server");
    }
    in->document_token[in->document_tokens_n++] = token;
    *ret = token_es256(token);
    return *ret != NULL || err_set(err, ERR_INVALID, "pkcs11", "its public key is no point of P-256");
}

bool logkey_document(void *arg, const char *path, struct es256_key **ret, struct err *err)
{
    struct instance *in = arg;
    struct str uri;
    if (!logkey_uri(path, &in->arena, &uri, err))
        return false;
    if (credential_is(uri)) {
        uint8_t secret[KEY_SIZE];
        bool ok =
            credential_read(uri, secret, err) &&
            ((*ret = es256_key_new(secret)) != NULL || err_set(err, ERR_INVALID, path, "is no key of P-256"));
        secret_wipe(secret, sizeof secret);
        return ok;
    }
    if (uri.n == 0)
        return true;
    struct token *token = in->document_given;
    in->document_given = NULL;
    if (token == NULL && !token_of(uri, TOKEN_FIND | TOKEN_P256, &token, err))
        return false;
    return keep(in, token, ret, err);
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
    for (size_t i = 0; i < in->document_tokens_n; i++)
        token_close(in->document_token[i]);
    token_close(in->document_given);
}
