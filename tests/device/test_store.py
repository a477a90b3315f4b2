"""Progress on disk: durable, in order, and never lost to a broken file or a full disk."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from core.clock import VirtualClock
from core.errors import StoreError
from device.ids import made_at_ms
from device.store import Store
from device.store_file import FILE_NAME, boot_id, check_file, explain
from dialog.ports import Attempt, Learned, Pronunciation, SessionEdge, Verdict
from dialog.scoring.figures import COUNT
from dialog.scoring.history import Past, VoiceHistory

ROOT = Path(__file__).parents[2]
PAGE_BYTES = 4096
BEGUN, ENDED = Learned(session=SessionEdge.BEGUN), Learned(session=SessionEdge.ENDED)


def attempt(number: int, verdict: Verdict = Verdict.RIGHT) -> Attempt:
    return Attempt("starter", f"item-{number}", verdict, 1, 0.75, 1.25)


def attempts(count: int) -> list[Attempt]:
    return [attempt(number) for number in range(count)]


def rows(folder: Path, what: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(folder / FILE_NAME)
    try:
        return db.execute(what).fetchall()
    finally:
        db.close()


def filled(folder: Path, count: int) -> Path:
    """A closed progress file with `count` attempts, all of it in the main file."""
    with Store(folder, VirtualClock()) as store:
        store.remember(attempts(count), BEGUN)
        store.remember([], ENDED)
    return folder / FILE_NAME


def overwrite(path: Path, page: int, content: bytes = b"\xff" * PAGE_BYTES) -> None:
    """Damage a page, counted from 0; a negative one from the end."""
    with path.open("r+b") as file:
        start = page * PAGE_BYTES
        file.seek(start if page >= 0 else path.stat().st_size + start)
        file.write(content)


def leaf_pages(path: Path) -> list[int]:
    """Pages (from 0) of `path` that hold rows of attempts, found by their content."""
    content = path.read_bytes()
    pages = [content[at : at + PAGE_BYTES] for at in range(0, len(content), PAGE_BYTES)]
    return [n for n, page in enumerate(pages) if page[0] == 0x0D and b"starteritem-" in page]


# ------------------------------------------------------------------ memory


def test_what_was_remembered_is_there_after_a_restart(tmp_path: Path):
    given = [attempt(1), attempt(2, Verdict.WRONG), attempt(3, Verdict.SKIPPED)]
    with Store(tmp_path / "made" / "here") as store:
        assert store.degraded is None
        store.remember(given[:2])
        store.remember([])
        store.remember(given[2:])
        child = store.child
    with Store(tmp_path / "made" / "here") as store:
        assert store.attempts(10) == tuple(given)
        assert store.child == child


def test_history_is_the_latest_oldest_first(tmp_path: Path):
    with Store(tmp_path) as store:
        store.remember(attempts(5))
        assert store.attempts(2) == (attempt(3), attempt(4))
        assert store.attempts(0) == ()
        with pytest.raises(ValueError, match="-1"):
            store.attempts(-1)


def test_rows_say_when_in_which_start_and_session(tmp_path: Path):
    clock = VirtualClock()
    with Store(tmp_path, clock) as store:
        store.remember([attempt(0)])
        clock.advance_to(12.5)
        store.remember([attempt(1), attempt(2)], BEGUN)
        clock.advance_to(20.0)
        store.remember([], ENDED)
        store.remember([], ENDED)
        store.remember([attempt(3)])
        child = store.child
    (session,) = rows(tmp_path, "SELECT id FROM sessions")[0]
    start_ms = 1_767_628_800_000  # 2026-01-05 16:00 UTC, the virtual clock's start
    found = rows(tmp_path, "SELECT seq, child, session, boot, mono_s, wall_ms, item FROM attempts")
    assert found == [
        (1, child, None, boot_id(), 0.0, start_ms, "item-0"),
        (2, child, session, boot_id(), 12.5, start_ms + 12_500, "item-1"),
        (3, child, session, boot_id(), 12.5, start_ms + 12_500, "item-2"),
        (4, child, None, boot_id(), 20.0, start_ms + 20_000, "item-3"),
    ]
    assert rows(tmp_path, "SELECT id, mono_s, wall_ms, ended_wall_ms FROM sessions") == [
        (session, 12.5, start_ms + 12_500, start_ms + 20_000)
    ]


def test_ids_are_uuid7_and_in_order(tmp_path: Path):
    filled(tmp_path, 50)
    ids = [UUID(str(row[0])) for row in rows(tmp_path, "SELECT id FROM attempts ORDER BY seq")]
    assert ids == sorted(set(ids))
    assert {each.version for each in ids} == {7}
    assert made_at_ms(ids[0]) == 1_767_628_800_000


def test_the_file_is_the_family_s_own_and_written_for_power_cuts(tmp_path: Path):
    path = filled(tmp_path / "state", 1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with Store(tmp_path / "state") as store:
        assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_in_memory_is_a_named_degraded_state():
    with Store(None) as store:
        store.remember([attempt(1)])
        assert store.attempts(5) == (attempt(1),)
        assert store.degraded == (
            "progress is kept in memory only and is lost when the speaker stops"
        )


def test_a_file_of_a_newer_myna_is_left_alone(tmp_path: Path):
    path = filled(tmp_path, 3)
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 9")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="format 9 of a newer Myna") as caught:
        Store(tmp_path)
    assert caught.value.code == "store.newer"
    assert path.read_bytes() == before
    assert "newer Myna" in (check_file(path) or "")


# --------------------------------------------------------------- power cut

_WRITER = """
import sys
from pathlib import Path
from device.store import Store
from dialog.ports import Attempt, Learned, Pronunciation, SessionEdge, Verdict
from dialog.scoring.figures import COUNT
from dialog.scoring.history import Past, VoiceHistory
with Store(Path(sys.argv[1])) as store:
    store.remember([], Learned(session=SessionEdge.BEGUN))
    number = int(sys.argv[2])
    while True:
        group = [Attempt("p", str(number + n), Verdict.RIGHT, 1, 0.5, 1.0) for n in range(3)]
        store.remember(group)
        number += 3
        print(number, flush=True)  # acknowledged: on the disk
