"""What setup.cfg has no word for; everything else stands there."""

from setuptools import Extension, setup

# audio/kalman_compiled.py loads it with ctypes; where it was not compiled NumPy does the same.
setup(
    ext_modules=[
        Extension(
            "audio._kalman_loops",
            ["audio/kalman_loops.c"],
            extra_compile_args=["-O3"],
            optional=True,
        )
    ]
)
