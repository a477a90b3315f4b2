#!/usr/bin/env bats
# flash.sh, on files that a fake lsblk tells of, and on loop devices where the machine has them.
#
# Every test is a subshell of its own, as bats means it:
# shellcheck disable=SC2030,SC2031,SC2034

bats_require_minimum_version 1.5.0
load helpers

setup_file() { load helpers; make_image; }
setup() { common_setup; }
teardown() { [[ -z ${LOOP:-} ]] || losetup -d "$LOOP"; }

# ------------------------------------------------------------------------------------ refused

refuses() {
    local sentence=$1
    shift
    run flash --yes "$IMAGE" "$@"
    refused "$sentence"
}

@test "a disk that holds the running system" {
    card sda 'mountpoints=["/"]'
    refuses "it holds the running system (/)" sda --yes-really sda
}

@test "a mounted card" {
    card sdb 'mountpoints=["/media/me/CARD"]'
    refuses "it is in use (/media/me/CARD); unmount it first" sdb
}

@test "a partition" {
    card sdb1 'type="part"'
    refuses "it is a partition; name the whole card" sdb1
}

@test "a read-only card" {
    card sdb 'ro=true'
    refuses "it is read-only; move the little lock" sdb
}

@test "a card larger than the limit" {
    card sdb
    refuses "it is larger than 10 MB" sdb --limit 0.01
}

@test "a card smaller than the image" {
    truncate -s 8M small
    card small
    refuses "take a larger card" small
}

@test "a disk that is not removable, unless insisted on by its name" {
    card sdb 'rm=false' 'hotplug=false'
    refuses "it is not removable; if it is a card all the same, say --yes-really" sdb
    refuses "it is not removable" --yes-really other sdb
    flash --yes --yes-really sdb "$IMAGE" sdb
    holds_image sdb
}

@test "the same card twice, by two names" {
    card sdb
    ln -s sdb "by id"
    refuses "it is named twice" sdb "by id"
}

@test "a disk that is not there" {
    refuses "there is no such disk; ./flash.sh --list shows what there is" sdq
}

@test "nothing is written to any card when one is refused" {
    card good
    card bad 'ro=true'
    refuses "read-only" good bad
    [[ $(tr -d '\0' <good | wc -c) == 0 ]]
}

@test "an image without a signature" {
    card sdb
    cp "$IMAGE" "$BATS_TEST_TMPDIR/alone.img.zst"
    IMAGE=$BATS_TEST_TMPDIR/alone.img.zst
    refuses "is not signed: alone.manifest.json is missing" sdb
}

@test "an image signed by somebody else" {
    card sdb
    minisign -GW -p other.pub -s other.key >/dev/null
    KEY=$BATS_TEST_TMPDIR/other.pub
    refuses "the signature is wrong" sdb
}

@test "a manifest that was changed after it was signed" {
    card sdb
    copy_image
    sed -i 's/"1.0"/"1.1"/' myna-test.manifest.json
    refuses "the signature is wrong" sdb
}

@test "a truncated image" {
    card sdb
    copy_image
    truncate -s -1000 "$IMAGE"
    refuses "it was cut short or changed, download it again" sdb
}

@test "a renamed image" {
    card sdb
    copy_image
    mv myna-test.img.zst other.img.zst
    cp myna-test.manifest.json other.manifest.json
    cp myna-test.manifest.json.minisig other.manifest.json.minisig
    IMAGE=$PWD/other.img.zst
    refuses "signed, but for another image" sdb
}

@test "an image of the right size with other contents makes no card usable" {
    card sdb
    copy_image
    printf 'xxxx' | dd of=myna-test.img bs=1 seek=9000000 conv=notrunc status=none
    IMAGE=$PWD/myna-test.img
    refuses "is not what was signed" sdb
    run ! startable sdb
}

@test "no public key at all" {
    card sdb
    run "$REPO/flash.sh" --ledger "$LEDGER" --yes "$IMAGE" sdb
    [[ $status -ne 0 ]]
    run ! startable sdb
}

@test "wrong usage" {
    run "$REPO/flash.sh" --frobnicate
    [[ $status == 2 && $output == *"there is no option --frobnicate"* ]]
    run "$REPO/flash.sh" "$IMAGE"
    [[ $status == 2 && $output == *"name an image and at least one card"* ]]
    run flash --limit much "$IMAGE" sdb
    [[ $status == 2 ]]
}

@test "whoever does not say yes" {
    card sdb
    run flash "$IMAGE" sdb <<<"no"
    refused "nothing was written"
    run flash "$IMAGE" sdb </dev/null
    refused "nothing was written"
    [[ $(tr -d '\0' <sdb | wc -c) == 0 ]]
}

# ------------------------------------------------------------------------------------ written

copy_image() {
    cp "$BATS_FILE_TMPDIR"/myna-test.* .
    IMAGE=$PWD/myna-test.img.zst
}

