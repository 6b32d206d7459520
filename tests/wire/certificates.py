# SPDX-License-Identifier: Apache-2.0
"""Certificates made by openssl: authorities, and what they sign."""

import subprocess


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


class Authority:
    def __init__(self, directory, name):
        self.directory = directory
        self.certificate, self.key = directory / f"{name}.crt", directory / f"{name}.key"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *curve, "-days", 2, "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def sign(self, name, subject, days=2, alternative=None):
        """A certificate and its key, as two paths; `days` below zero: one that has expired."""
        certificate, key, request = (self.directory / f"{name}.{end}" for end in ("crt", "key", "csr"))
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", *curve, "-subj", f"/CN={subject}", "-keyout", key, "-out", request)
        extension = self.directory / f"{name}.ext"
        extension.write_text(f"subjectAltName={alternative or 'DNS:' + subject}\n")
        signed = ["-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", days, "-extfile", extension]
        openssl("x509", "-req", "-in", request, *signed, "-out", certificate)
        key.chmod(0o600)
        return certificate, key
