# SPDX-License-Identifier: Apache-2.0
"""Builds the Python tree of the initramfs: only the modules that the engine can import.

dracut runs it while it builds an image, under the image's python3 and with the standard library only. It
starts at the entry points, the stages, and the providers and URL schemes that the image selects, follows
all import statements, and writes the modules as bytecode without sources:

    DESTINATION/ignition/...          the engine and the libraries installed beside it
    DESTINATION/lib/python3.11/...    the standard library, where DESTINATION/bin/python3 looks for it

The caller adds the interpreter and the shared libraries of C extensions. Standard output lists, one per
line, the modules that must be importable from the finished tree.

In the engine every import counts. In other code only those at module level do: what a library imports
inside a function is hardly ever needed in an initramfs. LAZY lists the exceptions, and EXCLUDED lists what
is imported at module level but never needed.
"""

import argparse
import ast
import importlib.machinery
import importlib.util
import operator
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Collection
from importlib.machinery import FrozenImporter, ModuleSpec
from typing import Any

OWN = "ignition"
ENTRIES = ("ignition.__main__", "ignition.cli.run", "ignition.cli.version")
# Sources of configs on every platform.
ALWAYS_ASKED = ("cmdline", "system")

# Imported by the interpreter at startup, or by name from C code.
START = (
    "os",
    "encodings",
    "encodings.aliases",
    "encodings.ascii",
    "encodings.latin_1",
    "encodings.utf_8",
)

LAZY = {
    # getaddrinfo() uses this codec for host names.
    "_socket": ("encodings.idna",),
    # Imported from compiled code.
    "cryptography.hazmat.bindings._rust": ("_cffi_backend",),
    "cryptography.hazmat.backends": ("cryptography.hazmat.backends.openssl.backend",),
    # The token source for managed identities, and the transport over requests.
    "azure.identity._credentials.managed_identity": ("azure.identity._credentials.imds",),
    "azure.core.pipeline.transport": (
        "azure.core.pipeline.transport._bigger_block_size_http_adapters",
        "azure.core.pipeline.transport._requests_basic",
        "azure.core.rest._http_response_impl",
        "azure.core.rest._requests_basic",
    ),
    "azure.core.rest._helpers": ("encodings.utf_8_sig",),
    # In some builds these are separate modules; without them importing hashlib logs a traceback.
    "hashlib": ("_blake2",),
    "idna.core": ("idna.uts46data",),
    # A platform with a metadata service needs http, whichever schemes the image selects.
    "ignition.resource.metadata": ("ignition.resource.schemes.http",),
    # Azure blobs have https URLs and a module of their own.
    "ignition.resource.schemes.http": ("ignition.resource.schemes.azure_blob",),
    "requests": ("charset_normalizer", "idna"),
    # Built into some interpreters; renamed in 3.12.
    "ignition.base.digest": ("_sha256", "_sha512", "_sha2"),
}

# Libraries for credentials of one cloud: scheme -> (provider, module of the library).
# An image without the provider does not get the library. If the library is not installed, the scheme works
# without credentials; it is an error only if the image names the scheme and nothing else uses the library.
CREDENTIALS = {
    "ignition.resource.schemes.gs": ("ignition.providers.gcp", "google.auth.compute_engine"),
    "ignition.resource.schemes.http": ("ignition.providers.azure", "azure.identity"),
    "ignition.resource.schemes.s3": ("ignition.providers.aws", "botocore.auth"),
}
# Packages that need cryptography, several megabytes: only for an image that names its platforms.
HEAVY = ("azure", "google")

# Module or package -> why no initramfs needs it. Its importers handle an ImportError.
EXCLUDED = {
    "ignition.cli.advice": "only for interactive use",
    "ignition.cli.layout": "only for interactive use",
    "importlib._bootstrap": "frozen into the interpreter under another name",
    "importlib._bootstrap_external": "frozen into the interpreter under another name",
    "_pydatetime": "fallback for _datetime",
    "awscrt": "botocore: requests are signed in Python",
    "botocore.crt": "botocore: requests are signed in Python",
    "dateutil.tz.win": "Windows only",
    "bz2": "zipfile and shutil: no archives are read",
    "lzma": "zipfile and shutil: no archives are read",
    "chardet": "requests: no text encodings are guessed",
    "OpenSSL": "requests: the ssl module is used",
    "simplejson": "requests: the json module is used",
    "backports": "urllib3: no compressed bodies are requested",
    "brotli": "urllib3: no compressed bodies are requested",
    "brotlicffi": "urllib3: no compressed bodies are requested",
    "compression": "urllib3: no compressed bodies are requested",
    "zstandard": "urllib3: no compressed bodies are requested",
    "urllib3.contrib": "requests: no SOCKS proxies, no PyOpenSSL",
    "urllib3.http2.connection": "HTTP/1.1 only",
}

