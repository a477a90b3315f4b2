"""``myna identity`` and ``myna pair``: who the box is, and pairing from a terminal."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest

from device.cli import main
from provisioning.identity import IDENTITY_FILE, new_identity
from provisioning.pairing import given
from provisioning.pairing.file import Alone, PairingFolder, Phase, Record
from provisioning.pairing.keys import DeviceKey, applicant, is_provisional
from tests.hub.house import House, serve


def config(tmp_path: Path, **pairing: str) -> str:
    lines = [f'[device]\nstate_dir = "{tmp_path / "state"}"\n[pairing]']
    lines += [f'{name} = "{value}"' for name, value in pairing.items()]
    place = tmp_path / "myna.toml"
    place.write_text("\n".join(lines) + "\n")
    return str(place)


def test_a_box_without_an_identity_says_that_it_is_provisional(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["identity", "--kept", str(tmp_path / "kept"), "--config", config(tmp_path)]
    assert main([*options, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["provisional"], first["device"]) == (True, "")  # asking makes no key
    digest = DeviceKey(tmp_path / "state" / "pairing").digest
    assert main(options) == 0
    said = capsys.readouterr()
    assert "provisional" in said.err
    assert f"myna-k{digest[:20]}" in said.out
    key = tmp_path / "state" / "pairing" / "device.key"
    assert key.stat().st_mode & 0o777 == 0o600
    kept = tmp_path / "kept"
    kept.mkdir()
    identity = new_identity()
    (kept / IDENTITY_FILE).write_text(identity.to_json())
    assert main([*options, "--json"]) == 0
    named = json.loads(capsys.readouterr().out)
    assert (named["serial"], named["device"]) == (identity.serial, identity.hostname)
    assert not named["provisional"]
    assert identity.setup_password not in json.dumps(named)


def test_the_service_is_given_what_only_root_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, store = tmp_path / "kept", tmp_path / "store"
    kept.mkdir()
    identity = new_identity()
    (kept / IDENTITY_FILE).write_text(identity.to_json())
    given.hand_over(kept, store)
    assert (store / given.CREDENTIAL).stat().st_mode & 0o777 == 0o600
    key = DeviceKey(tmp_path / "pairing")
    assert is_provisional(applicant(key, tmp_path / "unreadable"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(store))
    assert applicant(key, tmp_path / "unreadable").device == identity.hostname
    (store / given.CREDENTIAL).write_text("{}")
    assert is_provisional(applicant(key, tmp_path / "unreadable"))


def test_a_terminal_is_voice_and_button_where_no_speaker_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(tmp_path / "hub") as house:
        place = config(
            tmp_path, platform=house.url, ca_file=str(house.authority.certificate),
            identity_dir=str(tmp_path / "none"),
        )  # fmt: skip
        folder = PairingFolder(tmp_path / "state" / "pairing")
        decided = threading.Thread(target=say_yes, args=(house, folder), name="parent")
        decided.start()
        monkeypatch.setattr("device.cli.pair.LOOK_S", 0.05)
        monkeypatch.setattr("sys.stdin", Enter())
        monkeypatch.setattr("select.select", lambda *_: ([1], [], []))
        assert main(["pair", "--config", place, "--json"]) == 0
        decided.join()
        said = capsys.readouterr().out
        assert "sign in, and type:" in said
        assert "The family The Lins said yes" in said
        assert "Hello Lily!" in said
        assert json.loads(said.splitlines()[-1])["phase"] == "paired"
        assert main(["pair", "--config", place]) == 1  # it is paired
        assert main(["pair", "--status", "--config", place]) == 0
        assert "The Lins" in capsys.readouterr().out


class Enter(io.StringIO):
    """A terminal at which somebody presses Enter whenever it is asked."""

    def isatty(self) -> bool:
        return True


def say_yes(house: House, folder: PairingFolder) -> None:
    """A parent who types the code as soon as it is there."""
    parent = house.parent(house.family("The Lins"))
    waiting = threading.Event()
    while not folder.read().user_code:
        waiting.wait(0.02)
    # So that the speaker's next question is not too early for the hub.
    house.later(5)
    assert parent.decides(folder.read().user_code, nicknames="Lily").status_code == 303


def test_a_running_speaker_is_asked_and_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = PairingFolder(tmp_path / "state" / "pairing")
    monkeypatch.setattr("device.cli.pair.LOOK_S", 0.01)

    def speaker() -> None:
        waiting = threading.Event()
        while folder.wanted() != "https://hub.example":
            waiting.wait(0.01)
        for record in (
            Record(Phase.WAITING, user_code="7KMX-2QHP", address="https://hub.example/pair"),
            Record(Phase.ALLOWED, family="The Lins"),
            Record(Phase.PAIRED, family="The Lins"),
        ):
            folder.write(record)
            waiting.wait(0.2)

    with Alone(folder.folder) as alone:
        assert alone.held
        running = threading.Thread(target=speaker, name="speaker")
        running.start()
        assert main(["pair", "hub.example", "--config", config(tmp_path)]) == 0
        running.join()
    said = capsys.readouterr().out
    assert "7KMX-2QHP" in said
    assert "The Lins" in said


@pytest.mark.parametrize("address", ["http://hub.example", "nonsense here", ""])
def test_an_address_that_is_none_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert main(["pair", address, "--config", config(tmp_path)]) == 1
    assert "https://hub.example" in capsys.readouterr().err
