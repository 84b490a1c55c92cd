"""A folder of vectors by another encoder: passports of many States, right and with one thing wrong each.

    python scripts/other_encoder/campaign.py FOLDER [SEED]

writes `passive-authentication.json` and its files, to be judged by `sceau replay FOLDER`. Everything down to the bytes
of certificates is written here from Doc 9303 and RFC 5280; PyPI `cryptography` only signs. Keys are new in every run;
SEED chooses which State has which habits, so that a difference can be made again.
"""

import hashlib
import json
import random
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from data_groups import check_digit, dg2
from der import NULL, algorithm, integer, octets, oid, sequence, set_of, tlv

AT = datetime(2026, 6, 1, tzinfo=timezone.utc)
LDS_SECURITY_OBJECT, SIGNED_DATA = "2.23.136.1.1.1", "1.2.840.113549.1.7.2"
HASHES = {
    "sha1": (hashes.SHA1(), "1.3.14.3.2.26", 5, "1.2.840.10045.4.1", None),
    "sha224": (hashes.SHA224(), "2.16.840.1.101.3.4.2.4", 14, "1.2.840.10045.4.3.1", "2.16.840.1.101.3.4.3.1"),
    "sha256": (hashes.SHA256(), "2.16.840.1.101.3.4.2.1", 11, "1.2.840.10045.4.3.2", "2.16.840.1.101.3.4.3.2"),
    "sha384": (hashes.SHA384(), "2.16.840.1.101.3.4.2.2", 12, "1.2.840.10045.4.3.3", None),
    "sha512": (hashes.SHA512(), "2.16.840.1.101.3.4.2.3", 13, "1.2.840.10045.4.3.4", None),
}
CURVES = {
    "P-224": (ec.SECP224R1, "1.3.132.0.33"),
    "P-256": (ec.SECP256R1, "1.2.840.10045.3.1.7"),
    "P-384": (ec.SECP384R1, "1.3.132.0.34"),
    "P-521": (ec.SECP521R1, "1.3.132.0.35"),
    "brainpoolP256r1": (ec.BrainpoolP256R1, "1.3.36.3.3.2.8.1.1.7"),
    "brainpoolP384r1": (ec.BrainpoolP384R1, "1.3.36.3.3.2.8.1.1.11"),
    "brainpoolP512r1": (ec.BrainpoolP512R1, "1.3.36.3.3.2.8.1.1.13"),
}