@test "model, size and serial are shown and the question answered" {
    card sdb
    run flash "$IMAGE" sdb <<<"yes"
    [[ $status == 0 ]]
    [[ $output == *"67.1 MB  Test Card  serial S-sdb"* ]]
    [[ $output == *"GOOD"*"MY-"* ]]
    holds_image sdb
    startable sdb
}

@test "dry run writes nothing" {
    card sdb
    run flash --dry-run "$IMAGE" sdb
    [[ $status == 0 && $output == *"nothing was written"* ]]
    [[ $(tr -d '\0' <sdb | wc -c) == 0 ]]
    [[ ! -e $LEDGER/ledger.csv ]]
}

@test "plain, zstd and xz, in a folder with spaces" {
    mkdir "with a space"
    cp "$BATS_FILE_TMPDIR"/myna-test.* "with a space"
    for name in myna-test.img myna-test.img.zst myna-test.img.xz; do
        rm -f "card $name"
        card "card $name"
        flash --yes "with a space/$name" "card $name"
        holds_image "card $name"
    done
}

@test "eight cards at once, each with a name of its own" {
    for n in 1 2 3 4 5 6 7 8; do card "card $n"; done
    flash --yes "$IMAGE" card\ {1,2,3,4,5,6,7,8}
    for n in 1 2 3 4 5 6 7 8; do
        holds_image "card $n"
        "$REPO/flash.sh" --ledger "$LEDGER" --check "card $n" | grep '^serial' >>serials
    done
    [[ $(sort -u serials | wc -l) == 8 ]]
    [[ $(grep -c ',good,' "$LEDGER/ledger.csv") == 8 ]]
}

