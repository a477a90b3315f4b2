#!/usr/bin/env bash
# Flash Myna onto memory cards, several at once, and prove each one good.
#
#   ./flash.sh IMAGE CARD…      write, read back, compare, name, write down
#   ./flash.sh --list           which cards there are
#   ./flash.sh --check CARD     what a card is
#   ./flash.sh --help           everything else
#
# Here: what a person says and is asked. The work is in provisioning/factory, which refuses by
# itself what this refuses. docs/technicians.md explains it.
set -euo pipefail

readonly EXIT_USAGE=2

usage() {
    cat <<'TEXT'
Flash Myna onto memory cards and prove each one good.

  ./flash.sh [OPTIONS] IMAGE CARD…     flash; IMAGE is an .img, .img.zst or .img.xz
  ./flash.sh --list                    list cards and disks
  ./flash.sh --check CARD              read a card back: what it is
  ./flash.sh --labels-only FILE.pdf [SERIAL…]   print labels of cards flashed before
  ./flash.sh --release SERIAL          let a lost or unfinished card's identity be used again
  ./flash.sh --make-identities FILE.csv COUNT   serials for a batch, to be filled in
  ./flash.sh --make-factory-key        make the key that signs each board's certificate

  --dry-run              check everything, say what would happen, write nothing
  --yes                  do not ask (for scripts)
  --yes-really CARD      insist on a card that does not call itself removable
  --limit GB             largest card that is taken for one (256)
  --identities FILE.csv  serials, host names, Wi-Fi and so on, one row a card
  --board NAME           board profile, where the CSV has none
  --bench-test           let each box try itself at its first start, with no network, and say how it is
  --labels FILE.pdf      a label for each good card   --sheet a4-24 | a4-21 | letter-30
  --operator NAME        who does this, for the ledger
  --ledger FOLDER        where that is written down (~/.local/share/myna-factory)
  --factory-key FILE     or pkcs11:URI, with --factory-certificate FILE
  --key FILE             a further public key that images may be signed with
TEXT
}

fail() {
    printf 'flash: %s\n' "$*" >&2
    exit 1
}

misused() {
    printf 'flash: %s; ./flash.sh --help lists what there is\n' "$*" >&2
    exit $EXIT_USAGE
}

# The home of who sits at the bench, also under sudo.
bench_home() {
    local home=""
    if [[ -n ${SUDO_USER:-} ]]; then
        home=$(getent passwd "$SUDO_USER" | cut -d: -f6) || true
    fi
    printf '%s\n' "${home:-$HOME}"
}

suits() {
    command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in "$ROOT/.venv/bin/python" python3 python3.13 python3.12 python3.11; do
        if suits "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "this needs Python 3.11 or later; install the package python3"
}

factory() { PYTHONPATH="$ROOT" "$PYTHON" -m provisioning.factory "$@"; }

need_tools() {
    local tool package missing=()
    while read -r tool package; do
        command -v "$tool" >/dev/null || missing+=("$package")
    done <<<"$1"
    ((${#missing[@]} == 0)) || fail "these packages are missing: ${missing[*]}; install them with apt-get"
}

# Where a path means something to the person, not to this script's folder.
parse() {
    ACTION=flash DRY_RUN=no ASK=yes POSITIONAL=() OPTIONS=() LEDGER=$HOME_FOLDER/.local/share/myna-factory
    OPERATOR=${SUDO_USER:-$(id -un)} FACTORY_KEY="" FACTORY_CERTIFICATE=""
    while (($#)); do
        case $1 in
            -h | --help) usage; exit 0 ;;
            --list | --check | --labels-only | --release | --make-identities | --make-factory-key) ACTION=${1#--} ;;
            --dry-run) DRY_RUN=yes ;;
            --yes) ASK=no ;;
            --bench-test) OPTIONS+=(--bench-test) ;;
            --limit | --yes-really | --identities | --board | --labels | --sheet | --operator | --ledger | \
                --factory-key | --factory-certificate | --key)
                (($# > 1)) || misused "$1 needs a value"
                option "$1" "$2"
                shift
                ;;
            --)
                shift
                POSITIONAL+=("$@")
                break
                ;;
            -*) misused "there is no option $1" ;;
            *) POSITIONAL+=("$1") ;;
        esac
        shift
    done
}