# Modules that are always imported but do nothing useful in an initramfs. The folder `substitutes` has their
# replacements.
SUBSTITUTES = {
    "certifi": "certifi.py",
    "charset_normalizer": "charset_normalizer.py",
    "ctypes.util": "ctypes_util.py",
    "dateutil.parser": "dateutil_parser.py",
    "urllib3.http2": "urllib3_http2/__init__.py",
}

# Arguments of the engine's calls of ctypes.util.find_library().
SHARED_LIBRARIES = ("c", "udev")


# Values that conditions around imports compare.
KNOWN: dict[str, object] = {
    "sys.platform": sys.platform,
    "os.name": os.name,
    "sys.version_info": sys.version_info,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
}


class Module:
    """One module of the closure. `path` is its file; for a package, its __init__ file."""

    def __init__(self, name: str, path: str, folder: str) -> None:
        self.name = name
        self.path = path
        self.folder = folder  # the entry of the search path that contains it
        self.is_package = os.path.basename(path).split(".")[0] == "__init__"
        self.is_extension = not path.endswith(".py")
        # Frozen: only its imports matter. A frozen package still needs its folder.
        self.is_frozen = not self.is_package and bool(FrozenImporter.find_spec(name))


class Missing(Exception):
    """A required module is missing or broken."""


def is_excluded(name: str, more: Collection[str] = ()) -> bool:
    """Whether the module or a parent package is in EXCLUDED or `more`."""
    parts = name.split(".")
    above = [".".join(parts[: count + 1]) for count in range(len(parts))]
    return any(each in EXCLUDED or each in more for each in above)


class Closure:
    """Modules by name, located in `search` (folders as in sys.path). `unwanted`: packages to leave out of
    this image."""

    def __init__(
        self, search: list[str], substitutes: str = "", unwanted: Collection[str] = ()
    ) -> None:
        self.search = search
        self.substitutes = substitutes
        self.unwanted = unwanted
        self.modules: dict[str, Module] = {}
        self._specs: dict[str, ModuleSpec | None] = {}

    def add(self, name: str) -> bool:
        """Adds a module, its parent packages and everything they import. False if it does not exist."""
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current in self.modules or current in sys.builtin_module_names:
                continue
            if is_excluded(current, self.unwanted):
                continue
            module = self._locate(current)
            if module is None:
                continue
            self.modules[current] = module
            waiting.extend(LAZY.get(current, ()))
            if "." in current:
                waiting.append(current.rpartition(".")[0])
            if not module.is_extension:
                waiting.extend(self._imports(module))
        return name in self.modules or name in sys.builtin_module_names

    def require(self, name: str) -> None:
        """Adds a module that the image needs. Raises Missing."""
        if not self.add(name):
            raise Missing(f"there is no module {name} in {' '.join(self.search)}")

    def _locate(self, name: str) -> Module | None:
        if name in SUBSTITUTES and self.substitutes:
            path = os.path.join(self.substitutes, SUBSTITUTES[name])
            return Module(name, path, self._folder_of(name))
        spec = self._spec(name)
        if spec is None or not spec.has_location or spec.origin is None:
            return None
        return Module(name, spec.origin, self._folder_of(name))

    def _folder_of(self, name: str) -> str:
        """The folder of the search path that contains the module, or would contain it."""
        spec = self._spec(name)
        origin = (spec.origin if spec else None) or self.search[0] + os.sep
        return max((each for each in self.search if origin.startswith(each + os.sep)), key=len)

    def _spec(self, name: str) -> ModuleSpec | None:
        if name not in self._specs:
            parent = name.rpartition(".")[0]
            path: list[str] | None = self.search
            if parent:
                above = self._spec(parent)
                path = list(above.submodule_search_locations or ()) if above else []
            self._specs[name] = importlib.machinery.PathFinder.find_spec(name, path)
        return self._specs[name]

    def _imports(self, module: Module) -> list[str]:
        with open(module.path, "rb") as file:
            tree = ast.parse(file.read(), module.path)
        scan = ImportScan(module.name, module.is_package, inside_functions=is_own(module.name))
        scan.visit(tree)
        return scan.found


