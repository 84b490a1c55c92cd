"""The security object (Doc 9303-10, 4.6.2; RFC 5652)."""

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from certificates import pss
from der import NULL, algorithm, integer, octets, oid, sequence, set_of, tlv
from names import HASHES, LDS_SECURITY_OBJECT, days, plain

SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"1.2.840.113549.1.9.{n}" for n in (3, 4, 5))


def digest(passport, data):
    return hashlib.new(plain(passport["hash"]), data).digest()


def lds_security_object(groups, passport):
    _, hash_oid, _ = HASHES[passport["hash"]]
    version = passport["version"]
    hashed = (sequence(integer(n), octets(digest(passport, data))) for n, data in groups.items())
    info = sequence(tlv(0x13, b"0108"), tlv(0x13, b"040000")) if version == 1 else b""
    # With and without NULL: both are met.
    parameters = (NULL,) if version == 0 else ()
    return sequence(integer(version), algorithm(hash_oid, *parameters), sequence(*hashed), info)


def signature_algorithm(passport):
    hash_function, hash_oid, ecdsa_oid = HASHES[passport["hash"]]
    if passport.get("pss"):
        hash_algorithm = algorithm(hash_oid, NULL)
        mgf = algorithm("1.2.840.113549.1.1.8", hash_algorithm)
        parameters = sequence(tlv(0xA0, hash_algorithm), tlv(0xA1, mgf), tlv(0xA2, integer(hash_function.digest_size)))
        return algorithm("1.2.840.113549.1.1.10", parameters)
    if passport["dsc"].startswith("RSA-"):
        return algorithm("1.2.840.113549.1.1.1", NULL)
    return algorithm(ecdsa_oid)


def sign(key, message, passport):
    hash_function = HASHES[passport["hash"]][0]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hash_function))
    return key.sign(message, pss(hash_function) if passport.get("pss") else padding.PKCS1v15(), hash_function)


def signed_data(content, dsc, key, passport):
    _, hash_oid, _ = HASHES[passport["hash"]]
    attribute = lambda kind, value: sequence(oid(kind), set_of(value))
    attributes = [
        attribute(CONTENT_TYPE, oid(LDS_SECURITY_OBJECT)),
        attribute(MESSAGE_DIGEST, octets(digest(passport, content))),
    ]
    if passport.get("signing_time"):
        attributes.append(attribute(SIGNING_TIME, tlv(0x17, days(-30).strftime("%y%m%d%H%M%SZ").encode())))
    attributes = set_of(*attributes)
    if passport.get("by_key_identifier"):
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        version, signer = 3, tlv(0x80, identifier.digest)
    else:
        version, signer = 1, sequence(dsc.issuer.public_bytes(), integer(dsc.serial_number))
    signer_info = sequence(
        integer(version),
        signer,
        algorithm(hash_oid, NULL),
        b"\xa0" + attributes[1:],
        signature_algorithm(passport),
        octets(sign(key, attributes, passport)),
    )
    der = dsc.public_bytes(serialization.Encoding.DER)
    certificates = b"" if passport.get("without_certificate") else tlv(0xA0, der)
    body = sequence(
        integer(3),
        set_of(algorithm(hash_oid, NULL)),
        sequence(oid(LDS_SECURITY_OBJECT), tlv(0xA0, octets(content))),
        certificates,
        tlv(0x31, signer_info),
    )
    return sequence(oid(SIGNED_DATA), tlv(0xA0, body))
