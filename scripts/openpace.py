#!/usr/bin/env python3
"""A terminal and a chip on OpenPACE (libeac, Debian's `libeac3`), to test ours against others than themselves.

    openpace.py terminal HOST:PORT mrz MRZ_INFORMATION | can DIGITS  FID..

reads EF.CardAccess of a chip that answers in the framing of vsmartcard's vpcd, opens it with PACE, selects the passport
application, reads the elementary files whose identifiers follow, and prints one JSON object: {identifier: hex}.

    openpace.py chip CONFIG.json

prints the TCP port it listens on (loopback), answers there in the same framing, and ends with its standard input.
CONFIG.json: `files` {file identifier: hex}, EF.CardAccess among them, and `mrz_information`. Each connection is a chip
that comes into the field.

PACE (generic mapping: Debian's build has no other) and the cryptography of secure messaging are OpenPACE's; here are the
APDUs only.
"""

import ctypes
import hashlib
import json
import socket
import sys
import threading
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_ulong, c_void_p

from python_chip import APPLICATION, ATR, Refused, parse_command, read_tlvs, tlv

PACE_CAN, PACE_RAW = 2, 5
EAC_ID_PACE = 0
SHORT_READ = 0xDF  # what fits into 256 bytes with AES


class OpenPaceError(Exception):
    """A function of libeac failed."""


class BufMem(Structure):
    """BUF_MEM of OpenSSL 3."""

    _fields_ = [("length", c_size_t), ("data", c_void_p), ("max", c_size_t), ("flags", c_ulong)]


LIBEAC = ctypes.CDLL("libeac.so.3")
BUFFER = POINTER(BufMem)


def function(name, result, *arguments):
    """A function of libeac; a null pointer and anything but 1 are errors."""
    call = getattr(LIBEAC, name)
    call.restype, call.argtypes = result, arguments

    def checked(*values):
        values = [byref(buffer(value)) if kind is BUFFER else value for kind, value in zip(arguments, values)]
        out = call(*values)
        if not out or (result is c_int and out != 1):
            raise OpenPaceError(f"{name} failed")
        return ctypes.string_at(out.contents.data, out.contents.length) if result is BUFFER else out

    return checked


def buffer(data):
    held = ctypes.create_string_buffer(data, len(data))
    out = BufMem(len(data), ctypes.cast(held, c_void_p), len(data), 0)
    out.held = held
    return out


LIBEAC.EAC_init()
new_context = function("EAC_CTX_new", c_void_p)
read_card_access = function("EAC_CTX_init_ef_cardaccess", c_int, c_char_p, c_size_t, c_void_p)
new_secret = function("PACE_SEC_new", c_void_p, c_char_p, c_size_t, c_int)
encrypt_nonce = function("PACE_STEP1_enc_nonce", BUFFER, c_void_p, c_void_p)
decrypt_nonce = function("PACE_STEP2_dec_nonce", c_int, c_void_p, c_void_p, BUFFER)
mapping_data = function("PACE_STEP3A_generate_mapping_data", BUFFER, c_void_p)
map_generator = function("PACE_STEP3A_map_generator", c_int, c_void_p, BUFFER)
ephemeral_key = function("PACE_STEP3B_generate_ephemeral_key", BUFFER, c_void_p)
shared_secret = function("PACE_STEP3B_compute_shared_secret", c_int, c_void_p, BUFFER)
derive_keys = function("PACE_STEP3C_derive_keys", c_int, c_void_p)
own_token = function("PACE_STEP3D_compute_authentication_token", BUFFER, c_void_p, BUFFER)
verify_token = function("PACE_STEP3D_verify_authentication_token", c_int, c_void_p, BUFFER)
use_session = function("EAC_CTX_set_encryption_ctx", c_int, c_void_p, c_int)
reset_counter = function("EAC_reset_ssc", c_int, c_void_p)
count = function("EAC_increment_ssc", c_int, c_void_p)
pad = function("EAC_add_iso_pad", BUFFER, c_void_p, BUFFER)
unpad = function("EAC_remove_iso_pad", BUFFER, BUFFER)
encrypt = function("EAC_encrypt", BUFFER, c_void_p, BUFFER)
decrypt = function("EAC_decrypt", BUFFER, c_void_p, BUFFER)
authenticate = function("EAC_authenticate", BUFFER, c_void_p, BUFFER)
verify = function("EAC_verify_authentication", c_int, c_void_p, BUFFER, BUFFER)


