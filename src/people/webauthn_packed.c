/* SPDX-License-Identifier: Apache-2.0 */
/* webauthn_packed.c: "packed" attestation statements (Web Authentication level 2, section 8.2) and the list
 * of allowed models. */
#include <dirent.h>
#include <fido.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "people/webauthn_private.h"

#define CHAIN_MAX 4
#define AAGUID_TEXT 36

struct model {
    uint8_t aaguid[WEBAUTHN_AAGUID_SIZE];
    X509_STORE *roots;
};

struct webauthn_models {
    struct model *list;
    size_t n;
};

/* --- the list --- */

static bool aaguid_read(const char *name, uint8_t out[WEBAUTHN_AAGUID_SIZE])
{
    char hex[33];
    size_t n = 0;
    for (int i = 0; i < AAGUID_TEXT; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (name[i] == '\0' || dash != (name[i] == '-') || (name[i] >= 'A' && name[i] <= 'F'))
            return false;
        if (!dash)
            hex[n++] = name[i];
    }
    return strcmp(name + AAGUID_TEXT, ".pem") == 0 && hex_decode(out, 16, (struct str){hex, 32});
}

static bool roots_read(const char *path, X509_STORE *store, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return err_errno(err, path, "cannot open");
    size_t n = 0;
    bool ok = true;
    for (X509 *root; ok && (root = PEM_read_X509(file, NULL, NULL, NULL)) != NULL; n++) {
        ok = X509_STORE_add_cert(store, root) == 1;
        X509_free(root);
    }
    fclose(file);
    return (ok && n != 0) || err_set(err, ERR_INVALID, path,
                                     "must hold the certificates, in PEM, that this model's attestations "
                                     "chain to");
}

static bool model_read(struct webauthn_models *models, const char *folder, const char *name, struct err *err)
{
    char path[4096];
    struct model model = {.roots = X509_STORE_new()};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    must(model.roots != NULL);
    bool ok = (aaguid_read(name, model.aaguid) ||
               err_set(err, ERR_INVALID, path,
                       "must be named by the model's AAGUID: 8-4-4-4-12 lower-case hex digits and .pem")) &&
              roots_read(path, model.roots, err);
    if (!ok) {
        X509_STORE_free(model.roots);
        return false;
    }
    models->list = realloc(models->list, (models->n + 1) * sizeof *models->list);
    must(models->list != NULL);
    models->list[models->n++] = model;
    return true;
}

bool webauthn_models_load(struct webauthn_models **ret_models, const char *folder, struct err *err)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return err_errno(err, folder, "cannot open the folder of allowed authenticator models");
    struct webauthn_models *models = calloc(1, sizeof *models);
    must(models != NULL);
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.')
            ok = model_read(models, folder, entry->d_name, err);
    closedir(dir);
    if (!ok) {
        webauthn_models_free(models);
        return false;
    }
    *ret_models = models;
    return true;
}

void webauthn_models_free(struct webauthn_models *models)
{
    if (models == NULL)
        return;
    for (size_t i = 0; i < models->n; i++)
        X509_STORE_free(models->list[i].roots);
    free(models->list);
    free(models);
}

static const struct model *model_find(const struct webauthn_models *models, const uint8_t *aaguid)
{
    for (size_t i = 0; i < models->n; i++)
        if (memcmp(models->list[i].aaguid, aaguid, WEBAUTHN_AAGUID_SIZE) == 0)
            return &models->list[i];
    return NULL;
}

/* --- the statement --- */

struct statement {
    int64_t algorithm;
    struct str signature;
    struct str certificate[CHAIN_MAX]; /* DER, the authenticator's own first */
    uint64_t certificates;
};

static bool statement_parse(struct str bytes, struct statement *ret)
{
    struct cbor cbor = cbor_of(bytes);
    struct statement s = {0};
    uint64_t members;
    bool ok = cbor_open(&cbor, CBOR_MAP, &members) && (members == 2 || members == 3);
    for (uint64_t i = 0; ok && i < members; i++) {
        struct str name;
        ok = cbor_string(&cbor, CBOR_TEXT, &name);
        if (ok && str_is(name, "alg") && s.algorithm == 0) {
            ok = cbor_int(&cbor, &s.algorithm);
        } else if (ok && str_is(name, "sig") && s.signature.p == NULL) {
            ok = cbor_string(&cbor, CBOR_BYTES, &s.signature);
        } else if (ok && str_is(name, "x5c") && s.certificates == 0) {
            ok = cbor_open(&cbor, CBOR_ARRAY, &s.certificates) && s.certificates >= 1 &&
                 s.certificates <= CHAIN_MAX;
            for (uint64_t c = 0; ok && c < s.certificates; c++)
                ok = cbor_string(&cbor, CBOR_BYTES, &s.certificate[c]);
        } else {
            ok = false;
        }
    }
    *ret = s;
    return ok && cbor.at == cbor.end && s.algorithm != 0 && s.signature.n != 0 && s.signature.n <= 512 &&
           (members == 3) == (s.certificates != 0);
}

