"""A child's own pauses: learned in its turns, kept for that child alone, forgotten with it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from audio.patience import Pauses
from audio.ports import EndReason, SpeechEnded, Utterance, WakeHit, Woken
from core.clock import VirtualClock
from device.export import TABLES
from device.runtime import Runtime
from device.store import Store
from device.store_file import FILE_NAME


class PatientFrontEnd:
    """Remembers whose pauses it was told."""

    now_s = 0.0

    def __init__(self) -> None:
        self.told: list[Pauses] = []

    def expect_pauses(self, pauses: Pauses) -> None:
        self.told.append(pauses)


def runtime(store: Store, front_end: PatientFrontEnd) -> Runtime:
    silent = SimpleNamespace(handle=lambda _event, _now: [], state=None)
    parts: dict[str, Any] = {
        "front_end": front_end,
        "playback": SimpleNamespace(),
        "recogniser": SimpleNamespace(),
        "voice": SimpleNamespace(),
        "ring": SimpleNamespace(),
        "store": store,
        "clock": VirtualClock(),
        "scheduler": SimpleNamespace(),
        "open_microphone": lambda _opened: None,
    }
    return Runtime(cast(Any, silent), **parts)


def ended(*pauses_ms: int) -> SpeechEnded:
    heard = Utterance(1, 1, np.zeros(160, np.int16), 0.0, 1.0)
    return SpeechEnded(1.0, heard, EndReason.SILENCE, pauses_ms)


def woken() -> Woken:
    return Woken(1.0, WakeHit("hello myna", 0.9, 1.0))


def test_pauses_belong_to_one_child_and_go_with_it(tmp_path: Path):
    with Store(tmp_path) as store:
        store.know(["Lily", "Tom"], present="Lily")
        store.keep_pauses(Pauses().joined(700))
        store.keep_pauses(store.pauses().joined(900))
        lily = store.child
        store.know(["Lily", "Tom"], present="Tom")
        assert store.pauses() == Pauses()
    with Store(tmp_path) as store:
        store.know(["Lily", "Tom"], present="Lily")
        assert store.pauses() == Pauses().joined(700).joined(900)
        store.forget(lily)
    db = sqlite3.connect(tmp_path / FILE_NAME)
    assert db.execute("SELECT * FROM pauses").fetchall() == []
    db.close()


def test_a_family_that_takes_its_data_along_takes_the_pauses_too():
    assert "pauses" in TABLES


def test_a_turn_s_pauses_are_kept_and_the_next_one_waits_by_them(tmp_path: Path):
    ear = PatientFrontEnd()
    with Store(tmp_path) as store:
        subject = runtime(store, ear)
        subject.post(woken())
        subject.post(ended())
        assert ear.told == [Pauses()]  # nothing was learned from a turn without a pause
        subject.post(ended(600, 1100))
        learned = Pauses().joined(600).joined(1100)
        assert ear.told[1:] == [learned]
        assert store.pauses() == learned
        store.know(["Lily", "Tom"], present="Tom")
        subject.post(woken())
        assert ear.told[2:] == [Pauses() if store.pauses() == Pauses() else learned]
        assert ear.told[-1] == store.pauses()