def secret_of(kind, password):
    """The password of PACE, which of the MRZ is its digest (Doc 9303-11, 4.4.4.1)."""
    value = hashlib.sha1(password).digest() if kind == "mrz" else password
    return new_secret(value, len(value), PACE_RAW if kind == "mrz" else PACE_CAN)


def offered(card_access):
    """(protocol, parameters) of its first PACEInfo."""
    info = read_tlvs(read_tlvs(card_access)[0][1])[0][1]
    protocol, _, parameters = (value for _, value, _ in read_tlvs(info))
    return protocol, parameters


class Terminal:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.stream = socket.create_connection((host, int(port))).makefile("rwb")
        self.context, self.secure = new_context(), False

    def transceive(self, command):
        self.stream.write(len(command).to_bytes(2) + command)
        self.stream.flush()
        answer = self.stream.read(int.from_bytes(self.stream.read(2)))
        return answer[:-2], answer[-2:].hex()

    def command(self, header, data=b"", le=None):
        """The data of an answer that says 9000."""
        header = bytes.fromhex(header)
        if self.secure:
            body, sw = self.protected(header, data, le)
        else:
            # Keys of 2048 bits need extended length.
            size = 1 if len(data) < 256 else 3
            length = len(data).to_bytes(size) if data else b""
            body, sw = self.transceive(header + length + data + ((le & 0xFF).to_bytes(max(1, size - 1)) if le else b""))
        if sw != "9000":
            raise SystemExit(f"{header.hex()}: {sw}")
        return body

    def protected(self, header, data, le):
        """Secure messaging (Doc 9303-11, 9.8)."""
        context, header = self.context, bytes([header[0] | 0x0C]) + header[1:]
        count(context)
        objects = tlv(0x87, b"\x01" + encrypt(context, pad(context, data))) if data else b""
        objects += tlv(0x97, bytes([le & 0xFF])) if le else b""
        objects += tlv(0x8E, authenticate(context, pad(context, pad(context, header) + objects)))
        answer, sw = self.transceive(header + bytes([len(objects)]) + objects + b"\x00")
        if sw != "9000":
            return b"", sw
        count(context)
        found = {tag: (value, before) for tag, value, before in read_tlvs(answer)}
        mac, before = found[0x8E]
        verify(context, pad(context, answer[:before]), mac)
        plain = unpad(decrypt(context, found[0x87][0][1:])) if 0x87 in found else b""
        return plain, found[0x99][0].hex()

    def read(self, fid):
        self.command("00a4020c", bytes.fromhex(fid))
        first = self.command("00b00000", le=8)
        count_of_length = first[1] & 0x7F if first[1] & 0x80 else 0
        length = int.from_bytes(first[2 : 2 + count_of_length]) if count_of_length else first[1]
        total, content = 2 + count_of_length + length, first
        while len(content) < total:
            offset = len(content).to_bytes(2).hex()
            content += self.command("00b0" + offset, le=min(SHORT_READ, total - len(content)))
        return content

    def pace(self, kind, password):
        card_access = self.read("011c")
        read_card_access(card_access, len(card_access), self.context)
        protocol, parameters = offered(card_access)
        secret = secret_of(kind, password)
        reference = tlv(0x83, b"\x01" if kind == "mrz" else b"\x02")
        self.command("0022c1a4", tlv(0x80, protocol) + reference + tlv(0x84, parameters))

        def step(tag, data, last=False):
            data = tlv(0x7C, tlv(tag, data) if tag else b"")
            answer = self.command("00860000" if last else "10860000", data, 256)
            return read_tlvs(read_tlvs(answer)[0][1])

        decrypt_nonce(self.context, secret, step(None, b"")[0][1])
        map_generator(self.context, step(0x81, mapping_data(self.context))[0][1])
        theirs = step(0x83, ephemeral_key(self.context))[0][1]
        shared_secret(self.context, theirs)
        derive_keys(self.context)
        verify_token(self.context, step(0x85, own_token(self.context, theirs), last=True)[0][1])
        use_session(self.context, EAC_ID_PACE)
        reset_counter(self.context)
        self.secure = True


