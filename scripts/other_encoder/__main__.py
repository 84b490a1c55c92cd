"""Passports made by another encoder than crates/test-passports, to test `sceau verify`.

It shares no code with the Rust side: certificates and signatures are made by PyPI `cryptography`, everything else (DER,
MRZ, data groups, the security object, the JPEG) is written here from Doc 9303 alone. Of some passports, keys,
certificates and the SignedData are made by the command `openssl`. Keys are new in every run, and everything is dated
from now.

    python scripts/other_encoder NAME FOLDER

makes the passport NAME of PASSPORTS and writes `passport/EF_*.bin`, `csca.der`, `dsc.der` and `expected.json`: the
identity and the algorithms as a verifier should tell them.
"""

import json
import sys
import tempfile
from pathlib import Path

from certificates import pki
from cryptography.hazmat.primitives import serialization
from data_groups import com, dg1, dg2, dg11, td1, td3
from der import tlv
from names import days
from openssl import Openssl
from security_object import lds_security_object, signed_data

PASSPORTS = {
    "ecdsa-p256": {"csca": "P-256", "csca_hash": "SHA-256", "dsc": "P-256", "hash": "SHA-256", "version": 0},
    "ecdsa-brainpool": {
        "csca": "brainpoolP384r1",
        "csca_hash": "SHA-384",
        "dsc": "brainpoolP256r1",
        "hash": "SHA-384",
        "version": 1,
        "by_key_identifier": True,
        "card": True,
    },
    "rsa-pss": {
        "csca": "RSA-3072",
        "csca_hash": "SHA-256",
        "dsc": "RSA-2048",
        "hash": "SHA-256",
        "version": 0,
        "pss": True,
        "signing_time": True,
    },
    "rsa-pkcs1": {
        "csca": "RSA-3072",
        "csca_hash": "SHA-512",
        "dsc": "RSA-2048",
        "hash": "SHA-512",
        "version": 1,
        "without_certificate": True,
    },
    "openssl-ecdsa": {
        "csca": "secp521r1",
        "csca_hash": "SHA-512",
        "dsc": "secp384r1",
        "hash": "SHA-384",
        "version": 0,
        "openssl": True,
    },
    "openssl-explicit": {
        "csca": "brainpoolP256r1",
        "csca_hash": "SHA-256",
        "dsc": "brainpoolP256r1",
        "hash": "SHA-256",
        "version": 0,
        "openssl": True,
        "explicit": True,
    },
    "openssl-pss": {
        "csca": "RSA-3072",
        "csca_hash": "SHA-512",
        "dsc": "RSA-2048",
        "hash": "SHA-512",
        "version": 1,
        "pss": True,
        "openssl": True,
    },
}
HOLDER = {
    "surname": "AAKESSON",
    "given": "ANNA MARIA",
    "number": "L898902C3",
    "birth": "740812",
    "sex": "F",
    "expiry": days(1800).strftime("%y%m%d"),
    "full_name": "ÅKESSON<<ANNA<MÁRIA",
    "full_birth": "19740812",
    "place": "ZENITH<UTOPIA",
}


def scheme(kind, hash_name, is_pss):
    """The name of a signature scheme as a report has it."""
    if not kind.startswith("RSA-"):
        return f"ECDSA {hash_name}"
    return f"RSASSA-PSS {hash_name}/{int(hash_name[4:]) // 8}" if is_pss else f"RSASSA-PKCS1-v1_5 {hash_name}"


def expected(passport):
    holder = HOLDER
    identity = {
        "document_code": "IR" if passport.get("card") else "P",
        "issuing_state": "UTO",
        "nationality": "UTO",
        "surname": holder["surname"],
        "given_names": holder["given"],
        "document_number": holder["number"],
        "date_of_birth": holder["birth"],
        "sex": holder["sex"],
        "date_of_expiry": holder["expiry"],
        "full_name": "ÅKESSON ANNA MÁRIA",
        "full_date_of_birth": holder["full_birth"],
        "place_of_birth": "ZENITH UTOPIA",
    }
    is_pss = passport.get("pss")
    algorithms = {
        "data-groups": passport["hash"],
        "sod-signature": scheme(passport["dsc"], passport["hash"], is_pss),
        "dsc-signature": scheme(passport["csca"], passport["csca_hash"], is_pss),
    }
    return {"identity": identity, "algorithms": algorithms}


def main():
    _, name, folder = sys.argv
    passport = PASSPORTS[name]
    is_v1 = passport["version"] == 1
    mrz = td1(HOLDER) if passport.get("card") else td3(HOLDER)
    groups = {1: dg1(mrz), 2: dg2(120, 160, 0x7F2E if is_v1 else 0x5F2E), 11: dg11(HOLDER, is_v1)}
    content = lds_security_object(groups, passport)
    if passport.get("openssl"):
        with tempfile.TemporaryDirectory() as scratch:
            openssl = Openssl(scratch, passport)
            csca, dsc = openssl.pki()
            cms = openssl.signed_data(content)
    else:
        csca, dsc, key = pki(passport)
        cms = signed_data(content, dsc, key, passport)
    files = {f"EF_DG{n}.bin": data for n, data in groups.items()}
    files["EF_COM.bin"] = com(groups)
    files["EF_SOD.bin"] = tlv(0x77, cms)
    out = Path(folder)
    (out / "passport").mkdir(parents=True)
    for file, data in files.items():
        (out / "passport" / file).write_bytes(data)
    for file, made in (("csca.der", csca), ("dsc.der", dsc)):
        (out / file).write_bytes(made.public_bytes(serialization.Encoding.DER))
    (out / "expected.json").write_text(json.dumps(expected(passport)))


if __name__ == "__main__":
    main()
