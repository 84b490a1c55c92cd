"""Keys, certificates and SignedData by the command `openssl`."""

import subprocess
from pathlib import Path

from cryptography import x509

from names import CSCA, DSC, LDS_SECURITY_OBJECT, plain


class Openssl:
    def __init__(self, folder, passport):
        self.folder, self.passport = folder, passport
        self.pss = ["rsa_padding_mode:pss", "rsa_pss_saltlen:digest"] if passport.get("pss") else []

    def run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True)

    def read(self, name):
        return Path(self.folder, name).read_bytes()

    def write(self, name, content):
        Path(self.folder, name).write_bytes(content)

    def new_key(self, name, kind):
        if kind.startswith("RSA-"):
            options = ["RSA", "-pkeyopt", f"rsa_keygen_bits:{kind[4:]}"]
        else:
            encoding = "explicit" if self.passport.get("explicit") else "named_curve"
            options = ["EC", "-pkeyopt", f"ec_paramgen_curve:{kind}", "-pkeyopt", f"ec_param_enc:{encoding}"]
        self.run("genpkey", "-algorithm", *options, "-out", name)

    def pki(self):
        digest = "-" + plain(self.passport["csca_hash"])
        subject = lambda name: ("-subj", f"/C=UT/O=Passport Office/CN={name}")
        sigopt = [argument for option in self.pss for argument in ("-sigopt", option)]
        self.new_key("csca.key", self.passport["csca"])
        self.new_key("dsc.key", self.passport["dsc"])
        extensions = ("basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign")
        extensions = [argument for extension in extensions for argument in ("-addext", extension)]
        made = ("req", "-x509", "-new", "-key", "csca.key", "-days", "3800", "-out", "csca.pem")
        self.run(*made, digest, *subject(CSCA), *extensions, *sigopt)
        self.run("req", "-new", "-key", "dsc.key", "-out", "dsc.csr", digest, *subject(DSC))
        identifiers = "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid:always"
        extensions = "keyUsage=critical,digitalSignature", *identifiers
        self.write("extensions", "\n".join(extensions).encode())
        made = ("x509", "-req", "-in", "dsc.csr", "-CA", "csca.pem", "-CAkey", "csca.key", "-set_serial", "0x80A1")
        self.run(*made, "-days", "3800", "-extfile", "extensions", "-out", "dsc.pem", digest, *sigopt)
        return tuple(x509.load_pem_x509_certificate(self.read(name)) for name in ("csca.pem", "dsc.pem"))

    def signed_data(self, content):
        self.write("content", content)
        keyopt = [argument for option in self.pss for argument in ("-keyopt", option)]
        made = ("cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-outform", "DER", "-out", "cms")
        digest = plain(self.passport["hash"])
        names = ("-econtent_type", LDS_SECURITY_OBJECT, "-md", digest, "-signer", "dsc.pem", "-inkey", "dsc.key")
        self.run(*made, *names, *keyopt, "-in", "content")
        return self.read("cms")
