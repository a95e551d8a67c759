/* SPDX-License-Identifier: Apache-2.0 */
/* token_module.c: PKCS#11 as its own specification has it (Cryptoki 2.40, Ed25519 of 3.0), called directly.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>

#include "crypto/hash.h"
#include "crypto/token_private.h"

#define SLOTS_MAX 64
static const uint8_t p256_oid[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
/* OID 1.3.101.112, and the name that older modules want in its place. */
static const uint8_t ed25519_oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static const uint8_t ed25519_name[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r',
                                       'd',  's',  '2', '5', '5', '1', '9'};

static const char *words_of(CK_RV rv)
{
    switch (rv) {
    case CKR_PIN_INCORRECT: return "the PIN is wrong";
    case CKR_PIN_LOCKED: return "the PIN is locked after too many wrong ones";
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_DEVICE_REMOVED: return "the token was taken out";
    case CKR_DEVICE_ERROR: return "the token reports a fault of its own";
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_USER_NOT_LOGGED_IN: return "the token has ended the session";
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID: return "the key is not in the token any more";
    case CKR_MECHANISM_INVALID: return "the token does not know this method";
    default: return "the token refuses";
    }
}

static bool refused(const char *name, const char *call, CK_RV rv, struct err *err)
{
    return err_set(err, ERR_STOPPED, name,
                   "%s (%s: 0x%lx); put the token back, or mend it, and start again: nothing is signed until "
                   "then",
                   words_of(rv), call, rv);
}

/* Labels are padded with spaces, without an end. */
static bool label_is(const unsigned char label[32], const char *name)
{
    size_t n = 32;
    while (n != 0 && label[n - 1] == ' ')
        n--;
    return strlen(name) == n && memcmp(label, name, n) == 0;
}

static bool find_slot(CK_FUNCTION_LIST *calls, const char *name, CK_SLOT_ID *ret, struct err *err)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX;
    CK_RV rv = calls->C_GetSlotList(CK_TRUE, slots, &n);
    if (rv != CKR_OK)
        return refused(name, "C_GetSlotList", rv, err);
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO info;
        if (calls->C_GetTokenInfo(slots[i], &info) == CKR_OK && label_is(info.label, name)) {
            *ret = slots[i];
            return true;
        }
    }
    return err_set(err, ERR_NOT_FOUND, name,
                   "no token of this name is there: is it plugged in, and may this user reach it?");
}

static const char *kind_of(const struct token_session *s)
{
    return s->p256 ? "P-256" : "Ed25519";
}

static CK_ULONG find_objects(struct token_session *s, CK_OBJECT_CLASS class, const char *label,
                             CK_OBJECT_HANDLE *ret)
{
    CK_FUNCTION_LIST *calls = s->calls;
    CK_KEY_TYPE type = s->p256 ? CKK_EC : CKK_EC_EDWARDS;
    CK_ATTRIBUTE want[] = {{CKA_CLASS, &class, sizeof class},
                           {CKA_KEY_TYPE, &type, sizeof type},
                           {CKA_LABEL, (void *)label, strlen(label)}};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG n = 0;
    if (calls->C_FindObjectsInit(s->session, want, 3) != CKR_OK)
        return 0;
    if (calls->C_FindObjects(s->session, found, 2, &n) != CKR_OK)
        n = 0;
    calls->C_FindObjectsFinal(s->session);
    *ret = found[0];
    return n;
}

/* The point: 32 bytes, or 0x04 and 64; mostly inside an OCTET STRING. */
static bool read_public(struct token_session *s, CK_OBJECT_HANDLE object, uint8_t out[TOKEN_PUBLIC_MAX],
                        struct err *err)
{
    CK_FUNCTION_LIST *calls = s->calls;
    uint8_t bytes[80];
    const uint8_t *point = bytes;
    CK_ATTRIBUTE want = {CKA_EC_POINT, bytes, sizeof bytes};
    CK_RV rv = calls->C_GetAttributeValue(s->session, object, &want, 1);
    if (rv != CKR_OK)
        return refused(s->name, "C_GetAttributeValue", rv, err);
    size_t head = s->p256 ? 1 : 0, size = s->p256 ? ES256_PUBLIC_SIZE : SIGN_PUBLIC_SIZE;
    if (want.ulValueLen == head + size + 2 && bytes[0] == 4 && bytes[1] == head + size)
        point += 2;
    else if (want.ulValueLen != head + size)
        point = NULL;
    if (point == NULL || (s->p256 && point[0] != 4))
        return err_set(err, ERR_INVALID, s->name, "its public key is no %s key", kind_of(s));
    memset(out, 0, TOKEN_PUBLIC_MAX);
    memcpy(out, point + head, size);
    return true;
}