OPENSSL_NAMES = {"P-224": "secp224r1", "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}


def generated_time(at):
    text = at.strftime("%Y%m%d%H%M%SZ")
    return tlv(0x17, text[2:].encode()) if at.year < 2050 else tlv(0x18, text.encode())


class Key:
    """A private key, and how its owner writes keys and signs."""

    cache = {}

    def __init__(self, kind, hash_name, *, name="", pss=None, bare=False, null=True, mgf=None, explicit=None):
        self.kind, self.hash_name, self.pss, self.bare, self.null = kind, hash_name, pss, bare, null
        self.mgf, self.explicit = mgf or hash_name, explicit
        if (kind, name) not in self.cache:
            self.cache[kind, name] = self.new(kind)
        self.key = self.cache[kind, name]

    @staticmethod
    def new(kind):
        if kind.startswith("RSA-"):
            bits, _, exponent = kind[4:].partition("/")
            return rsa.generate_private_key(int(exponent or 65537), int(bits))
        if kind.startswith("DSA-"):
            return dsa.generate_private_key(int(kind[4:]))
        return ec.generate_private_key(CURVES[kind][0]())

    def spki(self):
        public = self.key.public_key()
        if not self.explicit:
            return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        return sequence(algorithm("1.2.840.10045.2.1", explicit(self.kind, self.explicit)), tlv(0x03, b"\0" + point))

    def identifier(self):
        return hashlib.sha1(self.spki()).digest()

    def certificate_algorithm(self):
        """Certificates never name the bare rsaEncryption, which SignerInfo may."""
        return Key(self.kind, self.hash_name, pss=self.pss, null=self.null, mgf=self.mgf).algorithm()

    def algorithm(self):
        _, hash_oid, rsa_arc, ecdsa_oid, dsa_oid = HASHES[self.hash_name]
        if self.kind.startswith("DSA-"):
            return algorithm(dsa_oid)
        if not self.kind.startswith("RSA-"):
            return algorithm(ecdsa_oid, *([NULL] if not self.null else []))
        if self.pss is not None:
            hashed, mgf = algorithm(hash_oid, NULL), algorithm(HASHES[self.mgf][1], NULL)
            parts = [tlv(0xA0, hashed), tlv(0xA1, algorithm("1.2.840.113549.1.1.8", mgf)), tlv(0xA2, integer(self.pss))]
            if (self.hash_name, self.mgf, self.pss) == ("sha1", "sha1", 20):
                parts = []  # All defaults (RFC 4055 3.1).
            return algorithm("1.2.840.113549.1.1.10", sequence(*parts))
        return algorithm("1.2.840.113549.1.1.1" if self.bare else f"1.2.840.113549.1.1.{rsa_arc}", *[NULL][: self.null])

    def sign(self, message):
        function = HASHES[self.hash_name][0]
        if self.kind.startswith("DSA-"):
            return self.key.sign(message, function)
        if not self.kind.startswith("RSA-"):
            return self.key.sign(message, ec.ECDSA(function))
        if self.pss is not None:
            mgf = padding.MGF1(HASHES[self.mgf][0])
            return self.key.sign(message, padding.PSS(mgf, self.pss), function)
        return self.key.sign(message, padding.PKCS1v15(), function)


def explicit(curve, habit):
    """Explicit parameters (RFC 3279 2.3.5), as the command `openssl` writes them; some States leave out the cofactor,
    add a seed, or write a coefficient longer than the field."""
    command = ("openssl", "ecparam", "-name", OPENSSL_NAMES.get(curve, curve), "-param_enc", "explicit", "-outform", "DER")
    der = subprocess.run([*command, *(["-no_seed"] if habit == "no seed" else [])], capture_output=True, check=True).stdout
    if habit != "no cofactor":
        return der
    assert der.endswith(integer(1))
    body = der[2 if der[1] < 0x80 else 2 + (der[1] & 0x7F):]
    return sequence(body[:-3])


def name(country, common, *, upper=False, kind=0x0C, swapped=False, spaces=False):
    text = common.upper() if upper else common
    text = text.replace(" ", "  ") if spaces else text
    parts = [("2.5.4.6", 0x13, country), ("2.5.4.10", kind, "Passport Office"), ("2.5.4.3", kind, text)]
    parts = parts[::-1] if swapped else parts
    return sequence(*(tlv(0x31, sequence(oid(o), tlv(k, t.encode()))) for o, k, t in parts))


def extension(dotted, value, critical=False):
    return sequence(oid(dotted), *([tlv(0x01, b"\xff")] if critical else []), octets(value))


USAGES = {"sign": b"\x07\x80", "ca": b"\x01\x06", "encipher": b"\x05\x20"}


def certificate(subject, key, issuer, issuer_key, *, serial, start, end, ca=False, usage=None, **given):
    """A certificate by the profile of Doc 9303-12 7.1, but for what is `given`."""
    extensions = []
    if given.get("aki", True):
        aki = given.get("aki_value", issuer_key.identifier())
        extensions.append(extension("2.5.29.35", sequence(tlv(0x80, aki))))
    if given.get("ski", True):
        extensions.append(extension("2.5.29.14", octets(given.get("ski_value", key.identifier()))))
    usage = usage or ("ca" if ca else "sign")
    if given.get("key_usage", True):
        extensions.append(extension("2.5.29.15", tlv(0x03, USAGES[usage]), given.get("usage_critical", True)))
    if ca:
        length = given.get("path_length", 0)
        limits = [integer(length)] if length is not None else []
        extensions.append(extension("2.5.29.19", sequence(tlv(0x01, b"\xff"), *limits), True))
    if types := given.get("types"):
        strings = [tlv(0x13, t.encode()) for t in types]
        extensions.append(extension("2.23.136.1.1.6.2", sequence(integer(0), set_of(*strings))))
    if purpose := given.get("purpose"):
        extensions.append(extension("2.5.29.37", sequence(oid(purpose)), True))
    if given.get("unknown"):
        extensions.append(extension("1.3.6.1.4.1.99999.7", NULL, True))
    tbs = sequence(
        tlv(0xA0, integer(2)),
        integer(serial),
        given.get("inner", issuer_key.certificate_algorithm()),
        issuer,
        sequence(generated_time(start), generated_time(end)),
        subject,
        key.spki(),
        tlv(0xA3, sequence(*extensions)),
    )
    signature = given.get("signature_key", issuer_key).sign(tbs)
    if given.get("flip"):
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    return sequence(tbs, issuer_key.certificate_algorithm(), tlv(0x03, b"\0" + signature))


def crl(issuer, key, revoked, *, made, due, flip=False):
    entries = [sequence(integer(n), generated_time(made - timedelta(days=1))) for n in revoked]
    tbs = sequence(
        integer(1),
        key.certificate_algorithm(),
        issuer,
        generated_time(made),
        generated_time(due),
        *([sequence(*entries)] if entries else []),
        tlv(0xA0, sequence(extension("2.5.29.35", sequence(tlv(0x80, key.identifier()))), extension("2.5.29.20", integer(7)))),
    )
    signature = key.sign(tbs)
    if flip:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    return sequence(tbs, key.certificate_algorithm(), tlv(0x03, b"\0" + signature))


def mrz(state, number, expiry, code="P<"):
    holder = f"{code}{state}MUSTERMANN<<ERIKA".ljust(44, "<")
    number = number.ljust(9, "<")
    number, birth, expiry = (field + check_digit(field) for field in (number, "640812", expiry.strftime("%y%m%d")))
    optional = "<" * 14 + "0"
    line = f"{number}{state}{birth}F{expiry}{optional}"
    return holder + line + check_digit(number + birth + expiry + optional)


class State:
    """A State's keys and habits."""

    def __init__(self, code, country, csca, dsc, chooser, habits=None):
        self.code, self.country, self.csca_key, self.dsc_key = code, country, csca, dsc
        self.name = lambda common="CSCA", **how: name(country, f"{common} {code}", **how)
        self.serial = chooser.getrandbits(62) + 2
        self.habits = habits or {"csca": {}, "dsc": {}}

    def csca(self, **given):
        start, end = AT - timedelta(days=1000), AT + timedelta(days=5000)
        made = {"serial": 1, "start": start, "end": end, "ca": True, **self.habits.get("csca", {}), **given}
        return certificate(self.name(), self.csca_key, self.name(), self.csca_key, **made)

    def dsc(self, **given):
        start, end = AT - timedelta(days=400), AT + timedelta(days=3900)
        made = {"serial": self.serial, "start": start, "end": end, **self.habits.get("dsc", {}), **given}
        issuer = made.pop("issuer", self.name(**self.habits.get("issuer_name", {})))
        key = made.pop("key", self.dsc_key)
        return certificate(self.name("Document Signer"), key, issuer, made.pop("issuer_key", self.csca_key), **made)


def attribute(kind, value):
    return sequence(oid(kind), set_of(value))


def sod(state, groups, dsc, **given):
    """EF.SOD, with what is `given` made otherwise."""
    key, habits = given.get("key", state.dsc_key), state.habits
    group_hash = habits.get("group_hash", "sha256")
    version = habits.get("version", 0)
    hashed = given.get("hashes") or {n: hashlib.new(group_hash, data).digest() for n, data in groups.items()}
    entries = [sequence(integer(n), octets(h)) for n, h in hashed.items()] + given.get("entries", [])
    info = [sequence(tlv(0x13, b"0108"), tlv(0x13, b"040000"))] if version else []
    content = sequence(integer(version), algorithm(HASHES[group_hash][1], NULL), sequence(*entries), *info)
    content_type = habits.get("content_type", LDS_SECURITY_OBJECT)
    digest = given.get("digest", hashlib.new(key.hash_name, content).digest())
    attributes = []
    if given.get("type_attribute", content_type):
        attributes.append(attribute("1.2.840.113549.1.9.3", oid(given.get("type_attribute", content_type))))
    attributes.append(attribute("1.2.840.113549.1.9.4", octets(digest)))
    if habits.get("signing_time"):
        attributes.append(attribute("1.2.840.113549.1.9.5", generated_time(AT - timedelta(days=300))))
    attributes = set_of(*attributes)
    if habits.get("by_key_identifier"):
        signer, signer_version = tlv(0x80, state.dsc_key.identifier()), 3
    else:
        issuer = given.get("issuer") or state.name(**habits.get("signer_name", {}))
        signer, signer_version = sequence(issuer, integer(given.get("serial", state.serial))), 1
    signature = key.sign(given.get("signed", attributes))
    if given.get("flip"):
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    signer_info = sequence(
        integer(signer_version),
        signer,
        algorithm(HASHES[key.hash_name][1], NULL),
        *([] if given.get("bare") else [b"\xa0" + attributes[1:]]),
        given.get("algorithm", key.algorithm()),
        octets(signature),
    )
    body = sequence(
        integer(3),
        set_of(algorithm(HASHES[key.hash_name][1], NULL)),
        sequence(oid(content_type), tlv(0xA0, octets(content))),
        *([tlv(0xA0, *dsc)] if dsc else []),
        tlv(0x31, signer_info),
    )
    return tlv(0x77, sequence(oid(SIGNED_DATA), tlv(0xA0, body)))


class Writer:
    def __init__(self, folder):
        self.folder, self.cases = folder, []
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, kind, data):
        path = f"{kind}-{hashlib.sha256(data).hexdigest()[:16]}.der"
        (self.folder / path).write_bytes(data)
        return path

    def case(self, id, description, files, trust, rejection=None, twin=None, at=AT):
        self.cases.append(
            {
                "id": id,
                "description": description,
                "flags": ["other-encoder"],
                "importance": "high",
                "reference": "ICAO Doc 9303-11 5.1",
                "validation_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "files": {n: self.file(n.replace(".", "_"), data) for n, data in files.items()},
                "trust": {kind: [self.file(kind, der) for der in ders] for kind, ders in trust.items()},
                "result": "invalid" if rejection else "valid",
                **({"rejection": rejection, "twin": twin} if rejection else {}),
            }
        )

    def finish(self):
        manifest = {
            "schema_version": 1,
            "suite": "passive-authentication",
            "description": "Passports by another encoder",
            "cases": self.cases,
        }
        (self.folder / "passive-authentication.json").write_text(json.dumps(manifest, indent=1))


