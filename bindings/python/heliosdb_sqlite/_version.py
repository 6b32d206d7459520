# SPDX-License-Identifier: Apache-2.0
"""The package's version, that of the library it goes with."""

__version__ = "0.1.0"
