/* SPDX-License-Identifier: Apache-2.0 */
/* token.c: the URI, the process, and the server's side of it. The module's calls are in token_module.c. */
#include "crypto/token.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/pair.h"
#include "crypto/keys.h"
#include "crypto/token_private.h"

#define MESSAGE_MAX 65536
#define PATIENCE 30 /* seconds for one signature: a token may ask its owner to touch it */

struct token {
    int socket;
    pthread_mutex_t one;
    bool p256;
    uint8_t public_key[TOKEN_PUBLIC_MAX];
    struct sign_key *key; /* Ed25519 */
    char name[TOKEN_PART_MAX];
};

struct reply {
    uint32_t good, n; /* good: 64 bytes of signature or of public key; else n bytes of words */
};

/* --- the URI --- */

bool token_uri_is(struct str text)
{
    return str_starts(text, STR("pkcs11:"));
}

static bool part_set(char out[TOKEN_PART_MAX], struct str text, struct err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t byte = (uint8_t)text.p[i];
        if (byte == '%') {
            if (i + 2 >= text.n || !hex_decode(&byte, 1, (struct str){text.p + i + 1, 2}))
                return err_set(err, ERR_INVALID, "pkcs11", "'%%' stands without two hex digits");
            i += 2;
        }
        if (byte == '\0' || n == TOKEN_PART_MAX - 1)
            return err_set(err, ERR_INVALID, "pkcs11", "a part is longer than %d bytes", TOKEN_PART_MAX - 1);
        out[n++] = (char)byte;
    }
    out[n] = '\0';
    return true;
}

bool token_uri_read(struct str uri, struct token_uri *ret, struct err *err)
{
    struct str rest = str_from(uri, strlen("pkcs11:")), path, part;
    *ret = (struct token_uri){0};
    const struct {
        const char *name;
        char *to;
        bool query;
    } known[] = {{"token", ret->token, false},
                 {"object", ret->object, false},
                 {"module-path", ret->module, true},
                 {"pin-source", ret->pin, true}};
    if (!token_uri_is(uri) || uri.n > TOKEN_URI_MAX)
        return err_set(err, ERR_INVALID, "pkcs11", "is not a URI of at most %d bytes", TOKEN_URI_MAX);
    if (!str_next(&rest, '?', &path))
        path = (struct str){"", 0};
    for (int query = 0; query < 2; query++) {
        struct str *in = query ? &rest : &path;
        while (str_next(in, query ? '&' : ';', &part)) {
            struct str value = part, name = {0};
            bool used = false;
            (void)str_next(&value, '=', &name);
            for (size_t i = 0; i < ARRAY_LEN(known); i++)
                if (str_is(name, known[i].name) && known[i].query == (query == 1)) {
                    used = true;
                    if (!part_set(known[i].to, value, err))
                        return false;
                }
            if (str_is(name, "pin-value"))
                return err_set(err, ERR_INVALID, "pkcs11",
                               "a PIN does not stand in the URI: put it into a file and name that by "
                               "pin-source=file:/...");
            if (!used && !(str_is(name, "type") && str_is(value, "private")))
                return err_set(err, ERR_INVALID, "pkcs11",
                               "'%.*s' is not token, object, type=private, module-path or pin-source",
                               STR_ARG(name));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].to[0] == '\0')
            return err_set(err, ERR_INVALID, "pkcs11", "'%s' is missing in the URI", known[i].name);
    return ret->module[0] == '/' || err_set(err, ERR_INVALID, "pkcs11", "module-path is not a whole path");
}

bool token_uri_check(struct str uri, struct err *err)
{
    struct token_uri parts;
    return token_uri_read(uri, &parts, err);
}

