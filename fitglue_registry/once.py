"""A property whose value is made once, even if several threads ask for it at the same moment."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self, TypeVar, overload

Value = TypeVar("Value")


class once(cached_property[Value]):  # noqa: N801 - a decorator, like the class that it extends
    """A ``cached_property`` with one lock for all properties of an object.

    Since Python 3.12, ``cached_property`` has no lock: two threads would each open a database, and
    one of the two would never be closed. The object has the lock as its attribute ``opening``,
    which the same thread can hold several times, because one property may need another.
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Value: ...

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Self | Value:
        """Return the value, which the first call makes."""
        if instance is None:
            return self
        with instance.opening:
            value: Value = super().__get__(instance, owner)
            return value
