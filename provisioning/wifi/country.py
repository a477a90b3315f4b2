"""The country whose rules hold on the air, kept for the part of the system that may set it.

Only root may: ``systemd/myna-country.path`` waits for the file that is written here.
"""

from __future__ import annotations

import re
from pathlib import Path

from provisioning.private_files import write_private

FILE_NAME = "wifi-country"
_CODE = re.compile(r"[A-Z]{2}")


class CountryFile:
    """Two letters in a file.

    Args:
        folder: Of the speaker's state; None keeps it in memory.
        usual: What holds while nobody said; from the bench or the first card.
    """

    def __init__(self, folder: Path | None, usual: str = "") -> None:
        self._path = None if folder is None else folder / FILE_NAME
        self.code = self._read() or (usual if _CODE.fullmatch(usual) else "")

    def set(self, code: str) -> None:
        """Keep another country; nothing happens for none, or for the same.

        Raises:
            OSError: It cannot be written; it holds in memory all the same.
            ValueError: It is no code.
        """
        if not code or (code == self.code and self._read() == code):
            return
        if not _CODE.fullmatch(code):
            raise ValueError("a country is two capital letters")
        self.code = code
        if self._path is not None:
            write_private(self._path, f"{code}\n".encode("ascii"))

    def _read(self) -> str:
        try:
            text = "" if self._path is None else self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""
        return text if _CODE.fullmatch(text) else ""
