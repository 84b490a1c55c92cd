#!/usr/bin/env python3
"""A passport chip written from Doc 9303-11 alone, to test the terminal of crates/emrtd.

It shares no code with the Rust side and uses nothing but PyPI `cryptography`; the group arithmetic that generic mapping
needs is its own. It speaks BAC, PACE with generic mapping, Chip Authentication (3DES by MSE:Set KAT, AES by MSE:Set AT
and GENERAL AUTHENTICATE) and Active Authentication.

    python_chip.py CONFIG.json

prints the TCP port it listens on (loopback) and ends with its standard input. A message is its length in two bytes and
the APDU, or one byte for power and answer to reset as in vsmartcard's vpcd. CONFIG.json: `files` {file identifier: hex}, `mrz_information`, and, where offered, `pace` {oid, cipher,
curve}, `ca` [{key_id, cipher, curve, scalar}], `aa` {key: PKCS#8 in hex, hash}; `bac`: whether BAC is taken;
`short_ids`: whether READ BINARY knows short file identifiers.
"""

import hashlib
import json
import os
import socket
import sys
import threading

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

APPLICATION = bytes.fromhex("A0000002471001")
CARD_ACCESS = 0x011C
ATR = bytes.fromhex("3B80800101")
CA_ECDH = "0.4.0.127.0.7.2.2.3.2."
PACE_ECDH_GM = "0.4.0.127.0.7.2.2.4.2."
OK = 0x9000


class Refused(Exception):
    """The command is answered with a status word alone."""

    def __init__(self, sw):
        super().__init__(f"{sw:04X}")
        self.sw = sw


# Groups: affine points as pairs, None for infinity (SEC 1, 2.2.1).


class Curve:
    def __init__(self, p, a, b, g, n):
        self.p, self.a, self.b, self.n = (int(x, 16) for x in (p, a, b, n))
        self.size = (self.p.bit_length() + 7) // 8
        self.g = self.decode(bytes.fromhex(g))

    def decode(self, sec1):
        if len(sec1) != 1 + 2 * self.size or sec1[0] != 4:
            raise Refused(0x6A80)
        x, y = int.from_bytes(sec1[1 : 1 + self.size]), int.from_bytes(sec1[1 + self.size :])
        if max(x, y) >= self.p or (y * y - x**3 - self.a * x - self.b) % self.p:
            raise Refused(0x6A80)
        return x, y

    def encode(self, point):
        return b"\x04" + b"".join(c.to_bytes(self.size) for c in point)

    def add(self, left, right):
        if left is None or right is None:
            return left or right
        (x1, y1), (x2, y2) = left, right
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        if left == right:
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def mul(self, scalar, point):
        result = None
        while scalar:
            if scalar & 1:
                result = self.add(result, point)
            point = self.add(point, point)
            scalar >>= 1
        return result

    def key_pair(self, generator):
        private = int.from_bytes(os.urandom(self.size + 8)) % (self.n - 1) + 1
        return private, self.mul(private, generator)


CURVES = {
    "P-256": Curve(
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ),
    "brainpoolP256r1": Curve(
        "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
        "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
        "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
        "048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262"
        "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
        "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
    ),
}


# Session ciphers (Doc 9303-11, 9.7 and 9.8).


def pad(data, block):
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data):
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise Refused(0x6988)
    return stripped[:-1]


def cbc(algorithm, iv, data, encrypt=True):
    cipher = Cipher(algorithm, modes.CBC(iv))
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(data) + context.finalize()


