# SPDX-License-Identifier: Apache-2.0
"""Which modules the closure includes and excludes."""

from __future__ import annotations

import ast
import sys
import sysconfig
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[3]


def scan(
    closure: ModuleType, source: str, *, name: str = "ignition.a.b", package: bool = False
) -> set[str]:
    own = name.startswith("ignition")
    visitor = closure.ImportScan(name, package, inside_functions=own)
    visitor.visit(ast.parse(textwrap.dedent(source)))
    return set(visitor.found)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import a, b.c as d", {"a", "b.c"}),
        ("from a import b, c", {"a", "a.b", "a.c"}),
        ("from a import *", {"a"}),
        ("from . import c", {"ignition.a", "ignition.a.c"}),
        ("from .c import d", {"ignition.a.c", "ignition.a.c.d"}),
        ("from ..c import d", {"ignition.c", "ignition.c.d"}),
        ("try:\n import a\nexcept ImportError:\n import b", {"a", "b"}),
        ("class A:\n import a", {"a"}),
        ("def f():\n import a", {"a"}),
        ("async def f():\n import a", {"a"}),
        ("if x:\n import a\nelse:\n import b", {"a", "b"}),
        ("if TYPE_CHECKING:\n import a\nelse:\n import b", {"b"}),
        ("if typing.TYPE_CHECKING:\n import a", set()),
        ("if not TYPE_CHECKING:\n import a", {"a"}),
        ("if TYPE_CHECKING or x:\n import a", {"a"}),
        ("if TYPE_CHECKING and x:\n import a", set()),
        ("if __name__ == '__main__':\n import a", set()),
        ("if sys.platform == 'win32':\n import a\nelif sys.platform == 'linux':\n import b", {"b"}),
        ("if sys.version_info >= (3, 99):\n import a\nelse:\n import b", {"b"}),
        ("if sys.version_info >= MINIMUM:\n import a", {"a"}),
        ("import_module('a.b')", {"a.b"}),
        ("importlib.import_module(f'a.{b}')", set()),
        ("__import__('a')", {"a"}),
        ("x.encode('Latin-1')", {"encodings.latin_1"}),
        ("x.encode('surrogate', name)", {"encodings.surrogate"}),
    ],
)
def test_imports_that_count(closure: ModuleType, source: str, found: set[str]) -> None:
    assert scan(closure, source) == found


def test_a_package_is_its_own_parent(closure: ModuleType) -> None:
    assert scan(closure, "from . import c", package=True) == {"ignition.a.b", "ignition.a.b.c"}


