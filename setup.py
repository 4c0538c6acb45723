"""Says what to install when there is no C compiler; everything else about the build is in pyproject.toml."""

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


class BuildCore(build_ext):
    def build_extension(self, ext):
        ext.depends += glob("ext/*.pxd")
        try:
            super().build_extension(ext)
        except CCompilerError as error:
            raise CCompilerError(NO_COMPILER.format(reason=error)) from None


setup(cmdclass={"build_ext": BuildCore})
