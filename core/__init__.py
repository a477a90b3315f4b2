"""The leaf that every room may import: errors, clock, worker thread, worker process.

Importing it, as every room does before anything else, also has ONNX Runtime keep to itself: left
alone, its Linux wheels (1.32) make an identifier of the machine, write what they do into a database
in the user's home, and send it to their maker. Nothing leaves this speaker unasked.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, when the library is loaded
