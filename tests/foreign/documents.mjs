// SPDX-License-Identifier: Apache-2.0
// documents.mjs CODE ISSUERS STATUS_JWT STATUS_CWT: a document's code and its status lists, read by programs that are not
// ours. Prints one line of JSON; exits 1 when one of them does not accept what is right, or accepts what is not.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { importJWK, jwtVerify } from "jose";
import { getListFromStatusListJWT } from "@sd-jwt/jwt-status-list";

const require = createRequire(import.meta.url);
const base45 = require("base45-js");
const cose = require("cose-js");
const { coseVerify } = require("cose-kit");
const cbor = require("cbor");

const [code, issuersFile, jwtFile, cwtFile] = process.argv.slice(2);
const key = JSON.parse(readFileSync(issuersFile)).keys[0];
const jwk = { kty: key.kty, crv: key.crv, x: key.x, y: key.y, alg: "ES256" };
const bytes = (text) => Buffer.from(text, "base64url");
const byCoseJs = async (message) => cose.sign.verify(message, { key: { x: bytes(key.x), y: bytes(key.y) } });
const byCoseKit = async (message) => {
  const { isValid } = await coseVerify(message, await importJWK(jwk, "ES256"));
  if (!isValid) throw new Error("not valid");
};
const refuses = async (what, run) => {
  const refused = await run().then(() => false, () => true);
  if (!refused) throw new Error(`${what} accepts a changed byte`);
};

const message = inflateSync(base45.decode(code.slice(4)));
const payload = cbor.decodeFirstSync(await byCoseJs(message));
await byCoseKit(message);
const flipped = Buffer.from(message);
flipped[flipped.length - 70] ^= 1; // in the payload
await refuses("cose-js", () => byCoseJs(flipped));
await refuses("cose-kit", () => byCoseKit(flipped));
const sealed = Buffer.from(message);
sealed[sealed.length - 5] ^= 1; // in the signature
await refuses("cose-js", () => byCoseJs(sealed));
await refuses("cose-kit", () => byCoseKit(sealed));

const jwt = readFileSync(jwtFile, "utf8").trim();
const { payload: claims, protectedHeader } = await jwtVerify(jwt, await importJWK(jwk, "ES256"), { typ: "statuslist+jwt" });
const list = getListFromStatusListJWT(jwt);
const cwt = readFileSync(cwtFile);
const inside = cbor.decodeFirstSync(await byCoseJs(cwt));
const { idx, uri } = payload.get(65535).status_list;
const bits = inflateSync(inside.get(65533).lst);
console.log(
  JSON.stringify({
    number: payload.get(-65537).get(2),
    words: payload.get(-65537).get(4),
    uri,
    sub: claims.sub,
    kid: protectedHeader.kid === key.kid,
    jwt: list.getStatus(idx),
    cwt: (bits[idx >> 3] >> (idx & 7)) & 1,
    cwtSub: inside.get(2),
  }),
);
