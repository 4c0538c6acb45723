"""Builds the core a second time for AVX2 where there may be, and says what to install when there is no C compiler.

Everything else about the build is in pyproject.toml.
"""

import copy
import platform
from glob import glob

from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError

NO_COMPILER = """plantsim's core could not be compiled: {reason}
It needs a C compiler and Python's headers:
  Debian, Ubuntu   apt install gcc python3-dev
  Fedora           dnf install gcc python3-devel
  Alpine           apk add gcc musl-dev python3-dev
  macOS            xcode-select --install"""


AVX2 = "plantsim._core_avx2"


class BuildCore(build_ext):
    def finalize_options(self):
        known = {extension.name: extension for extension in self.distribution.ext_modules}
        if platform.machine() in ("x86_64", "AMD64") and AVX2 not in known:
            core = copy.copy(known["plantsim._core"])
            core.name, core.sources = AVX2, ["ext/core_avx2.pyx"]
            core.extra_compile_args = [*core.extra_compile_args, "-mavx2"]
            core.optional = True  # plantsim runs without it
            self.distribution.ext_modules.append(core)
        super().finalize_options()

    def build_extension(self, ext):
        ext.depends = [*ext.depends, *glob("ext/*.px[di]"), "ext/core.pyx"]
        try:
            super().build_extension(ext)
        except CCompilerError as error:
            raise CCompilerError(NO_COMPILER.format(reason=error)) from None


setup(cmdclass={"build_ext": BuildCore})
