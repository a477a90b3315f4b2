-- What a speaker remembers. Version 1 of `PRAGMA user_version`.
-- No name, transcript or sound is kept here. Times: wall_ms is UTC milliseconds since 1970 as the
-- machine believed then (a Pi has no clock of its own); boot and mono_s order what happened within
-- one start of the machine, so that a wrong wall time can be corrected later. child and session
-- are plain ids, no foreign keys: should a damaged page take a session's row, its attempts stay.

CREATE TABLE children (
    id      TEXT PRIMARY KEY,                       -- UUIDv7, a pseudonym
    wall_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id            TEXT PRIMARY KEY,                 -- UUIDv7
    child         TEXT NOT NULL,
    boot          TEXT NOT NULL,
    mono_s        REAL NOT NULL,
    wall_ms       INTEGER NOT NULL,
    ended_wall_ms INTEGER                           -- NULL: still going on, or cut off by power
) STRICT;

CREATE TABLE attempts (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,   -- 1, 2, 3 … in the order of happening
    id         TEXT NOT NULL UNIQUE,                -- UUIDv7, made once, when it happened
    child      TEXT NOT NULL,
    session    TEXT,
    boot       TEXT NOT NULL,                       -- the kernel's id of this start
    mono_s     REAL NOT NULL,
    wall_ms    INTEGER NOT NULL,
    pack       TEXT NOT NULL,
    item       TEXT NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('right', 'wrong', 'skipped')),
    try_number INTEGER NOT NULL,
    confidence REAL NOT NULL,
    duration_s REAL NOT NULL
) STRICT;
