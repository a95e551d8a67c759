/* SPDX-License-Identifier: Apache-2.0 */
#include "document/paper.h"

#include "base/cbor.h"
#include "document/packed.h"

#define UNPACKED_MAX ((size_t)64 << 10)

/* Keys of the payload, in the order of their deterministic encoding. */
enum { ISSUER, EXPIRES, ISSUED, ID, PERSON, STATUS, DOCUMENT, CLAIMS_N };
static const int64_t claim_key[CLAIMS_N] = {1, 4, 6, 7, 169, 65535, -65537};

/* --- fields --- */

static void set(struct paper_field *list, size_t *n, int64_t key, struct str text)
{
    must(*n == 0 || list[*n - 1].key < key);
    must(*n < PAPER_FIELDS_MAX);
    if (text.n != 0)
        list[(*n)++] = (struct paper_field){.key = key, .text = text};
}

static struct str get(const struct paper_field *list, size_t n, int64_t key)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].key == key && !list[i].is_number && !list[i].is_bytes)
            return list[i].text;
    return (struct str){"", 0};
}

void paper_set(struct paper *paper, int64_t key, struct str text)
{
    set(paper->field, &paper->fields_n, key, text);
}

void paper_set_person(struct paper *paper, int64_t key, struct str text)
{
    set(paper->person, &paper->person_n, key, text);
}

struct str paper_get(const struct paper *paper, int64_t key)
{
    return get(paper->field, paper->fields_n, key);
}

struct str paper_get_person(const struct paper *paper, int64_t key)
{
    return get(paper->person, paper->person_n, key);
}

/* --- writing --- */

static void put_text(struct buf *out, const char *text)
{
    cbor_add_string(out, CBOR_TEXT, str_of(text));
}

static void put_fields(struct buf *out, const struct paper_field *list, size_t n)
{
    cbor_add(out, CBOR_MAP, n);
    for (size_t i = 0; i < n; i++) {
        cbor_add_int(out, list[i].key);
        if (list[i].is_number)
            cbor_add_int(out, list[i].number);
        else
            cbor_add_string(out, list[i].is_bytes ? CBOR_BYTES : CBOR_TEXT, list[i].text);
    }
}

static void put_claim(struct buf *out, int claim, const struct paper *p)
{
    cbor_add_int(out, claim_key[claim]);
    switch (claim) {
    case ISSUER: cbor_add_string(out, CBOR_TEXT, p->issuer); break;
    case EXPIRES: cbor_add_int(out, p->expires); break;
    case ISSUED: cbor_add_int(out, p->issued); break;
    case ID: cbor_add_string(out, CBOR_BYTES, (struct str){(const char *)p->id, PAPER_ID_SIZE}); break;
    case PERSON: put_fields(out, p->person, p->person_n); break;
    case STATUS:
        cbor_add(out, CBOR_MAP, 1);
        put_text(out, "status_list");
        cbor_add(out, CBOR_MAP, 2);
        put_text(out, "idx");
        cbor_add(out, CBOR_UNSIGNED, p->status_index);
        put_text(out, "uri");
        cbor_add_string(out, CBOR_TEXT, p->status_uri);
        break;
    case DOCUMENT: put_fields(out, p->field, p->fields_n); break;
    }
}

static void put_payload(struct buf *out, const struct paper *p)
{
    const bool has[CLAIMS_N] = {true, p->expires != 0, true, true, p->person_n != 0, p->status_uri.n != 0,
                                true};
    uint64_t n = 0;
    for (int i = 0; i < CLAIMS_N; i++)
        n += has[i];
    cbor_add(out, CBOR_MAP, n);
    for (int i = 0; i < CLAIMS_N; i++)
        if (has[i])
            put_claim(out, i, p);
}

bool paper_write(const struct paper *paper, const struct es256_key *key, const uint8_t kid[KID_SIZE],
                 struct arena *arena, struct buf *out, struct err *err)
{
    struct buf payload, cose, packed, text;
    buf_in(&payload, arena, UNPACKED_MAX);
    buf_in(&cose, arena, UNPACKED_MAX + 256);
    buf_in(&packed, arena, 2 * UNPACKED_MAX);
    buf_in(&text, arena, 4 * UNPACKED_MAX);
    put_payload(&payload, paper);
    if (!cose_sign1(key, kid, (struct str){"", 0}, buf_view(&payload), arena, &cose, err))
        return false;
    zlib_pack(buf_view(&cose), &packed);
    buf_text(&text, PAPER_PREFIX);
    base45_write(buf_view(&packed), &text);
    if (buf_overflowed(&payload) || buf_overflowed(&cose) || buf_overflowed(&packed) ||
        buf_overflowed(&text) || text.n > PAPER_TEXT_MAX)
        return err_set(err, ERR_TOO_LARGE, "document",
                       "says more than a QR code holds: shorten the template of the service");
    buf_str(out, buf_view(&text));
    return true;
}

