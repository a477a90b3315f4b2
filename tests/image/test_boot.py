"""The whole image in an emulated machine: starts, restarts, the other slot and the way back.

Takes some twenty minutes of processor time; `make image-test` runs it, and nothing else does.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from provisioning.identity import FOLDER, TEST_WANTED_FILE
from provisioning.slots import Slot
from tests.image.machine import Machine

IMAGE = os.environ.get("MYNA_IMAGE", "")
MYNA = "/opt/myna/.venv/bin/myna"
ACTIVE = "systemctl is-active --quiet myna.service"
START_LIMIT_S = 1500.0

pytestmark = [
    pytest.mark.skipif(not IMAGE, reason="takes an image: make image-test"),
    pytest.mark.timeout(3600),
]

NAMES, BOOT_A, BOOT_B, ROOT_A, ROOT_B = 1, 2, 3, 5, 6


@pytest.fixture(autouse=True)
def nothing_left_running() -> None:
    """The machine, which a test starts, goes on into the next; its own fixture ends it."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with a fresh card, somewhat larger than the image, as cards are."""
    folder = tmp_path_factory.mktemp("machine")
    card = folder / "card.img"
    subprocess.run(["cp", "--sparse=always", IMAGE, str(card)], check=True)
    os.truncate(card, card.stat().st_size + (1 << 30))
    with Machine(card, folder) as made:
        made.replace(NAMES, f"{FOLDER}/{TEST_WANTED_FILE}", b"at the first start\n")
        yield made


def said(machine: Machine, command: str) -> dict[str, object]:
    """The JSON that a command prints."""
    code, text = machine.run(f"{command} --json")
    assert code == 0, text
    line = next(line for line in text.splitlines() if line.strip().startswith("{"))
    value: dict[str, object] = json.loads(line[line.index("{") :])
    return value


def test_first_start_reaches_the_service(machine: Machine) -> None:
    machine.start()
    machine.wait_for(ACTIVE, limit_s=START_LIMIT_S)
    code, failed = machine.run("systemctl --failed --plain --no-legend")
    assert code == 0
    assert "loaded failed" not in failed


def test_it_has_an_identity_of_its_own_and_the_whole_card(machine: Machine) -> None:
    identity = said(machine, f"{MYNA} identity")
    (machine.card.parent / "serial").write_text(str(identity["serial"]))
    assert str(identity["serial"]).startswith("MY-")
    code, size = machine.run("df --output=size -m /data | tail -n 1")
    assert code == 0
    # 64 MiB in the image; the card has 1 GiB more.
    assert any(int(word) > 1000 for word in size.split() if word.isdigit())


def test_the_bench_test_that_the_card_asked_for_is_on_the_card(machine: Machine) -> None:
    code, text = machine.run(f"cat /boot/myna/{FOLDER}/bench-test.json")
    assert code == 0, text
    report = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert report["serial"] == (machine.card.parent / "serial").read_text()
    states = {name: state for name, (state, _) in report["findings"].items()}
    assert states["storage"] == "ok"
    # There is nobody to press a button, and the verdict says so.
    assert states["hand"] == "failed"
    assert report["good"] is False
    assert machine.run(f"test ! -e /boot/myna/{FOLDER}/{TEST_WANTED_FILE}")[0] == 0


def test_nobody_can_log_in_and_the_root_cannot_be_written_through(machine: Machine) -> None:
    code, shadow = machine.run("grep -v '^[^:]*:[!*]' /etc/shadow")
    assert code == 1, shadow
    code, _ = machine.run("test ! -e /usr/sbin/sshd && ! touch /media/root-ro/x")
    assert code == 0


def test_the_doctor_passes_what_has_hardware_here(machine: Machine) -> None:
    # With what the unit grants the service, real-time priority for one.
    as_the_service = (
        "systemd-run --quiet --pipe --wait --collect -p User=myna -p StateDirectory=myna"
        " -p SupplementaryGroups='audio gpio spi' -p LimitRTPRIO=50 -p LimitMEMLOCK=64M"
    )
    # Not on the console itself: systemd-run would take what is typed after it.
    kept = "/run/doctor.json"
    command = f"{as_the_service} {MYNA} doctor --json </dev/null >{kept} 2>&1"
    code, text = machine.run(f"{command}; code=$?; cat {kept}; (exit $code)", limit_s=900)
    found = [json.loads(line[line.index("{") :]) for line in text.splitlines() if '"state"' in line]
    states = {each["name"]: each["state"] for each in found}
    assert code == 0, text
    # There is no sound card, and the speaker that runs says so; everything else is whole.
    degraded = {name for name, state in states.items() if state != "ok"}
    assert degraded <= {"sound_cards", "sound_flows", "last_run", "running"}, text
    assert [each["sentence"].split(":")[0] for each in found if each["name"] == "running"] == [
        "card"
    ]
    assert {"recogniser", "voice", "wake_word", "store", "real_time", "board"} <= set(states)


