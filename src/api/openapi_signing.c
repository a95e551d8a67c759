/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_signing.c: what the app on a phone calls to sign (web/sign_phone.c, docs/signatures.md). The shapes
 * are that protocol's, not ours: the app may add members, and is refused in words with 403. */
#include "api/api_private.h"

#define ID                                                                                                   \
    "{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"description\":\"of the request, from the code "    \
    "that "                                                                                                  \
    "was scanned\",\"schema\":{\"type\":\"string\",\"minLength\":1},\"example\":"                            \
    "\"01jdhb3w8r6m3v0qzk4t5n7xya\"}"
#define JSON(schema) "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/" schema "\"}}}"
#define PROBLEM(status, words)                                                                               \
    ",\"" status "\":{\"description\":\"" words "\",\"content\":{\"application/problem+json\":{\"schema\":"  \
    "{\"$ref\":\"#/components/schemas/Problem\"}}}}"
#define NOT_THERE PROBLEM("404", "There is no such request, it is over, or it was signed already.")
#define NO_BEARER PROBLEM("401", "The bearer is not the one that the request named.")
#define BEARER "\"security\":[{\"signing\":[]}],"
#define TEXT "{\"type\":\"string\"}"
#define NAMES "\"nameRu\":" TEXT ",\"nameKz\":" TEXT ",\"nameEn\":" TEXT

const struct api_foreign api_signing_paths[] = {
    {"/sign/{id}/phone",
     "{\"get\":{\"operationId\":\"get_signing_request\",\"tags\":[\"signing\"],\"summary\":\"For the app: "
     "who "
     "asks for a signature\",\"parameters\":[" ID "],\"responses\":{\"200\":{\"description\":\"Who asks, for "
     "what, until when, and where the document is.\",\"content\":" JSON("SigningRequest") "}" NOT_THERE
                                                                                          "}}}"},
    {"/sign/{id}/phone/document",
     "{\"get\":{\"operationId\":\"get_signing_document\",\"tags\":[\"signing\"],\"summary\":\"For the app: "
     "the "
     "text to be signed\"," BEARER "\"parameters\":[" ID
     "],\"responses\":{\"200\":{\"description\":\"The one "
     "text, in base64.\",\"content\":" JSON(
         "SigningDocument") "}" NO_BEARER NOT_THERE "}},"
                            "\"put\":{\"operationId\":\"put_signing_document\",\"tags\":[\"signing\"],"
                            "\"summary\":\"For the app: the "
                            "signature\"," BEARER "\"parameters\":[" ID
                            "],\"requestBody\":{\"required\":true,\"description\":\"What "
                            "was got, with the CMS signature in base64 in place of the "
                            "text.\",\"content\":{\"application/json\":{"
                            "\"schema\":{\"$ref\":\"#/components/schemas/"
                            "SigningAnswer\"},\"example\":{\"documentsToSign\":[{"
                            "\"document\":{\"file\":{\"data\":\"MIIB\"}}}]}}}},\"responses\":{\"200\":{"
                            "\"description\":\"The "
                            "signature holds, or waits for what the authority has to say; the page says "
                            "which.\",\"content\":{"
                            "\"application/"
                            "json\":{\"schema\":{\"type\":\"object\"}}}},\"403\":{\"description\":\"The "
                            "signature is "
                            "not accepted; why is said in the language of "
                            "Accept-Language.\",\"content\":" JSON("SigningRefusal") "}" NO_BEARER NOT_THERE
                                PROBLEM("413", "The body is too long.")
                                    PROBLEM("415", "The body is not application/json.") "}}}"},
    {NULL, NULL}};

const struct api_foreign api_signing_schemas[] = {
    {"SigningRequest",
     "{\"type\":\"object\",\"required\":[\"description\",\"expiry_date\",\"organisation\",\"document\"],"
     "\"properties\":{\"description\":" TEXT
     ",\"expiry_date\":{\"type\":\"string\",\"format\":\"date-time\"},"
     "\"organisation\":{\"type\":\"object\",\"required\":[\"nameRu\",\"nameKz\",\"nameEn\",\"bin\"],"
     "\"properties\":{" NAMES ",\"bin\":" TEXT "}},\"document\":{\"type\":\"object\",\"required\":[\"uri\","
     "\"auth_type\",\"auth_token\"],\"properties\":{\"uri\":{\"type\":\"string\",\"format\":\"uri\"},"
     "\"auth_type\":{\"const\":\"Token\"},\"auth_token\":" TEXT "}}}}"},
    {"SigningDocument",
     "{\"type\":\"object\",\"required\":[\"signMethod\",\"version\",\"documentsToSign\"],\"properties\":{"
     "\"signMethod\":{\"const\":\"CMS_SIGN_ONLY\"},\"version\":{\"const\":1},\"documentsToSign\":{\"type\":"
     "\"array\",\"minItems\":1,\"maxItems\":1,\"items\":{\"type\":\"object\",\"required\":[\"id\",\"nameRu\","
     "\"nameKz\",\"nameEn\",\"meta\",\"document\"],\"properties\":{\"id\":{\"type\":\"integer\"}," NAMES
     ",\"meta\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"name\",\"value\"],"
     "\"properties\":{\"name\":" TEXT ",\"value\":" TEXT
     "}}},\"document\":{\"type\":\"object\",\"required\":["
     "\"file\"],\"properties\":{\"file\":{\"type\":\"object\",\"required\":[\"mime\",\"data\"],"
     "\"properties\":{"
     "\"mime\":" TEXT ",\"data\":{\"type\":\"string\",\"contentEncoding\":\"base64\"}}}}}}}}}}"},
    {"SigningAnswer",
     "{\"type\":\"object\",\"required\":[\"documentsToSign\"],\"properties\":{\"documentsToSign\":{\"type\":"
     "\"array\",\"minItems\":1,\"maxItems\":1,\"items\":{\"type\":\"object\",\"required\":[\"document\"],"
     "\"properties\":{\"document\":{\"type\":\"object\",\"required\":[\"file\"],\"properties\":{\"file\":{"
     "\"type\":\"object\",\"required\":[\"data\"],\"properties\":{\"data\":{\"type\":\"string\","
     "\"contentEncoding\":\"base64\"}}}}}}}}}}"},
    {"SigningRefusal",
     "{\"type\":\"object\",\"required\":[\"message\"],\"properties\":{\"message\":" TEXT "}}"},
    {NULL, NULL}};
