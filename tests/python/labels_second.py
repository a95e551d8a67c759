#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second implementation of labels and pseudonyms, in plain integers, that shares no code with Aina.

    labels_second.py FILE          recomputes every value in FILE; exit 1 at the first that differs
    labels_second.py --make FILE   writes FILE

ristretto255 is RFC 9496, the VRF c2sp.org/vrf-r255 (RFC 9381), the pseudonym AINA-PSN-V1.
"""
import hashlib
import hmac
import json
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def sha512(*parts):
    return hashlib.sha512(b"".join(parts)).digest()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- ristretto255 ---

def odd(x):
    return x % P & 1


def absolute(x):
    x %= P
    return P - x if x & 1 else x


def sqrt_ratio(u, v):
    """(was square, root of u/v or of i*u/v)."""
    v3 = v * v * v % P
    r = u * v3 * pow(u * v3 * v3 * v % P, (P - 5) // 8, P) % P
    check = v * r * r % P
    u %= P
    correct, flipped, flipped_i = check == u, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, absolute(r)


INVSQRT_A_MINUS_D = sqrt_ratio(1, (-1 - D) % P)[1]
SQRT_AD_MINUS_ONE = sqrt_ratio((-D - 1) % P, 1)[1]
if not odd(SQRT_AD_MINUS_ONE):  # RFC 9496 section 4.1 fixes the odd root
    SQRT_AD_MINUS_ONE = P - SQRT_AD_MINUS_ONE
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P
IDENTITY = (0, 1, 1, 0)
GENERATOR_BYTES = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    p, q = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    r, s = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = q - p, s - r, s + r, q + p
    return e * f % P, g * h % P, f * g % P, e * h % P


def negate(a):
    return -a[0] % P, a[1], a[2], -a[3] % P


def multiply(k, point):
    out = IDENTITY
    for bit in bin(k % L)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, point)
    return out


def decode(data):
    s = int.from_bytes(data, "little")
    if s >= P or s & 1:
        raise ValueError("not a point")
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-(D * u1 * u1) - u2 * u2) % P
    was_square, inverse = sqrt_ratio(1, v * u2 * u2 % P)
    dx = inverse * u2 % P
    dy = inverse * dx * v % P
    x = absolute(2 * s * dx)
    y = u1 * dy % P
    t = x * y % P
    if not was_square or odd(t) or y == 0:
        raise ValueError("not a point")
    return x, y, 1, t


def encode(point):
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    inverse = sqrt_ratio(1, u1 * u2 * u2 % P)[1]
    d1, d2 = inverse * u1 % P, inverse * u2 % P
    z_inv = d1 * d2 * t0 % P
    if odd(t0 * z_inv):
        x, y, d = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, d1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, d = x0, y0, d2
    if odd(x * z_inv):
        y = -y % P
    return absolute(d * (z0 - y)).to_bytes(32, "little")


def map_half(data):
    t = int.from_bytes(data, "little") % 2**255
    r = SQRT_M1 * t * t % P
    u = (r + 1) * ONE_MINUS_D_SQ % P
    v = (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio(u, v)
    c = -1
    if not was_square:
        s, c = -absolute(s * t) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def map_to_group(data):
    return add(map_half(data[:32]), map_half(data[32:]))


GENERATOR = decode(GENERATOR_BYTES)


def scalar(data):
    return int.from_bytes(data, "little") % L


def scalar_bytes(k):
    return (k % L).to_bytes(32, "little")


# --- VRF ---

SUITE = b"\xffc2sp.org/vrf-r255"


def vrf_prove(secret, alpha):
    x = scalar(secret)
    public = encode(multiply(x, GENERATOR))
    h = map_to_group(sha512(SUITE, b"\x82", public, alpha))
    gamma = encode(multiply(x, h))
    k = scalar(sha512(SUITE, b"\x81", secret, encode(h)))
    u, v = encode(multiply(k, GENERATOR)), encode(multiply(k, h))
    c = sha512(SUITE, b"\x02", public, encode(h), gamma, u, v, b"\x00")[:16]
    proof = gamma + c + scalar_bytes(k + int.from_bytes(c, "little") * x)
    return public, proof, sha512(SUITE, b"\x03", gamma, b"\x00")


def vrf_verify(public, alpha, proof):
    """The output that the proof proves, or None."""
    gamma, c, s = proof[:32], int.from_bytes(proof[32:48], "little"), scalar(proof[48:])
    h = map_to_group(sha512(SUITE, b"\x82", public, alpha))
    u = add(multiply(s, GENERATOR), negate(multiply(c, decode(public))))
    v = add(multiply(s, h), negate(multiply(c, decode(gamma))))
    expected = sha512(SUITE, b"\x02", public, encode(h), gamma, encode(u), encode(v), b"\x00")[:16]
    return sha512(SUITE, b"\x03", gamma, b"\x00") if expected == proof[32:48] else None


# --- labels, TRUST.md sections 2 and 4 ---

def lp(data):
    return len(data).to_bytes(2, "big") + data


def label_values(case):
    """Everything that follows from the given members of a case."""
    domain = b"aina/sealed/1" if case["order"] else b"aina/seed/1"
    alpha = b"".join(map(lp, (domain, str(case["shard"]).encode(), case["holder"].encode(),
                              bytes.fromhex(case["pseudonym"]))))
    if case["date"]:
        alpha += lp(b"delayed") + lp(case["date"].encode())
    if case["order"]:
        alpha += lp(case["order"].encode())
    public, proof, beta = vrf_prove(bytes.fromhex(case["vrf_secret"]), alpha)
    if vrf_verify(public, alpha, proof) != beta:
        raise ValueError("the VRF proof does not verify")
    seed = beta[:32]
    label = hmac.new(seed, int(case["n"]).to_bytes(8, "big"), hashlib.sha256).digest()
    commit = sha256(b"\x10", bytes.fromhex(case["salt"]), case["entry"].encode())
    leaf = b"\x01\x01" + label + commit
    made = {"alpha": alpha, "vrf_public": public, "proof": proof, "beta": beta, "seed": seed, "label": label,
            "commit": commit, "leaf": leaf, "leaf_hash": sha256(b"\x00", leaf)}
    return {name: value.hex() for name, value in made.items()}


def public_values(case):
    label = sha256(lp(case["kind"].encode()), lp(case["id"].encode()), case["version"].to_bytes(4, "big"))
    commit = sha256(b"\x10", bytes(32), case["content"].encode())
    return {"label": label.hex(), "commit": commit.hex(), "leaf": (b"\x04\x01" + label + commit).hex()}


# --- pseudonyms ---

DST = b"AINA-PSN-V1-ristretto255_XMD:SHA-512_R255MAP_RO_"


def hash_to_group(message):
    dst = DST + bytes([len(DST)])
    b0 = sha512(bytes(128), message, b"\x00\x40", b"\x00", dst)
    return map_to_group(sha512(b0, b"\x01", dst))


def share(root, sector, epoch):
    return scalar(hmac.new(root, b"aina/psn/1|%s|%d" % (sector.encode(), epoch), hashlib.sha512).digest())


def base32_text(data):
    import base64
    return base64.b32encode(data).decode().lower().rstrip("=")


def psn_values(case):
    roots = [bytes.fromhex(case["root_1"]), bytes.fromhex(case["root_2"])]
    old = [share(r, case["sector"], case["epoch"]) for r in roots]
    new = [share(r, case["to_sector"], case["to_epoch"]) for r in roots]
    point = hash_to_group(bytes.fromhex(case["pid"]))
    psn = multiply(old[0] * old[1], point)
    steps = [new[i] * pow(old[i], L - 2, L) % L for i in (0, 1)]
    translated = multiply(steps[1], multiply(steps[0], psn))
    if encode(translated) != encode(multiply(new[0] * new[1], point)):
        raise ValueError("translation does not give the pseudonym of the other sector")
    # The second holder sees a blinded point only (rho = 7), and the answer is the same.
    blinded = multiply(7, multiply(steps[0], psn))
    answer = multiply(steps[1], blinded)
    if encode(multiply(pow(7, L - 2, L), answer)) != encode(translated):
        raise ValueError("blinding changes the pseudonym")
    made = {"share_1": scalar_bytes(old[0]), "share_2": scalar_bytes(old[1]), "hash_to_group": encode(point),
            "psn": encode(psn), "step_1": scalar_bytes(steps[0]), "step_2": scalar_bytes(steps[1]),
            "blinded": encode(blinded), "answer": encode(answer), "translated": encode(translated)}
    out = {name: value.hex() for name, value in made.items()}
    out["psn_text"] = base32_text(encode(psn))
    return out


KINDS = {"labels": label_values, "public": public_values, "psn": psn_values}

GIVEN = {
    "labels": [
        {"vrf_secret": scalar_bytes(int.from_bytes(sha512(b"test vrf %d" % i), "little")).hex(),
         "shard": shard, "holder": holder, "pseudonym": sha256(b"psn %d" % i).hex(), "date": date,
         "order": order, "n": n, "salt": sha256(b"salt %d" % i).hex(), "entry": entry}
        for i, (shard, holder, date, order, n, entry) in enumerate([
            (0, "clinic", None, None, 0, '{"v":1,"n":0}'),
            (1, "clinic", None, None, 1, ""),
            (7, "tax.office-2", None, None, 255, '{"text":"\u0430\u0439\u043d\u0430"}'),
            ("18446744073709551615", "a", None, None, "18446744073709551615", "x" * 300),
            (12, "police", "2026-11-24", None, 3, '{"v":1}'),
            (12, "police", None, "order-9", 2, '{"v":1}')])],
    "public": [
        {"kind": "shard", "id": "0", "version": 0, "content": "start"},
        {"kind": "holders", "id": "all", "version": 4294967295, "content": "clinic\npolice\n"}],
    "psn": [
        {"root_1": sha256(b"root one").hex(), "root_2": sha256(b"root two").hex(),
         "pid": sha256(b"pid %d" % i)[:16].hex(), "sector": a, "epoch": e, "to_sector": b, "to_epoch": f}
        for i, (a, e, b, f) in enumerate([("health", 1, "tax", 1), ("health", 1, "health", 2),
                                          ("education", 12, "social", 3)])],
}


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--make":
        out = {kind: [{**case, **KINDS[kind](case)} for case in cases] for kind, cases in GIVEN.items()}
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            json.dump(out, file, indent=1, ensure_ascii=True)
            file.write("\n")
        return 0
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    # A vector that others made, so that both of ours cannot be wrong in the same way.
    secret = bytes.fromhex("3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500")
    if vrf_prove(secret, b"c2sp.org/vrf-r255")[2].hex()[:32] != "dd653f0879b48c3ef69e13551239bec4":
        print("the VRF of this script differs from the specification's vector")
        return 1
    checked = 0
    for kind, values in KINDS.items():
        for i, case in enumerate(data[kind]):
            for name, value in values(case).items():
                checked += 1
                if case.get(name) != value:
                    print(f"{kind}[{i}].{name}: the file says {case.get(name)}, this script {value}")
                    return 1
    print(f"{checked} values agree")
    return 0 if checked else 1


sys.exit(main())
