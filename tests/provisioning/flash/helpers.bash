# What the tests of flash.sh share: a small signed image, and cards that lsblk tells of.
# shellcheck shell=bash
# What bats sets and what the tests read, shellcheck cannot see from here:
# shellcheck disable=SC2034,SC2154,SC2119,SC2120

REPO=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
PYTHON=$REPO/.venv/bin/python
[[ -x $PYTHON ]] || PYTHON=python3

common_setup() {
    cd "$BATS_TEST_TMPDIR" || return
    export HOME=$BATS_TEST_TMPDIR/home
    unset SUDO_USER
    mkdir -p "$HOME" bin
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
    IMAGE=$BATS_FILE_TMPDIR/myna-test.img.zst
    KEY=$BATS_FILE_TMPDIR/test.pub
    LEDGER="$BATS_TEST_TMPDIR/the ledger"
    fake_lsblk
}

# Once a file: an image of 12 MiB with a FAT partition, packed, and signed with a key of its own.
make_image() {
    local raw=$BATS_FILE_TMPDIR/myna-test.img
    truncate -s 12M "$raw"
    printf 'label: dos\nlabel-id: 0x4d594e41\n2048,8192,c,*\n' | sfdisk -q "$raw"
    mformat -i "$raw@@1M" -T 8192 -h 1 -s 1 ::
    mmd -i "$raw@@1M" ::myna
    printf '{"name": "myna-test", "version": "1.0"}' >"$BATS_FILE_TMPDIR/image.json"
    mcopy -i "$raw@@1M" "$BATS_FILE_TMPDIR/image.json" ::myna/image.json
    dd if=/dev/urandom of="$raw" bs=1M seek=6 count=6 conv=notrunc status=none
    zstd -q "$raw"
    xz -k -0 "$raw"
    minisign -GW -p "$BATS_FILE_TMPDIR/test.pub" -s "$BATS_FILE_TMPDIR/test.key" >/dev/null
    sign_image
}

sign_image() {
    PYTHONPATH=$REPO "$PYTHON" - "$BATS_FILE_TMPDIR" "${1:-$BATS_FILE_TMPDIR/test.key}" <<'PYTHON'
import sys
from pathlib import Path
from provisioning.factory.manifest import Manifest, file_entry, sign
folder, key = map(Path, sys.argv[1:])
images = sorted(folder.glob("myna-test.img*"))
files = {path.name: file_entry(path) for path in images}
manifest = folder / "myna-test.manifest.json"
manifest.write_text(Manifest("myna-test", "1.0", files["myna-test.img"], files).to_json())
sign(manifest, key)
PYTHON
}

# An lsblk that tells of the cards in cards.json; `card` adds to it.
fake_lsblk() {
    echo '{"blockdevices": []}' >cards.json
    cat >bin/lsblk <<LSBLK
#!/bin/sh
cat "$BATS_TEST_TMPDIR/cards.json"
LSBLK
    chmod +x bin/lsblk
}

# card NAME [KEY=JSON…]: a file as a card of 64 MiB, and how lsblk tells of it.
card() {
    local name=$1 path
    shift
    path=$BATS_TEST_TMPDIR/$name
    [[ -e $path ]] || truncate -s 64M "$path"
    "$PYTHON" - "$name" "$path" "$@" <<'PYTHON'
import json, os, sys
name, path, *changes = sys.argv[1:]
disk = {"name": name, "path": path, "maj:min": "8:16", "type": "disk", "rm": True,
        "size": os.path.getsize(path), "model": "Test Card", "serial": f"S-{name}",
        "hotplug": True, "ro": False, "mountpoints": [None], "fstype": None}
disk |= {key: json.loads(value) for key, value in (each.split("=", 1) for each in changes)}
with open("cards.json") as file:
    told = json.load(file)
told["blockdevices"].append(disk)
with open("cards.json", "w") as file:
    json.dump(told, file)
PYTHON
}

flash() { "$REPO/flash.sh" --key "$KEY" --ledger "$LEDGER" --operator tester "$@"; }

holds_image() {
    # All but the boot partition, which now carries the card's own name.
    cmp -n 512 "$1" "$BATS_FILE_TMPDIR/myna-test.img" &&
        cmp -i 6291456 -n 6291456 "$1" "$BATS_FILE_TMPDIR/myna-test.img"
}

startable() { [[ $(dd if="$1" bs=1 skip=510 count=2 status=none | xxd -p) == 55aa ]]; }

refused() {
    [[ $status -ne 0 ]] || { echo "was not refused"; return 1; }
    [[ $output == *"$1"* ]] || { echo "said: $output"; return 1; }
}
