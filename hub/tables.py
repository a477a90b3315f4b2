"""The hub's tables. Changed only together with a new script in ``hub/migrations/versions``."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

_UNSENT = text("desired_sent < desired_version")

families = Table(
    "families",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256; the token itself is kept nowhere
    Column("family", String(36), index=True),  # NULL: the administrator's
    Column("created_ms", BigInteger, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("family", String(36), index=True),  # NULL: seen, and nobody's yet
    Column("seen_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reported", Text, nullable=False),
    Column("desired", Text, nullable=False),
    Column("desired_version", BigInteger, nullable=False),
    Column("desired_sent", BigInteger, nullable=False),
    Column("leaving_ms", BigInteger),  # since when it has been asked to leave its family
    Column("freed_ms", BigInteger),  # since when it is nobody's: what it still says is not kept
    # Every worker asks for these twice a second, however many speakers there are.
    Index("devices_unsent", "id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
)

children = Table(
    "children",
    metadata,
    Column("id", String(36), primary_key=True),  # the speaker's pseudonym of the child
    Column("device", String(63), primary_key=True),
    Column("seen_ms", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    # An id is made once by one speaker; another speaker cannot take it away by using it first.
    Column("device", String(63), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("series", String(32), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("child", String(36)),
    Column("boot", String(64), nullable=False),
    Column("mono_s", Float, nullable=False),
    Column("clock", String(12), nullable=False),
    Column("happened", String(40), nullable=False),  # RFC 3339 in UTC; empty for a dropped one
    Column("stored_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("forwarded_ms", BigInteger),
    Index("events_order", "device", "series", "seq"),
    Index("events_child", "device", "child", "happened"),
    Index("events_forward", "kind", "forwarded_ms", "stored_ms"),
)

streams = Table(
    "streams",
    metadata,
    Column("device", String(63), primary_key=True),
    Column("series", String(32), primary_key=True),
    Column("contiguous", BigInteger, nullable=False),  # all up to here is stored
    Column("gap_since_ms", BigInteger),  # NULL: nothing is missing
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("device", String(63), nullable=False),
    Column("event", String(36)),
    Column("code", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("device", String(63), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("args", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("deadline_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger),
    Column("status", String(12), nullable=False),
    Column("code", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Index("commands_waiting", "status", "created_ms"),
)

questions = Table(
    "questions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("device", String(63), primary_key=True),
    Column("child", String(36), nullable=False),
    Column("text", Text, nullable=False),
    Column("asked", String(40), nullable=False),
    Column("answer", Text),
    Column("answered_ms", BigInteger),
)

voices = Table(
    "voices",
    metadata,
    Column("device", String(63), primary_key=True),
    Column("question", String(36), primary_key=True),
    Column("child", String(36), nullable=False),
    Column("media", String(40), nullable=False),
    Column("sound", LargeBinary, nullable=False),  # until the question is answered, 30 days at most
    Column("stored_ms", BigInteger, nullable=False),
)

packs = Table(
    "packs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("version", String(40), primary_key=True),
    Column("title", String(120), nullable=False),
    Column("url", String(500), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("signature", String(400), nullable=False),
)

parents = Table(
    "parents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("family", String(36), nullable=False, index=True),
    Column("name", String(120), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("digest", String(64), primary_key=True),  # works once; the link itself is kept nowhere
    Column("parent", String(36), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),  # of the cookie
    Column("family", String(36)),  # NULL: the administrator's
    Column("parent", String(36)),  # NULL: signed in with a token
    Column("csrf", String(64), nullable=False),
    Column("began_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("device_digest", String(64), nullable=False, unique=True),  # of the device code
    Column("user_code", String(16), nullable=False, unique=True),
    Column("client", String(40), nullable=False),
    Column("address", String(64), nullable=False),  # who asked; so that nobody fills the table
    Column("device", String(63), nullable=False),
    Column("key", String(64), nullable=False),  # SHA-256 of the speaker's public key
    Column("genuine", Integer, nullable=False),  # 1: the factory has vouched for it
    Column("expires_ms", BigInteger, nullable=False),
    Column("interval_s", Integer, nullable=False),
    Column("polled_ms", BigInteger, nullable=False),
    Column("decision", String(12), nullable=False),  # empty until a parent decides
    Column("family", String(36)),
    Column("parent", String(36)),
    Column("wishes", Text, nullable=False),  # nicknames and settings; goes with the row
    Column("token", String(64), index=True),  # digest of the access token
    Column("token_expires_ms", BigInteger),
    Column("certificate", Text, nullable=False),  # what was issued, for a speaker that asks again
)

certificates = Table(
    "certificates",
    metadata,
    Column("serial", String(40), primary_key=True),  # hexadecimal
    Column("device", String(63), nullable=False, index=True),
    Column("fingerprint", String(64), nullable=False, unique=True),  # SHA-256 of the DER
    Column("issued_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("listed_ms", BigInteger),  # since when the broker refuses it
)

guesses = Table(
    "guesses",
    metadata,
    Column("who", String(36), primary_key=True),  # a family, or * for all of them
    Column("wrong", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("locked_until_ms", BigInteger, nullable=False),
)

forgotten = Table(
    "forgotten",
    metadata,
    # What is still on its way about a child when it is deleted is not taken in any more.
    Column("device", String(63), primary_key=True),
    Column("child", String(36), primary_key=True),  # * for everybody up to a number
    Column("series", String(32), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
