"""The HTTP API: families, children, speakers, progress, settings, packs, questions."""

# Annotations are read when a route is made, types of `make_api` among them: not put off here.
import uuid
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError

from contract.messages import BadMessage
from contract.topics import DEVICE_PATTERN
from hub import (
    api_page,
    ingest,
    leaving,
    limits,
    outgoing,
    pages,
    pairing_api,
    sessions,
    tables,
    views,
    voices,
)
from hub.access import Caller, caller_of, make_token
from hub.database import insert_new, now_ms
from hub.settings import HubSettings

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_TEXT = r"^[^\x00-\x1f\x7f]*$"
Uuid = Annotated[str, Path(pattern=_UUID)]
Device = Annotated[str, Path(pattern=f"^{DEVICE_PATTERN}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=_TEXT)]
bearer = HTTPBearer(auto_error=False, description="A token of a family or the administrator")


class Body(BaseModel):
    """Base of what comes in: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NewFamily(Body):
    """A family to be made."""

    name: Name


class NewParent(Body):
    """A parent of a family."""

    name: Name


class NewDevice(Body):
    """A speaker and the family that it belongs to."""

    id: Annotated[str, StringConstraints(pattern=f"^{DEVICE_PATTERN}$")]
    family: Annotated[str, StringConstraints(pattern=_UUID)]


class NewCommand(Body):
    """Something for a speaker to do once."""

    name: Annotated[str, StringConstraints(max_length=64)]
    args: dict[str, Any] = Field(default_factory=dict)
    within_s: Annotated[int, Field(ge=1, le=604_800)] = 3600


class NewPack(Body):
    """A lesson pack that speakers may be sent."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+-]{1,40}$")]
    title: Name
    url: Annotated[str, StringConstraints(pattern=r"^https://[!-~]{1,492}$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/=]{1,400}$")]


