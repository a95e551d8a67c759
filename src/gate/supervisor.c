/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.c: the supervisor's key file: a VRF scalar and a signing seed, sealed under a passphrase that
 * the operator does not have (Argon2id). One line: "aina-supervisor/1 OPS MEMORY SALT SEALED". */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"
#include "ledger/public.h"

#define OPS 3
#define MEMORY ((uint64_t)64 << 20)
#define OPS_MAX 16
#define MEMORY_MAX ((uint64_t)1 << 30) /* a hostile file cannot take the machine's memory */
#define FILE_MAX 512

static bool stretch(uint8_t key[KEY_SIZE], struct str passphrase, const struct supervisor_file *f)
{
    return crypto_pwhash(key, KEY_SIZE, passphrase.p, passphrase.n, f->salt, f->ops, (size_t)f->memory,
                         crypto_pwhash_ALG_ARGON2ID13) == 0;
}

/* The seal is bound to what stands before it. */
static size_t bound_to(const struct supervisor_file *f, uint8_t ad[16])
{
    put_u64be(ad, f->ops);
    put_u64be(ad + 8, f->memory);
    return 16;
}

void supervisor_file_text(struct buf *out, const struct supervisor_file *f)
{
    buf_text(out, "aina-supervisor/1 ");
    buf_u64(out, f->ops);
    buf_byte(out, ' ');
    buf_u64(out, f->memory);
    buf_byte(out, ' ');
    buf_hex(out, f->salt, sizeof f->salt);
    buf_byte(out, ' ');
    buf_hex(out, f->sealed, sizeof f->sealed);
    buf_byte(out, '\n');
}

bool supervisor_file_parse(struct str text, struct supervisor_file *ret_file, struct err *err)
{
    struct supervisor_file f;
    struct str part[5];
    bool good = text.n != 0 && text.p[text.n - 1] == '\n';
    struct str rest = {text.p, good ? text.n - 1 : 0};
    for (size_t i = 0; good && i < ARRAY_LEN(part); i++)
        good = str_next(&rest, ' ', &part[i]);
    if (!good || rest.n != 0 || !str_is(part[0], "aina-supervisor/1") || !text_u64(part[1], &f.ops) ||
        !text_u64(part[2], &f.memory) || f.ops == 0 || f.ops > OPS_MAX ||
        f.memory < crypto_pwhash_MEMLIMIT_MIN || f.memory > MEMORY_MAX ||
        !hex_decode(f.salt, sizeof f.salt, part[3]) || !hex_decode(f.sealed, sizeof f.sealed, part[4]))
        return err_set(
            err, ERR_INVALID, NULL,
            "is not a supervisor's key file as aina order supervisor makes it; take it from a copy");
    *ret_file = f;
    return true;
}

static bool write_new(const char *path, struct str text, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_CONFLICT, path, "exists already and is never overwritten; choose a new name");
    if (fd < 0)
        return err_errno(err, path, "cannot create the key file");
    bool good = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
    if (close(fd) != 0 || !good) {
        err_errno(err, path, "cannot write the key file");
        unlink(path);
        return false;
    }
    return true;
}

bool gate_supervisor_create(const char *path, struct str passphrase, struct err *err)
{
    struct supervisor_file f = {.ops = OPS, .memory = MEMORY};
    struct arena arena;
    struct buf text;
    uint8_t secret[SUPERVISOR_SECRET_SIZE], key[KEY_SIZE], ad[16];
    if (!utf8_valid(passphrase) || utf8_length(passphrase) < GATE_PASSPHRASE_MIN)
        return err_set(err, ERR_USAGE, "passphrase", "must have at least %d characters", GATE_PASSPHRASE_MIN);
    random_bytes(f.salt, sizeof f.salt);
    if (!stretch(key, passphrase, &f))
        return err_set(err, ERR_IO, "passphrase", "needs %u MB of memory, which are not free",
                       (unsigned)(f.memory >> 20));
    vrf_secret_new(secret);
    random_bytes(secret + VRF_SECRET_SIZE, SIGN_SEED_SIZE);
    seal(f.sealed, key, secret, sizeof secret, ad, bound_to(&f, ad));
    secret_wipe(secret, sizeof secret);
    secret_wipe(key, sizeof key);
    arena_init(&arena, 1024, 4096);
    buf_in(&text, &arena, FILE_MAX);
    supervisor_file_text(&text, &f);
    bool ok = write_new(path, buf_view(&text), err);
    arena_done(&arena);
    return ok;
}

