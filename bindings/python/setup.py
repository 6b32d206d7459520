# SPDX-License-Identifier: Apache-2.0
"""Everything else is in pyproject.toml; a wheel of this package carries machine code, which setuptools does not see."""

from setuptools import setup
from setuptools.dist import Distribution


class BinaryDistribution(Distribution):
    def has_ext_modules(self):
        return True


setup(distclass=BinaryDistribution)