class Suite:
    """A cipher with its key derivation and MAC. Names: 3DES, AES-128, AES-192, AES-256."""

    def __init__(self, name):
        self.des = name == "3DES"
        self.block = 8 if self.des else 16
        self.key_size = 16 if self.des else int(name[4:]) // 8
        self.number = 1 if self.des else {16: 2, 24: 3, 32: 4}[self.key_size]

    def kdf(self, secret, counter):
        digest = hashlib.sha1 if self.key_size == 16 else hashlib.sha256
        return digest(secret + counter.to_bytes(4)).digest()[: self.key_size]

    def algorithm(self, key):
        return TripleDES(key + key[:8]) if self.des else AES(key)

    def encrypt(self, key, iv, data):
        return cbc(self.algorithm(key), iv, data)

    def decrypt(self, key, iv, data):
        if len(data) % self.block:
            raise Refused(0x6988)
        return cbc(self.algorithm(key), iv, data, encrypt=False)

    def mac(self, key, data):
        """Of 3DES, `data` has whole blocks (ISO/IEC 9797-1, algorithm 3)."""
        if not self.des:
            cmac = CMAC(AES(key))
            cmac.update(data)
            return cmac.finalize()[:8]
        first, second = (TripleDES(half * 3) for half in (key[:8], key[8:]))
        last = cbc(first, bytes(8), data)[-8:]
        return cbc(first, bytes(8), cbc(second, bytes(8), last, encrypt=False))


# Data objects and APDUs.


