"""Certificates of a server on this machine, for tests alone: good, expired, not valid yet, of another host."""

from __future__ import annotations

import textwrap
from pathlib import Path

KEY = (
    "MHcCAQEEIFcY59QgKiRxUO4YxDNEiC9vFzg7enqod6iRFwXCFncDoAoGCCqGSM49AwEHoUQDQgAEruVkjSmIQGtu1rGuxpMf"
    "vD7/pVZYs1+pc2y1401dH7JcMA1AstWugsi2lk9pMesuSW4mbMXNjiZRbbd5HKlXGA=="
)  # of the curve P-256; it keeps nothing secret
CERTIFICATES = {
    "valid": (  # 2020 to 2120
        "MIIBZzCCAQ2gAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEy"
        "MDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABK7lZI0piEBrbtax"
        "rsaTH7w+/6VWWLNfqXNsteNNXR+yXDANQLLVroLItpZPaTHrLkluJmzFzY4mUW23eRypVxijTjBMMA8GA1UdEwEB/wQFMAMB"
        "Af8wGgYDVR0RBBMwEYcEfwAAAYIJbG9jYWxob3N0MB0GA1UdDgQWBBRU/IwLf8v5JWDrdlCVyou7fmrVdjAKBggqhkjOPQQD"
        "AgNIADBFAiEA2HlwLlZ4pDPWBBDgMoJ4ZURYYiXivZ5fojSdSVq6uvkCIDKQSqsskCl3PnBXc1ZMM+6es2hqRs7ythl5rgSu"
        "J5kK"
    ),
    "expired": (  # 2020 to 2021
        "MIIBZTCCAQugAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwHhcNMjAwMTAxMDAwMDAwWhcNMjEw"
        "MTAxMDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASu5WSNKYhAa27Wsa7G"
        "kx+8Pv+lVlizX6lzbLXjTV0fslwwDUCy1a6CyLaWT2kx6y5JbiZsxc2OJlFtt3kcqVcYo04wTDAPBgNVHRMBAf8EBTADAQH/"
        "MBoGA1UdEQQTMBGHBH8AAAGCCWxvY2FsaG9zdDAdBgNVHQ4EFgQUVPyMC3/L+SVg63ZQlcqLu35q1XYwCgYIKoZIzj0EAwID"
        "SAAwRQIhANGYvbpLcVoO9IMNbf5XXvBLtCJyi6Vml4XBrFhMs+w4AiB3++rWhJD/YAH+WVm08eEMEnD2DTWY6Vu7pQoqBMrW"
        "Hw=="
    ),
    "future": (  # 2100 to 2120
        "MIIBaTCCAQ+gAwIBAgIBAzAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwIhgPMjEwMDAxMDEwMDAwMDBaGA8y"
        "MTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEruVkjSmIQGtu"
        "1rGuxpMfvD7/pVZYs1+pc2y1401dH7JcMA1AstWugsi2lk9pMesuSW4mbMXNjiZRbbd5HKlXGKNOMEwwDwYDVR0TAQH/BAUw"
        "AwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwHQYDVR0OBBYEFFT8jAt/y/klYOt2UJXKi7t+atV2MAoGCCqGSM49"
        "BAMCA0gAMEUCIC6jp0ip74tZBuz/491JhHXaBn5b5N0Yvz0+3QJX4IPZAiEAtsW/pG2p0BMnj6Aqwf3wwk01h0yybnhYGEyh"
        "UBVFoEc="
    ),
    "other": (  # 2020 to 2120, of elsewhere.example
        "MIIBaTCCAQ+gAwIBAgIBBDAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEy"
        "MDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABK7lZI0piEBrbtax"
        "rsaTH7w+/6VWWLNfqXNsteNNXR+yXDANQLLVroLItpZPaTHrLkluJmzFzY4mUW23eRypVxijUDBOMA8GA1UdEwEB/wQFMAMB"
        "Af8wHAYDVR0RBBUwE4IRZWxzZXdoZXJlLmV4YW1wbGUwHQYDVR0OBBYEFFT8jAt/y/klYOt2UJXKi7t+atV2MAoGCCqGSM49"
        "BAMCA0gAMEUCIQCcS4G1HCbmqiIPhdm/nEEdHY81aAFdVuHakCpXRIrqDQIgNSwf+/gNLoU33jmClKOwj9JcRMtdP5VmOP2W"
        "BztAW/4="
    ),
}


def write(folder: Path, name: str) -> tuple[Path, Path]:
    """Files with the certificate of this name, which signs itself, and its key."""
    certificate, key = folder / f"{name}.pem", folder / "key.pem"
    certificate.write_text(_armoured("CERTIFICATE", CERTIFICATES[name]))
    key.write_text(_armoured("EC PRIVATE KEY", KEY))
    return certificate, key


def _armoured(kind: str, body: str) -> str:
    lines = "\n".join(textwrap.wrap(body, 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"