static bool read_file(const char *path, char text[FILE_MAX], size_t *ret_n, struct err *err)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, path, "cannot open the key file");
    ssize_t n = fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) ? read(fd, text, FILE_MAX) : -1;
    close(fd);
    if (n < 0)
        return err_set(err, ERR_IO, path, "cannot be read");
    if ((stat.st_mode & 077) != 0)
        return err_set(err, ERR_NOT_ALLOWED, path, "is open to others: chmod 600 '%s'", path);
    *ret_n = (size_t)n;
    return true;
}

bool gate_supervisor_open(struct gate_supervisor **ret, const char *path, struct str passphrase,
                          struct err *err)
{
    char text[FILE_MAX];
    size_t n;
    struct supervisor_file f;
    uint8_t key[KEY_SIZE], ad[16];
    if (!read_file(path, text, &n, err))
        return false;
    if (!supervisor_file_parse((struct str){text, n}, &f, err))
        return err_at(err, "%s", path);
    if (!stretch(key, passphrase, &f))
        return err_set(err, ERR_IO, path, "the passphrase needs %u MB of memory, which are not free",
                       (unsigned)(f.memory >> 20));
    struct gate_supervisor *s = (struct gate_supervisor *)secret_new(sizeof *s);
    bool opens = seal_open(s->secret, key, f.sealed, sizeof f.sealed, ad, bound_to(&f, ad));
    secret_wipe(key, sizeof key);
    if (!opens) {
        gate_supervisor_free(s);
        return err_set(err, ERR_NOT_ALLOWED, path, "does not open: the passphrase is another one");
    }
    struct sign_key *signer = sign_key_new(s->secret + VRF_SECRET_SIZE);
    vrf_public(s->public.vrf, s->secret);
    sign_public(signer, s->public.sign);
    sign_key_free(signer);
    *ret = s;
    return true;
}

void gate_supervisor_free(struct gate_supervisor *supervisor)
{
    if (supervisor != NULL)
        secret_free((uint8_t *)supervisor);
}

/* --- the public half, in the log under /log/record: kind key, id supervisor-XXXXXXXX, version 0 --- */

void supervisor_vkey(const struct gate *gate, const struct supervisor_public *public, struct arena *arena,
                     struct note_vkey *ret_vkey)
{
    struct note_vkey log;
    ledger_vkey(gate->ledger, &log);
    const char *name = arena_printf(arena, "%.*s/supervisor", STR_ARG(log.name));
    note_vkey_make(ret_vkey, str_of(name), public->sign);
}

void supervisor_record(const struct gate *gate, const struct supervisor_public *public, struct arena *arena,
                       struct str *ret_id, struct str *ret_content)
{
    struct note_vkey vkey;
    struct buf text, content;
    struct json j;
    char hex[9];
    hex_encode(hex, public->vrf, 4);
    supervisor_vkey(gate, public, arena, &vkey);
    buf_in(&text, arena, 1024);
    note_vkey_text(&text, &vkey);
    buf_in(&content, arena, 2048);
    json_start(&j, &content);
    json_open_object(&j);
    json_key_text(&j, "role", STR("supervisor"));
    json_key(&j, "vrf");
    json_base64(&j, public->vrf, sizeof public->vrf);
    json_key_text(&j, "sign", buf_view(&text));
    json_end(&j);
    *ret_id = str_of(arena_printf(arena, "supervisor-%s", hex));
    *ret_content = buf_view(&content);
}