/* The PIN's file, with the line's end taken off. */
static bool read_pin(const struct token_uri *uri, char pin[TOKEN_PART_MAX], struct err *err)
{
    char path[2 * TOKEN_PART_MAX];
    struct stat stat;
    struct str source = str_of(uri->pin);
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (str_starts(source, STR("credential:")) && credentials != NULL)
        snprintf(path, sizeof path, "%.500s/%s", credentials, uri->pin + 11);
    else if (str_starts(source, STR("file:/")))
        snprintf(path, sizeof path, "%s", uri->pin + 5);
    else
        return err_set(err, ERR_INVALID, uri->pin,
                       "is neither file:/PATH nor a systemd credential that this process was given");
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, path, "the token's PIN cannot be read");
    bool ok = (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && (stat.st_mode & 0077) == 0) ||
              err_set(err, ERR_NOT_ALLOWED, path, "may be read by others; run: chmod 600 '%s'", path);
    ssize_t n = ok ? read(fd, pin, TOKEN_PART_MAX - 1) : 0;
    close(fd);
    if (!ok)
        return false;
    pin[MAX_OF(n, (ssize_t)0)] = '\0';
    pin[strcspn(pin, "\r\n")] = '\0';
    return pin[0] != '\0' || err_set(err, ERR_INVALID, path, "holds no PIN");
}

static bool put_reply(int fd, const void *bytes, size_t n, const struct err *err)
{
    struct reply r = {err == NULL, err == NULL ? (uint32_t)n : (uint32_t)strlen(err->text)};
    return pair_put(fd, &r, sizeof r) && pair_put(fd, err == NULL ? bytes : err->text, r.n);
}

/* --- the child --- */