option() {
    case $1 in
        --limit)
            [[ $2 =~ ^[0-9]+(\.[0-9]+)?$ ]] || misused "--limit takes a number of GB, not '$2'"
            OPTIONS+=(--limit-gb "$2")
            ;;
        --ledger) LEDGER=$2 ;;
        --operator) OPERATOR=$2 ;;
        --factory-key) FACTORY_KEY=$2 ;;
        --factory-certificate) FACTORY_CERTIFICATE=$2 ;;
        *) OPTIONS+=("$1" "$2") ;;
    esac
}

flash_options() {
    local key folder=$HOME_FOLDER/.config/myna-factory
    for key in "$ROOT"/image/keys/*.pub; do
        [[ -f $key ]] && OPTIONS+=(--key "$key")
    done
    if [[ -z $FACTORY_KEY && -f $folder/factory.key ]]; then
        FACTORY_KEY=$folder/factory.key
        FACTORY_CERTIFICATE=$folder/factory.crt
    fi
    [[ -z $FACTORY_KEY ]] || OPTIONS+=("--factory-key=$FACTORY_KEY")
    [[ -z $FACTORY_CERTIFICATE ]] || OPTIONS+=(--factory-certificate "$FACTORY_CERTIFICATE")
    OPTIONS+=(--ledger "$LEDGER" --operator "$OPERATOR")
}

flash() {
    ((${#POSITIONAL[@]} >= 2)) || misused "name an image and at least one card"
    need_tools $'lsblk util-linux\nminisign minisign\nmcopy mtools\nopenssl openssl'
    flash_options
    factory plan "${OPTIONS[@]}" -- "${POSITIONAL[@]}"
    if [[ $DRY_RUN == yes ]]; then
        printf 'dry run: nothing was written\n'
        return
    fi
    local cards=$((${#POSITIONAL[@]} - 1)) answer=""
    if [[ $ASK == yes ]]; then
        printf 'Everything on %s will be lost. Type "yes" to go on: ' \
            "$( ((cards == 1)) && echo "this card" || echo "these $cards cards")"
        read -r answer || true
        [[ $answer == yes ]] || fail "nothing was written"
    fi
    # Python takes this process over, so that Ctrl-C reaches what knows about the cards.
    export PYTHONPATH="$ROOT"
    exec "$PYTHON" -m provisioning.factory flash "${OPTIONS[@]}" -- "${POSITIONAL[@]}"
}

main() {
    ROOT=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
    HOME_FOLDER=$(bench_home)
    parse "$@"
    PYTHON=$(find_python)
    case $ACTION in
        flash) flash ;;
        list) need_tools "lsblk util-linux" && factory list ;;
        check)
            ((${#POSITIONAL[@]} == 1)) || misused "--check takes one card"
            need_tools $'lsblk util-linux\nmtype mtools'
            factory check --ledger "$LEDGER" -- "${POSITIONAL[@]}"
            ;;
        labels-only)
            ((${#POSITIONAL[@]} >= 1)) || misused "--labels-only takes the PDF's name"
            factory labels "${OPTIONS[@]}" --ledger "$LEDGER" -- "${POSITIONAL[@]}"
            ;;
        release)
            ((${#POSITIONAL[@]} == 1)) || misused "--release takes one serial"
            factory release --ledger "$LEDGER" -- "${POSITIONAL[@]}"
            ;;
        make-identities)
            ((${#POSITIONAL[@]} == 2)) || misused "--make-identities takes a file and a number"
            factory make-identities "${OPTIONS[@]}" -- "${POSITIONAL[@]}"
            ;;
        make-factory-key) factory make-factory-key "$HOME_FOLDER/.config/myna-factory" ;;
    esac
}

main "$@"
