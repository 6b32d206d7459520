#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Describe the public headers in bindings/api.json, from Doxygen's XML.

The description is what the bindings' declarations are generated from (generate.py). It is committed, so that only
a change of the headers needs Doxygen.

    describe.py           write bindings/api.json
    describe.py --check   exit 1 with a diff if the committed file is not what would be written
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from committed import ROOT, settle  # noqa: E402

HEADERS = [
    "status.h", "heliosdb.h", "arrow.h", "backup.h", "blob.h", "block.h", "function.h", "hook.h", "inspect.h",
    "module.h", "session.h",
]  # fmt: skip
OUTPUT = ROOT / "bindings" / "api.json"

# Calls that may wait for a lock, a disk or the engine: a binding must let other threads run meanwhile.
BLOCKING = {
    "hdb_connect", "hdb_close", "hdb_exec", "hdb_flush", "hdb_verify", "hdb_engine_dsn", "hdb_explain",
    "hdb_session_changeset", "hdb_session_patchset", "hdb_changeset_apply",
    "hdb_blob_open", "hdb_blob_close", "hdb_execute_block", "hdb_fetch_arrow", "hdb_fetch_block",
    "hdb_execute_values", "hdb_fetch_values", "hdb_step_values",
    "hdb_prepare", "hdb_execute", "hdb_fetch_row", "hdb_reset", "hdb_finalize",
    "hdb_backup_init", "hdb_backup_step", "hdb_backup_finish", "hdb_serialize", "hdb_deserialize",
}  # fmt: skip

DOXYFILE = """
INPUT = {inputs}
OUTPUT_DIRECTORY = {output}
GENERATE_XML = YES
GENERATE_HTML = NO
GENERATE_LATEX = NO
XML_PROGRAMLISTING = NO
OPTIMIZE_OUTPUT_FOR_C = YES
JAVADOC_AUTOBRIEF = YES
EXTRACT_ALL = YES
ENABLE_PREPROCESSING = YES
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = HDB_API=
FULL_PATH_NAMES = NO
AUTOLINK_SUPPORT = NO
QUIET = YES
WARNINGS = NO
WARN_IF_DOC_ERROR = NO
WARN_IF_INCOMPLETE_DOC = NO
"""


def doxygen_members(directory):
    """Every memberdef and its group's name, in the order of the headers."""
    inputs = " ".join(f'"{ROOT / "include" / "heliosdb" / name}"' for name in HEADERS)
    configuration = DOXYFILE.format(inputs=inputs, output=f'"{directory}"')
    subprocess.run(["doxygen", "-"], input=configuration, text=True, check=True, stdout=subprocess.DEVNULL)
    members = {}
    for path in sorted(pathlib.Path(directory, "xml").glob("*.xml")):
        for compound in ElementTree.parse(path).getroot().iter("compounddef"):
            group = compound.findtext("compoundname") if compound.get("kind") == "group" else ""
            for member in compound.iter("memberdef"):
                if group or member.get("id") not in members:
                    members[member.get("id")] = (member, group)

    def place(entry):
        location = entry[0].find("location")
        return HEADERS.index(pathlib.Path(location.get("file")).name), int(location.get("line"))

    return sorted(members.values(), key=place)


def text_of(element, skip=()):
    """The words of an element, its markup as light Markdown."""
    if element is None:
        return ""
    parts = [element.text or ""]
    for child in element:
        if child.tag not in skip:
            inner = text_of(child, skip)
            if child.tag == "computeroutput":
                inner = f"`{inner}`"
            elif child.tag == "listitem":
                inner = f"\n- {inner.strip()}"
            elif child.tag == "table":
                rows = [[tight(text_of(cell)) for cell in row.iter("entry")] for row in child.iter("row")]
                rows.insert(1, ["---"] * len(rows[0]))
                inner = "\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
            elif child.tag == "para":
                inner += "\n\n"
            parts.append(inner)
        parts.append(child.tail or "")
    return "".join(parts)


def tidy(text):
    """Text with single blank lines between paragraphs and none at its ends."""
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    kept = [line for index, line in enumerate(lines) if line or lines[index - 1]]
    return "\n".join(kept)


def tight(text):
    return " ".join(text.split())


def type_of(element):
    """A C type, spelled in one way: `const char *`, `hdb_conn **`."""
    return tight(text_of(element)).replace("* *", "**")


def describe_function(member, group):
    detail = member.find("detaileddescription")
    documented = {}
    for item in detail.iter("parameteritem"):
        for name in item.iter("parametername"):
            documented[name.text] = tight(text_of(item.find("parameterdescription")))
    parameters = [
        {
            "name": parameter.findtext("declname"),
            "type": type_of(parameter.find("type")),
            "doc": documented.get(parameter.findtext("declname"), ""),
        }
        for parameter in member.findall("param")
        if parameter.findtext("declname")
    ]
    returned = [tight(text_of(part)) for part in detail.iter("simplesect") if part.get("kind") == "return"]
    return {
        "name": member.findtext("name"),
        "group": group,
        "returns": type_of(member.find("type")),
        "parameters": parameters,
        "blocking": member.findtext("name") in BLOCKING,
        "brief": tight(text_of(member.find("briefdescription"))),
        "doc": tidy(text_of(detail, skip=("parameterlist", "simplesect"))),
        "returns_doc": " ".join(returned),
    }


def describe_callback(member, brief):
    """A function pointer type; Doxygen gives its parameters as text."""
    definition = tight(member.findtext("definition"))
    returned = re.match(r"typedef (.*?)\s*\(\*", definition).group(1)
    text = tight(member.findtext("argsstring")).removeprefix(")").strip("() ")
    parameters = []
    for part in text.split(","):
        ctype, name = re.match(r"(.*?)(\w+)$", part.strip()).groups()
        parameters.append({"name": name, "type": tight(ctype).replace("* *", "**")})
    return {
        "name": member.findtext("name"),
        "definition": definition,
        "returns": returned,
        "parameters": parameters,
        "brief": brief,
    }


def describe_enum(member, group):
    values = [
        {
            "name": value.findtext("name"),
            "value": int(value.findtext("initializer").lstrip("= "), 0),
            "brief": tight(text_of(value.find("briefdescription")) + text_of(value.find("detaileddescription"))),
        }
        for value in member.findall("enumvalue")
    ]
    brief = tight(text_of(member.find("briefdescription")))
    return {"name": member.findtext("name"), "group": group, "brief": brief, "values": values}


def describe():
    """The description of the headers as it is written to api.json."""
    api = {"headers": HEADERS, "handles": [], "callbacks": [], "enums": [], "functions": []}
    with tempfile.TemporaryDirectory() as directory:
        for member, group in doxygen_members(directory):
            kind, brief = member.get("kind"), tight(text_of(member.find("briefdescription")))
            if kind == "function":
                api["functions"].append(describe_function(member, group))
            elif kind == "enum":
                api["enums"].append(describe_enum(member, group))
            elif kind == "typedef" and "(*" in member.findtext("definition"):
                api["callbacks"].append(describe_callback(member, brief))
            elif kind == "typedef":
                api["handles"].append({"name": member.findtext("name"), "brief": brief})
    missing = BLOCKING - {function["name"] for function in api["functions"]}
    if missing:
        sys.exit(f"describe.py: no such functions in the headers: {', '.join(sorted(missing))}")
    return api


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare with the committed file")
    arguments = parser.parse_args()
    text = json.dumps(describe(), indent=2, ensure_ascii=False) + "\n"
    return settle({OUTPUT: text}, arguments.check)


if __name__ == "__main__":
    sys.exit(main())
