"""A sheet of labels: serial, how to set the box up, and a QR code that joins its Wi-Fi."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ProvisioningError
from provisioning.identity import DeviceIdentity

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_POINTS_PER_MM = 72 / 25.4
_MARGIN_MM = 2.5


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of labels as makers sell it; all lengths in millimetres.

    Attributes:
        page: Width and height.
        grid: Columns and rows.
        label: Width and height of one.
        origin: From the page's left and top edge to the first label.
        pitch: From one label to the next, across and down.
    """

    page: tuple[float, float]
    grid: tuple[int, int]
    label: tuple[float, float]
    origin: tuple[float, float]
    pitch: tuple[float, float]


SHEETS = {
    # Avery 3474, L7159 and the like: 24 of 70 by 37 mm without gaps
    "a4-24": Sheet((210.0, 297.0), (3, 8), (70.0, 37.0), (0.0, 0.5), (70.0, 37.0)),
    # Avery L7160: 21 of 63.5 by 38.1 mm
    "a4-21": Sheet((210.0, 297.0), (3, 7), (63.5, 38.1), (7.25, 15.15), (66.0, 38.1)),
    # Avery 5160: 30 of 2 5/8 by 1 inch
    "letter-30": Sheet((215.9, 279.4), (3, 10), (66.675, 25.4), (4.7625, 12.7), (69.85, 25.4)),
}


def wifi_code(identity: DeviceIdentity) -> str:
    """What phones understand as "join this network" (ZXing's format)."""
    return f"WIFI:T:WPA;S:{_quoted(identity.setup_ssid)};P:{_quoted(identity.setup_password)};;"


def write_labels(output: Path, identities: list[DeviceIdentity], sheet_name: str) -> None:
    """Write a PDF with one label for each identity.

    Args:
        output: The PDF. It holds set-up passwords and is readable by its owner alone.
        identities: In the order of the labels.
        sheet_name: One of `SHEETS`.

    Raises:
        ProvisioningError: No such sheet, reportlab is missing, or the file cannot be written.
    """
    try:
        from reportlab.pdfgen.canvas import Canvas
    except ImportError as error:
        raise ProvisioningError("labels need reportlab; run make setup FOR=test first") from error
    sheet = SHEETS.get(sheet_name)
    if sheet is None:
        raise ProvisioningError(f"there is no sheet {sheet_name}; there are {', '.join(SHEETS)}")
    page = (sheet.page[0] * _POINTS_PER_MM, sheet.page[1] * _POINTS_PER_MM)
    try:
        output.touch(mode=0o600)
        # Invariant: the same labels give the same bytes.
        canvas = Canvas(str(output), pagesize=page, invariant=True)
        canvas.setTitle("Myna labels")
        per_page = sheet.grid[0] * sheet.grid[1]
        for number, identity in enumerate(identities):
            if number and number % per_page == 0:
                canvas.showPage()
            _draw(canvas, sheet, number % per_page, identity)
        canvas.save()
    except OSError as error:
        raise ProvisioningError(f"{output} cannot be written ({error.strerror})") from error


def _draw(canvas: Canvas, sheet: Sheet, place: int, identity: DeviceIdentity) -> None:
    """One label; place 0 is top left, counted across."""
    across, down = place % sheet.grid[0], place // sheet.grid[0]
    left_mm = sheet.origin[0] + across * sheet.pitch[0] + _MARGIN_MM
    top_mm = sheet.page[1] - sheet.origin[1] - down * sheet.pitch[1] - _MARGIN_MM
    code_mm = min(sheet.label[1] - 2 * _MARGIN_MM, 28.0)
    _draw_code(canvas, wifi_code(identity), left_mm, top_mm - code_mm, code_mm)
    text_mm = left_mm + code_mm + 2.0
    lines = (
        ("Helvetica-Bold", 9.0, identity.serial),
        ("Helvetica", 7.0, f"Wi-Fi  {identity.setup_ssid}"),
        ("Courier-Bold", 8.0, identity.setup_password),
        ("Helvetica", 5.5, "Scan to join, then open http://10.42.0.1"),
        ("Helvetica", 5.5, "and follow the steps to pair."),
    )
    width_mm = sheet.label[0] - code_mm - 2.0 - 2 * _MARGIN_MM
    at_mm = top_mm
    for font, points, text in lines:
        points = _fitting(canvas, text, font, points, width_mm)  # noqa: PLW2901 - the size drawn
        at_mm -= points * 1.35 / _POINTS_PER_MM
        canvas.setFont(font, points)
        canvas.drawString(text_mm * _POINTS_PER_MM, at_mm * _POINTS_PER_MM, text)


def _fitting(canvas: Canvas, text: str, font: str, points: float, width_mm: float) -> float:
    """The size at which a text is no wider than that, at most `points`."""
    wide: float = canvas.stringWidth(text, font, points) / _POINTS_PER_MM
    return points * min(1.0, width_mm / wide)


def _draw_code(canvas: Canvas, text: str, left_mm: float, bottom_mm: float, side_mm: float) -> None:
    from reportlab.graphics import renderPDF
    from reportlab.graphics.barcode.qr import QrCodeWidget
    from reportlab.graphics.shapes import Drawing

    side = side_mm * _POINTS_PER_MM
    drawing = Drawing(side, side)
    drawing.add(QrCodeWidget(text, barWidth=side, barHeight=side, barLevel="M", barBorder=2))
    renderPDF.draw(drawing, canvas, left_mm * _POINTS_PER_MM, bottom_mm * _POINTS_PER_MM)


def _quoted(text: str) -> str:
    return "".join(f"\\{letter}" if letter in '\\;,:"' else letter for letter in text)
