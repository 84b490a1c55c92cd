"""Keys and certificates (Doc 9303-12, 7.1) by PyPI `cryptography`."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from names import CSCA, DSC, HASHES, days


def new_key(kind):
    if kind.startswith("RSA-"):
        return rsa.generate_private_key(65537, int(kind[4:]))
    curves = {"P-256": ec.SECP256R1, "brainpoolP256r1": ec.BrainpoolP256R1, "brainpoolP384r1": ec.BrainpoolP384R1}
    return ec.generate_private_key(curves[kind]())


def pss(digest):
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


def usage(**given):
    names = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
    return x509.KeyUsage(**{n: given.get(n, False) for n in (*names.split(), "encipher_only", "decipher_only")})


def pki(passport):
    """CSCA certificate, document signer certificate, the document signer's key."""
    csca_key, dsc_key = new_key(passport["csca"]), new_key(passport["dsc"])
    csca = certificate(CSCA, csca_key, csca_key, passport)
    return csca, certificate(DSC, dsc_key, csca_key, passport), dsc_key


def certificate(common_name, key, issuer_key, passport):
    name = lambda common: x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "UT"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Passport Office"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
    public, serial = key.public_key(), x509.random_serial_number()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    issuer_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = x509.CertificateBuilder(name(CSCA), name(common_name), public, serial, days(-700), days(3800))
    builder = builder.add_extension(identifier, False).add_extension(issuer_identifier, False)
    if common_name == CSCA:
        builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
        builder = builder.add_extension(usage(key_cert_sign=True, crl_sign=True), True)
    else:
        builder = builder.add_extension(usage(digital_signature=True), True)
    digest = HASHES[passport["csca_hash"]][0]
    rsa_padding = pss(digest) if passport.get("pss") else None
    return builder.sign(issuer_key, digest, rsa_padding=rsa_padding)