static bool make_pair(struct token_session *s, const char *label, struct err *err)
{
    CK_FUNCTION_LIST *calls = s->calls;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_MECHANISM how = {s->p256 ? CKM_EC_KEY_PAIR_GEN : CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
    const uint8_t *const curve[] = {s->p256 ? p256_oid : ed25519_oid, ed25519_name};
    const size_t curve_n[] = {s->p256 ? sizeof p256_oid : sizeof ed25519_oid, sizeof ed25519_name};
    CK_OBJECT_HANDLE public_key, private_key;
    CK_RV rv = CKR_OK;
    for (int named = 0; named < (s->p256 ? 1 : 2); named++) {
        CK_ATTRIBUTE of_public[] = {{CKA_TOKEN, &yes, sizeof yes},
                                    {CKA_VERIFY, &yes, sizeof yes},
                                    {CKA_EC_PARAMS, (void *)curve[named], curve_n[named]},
                                    {CKA_LABEL, (void *)label, strlen(label)}};
        CK_ATTRIBUTE of_private[] = {
            {CKA_TOKEN, &yes, sizeof yes},     {CKA_PRIVATE, &yes, sizeof yes},
            {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},
            {CKA_SIGN, &yes, sizeof yes},      {CKA_LABEL, (void *)label, strlen(label)}};
        rv = calls->C_GenerateKeyPair(s->session, &how, of_public, 4, of_private, 6, &public_key,
                                      &private_key);
        if (rv == CKR_OK)
            return true;
    }
    return refused(s->name, "C_GenerateKeyPair", rv, err);
}

static bool find_key(struct token_session *s, const char *label, bool make,
                     uint8_t public_key[TOKEN_PUBLIC_MAX], struct err *err)
{
    CK_OBJECT_HANDLE key = 0, other = 0;
    CK_ULONG n = find_objects(s, CKO_PRIVATE_KEY, label, &key);
    if (make && n != 0)
        return err_set(err, ERR_CONFLICT, s->name, "has a key of the name '%s' already", label);
    if (make && (!make_pair(s, label, err) || (n = find_objects(s, CKO_PRIVATE_KEY, label, &key)) == 0))
        return err->code == ERR_STOPPED ||
               err_set(err, ERR_STOPPED, s->name, "does not show the key it made");
    if (n != 1 || find_objects(s, CKO_PUBLIC_KEY, label, &other) != 1)
        return err_set(err, ERR_NOT_FOUND, s->name, "has %s %s key of the name '%s'",
                       n > 1 ? "more than one" : "no", kind_of(s), label);
    s->key = key;
    return read_public(s, other, public_key, err);
}

bool token_session_open(struct token_session *s, const struct token_uri *uri, const char *pin, unsigned how,
                        uint8_t public_key[TOKEN_PUBLIC_MAX], struct err *err)
{
    CK_FUNCTION_LIST *calls = NULL;
    CK_SLOT_ID slot;
    bool make = (how & TOKEN_MAKE) != 0;
    *s = (struct token_session){.p256 = (how & TOKEN_P256) != 0};
    snprintf(s->name, sizeof s->name, "%s", uri->token);
    void *module = dlopen(uri->module, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL)
        return err_set(err, ERR_NOT_FOUND, uri->module, "cannot be loaded: %s", dlerror());
    CK_C_GetFunctionList get;
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    if (get == NULL || get(&calls) != CKR_OK || calls == NULL)
        return err_set(err, ERR_INVALID, uri->module, "is no PKCS#11 module");
    s->calls = calls;
    CK_RV rv = calls->C_Initialize(NULL);
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return refused(uri->module, "C_Initialize", rv, err);
    if (!find_slot(calls, uri->token, &slot, err))
        return false;
    rv =
        calls->C_OpenSession(slot, CKF_SERIAL_SESSION | (make ? CKF_RW_SESSION : 0), NULL, NULL, &s->session);
    if (rv != CKR_OK)
        return refused(uri->token, "C_OpenSession", rv, err);
    rv = calls->C_Login(s->session, CKU_USER, (unsigned char *)pin, strlen(pin));
    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
        return refused(uri->token, "C_Login", rv, err);
    return find_key(s, uri->object, make, public_key, err);
}

bool token_session_sign(struct token_session *s, const void *message, size_t n,
                        uint8_t signature[SIGNATURE_SIZE], struct err *err)
{
    CK_FUNCTION_LIST *calls = s->calls;
    CK_MECHANISM how = {s->p256 ? CKM_ECDSA : CKM_EDDSA, NULL, 0};
    CK_ULONG size = SIGNATURE_SIZE;
    uint8_t hash[HASH_SIZE];
    if (s->p256) { /* the mechanism signs a hash */
        sha256(hash, message, n);
        message = hash;
        n = sizeof hash;
    }
    CK_RV rv = calls->C_SignInit(s->session, &how, s->key);
    if (rv != CKR_OK)
        return refused(s->name, "C_SignInit", rv, err);
    rv = calls->C_Sign(s->session, (unsigned char *)message, n, signature, &size);
    if (rv != CKR_OK || size != SIGNATURE_SIZE)
        return refused(s->name, "C_Sign", rv, err);
    return true;
}
