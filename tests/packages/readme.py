# SPDX-License-Identifier: Apache-2.0
"""Runs the programs that README.md shows, and compares what they print with what README.md says they print.

Usage: readme.py README LANGUAGE=COMMAND..

Every block of one of the languages that is followed by a ```text block is written to a file and run as COMMAND FILE in
the current directory, in the order of the page: what one leaves in the database is there for the next.
"""
import re
import shlex
import subprocess
import sys

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$\s*(?:^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def main() -> None:
    commands = dict(argument.split("=", 1) for argument in sys.argv[2:])
    with open(sys.argv[1], encoding="utf-8") as readme:
        blocks = [block for block in BLOCK.findall(readme.read()) if block[0] in commands and block[2]]
    missing = commands.keys() - {language for language, _, _ in blocks}
    if missing:
        sys.exit(f"{sys.argv[1]} shows no program in {', '.join(missing)}")
    for number, (language, program, expected) in enumerate(blocks, 1):
        name = f"program_{number}.{language}"
        with open(name, "w", encoding="utf-8") as file:
            file.write(program)
        command = shlex.split(commands[language]) + [name]
        found = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=120).stdout
        if found != expected:
            sys.exit(f"--- {sys.argv[1]} says:\n{expected}--- {name} prints:\n{found}")
        print(f"{name}: prints what is shown")


if __name__ == "__main__":
    main()