def keys(chooser, n):
    """Key of a CSCA and of a document signer, as States have them."""
    pick = chooser.choice
    kind = ["pkcs1", "pss", "ecdsa", "dsa"][n % 4] if n % 12 == 3 else ["pkcs1", "pss", "ecdsa"][n % 3]
    strong = ["sha256", "sha384", "sha512"]
    if kind == "pkcs1":
        bare = pick([True, False])
        dsc = Key(pick(["RSA-2048", "RSA-2048/3", "RSA-3072"]), pick(["sha1", "sha224", *strong]), name=f"d{n % 4}", bare=bare)
        return Key(pick(["RSA-3072", "RSA-4096"]), pick(strong), null=pick([True, False])), dsc
    if kind == "pss":
        hashed, salted = pick(["sha1", *strong]), pick([0, 20, 32, 64])
        salted = 20 if hashed == "sha1" else salted
        dsc = Key("RSA-2048", hashed, name=f"d{n % 4}", pss=salted, mgf=pick([hashed, hashed, "sha256"]))
        return Key("RSA-3072", pick(strong), pss=32), dsc
    if kind == "dsa":
        return Key("DSA-3072", "sha256"), Key("DSA-2048", pick(["sha224", "sha256"]), name="d")
    habit = [None, "seed", "no seed", "no cofactor"]
    csca = Key(pick(list(CURVES)[1:]), pick(strong), name=f"c{n % 3}", null=pick([True, True, False]), explicit=pick(habit))
    return csca, Key(pick(list(CURVES)), pick(["sha1", "sha224", *strong]), name=f"d{n % 5}", explicit=pick(habit))


