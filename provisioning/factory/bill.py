"""The bill of materials of an image (SPDX 2.3) and the licences of all that is in it.

``python -m provisioning.factory.bill TREE WHEELS --name … --version … --epoch … --out X.spdx.json``
also writes ``X.licences.zip``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_string
from pathlib import Path
from typing import Any

_UNKNOWN = "NOASSERTION"
_MODELS = "opt/myna/.venv/lib/*/site-packages/*/models"
_OWN_LICENCE = "usr/share/doc/myna/LICENSE"
_LICENCE_FILES = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)[^/]*$")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A package in the image.

    Attributes:
        kind: ``deb``, ``pypi`` or ``generic`` (a model), as package URLs name it.
        name: Its name.
        version: Its version; of a model, the SHA-256 of its file.
        licence: As its own metadata states it; ``NOASSERTION`` where that is no SPDX expression.
    """

    kind: str
    name: str
    version: str
    licence: str

    @property
    def url(self) -> str:
        """The package URL."""
        version = self.version.replace("+", "%2B").replace(":", "%3A")
        where = f"debian/{self.name}" if self.kind == "deb" else self.name
        return f"pkg:{self.kind}/{where}@{version}"


def debian_parts(tree: Path) -> Iterator[Part]:
    """Debian packages that are installed in a tree."""
    status = (tree / "var/lib/dpkg/status").read_text(encoding="utf-8")
    for paragraph in status.strip().split("\n\n"):
        fields = message_from_string(paragraph)
        if fields["Status"] == "install ok installed":
            yield Part("deb", fields["Package"], fields["Version"], _UNKNOWN)


def python_parts(wheels: Path) -> Iterator[Part]:
    """Python packages in a folder that pip installed into."""
    for path in wheels.glob("*.dist-info/METADATA"):
        fields = message_from_string(path.read_text(encoding="utf-8"))
        licence = fields["License-Expression"] or _UNKNOWN
        yield Part("pypi", fields["Name"].lower(), fields["Version"], licence)


def model_parts(tree: Path) -> Iterator[Part]:
    """Models that the application ships, one a file: who made what of them, their NOTICE says."""
    for folder in sorted(tree.glob(_MODELS)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".md":
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                yield Part("generic", path.relative_to(folder.parent).as_posix(), digest, _UNKNOWN)


def document(parts: list[Part], *, name: str, version: str, made: datetime) -> dict[str, Any]:
    """An SPDX document that says what the image consists of."""
    packages = [_package("SPDXRef-Image", name, version, _UNKNOWN)]
    relations = [_relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image")]
    for part in sorted(parts):
        reference = f"SPDXRef-{part.kind}-{re.sub(r'[^A-Za-z0-9.-]', '-', part.name)}"
        package = _package(reference, part.name, part.version, part.licence)
        package["externalRefs"] = [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": part.url,
            }
        ]
        packages.append(package)
        relations.append(_relation("SPDXRef-Image", "CONTAINS", reference))
    digest = hashlib.sha256(repr((name, version, sorted(parts))).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{name}-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{version}-{digest[:32]}",
        "creationInfo": {
            "created": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: myna-image-build"],
        },
        "packages": packages,
        "relationships": relations,
    }


def write_licences(tree: Path, wheels: Path, output: Path) -> None:
    """Every licence text in the image as one zip; the same texts give the same bytes."""
    texts = {f"debian/{path.parent.name}": path for path in tree.glob("usr/share/doc/*/copyright")}
    for path in wheels.glob("*.dist-info/**/*"):
        if path.is_file() and _LICENCE_FILES.search(path.name):
            texts[f"python/{path.relative_to(wheels)}"] = path
    texts["myna/LICENSE"] = tree / _OWN_LICENCE
    for path in tree.glob(f"{_MODELS}/NOTICE.md"):
        texts[f"myna/{path.parent.parent.name}-models-NOTICE.md"] = path
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(texts.items()):
            if path.is_file():  # a link may lead to another package's, or nowhere
                archive.writestr(zipfile.ZipInfo(name), path.read_bytes())


def main() -> int:
    """Write both files."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tree", type=Path)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--epoch", type=int, required=True, help="seconds since 1970, for the date")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    parts = [*debian_parts(args.tree), *python_parts(args.wheels), *model_parts(args.tree)]
    made = datetime.fromtimestamp(args.epoch, UTC)
    bill = document(parts, name=args.name, version=args.version, made=made)
    args.out.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    licences = args.out.with_name(args.out.name.removesuffix(".spdx.json") + ".licences.zip")
    write_licences(args.tree, args.wheels, licences)
    return 0


def _package(reference: str, name: str, version: str, licence: str) -> dict[str, Any]:
    return {
        "SPDXID": reference,
        "name": name,
        "versionInfo": version,
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": False,
        "licenseConcluded": _UNKNOWN,
        "licenseDeclared": licence,
        "copyrightText": _UNKNOWN,
    }


def _relation(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


if __name__ == "__main__":
    sys.exit(main())