class NewAnswer(Body):
    """A teacher's answer."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=600, pattern=_TEXT)]
    language: Annotated[str, StringConstraints(pattern="^(en|zh)$")] = "en"


class Problem(BaseModel):
    """Why something was refused."""

    detail: str


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Not to be read"},
    401: {"model": Problem, "description": "No token, or one that is not known"},
    403: {"model": Problem, "description": "For the administrator alone"},
    404: {"model": Problem, "description": "Not there, or not yours to see"},
    413: {"model": Problem, "description": "Longer than anything that belongs here"},
    503: {"model": Problem, "description": "The store cannot be reached"},
}


def make_api(engine: Engine, settings: HubSettings | None = None) -> FastAPI:  # noqa: PLR0915 - one route after the other
    """The application over one store. Keeps nothing of its own."""
    settings = settings or HubSettings()
    public = settings.address
    api = FastAPI(
        title="Myna hub",
        version="1",
        description="The reference platform of the Myna practice speaker.",
        responses=_REFUSALS,
        docs_url=None,  # the usual page fetches scripts from the internet
        redoc_url=None,
    )
    api.add_middleware(limits.BodyLimit)
    api.add_exception_handler(RequestValidationError, limits.unreadable)  # type: ignore[arg-type]
    api_page.add(api)

    @api.exception_handler(SQLAlchemyError)
    def store_away(_request: Request, _error: SQLAlchemyError) -> JSONResponse:
        return JSONResponse({"detail": "the store cannot be reached; try again"}, 503)

    def caller(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Caller:
        found = None if credentials is None else caller_of(engine, credentials.credentials)
        if found is None:
            raise HTTPException(401, "a token is needed", {"WWW-Authenticate": "Bearer"})
        return found

    Known = Annotated[Caller, Depends(caller)]  # noqa: N806 - a type

    def administrator(known: Known) -> Caller:
        if not known.administrator:
            raise HTTPException(403, "for the administrator alone")
        return known

    Administrator = Annotated[Caller, Depends(administrator)]  # noqa: N806 - a type

    def seen(known: Caller, device: str) -> dict[str, Any]:
        found = views.device(engine, known, device)
        if found is None:
            raise HTTPException(404, "no such speaker")
        return found

    @api.get("/health")
    def health() -> dict[str, Any]:
        """Whether the hub can reach its store, and how many speakers miss numbers."""
        with engine.connect() as connection:
            return {"status": "good", "streams_with_gaps": ingest.missing_now(connection)}

    @api.post("/v1/families", status_code=201)
    def add_family(family: NewFamily, _known: Administrator) -> dict[str, str]:
        """Make a family; the answer holds its token, which is shown this once."""
        made = str(uuid.uuid4())
        with engine.begin() as connection:
            connection.execute(
                tables.families.insert().values(id=made, name=family.name, created_ms=now_ms())
            )
        return {"id": made, "name": family.name, "token": make_token(engine, made)}

    @api.get("/v1/families")
    def list_families(known: Known) -> list[dict[str, str]]:
        """The caller's family; all of them for the administrator."""
        table = tables.families
        chosen = select(table.c.id, table.c.name).order_by(table.c.id)
        if not known.administrator:
            chosen = chosen.where(table.c.id == known.family)
        with engine.connect() as connection:
            return [{"id": row.id, "name": row.name} for row in connection.execute(chosen)]

    @api.post("/v1/families/{family}/parents", status_code=201)
    def add_parent(family: Uuid, parent: NewParent, known: Known) -> dict[str, str]:
        """Make a parent; the answer holds the link that signs in once, within a week."""
        if not known.administrator and known.family != family:
            raise HTTPException(404, "no such family")
        made = sessions.add_parent(engine, family, parent.name)
        if made is None:
            raise HTTPException(404, "no such family")
        return {"id": made[0], "name": parent.name, "link": f"{public}/in?link={made[1]}"}

    @api.post("/v1/parents/{parent}/links", status_code=201)
    def add_link(parent: Uuid, known: Known) -> dict[str, str]:
        """Another such link, for a parent with a new phone."""
        family = sessions.family_of(engine, parent)
        if family is None or (not known.administrator and known.family != family):
            raise HTTPException(404, "no such parent")
        return {"id": parent, "link": f"{public}/in?link={sessions.make_link(engine, parent)}"}

    @api.post("/v1/devices", status_code=201)
    def add_device(device: NewDevice, _known: Administrator) -> dict[str, str]:
        """Give a speaker to a family."""
        with engine.begin() as connection:
            there = connection.execute(
                select(tables.families.c.id).where(tables.families.c.id == device.family)
            ).first()
            if there is None:
                raise HTTPException(404, "no such family")
            ingest.see(engine, connection, device.id, 0)
            connection.execute(
                update(tables.devices)
                .where(tables.devices.c.id == device.id)
                .values(family=device.family, freed_ms=None, leaving_ms=None)
            )
        return {"id": device.id, "family": device.family}

    @api.get("/v1/devices")
    def list_devices(known: Known) -> list[dict[str, Any]]:
        """The caller's speakers and how each is."""
        return views.devices(engine, known)

    @api.get("/v1/devices/{device}")
    def get_device(device: Device, known: Known) -> dict[str, Any]:
        """One speaker."""
        return seen(known, device)

    @api.delete("/v1/devices/{device}", status_code=202)
    def remove_device(device: Device, known: Known, lost: bool = False) -> dict[str, Any]:
        """Have a speaker wipe what is its family's and leave; `lost` does not wait for it."""
        family = seen(known, device)["family"]
        if family is None or not leaving.ask_to_leave(engine, device, family, lost=lost):
            raise HTTPException(404, "no such speaker")
        return {"id": device, "freed": lost}

    @api.put("/v1/devices/{device}/settings")
    def put_settings(device: Device, settings: dict[str, Any], known: Known) -> dict[str, Any]:
        """Say what a speaker should be set to; it reports when it is."""
        seen(known, device)
        try:
            return {"version": outgoing.desire(engine, device, settings)}
        except BadMessage as bad:
            raise HTTPException(422, f"off the contract at {bad.place or 'the top'}") from bad

    @api.post("/v1/devices/{device}/commands", status_code=202)
    def add_command(device: Device, command: NewCommand, known: Known) -> dict[str, Any]:
        """Have a speaker do something once."""
        seen(known, device)
        try:
            return outgoing.order(engine, device, command.name, command.args, command.within_s)
        except BadMessage as bad:
            raise HTTPException(422, f"off the contract at {bad.place or 'the top'}") from bad

    @api.get("/v1/commands/{command}")
    def get_command(command: Uuid, known: Known) -> dict[str, Any]:
        """What became of a command."""
        found = views.command(engine, known, command)
        if found is None:
            raise HTTPException(404, "no such command")
        return found

    @api.get("/v1/children")
    def list_children(known: Known) -> list[dict[str, Any]]:
        """Pseudonyms of the children of the caller's speakers."""
        return views.children(engine, known)

    @api.get("/v1/children/{child}/progress")
    def get_progress(
        child: Uuid,
        known: Known,
        after: Annotated[str, Query(pattern=_UUID)] = "00000000-0000-0000-0000-000000000000",
        limit: Annotated[int, Query(ge=1, le=views.PAGE)] = views.PAGE,
    ) -> list[dict[str, Any]]:
        """A child's statements, oldest first; ask on with `after` the last one's id."""
        return views.progress(engine, known, child, after, limit)

    @api.delete("/v1/children/{child}")
    def forget_child(child: Uuid, known: Known) -> dict[str, list[str]]:
        """Delete all there is about a child, here and on its speakers."""
        speakers = views.forget(engine, known, child)
        if not speakers:
            raise HTTPException(404, "no such child")
        for speaker in speakers:
            outgoing.order(engine, speaker, "forget_child", {"child": child}, 604_800)
        return {"speakers": speakers}

    @api.get("/v1/packs")
    def list_packs(_known: Known) -> list[dict[str, Any]]:
        """Lesson packs."""
        return views.packs(engine)

    @api.post("/v1/packs", status_code=201)
    def add_pack(pack: NewPack, _known: Administrator) -> NewPack:
        """Offer a lesson pack; a version that is there stays as it is."""
        with engine.begin() as connection:
            connection.execute(insert_new(engine, tables.packs), [pack.model_dump()])
        return pack

    @api.get("/v1/questions")
    def list_questions(known: Known) -> list[dict[str, Any]]:
        """The teacher's queue: what children asked and nobody has answered."""
        return views.questions(engine, known)

    @api.get(
        "/v1/questions/{question}/voice",
        response_class=Response,
        responses={200: {"content": {"audio/wav": {}}, "description": "The sound"}},
    )
    def hear_question(question: Uuid, known: Known) -> Response:
        """How a child asked, where its parents allow that; gone once the question is answered."""
        found = voices.of(engine, known, question)
        if found is None:
            raise HTTPException(404, "there is no sound of that question")
        return Response(found[1], media_type=found[0], headers={"Cache-Control": "no-store"})

    @api.post("/v1/questions/{question}/answer", status_code=202)
    def answer_question(question: Uuid, answer: NewAnswer, known: Known) -> dict[str, Any]:
        """Answer a child's question; Myna says it to the child."""
        place = views.answer(engine, known, question, answer.text)
        if place is None:
            raise HTTPException(404, "no such question, or it was answered")
        args = {"question": question, "child": place[1], "text": answer.text}
        args["language"] = answer.language
        return outgoing.order(engine, place[0], "answer", args, 604_800)

    pairing_api.add(api, engine, settings)
    pages.add(api, engine, public)
    return api
