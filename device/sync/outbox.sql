-- What waits for the platform. A trigger writes the event in the transaction of the progress that
-- it reports: neither can be on the disk without the other. seq counts without gaps within a
-- series; a file that was started afresh begins another series.

CREATE TABLE outbox_series (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    series TEXT NOT NULL,                           -- 32 hexadecimal digits
    last   INTEGER NOT NULL                         -- highest seq given out
) STRICT;
INSERT INTO outbox_series VALUES (1, lower(hex(randomblob(16))), 0);

CREATE TABLE outbox (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,                   -- UUIDv7, that of what it reports
    kind    TEXT NOT NULL CHECK (kind IN ('attempt', 'session', 'telemetry', 'dropped')),
    child   TEXT,
    boot    TEXT NOT NULL,
    mono_s  REAL NOT NULL,
    wall_ms INTEGER NOT NULL,
    body    TEXT NOT NULL,                          -- facts as JSON; the statement is made from them
    refused TEXT                                    -- the platform's code; not sent again
) STRICT;
CREATE INDEX outbox_kind ON outbox (kind, seq);

-- Where the true wall time of a start of the machine lies: wall_ms = offset_ms + 1000 mono_s.
CREATE TABLE clock_anchors (
    boot      TEXT PRIMARY KEY,
    offset_ms INTEGER NOT NULL
) STRICT;

-- Commands received, so that none is carried out twice, however often it is delivered.
CREATE TABLE commands (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    args    TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,                       -- when it is due; its receipt for most
    state   TEXT NOT NULL CHECK (state IN ('waiting', 'begun', 'ended')),
    reply   TEXT,                                   -- JSON
    replied INTEGER NOT NULL                        -- 1: the broker has this reply
) STRICT;

CREATE TABLE sync_state (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TRIGGER attempt_reported AFTER INSERT ON attempts
WHEN NOT EXISTS (SELECT 1 FROM outbox WHERE id = NEW.id)
BEGIN
    UPDATE outbox_series SET last = last + 1;
    INSERT INTO outbox (seq, id, kind, child, boot, mono_s, wall_ms, body)
    SELECT last, NEW.id, 'attempt', NEW.child, NEW.boot, NEW.mono_s, NEW.wall_ms,
        json_object('session', NEW.session, 'pack', NEW.pack, 'item', NEW.item,
            'verdict', NEW.verdict, 'try_number', NEW.try_number, 'confidence', NEW.confidence,
            'duration_s', NEW.duration_s)
    FROM outbox_series;
END;

-- The session's own id reports its beginning.
CREATE TRIGGER session_reported AFTER INSERT ON sessions
WHEN NOT EXISTS (SELECT 1 FROM outbox WHERE id = NEW.id)
BEGIN
    UPDATE outbox_series SET last = last + 1;
    INSERT INTO outbox (seq, id, kind, child, boot, mono_s, wall_ms, body)
    SELECT last, NEW.id, 'session', NEW.child, NEW.boot, NEW.mono_s, NEW.wall_ms,
        json_object('session', NEW.id)
    FROM outbox_series;
END;

-- What was achieved before there was an outbox goes out too, in its order.
INSERT INTO outbox (seq, id, kind, child, boot, mono_s, wall_ms, body)
SELECT row_number() OVER (ORDER BY seq), id, 'attempt', child, boot, mono_s, wall_ms,
    json_object('session', session, 'pack', pack, 'item', item, 'verdict', verdict,
        'try_number', try_number, 'confidence', confidence, 'duration_s', duration_s)
FROM attempts ORDER BY seq;
UPDATE outbox_series SET last = (SELECT count(*) FROM outbox);

-- What is still to be told of a child goes with the child; the count stays without gaps.
CREATE TRIGGER child_forgotten AFTER DELETE ON children
BEGIN
    UPDATE outbox SET kind = 'dropped', child = NULL, body = '{}' WHERE child = OLD.id;
END;
