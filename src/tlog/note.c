/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/note.h"

#define DASH "\xE2\x80\x94 " /* U+2014 and a space */
#define VKEY_BYTES_MAX 4096

/* Unicode white space beyond ASCII, as UTF-8. */
static const char *const spaces[] = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80",
};

/* Key names and origins: non-empty, UTF-8, no space of any kind, no '+', no control byte. */
static bool name_valid(struct str name)
{
    if (name.n == 0 || !utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 0x7F || name.p[i] == '+')
            return false;
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
        if (memmem(name.p, name.n, spaces[i], strlen(spaces[i])) != NULL)
            return false;
    return true;
}

bool checkpoint_origin_valid(struct str origin)
{
    return origin.n <= 255 && name_valid(origin);
}

static void key_id(uint8_t id[4], struct str name, uint8_t type, const uint8_t *key, size_t n)
{
    struct sha256 hash;
    uint8_t sum[HASH_SIZE], between[2] = {'\n', type};
    sha256_start(&hash);
    sha256_add(&hash, name.p, name.n);
    sha256_add(&hash, between, sizeof between);
    sha256_add(&hash, key, n);
    sha256_end(&hash, sum);
    memcpy(id, sum, 4);
}

void note_vkey_make(struct note_vkey *ret_key, struct str name, const uint8_t public_key[SIGN_PUBLIC_SIZE])
{
    must(checkpoint_origin_valid(name));
    *ret_key = (struct note_vkey){.name = name, .type = NOTE_TYPE_ED25519};
    memcpy(ret_key->key, public_key, SIGN_PUBLIC_SIZE);
    key_id(ret_key->id, name, NOTE_TYPE_ED25519, public_key, SIGN_PUBLIC_SIZE);
}

void note_vkey_text(struct buf *out, const struct note_vkey *key)
{
    must(key->type == NOTE_TYPE_ED25519);
    uint8_t bytes[1 + SIGN_PUBLIC_SIZE] = {key->type};
    memcpy(bytes + 1, key->key, SIGN_PUBLIC_SIZE);
    buf_str(out, key->name);
    buf_byte(out, '+');
    buf_hex(out, key->id, sizeof key->id);
    buf_byte(out, '+');
    buf_base64(out, bytes, sizeof bytes);
}

static bool lower_hex(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] >= 'A' && text.p[i] <= 'F')
            return false;
    return true;
}

bool note_vkey_parse(struct str text, struct note_vkey *ret_key, struct err *err)
{
    static const char form[] = "a verifier key has the form name+8 hex digits+base64; copy it whole";
    struct note_vkey key = {0};
    uint8_t bytes[VKEY_BYTES_MAX], id[4];
    size_t n;
    struct str rest = text, hex;
    if (!str_next(&rest, '+', &key.name) || !str_next(&rest, '+', &hex) || !name_valid(key.name) ||
        !hex_decode(key.id, sizeof key.id, hex) || !lower_hex(hex) ||
        !base64_decode(bytes, sizeof bytes, rest, &n) || n < 2)
        return err_set(err, ERR_USAGE, "verifier key", form);
    key.type = bytes[0];
    if (key.type == NOTE_TYPE_ED25519) {
        if (n != 1 + SIGN_PUBLIC_SIZE)
            return err_set(err, ERR_USAGE, "verifier key", "an Ed25519 key has 32 bytes; copy the key whole");
        key_id(id, key.name, key.type, bytes + 1, n - 1);
        if (memcmp(id, key.id, sizeof id) != 0)
            return err_set(err, ERR_USAGE, "verifier key",
                           "the key id does not belong to this name and key; a character was changed");
        memcpy(key.key, bytes + 1, SIGN_PUBLIC_SIZE);
    }
    *ret_key = key;
    return true;
}

