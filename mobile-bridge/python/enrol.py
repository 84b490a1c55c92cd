"""Enrols the passport of a folder through the Python bindings and approves a login.

    python enrol.py SERVER FOLDER SCEAU

FOLDER is as `sceau demo` keeps it: `passport`, `demo-root.json`, `face-engine.pem`, `mail`. SCEAU is the program, for
the demo's face engine. The handle of the login is read from standard input.
"""

import base64
import email
import email.policy
import json
import re
import subprocess
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from mobile_bridge import (
    ApprovedLogin,
    BirthPlace,
    BridgeError,
    CardTransport,
    DeviceKeys,
    DeviceSignature,
    EnrolmentClient,
    LoginClient,
    PinHardeningKey,
    Progress,
    ProgressListener,
    RequestCounter,
    ScanError,
    SimulatedTransport,
    read_mrz,
    simulated_attestation,
)

PIN = "274913"


def point(key):
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


class Keys(DeviceKeys, PinHardeningKey):
    """PyPI cryptography's keys for those of a phone."""

    def __init__(self, demo_root):
        self.demo_root = demo_root
        self.device, self.hardening = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def attest(self, challenge):
        return simulated_attestation(self.demo_root, challenge, point(self.device), point(self.hardening))

    def device_key(self):
        return point(self.device)

    def sign(self, message):
        der = self.device.sign(message, ec.ECDSA(hashes.SHA256()))
        numbers = (number.to_bytes(32, "big") for number in utils.decode_dss_signature(der))
        return DeviceSignature.ECDSA(signature=b"".join(numbers))

    def agree(self, other):
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), other)
        return self.hardening.exchange(ec.ECDH(), peer)


class Counted(CardTransport):
    """A transport of the program's own: each command crosses the boundary twice."""

    def __init__(self, chip):
        self.chip, self.commands = chip, 0

    def transceive(self, command):
        self.commands += 1
        return self.chip.transceive(command)

    def max_command_length(self):
        return self.chip.max_command_length()

    def extended_length_supported(self):
        return self.chip.extended_length_supported()


class Sent(ProgressListener):
    def __init__(self):
        self.files = []

    def on_progress(self, progress):
        if isinstance(progress, Progress.SENT) and progress.file not in self.files:
            self.files.append(progress.file)


class Counter(RequestCounter):
    number = 0

    def next_number(self):
        self.number += 1
        return self.number


def mailed_code(folder):
    for _ in range(100):
        for path in folder.glob("*.eml"):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = mail.get_body(("plain",)).get_content()
            if found := re.search(r"\b[0-9]{6}\b", body):
                return found[0]
        time.sleep(0.1)
    sys.exit("no mail with a code")


def ask_face_engine(sceau, key, task):
    encode = lambda digest: base64.urlsafe_b64encode(digest).decode().rstrip("=")
    question = {
        "capture_nonce": task.capture_nonce,
        "portrait_sha256": encode(task.portrait_sha256),
        "device_key_thumbprint": encode(task.device_key_thumbprint),
        "audience": task.audience,
        "enrolment_id": task.enrolment_id,
    }
    command = [sceau, "demo-face-engine", "--key", key]
    return subprocess.run(command, input=json.dumps(question), capture_output=True, check=True, text=True).stdout.strip()


def main():
    server, folder, sceau = sys.argv[1:]
    folder = Path(folder)
    keys = Keys((folder / "demo-root.json").read_text())
    client = EnrolmentClient(server, "en", keys, keys)
    client.open() if client.options().environment == "demo" else sys.exit("not a demo")
    client.consent([consent.name for consent in client.options().consents])
    client.set_email("anna@example.org")
    client.verify_email(mailed_code(folder / "mail"))

    chip, sent, commands = SimulatedTransport.from_folder(str(folder / "passport")), Sent(), []
    chip.lose_after(30)
    while True:
        transport = Counted(chip)
        try:
            client.read_document(transport, chip.access_key(), sent)
            break
        except BridgeError.Chip as error:
            assert error.code == "nfc.tag-lost", error
            chip.hold()
        finally:
            commands.append(transport.commands)
    assert len(commands) == 2, commands
    print("read", *sent.files, "in", commands, "commands", flush=True)

    client.declare(BirthPlace(country="99100", commune="75056"), None, None, None)
    client.submit_face(ask_face_engine(sceau, folder / "face-engine.pem", client.begin_face()))
    try:
        client.seal("111111")
        sys.exit("a PIN of equal digits")
    except BridgeError.Usage as error:
        print("refused", error.text, flush=True)
    account = client.seal(PIN)
    print("enrolled", account.level, account.state, flush=True)
    try:
        read_mrz("no zone")
    except ScanError.NotFound:
        print("scan NotFound", flush=True)

    logins = LoginClient(server, "en", account.issuer, keys, keys, Counter())
    login = logins.claim(input())
    print("login", login.client_name, flush=True)
    approved = logins.approve(login.login_id, PIN)
    assert isinstance(approved, ApprovedLogin.RELEASE_CODE), approved
    print("code", approved.digits, flush=True)


if __name__ == "__main__":
    main()
