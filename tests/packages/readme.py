# SPDX-License-Identifier: Apache-2.0
"""Runs the programs that README.md shows, and compares what they print with what README.md says they print.

Usage: readme.py README LANGUAGE COMMAND..

Every block of the language that is followed by a ```text block is written to a file and run as COMMAND FILE in the
current directory, one after the other; "{path}" in the expected text stands for any text without white space.
"""
import re
import subprocess
import sys

SUFFIX = {"python": "py", "js": "js", "ruby": "rb", "c": "c", "sh": "sh"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$\s*(?:^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def main() -> None:
    readme, language, *command = sys.argv[1:]
    with open(readme, encoding="utf-8") as file:
        blocks = [block for block in BLOCK.findall(file.read()) if block[0] == language and block[2]]
    if not blocks:
        sys.exit(f"{readme} shows no program in {language}")
    for number, (_, program, expected) in enumerate(blocks, 1):
        name = f"readme_{number}.{SUFFIX[language]}"
        with open(name, "w", encoding="utf-8") as file:
            file.write(program)
        found = subprocess.run([*command, name], stdout=subprocess.PIPE, check=True, text=True, timeout=120).stdout
        pattern = r"\S+".join(re.escape(part) for part in expected.split("{path}"))
        if not re.fullmatch(pattern, found):
            sys.exit(f"--- {readme} says:\n{expected}--- {name} prints:\n{found}")
        print(f"{name}: as shown")


if __name__ == "__main__":
    main()
