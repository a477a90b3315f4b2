"""Signs as a publisher of updates does: a repository of The Update Framework in a folder."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from provisioning.update_source import KIND

ROLES = ("root", "targets", "snapshot", "timestamp")


class Publisher:
    """Signs as a publisher does, into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signers = {role: CryptoSigner.generate_ed25519() for role in ROLES}
        self.version = 0
        self.target_files: dict[str, TargetFile] = {}
        for part in ("metadata", "targets"):
            (folder / part).mkdir(parents=True)
        keys = {s.public_key.keyid: s.public_key for s in self.signers.values()}
        roles = {role: Role([self.signers[role].public_key.keyid], 1) for role in ROLES}
        root = Metadata(Root(1, expires=_in_days(30), keys=keys, roles=roles))
        root.signed.consistent_snapshot = False
        root.sign(self.signers["root"])
        self.root = root.to_bytes()

    def release(
        self,
        path: str,
        data: bytes,
        version: str,
        *,
        kind: str = "app",
        expires_in_days: int = 7,
    ) -> None:
        """Publish one more file."""
        self.version += 1
        file = self.folder / "targets" / path
        file.write_bytes(data)
        target = TargetFile.from_data(path, data)
        target.unrecognized_fields["custom"] = {KIND: kind, "version": version}
        self.target_files[path] = target
        expires, meta = _in_days(expires_in_days), MetaFile(self.version)
        self._write("targets", Metadata(Targets(self.version, targets=self.target_files)))
        self._write("snapshot", Metadata(Snapshot(self.version, meta={"targets.json": meta})))
        timestamp = Timestamp(self.version, expires=expires, snapshot_meta=MetaFile(self.version))
        self._write("timestamp", Metadata(timestamp))

    def _write(self, role: str, whole: Metadata[Any]) -> None:
        if role != "timestamp":
            whole.signed.expires = _in_days(7)
        whole.sign(self.signers[role])
        whole.to_file(str(self.folder / "metadata" / f"{role}.json"))


def _in_days(days: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def tar(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
