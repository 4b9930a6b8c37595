"""A certificate of our own for the loopback interface, made anew for each start."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["Certificate", "make_certificate"]

_VALID_FROM = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_VALID_UNTIL = dt.datetime(2070, 1, 1, tzinfo=dt.UTC)


class Certificate:
    """A self-signed certificate for 127.0.0.1 and localhost, and its key.

    Parameters
    ----------
    certificate, key
        Both as PEM.

    Attributes
    ----------
    pem : str
        The certificate, which a client must trust.
    """

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self.pem = certificate.decode()
        self._key = key

    def server_context(self) -> ssl.SSLContext:
        """Return a context that serves it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Python reads a key from files only; they are gone when this returns.
        with tempfile.TemporaryDirectory(prefix="okxlab-") as directory:
            path = Path(directory, "chain.pem")
            path.touch(mode=0o600)
            path.write_bytes(self._key + self.pem.encode())
            context.load_cert_chain(path)
        return context

    @cached_property
    def client_context(self) -> ssl.SSLContext:
        """A context that trusts it and nothing else."""
        return ssl.create_default_context(cadata=self.pem)


def make_certificate() -> Certificate:
    """Return a new certificate for 127.0.0.1 and localhost."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    return Certificate(
        _sign(key),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _sign(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "okxlab simulator")])
    hosts = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    signing = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    # Python 3.13 verifies strictly: a trusted certificate that signs itself needs
    # all of these extensions.
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_UNTIL)
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signing, critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            critical=False,
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