COUNTRIES = [
    ("UTO", "UT"), ("FRA", "FR"), ("D<<", "DE"), ("ITA", "it"), ("USA", "US"), ("EUE", "EU"), ("UNO", "UN"), ("GBR", "GB"),
    ("RKS", "KS"), ("CHE", "CH"), ("JPN", "JP"), ("TUR", "TR"), ("ROU", "ro"), ("XOM", "XO"), ("LTU", "LT"), ("NLD", "NL"),
]


def habits(chooser):
    """What real States do that the profile does not say (counted in docs/divergences.md)."""
    out = {"version": chooser.choice([0, 1]), "group_hash": chooser.choice(list(HASHES)), "csca": {}, "dsc": {}}
    for chance, key, value in (
        (3, "by_key_identifier", True),
        (2, "signing_time", True),
        (8, "content_type", "1.2.528.1.1006.1.20.1"),
        (8, "signer_name", {"upper": True}),
        (8, "signer_name", {"swapped": True}),
        (8, "signer_name", {"kind": 0x13, "spaces": True}),
        (8, "issuer_name", {"kind": 0x13}),
    ):
        if chooser.randrange(chance) == 0:
            out[key] = value
    for part, chance, key, value in (
        ("csca", 6, "aki", False),
        ("csca", 6, "path_length", None),
        ("csca", 8, "path_length", 3),
        ("dsc", 6, "ski", "by_key_identifier" in out),
        ("dsc", 4, "types", ["P"]),
        ("dsc", 8, "usage_critical", False),
        ("dsc", 8, "key_usage", False),
    ):
        if chooser.randrange(chance) == 0:
            out[part][key] = value
    return out