bool note_signature_next(struct str *rest, struct note_signature *ret_signature)
{
    struct str after = *rest, line, name;
    uint8_t bytes[4 + sizeof ret_signature->bytes];
    size_t n;
    if (!str_next(&after, '\n', &line) || !str_starts(line, STR(DASH)))
        return false;
    line = str_from(line, sizeof DASH - 1);
    if (!str_next(&line, ' ', &name) || !name_valid(name) || !base64_decode(bytes, sizeof bytes, line, &n) ||
        n < 5)
        return false;
    ret_signature->name = name;
    memcpy(ret_signature->id, bytes, 4);
    memcpy(ret_signature->bytes, bytes + 4, n - 4);
    ret_signature->n = n - 4;
    *rest = after;
    return true;
}

static bool note_bytes_valid(struct str bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        if ((unsigned char)bytes.p[i] < 0x20 && bytes.p[i] != '\n')
            return false;
    return utf8_valid(bytes);
}

bool note_parse(struct str bytes, struct note *ret_note, struct err *err)
{
    struct note_signature signature;
    if (bytes.n == 0 || !note_bytes_valid(bytes))
        return err_set(err, ERR_INVALID, "signed note", "it must be UTF-8 text without control bytes");
    const char *at = memrchr(bytes.p, '\n', bytes.n - 1);
    while (at != NULL && at > bytes.p && at[-1] != '\n')
        at = memrchr(bytes.p, '\n', (size_t)(at - bytes.p));
    if (at == NULL || at == bytes.p || bytes.p[bytes.n - 1] != '\n')
        return err_set(err, ERR_INVALID, "signed note",
                       "it must be text, an empty line and signature lines; the file may be cut short");
    size_t text_n = (size_t)(at - bytes.p);
    struct note note = {{bytes.p, text_n}, str_from(bytes, text_n + 1)};
    struct str rest = note.signatures;
    size_t count = 0;
    for (; rest.n != 0; count++)
        if (count == NOTE_SIGNATURES_MAX || !note_signature_next(&rest, &signature))
            return err_set(err, ERR_INVALID, "signed note", "signature line %zu is malformed or too many",
                           count + 1);
    if (count == 0)
        return err_set(err, ERR_INVALID, "signed note", "it has no signature");
    *ret_note = note;
    return true;
}

static const struct note_vkey *known_key(const struct note_signature *signature, const struct note_vkey *keys,
                                         size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i].type == NOTE_TYPE_ED25519 && str_eq(keys[i].name, signature->name) &&
            memcmp(keys[i].id, signature->id, sizeof signature->id) == 0)
            return &keys[i];
    return NULL;
}

bool note_verify(const struct note *note, const struct note_vkey *keys, size_t n, struct err *err)
{
    struct note_signature signature;
    struct str rest = note->signatures;
    bool verified = false;
    while (rest.n != 0) {
        if (!note_signature_next(&rest, &signature))
            return err_set(err, ERR_INVALID, "signed note", "a signature line is malformed");
        const struct note_vkey *key = known_key(&signature, keys, n);
        if (key == NULL)
            continue;
        if (signature.n != SIGNATURE_SIZE ||
            !sign_verify(key->key, signature.bytes, note->text.p, note->text.n))
            return err_set(err, ERR_INVALID, "signed note",
                           "the signature under the name '%.*s' is not that key's: the text or the "
                           "signature was changed",
                           STR_ARG(signature.name));
        verified = true;
    }
    return verified || err_set(err, ERR_INVALID, "signed note", "none of the keys given has signed it");
}

void note_signature_line(struct buf *note, const struct note_vkey *vkey,
                         const uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t bytes[4 + SIGNATURE_SIZE];
    memcpy(bytes, vkey->id, 4);
    memcpy(bytes + 4, signature, SIGNATURE_SIZE);
    buf_text(note, DASH);
    buf_str(note, vkey->name);
    buf_byte(note, ' ');
    buf_base64(note, bytes, sizeof bytes);
    buf_byte(note, '\n');
}

void note_sign(struct buf *note, const struct note_vkey *vkey, struct sign_key *key, struct str text)
{
    uint8_t signature[SIGNATURE_SIZE];
    sign(key, signature, text.p, text.n);
    note_signature_line(note, vkey, signature);
}
