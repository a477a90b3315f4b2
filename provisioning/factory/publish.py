"""What is published with an image: manifest, signature, and an entry for Raspberry Pi Imager.

``python -m provisioning.factory.publish X.img --name … --version … [--key SECRET]
[--url … --boards …]``
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import SpeakerError
from provisioning.factory.manifest import FileEntry, Manifest, file_entry, manifest_of, sign

_PUBLISHED = (".img.zst", ".img.xz", ".img", ".bmap", ".spdx.json", ".licences.zip")
_ICON = "myna.svg"


def publish(
    image: Path,
    *,
    name: str,
    version: str,
    key: Path | None,
    url: str = "",
    boards: Sequence[str] = (),
) -> dict[str, FileEntry]:
    """Write ``X.manifest.json``, sign it where there is a key; for boards also ``X.imager.json``.

    Args:
        image: ``X.img``; what lies beside it under the same name is published with it.
        name: ``myna-pi``.
        version: Of the firmware.
        key: minisign's secret key.
        url: The folder that all of it will be downloaded from; without one there is no list.
        boards: Imager's names of what the image starts on; none for an image of no board.

    Returns:
        The files, by name.
    """
    base = image.name.removesuffix(".img")
    found = {f"{base}{end}": image.with_name(f"{base}{end}") for end in _PUBLISHED}
    files = {each: file_entry(path) for each, path in found.items() if path.is_file()}
    manifest = Manifest(name, version, files[image.name], files)
    path = manifest_of(image)
    path.write_text(manifest.to_json(), encoding="utf-8")
    if key is not None:
        sign(path, key)
    if url and boards:
        listed = image.with_name(f"{base}.imager.json")
        text = json.dumps(os_list(manifest, base, url, boards), indent=1)
        listed.write_text(text + "\n", encoding="utf-8")
    return files


def os_list(manifest: Manifest, base: str, url: str, boards: Sequence[str]) -> dict[str, Any]:
    """A list with one system, for Imager's "custom repository" (its OS list, version 4)."""
    packed = next(each for each in (f"{base}.img.xz", f"{base}.img.zst") if each in manifest.files)
    entry = manifest.files[packed]
    return {
        "os_list": [
            {
                "name": "Myna",
                "description": f"A children's practice speaker, {manifest.version}",
                "url": f"{url.rstrip('/')}/{packed}",
                "icon": f"{url.rstrip('/')}/{_ICON}",
                "extract_size": manifest.image.size_bytes,
                "extract_sha256": manifest.image.sha256,
                "image_download_size": entry.size_bytes,
                "image_download_sha256": entry.sha256,
                "devices": list(boards),
                "init_format": "cloudinit",
            }
        ]
    }


def main() -> int:
    """Returns 0, or 1 with a sentence."""
    parser = argparse.ArgumentParser()
    parser.add_argument("image", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--url", default="")
    parser.add_argument("--boards", nargs="*", default=[])
    args = parser.parse_args()
    try:
        publish(
            args.image,
            name=args.name,
            version=args.version,
            key=args.key,
            url=args.url,
            boards=args.boards,
        )
    except SpeakerError as error:
        sys.stderr.write(f"image: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
