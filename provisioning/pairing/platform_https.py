"""The platform over HTTPS, by the standard library: short talks, nothing followed elsewhere."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from provisioning.pairing.ports import (
    Allowed,
    Applicant,
    Codes,
    PairingError,
    Pending,
    Welcome,
)

CLIENT = "myna-speaker"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
WITHIN_S = 15.0
ANSWER_BYTES = 256 * 1024
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_ENDS = {
    "access_denied": ("pairing.denied", "a parent said no to this speaker"),
    "expired_token": ("pairing.expired", "nobody typed the code in time: begin again"),
    "temporarily_unavailable": ("pairing.busy", "the platform is busy: try again in some minutes"),
}


class HttpsPlatform:
    """`provisioning.pairing.ports.Platform` at an address.

    Args:
        address: ``https://host``; ``http://`` on this machine alone.
        ca_file: Trusted instead of what the system trusts; empty trusts the system.

    Raises:
        PairingError: ``pairing.address`` or ``pairing.certificate``: one of them cannot be used.
    """

    def __init__(self, address: str, ca_file: str = "") -> None:
        parts = _split(address)
        self._secure = parts[0] == "https"
        self._host, self._port, self._path = parts[1:]
        self._context: ssl.SSLContext | None = None
        if self._secure:
            try:
                self._context = ssl.create_default_context(cafile=ca_file or None)
            except (OSError, ssl.SSLError) as error:
                raise PairingError(
                    "[pairing] ca_file cannot be read: check the file", code="pairing.certificate"
                ) from error
            self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    def begin(self, applicant: Applicant) -> Codes:
        asked = {
            "client_id": CLIENT,
            "scope": "speaker",
            "device": applicant.device,
            "key": applicant.key,
        }
        if applicant.factory_signature:
            asked["factory_certificate"] = applicant.factory_certificate
            asked["factory_signature"] = applicant.factory_signature
        status, said = self._form("/oauth/device_authorization", asked)
        if status != 200:
            raise self._refused(said)
        return Codes(
            device_code=_text(said, "device_code"),
            user_code=_text(said, "user_code"),
            address=_text(said, "verification_uri"),
            expires_s=_seconds(said, "expires_in", 600),
            interval_s=_seconds(said, "interval", 5),
        )

    def poll(self, device_code: str) -> Pending | Allowed:
        asked = {"client_id": CLIENT, "grant_type": GRANT, "device_code": device_code}
        status, said = self._form("/oauth/token", asked)
        if status == 200:
            return Allowed(
                token=_text(said, "access_token"),
                family=str(said.get("family", ""))[:120],
                expires_s=_seconds(said, "expires_in", 600),
            )
        error = said.get("error")
        if error in ("authorization_pending", "slow_down"):
            return Pending(slower=error == "slow_down")
        raise self._refused(said)

    def certify(self, token: str, request: str) -> Welcome:
        body = json.dumps({"csr": request}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        status, said = self._ask("/v1/pairing/certificate", body, headers)
        if status == 401:
            raise PairingError("the yes came too late: begin again", code="pairing.expired")
        if status == 403:
            raise _taken()
        if status != 200:
            raise self._refused(said)
        names = said.get("nicknames", [])
        settings = said.get("settings", {})
        if not isinstance(names, list) or not isinstance(settings, dict):
            raise _no_platform()
        return Welcome(
            device=_text(said, "device"),
            certificate=_text(said, "certificate"),
            ca=_text(said, "ca"),
            broker=_text(said, "broker"),
            pack_key=str(said.get("pack_key", "")),
            nicknames=tuple(str(name) for name in names[:8]),
            settings=settings,
        )

    def standing(self, device: str, fingerprint: str) -> str:
        body = json.dumps({"device": device, "fingerprint": fingerprint}).encode()
        headers = {"Content-Type": "application/json"}
        status, said = self._ask("/v1/pairing/standing", body, headers)
        if status != 200:
            raise self._refused(said)
        return _text(said, "standing")

    def _form(self, path: str, asked: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask(path, urlencode(asked).encode(), headers)

    def _ask(
        self, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """One request on a connection of its own; redirects are not followed."""
        connection = (
            http.client.HTTPSConnection(
                self._host, self._port, timeout=WITHIN_S, context=self._context
            )
            if self._secure
            else http.client.HTTPConnection(self._host, self._port, timeout=WITHIN_S)
        )
        try:
            connection.request(
                "POST", self._path + path, body, {"Accept": "application/json", **headers}
            )
            answer = connection.getresponse()
            text = answer.read(ANSWER_BYTES + 1)
            status = answer.status
        except ssl.SSLCertVerificationError as error:
            raise PairingError(
                "the platform's certificate cannot be trusted: check [pairing] ca_file and the"
                " clock",
                code="pairing.certificate",
            ) from error
        except ssl.SSLError as error:
            raise _no_platform() from error
        except (OSError, http.client.HTTPException) as error:
            code = "pairing.network"
            if isinstance(error, http.client.HTTPException):
                raise _no_platform() from error
            if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
                code = "pairing.address"
            raise PairingError(
                "the platform cannot be reached: check its address and the network",
                code=code,
                retryable=True,
            ) from error
        finally:
            connection.close()
        if status >= 500 and status != 503:
            raise PairingError(
                "the platform fails: try again in some minutes", code="pairing.busy", retryable=True
            )
        if len(text) > ANSWER_BYTES:
            raise _no_platform()
        try:
            said = json.loads(text)
        except ValueError as error:
            raise _no_platform() from error
        if not isinstance(said, dict):
            raise _no_platform()
        return status, said

    @staticmethod
    def _refused(said: Mapping[str, Any]) -> PairingError:
        error = str(said.get("error", ""))
        if error == "access_denied" and "another family" in str(said.get("error_description", "")):
            return _taken()
        if error in _ENDS:
            code, sentence = _ENDS[error]
            return PairingError(sentence, code=code, retryable=code == "pairing.busy")
        if "detail" in said and not error:
            return PairingError("the platform pairs no speakers", code="pairing.platform")
        return _no_platform()


def check_address(address: str) -> str:
    """An address as parents type it, with what goes without saying put before it.

    Raises:
        PairingError: ``pairing.address``.
    """
    text = address.strip()
    text = text if "://" in text else f"https://{text}"
    _split(text)
    return text.rstrip("/")


def _split(address: str) -> tuple[str, str, int | None, str]:
    wrong = PairingError(
        "that is no platform's address: it is of the form https://hub.example",
        code="pairing.address",
    )
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    host = parts.hostname or ""
    if (
        not host
        or parts.username
        or parts.query
        or parts.fragment
        or any(letter.isspace() or not letter.isprintable() for letter in address)
        or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
    ):
        raise wrong
    return parts.scheme, host, port, parts.path.rstrip("/")


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise _no_platform()
    return value


def _seconds(said: Mapping[str, Any], name: str, usual: float) -> float:
    value = said.get(name, usual)
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return min(3600.0, max(1.0, float(value))) if good else usual


def _no_platform() -> PairingError:
    return PairingError(
        "whoever answers at that address is no platform for speakers: check the address",
        code="pairing.platform",
    )


def _taken() -> PairingError:
    return PairingError(
        "this speaker belongs to another family, who have to give it up first",
        code="pairing.taken",
    )
