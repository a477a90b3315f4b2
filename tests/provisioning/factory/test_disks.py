"""Which disks are never written to, each refusal by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import ProvisioningError
from provisioning.factory.disks import LIMIT_BYTES, choose_all, objections, parse_lsblk, size
from provisioning.factory.ports import Disk

GB = 10**9


def entry(name: str, **changes: object) -> dict[str, Any]:
    """A disk as lsblk tells it: a card of 32 GB in a reader."""
    usual = {
        "name": name,
        "path": f"/dev/{name}",
        "maj:min": "8:16 ",
        "type": "disk",
        "size": 32 * GB,
        "model": "SD Reader ",
        "serial": "0001",
        "rm": True,
        "hotplug": True,
        "ro": False,
        "mountpoints": [None],
        "fstype": None,
    }
    return usual | {key.replace("maj_min", "maj:min"): value for key, value in changes.items()}


def disks(*entries: dict[str, Any]) -> list[Disk]:
    return parse_lsblk(json.dumps({"blockdevices": list(entries)}))


CARD = entry("sdb")
PARTITION = entry("sdb1", type="part")


def said(
    disk: dict[str, Any], *, limit_bytes: int = LIMIT_BYTES, really: tuple[str, ...] = ()
) -> list[str]:
    told = disks(disk)[0]
    return objections(told, needed_bytes=2 * GB, limit_bytes=limit_bytes, really=really)


def test_a_card_is_taken() -> None:
    assert said(CARD) == []
    assert said(CARD | {"children": [PARTITION]}) == []


@pytest.mark.parametrize(
    ("disk", "sentence"),
    [
        (CARD | {"mountpoints": ["/"]}, "it holds the running system (/)"),
        (
            CARD | {"children": [PARTITION | {"mountpoints": ["/media/me/CARD"]}]},
            "it is in use (/media/me/CARD); unmount it first",
        ),
        (
            CARD
            | {
                "children": [
                    PARTITION
                    | {"children": [entry("root", type="crypt", mountpoints=["/", "/home"])]}
                ]
            },
            "it holds the running system (crypt root, /, /home)",
        ),
        (CARD | {"children": [entry("md0", type="raid1")]}, "it is in use (raid1 md0)"),
        (CARD | {"children": [PARTITION | {"fstype": "zfs_member"}]}, "it is in use (ZFS on sdb1)"),
        (CARD | {"children": [PARTITION | {"mountpoints": ["[SWAP]"]}]}, "running system ([SWAP])"),
        (PARTITION, "it is a partition; name the whole card"),
        (CARD | {"type": "rom"}, "it is no disk but of the kind rom"),
        (CARD | {"size": 0}, "there is no card in it"),
        (CARD | {"size": GB}, "it holds 1 GB, the image 2 GB; take a larger card"),
        (CARD | {"size": 500 * GB}, "it is larger than 256 GB"),
        (CARD | {"ro": True}, "it is read-only; move the little lock"),
        (CARD | {"rm": False, "hotplug": False}, "it is not removable"),
    ],
)
def test_refused(disk: dict[str, Any], sentence: str) -> None:
    assert [sentence in each for each in said(disk)] == [True]


def test_only_not_being_removable_can_be_insisted_on() -> None:
    inner = CARD | {"rm": False, "hotplug": False}
    assert said(inner, really=("/dev/sdb",)) == []
    assert said(inner, really=("/dev/sdc",)) != []
    assert said(inner | {"mountpoints": ["/"]}, really=("/dev/sdb",)) != []


def test_a_larger_card_is_taken_when_said() -> None:
    assert said(CARD | {"size": 500 * GB}, limit_bytes=512 * GB) == []


def test_the_same_card_twice_is_refused_also_by_another_name(tmp_path: Path) -> None:
    device = tmp_path / "sdb"
    device.touch()
    link = tmp_path / "by id"
    link.symlink_to(device)
    there = disks(CARD | {"path": str(device)})
    with pytest.raises(ProvisioningError, match="it is named twice"):
        choose_all([str(device), str(link)], there, needed_bytes=GB)
    assert choose_all([str(link)], there, needed_bytes=GB) == there


def test_everything_wrong_is_said_at_once() -> None:
    there = disks(CARD | {"ro": True}, entry("sdc", mountpoints=["/mnt"]))
    with pytest.raises(ProvisioningError) as raised:
        choose_all(["/dev/sdb", "/dev/sdc", "/dev/sdd"], there, needed_bytes=GB)
    lines = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["/dev/sdb", "/dev/sdc", "/dev/sdd"]


def test_an_answer_that_is_none_is_explained() -> None:
    with pytest.raises(ProvisioningError, match="update util-linux"):
        parse_lsblk('{"blockdevices": [{"name": "sda"}]}')


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (2048, "2.05 kB"), (31_914_983_424, "31.91 GB")]
)
def test_sizes_are_said_as_on_a_card(count: int, text: str) -> None:
    assert size(count) == text
