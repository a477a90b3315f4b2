"""What is published with an image: manifest, Imager's list, bill of materials, licences."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.errors import ProvisioningError
from provisioning.factory import bill
from provisioning.factory.bill import (
    debian_parts,
    document,
    model_parts,
    python_parts,
    write_licences,
)
from provisioning.factory.manifest import load_verified, make_keys, parse, verify_file
from provisioning.factory.publish import publish

needs_minisign = pytest.mark.skipif(shutil.which("minisign") is None, reason="needs minisign")
MADE = datetime(2026, 3, 1, tzinfo=UTC)
STATUS = """\
Package: bash
Status: install ok installed
Version: 5.2.15-2+b7

Package: gone
Status: deinstall ok config-files
Version: 1

Package: libc6
Status: install ok installed
Version: 1:2.36-9
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    for name, data in (
        ("myna-pi-1.0.img", bytes(4096)),
        ("myna-pi-1.0.img.zst", b"packed"),
        ("myna-pi-1.0.bmap", b"map"),
        ("myna-pi-1.0.spdx.json", b"{}"),
        ("unrelated.txt", b"no"),
    ):
        (folder / name).write_bytes(data)
    return folder / "myna-pi-1.0.img"


@needs_minisign
def test_the_manifest_covers_names_sizes_and_hashes(image: Path, tmp_path: Path) -> None:
    public, secret = tmp_path / "a.pub", tmp_path / "a.key"
    make_keys(public, secret)
    files = publish(image, name="myna-pi", version="1.0", key=secret)
    assert sorted(files) == [
        "myna-pi-1.0.bmap",
        "myna-pi-1.0.img",
        "myna-pi-1.0.img.zst",
        "myna-pi-1.0.spdx.json",
    ]
    packed = image.with_name("myna-pi-1.0.img.zst")
    manifest = load_verified(packed, [public])
    assert manifest.files == files
    assert files[packed.name].sha256 == hashlib.sha256(b"packed").hexdigest()
    bmap = image.with_name("myna-pi-1.0.bmap")
    verify_file(manifest, bmap)
    bmap.write_bytes(b"mop")
    with pytest.raises(ProvisioningError, match="is not what was signed"):
        verify_file(manifest, bmap)


def test_imager_s_list(image: Path) -> None:
    publish(
        image,
        name="myna-pi",
        version="1.0",
        key=None,
        url="https://x.example/myna/",
        boards=["pi3-64bit", "pi4-64bit"],
    )
    listed = json.loads(image.with_name("myna-pi-1.0.imager.json").read_text())
    # The keys of Raspberry Pi Imager's OS list, version 4 (doc/json-schema/os-list-schema.json
    # of its repository); extract_* is of the image, image_download_* of the packed file.
    assert listed == {
        "os_list": [
            {
                "name": "Myna",
                "description": "A children's practice speaker, 1.0",
                "url": "https://x.example/myna/myna-pi-1.0.img.zst",
                "icon": "https://x.example/myna/myna.svg",
                "extract_size": 4096,
                "extract_sha256": hashlib.sha256(bytes(4096)).hexdigest(),
                "image_download_size": 6,
                "image_download_sha256": hashlib.sha256(b"packed").hexdigest(),
                "devices": ["pi3-64bit", "pi4-64bit"],
                "init_format": "cloudinit",
            }
        ]
    }


@pytest.mark.parametrize(("url", "boards"), [("", ["pi4-64bit"]), ("https://x.example", [])])
def test_no_list_is_written_that_could_not_be_used(
    image: Path, url: str, boards: list[str]
) -> None:
    publish(image, name="myna-virt", version="1.0", key=None, url=url, boards=boards)
    assert list(image.parent.glob("*.imager.json")) == []


