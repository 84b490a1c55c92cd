"""Names, algorithms and dates."""

from datetime import datetime, timedelta, timezone

from cryptography.hazmat.primitives import hashes

CSCA, DSC = "CSCA Utopia", "Document Signer 7"
LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
# The hash, its OID, and that of ECDSA with it.
HASHES = {
    "SHA-256": (hashes.SHA256(), "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"),
    "SHA-384": (hashes.SHA384(), "2.16.840.1.101.3.4.2.2", "1.2.840.10045.4.3.3"),
    "SHA-512": (hashes.SHA512(), "2.16.840.1.101.3.4.2.3", "1.2.840.10045.4.3.4"),
}
NOW = datetime.now(timezone.utc)


def days(number):
    return NOW + timedelta(days=number)


def plain(hash_name):
    """As `hashlib` and `openssl` have it."""
    return hash_name.lower().replace("-", "")