def test_pins_are_driven(machine: Machine) -> None:
    program = (
        "import lgpio; h = lgpio.gpiochip_open(0); lgpio.gpio_claim_output(h, 5, 1);"
        " assert lgpio.gpio_read(h, 5) == 1; lgpio.gpio_write(h, 5, 0);"
        " assert lgpio.gpio_read(h, 5) == 0; print('pin', 5, 'follows')"
    )
    code, text = machine.run(f'cd /tmp && /opt/myna/.venv/bin/python -c "{program}"')
    assert code == 0, text


def test_state_outlives_a_pulled_plug_and_the_root_does_not(machine: Machine) -> None:
    code, _ = machine.run("echo kept >/var/lib/myna/kept && sync && echo gone >/etc/gone && sync")
    assert code == 0
    serial = (machine.card.parent / "serial").read_text()
    machine.stop()  # without having been switched off
    install_in_b(machine, version="0.2.0")  # for later: every start takes minutes here
    machine.start()
    machine.wait_for(ACTIVE, limit_s=START_LIMIT_S)
    assert machine.run("grep kept /var/lib/myna/kept")[0] == 0
    assert machine.run("test ! -e /etc/gone")[0] == 0
    assert said(machine, f"{MYNA} identity")["serial"] == serial
    assert said(machine, f"{MYNA} slot")["running"] == "a"


def test_a_new_system_in_the_other_slot_is_tried_and_kept(machine: Machine) -> None:
    machine.run(f"{MYNA} slot try", limit_s=120)
    assert machine.wait_off(limit_s=300), "no trial was asked for"
    machine.start(trial=True)
    assert machine.started == (Slot.B, True)
    machine.wait_for(ACTIVE, limit_s=START_LIMIT_S)
    machine.wait_for(f'{MYNA} slot --json | grep \'"default": "b"\'', limit_s=600)
    machine.start()
    assert machine.started == (Slot.B, False)
    machine.wait_for(ACTIVE, limit_s=START_LIMIT_S)
    assert said(machine, f"{MYNA} slot")["running"] == "b"


def test_a_broken_system_is_tried_and_left(machine: Machine) -> None:
    """Slot A, now the other one, loses its root while B runs."""
    code, text = machine.run("dd if=/dev/zero of=/dev/vda5 bs=1M count=16 && sync")
    assert code == 0, text
    machine.run(f"{MYNA} slot try", limit_s=120)
    assert machine.wait_off(limit_s=300)
    machine.start(trial=True)
    assert machine.started == (Slot.A, True)
    # It panics and, ten seconds later, starts again by itself: the firmware takes the old one.
    assert not machine.wait_off(limit_s=300)
    machine.start()
    assert machine.started == (Slot.B, False)
    machine.wait_for(ACTIVE, limit_s=START_LIMIT_S)
    # Said by a unit that begins when the speaker is there.
    verdict = '"verdict": "fell_back"'
    machine.wait_for(f"journalctl -u myna-slot --no-pager -o cat | grep '{verdict}'", limit_s=600)


def install_in_b(machine: Machine, *, version: str) -> None:
    """What an update does: root and boot files into the slot that does not run."""
    machine.copy_partition(BOOT_A, BOOT_B)
    machine.copy_partition(ROOT_A, ROOT_B)
    machine.relabel(BOOT_B, "MYNA-BOOT-B")
    cmdline = machine.read(BOOT_B, "cmdline.txt").decode()
    cmdline = cmdline.replace("-05 ", "-06 ").replace("myna.slot=a", "myna.slot=b")
    machine.replace(BOOT_B, "cmdline.txt", cmdline.encode())
    machine.replace(BOOT_B, "myna.json", json.dumps({"version": version}).encode())
