"""What `flash.sh` calls: ``python3 -m provisioning.factory COMMAND …``."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from core.errors import ProvisioningError, SpeakerError
from provisioning.factory.bench import Finished, Image, Order, flash_orders, load_image
from provisioning.factory.card_block import BlockCard
from provisioning.factory.certificates import FactoryKey, make_factory_key
from provisioning.factory.disks import LIMIT_BYTES, choose_all, chosen, list_disks, size
from provisioning.factory.examine import CardReport, examine_card
from provisioning.factory.flasher import Job
from provisioning.factory.ledger import Ledger, Result
from provisioning.factory.orders import read_orders, write_orders
from provisioning.factory.ports import Disk
from provisioning.factory.screen import Screen
from provisioning.identity import DeviceIdentity, new_identity

EXIT_GOOD, EXIT_FAILED = 0, 1
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0 when all is good, 1 when something is not, 2 for wrong usage, 130 when ended."""
    args = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except SpeakerError as error:
        for line in str(error).splitlines():
            _say(f"flash: {line}", sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flash.sh", allow_abbrev=False)
    commands = parser.add_subparsers(required=True)

    listed = commands.add_parser("list")
    listed.set_defaults(run=_list)

    for name, run in (("plan", _plan), ("flash", _flash)):
        command = commands.add_parser(name)
        command.add_argument("image", type=Path)
        command.add_argument("targets", nargs="+")
        command.add_argument("--key", dest="keys", type=Path, action="append", default=[])
        command.add_argument("--limit-gb", type=float, default=LIMIT_BYTES / 1e9)
        command.add_argument("--yes-really", action="append", default=[])
        command.add_argument("--identities", type=Path)
        command.add_argument("--board", default="")
        command.add_argument("--bench-test", action="store_true")
        command.add_argument("--ledger", type=Path, required=True)
        command.add_argument("--operator", default="")
        command.add_argument("--factory-certificate", type=Path)
        command.add_argument("--factory-key", default="")
        command.add_argument("--labels", type=Path)
        command.add_argument("--sheet", default="a4-24")
        command.set_defaults(run=run)

    check = commands.add_parser("check")
    check.add_argument("target")
    check.add_argument("--ledger", type=Path, required=True)
    check.set_defaults(run=_check)

    labels = commands.add_parser("labels")
    labels.add_argument("output", type=Path)
    labels.add_argument("serials", nargs="*")
    labels.add_argument("--ledger", type=Path, required=True)
    labels.add_argument("--sheet", default="a4-24")
    labels.set_defaults(run=_labels)

    release = commands.add_parser("release")
    release.add_argument("serial")
    release.add_argument("--ledger", type=Path, required=True)
    release.set_defaults(run=_release)

    identities = commands.add_parser("make-identities")
    identities.add_argument("output", type=Path)
    identities.add_argument("count", type=int)
    identities.add_argument("--board", default="")
    identities.set_defaults(run=_make_identities)

    key = commands.add_parser("make-factory-key")
    key.add_argument("folder", type=Path)
    key.set_defaults(run=_make_factory_key)
    return parser


def _list(_args: argparse.Namespace) -> int:
    for disk in list_disks():
        if disk.kind in {"disk", "loop"} and disk.size_bytes:
            _say(_described(disk))
    return EXIT_GOOD


def _plan(args: argparse.Namespace) -> int:
    """Everything that can be refused is refused here, before anybody is asked."""
    image, orders = _prepared(args)
    about = image.manifest
    _say(f"image     {about.name} {about.version}, {size(about.image.size_bytes)}, signature good")
    if _factory(args) is None:
        _say("identity  without a certificate: there is no factory key (--factory-key)")
    for order in orders:
        who = order.identity.serial if args.identities else "a new serial"
        _say(f"{who:<12}  {_described(order.disk)}")
    return EXIT_GOOD


def _flash(args: argparse.Namespace) -> int:
    image, orders = _prepared(args)
    cancelled = threading.Event()
    with contextlib.closing(Ledger(args.ledger)) as ledger, _cancelling(cancelled):
        shown = _Shown()
        try:
            finished = flash_orders(
                image,
                orders,
                ledger=ledger,
                operator=args.operator,
                factory=_factory(args),
                cancelled=cancelled,
                bench_test=args.bench_test,
                show=shown.start,
            )
        finally:
            shown.stop()
    for each in finished:
        sign = "GOOD       " if each.outcome.good else "DO NOT USE "
        _say(
            f"{sign} {each.order.disk.path}  {each.order.identity.serial}  {each.outcome.sentence}"
        )
    good = [each.order.identity for each in finished if each.outcome.good]
    if args.labels is not None and good:
        _print_labels(args.labels, good, args.sheet)
    if cancelled.is_set():
        return EXIT_INTERRUPTED
    return _exit(finished)


def _exit(finished: list[Finished]) -> int:
    return EXIT_GOOD if all(each.outcome.good for each in finished) else EXIT_FAILED


def _prepared(args: argparse.Namespace) -> tuple[Image, list[Order]]:
    image = load_image(args.image, args.keys)
    disks = choose_all(
        args.targets,
        list_disks(),
        needed_bytes=image.manifest.image.size_bytes,
        limit_bytes=int(args.limit_gb * 1e9),
        really=args.yes_really,
    )
    identities = _identities(args, len(disks))
    return image, [Order(disk, who) for disk, who in zip(disks, identities, strict=True)]


def _identities(args: argparse.Namespace, count: int) -> list[DeviceIdentity]:
    """As many as there are cards: the first rows of the CSV that no good card has yet."""
    if args.identities is None:
        return [new_identity(board=args.board) for _ in range(count)]
    with contextlib.closing(Ledger(args.ledger)) as ledger:
        taken = {
            past.identity.serial
            for past in ledger.past()
            if past.result in {Result.GOOD, Result.STARTED}
        }
    free = [each for each in read_orders(args.identities) if each.serial not in taken]
    if len(free) < count:
        raise ProvisioningError(
            f"{args.identities} has {len(free)} identities left for {count} cards; add rows"
        )
    return free[:count]


def _check(args: argparse.Namespace) -> int:
    disk = chosen(list_disks(), args.target)
    try:
        with BlockCard(disk) as card:
            report = examine_card(card)
    except OSError as error:
        raise ProvisioningError(f"{disk.path}: it cannot be read ({error.strerror})") from error
    except ProvisioningError as error:
        raise ProvisioningError(f"{disk.path}: {error}") from error
    with contextlib.closing(Ledger(args.ledger)) as ledger:
        for line in _report_lines(report, ledger):
            _say(line)
    return EXIT_GOOD


def _report_lines(report: CardReport, ledger: Ledger) -> Iterator[str]:
    yield f"image        {report.image or 'does not say'}"
    if report.identity is None:
        yield "identity     none yet"
        return
    serial = report.identity.serial
    yield f"serial       {serial}"
    yield f"hostname     {report.identity.hostname}"
    yield f"board        {report.identity.board or 'finds out by itself'}"
    yield f"certificate  {'yes' if report.certified else 'no'}"
    yield f"started      {'yes, a box has taken its secrets' if report.started else 'not yet'}"
    if report.bench_test:
        yield f"bench test   {_bench_test(report.bench_test, serial, ledger)}"
    elif report.test_wanted:
        yield "bench test   waits for the first start"
    for past in ledger.past(serial):
        yield f"ledger       {past.started_at}  {past.image}  {past.result.value}: {past.note}"


def _bench_test(text: str, serial: str, ledger: Ledger) -> str:
    """The verdict of the first power-up, which also goes into the ledger."""
    try:
        value = json.loads(text)
        good, when = bool(value["good"]), str(value["tested_at"])
        bad = [name for name, (state, _) in value["findings"].items() if state == "failed"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return "the report on the card cannot be read"
    ledger.add_bench_test(serial, tested_at=when, good=good, report=text)
    return f"{when}  {'good' if good else 'NOT GOOD: ' + ', '.join(bad)}"


def _labels(args: argparse.Namespace) -> int:
    with contextlib.closing(Ledger(args.ledger)) as ledger:
        good = [past.identity for past in ledger.past() if past.result is Result.GOOD]
    wanted = [each for each in good if not args.serials or each.serial in args.serials]
    missing = set(args.serials) - {each.serial for each in wanted}
    if missing or not wanted:
        raise ProvisioningError(
            f"the ledger has no good card {', '.join(sorted(missing))}".rstrip()
            + "; flash one first, or name another --ledger"
        )
    _print_labels(args.output, wanted, args.sheet)
    return EXIT_GOOD


def _print_labels(output: Path, identities: list[DeviceIdentity], sheet: str) -> None:
    from provisioning.factory.labels import write_labels

    write_labels(output, identities, sheet)
    _say(f"labels for {len(identities)} in {output}")


def _release(args: argparse.Namespace) -> int:
    with contextlib.closing(Ledger(args.ledger)) as ledger:
        if not ledger.release(args.serial, "released by hand"):
            raise ProvisioningError(f"{args.serial} is on no card in this ledger")
    _say(f"{args.serial} may be used again; never use its earlier card")
    return EXIT_GOOD


def _make_identities(args: argparse.Namespace) -> int:
    write_orders(args.output, [new_identity(board=args.board) for _ in range(args.count)])
    _say(f"{args.count} identities in {args.output}")
    return EXIT_GOOD


def _make_factory_key(args: argparse.Namespace) -> int:
    made = make_factory_key(args.folder)
    _say(f"{made.key} signs boards from now on; keep a copy where nobody else can read it")
    return EXIT_GOOD


def _factory(args: argparse.Namespace) -> FactoryKey | None:
    if not args.factory_key:
        return None
    if args.factory_certificate is None:
        raise ProvisioningError("--factory-key needs --factory-certificate, the key's certificate")
    return FactoryKey(args.factory_certificate, args.factory_key)


def _described(disk: Disk) -> str:
    about = [disk.path, size(disk.size_bytes), disk.model or "no model"]
    about.append(f"serial {disk.serial}" if disk.serial else "no serial")
    if disk.mounted:
        about.append(f"in use: {', '.join(disk.mounted)}")
    elif not disk.removable:
        about.append("not removable")
    return "  ".join(about)


class _Shown:
    """The screen's thread."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, jobs: Sequence[Job]) -> None:
        screen = Screen(jobs, sys.stdout)
        self._thread = threading.Thread(target=screen.run, args=(self._done,), name="screen")
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()


@contextlib.contextmanager
def _cancelling(cancelled: threading.Event) -> Iterator[None]:
    """Signals end the run in order: every card is named at the end, none is left unexplained."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, lambda _n, _f: cancelled.set()) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _say(line: str, out: object = None) -> None:
    # A terminal that went away must not keep cards from being finished.
    with contextlib.suppress(BrokenPipeError):
        os.write(2 if out is sys.stderr else 1, f"{line}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