/* libfido2 checks the signature: with the certificate's key, or with the new key itself. */
static bool statement_signed(const struct webauthn_site *site, const struct webauthn_attestation *attestation,
                             const struct statement *s, const uint8_t client_hash[HASH_SIZE],
                             const struct webauthn_key *key)
{
    char rp[256];
    if (site->rp_id.n >= sizeof rp)
        return false;
    memcpy(rp, site->rp_id.p, site->rp_id.n);
    rp[site->rp_id.n] = '\0';
    fido_cred_t *cred = fido_cred_new();
    must(cred != NULL);
    bool ok =
        fido_cred_set_type(cred, key->algorithm) == FIDO_OK &&
        fido_cred_set_clientdata_hash(cred, client_hash, HASH_SIZE) == FIDO_OK &&
        fido_cred_set_rp(cred, rp, NULL) == FIDO_OK && fido_cred_set_uv(cred, FIDO_OPT_TRUE) == FIDO_OK &&
        fido_cred_set_fmt(cred, "packed") == FIDO_OK &&
        fido_cred_set_authdata_raw(cred, (const uint8_t *)attestation->auth_data.p,
                                   attestation->auth_data.n) == FIDO_OK &&
        fido_cred_set_attstmt(cred, (const uint8_t *)attestation->statement.p, attestation->statement.n) ==
            FIDO_OK &&
        (s->certificates != 0 ? fido_cred_verify(cred) : fido_cred_verify_self(cred)) == FIDO_OK;
    fido_cred_free(&cred);
    return ok;
}

static X509 *certificate_open(struct str der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.n);
    if (certificate != NULL && at != (const unsigned char *)der.p + der.n) {
        X509_free(certificate);
        certificate = NULL;
    }
    return certificate;
}

/* Section 8.2.1: version 3, "Authenticator Attestation", no CA; where it names a model, this one. */
static bool certificate_fits(X509 *certificate, const uint8_t aaguid[WEBAUTHN_AAGUID_SIZE])
{
    char unit[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_organizationalUnitName, unit,
                              sizeof unit);
    if (X509_get_version(certificate) != X509_VERSION_3 || strcmp(unit, "Authenticator Attestation") != 0 ||
        X509_check_ca(certificate) == 1)
        return false;
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
    must(oid != NULL);
    int at = X509_get_ext_by_OBJ(certificate, oid, -1);
    ASN1_OBJECT_free(oid);
    if (at < 0)
        return true;
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(certificate, at));
    const uint8_t *p = ASN1_STRING_get0_data(value); /* an OCTET STRING of 16 bytes inside */
    return ASN1_STRING_length(value) == 2 + WEBAUTHN_AAGUID_SIZE && p[0] == 4 &&
           p[1] == WEBAUTHN_AAGUID_SIZE && memcmp(p + 2, aaguid, WEBAUTHN_AAGUID_SIZE) == 0;
}

static bool chain_right(const struct model *model, X509 *leaf, const struct statement *s)
{
    STACK_OF(X509) *between = sk_X509_new_null();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    must(between != NULL && context != NULL);
    bool ok = true;
    for (uint64_t i = 1; ok && i < s->certificates; i++) {
        X509 *certificate = certificate_open(s->certificate[i]);
        ok = certificate != NULL;
        if (ok)
            must(sk_X509_push(between, certificate) > 0);
    }
    ok = ok && X509_STORE_CTX_init(context, model->roots, leaf, between) == 1;
    if (ok) {
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN);
        ok = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    sk_X509_pop_free(between, X509_free);
    return ok;
}

enum webauthn_refusal webauthn_packed(const struct webauthn_site *site, const struct webauthn_models *models,
                                      const struct webauthn_attestation *attestation,
                                      const uint8_t client_hash[HASH_SIZE], struct webauthn_key *key)
{
    struct statement s;
    if (!statement_parse(attestation->statement, &s))
        return WEBAUTHN_ATTESTATION;
    if (s.certificates == 0 && s.algorithm != (int64_t)key->algorithm)
        return WEBAUTHN_ATTESTATION;
    X509 *leaf = s.certificates != 0 ? certificate_open(s.certificate[0]) : NULL;
    if (s.certificates != 0 && leaf == NULL)
        return WEBAUTHN_ATTESTATION;
    enum webauthn_refusal refusal = WEBAUTHN_OK;
    if (!statement_signed(site, attestation, &s, client_hash, key))
        refusal = WEBAUTHN_ATTESTATION_SIGNATURE;
    else if (leaf != NULL && !certificate_fits(leaf, key->aaguid))
        refusal = WEBAUTHN_ATTESTATION;
    else if (models != NULL && leaf == NULL)
        refusal = WEBAUTHN_ATTESTATION_MISSING; /* a key that vouches for itself */
    else if (models != NULL) {
        const struct model *model = model_find(models, key->aaguid);
        key->attested = model != NULL && chain_right(model, leaf, &s);
        refusal = key->attested ? WEBAUTHN_OK : WEBAUTHN_MODEL;
    }
    X509_free(leaf);
    return refusal;
}
