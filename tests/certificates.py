"""Certificates for upstreams of tests, from an authority that nobody else knows."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.upstreams import Upstream, upstream_running

DAY = timedelta(days=1)


def _place(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """Makes certificates; ``file`` is its own, to be trusted. All is written below a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority of the tests")])
        self._usage = x509.KeyUsage(**dict.fromkeys(self._uses(), False) | {"key_cert_sign": True, "crl_sign": True})
        own = self._builder(self._name, self._key.public_key(), 0)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self._own = own.add_extension(self._usage, critical=True).sign(self._key, hashes.SHA256())
        self.file = directory / "authority.pem"
        self.file.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    @staticmethod
    def _uses() -> tuple[str, ...]:
        return (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        )

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, age: int) -> x509.CertificateBuilder:
        """A certificate that is good for a day from now, less ``age`` days."""
        begun = datetime.now(UTC) - DAY * age - timedelta(hours=1)
        return (
            x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number(), begun, begun + DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def context(self, *names: str, age: int = 0) -> ssl.SSLContext:
        """What a server of these names uses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A server of the tests")])
        made = self._builder(subject, key.public_key(), age).add_extension(
            x509.SubjectAlternativeName(list(map(_place, names))), critical=False
        )
        file = self._directory / f"{names[0]}-{age}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    @contextmanager
    def upstream(self, *names: str, age: int = 0) -> Iterator[tuple[Upstream, list[str | None]]]:
        """An upstream with a certificate for these names, and the names that it is asked for."""
        asked: list[str | None] = []
        context = self.context(*names, age=age)
        context.sni_callback = lambda _socket, name, _context: asked.append(name)
        with upstream_running(context) as running:
            yield running, asked
