"""The OAuth 2.0 device authorization grant (RFC 8628), by Authlib, over the hub's store.

Speakers are one public client: what tells them apart is their key (see `hub.grants`). Nothing else
can be had with a token than a certificate for that key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
)
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc8628 import (
    DEVICE_CODE_GRANT_TYPE,
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)
from fastapi.responses import JSONResponse
from sqlalchemy import Engine, select

from contract.topics import is_device
from hub import factory_proof, grants, guesses, tables

CLIENT = "myna-speaker"
SCOPE = "speaker"
INTERVAL_S = 5
Form = Mapping[str, Sequence[str]]


class Unavailable(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """Too many speakers ask at this moment."""

    error = "temporarily_unavailable"
    status_code = 503


class _Speakers(ClientMixin):  # type: ignore[misc]  # as above
    """The one client: public, with one grant and one scope."""

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        return SCOPE if scope in (None, "", SCOPE) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return False

    def check_client_secret(self, client_secret: str) -> bool:
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return bool(method == "none")

    def check_response_type(self, response_type: str) -> bool:
        return False

    def check_grant_type(self, grant_type: str) -> bool:
        return bool(grant_type == DEVICE_CODE_GRANT_TYPE)


class _Payload(OAuth2Payload):  # type: ignore[misc]  # as above
    def __init__(self, form: Form) -> None:
        self._form = form

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._form.items()}

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return defaultdict(list, {name: list(values) for name, values in self._form.items()})


class _Request(OAuth2Request):  # type: ignore[misc]  # as above
    """A request as Authlib wants it, and where it came from."""

    def __init__(self, uri: str, form: Form, address: str) -> None:
        super().__init__("POST", uri, headers={})
        self.payload = _Payload(form)
        self.address = address

    @property
    def args(self) -> dict[str, str]:
        return {}

    @property
    def form(self) -> dict[str, str]:
        said: dict[str, str] = self.payload.data
        return said


class PairingServer(AuthorizationServer):  # type: ignore[misc]  # as above
    """Authlib's server over the hub's store.

    Args:
        engine: The store.
        public: The hub's address, without a slash at its end.
        factory_ca: Certificate of the factory (PEM); empty where nobody vouches for speakers.
    """

    def __init__(self, engine: Engine, public: str, factory_ca: str) -> None:
        super().__init__(scopes_supported=[SCOPE])
        self.engine = engine
        self.public = public
        self.factory_ca = factory_ca
        self.register_grant(_Codes)
        self.register_endpoint(_Begin)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda **_: factory_proof.secret(), expires_generator=grants.TOKEN_LIFE_S
            ),
        )

    def begin(self, form: Form, address: str) -> JSONResponse:
        """Answer a speaker that asks to be paired."""
        request = _Request(f"{self.public}/oauth/device_authorization", form, address)
        answer: JSONResponse = self.create_endpoint_response("device_authorization", request)
        return answer

    def token(self, form: Form, address: str) -> JSONResponse:
        """Answer a speaker that polls."""
        request = _Request(f"{self.public}/oauth/token", form, address)
        answer: JSONResponse = self.create_token_response(request)
        return answer

    def query_client(self, client_id: str) -> _Speakers | None:
        return _Speakers() if client_id == CLIENT else None

    def save_token(self, token: dict[str, Any], request: _Request) -> None:
        grant = request.credential
        grants.keep_token(self.engine, grant["id"], token["access_token"])
        # Said aloud before the button is pressed: a child's family knows its own name.
        token["family"] = _name_of(self.engine, grant["family"])

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(
        self, status: int, body: dict[str, Any], headers: Sequence[tuple[str, str]]
    ) -> JSONResponse:
        kept = {name: value for name, value in headers if name.lower() != "content-type"}
        return JSONResponse(body, status, {"Cache-Control": "no-store", **kept})


class _Begin(DeviceAuthorizationEndpoint):  # type: ignore[misc]  # as above
    CLIENT_AUTH_METHODS = ["none"]  # noqa: RUF012 - as Authlib has it
    EXPIRES_IN = guesses.LIFE_S
    INTERVAL = INTERVAL_S

    def create_endpoint_response(self, request: _Request) -> tuple[int, Any, Any]:
        self.authenticate_client(request)
        _once(request)
        request.asking = _asking(request, self.server)
        self._asking = request.asking
        answer: tuple[int, Any, Any] = super().create_endpoint_response(request)
        return answer

    def generate_user_code(self) -> str:
        return guesses.new_code()

    def generate_device_code(self) -> str:
        return factory_proof.secret()

    def get_verification_uri(self) -> str:
        return f"{self.server.public}/pair"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        try:
            grants.begin(self.server.engine, self._asking, data, client_id)
        except grants.TooMany as error:
            raise Unavailable("too many speakers are being paired; try again") from error


class _Codes(DeviceCodeGrant):  # type: ignore[misc]  # as above
    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]  # noqa: RUF012 - as Authlib has it

    def validate_token_request(self) -> None:
        _once(self.request)
        super().validate_token_request()

    def query_device_credential(self, device_code: str) -> DeviceCredentialDict | None:
        grant = grants.by_device_code(self.server.engine, device_code)
        if grant is None:
            return None
        return DeviceCredentialDict(
            **grant,
            client_id=grant["client"],
            scope=SCOPE,
            expires_at=grant["expires_ms"] / 1000,
        )

    def query_user_grant(self, user_code: str) -> tuple[str, bool] | None:
        table = tables.grants
        with self.server.engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.user_code == user_code)).first()
        if row is None or not row.decision:
            return None
        if row.decision == grants.TAKEN:
            raise AccessDeniedError("this speaker belongs to another family")
        return row.family, row.decision == grants.APPROVED

    def should_slow_down(self, credential: dict[str, Any]) -> bool:
        return grants.polled(self.server.engine, credential)


def _once(request: _Request) -> None:
    """RFC 6749, section 3.2: parameters must not be there more than once."""
    if any(len(values) != 1 for values in request.payload.datalist.values()):
        raise InvalidRequestError("a parameter is there twice")


def _asking(request: _Request, server: PairingServer) -> grants.Asking:
    said = request.payload.data
    device, key = said.get("device", ""), said.get("key", "")
    if said.get("scope") not in (None, SCOPE):
        raise InvalidScopeError()
    if not is_device(device) or not grants.HEX_DIGEST.fullmatch(key):
        raise InvalidRequestError("device or key is not of the form of one")
    if grants.PROVISIONAL.fullmatch(device):
        if device != grants.provisional_id(key):
            raise InvalidRequestError("the id is not that of the key")
        return grants.Asking(device, key, False, request.address)
    genuine = False
    if server.factory_ca:
        genuine = factory_proof.holds(server.factory_ca, device, key, said)
        if not genuine:
            raise InvalidRequestError("the factory does not vouch for this speaker")
    return grants.Asking(device, key, genuine, request.address)


def _name_of(engine: Engine, family: str) -> str:
    table = tables.families
    with engine.connect() as connection:
        return str(connection.execute(select(table.c.name).where(table.c.id == family)).scalar())