class Chip:
    """Reads by READ BINARY with a selected file; no short identifiers, no extended length."""

    def __init__(self, config):
        self.files = {fid.lower(): bytes.fromhex(content) for fid, content in config["files"].items()}
        self.secret = secret_of("mrz", config["mrz_information"].encode())
        self.context, self.secure, self.opened = new_context(), False, False
        self.file, self.step = None, 0
        card_access = self.files["011c"]
        read_card_access(card_access, len(card_access), self.context)
        self.protocol = offered(card_access)[0]

    def answer(self, apdu):
        try:
            header, data, le = parse_command(apdu)
            if not self.secure:
                body = self.dispatch(header, data, le)
                self.secure = self.opened
                return body + b"\x90\x00"
            return self.protected(header, data)
        except (Refused, OpenPaceError) as error:
            self.secure = self.opened = False
            return getattr(error, "sw", 0x6300).to_bytes(2)

    def protected(self, header, data):
        context = self.context
        count(context)
        found = {tag: (value, before) for tag, value, before in read_tlvs(data)}
        mac, before = found[0x8E]
        verify(context, pad(context, pad(context, header) + data[:before]), mac)
        plain = unpad(decrypt(context, found[0x87][0][1:])) if 0x87 in found else b""
        le = (int.from_bytes(found[0x97][0]) or 256) if 0x97 in found else None
        try:
            body, sw = self.dispatch(header, plain, le), b"\x90\x00"
        except Refused as refusal:
            body, sw = b"", refusal.sw.to_bytes(2)
        count(context)
        objects = tlv(0x87, b"\x01" + encrypt(context, pad(context, body))) if body else b""
        objects += tlv(0x99, sw)
        return objects + tlv(0x8E, authenticate(context, pad(context, objects))) + sw

    def dispatch(self, header, data, le):
        _, ins, p1, p2 = header
        if ins == 0xA4 and p1 == 2 and data.hex() in self.files and (self.secure or data.hex() == "011c"):
            self.file = self.files[data.hex()]
        elif ins == 0xA4 and (p1 == 0 or (data == APPLICATION and self.secure)):
            self.file = None
        elif ins == 0xB0 and self.file and p1 < 0x80:
            return self.file[p1 << 8 | p2 :][:le]
        elif header[1:] == b"\x22\xc1\xa4" and tlv(0x80, self.protocol) == data[: 2 + len(self.protocol)]:
            self.step = 1
        elif ins == 0x86 and self.step:
            return self.pace(read_tlvs(read_tlvs(data)[0][1]))
        else:
            raise Refused(0x6A82 if ins == 0xA4 else 0x6D00)
        return b""

    def pace(self, objects):
        step, self.step = self.step, (self.step + 1) % 5
        theirs, context = objects[0][1] if objects else b"", self.context
        if step == 1:
            tag, own = 0x80, encrypt_nonce(context, self.secret)
        elif step == 2:
            tag, own = 0x82, mapping_data(context)
            map_generator(context, theirs)
        elif step == 3:
            tag, own = 0x84, ephemeral_key(context)
            shared_secret(context, theirs)
            derive_keys(context)
            self.theirs = theirs
        else:
            verify_token(context, theirs)
            tag, own = 0x86, own_token(context, self.theirs)
            use_session(context, EAC_ID_PACE)
            reset_counter(context)
            self.opened = True
        return tlv(0x7C, tlv(tag, own))


def serve(connection, config):
    chip, stream = Chip(config), connection.makefile("rwb")
    while len(length := stream.read(2)) == 2:
        message = stream.read(int.from_bytes(length))
        if message == b"\x04":
            answer = ATR
        elif len(message) == 1:
            continue
        else:
            answer = chip.answer(message)
        stream.write(len(answer).to_bytes(2) + answer)
        stream.flush()


def play(config):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            serve(connection, config)

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


def main():
    if sys.argv[1] == "chip":
        with open(sys.argv[2], encoding="utf-8") as file:
            return play(json.load(file))
    address, kind, password, *fids = sys.argv[2:]
    terminal = Terminal(address)
    terminal.pace(kind, password.encode())
    terminal.command("00a4040c", APPLICATION)
    print(json.dumps({fid: terminal.read(fid).hex() for fid in fids}))


if __name__ == "__main__":
    main()
