-- Version 2: several children, what each remembers of every item, and how each says every sound.
-- A nickname stays on this device: nothing that leaves it is made from that column.

ALTER TABLE children ADD COLUMN nickname TEXT;      -- NULL: the only child, never named
CREATE UNIQUE INDEX children_nickname ON children (nickname COLLATE NOCASE);

-- Attempts anew, since SQLite cannot widen a CHECK; ids, order and times stay as they are.
CREATE TABLE attempts_2 (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- 1, 2, 3 … in the order of happening
    id           TEXT NOT NULL UNIQUE,              -- UUIDv7, made once, when it happened
    child        TEXT NOT NULL,
    session      TEXT,
    boot         TEXT NOT NULL,                     -- the kernel's id of this start
    mono_s       REAL NOT NULL,
    wall_ms      INTEGER NOT NULL,
    pack         TEXT NOT NULL,
    item         TEXT NOT NULL,
    verdict      TEXT NOT NULL CHECK (verdict IN ('right', 'partly', 'wrong', 'skipped')),
    try_number   INTEGER NOT NULL,
    confidence   REAL NOT NULL,
    duration_s   REAL NOT NULL,
    hesitation_s REAL NOT NULL DEFAULT 0.0,
    phones       TEXT                               -- JSON, see device.store_rows; NULL: not scored
) STRICT;
INSERT INTO attempts_2 (seq, id, child, session, boot, mono_s, wall_ms, pack, item, verdict,
                        try_number, confidence, duration_s)
    SELECT seq, id, child, session, boot, mono_s, wall_ms, pack, item, verdict, try_number,
           confidence, duration_s
    FROM attempts ORDER BY seq;
DROP TABLE attempts;
ALTER TABLE attempts_2 RENAME TO attempts;
CREATE INDEX attempts_child ON attempts (child, seq);

-- Items that a pack's update no longer has keep their row: they may come back.
CREATE TABLE memories (
    child          TEXT NOT NULL,
    pack           TEXT NOT NULL,
    item           TEXT NOT NULL,
    stability_days REAL NOT NULL,
    difficulty     REAL NOT NULL,
    due_ms         INTEGER NOT NULL,
    reviewed_ms    INTEGER NOT NULL,
    reviews        INTEGER NOT NULL,
    lapses         INTEGER NOT NULL,
    UNIQUE (child, pack, item)
) STRICT;

CREATE TABLE sounds (
    child      TEXT NOT NULL,
    phone      TEXT NOT NULL,                       -- ARPABET without stress
    mean_0_2   REAL NOT NULL,
    deviation  REAL NOT NULL,
    heard      REAL NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE (child, phone)
) STRICT;