@test "a block map: only its parts are written, and it must be the signed one" {
    command -v bmaptool >/dev/null || skip "bmaptool is not installed here"
    copy_image
    bmaptool create -o myna-test.bmap myna-test.img
    card sdb
    "$PYTHON" - <<'PYTHON'
import json, hashlib, pathlib
path = pathlib.Path("myna-test.manifest.json")
manifest = json.loads(path.read_text())
data = pathlib.Path("myna-test.bmap").read_bytes()
manifest["files"]["myna-test.bmap"] = {
    "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
path.write_text(json.dumps(manifest))
PYTHON
    minisign -Sm myna-test.manifest.json -s "$BATS_FILE_TMPDIR/test.key" >/dev/null
    flash --yes "$IMAGE" sdb
    holds_image sdb
    echo '<!-- -->' >>myna-test.bmap
    refuses "myna-test.bmap is not what was signed" sdb
}

@test "identities from a CSV: never one twice" {
    "$REPO/flash.sh" --make-identities batch.csv 2
    card sdb
    card sdc
    card sdd
    flash --yes --identities batch.csv "$IMAGE" sdb
    refuses "has 1 identities left for 2 cards" --identities batch.csv sdc sdd
    flash --yes --identities batch.csv "$IMAGE" sdc
    refuses "has 0 identities left for 1 cards" --identities batch.csv sdd
    serial=$(sed -n 2p batch.csv | cut -d, -f1)
    "$REPO/flash.sh" --ledger "$LEDGER" --check sdb | grep "$serial"
    "$REPO/flash.sh" --ledger "$LEDGER" --release "$serial"
    flash --yes --identities batch.csv "$IMAGE" sdd
}

@test "a certificate signed by the factory's key" {
    "$REPO/flash.sh" --make-factory-key
    run "$REPO/flash.sh" --make-factory-key
    refused "holds a factory key already"
    card sdb
    flash --yes "$IMAGE" sdb
    mcopy -i "sdb@@1M" ::myna/device.crt device.crt
    mcopy -i "sdb@@1M" ::myna/device.key device.key
    openssl verify -CAfile "$HOME/.config/myna-factory/factory.crt" -purpose sslclient device.crt
    [[ $(openssl x509 -in device.crt -noout -pubkey) == $(openssl pkey -in device.key -pubout) ]]
    openssl x509 -in device.crt -noout -subject | grep "$(cut -d, -f1 "$LEDGER/ledger.csv" | tail -1)"
}

@test "check tells what a card is, and what it is not" {
    card sdb
    run "$REPO/flash.sh" --ledger "$LEDGER" --check sdb
    refused "there is no partition table: never flashed, or not to the end"
    flash --yes "$IMAGE" sdb
    run "$REPO/flash.sh" --ledger "$LEDGER" --check sdb
    [[ $output == *"image        myna-test 1.0"* ]]
    [[ $output == *"started      not yet"* ]]
    [[ $output == *"myna-test 1.0  good: good: written"* ]]
}

@test "a bench test is asked for on the card alone, and only where wanted" {
    card sdb
    card sdc
    flash --yes --bench-test "$IMAGE" sdb
    flash --yes "$IMAGE" sdc
    mtype -i "sdb@@1M" ::myna/bench-test.wanted
    run ! mtype -i "sdc@@1M" ::myna/bench-test.wanted
    "$REPO/flash.sh" --ledger "$LEDGER" --check sdb | grep 'bench test   waits for the first start'
    printf '{"good": false, "tested_at": "2026-01-02", "findings": {"hand": ["failed", ""]}}' >report
    mcopy -i "sdb@@1M" report ::myna/bench-test.json
    "$REPO/flash.sh" --ledger "$LEDGER" --check sdb | grep '2026-01-02  NOT GOOD: hand'
}

@test "list" {
    card sdb
    run "$REPO/flash.sh" --list
    [[ $output == *"67.1 MB  Test Card  serial S-sdb"* ]]
}

# -------------------------------------------------------------------------------- interrupted

@test "Ctrl-C says which cards are not to be used, and a second run starts over" {
    card sdb
    card sdc
    mkfifo gate
    # A zstd that hands out the beginning and then waits until the test has pressed Ctrl-C.
    cat >bin/zstd <<ZSTD
#!/bin/bash
$(command -v zstd) -dcq | { head -c 5M; echo >reached; read -r <gate; cat; }
ZSTD
    chmod +x bin/zstd
    mkfifo reached
    set -m
    flash --yes "$IMAGE" sdb sdc >said 2>&1 3>&- &
    set +m
    read -r <reached
    kill -INT -- -$!
    wait $! || true
    [[ $(grep -c '^DO NOT USE .*interrupted: do not use it' said) == 2 ]] || { cat said; false; }
    run ! startable sdb
    run ! startable sdc
    [[ $(grep -c ',interrupted,' "$LEDGER/ledger.csv") == 2 ]]
    rm bin/zstd
    flash --yes "$IMAGE" sdb sdc
    holds_image sdb && holds_image sdc
}

@test "the bench's computer dies: the card cannot be started from, its name stays reserved" {
    "$REPO/flash.sh" --make-identities batch.csv 1
    card sdb
    mkfifo gate reached
    cat >bin/zstd <<ZSTD
#!/bin/bash
$(command -v zstd) -dcq | { head -c 5M; echo >reached; read -r <gate; }
ZSTD
    chmod +x bin/zstd
    set -m
    flash --yes --identities batch.csv "$IMAGE" sdb >said 2>&1 3>&- &
    set +m
    read -r <reached
    kill -KILL -- -$!
    wait $! || true
    rm bin/zstd
    run ! startable sdb
    grep ',started,' "$LEDGER/ledger.csv"
    refuses "has 0 identities left" --identities batch.csv sdb
    "$REPO/flash.sh" --ledger "$LEDGER" --release "$(sed -n 2p batch.csv | cut -d, -f1)"
    flash --yes --identities batch.csv "$IMAGE" sdb
    holds_image sdb
}

@test "a full ledger disk: no card is touched" {
    [[ $(id -u) == 0 ]] || skip "a small file system needs root"
    mkdir full
    mount -t tmpfs -o size=64k none full 2>/dev/null || skip "this machine allows no mounts"
    dd if=/dev/zero of=full/filler bs=1k 2>/dev/null || true
    card sdb
    LEDGER=$BATS_TEST_TMPDIR/full/ledger
    run flash --yes "$IMAGE" sdb
    umount full
    refused "cannot be written"
    [[ $(tr -d '\0' <sdb | wc -c) == 0 ]]
}

# ------------------------------------------------------------------------------- loop devices

loop() {
    [[ $(id -u) == 0 ]] || skip "loop devices need root"
    rm bin/lsblk
    truncate -s 64M backing
    LOOP=$(losetup -f --show backing 2>/dev/null) || skip "this machine has no loop devices"
}

@test "a real block device" {
    loop
    refuses "it is not removable" "$LOOP"
    flash --yes --yes-really "$LOOP" "$IMAGE" "$LOOP"
    sync
    holds_image backing
    "$REPO/flash.sh" --ledger "$LEDGER" --check "$LOOP" | grep '^serial'
}

@test "a real block device that is mounted, even behind lsblk's back" {
    loop
    mke2fs -q "$LOOP"
    mkdir here
    mount "$LOOP" here || skip "this machine allows no mounts"
    run flash --yes --yes-really "$LOOP" "$IMAGE" "$LOOP"
    fake_lsblk
    card "${LOOP#/dev/}" "path=\"$LOOP\"" "size=67108864" "maj:min=\"7:${LOOP#/dev/loop}\""
    told=$output
    run flash --yes "$IMAGE" "$LOOP"
    umount here
    refused "it is in use; unmount it"
    output=$told status=1
    refused "it is in use ($PWD/here)"
}

@test "a write error of a real block device" {
    loop
    losetup -d "$LOOP"
    LOOP=""
    mkdir small
    mount -t tmpfs -o size=8m none small || skip "this machine allows no mounts"
    truncate -s 64M small/backing  # holds 8 MiB of it
    LOOP=$(losetup -f --show small/backing)
    run flash --yes --yes-really "$LOOP" "$IMAGE" "$LOOP"
    losetup -d "$LOOP"
    LOOP=""
    umount small
    refused "DO NOT USE"
    grep ',failed,' "$LEDGER/ledger.csv"
}
