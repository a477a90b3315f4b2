"""``python -m device.cli`` is ``myna``."""

import sys

from device.cli import main

sys.exit(main())
