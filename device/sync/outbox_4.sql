-- How a question for the teacher sounded goes out as an event of its own, where parents consent.
-- The table anew, since SQLite cannot widen a CHECK; numbers stay.

DROP TRIGGER attempt_reported;
DROP TRIGGER session_reported;
DROP TRIGGER child_forgotten;
DROP TRIGGER deletion_asked;
DROP TRIGGER deletion_confirmed;

CREATE TABLE outbox_4 (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,                   -- UUIDv7
    kind    TEXT NOT NULL
            CHECK (kind IN ('attempt', 'session', 'ended', 'asked', 'telemetry', 'dropped',
                           'forget', 'unpair', 'voice')),
    child   TEXT,
    boot    TEXT NOT NULL,
    mono_s  REAL NOT NULL,
    wall_ms INTEGER NOT NULL,
    body    TEXT NOT NULL,                          -- facts as JSON; the statement is made from them
    refused TEXT                                    -- the platform's code; not sent again
) STRICT;
INSERT INTO outbox_4 (seq, id, kind, child, boot, mono_s, wall_ms, body, refused)
    SELECT seq, id, kind, child, boot, mono_s, wall_ms, body, refused FROM outbox ORDER BY seq;
DROP TABLE outbox;
ALTER TABLE outbox_4 RENAME TO outbox;
CREATE INDEX outbox_kind ON outbox (kind, seq);

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

CREATE TRIGGER deletion_asked AFTER INSERT ON outbox WHEN NEW.kind IN ('forget', 'unpair')
BEGIN
    INSERT INTO deletions VALUES (NEW.id, NEW.kind, NULL);
END;

CREATE TRIGGER deletion_confirmed AFTER DELETE ON outbox WHEN OLD.kind IN ('forget', 'unpair')
BEGIN
    UPDATE deletions SET confirmed_ms = CAST(strftime('%s', 'now') AS INTEGER) * 1000
    WHERE event = OLD.id;
END;

-- What is still to be told of a child goes with the child; the count stays without gaps.
CREATE TRIGGER child_forgotten AFTER DELETE ON children
BEGIN
    UPDATE outbox SET kind = 'dropped', child = NULL, body = '{}' WHERE child = OLD.id;
    DELETE FROM answers WHERE child = OLD.id;
END;
