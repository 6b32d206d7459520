# SPDX-License-Identifier: Apache-2.0
"""Generated files that are committed: write them, or show how they differ."""

import difflib
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def settle(files, check):
    """Write `files` ({path: text}), or with `check` only compare them. Returns the exit status."""
    status = 0
    for path, text in files.items():
        name = str(path.relative_to(ROOT))
        committed = path.read_text(encoding="utf-8") if path.exists() else ""
        if committed == text:
            continue
        if check:
            lines = committed.splitlines(True), text.splitlines(True)
            print("".join(difflib.unified_diff(*lines, f"committed/{name}", f"generated/{name}")), end="")
            status = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return status
