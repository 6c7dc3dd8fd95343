#!/usr/bin/env python3
"""A device of somebody at Latchkey, in Python: the protocol of docs/device-protocol.md.

It answers sign-in requests with two keys that are in a file, so it is as safe as the file is:
an example to read, and good for tests. Besides the standard library it needs jwcrypto.
"""

import argparse
import hashlib
import json
import os
import platform
import secrets
import struct
import sys
import time
import urllib.parse
import urllib.request

from jwcrypto.common import JWException, base64url_decode as unb64, base64url_encode as b64
from jwcrypto.jwa import JWA
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40  # flags of authenticator data


class Failure(Exception):
    """What is told to the person, in one line."""


def sha256(raw):
    return hashlib.sha256(raw).digest()


def h(raw):
    """The H of the protocol."""
    return b64(sha256(raw))


def check_value(nonce, thumbprint):
    return f"{int.from_bytes(sha256(f'{nonce}.{thumbprint}'.encode())[:4], 'big') % 10000:04d}"


def sign(key, typ, claims, embed=False):
    """A compact JWS, with the key itself in its header where the server does not know it yet."""
    public = {m: key.export_public(as_dict=True)[m] for m in ("kty", "crv", "x", "y")}
    header = {"alg": "ES256", "typ": typ, **({"jwk": public} if embed else {"kid": key.thumbprint()})}
    jws = JWS(json.dumps(claims).encode())
    jws.add_signature(key, protected=json.dumps(header))
    return jws.serialize(compact=True)


def verify(raw, typ, find_key):
    """The claims of a JWS by ES256 and of this very type; nothing in its header is followed."""
    try:
        jws = JWS()
        jws.allowed_algs = ["ES256"]
        jws.deserialize(raw)
        header = jws.jose_header
        if raw.count(".") != 2 or header.get("alg") != "ES256" or header.get("typ") != typ or "crit" in header:
            raise Failure("a JWS of another kind")
        jws.verify(find_key(header.get("kid")), alg="ES256")
        return json.loads(jws.payload)
    except (JWException, ValueError, KeyError) as e:
        raise Failure(f"a JWS that does not hold: {e}") from e


def cbor(value):
    """CBOR of small integers, byte and text strings, and maps, whose keys are in CTAP2's order already."""
    if isinstance(value, dict):
        major, n, rest = 5, len(value), b"".join(cbor(k) + cbor(v) for k, v in value.items())
    elif isinstance(value, int):
        major, n, rest = (0, value, b"") if value >= 0 else (1, -1 - value, b"")
    else:
        major, rest = (3, value.encode()) if isinstance(value, str) else (2, value)
        n = len(rest)
    head = [major << 5 | n] if n < 24 else [major << 5 | 24, n] if n < 256 else [major << 5 | 25, n >> 8, n & 255]
    return bytes(head) + rest


