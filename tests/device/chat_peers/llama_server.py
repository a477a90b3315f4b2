"""llama.cpp's own server with a model, on a free port of loopback, until its stdin ends.

Run by the environment of the chat peers: ``llama_server.py MODEL``; prints its address.
"""

from __future__ import annotations

import sys

import xllamacpp


def main() -> None:
    wanted = xllamacpp.CommonParams()
    wanted.model.path = sys.argv[1]
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = 0
    wanted.n_ctx = 4096
    wanted.n_parallel = 1
    wanted.use_jinja = True
    wanted.warmup = False
    wanted.cpuparams.n_threads = 1
    server = xllamacpp.Server(wanted)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
