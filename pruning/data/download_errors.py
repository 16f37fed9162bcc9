"""Why a file does not come from the network or does not get onto the disk, in sentences with what to do."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import time
from http.client import HTTPException, InvalidURL
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

DATA = "EXPLORER_DATA"
_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_PROXY = (
    "Set the environment variable HTTPS_PROXY to http://name:password@address:port of the proxy, and start again."
)
_PROXY_SET = "which stands in the environment variable HTTPS_PROXY or, on Windows and Mac, in the network settings"
_PORTAL = "open any web page in a browser, and sign in if the network asks for it"
_LATER = "Try again later."


def refusal(host: str, name: str, error: HTTPError) -> str:
    """What an answer other than the file means: `host` answers with a status of HTTP (RFC 9110)."""
    said = f"(HTTP {' '.join(f'{error.code}: {error.reason}'.split()).rstrip(':')})"
    if error.code == 407:
        return f"The proxy between here and {host} wants a name and a password {said}. {_PROXY}"
    if error.code == 511:
        return f"The network between here and {host} wants you to sign in {said}: {_PORTAL}."
    advice = "It may have moved."
    if error.code in (401, 403, 451):
        advice = "It is not given to everybody, or not in this network: try again from another one."
    elif error.code in (408, 425, 429):
        advice = f"The server has too much to do. {_LATER}"
    elif error.code >= 500:
        advice = "The server has a problem: try again later."
    return f"{host} does not give {name} {said}. {advice}"


def proxy_of(url: str) -> str | None:
    """The proxy by which urllib asks for a URL, without the name and password that may stand in it."""
    scheme, host, *_ = urlsplit(url)
    address = getproxies().get(scheme)
    if not address or proxy_bypass(host):
        return None
    return address.rpartition("@")[2].rpartition("//")[2].rstrip("/") or address


def unreachable(host: str, proxy: str | None, error: OSError | HTTPException | ValueError, timeout: float) -> str:
    """What it means that no answer came at all. The error of urllib is opened: its reason is what happened.

    Where there is a proxy, nothing but that is connected, and it is the one that cannot be found, or does not answer.
    """
    reason = getattr(error, "reason", None) or error
    said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    if proxy and (told := _proxy_fails(reason)):
        return f"The proxy {proxy} between here and {host} {told[0]} ({said}). {told[1]}, {_PROXY_SET}."
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _distrusted(host, reason)
    if isinstance(reason, ssl.SSLError):
        what = "Something on the way may read along or block it: try again from another network."
        return f"{host} offers no secure connection that this machine accepts ({said}). {what}"
    if isinstance(reason, socket.gaierror):
        return f"The address of {host} cannot be found ({said}). Check the network connection and try again."
    if isinstance(reason, TimeoutError):
        return f"{host} has not answered for {timeout:g} seconds. Check the network connection and try again later."
    if isinstance(reason, ConnectionRefusedError):
        return f"{host} refuses to be connected ({said}). Its server, or a firewall on the way, is closed. {_LATER}"
    if tunnel := re.search(r"Tunnel connection failed: (\d+)", str(reason)):
        if tunnel[1] == "407":
            return f"The proxy between here and {host} wants a name and a password (HTTP 407). {_PROXY}"
        ask = "Ask who runs it, or try again from another network."
        return f"The proxy between here and {host} does not let it through (HTTP {tunnel[1]}). {ask}"
    if isinstance(reason, ConnectionError | HTTPException):
        advice = "Check the network connection, whose firewall may do so, and try again."
        return f"{host} was connected, and then there was no proper answer ({said}). {advice}"
    if getattr(reason, "errno", None) in _NO_WAY:
        return f"There is no way to {host} ({said}). Check the network connection and try again."
    return f"{host} cannot be reached ({said}). Check the network connection and try again."


def _proxy_fails(reason: object) -> tuple[str, str] | None:
    """What a proxy does that cannot be connected, and what to do; None where something else has failed."""
    if isinstance(reason, socket.gaierror):
        return "cannot be found", "Correct its address"
    if isinstance(reason, TimeoutError | ConnectionRefusedError) or getattr(reason, "errno", None) in _NO_WAY:
        return "does not answer", "Start it, or correct or remove its address"
    is_certificate = isinstance(reason, OSError)  # which is a ValueError too
    if isinstance(reason, str | InvalidURL | ValueError) and not is_certificate:
        return "cannot be used", "Write its address as http://name:port"
    return None


def _distrusted(host: str, error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with the certificate, by the words of OpenSSL."""
    said = getattr(error, "verify_message", "") or error.strerror or str(error)
    today = time.strftime("%Y-%m-%d")
    if "expired" in said or "not yet valid" in said:
        state = "has expired" if "expired" in said else "is not valid yet"
        return (
            f"The certificate of {host} {state} by the clock of this machine, which says {today}. Set the clock if "
            f"it is wrong; if it is right, only those who run {host} can renew the certificate."
        )
    if "mismatch" in said or "doesn't match" in said:
        return f"What answers for {host} has the certificate of somebody else ({said}). In a guest network {_PORTAL}."
    if re.search("self.signed|issuer|first certificate", said):
        return (
            f"The certificate of {host} is signed by nobody whom this machine knows ({said}). A proxy that reads "
            "along, as schools and companies have it, does that: set the environment variable SSL_CERT_FILE to the "
            "file with its root certificate and start again. On a Mac, run “Install Certificates.command” of Python."
        )
    other = f"Try again from another network; if it is the same there, only those who run {host} can renew it."
    return f"The certificate of {host} is not accepted ({said}). {other}"


def unkept(name: str, folder: object, error: OSError) -> str:
    """What it means that a file cannot be written, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "Make room on the disk"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        advice = "Make the folder writable"
    elif error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP):
        advice = "Remove or rename what is in its place"
    else:
        advice = "The folder must be writable and have room for it: see to that"
    move = f"set the environment variable {DATA} to a folder of your own and start again"
    return f"{name} cannot be kept in {folder} ({error.strerror or error}). {advice}, or {move}."