def is_own(name: str) -> bool:
    """Whether a module belongs to the engine."""
    return name == OWN or name.startswith(OWN + ".")


class ImportScan(ast.NodeVisitor):
    """Collects in `found` the names that a module imports: `from a import b` gives `a` and `a.b`."""

    def __init__(self, module: str, is_package: bool, inside_functions: bool) -> None:
        self.package = module if is_package else module.rpartition(".")[0]
        self.inside_functions = inside_functions
        self.found: list[str] = []
        self._depth = 0

    def _counts(self) -> bool:
        return self.inside_functions or not self._depth

    def visit_Import(self, node: ast.Import) -> None:
        if self._counts():
            self.found.extend(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if not self._counts():
            return
        base = node.module or ""
        if node.level:
            above = self.package.split(".")
            above = above[: len(above) - node.level + 1]
            base = ".".join([*above, base] if base else above)
        self.found.append(base)
        self.found.extend(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")

    def visit_Call(self, node: ast.Call) -> None:
        """`import_module("name")`, and the codec of `text.encode("name")`."""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if isinstance(first, str):
            if called in ("import_module", "__import__") and self._counts():
                self.found.append(first)
            elif called in ("encode", "decode") and first.isascii():
                self.found.append("encodings." + first.lower().replace("-", "_").replace(" ", "_"))
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node)

    def _function(self, node: ast.AST) -> None:
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    def visit_If(self, node: ast.If) -> None:
        verdict = evaluate(node.test)
        if verdict is not False:
            for statement in node.body:
                self.visit(statement)
        if verdict is not True:
            for statement in node.orelse:
                self.visit(statement)


def evaluate(test: ast.expr) -> bool | None:
    """The value of a condition on platform, version or type checking; None if it is not known statically."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        verdict = evaluate(test.operand)
        return None if verdict is None else not verdict
    if isinstance(test, ast.BoolOp):
        verdicts = [evaluate(value) for value in test.values]
        deciding = isinstance(test.op, ast.Or)
        if deciding in verdicts:
            return deciding
        return None if None in verdicts else not deciding
    if ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'"):
        return False
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left = KNOWN.get(ast.unparse(test.left))
        compare = COMPARISONS.get(type(test.ops[0]))
        if left is not None and compare is not None:
            try:
                return bool(compare(left, ast.literal_eval(test.comparators[0])))
            except ValueError:
                return None
    return None


def library_path() -> str:
    """The standard library's path below the interpreter's prefix: `lib/python3.11`, `lib64/python3.13`."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return os.path.join(sys.platlibdir, version)


def target(module: Module, stdlib: list[str]) -> str:
    """The path of a module's file in the tree."""
    parts = module.name.split(".")
    if module.is_extension:
        relative = os.path.join(*parts[:-1], os.path.basename(module.path))
        if module.folder in stdlib and len(parts) == 1:
            relative = os.path.join("lib-dynload", relative)
    else:
        relative = os.path.join(*parts, "__init__" if module.is_package else "")
        relative = relative.rstrip(os.sep) + ".pyc"
    return os.path.join(library_path(), relative) if module.folder in stdlib else relative


def bytecode(source: bytes, name: str) -> bytes:
    """An unchecked .pyc, compiled as with -OO. `name` is the file name in tracebacks."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=2)
    bootstrap = importlib.machinery.SourceFileLoader.__init__.__globals__
    return bytes(bootstrap["_code_to_hash_pyc"](code, importlib.util.source_hash(source), False))


def shared_libraries() -> dict[str, str]:
    """Library name -> file name, from ctypes.util.find_library() on this machine. Raises Missing."""
    from ctypes.util import find_library

    found = {}
    for name in SHARED_LIBRARIES:
        file = find_library(name)
        if file is None:
            raise Missing(f"ldconfig knows no lib{name}")
        found[name] = file
    return found


def write(closure: Closure, destination: str, stdlib: list[str]) -> None:
    """Writes the tree. Raises Missing."""
    # The interpreter recognises its library by lib-dynload and os.pyc.
    os.makedirs(os.path.join(destination, library_path(), "lib-dynload"), exist_ok=True)
    for module in sorted(closure.modules.values(), key=lambda each: each.name):
        if module.is_frozen and module.name != "os":
            continue
        relative = target(module, stdlib)
        path = os.path.join(destination, relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if module.is_extension:
            shutil.copyfile(module.path, path)
            # dracut resolves shared libraries of executable files only.
            os.chmod(path, 0o755)
            continue
        with open(module.path, "rb") as file:
            source = file.read()
        if module.name == "ctypes.util" and module.path.startswith(closure.substitutes):
            source = source.replace(b"= {}", b"= %a" % shared_libraries())
        with open(path, "wb") as file:
            file.write(bytecode(source, relative[: -len("c")]))


def select_modules(
    kind: str, package: str, table: dict[str, str], wanted: list[str] | None
) -> set[str]:
    """The modules for the wanted names, or all if it is None. Raises Missing."""
    names = list(table) if wanted is None else wanted
    for name in names:
        if name not in table:
            raise Missing(f"no {kind} {name}; this version has {' '.join(sorted(table))}")
    return {f"{package}.{table[name]}" for name in names}


def roots(home: str, platforms: list[str] | None, schemes: list[str] | None) -> list[str]:
    """The modules that are imported by name: entry points, stages, providers, schemes. Raises Missing."""
    sys.path.insert(0, home)
    from ignition.engine.phases import PHASES
    from ignition.providers import ALIASES, MODULES
    from ignition.resource.fetch import SCHEMES

    stages = {module for rows in PHASES.values() for _, module, _ in rows}
    found = {*ENTRIES, *(f"ignition.stages.{module}" for module in stages)}
    found |= {f"ignition.providers.{name}" for name in ALWAYS_ASKED}
    table = MODULES | {alias: MODULES[platform] for alias, platform in ALIASES.items()}
    found |= select_modules("platform", "ignition.providers", table, platforms)
    found |= select_modules("URL scheme", "ignition.resource.schemes", SCHEMES, schemes)
    return sorted(found)


def credentials(found: list[str], named: bool = False) -> tuple[list[str], set[str]]:
    """The modules of CREDENTIALS for an image with these roots, and the packages to leave out.

    `named`: whether the image names its platforms.
    """
    wanted, unwanted = [], {"cryptography"}  # requests only checks its version
    for scheme, (provider, module) in CREDENTIALS.items():
        package = module.partition(".")[0]
        if scheme in found and provider in found and (named or package not in HEAVY):
            wanted.append(module)
            if package in HEAVY:
                unwanted.discard("cryptography")
        else:
            unwanted.add(package)
    return wanted, unwanted


def search_path(home: str) -> tuple[list[str], list[str]]:
    """Folders to search (the engine, the standard library, the distribution's packages), and those of the
    standard library alone."""
    paths = sysconfig.get_paths()
    stdlib = list(dict.fromkeys([paths["stdlib"], paths["platstdlib"]]))
    stdlib += [os.path.join(folder, "lib-dynload") for folder in stdlib]
    others = [folder for folder in sys.path if folder.endswith(("-packages", "-packages/"))]
    return [folder for folder in [home, *stdlib, *others] if os.path.isdir(folder)], stdlib


def main(arguments: list[str]) -> int:
    """Runs the command line. Exit status 1 if a module is missing."""
    parser = argparse.ArgumentParser(prog="closure.py", allow_abbrev=False)
    parser.add_argument("--home", required=True, help="folder that holds the engine")
    parser.add_argument("--destination", required=True, help="folder to write the tree to")
    parser.add_argument("--platforms", help="platform ids, separated by blanks; default: all")
    parser.add_argument("--schemes", help="URL schemes, separated by blanks; default: all")
    options = parser.parse_args(arguments)
    platforms = None if options.platforms is None else options.platforms.split()
    schemes = None if options.schemes is None else options.schemes.split()
    search, stdlib = search_path(options.home)
    substitutes = os.path.join(os.path.dirname(os.path.abspath(__file__)), "substitutes")
    try:
        found = roots(options.home, platforms, schemes)
        libraries, unwanted = credentials(found, named=platforms is not None)
        closure = Closure(search, substitutes, unwanted)
        for name in START:
            closure.require(name)
        for name in found:
            closure.require(name)
            print(name)
        for name in libraries:
            if schemes is not None and name != "azure.identity":
                closure.require(name)
            if closure.add(name):
                print(name)
            elif platforms is not None:
                print(
                    f"closure.py: {name} is not installed: continuing without it", file=sys.stderr
                )
        write(closure, options.destination, stdlib)
    except Missing as missing:
        print(f"closure.py: {missing}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
