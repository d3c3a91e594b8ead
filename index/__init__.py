"""Turns documents into something searchable: parse, split, embed, store."""

import os
import sys

if sys.platform == "win32":
    # what keeps processes out of each other's way in a data folder, and renames durable, is POSIX's
    raise ImportError("Sourcespan runs on Linux and macOS; on Windows in WSL, or in a container.")

READ_WHEN_LOADED = {
    # OpenMP's threads would spin for milliseconds after each piece of work, on cores that the next step wants
    "OMP_WAIT_POLICY": "PASSIVE",
    # oneDNN keeps what it compiled for each shape of input, and so does PyTorch over it: some 2 MB a shape, by default
    # of a thousand shapes, which is several hundred MB in a service that is asked for days
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
    "LRU_CACHE_CAPACITY": "64",
}
"""Variables that libraries look at but once; what stands in the environment already wins."""

for _name, _value in READ_WHEN_LOADED.items():
    os.environ.setdefault(_name, _value)

# OpenVINO would tell its makers that it was imported, and by whom, a number that it keeps in the user's home; it does
# without where this is missing
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