def der(signature):
    """r || s as the SEQUENCE of two INTEGERs that WebAuthn wants."""
    both = b""
    for half in (signature[:32], signature[32:]):
        n = int.from_bytes(half, "big")
        raw = n.to_bytes(n.bit_length() // 8 + 1, "big")  # with room for the sign
        both += bytes([2, len(raw)]) + raw
    return bytes([0x30, len(both)]) + both


def raw_signature(of):
    """The way back from der."""
    r, rest = of[4 : 4 + of[3]], of[4 + of[3] :]
    s = rest[2 : 2 + rest[1]]
    return r.lstrip(b"\0").rjust(32, b"\0") + s.lstrip(b"\0").rjust(32, b"\0")


class Verifier:
    """A WebAuthn credential in software: whoever has the file is taken to be its holder."""

    def __init__(self, state):
        self.state, self.key = state, JWK(**state["key"])

    def client_data(self, ceremony, challenge):
        data = {"type": ceremony, "challenge": challenge, "origin": self.state["origin"], "crossOrigin": False}
        return json.dumps(data, separators=(",", ":")).encode()

    def auth_data(self, flags):
        return sha256(self.state["rp_id"].encode()) + struct.pack(">BI", flags, self.state["counter"])

    def attestation_object(self):
        public = self.key.export_public(as_dict=True)
        cose = cbor({1: 2, 3: -7, -1: 1, -2: unb64(public["x"]), -3: unb64(public["y"])})
        credential = unb64(self.state["id"])
        data = self.auth_data(PRESENT | VERIFIED | ATTESTED) + bytes(16) + struct.pack(">H", len(credential)) + credential + cose
        return cbor({"fmt": "none", "attStmt": {}, "authData": data})

    def create(self, challenge):
        client, object = self.client_data("webauthn.create", challenge), self.attestation_object()
        return self.answer({"clientDataJSON": b64(client), "attestationObject": b64(object), "transports": ["internal"]})

    def get(self, challenge):
        self.state["counter"] += 1  # one that goes back looks like a copy: save it before sending
        client, data = self.client_data("webauthn.get", challenge), self.auth_data(PRESENT | VERIFIED)
        signature = b64(der(JWA.signing_alg("ES256").sign(self.key, data + sha256(client))))
        said = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": signature}
        return self.answer({**said, "userHandle": self.state["handle"]})

    def answer(self, response):
        same = {"type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": {}}
        return {"id": self.state["id"], "rawId": self.state["id"], "response": response, **same}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """What a device signs names the address it is for."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirect)


def call(method, url, body=None, key=None):
    """One request, with a proof of the key if there is one, and the JSON that is answered."""
    raw = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, raw, {"Content-Type": "application/json"} if raw else {}, method=method)
    if key:
        proof = {"htm": method, "htu": url.split("?")[0], "jti": secrets.token_urlsafe(16), "iat": int(time.time())}
        if raw:
            proof["bh"] = h(raw)
        request.add_header("Device-Proof", sign(key, "oda-proof+jwt", proof))
    try:
        with opener.open(request, timeout=60) as response:
            return json.loads(response.read(1 << 20) or b"null")
    except urllib.error.HTTPError as e:
        raise Failure(problem(e)) from e
    except (urllib.error.URLError, ValueError) as e:
        raise Failure(f"{url}: {e}") from e


def problem(error):
    """What is wrong, in a line such as "wrong number, pending, tries left: 2"."""
    try:
        told = json.loads(error.read(1 << 20))
        what = [told["type"].rpartition(":")[2].replace("-", " "), told.get("state"), f"tries left: {told.get('tries_left')}"]
    except (ValueError, KeyError):
        return f"the server answered {error.code}"
    return ", ".join(w for w in what if w and not w.endswith("None"))


class Device:
    """One account of one person, in a file."""

    def __init__(self, path):
        self.path = path
        if os.stat(path).st_mode & 0o077:
            raise Failure(f"others can read {path}; run: chmod 600 {path}")
        with open(path, encoding="utf-8") as f:
            self.state = json.load(f)
        self.key = JWK(**self.state["key"])
        self.at = self.state["discovery"]

    @staticmethod
    def save(path, state):
        with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
            json.dump(state, f, indent=1)
        os.replace(path + ".new", path)

    @staticmethod
    def enrol(path, link, name):
        """Shows both keys of a new device, and answers the check value."""
        if os.path.exists(path):
            raise Failure(f"{path} has a device already")
        url = urllib.parse.urlsplit(link)
        safe = url.scheme == "https" or url.scheme == "http" and url.hostname in ("localhost", "127.0.0.1")
        if not safe or not url.fragment.startswith("e=") or "." not in url.fragment:
            raise Failure("that is no link to enrol, or not by https")
        tenant, token = url.fragment[2:].rsplit(".", 1)
        origin = f"{url.scheme}://{url.netloc}"
        at = call("GET", f"{origin}/{urllib.parse.quote(tenant, '')}/v2.0/.well-known/open-authenticator")
        if at["version"] != 1 or not all(at[e].startswith(origin + "/") for e in at if e.endswith("_endpoint") or e in ("issuer", "jwks_uri")):
            raise Failure("the discovery document leads elsewhere")
        got = call("POST", at["enrolment_endpoint"], {"token": token})
        if got["issuer"] != at["issuer"] or got["webauthn"]["rp"]["id"] != at["rp_id"] or got["webauthn"]["challenge"] != got["nonce"]:
            raise Failure("the invitation is of somebody else")
        key, own, now = JWK.generate(kty="EC", crv="P-256"), JWK.generate(kty="EC", crv="P-256"), int(time.time())
        verifier = Verifier({
            "key": own.export(as_dict=True), "id": b64(secrets.token_bytes(32)), "handle": got["webauthn"]["user"]["id"],
            "rp_id": at["rp_id"], "origin": origin, "counter": 0,
        })
        proof = sign(key, "oda-enrol+jwt", {
            "iss": key.thumbprint(), "aud": at["issuer"], "enrol_id": got["enrol_id"], "nonce": got["nonce"], "iat": now, "exp": now + 600,
            "name": name, "app": "cli/1", "platform": platform.system(), "uvh": h(verifier.attestation_object()),
        }, embed=True)
        told = call("POST", f"{at['enrolment_endpoint']}/{got['enrol_id']}", {"proof": proof, "uv": verifier.create(got["nonce"]), "passkey": False})
        value = check_value(got["nonce"], key.thumbprint())
        if told["sas"] != value:
            raise Failure("the server has seen another key: somebody may be in between")
        Device.save(path, {
            "discovery": at, "device_id": told["device_id"], "key": key.export(as_dict=True), "verifier": verifier.state,
            "user": got["user"], "tenant": got["tenant"],
        })
        return value, told["state"]

    def challenges(self):
        """The requests that wait for an answer: (JWS, claims), each vouched for by the issuer."""
        jwks = {k["kid"]: k for k in call("GET", self.at["jwks_uri"])["keys"]}
        for raw in call("GET", self.at["challenge_endpoint"], key=self.key)["challenges"]:
            claims = verify(raw, "oda-challenge+jwt", lambda kid: JWK(**jwks[kid]))
            if claims["iss"] != self.at["issuer"] or claims["aud"] != self.key.thumbprint():
                raise Failure("a request for somebody else")
            if claims["exp"] > time.time():
                yield raw, claims

    def respond(self, request, **decided):
        """Answers the request of an id, or the only one, and tells what became of it."""
        found = [c for c in self.challenges() if request in (None, c[1]["jti"])]
        if len(found) != 1:
            raise Failure(f"{len(found)} requests wait: name one with --request" if found else "no request waits for an answer")
        raw, challenge = found[0]
        now = int(time.time())
        claims = {
            "iss": self.key.thumbprint(), "aud": self.at["issuer"], "jti": secrets.token_urlsafe(16), "iat": now, "exp": now + 60,
            "txn": challenge["jti"], "ch": h(raw.encode()), "nonce": challenge["nonce"], "app": challenge.get("app", {}).get("name", ""), **decided,
        }
        body = {"response": sign(self.key, "oda-response+jwt", claims)}
        if "uv" in decided:
            body["uv"] = Verifier(self.state["verifier"]).get(h(body["response"].encode()))
            Device.save(self.path, self.state)
        return call("POST", self.at["response_endpoint"], body)["state"]


def check_jws(jws, expected, keys):
    """Raises Failure unless the JWS is to be accepted, as the file says."""
    claims = verify(jws, expected["typ"], lambda _: keys[expected["key"]])
    ends, at = claims.get("exp"), expected["at"]
    if (at >= ends if ends else abs(at - claims["iat"]) > 60) or any(claims.get(n) != v for n, v in expected["claims"].items()):
        raise Failure("it is over, or not what was expected")


def remade(vector, keys):
    """What this client makes of the input of a vector: the output should be the same."""
    kind, given, made = vector["kind"], vector["input"], vector.get("output", {})
    if kind == "thumbprint":
        return {"thumbprint": JWK(**given["jwk"]).thumbprint()}
    if kind == "check-value":
        return {"sas": check_value(given["nonce"], given["thumbprint"])}
    if kind == "hash":
        return {"hash": h(given["text"].encode())}
    if kind == "jws":
        check_jws(given.get("jws") or made["jws"], vector["expect"], keys)
        if "jws" in given:
            return None  # it should not have come this far
        head, claims, _ = made["jws"].split(".")
        if [json.loads(unb64(head)), json.loads(unb64(claims))] != [given["header"], given["claims"]]:
            raise Failure("it says something else")
        return {"signing_input": f"{head}.{claims}", "jws": made["jws"]}
    v = Verifier({"counter": 0, **given, "key": keys["verifier"].export(as_dict=True), "id": given.get("credential_id")})
    if kind == "attestation":
        client, object = v.client_data("webauthn.create", given["challenge"]), v.attestation_object()
        return {"client_data_json": client.decode(), "attestation_object": b64(object), "uvh": h(object)}
    challenge, signature = h(given["jws"].encode()), raw_signature(unb64(made["signature"]))
    client, data = v.client_data("webauthn.get", challenge), v.auth_data(PRESENT | VERIFIED)
    JWA.signing_alg("ES256").verify(v.key, data + sha256(client), signature)
    return {"challenge": challenge, "client_data_json": client.decode(), "authenticator_data": b64(data), "signature": b64(der(signature))}


def selftest(path):
    with open(path, encoding="utf-8") as f:
        file = json.load(f)
    keys, wrong = {name: JWK(**jwk) for name, jwk in file["keys"].items()}, 0
    for vector in file["vectors"]:
        try:
            holds, why = remade(vector, keys) == vector.get("output"), "not as it should be"
        except (Failure, ValueError) as e:  # of which JWException's and cryptography's are some
            holds, why = False, e
        if holds != vector["valid"]:
            wrong += 1
            print(f"FAILED  {vector['name']}: {why}")
    print(f"{len(file['vectors']) - wrong} of {len(file['vectors'])} vectors are as they should be")
    if wrong:
        raise Failure("this client does not speak the protocol")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", default="device.json", help="with the keys of the device (device.json)")
    commands = parser.add_subparsers(dest="command", required=True)
    enrol = commands.add_parser("enrol", help="become a device, by a link")
    enrol.add_argument("link")
    enrol.add_argument("--name", default="Python")
    commands.add_parser("list", help="list the requests that wait for an answer")
    approve = commands.add_parser("approve", help="approve a request")
    shown = approve.add_mutually_exclusive_group(required=True)
    for what in ("number", "choice", "scan"):
        shown.add_argument("--" + what)
    deny = commands.add_parser("deny", help="deny a request")
    deny.add_argument("--not-me", action="store_true")
    for command in (approve, deny):
        command.add_argument("--request", help="which, by its id")
    commands.add_parser("remove", help="remove the device, here and at the server")
    commands.add_parser("selftest", help="check all test vectors").add_argument("vectors")
    args = parser.parse_args()
    if args.command == "selftest":
        return selftest(args.vectors)
    if args.command == "enrol":
        value, state = Device.enrol(args.file, args.link, args.name)
        return print(f"Check value {value}" if state == "shown" else "Added")
    device = Device(args.file)
    if args.command == "list":
        for _, c in device.challenges():
            print(c["jti"], c.get("app", {}).get("name", "-"), c["from"].get("browser", "-"), c["from"].get("os", "-"), c["ask"]["mode"])
    elif args.command == "remove":
        call("DELETE", device.at["self_endpoint"], key=device.key)
        os.remove(args.file)
    elif args.command == "deny":
        print(device.respond(args.request, decision="deny", reason="not_me" if args.not_me else "cancelled"))
    else:
        answer = {what: getattr(args, what) for what in ("number", "choice", "scan") if getattr(args, what)}
        print(device.respond(args.request, decision="approve", uv={"method": "webauthn"}, **answer))


if __name__ == "__main__":
    try:
        main()
    except (Failure, FileNotFoundError) as e:
        sys.exit(f"device.py: {e}")