def write_state(writer, chooser, n):
    code, country = COUNTRIES[n % len(COUNTRIES)]
    state = State(code, country, *keys(chooser, n), chooser, habits(chooser))
    groups = {
        1: tlv(0x61, tlv(0x5F1F, mrz(code, f"X{n:07}", AT + timedelta(days=900)).encode())),
        2: dg2(40, 56, 0x5F2E),
        11: tlv(0x6B, tlv(0x5C, b"\x5f\x11"), tlv(0x5F11, b"ZENITH")),
    }
    csca, dsc = state.csca(), state.dsc()
    twin = f"pa::state-{n}"
    right = {"csca": [csca]}

    def case(id, description, rejection=None, made=None, trust=right, data=groups, at=AT):
        files = {"EF.SOD": made or sod(state, groups, [dsc]), **{f"EF.DG{k}": v for k, v in data.items()}}
        writer.case(f"{twin}-{id}" if id else twin, description, files, trust, rejection, twin, at)

    new = lambda **given: sod(state, groups, [state.dsc(**given)])
    case("", f"The passport of a State with {state.csca_key.kind} and {state.dsc_key.kind}")
    stranger = Key(state.csca_key.kind, state.csca_key.hash_name, name="stranger", pss=state.csca_key.pss)
    other = State(code, country, stranger, state.dsc_key, chooser)
    link = certificate(
        state.name(), state.csca_key, other.name(), stranger, serial=9, start=AT - timedelta(days=800), end=AT + timedelta(days=4000), ca=True
    )
    day, nobody = timedelta(days=1), name("ZZ", "Nobody")
    self_made = state.dsc(issuer_key=state.dsc_key, issuer=nobody, aki_value=b"\7" * 20)
    flipped = {k: v[:-1] + bytes([v[-1] ^ 1]) for k, v in groups.items()}
    revoked = lambda *serials, **how: {
        "csca": [csca],
        "crl": [crl(state.name(), state.csca_key, serials, **{"made": AT - day, "due": AT + 30 * day, **how})],
    }
    variants = [
        ("link", "The trusted CSCA certified this one's key", None, {"trust": {"csca": [other.csca()], "link": [link]}}),
        ("not-revoked", "The CRL names another", None, {"trust": revoked(state.serial ^ 1)}),
        ("empty-crl", "A CRL without entries", None, {"trust": revoked()}),
        ("dg11-unread", "DG11 was not read", None, {"data": {1: groups[1], 2: groups[2]}}),
        ("two-names", "Another CSCA has the same name", None, {"trust": {"csca": [other.csca(), csca]}}),
        ("dsc-apart", "EF.SOD has no certificate, the store has", None, {"made": sod(state, groups, []), "trust": {"csca": [csca], "dsc": [dsc]}}),
        ("extra-certificate", "EF.SOD also has the CSCA's certificate", None, {"made": sod(state, groups, [csca, dsc])}),
        ("dg1", "A bit of DG1", "pa.hash-mismatch(DG1)", {"data": {**groups, 1: groups[1].replace(b"ERIKA", b"ERIKB")}}),
        ("dg2", "The last bit of DG2", "pa.hash-mismatch(DG2)", {"data": {**groups, 2: flipped[2]}}),
        ("dg12", "A group that EF.SOD has not", "pa.not-in-sod(DG12)", {"data": {**groups, 12: tlv(0x6C, tlv(0x5C, b"\x5f\x19"), tlv(0x5F19, b"UTO"))}}),
        ("signature", "A bit of the signature", "pa.sod-signature", {"made": sod(state, groups, [dsc], flip=True)}),
        ("digest", "The signed digest is of something else", "pa.message-digest", {"made": sod(state, groups, [dsc], digest=hashlib.new(state.dsc_key.hash_name, b"x").digest())}),
        ("digest-prefix", "The signed digest is cut", "pa.message-digest", {"made": sod(state, groups, [dsc], digest=hashlib.new(state.dsc_key.hash_name, b"x").digest()[:8])}),
        ("type-attribute", "The signed content type is another", "pa.content-type", {"made": sod(state, groups, [dsc], type_attribute="1.2.840.113549.1.7.5")}),
        ("no-csca", "Another State is trusted", "pa.csca-unknown", {"trust": {"csca": [State("AUT", "AT", stranger, stranger, chooser).csca()]}}),
        ("dsc-signature", "A bit of the document signer's signature", "pa.dsc-signature", {"made": new(flip=True)}),
        ("stranger", "A stranger signed the document signer's certificate", "pa.dsc-signature", {"made": new(signature_key=stranger)}),
        ("expired", "The document signer's certificate ended", "pa.dsc-expired", {"made": new(end=AT - day)}),
        ("early", "It is of tomorrow", "pa.dsc-not-yet-valid", {"made": new(start=AT + day)}),
        ("csca-expired", "The CSCA's certificate ended", "pa.csca-expired", {"trust": {"csca": [state.csca(end=AT - day)]}}),
        ("usage", "The key is for something else", "pa.dsc-key-usage", {"made": new(usage="encipher", key_usage=True)}),
        ("list-signer", "The certificate is for master lists", "pa.dsc-key-usage", {"made": new(purpose="2.23.136.1.1.3")}),
        ("critical", "An unknown critical extension", "pa.dsc-critical-extension", {"made": new(unknown=True)}),
        ("types", "The certificate is not for passports", "pa.document-type", {"made": new(types=["I", "AR"])}),
        ("revoked", "The CRL names the document signer", "pa.dsc-revoked", {"trust": revoked(5, state.serial)}),
        ("inner", "Two algorithms for one signature", "pa.dsc-algorithm-mismatch", {"made": new(inner=algorithm("1.2.840.113549.1.1.14", NULL))}),
        ("self", "The document signer's certificate is its own issuer", "pa.csca-unknown", {"made": sod(state, groups, [self_made], issuer=nobody)}),
        ("another-signer", "EF.SOD names a certificate that it has not", "pa.dsc-missing", {"made": sod(state, groups, [state.dsc(serial=state.serial + 1, ski_value=b"\1" * 20)])}),
        ("document-expired", "The day after the document's last", "pa.document-expired", {"at": AT + timedelta(days=901)}),
        ("duplicate", "DG1 has two hashes", "lds.malformed(EF.SOD: data group hashes: one stands twice)", {"made": sod(state, groups, [dsc], entries=[sequence(integer(1), octets(hashlib.new(state.habits["group_hash"], flipped[1]).digest()))])}),
    ]
    for id, description, rejection, given in variants:
        if state.habits.get("by_key_identifier") and id == "another-signer" and "ski" in state.habits["dsc"]:
            continue
        case(id, description, rejection, **given)


def main():
    folder, *seed = sys.argv[1:]
    chooser = random.Random(seed[0] if seed else "Utopia")
    writer = Writer(Path(folder))
    for n in range(12):
        write_state(writer, chooser, n)
    writer.finish()


if __name__ == "__main__":
    main()
