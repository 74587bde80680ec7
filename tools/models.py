# SPDX-License-Identifier: Apache-2.0
"""Generates `ignition/config/model.py` and `ignition/config/tables.py` from the schemas.

The schemas define the whole structure. `x-ignition-*` keywords hold what JSON Schema cannot express:

| keyword | on | meaning |
|---|---|---|
| `x-ignition-plain` | string, integer | absent, null and the zero value are equivalent |
| `x-ignition-omit-zero` | plain member | not written if zero |
| `x-ignition-pointer` | object | absent and empty are different |
| `x-ignition-key` | list | members that identify an item (the first one set counts); `[]`: the item itself |
| `x-ignition-appends` | list | items have no key: duplicates are allowed, a merge appends |
| `x-ignition-space` | list | key space: lists of one object with the same name share their keys |
| `x-ignition-removes-without` | list | in a merge, a child's item without this member removes the parent's |
| `x-ignition-since` | member | spec version that introduced it |

The order of properties is the order in which configs are traversed, reported and written.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[1]
CONFIG = CHECKOUT / "ignition" / "config"
SCHEMAS = CHECKOUT / "schemas"
NOTICE = "Generated from schemas/ by `make generate`; change the schemas, not this file."

Schema = dict[str, Any]


def outputs() -> dict[Path, str]:
    """Path -> source."""
    schemas = load_schemas()
    return {
        CONFIG / "tables.py": tables_source(schemas),
        CONFIG / "model.py": model_source(list(schemas.values())[-1]),
    }


def version_order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split("."))


def load_schemas(folder: Path = SCHEMAS) -> dict[str, Schema]:
    """Version -> schema, oldest first."""
    found = {
        path.name.removeprefix("ignition-").removesuffix(".json"): json.loads(path.read_text())
        for path in folder.glob("ignition-*.json")
    }
    return dict(sorted(found.items(), key=lambda item: version_order(item[0])))


def objects(schema: Schema) -> dict[str, Schema]:
    """Name -> schema of each object type; the config (`Config`) is first."""
    return {"Config": schema, **schema["$defs"]}


def reference(schema: Schema) -> str:
    return str(schema["$ref"]).removeprefix("#/$defs/") if "$ref" in schema else ""


def snake(name: str) -> str:
    """`startMiB` -> `start_mib`, `sshAuthorizedKeys` -> `ssh_authorized_keys`."""
    name = name.replace("MiB", "Mib")
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


# tables.py


def member_row(name: str, schema: Schema) -> tuple[object, ...]:
    """One row of the tables; `shapes.Member` names its columns."""
    of = reference(schema)
    if of:
        flags = "pointer" if schema.get("x-ignition-pointer") else ""
        return (name, "object", of, flags)
    kind = schema["type"]
    if kind != "array":
        flags = "plain" if schema.get("x-ignition-plain") else ""
        if schema.get("x-ignition-omit-zero"):
            flags = "plain omit-zero"
        return (name, kind, "", flags)
    if schema.get("x-ignition-appends"):
        return (name, "array", reference(schema["items"]), "appends", (), "", "")
    return (
        name,
        "array",
        reference(schema["items"]),
        "",
        tuple(schema["x-ignition-key"]),
        schema.get("x-ignition-space", ""),
        schema.get("x-ignition-removes-without", ""),
    )


def tables_source(schemas: dict[str, Schema]) -> str:
    names: dict[tuple[str, tuple[Any, ...]], str] = {}
    constants: list[str] = []
    versions: list[str] = []
    for version, schema in schemas.items():
        entries = []
        for type_name, body in objects(schema).items():
            rows = tuple(member_row(*item) for item in body["properties"].items())
            constant = names.get((type_name, rows))
            if constant is None:
                constant = constant_name(type_name, version, taken=set(names.values()))
                names[type_name, rows] = constant
                constants.append(f"{constant}: Rows = {rows_literal(rows)}\n")
            entries.append(f'        "{type_name}": {constant},\n')
        versions.append(f'    "{version}": {{\n{"".join(entries)}    }},\n')
    return (
        "# SPDX-License-Identifier: Apache-2.0\n"
        f'"""Object types of every spec version, read through `shapes`.\n\n{NOTICE}\n"""\n\n'
        "from __future__ import annotations\n\n"
        "TYPE_CHECKING = False\n"
        "if TYPE_CHECKING:\n"
        "    from typing import Any\n\n"
        "    Rows = tuple[tuple[Any, ...], ...]\n\n"
        + "\n".join(constants)
        + "\nVERSIONS: dict[str, dict[str, Rows]] = {\n"
        + "".join(versions)
        + "}\n"
        + f'NEWEST = "{list(schemas)[-1]}"\n'
    )


def constant_name(type_name: str, version: str, taken: set[str]) -> str:
    """`FILESYSTEM` for the oldest version of a type, `FILESYSTEM_3_1` for a later one."""
    plain = snake(type_name).strip("_").upper() if not type_name.isupper() else type_name
    if plain not in taken:
        return plain
    return f"{plain}_{version.split('.')[0]}_{version.split('.')[1]}"


def rows_literal(rows: tuple[tuple[object, ...], ...]) -> str:
    if len(rows) == 1:
        return f"({python_literal(rows[0])},)"
    return "(\n" + "".join(f"    {python_literal(row)},\n" for row in rows) + ")"


def python_literal(value: object) -> str:
    if isinstance(value, tuple):
        inner = ", ".join(python_literal(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return json.dumps(value)


# model.py


def class_name(type_name: str) -> str:
    return {"TLS": "Tls", "HTTPHeader": "HttpHeader"}.get(type_name, type_name)


def property_source(name: str, schema: Schema) -> str:
    """The property of one member. Objects and lists are never None."""
    key = json.dumps(name)
    of = class_name(reference(schema))
    scalar = {"string": "str", "integer": "int", "boolean": "bool"}
    if of:
        hint, value = of, f"{of}(self.raw.get({key}) or {{}})"
    elif schema["type"] == "array" and reference(schema["items"]):
        item = class_name(reference(schema["items"]))
        hint, value = f"list[{item}]", f"[{item}(item) for item in self.raw.get({key}) or ()]"
    elif schema["type"] == "array":
        hint, value = "list[str]", f"self.raw.get({key}) or []"
    elif schema.get("x-ignition-plain"):
        hint = scalar[schema["type"]]
        value = f"self.raw.get({key}) or {'0' if hint == 'int' else chr(34) * 2}"
    else:
        hint, value = f"{scalar[schema['type']]} | None", f"self.raw.get({key})"
    doc = docstring(schema["description"], indent=8)
    return f"    @property\n    def {snake(name)}(self) -> {hint}:\n{doc}        return {value}\n"


def docstring(text: str, indent: int) -> str:
    pad = " " * indent
    if len(text) + indent + 6 <= 100:
        return f'{pad}"""{text}"""\n'
    # The opening quotes are on the first line.
    lines = textwrap.wrap(text, 100 - indent - 6)
    return f'{pad}"""' + f"\n{pad}".join(lines) + f'\n{pad}"""\n'


def model_source(schema: Schema) -> str:
    classes = []
    for type_name, body in objects(schema).items():
        head = f"class {class_name(type_name)}(View):\n{docstring(body['description'], indent=4)}"
        properties = [property_source(*item) for item in body["properties"].items()]
        classes.append("\n".join([head + "\n    __slots__ = ()\n", *properties]))
    return (
        "# SPDX-License-Identifier: Apache-2.0\n"
        f'"""The newest spec as classes: typed views of a canonical value.\n\n{NOTICE}\n\n'
        "Views are created on access. Unset optional members are None, unset plain members are zero or\n"
        'empty, and objects and lists always exist.\n"""\n\n'
        "from __future__ import annotations\n\n"
        "from ignition.config.view import View\n\n\n" + "\n\n".join(classes)
    )
