#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build the wheel of heliosdb_sqlite with the library, the keeper and libpq inside.

    build_wheel.py --native DIR --accelerator PATH --out DIR   DIR as tools/package/collect_libraries.sh makes it
    build_wheel.py --library PATH --keeper PATH --accelerator PATH --out DIR     that, collected first

The wheel is for every Python 3 of this platform: what is compiled for Python, _accelerator.abi3.so, is for all from 3.10 on that
have the stable ABI, and the others do without it. libsqlite3 is not in it, for a
process must have one copy only, the system's. The interpreter needs setuptools and wheel (tools/requirements.txt).
"""

import argparse
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGE = "heliosdb_sqlite"


def project_version():
    """The version, which meson.build and the package must agree on."""
    meson = re.search(r"^\s*version: '([^']+)'", (ROOT / "meson.build").read_text(encoding="utf-8"), re.MULTILINE)[1]
    package = re.search(r'"([^"]+)"\s*$', (HERE / PACKAGE / "_version.py").read_text(encoding="utf-8"))[1]
    if meson != package:
        sys.exit(f"build_wheel.py: meson.build says {meson}, {PACKAGE}/_version.py says {package}")
    return meson


def platform_tag(native):
    """The manylinux tag of the newest glibc symbol that the carried files use."""
    newest = (2, 17)
    for path in native.iterdir():
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            table = subprocess.run(["readelf", "-V", "-W", path], text=True, capture_output=True, check=True).stdout
            for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", table):
                newest = max(newest, (int(major), int(minor)))
    return f"manylinux_{newest[0]}_{newest[1]}_{platform.machine()}"


def collect(library, keeper, directory):
    """Has the library, the keeper and what they need collected into a directory."""
    script = ROOT / "tools" / "package" / "collect_libraries.sh"
    subprocess.run([script, "--library", library, "--keeper", keeper, "--out", directory], check=True)


def lay_out(native, accelerator, tree):
    """Makes the tree a wheel is built of."""
    ignored = shutil.ignore_patterns("__pycache__", "_native")
    shutil.copytree(HERE / PACKAGE, tree / PACKAGE, ignore=ignored)
    shutil.copytree(native, tree / PACKAGE / "_native")
    subprocess.run(["strip", "--strip-unneeded", "-o", tree / PACKAGE / "_native" / accelerator.name, accelerator], check=True)
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy2(HERE / name, tree / name)
    shutil.copy2(ROOT / "LICENSE", tree / "LICENSE")


def build(tree, tag, out):
    """Builds the wheel and returns its path. The tag is set by hand, for setuptools sees only Python."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    command += ["--wheel-dir", str(tree / "dist")]
    subprocess.run(command + [str(tree)], check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    (plain,) = (tree / "dist").glob("*.whl")
    subprocess.run(
        [sys.executable, "-m", "wheel", "tags", "--remove", "--python-tag", "py3", "--abi-tag", "none"]
        + ["--platform-tag", tag, str(plain)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (tagged,) = (tree / "dist").glob("*.whl")
    out.mkdir(parents=True, exist_ok=True)
    return shutil.move(str(tagged), str(out / tagged.name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--native", type=pathlib.Path, help="directory with the files to carry")
    parser.add_argument("--library", help="path of libheliosdb.so")
    parser.add_argument("--keeper", help="path of heliosdb-keeper")
    parser.add_argument("--accelerator", type=pathlib.Path, required=True, help="path of _accelerator.abi3.so")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="directory for the wheel")
    arguments = parser.parse_args()
    if bool(arguments.native) == bool(arguments.library and arguments.keeper):
        parser.error("give either --native, or --library and --keeper")
    version = project_version()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        native = arguments.native
        if native is None:
            native = work / "native"
            collect(arguments.library, arguments.keeper, native)
        lay_out(native, arguments.accelerator, work / "tree")
        wheel = build(work / "tree", platform_tag(work / "tree" / PACKAGE / "_native"), arguments.out)
    print(wheel)
    if f"-{version}-" not in pathlib.Path(wheel).name:
        sys.exit(f"build_wheel.py: the wheel's version is not {version}")


if __name__ == "__main__":
    main()
