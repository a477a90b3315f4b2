"""``python -m hub``: the whole hub on this machine, or one part of it as a service."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from hub.settings import HubError, HubSettings, from_environment

log = logging.getLogger(__name__)

COMMANDS = {
    "up": "Mosquitto, an ingest worker and the API on this machine, with certificates of its own",
    "ingest": "one ingest worker",
    "serve": "the HTTP API and the pages",
    "revocations": "the broker's list of certificates that are worth nothing any more",
    "forward": "statements on to a learning record store",
    "migrate": "bring the database up to date",
    "parent": "make a family's parent, and the link that signs in (FAMILY NAME)",
    "token": "make a token for the administrator",
    "speaker": "certificates and configuration for a speaker (DEVICE)",
}
UP_PORT = 8883
UP_HTTPS_PORT = 8443
STOP_WITHIN_S = 3
"""A browser's idle connection is not waited for: TLS gives it half a minute to answer."""


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0 good, 1 the work failed, 2 wrong usage, 78 bad configuration."""
    parser = argparse.ArgumentParser(prog="hub", description="The Myna hub.")
    described = "; ".join(f"{name}: {about}" for name, about in COMMANDS.items())
    parser.add_argument("command", choices=tuple(COMMANDS), help=described)
    parser.add_argument("device", nargs="?", help="for speaker: its id; for parent: the family's")
    parser.add_argument("name", nargs="?", help="for parent: what to call them")
    parser.add_argument(
        "--folder", type=Path, default=Path(".cache/hub"), help="of up; others use what lies there"
    )
    parser.add_argument("--mqtt-port", type=int, default=UP_PORT, help="for up, speaker")
    parser.add_argument("--https-port", type=int, default=UP_HTTPS_PORT, help="for up")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # says at each start that it is there
    try:
        settings = from_environment()
        if args.command == "up":
            return _up(settings, args.folder.resolve(), args.mqtt_port, args.https_port)
        if args.command == "speaker":
            return _speaker(parser, args.device, args.folder.resolve(), args.mqtt_port)
        if args.command == "parent" and not (args.device and args.name):
            parser.error("parent takes a family's id and a name")
        kept = args.folder.resolve() / "hub.db"
        if settings.database == HubSettings().database and kept.exists():
            settings = dataclasses.replace(settings, database=f"sqlite:///{kept}")  # of `hub up`
        return _part(args.command, settings, args.device, args.name)
    except HubError as error:
        print(f"hub: {error}", file=sys.stderr)
        return 78
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _part(command: str, settings: HubSettings, family: str | None, name: str | None) -> int:
    from hub.database import open_database, upgrade

    engine = open_database(settings.database)
    upgrade(engine)
    if command == "ingest":
        from hub.worker import IngestWorker

        _until_told(IngestWorker(settings, engine).run)
    elif command == "forward":
        from hub.forward import Forwarder

        _until_told(Forwarder(settings, engine).run)
    elif command == "revocations":
        from hub.revocations import Revocations

        _until_told(Revocations(settings, engine).run)
    elif command == "serve":
        import uvicorn

        from hub.api import make_api

        uvicorn.run(
            make_api(engine, settings),
            host=settings.listen,
            port=settings.port,
            timeout_graceful_shutdown=STOP_WITHIN_S,
            log_level="warning",
            ssl_certfile=settings.tls_cert or None,
            ssl_keyfile=settings.tls_key or None,
        )
    elif command == "parent":
        from hub.sessions import add_parent

        made = add_parent(engine, family or "", name or "")
        if made is None:
            raise HubError("there is no such family; GET /v1/families lists them")
        print(f"{settings.address}/in?link={made[1]}")
    elif command == "token":
        from hub.access import make_token

        print(make_token(engine, None))
    engine.dispose()
    return 0


def _until_told(work: Callable[[threading.Event], None]) -> None:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    work(stopping)


def _up(settings: HubSettings, folder: Path, port: int, https_port: int) -> int:
    """Start all parts; when one ends, end all of them."""
    from hub import mosquitto
    from hub.access import make_token
    from hub.certificates import Authority
    from hub.database import open_database, upgrade

    authority = Authority(folder / "certificates")
    certificate, key = authority.issue(mosquitto.HUB)
    if settings.database == HubSettings().database:
        kept = folder / "hub.db"
        kept.touch(mode=0o600)  # children's progress: nobody else's on this machine
        kept.chmod(0o600)
        settings = dataclasses.replace(settings, database=f"sqlite:///{kept}")
    engine = open_database(settings.database)
    upgrade(engine)
    token_place = folder / "administrator.token"
    if not token_place.exists():
        token_place.touch(mode=0o600)
        token_place.write_text(make_token(engine, None) + "\n", encoding="utf-8")
    engine.dispose()
    environment = os.environ | {
        "HUB_DATABASE": settings.database,
        "HUB_BROKER": f"mqtts://127.0.0.1:{port}",
        "HUB_BROKER_CA": str(authority.certificate),
        "HUB_BROKER_CERT": str(certificate),
        "HUB_BROKER_KEY": str(key),
        "HUB_AUTHORITY": str(authority.folder),
        "HUB_PUBLIC": settings.address,
    }
    # Speakers speak TLS alone. People at this machine would only meet a warning there.
    own_certificate, own_key = authority.issue("broker", server=True)
    secure = environment | {
        "HUB_PORT": str(https_port),
        "HUB_TLS_CERT": str(own_certificate),
        "HUB_TLS_KEY": str(own_key),
        "HUB_PUBLIC": f"https://localhost:{https_port}",
    }
    parts = [("ingest", environment), ("serve", environment), ("serve", secure)]
    parts += [("revocations", environment)]
    parts += [("forward", environment)] if settings.lrs else []
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    broker = mosquitto.start(folder, mosquitto.configuration(folder, authority, port), port)
    processes = [broker]
    try:
        environment["HUB_BROKER_PID"] = str(broker.pid)
        processes += [
            subprocess.Popen([sys.executable, "-m", "hub", part], env=env) for part, env in parts
        ]
        print(
            f"The hub is up. Speakers: mqtts://127.0.0.1:{port}. Pages and API:"
            f" http://{settings.listen}:{settings.port} (API described at /docs)."
            f' Pairing: [pairing] platform = "https://localhost:{https_port}",'
            f' ca_file = "{authority.certificate}".'
            f" The administrator's token is in {token_place}."
            " A speaker's certificates: python -m hub speaker DEVICE",
            flush=True,
        )
        while not stopping.wait(0.5):
            if any(process.poll() is not None for process in processes):
                raise HubError("a part of the hub has ended; its words are above")
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return 0


def _speaker(parser: argparse.ArgumentParser, device: str | None, folder: Path, port: int) -> int:
    from contract.topics import is_device
    from hub.certificates import Authority

    if device is None or not is_device(device):
        parser.error("speaker takes a device id: small letters, digits and dashes, 3 to 63")
    authority = Authority(folder / "certificates")
    certificate, key = authority.issue(device)
    print(
        "[sync]\n"
        f'address = "mqtts://127.0.0.1:{port}"\n'
        f'device = "{device}"\n'
        f'ca_file = "{authority.certificate}"\n'
        f'cert_file = "{certificate}"\n'
        f'key_file = "{key}"'
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
