#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of docs/python-examples.md, and writes their outputs into the page from the standard library's.

Usage: python_examples.py [--check] [--module heliosdb_sqlite] [--quick]

Without options the page's outputs become what the interpreter's sqlite3 prints; those that need a newer interpreter stay as
they are. --check writes nothing, and fails if an example prints something else than the page shows. --module names the module
that --check tries. --quick leaves out the examples that open a file, each of which starts an engine.

Every example runs in a process of its own, forked before the module has opened anything, in an empty directory.
"""
import argparse
import difflib
import importlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, "docs", "python-examples.md")
TIMEOUT = 60
EXAMPLE = re.compile(
    r"^### (?P<title>[^\n]+)\n\n(?P<about>(?:(?!```|#)[^\n]*\n)+)^```python\n(?P<source>.*?)^```\n\n^```text\n(?P<output>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
NEEDS = re.compile(r"<!-- needs Python 3\.(\d+) -->")
NOT_ON_SERVERS = re.compile(r"<!-- not on servers: (.+?) -->")


class Example:
    """One example: what it is called, its program, what the page says that it prints, and where it can't run."""

    def __init__(self, match):
        self.title = match["title"]
        self.source = match["source"]
        self.output = match["output"]
        self.span = match.span("output")
        needs = NEEDS.search(match["about"])
        self.needs = (3, int(needs.group(1))) if needs else (3, 8)
        reason = NOT_ON_SERVERS.search(match["about"])
        self.not_on_servers = reason.group(1) if reason else None
        self.opens_file = ".db" in self.source

    def source_on_server(self):
        """The program with a name that a server can stand for in place of its first database in memory."""
        return self.source if self.opens_file else self.source.replace('":memory:"', '"example.db"', 1)

    def too_new(self):
        return sys.version_info[:2] < self.needs


def read(path=PAGE):
    """The page's text and its examples."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    examples = [Example(match) for match in EXAMPLE.finditer(text)]
    if len(examples) != text.count("\n```python\n") - 1:  # the introduction has one that prints nothing
        sys.exit("{}: a block is not an example of a heading, a sentence, a program and its output".format(path))
    return text, examples


def run(module_name, source):
    """What a program prints, with a module under the name sqlite3; ends with a traceback if it raised."""
    module = importlib.import_module(module_name)
    directory = tempfile.mkdtemp(prefix="hdb-example.")
    try:
        with tempfile.TemporaryFile() as output:
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                _run_here(module, source, directory, output)
            os.waitpid(child, 0)
            output.seek(0)
            return output.read().decode("utf-8")
    finally:
        _remove(directory)


def _remove(directory):
    """Removes a directory in which an engine may still be writing: it ends a moment after the program."""
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            shutil.rmtree(directory)
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _run_here(module, source, directory, output):
    """The child: never returns."""
    status = 1
    try:
        signal.alarm(TIMEOUT)
        os.chdir(directory)
        os.dup2(output.fileno(), 1)
        # Whoever runs this may have put something else there, or have another encoding.
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        warnings.simplefilter("ignore", DeprecationWarning)  # printing them is not the examples' matter
        # Programs that an example starts use the same module.
        os.environ["EXAMPLE_MODULE"] = module.__name__
        exec(compile(source, "example", "exec"), {"__name__": "__main__", "sqlite3": module})
        status = 0
    except BaseException:
        print(traceback.format_exc().strip().splitlines()[-1])
    finally:
        sys.stdout.flush()
        os._exit(status)


def write():
    """Puts what the standard library prints into the page."""
    text, examples = read()
    for example in reversed(examples):
        if not example.too_new():
            begin, end = example.span
            text = text[:begin] + run("sqlite3", example.source) + text[end:]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(text)


def check(module_name, quick):
    """Compares what a module prints with the page; prints counts, and returns how many examples differ."""
    _, examples = read()
    ran = differing = too_new = left_out = 0
    for example in examples:
        if example.too_new():
            too_new += 1
            continue
        if quick and example.opens_file:
            left_out += 1
            continue
        ran += 1
        found = run(module_name, example.source)
        if found != example.output:
            differing += 1
            print("### " + example.title)
            sys.stdout.writelines(
                difflib.unified_diff(example.output.splitlines(True), found.splitlines(True), "the page", module_name)
            )
    print(
        "{}: {} examples, {} as on the page, {} differ, {} need a newer Python than {}.{}, {} left out by --quick".format(
            module_name, len(examples), ran - differing, differing, too_new, *sys.version_info[:2], left_out
        )
    )
    return differing


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--module", default="sqlite3")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.check:
        sys.exit(1 if check(arguments.module, arguments.quick) else 0)
    write()


if __name__ == "__main__":
    main()