static _Noreturn void child(int fd, const struct token_uri *uri, unsigned how)
{
    static uint8_t message[MESSAGE_MAX];
    struct token_session session;
    char pin[TOKEN_PART_MAX];
    uint8_t public_key[TOKEN_PUBLIC_MAX], signature[SIGNATURE_SIZE];
    uint32_t n;
    struct err err;
    signal(SIGINT, SIG_IGN); /* it ends when its maker has closed its side, not before */
    signal(SIGTERM, SIG_IGN);
    if ((how & TOKEN_STAYS) != 0) {
        signal(SIGHUP, SIG_IGN);
        setsid();
    } else {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    if (dup2(fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        _exit(1);
    fd = STDIN_FILENO;
    bool ok = read_pin(uri, pin, &err) && token_session_open(&session, uri, pin, how, public_key, &err);
    secret_wipe(pin, sizeof pin);
    if (!put_reply(fd, public_key, sizeof public_key, ok ? NULL : &err) || !ok)
        _exit(1);
    /* A terminal or a pipe of the maker's is not held open by what outlives it. */
    int null = (how & TOKEN_STAYS) != 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
    if (null >= 0 && (dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0))
        _exit(1);
    while (pair_take(fd, &n, sizeof n) && n <= MESSAGE_MAX && pair_take(fd, message, n)) {
        ok = token_session_sign(&session, message, n, signature, &err);
        if (!put_reply(fd, signature, sizeof signature, ok ? NULL : &err))
            break;
    }
    _exit(0);
}

/* --- the maker's side --- */

static bool take_reply(struct token *t, void *bytes, size_t n, struct err *err)
{
    struct reply r;
    char words[sizeof err->text] = "";
    if (!pair_take(t->socket, &r, sizeof r) || r.n > (r.good ? n : sizeof words - 1) ||
        (r.good && r.n != n) || !pair_take(t->socket, r.good ? bytes : words, r.n)) {
        close(t->socket);
        t->socket = -1;
        return err_set(err, ERR_STOPPED, t->name,
                       "the process that holds the token has ended or does not answer");
    }
    return r.good || err_set(err, ERR_STOPPED, t->name, "%s", words);
}

static bool sign_there(void *arg, uint8_t out[SIGNATURE_SIZE], const void *message, size_t n, struct err *err)
{
    struct token *t = arg;
    uint32_t size = (uint32_t)n;
    if (n > MESSAGE_MAX)
        return err_set(err, ERR_TOO_LARGE, t->name, "signs at most %d bytes", MESSAGE_MAX);
    pthread_mutex_lock(&t->one);
    bool ok = t->socket >= 0 && pair_put(t->socket, &size, sizeof size) && pair_put(t->socket, message, n);
    if (!ok)
        err_set(err, ERR_STOPPED, t->name, "the process that holds the token has ended");
    ok = ok && take_reply(t, out, SIGNATURE_SIZE, err);
    pthread_mutex_unlock(&t->one);
    return ok;
}

static struct token *token_new(int socket, const struct token_uri *uri)
{
    struct token *t = calloc(1, sizeof *t);
    must(t != NULL);
    t->socket = socket;
    pthread_mutex_init(&t->one, NULL);
    snprintf(t->name, sizeof t->name, "%.200s", uri->token);
    return t;
}

/* It has signed once, and the signature holds. */
static bool token_try(struct token *t, const uint8_t public_key[TOKEN_PUBLIC_MAX], unsigned how,
                      struct err *err)
{
    static const char probe[] = "aina: does this key sign?";
    uint8_t signature[SIGNATURE_SIZE];
    memcpy(t->public_key, public_key, sizeof t->public_key);
    t->p256 = (how & TOKEN_P256) != 0;
    if (!t->p256)
        t->key = sign_key_elsewhere(public_key, sign_there, t);
    if (!sign_there(t, signature, probe, sizeof probe, err))
        return false;
    bool holds = t->p256 ? es256_verify(public_key, signature, probe, sizeof probe)
                         : sign_verify(public_key, signature, probe, sizeof probe);
    return holds ||
           err_set(err, ERR_INVALID, t->name, "its signature does not hold under its own public key");
}

static bool be_patient(int socket, struct err *err)
{
    const struct timeval patience = {.tv_sec = PATIENCE};
    return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 ||
           err_errno(err, "pkcs11", "the socket takes no time limit");
}

bool token_open(struct token **ret, struct str text, unsigned how, struct err *err)
{
    struct token_uri uri;
    uint8_t public_key[TOKEN_PUBLIC_MAX];
    int pair[2];
    if (!token_uri_read(text, &uri, err))
        return false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_errno(err, "pkcs11", "no pair of sockets");
    fflush(NULL); /* the child has its own copy of what is not written yet */
    pid_t pid = fork();
    if (pid == 0)
        child(pair[1], &uri, how);
    close(pair[1]);
    struct token *t = token_new(pair[0], &uri);
    bool ok = (pid > 0 || err_errno(err, "pkcs11", "no process can be made")) && be_patient(pair[0], err) &&
              take_reply(t, public_key, sizeof public_key, err) && token_try(t, public_key, how, err);
    if (!ok)
        token_close(t);
    else
        *ret = t;
    return ok;
}

int token_socket(const struct token *t)
{
    return t->socket;
}

bool token_adopt(struct token **ret, struct str text, int socket, const uint8_t public_key[TOKEN_PUBLIC_MAX],
                 unsigned how, struct err *err)
{
    struct token_uri uri;
    if (!token_uri_read(text, &uri, err)) {
        close(socket);
        return false;
    }
    struct token *t = token_new(socket, &uri);
    bool ok = be_patient(socket, err) && token_try(t, public_key, how, err);
    if (!ok)
        token_close(t);
    else
        *ret = t;
    return ok;
}

void token_close(struct token *t)
{
    if (t == NULL)
        return;
    if (t->socket >= 0)
        close(t->socket);
    sign_key_free(t->key);
    pthread_mutex_destroy(&t->one);
    free(t);
}

void token_public(const struct token *t, uint8_t out[TOKEN_PUBLIC_MAX])
{
    memcpy(out, t->public_key, TOKEN_PUBLIC_MAX);
}

struct es256_key *token_es256(struct token *t)
{
    must(t->p256);
    return es256_key_elsewhere(t->public_key, sign_there, t);
}

struct sign_key *token_key(struct token *t)
{
    return t->key;
}