/* --- reading --- */

static bool off(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "code", "%s", what);
}

static bool take_fields(struct cbor *cbor, struct paper_field *list, size_t *ret_n)
{
    uint64_t n;
    if (!cbor_open(cbor, CBOR_MAP, &n) || n > PAPER_FIELDS_MAX)
        return false;
    for (uint64_t i = 0; i < n; i++) {
        struct paper_field *f = &list[i];
        enum cbor_major major;
        *f = (struct paper_field){0};
        if (!cbor_int(cbor, &f->key) || f->key < 0 || (i != 0 && f->key <= list[i - 1].key) ||
            !cbor_peek(cbor, &major))
            return false;
        f->is_number = major == CBOR_UNSIGNED || major == CBOR_NEGATIVE;
        f->is_bytes = major == CBOR_BYTES;
        if (f->is_number ? !cbor_int(cbor, &f->number)
                         : !cbor_string(cbor, f->is_bytes ? CBOR_BYTES : CBOR_TEXT, &f->text))
            return false;
    }
    *ret_n = (size_t)n;
    return true;
}

static bool take_key(struct cbor *cbor, const char *name)
{
    struct str key;
    return cbor_string(cbor, CBOR_TEXT, &key) && str_is(key, name);
}

static bool take_status(struct cbor *cbor, struct paper *p)
{
    uint64_t n;
    int64_t index;
    if (!cbor_open(cbor, CBOR_MAP, &n) || n != 1 || !take_key(cbor, "status_list") ||
        !cbor_open(cbor, CBOR_MAP, &n) || n != 2 || !take_key(cbor, "idx") || !cbor_int(cbor, &index) ||
        index < 0 || !take_key(cbor, "uri") || !cbor_string(cbor, CBOR_TEXT, &p->status_uri))
        return false;
    p->status_index = (uint64_t)index;
    return p->status_uri.n != 0;
}

static bool take_claim(struct cbor *cbor, int claim, struct paper *p)
{
    struct str id;
    switch (claim) {
    case ISSUER: return cbor_string(cbor, CBOR_TEXT, &p->issuer) && p->issuer.n != 0;
    case EXPIRES: return cbor_int(cbor, &p->expires) && p->expires > 0;
    case ISSUED: return cbor_int(cbor, &p->issued) && p->issued > 0;
    case ID:
        if (!cbor_string(cbor, CBOR_BYTES, &id) || id.n != PAPER_ID_SIZE)
            return false;
        memcpy(p->id, id.p, PAPER_ID_SIZE);
        return true;
    case PERSON: return take_fields(cbor, p->person, &p->person_n);
    case STATUS: return take_status(cbor, p);
    case DOCUMENT: return take_fields(cbor, p->field, &p->fields_n);
    }
    return false;
}

/* The claims must come in their order, so none comes twice. */
static bool take_payload(struct str bytes, struct paper *p)
{
    struct cbor cbor = cbor_of(bytes);
    uint64_t n;
    int claim = -1;
    unsigned seen = 0;
    if (!cbor_open(&cbor, CBOR_MAP, &n))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        int64_t key;
        if (!cbor_int(&cbor, &key))
            return false;
        for (claim++; claim < CLAIMS_N && claim_key[claim] != key;)
            claim++;
        if (claim == CLAIMS_N || !take_claim(&cbor, claim, p))
            return false;
        seen |= 1u << claim;
    }
    const unsigned needed = 1u << ISSUER | 1u << ISSUED | 1u << ID | 1u << DOCUMENT;
    return cbor_done(&cbor) && (seen & needed) == needed && p->fields_n != 0;
}

bool paper_read(struct str text, struct arena *arena, struct paper_read *ret_read, struct err *err)
{
    struct paper_read *read = arena_new(arena, struct paper_read);
    struct str bytes;
    size_t n;
    if (!str_starts(text, STR(PAPER_PREFIX)))
        return off(err, "does not begin with AD1: - it is no code of this kind");
    if (text.n > PAPER_TEXT_MAX)
        return off(err, "is longer than any QR code");
    text = str_from(text, strlen(PAPER_PREFIX));
    uint8_t *packed = arena_take(arena, text.n / 3 * 2 + 2, 1);
    if (!base45_read(text, packed, &n))
        return off(err,
                   "has a character too many or too few, or one that does not belong (Base45 has capital "
                   "letters only)");
    if (!zlib_unpack((struct str){(const char *)packed, n}, UNPACKED_MAX, arena, &bytes))
        return off(err, "does not unpack: it is cut short or changed, or far too large");
    if (!cose_read(bytes, arena, &read->cose, err))
        return false;
    if (!take_payload(read->cose.payload, &read->paper))
        return off(err,
                   "is not a document's, or its content is not written in the one form (claims in order, "
                   "none twice, shortest numbers)");
    *ret_read = *read;
    return true;
}