"""


def test_nothing_acknowledged_is_lost_to_a_kill_at_any_moment(tmp_path: Path):
    acknowledged = 0
    for kill in range(15):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path), str(acknowledged)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for _ in range(1 + 7 * kill % 23):  # another moment of the write each time
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        # The last line may be cut short by the kill; whole ones were acknowledged.
        acknowledged = max([acknowledged, *(int(each) for each in rest[:-1])])
        with Store(tmp_path) as store:
            assert store.degraded is None
            kept = [each.item for each in store.attempts(10**6)]
        assert len(kept) >= acknowledged
        assert len(kept) % 3 == 0  # a transaction is there as a whole or not at all
        assert kept == [str(number) for number in range(len(kept))]
        acknowledged = len(kept)
    numbers = [row[0] for row in rows(tmp_path, "SELECT seq FROM attempts ORDER BY seq")]
    assert numbers == list(range(1, acknowledged + 1))  # without gaps


# ------------------------------------------------------------------ damage


def test_a_damaged_page_costs_its_own_rows_only(tmp_path: Path):
    path = filled(tmp_path, 2000)
    pages = leaf_pages(path)
    assert len(pages) > 20
    overwrite(path, pages[len(pages) // 2])
    damaged = path.read_bytes()
    assert "is damaged" in (check_file(path) or "")
    with Store(tmp_path) as store:
        assert store.damaged_copy == tmp_path / "progress.db.damaged-1"
        kept = store.attempts(10_000)
        assert store.degraded == (
            f"the progress file was damaged; {len(kept)} attempts were read back from it and it"
            f" is kept as {store.damaged_copy}: replace the memory card soon"
        )
        assert 2000 * (1 - 3 / len(pages)) < len(kept) < 2000
        assert (kept[0], kept[-1]) == (attempt(0), attempt(1999))
        store.remember([attempt(2000)])
        assert store.degraded is not None  # it stays known until the next start
    assert (tmp_path / "progress.db.damaged-1").read_bytes() == damaged
    assert rows(tmp_path, "SELECT max(seq) FROM attempts") == [(2001,)]
    assert check_file(path) is None
    with Store(tmp_path) as store:
        assert store.degraded is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"this is no database at all" * 400),
        lambda path: overwrite(path, 0),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
    ],
    ids=["other content", "first page", "truncated"],
)
def test_an_unreadable_file_is_kept_and_a_fresh_one_started(
    tmp_path: Path, spoil: Callable[[Path], None]
):
    path = filled(tmp_path, 30)
    for number in (1, 2):
        spoil(path)
        spoiled = path.read_bytes()
        assert check_file(path) is not None
        with Store(tmp_path) as store:
            assert store.attempts(100) == ()
            assert "; 0 attempts were read back" in (store.degraded or "")
            store.remember([attempt(7)])
            assert store.attempts(100) == (attempt(7),)
        assert (tmp_path / f"progress.db.damaged-{number}").read_bytes() == spoiled


def test_damage_found_while_running_loses_nothing_said_since(tmp_path: Path):
    path = filled(tmp_path, 2000)
    with Store(tmp_path) as store:
        child = store.child
        overwrite(path, leaf_pages(path)[-1])  # where the next attempt would go
        store._db.execute("PRAGMA shrink_memory")  # what SQLite has read before is forgotten
        store.remember([attempt(5000)])
        assert store.damaged_copy is not None
        assert "was damaged" in (store.degraded or "")
        kept = store.attempts(10_000)
        assert kept[0] == attempt(0)
        assert kept[-1] == attempt(5000)
        assert len(kept) > 1900
        assert store.child == child
    assert check_file(path) is None


# ---------------------------------------------------------------- the disk


@contextmanager
def largest_file(limit_bytes: int) -> Iterator[None]:
    """Let the kernel refuse to let any file grow further, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_what_a_full_disk_refuses_is_written_when_there_is_room(tmp_path: Path):
    with Store(tmp_path) as store:
        store.remember([attempt(0)])
        with largest_file((tmp_path / f"{FILE_NAME}-wal").stat().st_size):
            with pytest.raises(StoreError) as caught:
                store.remember([attempt(1)])
            with pytest.raises(StoreError):
                store.remember([attempt(2)])
            assert caught.value.retryable
            assert "free" in str(caught.value)
            assert store.degraded == str(caught.value)
            assert store.pending == 2
            assert store.attempts(10) == (attempt(0), attempt(1), attempt(2))
            assert store.attempts(1) == (attempt(2),)
        store.remember([])
        assert (store.pending, store.degraded) == (0, None)
    with Store(tmp_path) as store:
        assert store.attempts(10) == (attempt(0), attempt(1), attempt(2))
    assert rows(tmp_path, "SELECT seq FROM attempts") == [(1,), (2,), (3,)]


