"""Labels as a printer and a phone see them: drawn as pictures, looked at, their codes read."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from core.errors import ProvisioningError
from provisioning.factory.labels import SHEETS, Sheet, wifi_code, write_labels
from provisioning.identity import DeviceIdentity, new_identity

DPI = 200
PIXELS_PER_MM = DPI / 25.4
WHITE = 250
"""Of 255: darker is ink."""

pytest.importorskip("reportlab")
needs_pictures = pytest.mark.skipif(
    shutil.which("pdftoppm") is None, reason="needs pdftoppm (apt-get install poppler-utils)"
)


def page_of(pdf: Path, number: int = 1) -> np.ndarray:
    """A page as grey values, one row a line of pixels."""
    command = ["pdftoppm", "-gray", "-r", str(DPI), "-f", str(number), "-l", str(number)]
    raw = subprocess.run([*command, str(pdf)], capture_output=True, check=True).stdout
    header = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", raw)
    assert header
    width, height = int(header[1]), int(header[2])
    return np.frombuffer(raw[header.end() :], np.uint8).reshape(height, width)


def box(sheet: Sheet, place: int) -> tuple[slice, slice]:
    """Where on the picture a label lies: rows and columns."""
    across, down = place % sheet.grid[0], place // sheet.grid[0]
    left = sheet.origin[0] + across * sheet.pitch[0]
    top = sheet.origin[1] + down * sheet.pitch[1]
    edges = (top, top + sheet.label[1], left, left + sheet.label[0])
    rows_from, rows_to, columns_from, columns_to = (round(e * PIXELS_PER_MM) for e in edges)
    return slice(rows_from, rows_to), slice(columns_from, columns_to)


@pytest.fixture(params=sorted(SHEETS))
def sheet_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def identities(count: int) -> list[DeviceIdentity]:
    return [new_identity() for _ in range(count)]


@needs_pictures
def test_every_label_has_ink_and_none_beyond_its_edge(tmp_path: Path, sheet_name: str) -> None:
    sheet = SHEETS[sheet_name]
    per_page = sheet.grid[0] * sheet.grid[1]
    write_labels(tmp_path / "labels.pdf", identities(per_page), sheet_name)
    page = page_of(tmp_path / "labels.pdf").copy()
    assert page.shape == tuple(round(side * PIXELS_PER_MM) for side in reversed(sheet.page))
    margin = round(1.5 * PIXELS_PER_MM)  # printers and stickers are off by a millimetre
    for place in range(per_page):
        rows, columns = box(sheet, place)
        label = page[rows, columns]
        inner = label[margin:-margin, margin:-margin]
        assert 0.05 < np.mean(inner < WHITE) < 0.6
        label[margin:-margin, margin:-margin] = 255
    assert np.all(page >= WHITE), "ink between the labels"


@needs_pictures
@pytest.mark.skipif(shutil.which("zbarimg") is None, reason="needs zbarimg (zbar-tools)")
def test_a_phone_reads_every_code(tmp_path: Path, sheet_name: str) -> None:
    made = identities(3)
    write_labels(tmp_path / "labels.pdf", made, sheet_name)
    page = page_of(tmp_path / "labels.pdf")
    for place, identity in enumerate(made):
        label = np.pad(page[box(SHEETS[sheet_name], place)], 20, constant_values=255)
        picture = tmp_path / f"{place}.pgm"
        picture.write_bytes(b"P5 %d %d 255\n" % label.shape[::-1] + label.tobytes())
        command = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(picture)]
        read = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert read.strip() == wifi_code(identity)


@needs_pictures
def test_people_read_the_serial_the_network_and_the_hint(tmp_path: Path, sheet_name: str) -> None:
    made = identities(2)
    write_labels(tmp_path / "labels.pdf", made, sheet_name)
    command = ["pdftotext", "-layout", str(tmp_path / "labels.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for identity in made:
        for wanted in (identity.serial, identity.setup_ssid, identity.setup_password):
            assert wanted in text
    assert text.count("http://10.42.0.1") == 2


def test_a_second_page_begins_where_the_first_is_full(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels.pdf", identities(25), "a4-24")
    assert b"/Count 2" in (tmp_path / "labels.pdf").read_bytes()


def test_the_same_labels_are_the_same_file_and_nobody_elses(tmp_path: Path) -> None:
    made = identities(2)
    for name in ("one.pdf", "two.pdf"):
        write_labels(tmp_path / name, made, "a4-21")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
    assert (tmp_path / "one.pdf").stat().st_mode & 0o077 == 0


def test_odd_letters_are_quoted_in_the_code() -> None:
    identity = DeviceIdentity("MY-0000-0000", "myna", 'a;b,c:d"e\\f')
    assert wifi_code(identity) == 'WIFI:T:WPA;S:Myna-0000;P:a\\;b\\,c\\:d\\"e\\\\f;;'


def test_a_sheet_that_does_not_exist_and_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="there are a4-24, a4-21, letter-30"):
        write_labels(tmp_path / "x.pdf", identities(1), "a5-1")
    with pytest.raises(ProvisioningError, match="cannot be written"):
        write_labels(tmp_path / "no" / "x.pdf", identities(1), "a4-24")
