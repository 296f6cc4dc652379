"""Certificates that are good, and those that are not: expired, for another name, from nobody who is trusted."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = timedelta(days=1)
HERE = "127.0.0.1"
ELSEWHERE = "elsewhere.test"

USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def _place(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """Makes certificates, which lie in a folder; ``file`` is its own, to be trusted."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        usage = dict.fromkeys(USES, False) | {"key_cert_sign": True, "crl_sign": True}
        own = self._begun(self._name, self._key, 0)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        own = own.add_extension(x509.KeyUsage(**usage), critical=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _begun(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, age: int) -> x509.CertificateBuilder:
        """One that is good for a day from an hour ago, less ``age`` days."""
        begun = datetime.now(UTC) - age * DAY - timedelta(hours=1)
        number = x509.random_serial_number()
        made = x509.CertificateBuilder(self._name, subject, key.public_key(), number, begun, begun + DAY)
        whose = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        by_whom = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return made.add_extension(whose, critical=False).add_extension(by_whom, critical=False)

    def context(self, *names: str, age: int = 0) -> ssl.SSLContext:
        """What a server of these names or addresses uses, with a certificate ``age`` days older than a good one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a server")])
        made = self._begun(subject, key, age).add_extension(
            x509.SubjectAlternativeName(list(map(_place, names))), critical=False
        )
        file = self._folder / f"{names[0]}-{age}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context