def test_a_full_database_is_one_sentence(tmp_path: Path):
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA max_page_count = 1")  # SQLite's own way to be full
        with pytest.raises(StoreError, match="the disk is full: free some space"):
            store.remember(attempts(500))
        store._db.execute("PRAGMA max_page_count = 100000")
        store.remember([])
        assert len(store.attempts(1000)) == 500


_AS_NOBODY = """
import os
import sys
from pathlib import Path
from core.errors import StoreError
from device.store import Store
Store(None).close()  # loads all code while it can still be read
if os.getuid() == 0:  # for whom nothing is read-only
    os.setgid(65534)
    os.setuid(65534)
try:
    Store(Path(sys.argv[1]))
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("has_file", [False, True], ids=["empty", "with progress"])
def test_a_read_only_folder_is_one_sentence(tmp_path: Path, has_file: bool):
    folder = tmp_path / "state"
    folder.mkdir()
    if has_file:
        filled(folder, 2)
        (folder / FILE_NAME).chmod(0o444)
    for above in [tmp_path, *tmp_path.parents][:3]:
        above.chmod(0o755)
    folder.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        folder.chmod(0o755)
    (line,) = done.stdout.splitlines()
    assert line.startswith(str(folder / FILE_NAME))
    assert "[device] state_dir" in line


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be used \(.+\): make its folder writable"):
        Store(tmp_path / "file" / "state")


def test_a_file_that_another_program_holds_is_one_sentence(tmp_path: Path):
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA busy_timeout = 1")
        other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use by another program"):
            store.remember([attempt(1)])
        other.execute("ROLLBACK")
        other.close()
        store.remember([])
        assert store.attempts(5) == (attempt(1),)


def test_check_of_a_missing_file_makes_none(tmp_path: Path):
    assert "cannot be opened" in (check_file(tmp_path / FILE_NAME) or "")
    assert os.listdir(tmp_path) == []


def test_explain_names_memory_without_a_path():
    assert explain(OSError(28, "No space left on device"), None).startswith(
        "the progress kept in memory cannot be used (No space left on device)"
    )


def test_a_forgotten_child_leaves_nothing_behind(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.remember([attempt(1)], Learned(session=SessionEdge.BEGUN))
        gone = store.child
        assert store.forget(gone) >= 3
        assert store.child != gone
        store.remember([attempt(2)])  # of the session that was going on: it is nobody's
        assert store.attempts(10) == ()
        store.history()  # the next waking
        store.remember([attempt(3)])
        assert len(store.attempts(10)) == 1
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert gone.encode() not in left


def scored(number: int) -> Attempt:
    """An attempt whose four phones got 1.5 each."""
    past = Past(4, 6.0, (float(number),) * COUNT)
    return replace(attempt(number), pronunciation=Pronunciation((), past))


def test_a_child_s_voice_is_known_better_with_every_scored_answer(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.know(["Lily", "Tom"], present="Lily")
        assert store.voice() == VoiceHistory()
        store.remember([scored(number) for number in range(10)])
        store.remember([attempt(11)])  # one that was not scored says nothing
        lily = store.child
    with Store(tmp_path) as store:
        store.know(["Lily", "Tom"], present="Lily")
        known = store.voice()
        assert known.mean_score == pytest.approx(1.5, abs=1e-3)
        assert 9.0 < known.utterances < 10.0  # older ones count a little less
        store.know(["Lily", "Tom"], present="Tom")
        assert store.voice() == VoiceHistory()
        store.forget(lily)
    assert rows(tmp_path, "SELECT * FROM voices") == []


def test_forgetting_one_child_leaves_the_others(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.know(["Lily", "Tom"], present="Tom")
        tom = store.child
        store.remember([attempt(1)])
        lily = store.history().children[1].id
        store.forget(lily)
        assert [child.nickname for child in store.history().children] == ["Tom"]
        assert (store.child, len(store.attempts(10))) == (tom, 1)