def test_in_libraries_only_module_level_imports_count(closure: ModuleType) -> None:
    source = "import a\ndef f(x=__import__('b')):\n import c\n x.encode('idna')\nf = lambda: __import__('d')"
    assert scan(closure, source, name="library") == {"a", "encodings.idna"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A small engine and a library beside it."""
    files = {
        "ignition/__init__.py": "",
        "ignition/__main__.py": "def main():\n from ignition import work",
        "ignition/work.py": "import library.part\nimport json.tool\nimport unknown",
        "ignition/lint/__init__.py": "",
        "ignition/lint/deep.py": "",
        "library/__init__.py": "",
        "library/part.py": "from library import other\ndef f():\n import library.never",
        "library/other.py": "import ignition.lint.deep",
        "library/never.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_everything_reachable_and_nothing_else(
    closure: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(closure.EXCLUDED, "ignition.lint", "for this test")
    search, _ = closure.search_path(str(home))
    found = closure.Closure(search)
    found.require("ignition.__main__")
    ours = {name for name in found.modules if name.startswith(("ignition", "library"))}
    assert ours == {
        *("ignition", "ignition.__main__", "ignition.work"),
        *("library", "library.part", "library.other"),
    }
    assert {"json", "json.tool", "json.decoder", "argparse"} <= found.modules.keys()
    # Frozen: nothing to write.
    assert "sys" not in found.modules
    assert found.modules["codecs"].is_frozen


def test_a_required_module(closure: ModuleType, home: Path) -> None:
    search, _ = closure.search_path(str(home))
    with pytest.raises(closure.Missing, match=r"no module ignition\.gone"):
        closure.Closure(search).require("ignition.gone")


def test_paths_in_the_tree(closure: ModuleType, home: Path) -> None:
    search, stdlib = closure.search_path(str(home))
    found = closure.Closure(search)
    found.require("ignition.__main__")
    # Which modules are files differs between Debian's versions of Python.
    names = ("_json", "_ssl", "_ctypes")
    extension = next(name for name in names if name not in sys.builtin_module_names)
    found.require(extension)
    library = closure.library_path()
    places = {name: closure.target(module, stdlib) for name, module in found.modules.items()}
    assert places["ignition"] == "ignition/__init__.pyc"
    assert places["library.part"] == "library/part.pyc"
    assert places["json"] == f"{library}/json/__init__.pyc"
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert places[extension] == f"{library}/lib-dynload/{extension}{suffix}"


def test_paths_where_the_library_is_in_lib64(
    closure: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fedora and SUSE: extension modules outside the interpreter, packages in lib and lib64.

    Imitated are the places of the files. tests/boot/test_other_distributions.py has such an interpreter.
    """
    monkeypatch.setattr(sys, "platlibdir", "lib64")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = tmp_path / "usr/lib64" / version
    for path in (
        *("lib64/{}/os.py", "lib64/{}/lib-dynload/_fast.abi3.so", "lib64/{}/late.py"),
        *("lib64/{}/site-packages/cloud/auth/__init__.py", "lib/{}/site-packages/cloud/store.py"),
        "lib64/{}/site-packages/compiled/_rust.abi3.so",
        "lib64/{}/site-packages/compiled/__init__.py",
    ):
        file = tmp_path / "usr" / path.format(version)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    stdlib = [str(library), str(library / "lib-dynload")]
    packages = [str(library / "site-packages"), f"{tmp_path}/usr/lib/{version}/site-packages"]
    found = closure.Closure([*stdlib, *packages])
    for name in ("late", "cloud.auth", "cloud.store", "compiled._rust", "_fast"):
        found.require(name)
    places = {name: closure.target(module, stdlib) for name, module in found.modules.items()}
    assert places == {
        "late": f"lib64/{version}/late.pyc",
        "_fast": f"lib64/{version}/lib-dynload/_fast.abi3.so",
        # A package without __init__, in two folders, becomes one.
        "cloud.auth": "cloud/auth/__init__.pyc",
        "cloud.store": "cloud/store.pyc",
        "compiled": "compiled/__init__.pyc",
        "compiled._rust": "compiled/_rust.abi3.so",
    }


def test_a_missing_shared_library_stops_the_build(
    closure: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert closure.shared_libraries().keys() == {"c", "udev"}
    monkeypatch.setattr(closure, "SHARED_LIBRARIES", ("c", "absent"))
    with pytest.raises(closure.Missing, match="ldconfig knows no libabsent"):
        closure.shared_libraries()


def test_bytecode_is_the_same_every_time_and_holds_no_docstrings(closure: ModuleType) -> None:
    source = b'"""Words for readers."""\nassert False\nx = 1\n'
    code = closure.bytecode(source, "a/b.py")
    assert code == closure.bytecode(source, "a/b.py")
    assert b"Words for readers" not in code
    # PEP 552: hash-based and unchecked.
    assert code[4:8] == b"\x01\x00\x00\x00"


TABLE = {"brightbox": "openstack", "qemu": "qemu"}


@pytest.mark.parametrize(
    ("wanted", "modules"),
    [(None, {"p.openstack", "p.qemu"}), ([], set()), (["brightbox"], {"p.openstack"})],
)
def test_platforms_of_an_image(
    closure: ModuleType, wanted: list[str] | None, modules: set[str]
) -> None:
    assert closure.select_modules("platform", "p", TABLE, wanted) == modules


def test_an_unknown_platform_stops_the_build(closure: ModuleType) -> None:
    with pytest.raises(
        closure.Missing, match="no platform nobody; this version has brightbox qemu"
    ):
        closure.select_modules("platform", "p", TABLE, ["qemu", "nobody"])


class Build:
    """Runs the command line without writing a tree, and records its modules."""

    def __init__(self, closure: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self._closure = closure
        self._patch = monkeypatch
        self.modules: set[str] = set()
        monkeypatch.setattr(closure, "write", self._keep)

    def run(self, *options: str) -> int:
        words = ("--home", str(CHECKOUT), "--destination", "nowhere", *options)
        status: int = self._closure.main(list(words))
        return status

    def without_libraries(self) -> None:
        """A machine with only the engine and the standard library."""
        search, stdlib = self._closure.search_path(str(CHECKOUT))
        search = [folder for folder in search if not folder.endswith("-packages")]
        self._patch.setattr(self._closure, "search_path", lambda home: (search, stdlib))

    def _keep(self, made: Any, destination: str, stdlib: list[str]) -> None:
        self.modules = set(made.modules)


@pytest.fixture
def build(closure: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Build:
    return Build(closure, monkeypatch)


S3, AWS = "ignition.resource.schemes.s3", "ignition.providers.aws"


@pytest.mark.parametrize(
    ("roots", "wanted"),
    [([S3, AWS], ["botocore.auth"]), ([S3], []), ([AWS], []), ([], [])],
    ids=["both", "no such instances", "no such scheme", "neither"],
)
def test_libraries_for_credentials(
    closure: ModuleType, roots: list[str], wanted: list[str]
) -> None:
    libraries, unwanted = closure.credentials(roots)
    assert [name for name in libraries if name.startswith("botocore")] == wanted
    assert ("botocore" in unwanted) == (not wanted)


def test_the_s3_signer_is_included_for_aws(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build.run("--platforms", "ec2") == 0
    assert {"botocore.auth", "botocore.awsrequest", "urllib3"} <= build.modules
    assert "botocore.auth" in capsys.readouterr().out.split()
    # Only the signer of botocore is used.
    for unwanted in ("botocore.client", "botocore.crt", "boto3", "decimal", "ctypes.wintypes"):
        assert unwanted not in build.modules


def test_the_s3_signer_is_excluded_for_other_platforms(build: Build) -> None:
    assert build.run("--platforms", "qemu", "--schemes", "s3") == 0
    assert S3 in build.modules
    assert not [name for name in build.modules if name.startswith(("botocore", "dateutil", "six"))]


def test_a_missing_library_is_an_error_only_if_its_scheme_is_named(
    build: Build, capsys: pytest.CaptureFixture[str]
) -> None:
    build.without_libraries()
    assert build.run("--platforms", "aws") == 0
    assert S3 in build.modules
    assert "botocore" not in capsys.readouterr().out
    assert build.run("--platforms", "aws", "--schemes", "s3") == 1
    assert "there is no module botocore.auth" in capsys.readouterr().err


HEAVY = ("azure.", "google.", "cryptography", "msal")


@pytest.mark.parametrize(
    "options",
    [(), ("--platforms", "qemu aws"), ("--platforms", "gcp azure", "--schemes", "data")],
    ids=["platforms not named", "other platforms", "no such schemes"],
)
def test_heavy_libraries_are_excluded(build: Build, options: tuple[str, ...]) -> None:
    assert build.run(*options) == 0
    assert not [name for name in build.modules if name.startswith(HEAVY)]
    assert "ignition.resource.schemes.azure_blob" in build.modules, "which asks without them"


@pytest.mark.parametrize(
    ("platform", "module", "other"),
    [("gce", "google.auth.compute_engine", "azure."), ("azure", "azure.identity", "google.")],
)
def test_a_heavy_library_is_included_if_its_platform_is_named(
    build: Build, capsys: pytest.CaptureFixture[str], platform: str, module: str, other: str
) -> None:
    assert build.run("--platforms", f"qemu {platform}") == 0
    assert {module, "cryptography.hazmat.bindings._rust", "_cffi_backend"} <= build.modules
    assert not [name for name in build.modules if name.startswith(other)]
    assert module in capsys.readouterr().out.split()


def test_azure_works_without_its_library(build: Build, capsys: pytest.CaptureFixture[str]) -> None:
    """https serves other purposes than blobs."""
    build.without_libraries()
    assert build.run("--platforms", "azure", "--schemes", "https") == 0
    assert (
        capsys.readouterr().err
        == "closure.py: azure.identity is not installed: continuing without it\n"
    )
    assert build.run("--platforms", "gcp", "--schemes", "gs") == 1


def test_a_platform_with_a_metadata_service_includes_http(
    closure: ModuleType,
) -> None:
    search, _ = closure.search_path(str(CHECKOUT))
    found = closure.Closure(search)
    found.require("ignition.providers.aws")
    assert "ignition.resource.schemes.http" in found.modules
