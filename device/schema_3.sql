-- How a child's voice scored so far: running sums of figures (`dialog.scoring.history`), no sound and
-- no word. One row for each child; a newer Myna that hears otherwise begins anew.
CREATE TABLE voices (
    child   TEXT NOT NULL,
    history TEXT NOT NULL,                          -- JSON, see dialog.scoring.history
    UNIQUE (child)
) STRICT;
