"""A real sound server on virtual devices: PulseAudio with null sinks, for benchmarks and tests.

`speaker` is the loudspeaker, `microphone` the microphone; what is played into the sink `mic` is
what the microphone hears. Everything lives in a temporary folder and ends with the context.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples

PROGRAMS = ("pulseaudio", "pactl", "pacat", "parec")
ASOUND = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
"""
START_LIMIT_S = 15.0
VARIABLES = (
    "XDG_RUNTIME_DIR",
    "PULSE_RUNTIME_PATH",
    "PULSE_STATE_PATH",
    "PULSE_CONFIG_PATH",
    "PULSE_SERVER",
    "ALSA_CONFIG_PATH",
)


def missing_programs() -> list[str]:
    """What of the sound server is not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class SoundServer:
    """PulseAudio with a virtual loudspeaker and a virtual microphone.

    Args:
        folder: Empty folder of its own; short, since a socket's path has 107 characters at most.
        rate_hz: Native rate of both devices.
    """

    def __init__(self, folder: Path, *, rate_hz: int = SAMPLE_RATE_HZ) -> None:
        self.folder = folder
        self.rate_hz = rate_hz
        run = folder / "run"
        (run / "pulse").mkdir(parents=True, mode=0o700)
        self.environment = dict(
            zip(
                VARIABLES,
                (
                    str(run),
                    str(run / "pulse"),
                    str(folder / "state"),
                    str(folder / "conf"),
                    f"unix:{run}/pulse/native",
                    str(folder / "asound.conf"),
                ),
                strict=True,
            )
        )
        (folder / "asound.conf").write_text(ASOUND)
        (folder / "virtual.pa").write_text(
            "load-module module-native-protocol-unix auth-anonymous=1\n"
            f"{self._speaker()}\n"
            f"load-module module-null-sink sink_name=mic rate={rate_hz} channels=1 format=s16le\n"
            "load-module module-remap-source source_name=microphone master=mic.monitor\n"
            "load-module module-remap-source source_name=echo master=speaker.monitor\n"
            "set-default-sink speaker\n"
            "set-default-source microphone\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._keepers: list[subprocess.Popen[bytes]] = []

    # ------------------------------------------------------------ the server

    def start(self) -> None:
        """Start the server and wait until it answers. Starts it again after `kill`."""
        log = (self.folder / "pulseaudio.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [
                    "pulseaudio",
                    "-n",
                    "-F",
                    str(self.folder / "virtual.pa"),
                    "--daemonize=no",
                    "--exit-idle-time=-1",
                    "--use-pid-file=no",
                    "--realtime=no",
                    "--high-priority=no",
                    "--disable-shm=yes",
                ],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_LIMIT_S
        while self._pactl("info", check=False) is None or "speaker" not in self.sinks():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "pulseaudio.log").read_text(errors="replace")
                self.kill()
                raise RuntimeError(f"PulseAudio did not start:\n{said[-2000:]}")
            time.sleep(0.05)
        self._keep_awake()

    def _keep_awake(self) -> None:
        """Play silence into both devices: alone, a null sink works 2 s ahead, as no card does."""
        self._keepers = [
            subprocess.Popen(
                [
                    *("pacat", "--playback", "-d", sink, *_raw(SAMPLE_RATE_HZ)),
                    *("--latency-msec=10", "/dev/zero"),
                ],
                env={**os.environ, **self.environment},
                stderr=subprocess.DEVNULL,
            )
            for sink in ("speaker", "mic")
        ]
        for monitor in ("speaker.monitor", "mic.monitor"):
            ear = subprocess.Popen(
                ["parec", "-d", monitor, *_raw(SAMPLE_RATE_HZ), "--latency-msec=10"],
                env={**os.environ, **self.environment},
                stdout=subprocess.PIPE,
            )
            _pipe(ear.stdout).read(1)  # comes when the first 2 s are over
            ear.kill()
            ear.wait()
            _pipe(ear.stdout).close()

    def kill(self) -> None:
        """End the server at once: the card is unplugged. Idempotent."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        for keeper in self._keepers:
            keeper.kill()
            keeper.wait()
        self._keepers = []

    def sinks(self) -> list[str]:
        """Names of the loudspeakers there are."""
        listed = self._pactl("list", "short", "sinks", check=False) or ""
        return [line.split("\t")[1] for line in listed.splitlines()]

    def listeners(self) -> int:
        """How many record from the microphone."""
        listed = self._pactl("list", "short", "source-outputs", check=False) or ""
        return len(listed.splitlines())

    def load(self, module: str, *arguments: str) -> int:
        """Load a module; returns its index, to be unloaded by."""
        return int(self._pactl("load-module", module, *arguments) or "")

    def unload(self, index: int) -> None:
        self._pactl("unload-module", str(index))

    def unplug_speaker(self) -> None:
        """Take the loudspeaker away while the server goes on."""
        for line in (self._pactl("list", "short", "modules") or "").splitlines():
            index, name, *rest = line.split("\t")
            if name == "module-null-sink" and "sink_name=speaker" in " ".join(rest):
                self.unload(int(index))

    def plug_speaker(self) -> None:
        """Bring it back."""
        _, module, *arguments = self._speaker().split()
        self.load(module, *arguments)
        self._pactl("set-default-sink", "speaker")

    @contextmanager
    def acoustic_path(self, *, latency_ms: int = 5) -> Iterator[None]:
        """While inside, the microphone hears the loudspeaker."""
        index = self.load(
            "module-loopback",
            "source=speaker.monitor",
            "sink=mic",
            f"latency_msec={latency_ms}",
            f"rate={self.rate_hz}",
            "channels=1",
            "adjust_time=0",  # one clock for both: nothing to follow, and the delay stays
        )
        try:
            yield
        finally:
            if self._process is not None:
                self._pactl("unload-module", str(index), check=False)

    # ------------------------------------------------------------- the sound

    @contextmanager
    def talking(self, samples: Samples, *, rate_hz: int = SAMPLE_RATE_HZ) -> Iterator[None]:
        """While inside, somebody says this into the microphone, once, then is silent."""
        player = subprocess.Popen(
            ["pacat", "--playback", "-d", "mic", *_raw(rate_hz), "--latency-msec=20"],
            env={**os.environ, **self.environment},
            stdin=subprocess.PIPE,
        )
        feeder = threading.Thread(target=_feed, args=(player, samples), name="test-voice")
        feeder.start()
        try:
            yield
        finally:
            player.kill()
            player.wait()
            feeder.join()

    @contextmanager
    def recording(self, *, rate_hz: int | None = None) -> Iterator[list[Samples]]:
        """While inside, record what the loudspeaker plays; the list then holds one array.

        Args:
            rate_hz: Rate of the recording; the loudspeaker's own when not given.
        """
        target = self.folder / "monitor.raw"
        recorder = subprocess.Popen(
            [
                "parec",
                "-d",
                "speaker.monitor",
                *_raw(rate_hz or self.rate_hz),
                "--latency-msec=20",
                str(target),
            ],
            env={**os.environ, **self.environment},
        )
        recorded: list[Samples] = []
        try:
            self._await_client("source-outputs")
            yield recorded
        finally:
            recorder.terminate()
            recorder.wait()
            recorded.append(np.fromfile(target, "<i2").astype(np.int16))
            target.unlink()

    def _await_client(self, kind: str) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not self._pactl("list", "short", kind):
            if time.monotonic() > deadline:
                raise RuntimeError(f"no {kind} appeared at the sound server")
            time.sleep(0.02)

    def _speaker(self) -> str:
        return (
            f"load-module module-null-sink sink_name=speaker rate={self.rate_hz} "
            "channels=1 format=s16le"
        )

    def _pactl(self, *arguments: str, check: bool = True) -> str | None:
        done = subprocess.run(
            ["pactl", *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=START_LIMIT_S,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout
        if check:
            raise RuntimeError(f"pactl {' '.join(arguments)}: {done.stderr.strip()}")
        return None


@contextmanager
def sound_server(*, rate_hz: int = SAMPLE_RATE_HZ) -> Iterator[SoundServer]:
    """A running server that this process's own sound libraries find, too."""
    folder = Path(tempfile.mkdtemp(prefix="myna-pa-", dir="/tmp"))  # a socket's path must be short
    server = SoundServer(folder, rate_hz=rate_hz)
    before = {name: os.environ.get(name) for name in VARIABLES}
    try:
        server.start()
        os.environ.update(server.environment)
        yield server
    finally:
        server.kill()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)


def _raw(rate_hz: int) -> list[str]:
    return ["--raw", f"--rate={rate_hz}", "--channels=1", "--format=s16le"]


def _feed(player: subprocess.Popen[bytes], samples: Samples) -> None:
    pipe = _pipe(player.stdin)
    # A player that was ended before everything was said is no fault.
    with suppress(BrokenPipeError):
        pipe.write(samples.astype("<i2").tobytes())
        pipe.flush()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    """The end of a pipe that was asked for when its process was started."""
    if pipe is None:
        raise RuntimeError("a process was started without the pipe that is used now")
    return pipe