def test_what_the_list_s_icon_names_is_published_beside_it() -> None:
    drawing = (Path(__file__).parents[3] / "image/myna.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(drawing)  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"format": 1}', b'{"format": 99}', b"\xff"])
def test_what_is_no_manifest_is_one_sentence(text: bytes) -> None:
    with pytest.raises(ProvisioningError, match=r"m\.json is (no manifest|of a later format)"):
        parse(text, "m.json")


def tree(tmp_path: Path) -> tuple[Path, Path]:
    """A root and a folder of wheels, as an image has them."""
    root, wheels = tmp_path / "root", tmp_path / "wheels"
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text(STATUS)
    for name in ("bash", "libc6"):
        (root / f"usr/share/doc/{name}").mkdir(parents=True)
        (root / f"usr/share/doc/{name}/copyright").write_text(f"licence of {name}")
    info = wheels / "numpy-2.0.dist-info"
    (info / "licenses").mkdir(parents=True)
    (info / "METADATA").write_text("Name: NumPy\nVersion: 2.0\nLicense-Expression: BSD-3-Clause\n")
    (info / "licenses/LICENSE.txt").write_text("BSD")
    models = root / "opt/myna/.venv/lib/python3.11/site-packages/dialog/models"
    (models / "wake").mkdir(parents=True)
    (models / "ears.onnx").write_bytes(b"weights")
    (models / "wake/phones.npz").write_bytes(b"more")
    (models / "NOTICE.md").write_text("MIT")
    (root / "usr/share/doc/myna").mkdir(parents=True)
    (root / "usr/share/doc/myna/LICENSE").write_text("Apache")
    return root, wheels


def test_the_bill_names_every_part_and_where_it_is_from(tmp_path: Path) -> None:
    root, wheels = tree(tmp_path)
    parts = [*debian_parts(root), *python_parts(wheels), *model_parts(root)]
    made = document(parts, name="myna-pi", version="1.0", made=MADE)
    assert made["spdxVersion"] == "SPDX-2.3"
    packages = {each["name"]: each for each in made["packages"]}
    assert sorted(packages) == [
        *("bash", "libc6", "models/ears.onnx", "models/wake/phones.npz", "myna-pi", "numpy")
    ]
    assert packages["numpy"]["licenseDeclared"] == "BSD-3-Clause"
    found = {
        each["externalRefs"][0]["referenceLocator"]
        for each in made["packages"]
        if "externalRefs" in each
    }
    assert found == {
        "pkg:deb/debian/bash@5.2.15-2%2Bb7",
        "pkg:deb/debian/libc6@1%3A2.36-9",
        "pkg:pypi/numpy@2.0",
        f"pkg:generic/models/ears.onnx@{hashlib.sha256(b'weights').hexdigest()}",
        f"pkg:generic/models/wake/phones.npz@{hashlib.sha256(b'more').hexdigest()}",
    }
    named = {each["SPDXID"] for each in made["packages"]}
    assert len(named) == len(made["packages"])
    related = {each["relatedSpdxElement"] for each in made["relationships"]}
    assert related == named
    again = document(list(reversed(parts)), name="myna-pi", version="1.0", made=MADE)
    assert again == made


def test_the_licences_lie_beside_it_and_are_the_same_bytes(tmp_path: Path) -> None:
    root, wheels = tree(tmp_path)
    for name in ("one.zip", "two.zip"):
        write_licences(root, wheels, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert sorted(archive.namelist()) == [
            "debian/bash",
            "debian/libc6",
            "myna/LICENSE",
            "myna/dialog-models-NOTICE.md",
            "python/numpy-2.0.dist-info/licenses/LICENSE.txt",
        ]


def test_the_command_writes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, wheels = tree(tmp_path)
    out = tmp_path / "x.spdx.json"
    words = ["bill", str(root), str(wheels), "--name", "myna-pi", "--version", "1.0"]
    monkeypatch.setattr("sys.argv", [*words, "--epoch", "1772323200", "--out", str(out)])
    assert bill.main() == 0
    assert json.loads(out.read_text())["creationInfo"]["created"] == "2026-03-01T00:00:00Z"
    assert (tmp_path / "x.licences.zip").exists()
