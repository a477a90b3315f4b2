"""The ledger: an identity on one good card only, whatever happens in between."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ProvisioningError
from provisioning.factory.ledger import Entry, Ledger, Result
from provisioning.identity import DeviceIdentity, WifiAccess, new_identity

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "the ledger", lambda: NOW)
    yield made
    made.close()


def entry(identity: DeviceIdentity | None = None) -> Entry:
    return Entry(
        identity=identity or new_identity(),
        operator="anna",
        station="bench-1",
        image="myna-pi 0.1.0",
        image_sha256="ab" * 32,
        card_model='SD, "fast"',
        card_serial="0x1234",
        card_bytes=32_000_000_000,
    )


def rows(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "the ledger" / "ledger.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_who_when_what_and_how_it_ended(ledger: Ledger, tmp_path: Path) -> None:
    about = entry()
    ledger.finish(ledger.begin(about), Result.GOOD, "good: written")
    (row,) = rows(tmp_path)
    assert row == {
        "serial": about.identity.serial,
        "operator": "anna",
        "station": "bench-1",
        "image": "myna-pi 0.1.0",
        "image_sha256": "ab" * 32,
        "card_model": 'SD, "fast"',
        "card_serial": "0x1234",
        "card_bytes": "32000000000",
        "started_at": "2026-03-01T09:30:00+00:00",
        "ended_at": "2026-03-01T09:30:00+00:00",
        "result": "good",
        "note": "good: written",
    }


def test_an_identity_in_work_or_on_a_good_card_is_taken(ledger: Ledger) -> None:
    identity = new_identity()
    number = ledger.begin(entry(identity))
    with pytest.raises(ProvisioningError, match=f"--release {identity.serial}"):
        ledger.begin(entry(identity))
    ledger.finish(number, Result.GOOD, "")
    with pytest.raises(ProvisioningError, match="is on a card already"):
        ledger.begin(entry(identity))


@pytest.mark.parametrize("result", [Result.FAILED, Result.INTERRUPTED])
def test_a_card_that_came_to_nothing_frees_its_identity(ledger: Ledger, result: Result) -> None:
    identity = new_identity()
    ledger.finish(ledger.begin(entry(identity)), result, "pulled")
    ledger.finish(ledger.begin(entry(identity)), Result.GOOD, "")
    assert [each.result for each in ledger.past(identity.serial)] == [result, Result.GOOD]


def test_two_benches_on_one_ledger_cannot_both_take_it(ledger: Ledger, tmp_path: Path) -> None:
    identity = new_identity()
    other = Ledger(tmp_path / "the ledger", lambda: NOW)
    try:
        ledger.begin(entry(identity))
        with pytest.raises(ProvisioningError, match="is on a card already"):
            other.begin(entry(identity))
    finally:
        other.close()


def test_a_lost_card_is_released_and_the_bench_that_died_is_known(ledger: Ledger) -> None:
    about = entry()
    ledger.begin(about)
    assert [each[:2] for each in ledger.unfinished()] == [(about.identity.serial, "0x1234")]
    assert ledger.release(about.identity.serial, "lost") is True
    assert ledger.release(about.identity.serial, "lost") is False
    assert ledger.unfinished() == []


def test_secrets_are_in_no_csv_and_the_ledger_is_its_owners(ledger: Ledger, tmp_path: Path) -> None:
    identity = DeviceIdentity(
        new_identity().serial, "myna", "sesame-open", wifi=WifiAccess("home", "another-secret")
    )
    ledger.begin(entry(identity))
    text = (tmp_path / "the ledger" / "ledger.csv").read_text(encoding="utf-8")
    assert "sesame" not in text
    assert "another-secret" not in text
    assert (tmp_path / "the ledger" / "ledger.sqlite").stat().st_mode & 0o077 == 0
    assert ledger.past(identity.serial)[0].identity == identity


def test_a_csv_that_cannot_be_written_leaves_the_ledger_as_it_was(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.begin(entry())
    before = (tmp_path / "the ledger" / "ledger.csv").read_bytes()
    (tmp_path / "the ledger" / ".ledger.csv.new").mkdir()
    with pytest.raises(ProvisioningError, match="cannot be written"):
        ledger.begin(entry())
    assert len(ledger.past()) == 1
    assert (tmp_path / "the ledger" / "ledger.csv").read_bytes() == before


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProvisioningError, match="--ledger"):
        Ledger(tmp_path / "file" / "ledger")


def test_a_bench_test_is_kept_once(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.add_bench_test("MY-1", tested_at="2026-03-01", good=True, report="{}")
    count = ledger._database.execute("SELECT count(*) FROM bench_tests").fetchone()
    assert count == (1,)