def tlv(tag, value):
    length = len(value)
    size = bytes([length]) if length < 128 else bytes([0x80 | (length.bit_length() + 7) // 8])
    if length >= 128:
        size += length.to_bytes((length.bit_length() + 7) // 8)
    return tag.to_bytes((tag.bit_length() + 7) // 8) + size + value


def read_tlvs(data):
    """[(tag, value, bytes before it)] of one-byte tags."""
    out, at = [], 0
    while at < len(data):
        start, tag, length, at = at, data[at], data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(data[at : at + count]), at + count
        if at + length > len(data):
            raise Refused(0x6A80)
        out.append((tag, data[at : at + length], start))
        at += length
    return out


def oid_value(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    out = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return bytes(out)


def parse_command(apdu):
    """(header, data, le)"""
    header, body = apdu[:4], apdu[4:]
    if len(body) < 2:
        return header, b"", (body[0] or 256) if body else None
    if body[0] == 0:
        if len(body) == 3:
            return header, b"", int.from_bytes(body[1:]) or 65536
        length, body, most = int.from_bytes(body[1:3]), body[3:], 65536
    else:
        length, body, most = body[0], body[1:], 256
    data, le = body[:length], body[length:]
    if len(data) != length:
        raise Refused(0x6700)
    return header, data, (int.from_bytes(le) or most) if le else None


class Session:
    """The chip's side of secure messaging (9.8)."""

    def __init__(self, suite, secret, ssc=0):
        self.suite, self.ssc = suite, ssc
        self.enc, self.mac_key = suite.kdf(secret, 1), suite.kdf(secret, 2)

    def count(self):
        self.ssc = (self.ssc + 1) % (1 << 8 * self.suite.block)
        counter = self.ssc.to_bytes(self.suite.block)
        zero = bytes(self.suite.block)
        return counter, zero if self.suite.des else self.suite.encrypt(self.enc, zero, counter)

    def mac(self, counter, message):
        return self.suite.mac(self.mac_key, pad(counter + message, self.suite.block))

    def open(self, header, data):
        """(data, le) of a protected command."""
        counter, iv = self.count()
        objects = read_tlvs(data)
        if not objects or objects[-1][0] != 0x8E:
            raise Refused(0x6987)
        before = data[: objects[-1][2]]
        if self.mac(counter, pad(header, self.suite.block) + before) != objects[-1][1]:
            raise Refused(0x6988)
        plain, le = b"", None
        for tag, value, _ in objects[:-1]:
            if tag == 0x87 and value[0] == 1 and header[1] % 2 == 0:
                plain = unpad(self.suite.decrypt(self.enc, iv, value[1:]))
            elif tag == 0x85 and header[1] % 2 == 1:
                plain = unpad(self.suite.decrypt(self.enc, iv, value))
            elif tag == 0x97:
                le = int.from_bytes(value) or 256 ** len(value)
            else:
                raise Refused(0x6988)
        return plain, le

    def seal(self, data, sw, odd):
        counter, iv = self.count()
        out = b""
        if data:
            encrypted = self.suite.encrypt(self.enc, iv, pad(data, self.suite.block))
            out = tlv(0x85, encrypted) if odd else tlv(0x87, b"\x01" + encrypted)
        out += tlv(0x99, sw.to_bytes(2))
        return out + tlv(0x8E, self.mac(counter, out)) + sw.to_bytes(2)


class Chip:
    def __init__(self, config):
        self.files = {int(fid, 16): bytes.fromhex(content) for fid, content in config["files"].items()}
        self.password = hashlib.sha1(config["mrz_information"].encode()).digest()
        self.pace, self.ca, self.aa = config.get("pace"), config.get("ca", []), config.get("aa")
        self.bac, self.short_ids = config["bac"], config["short_ids"]
        self.application, self.file = False, None
        self.session = self.next_session = self.challenge = self.step = self.ca_key = None

    def answer(self, apdu):
        session, self.session = self.session, None
        try:
            header, data, le = parse_command(apdu)
            protected = header[0] & 0x0C == 0x0C
            if not session:
                if protected:
                    raise Refused(0x6882)
                body, sw = self.dispatch(header, data, le, False)
                self.session, self.next_session = self.next_session, None
                return body + sw.to_bytes(2)
            if not protected:
                raise Refused(0x6982)
            room = le
            data, le = session.open(header, data)
            try:
                body, sw = self.dispatch(header, data, le, True)
            except Refused as refusal:
                body, sw = b"", refusal.sw
            sealed = session.seal(body, sw, header[1] % 2 == 1)
            if len(sealed) - 2 > room:
                return b"\x67\x00"
            self.session, self.next_session = self.next_session or session, None
            return sealed
        except Refused as refusal:
            self.step = self.challenge = None
            return refusal.sw.to_bytes(2)

    def dispatch(self, header, data, le, secure):
        cla, ins, p1, p2 = header
        if ins == 0xA4:
            return self.select(p1, data, secure), OK
        if ins == 0xB0:
            return self.read_binary(p1 << 8 | p2, le, secure)
        if (ins, p1, p2) == (0xB1, 0, 0):
            room = max(n for n in range(le) if len(tlv(0x53, bytes(n))) <= le)
            body, sw = self.read_selected(int.from_bytes(read_tlvs(data)[0][1]), room, secure)
            return tlv(0x53, body), sw
        if not secure:
            if ins == 0x84 and self.bac and self.application:
                self.challenge = os.urandom(8)
                return self.challenge, OK
            if ins == 0x82 and self.challenge:
                return self.external_authenticate(data), OK
            if (ins, p1, p2) == (0x22, 0xC1, 0xA4) and self.pace:
                return self.set_pace(data), OK
            if ins == 0x86 and self.step:
                return self.pace_step(cla, data), OK
            raise Refused(0x6982)
        if ins == 0x88 and self.aa:
            return self.internal_authenticate(data), OK
        if (ins, p1, p2) == (0x22, 0x41, 0xA6):
            objects = {tag: value for tag, value, _ in read_tlvs(data)}
            self.agree(self.find_ca_key(objects.get(0x84), CA_ECDH + "1"), objects.get(0x91, b""))
            return b"", OK
        if (ins, p1, p2) == (0x22, 0x41, 0xA4):
            objects = {tag: value for tag, value, _ in read_tlvs(data)}
            matching = [k for k in range(2, 5) if objects.get(0x80) == oid_value(f"{CA_ECDH}{k}")]
            if not matching:
                raise Refused(0x6A80)
            self.ca_key = self.find_ca_key(objects.get(0x84), f"{CA_ECDH}{matching[0]}")
            return b"", OK
        if ins == 0x86 and self.ca_key:
            key, self.ca_key = self.ca_key, None
            self.agree(key, self.dynamic_data(data, 0x80))
            return tlv(0x7C, b""), OK
        raise Refused(0x6D00)

    def select(self, p1, data, secure):
        if p1 == 4 and data == APPLICATION:
            if not secure and not self.bac:
                raise Refused(0x6982)
            self.application = True
        elif p1 == 0:
            self.application = False
        elif p1 == 2:
            fid = int.from_bytes(data)
            if self.application == (fid == CARD_ACCESS) or fid not in self.files:
                raise Refused(0x6A82 if secure or not self.application else 0x6982)
            if fid != CARD_ACCESS and not secure:
                raise Refused(0x6982)
            self.file = fid
        else:
            raise Refused(0x6A82)
        return b""

    def read_binary(self, offset, le, secure):
        if offset & 0x8000:
            if not self.short_ids:
                raise Refused(0x6B00)
            self.select(2, (0x0100 | offset >> 8 & 0x1F).to_bytes(2), secure)
            offset &= 0xFF
        return self.read_selected(offset, le, secure)

    def read_selected(self, offset, le, secure):
        if self.file is None or (self.file != CARD_ACCESS and not secure):
            raise Refused(0x6982)
        content = self.files[self.file]
        if offset >= len(content):
            raise Refused(0x6B00)
        data = content[offset : offset + le]
        return data, OK if len(data) == le else 0x6282

    # Basic Access Control (4.3)

    def external_authenticate(self, data):
        suite, challenge = Suite("3DES"), self.challenge
        enc, mac = suite.kdf(self.password[:16], 1), suite.kdf(self.password[:16], 2)
        if len(data) != 40 or suite.mac(mac, pad(data[:32], 8)) != data[32:]:
            raise Refused(0x6300)
        plain = suite.decrypt(enc, bytes(8), data[:32])
        rnd_ifd, rnd_ic, k_ifd = plain[:8], plain[8:16], plain[16:]
        if rnd_ic != challenge:
            raise Refused(0x6300)
        k_ic = os.urandom(16)
        answer = suite.encrypt(enc, bytes(8), rnd_ic + rnd_ifd + k_ic)
        seed = bytes(a ^ b for a, b in zip(k_ifd, k_ic))
        self.next_session = Session(suite, seed, int.from_bytes(rnd_ic[4:] + rnd_ifd[4:]))
        self.challenge = None
        return answer + suite.mac(mac, pad(answer, 8))

    # PACE, generic mapping (4.4)

    def dynamic_data(self, data, tag):
        outer = read_tlvs(data)
        inner = read_tlvs(outer[0][1]) if len(outer) == 1 and outer[0][0] == 0x7C else []
        if len(inner) != 1 or inner[0][0] != tag:
            raise Refused(0x6A80)
        return inner[0][1]

    def set_pace(self, data):
        objects = {tag: value for tag, value, _ in read_tlvs(data)}
        suite = Suite(self.pace["cipher"])
        self.pace_oid = oid_value(f"{PACE_ECDH_GM}{suite.number}")
        if objects.get(0x80) != self.pace_oid:
            raise Refused(0x6A80)
        if objects.get(0x83) != b"\x01":
            raise Refused(0x6A88)
        self.suite, self.curve, self.step = suite, CURVES[self.pace["curve"]], self.pace_nonce
        return b""

    def pace_step(self, cla, data):
        step, self.step = self.step, None
        if (cla & 0x10 == 0) != (step == self.pace_token):
            raise Refused(0x6883)
        return tlv(0x7C, step(data))

    def pace_nonce(self, data):
        if data != b"\x7c\x00":
            raise Refused(0x6A80)
        self.nonce = os.urandom(-(-self.suite.key_size // self.suite.block) * self.suite.block)
        key = self.suite.kdf(self.password, 3)
        self.step = self.pace_map
        return tlv(0x80, self.suite.encrypt(key, bytes(self.suite.block), self.nonce))

    def pace_map(self, data):
        theirs = self.curve.decode(self.dynamic_data(data, 0x81))
        private, public = self.curve.key_pair(self.curve.g)
        shared = self.curve.mul(private, theirs)
        mapped = self.curve.mul(int.from_bytes(self.nonce) % self.curve.n, self.curve.g)
        self.generator = self.curve.add(mapped, shared)
        self.step = self.pace_agree
        return tlv(0x82, self.curve.encode(public))

    def pace_agree(self, data):
        theirs = self.curve.decode(self.dynamic_data(data, 0x83))
        private, public = self.curve.key_pair(self.generator)
        self.shared = self.curve.mul(private, theirs)[0].to_bytes(self.curve.size)
        self.keys = theirs, public
        self.step = self.pace_token
        return tlv(0x84, self.curve.encode(public))

    def pace_token(self, data):
        theirs, own = self.keys
        mac = self.suite.kdf(self.shared, 2)

        def token(key):
            message = tlv(0x7F49, tlv(0x06, self.pace_oid) + tlv(0x86, self.curve.encode(key)))
            return self.suite.mac(mac, pad(message, 8) if self.suite.des else message)

        if self.dynamic_data(data, 0x85) != token(own):
            raise Refused(0x6300)
        self.next_session = Session(self.suite, self.shared)
        return tlv(0x86, token(theirs))

    # Chip Authentication (6.2)

    def find_ca_key(self, reference, oid):
        keys = [key for key in self.ca if f"{CA_ECDH}{Suite(key['cipher']).number}" == oid]
        if reference is not None:
            keys = [key for key in keys if key["key_id"] == int.from_bytes(reference)]
        if len(keys) != 1:
            raise Refused(0x6A88)
        return keys[0]

    def agree(self, key, ephemeral):
        curve = CURVES[key["curve"]]
        shared = curve.mul(int(key["scalar"], 16), curve.decode(ephemeral))[0]
        self.next_session = Session(Suite(key["cipher"]), shared.to_bytes(curve.size))

    # Active Authentication (6.1)

    def internal_authenticate(self, challenge):
        if len(challenge) != 8:
            raise Refused(0x6700)
        key = serialization.load_der_private_key(bytes.fromhex(self.aa["key"]), None)
        name = self.aa["hash"]
        if isinstance(key, rsa.RSAPrivateKey):
            trailer = {"sha1": b"\xbc", "sha256": b"\x34\xcc"}[name]
            size = key.key_size // 8
            m1 = os.urandom(size - 1 - hashlib.new(name).digest_size - len(trailer))
            block = b"\x6a" + m1 + hashlib.new(name, m1 + challenge).digest() + trailer
            private = key.private_numbers()
            return pow(int.from_bytes(block), private.d, private.public_numbers.n).to_bytes(size)
        der = key.sign(challenge, ec.ECDSA({"sha256": hashes.SHA256()}[name]))
        size = (key.key_size + 7) // 8
        return b"".join(number.to_bytes(size) for number in decode_dss_signature(der))


def serve(connection, config):
    chip = Chip(config)
    stream = connection.makefile("rwb")
    while len(length := stream.read(2)) == 2:
        message = stream.read(int.from_bytes(length))
        if len(message) == 1:  # a control byte: power off, power on, reset, or the answer to it
            if message == b"\x04":
                stream.write(len(ATR).to_bytes(2) + ATR)
                stream.flush()
            else:
                chip = Chip(config)
            continue
        try:
            answer = chip.answer(message)
        except (IndexError, KeyError, ValueError, TypeError) as error:
            print(f"python_chip: {error!r}", file=sys.stderr)
            answer = b"\x6f\x00"
        stream.write(len(answer).to_bytes(2) + answer)
        stream.flush()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection, config), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
