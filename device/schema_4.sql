-- How long a child's silences within its answers are: counts by length (`audio.patience`), no sound,
-- no word, no time of day. One row for each child.
CREATE TABLE pauses (
    child  TEXT NOT NULL,
    counts TEXT NOT NULL,                           -- JSON, see audio.patience.Pauses
    UNIQUE (child)
) STRICT;
