"""Whose certificates are believed, and what to say of one that is not. There is no way to believe any.

A certificate is checked against the name in the upstream's URL, while the connection goes to the address that was
vetted for that name.
"""

from __future__ import annotations

import ssl

from fanfold.errors import SetupError

_REASONS = {
    9: "is not valid yet",
    10: "has expired",
    18: "was signed by nobody else",
    19: "comes from an authority that is not trusted",
    20: "comes from an authority that is not trusted",
    21: "comes from an authority that is not trusted",
    62: "is for another name",
    64: "is for another address",
}
"""By OpenSSL's number of the error; its own words would tell callers the name of a host that is none of theirs."""


def trust_in(ca_file: str) -> ssl.SSLContext:
    """Trusts what comes from the authorities in a file, in PEM, or that the system trusts; raises ``SetupError``."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError:
        raise SetupError(f"The file {ca_file} holds no certificates in PEM.") from None
    except OSError as error:
        raise SetupError(f"The certificates in {ca_file} cannot be read: {error.strerror}.") from None
    if ca_file and not context.cert_store_stats()["x509"]:
        raise SetupError(f"The file {ca_file} holds no certificates in PEM.")
    context.set_alpn_protocols(["http/1.1"])
    return context


def distrust(error: ssl.SSLCertVerificationError) -> str:
    """What to say of a certificate that is not believed."""
    return f"The upstream's certificate {_REASONS.get(error.verify_code, 'is not valid')}"
