# SPDX-License-Identifier: Apache-2.0
"""Records: dataclasses without their import cost.

`dataclasses` imports `inspect` and compiles an `__init__` per class: 18 to 46 ms for forty classes at every
start. One shared `__init__`, driven by a tuple of field names, costs about 1 ms.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_):
        return lambda decorator: decorator


def _init(self: Any, *values: Any, **named: Any) -> None:
    fields = self._fields
    if len(values) > len(fields):
        raise TypeError(f"{type(self).__name__} takes {len(fields)} values, got {len(values)}")
    for name, value in zip(fields, values, strict=False):
        setattr(self, name, value)
    defaults = self._defaults
    for name in fields[len(values) :]:
        if name in named:
            setattr(self, name, named.pop(name))
        elif name in defaults:
            setattr(self, name, defaults[name])
        else:
            raise TypeError(f"{type(self).__name__} needs {name}")
    if named:
        raise TypeError(f"{type(self).__name__} does not take {', '.join(named)}")


def _repr(self: Any) -> str:
    parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
    return f"{type(self).__name__}({parts})"


def _eq(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return all(getattr(self, name) == getattr(other, name) for name in self._fields)


def _hash(self: Any) -> int:
    return hash(tuple(getattr(self, name) for name in self._fields))


@dataclass_transform()
def record(cls: type[T]) -> type[T]:
    """Rebuilds a class with `__slots__`, `__init__`, `__eq__`, `__hash__` and `__repr__` from its
    annotations.

    Instances share their defaults, so these must be immutable. Inheritance is not supported. Records whose
    fields change set `__hash__ = None`.
    """
    fields = tuple(cls.__dict__.get("__annotations__", ()))
    body = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in fields and name not in ("__dict__", "__weakref__")
    }
    body["__slots__"] = fields
    body["_fields"] = fields
    body["_defaults"] = {name: cls.__dict__[name] for name in fields if name in cls.__dict__}
    body["__init__"] = _init
    body.setdefault("__repr__", _repr)
    if "__eq__" not in body:
        body["__eq__"] = _eq
        body.setdefault("__hash__", _hash)
    rebuilt: Any = type(cls)
    return rebuilt(cls.__name__, cls.__bases__, body)  # type: ignore[no-any-return]
