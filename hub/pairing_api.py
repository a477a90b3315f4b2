"""What speakers call to be paired: the OAuth endpoints, and the certificate."""

# Annotations are read when a route is made, types of `add` among them: not put off here.
import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Engine

from contract.topics import DEVICE_PATTERN
from hub import grants, leaving, oauth
from hub.certificates import Authority, BadRequest
from hub.forms import FormTooLarge, form_pairs
from hub.settings import HubSettings

FORM_BYTES = 16_384
FORM_FIELDS = 16
bearer = HTTPBearer(auto_error=False, description="The access token of a speaker being paired")


class CertificateRequest(BaseModel):
    """What a speaker wants certified."""

    model_config = ConfigDict(extra="forbid", strict=True)
    csr: Annotated[str, StringConstraints(min_length=1, max_length=8192)]


class Standing(BaseModel):
    """What a speaker asks about its certificate."""

    model_config = ConfigDict(extra="forbid", strict=True)
    device: Annotated[str, StringConstraints(pattern=f"^{DEVICE_PATTERN}$")]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "As RFC 6749 and RFC 8628 say: a JSON object with `error`"}
}


def _form_of(**fields: str) -> dict[str, Any]:
    properties = {name: {"type": "string", "maxLength": 4096} for name in fields}
    schema = {"type": "object", "properties": properties, "required": ["client_id"]}
    content = {"application/x-www-form-urlencoded": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


_BEGIN = _form_of(
    client_id="", scope="", device="", key="", factory_certificate="", factory_signature=""
)
_POLL = _form_of(client_id="", grant_type="", device_code="")


def add(api: FastAPI, engine: Engine, settings: HubSettings) -> None:
    """Add the routes to the application."""
    public = settings.address

    def authority() -> Authority:
        if not settings.authority:
            raise HTTPException(503, "this hub pairs no speakers: set HUB_AUTHORITY")
        return Authority(Path(settings.authority))

    def server() -> oauth.PairingServer:
        # One for each request: Authlib's endpoints hold what they work at.
        return oauth.PairingServer(engine, public, settings.factory_ca)

    @api.post("/oauth/device_authorization", responses=_REFUSALS, openapi_extra=_BEGIN)
    async def device_authorization(request: Request) -> Any:  # noqa: ANN401 - the library's answer
        """Ask to be paired (RFC 8628, section 3.1); a form. The answer holds the codes."""
        await run_in_threadpool(authority)
        form = await _form(request)
        return await run_in_threadpool(server().begin, form, _address(request))

    @api.post("/oauth/token", responses=_REFUSALS, openapi_extra=_POLL)
    async def token(request: Request) -> Any:  # noqa: ANN401 - as above
        """Poll for an access token (RFC 8628, section 3.4); a form."""
        form = await _form(request)
        return await run_in_threadpool(server().token, form, _address(request))

    def grant(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> dict[str, Any]:
        found = None
        if credentials is not None:
            found = grants.by_token(engine, credentials.credentials)
        if found is None:
            raise HTTPException(401, "an access token is needed", {"WWW-Authenticate": "Bearer"})
        return found

    @api.post("/v1/pairing/certificate")
    def certificate(
        request: CertificateRequest, granted: Annotated[dict[str, Any], Depends(grant)]
    ) -> dict[str, Any]:
        """Have a certificate made for the speaker's own key; the same again for one that asks
        again, since its power may have gone."""
        house = authority()
        try:
            pem = grants.issue(engine, house, granted, request.csr)
        except BadRequest as bad:
            raise HTTPException(422, str(bad)) from bad
        if pem is None:
            raise HTTPException(403, "this speaker belongs to another family")
        wishes = json.loads(granted["wishes"])
        return {
            "device": granted["device"],
            "certificate": pem,
            "ca": house.certificate.read_text(encoding="ascii"),
            "broker": settings.broker_public or settings.broker,
            "pack_key": settings.pack_key,
            "nicknames": wishes.get("nicknames", []),
            "settings": wishes.get("settings", {}),
        }

    @api.post("/v1/pairing/standing")
    def standing(asked: Standing) -> dict[str, str]:
        """What became of a certificate; asked by a speaker that the broker turns away."""
        return {"standing": leaving.standing(engine, asked.device, asked.fingerprint)}


async def _form(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        pairs = await form_pairs(request, most_bytes=FORM_BYTES, most_fields=FORM_FIELDS)
    except (FormTooLarge, ValueError):
        return found  # the library says what is missing
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _address(request: Request) -> str:
    return request.client.host[:64] if request.client else ""
