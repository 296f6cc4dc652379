"""All declarations by name: those that are shipped, those of a directory, and those that were added while running."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from msgspec import Struct, structs

from fanfold.errors import RequestError, SetupError
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.conforming import nearest
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.documents import ENDINGS, MAX_SIZE
from fanfold.integrations.places import DocumentError
from fanfold.integrations.reading import DeclarationError, read_declaration

Origin = Literal["shipped", "file", "added"]

_SHIPPED = resources.files("fanfold.integrations") / "shipped"


class Listed(Struct, frozen=True):
    """A declaration in the catalogue. ``id`` stays when it is replaced, ``version`` grows; ``source`` is its file."""

    id: str
    declaration: Declaration
    version: int = 1
    origin: Origin = "added"
    source: str = ""

    @property
    def name(self) -> str:
        """What accounts call it."""
        return self.declaration.name


class Catalog:
    """Declarations by name. A name is there once; what is shipped or in a file cannot be changed from outside."""

    def __init__(self, listed: Iterable[Listed] = ()) -> None:
        self._listed: dict[str, Listed] = {}
        for each in listed:
            other = self._listed.get(each.name)
            if other is not None:
                raise SetupError(_twice(each, other))
            self._listed[each.name] = each

    def __iter__(self) -> Iterator[Listed]:
        return iter(sorted(self._listed.values(), key=lambda each: each.name))

    def get(self, name: str) -> Declaration | None:
        """The declaration of that name, or None."""
        found = self._listed.get(name)
        return found.declaration if found else None

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._listed)

    def listed(self, name: str) -> Listed:
        """What there is of that name, or by that id; raises ``RequestError`` (404) with the nearest that there is."""
        found = self._listed.get(name) or next((each for each in self._listed.values() if each.id == name), None)
        if found is None:
            raise RequestError(f"There is no integration {name!r}.{nearest(name, self._listed)}", status=404)
        return found

    def add(self, declaration: Declaration, *, gid: str = "", version: int = 1) -> Listed:
        """Take one more; raises ``RequestError`` (409) where its name is taken. ``gid`` is its name unless told."""
        if declaration.name in self._listed:
            raise RequestError(f"There is an integration {declaration.name!r} already.", status=409)
        listed = Listed(gid or declaration.name, declaration, version)
        self._listed[listed.name] = listed
        return listed

    def replace(self, name: str, declaration: Declaration, *, version: int | None = None) -> Listed:
        """Change one that was added; raises ``RequestError`` where it may not be.

        That is 409 where ``version`` is not the one that is being changed, or the new name is taken.
        """
        found = self._added(name)
        if version is not None and version != found.version:
            raise RequestError(f"This changes version {version}, but there is version {found.version}.", status=409)
        if declaration.name != found.name and declaration.name in self._listed:
            raise RequestError(f"There is an integration {declaration.name!r} already.", status=409)
        del self._listed[found.name]
        changed = structs.replace(found, declaration=declaration, version=found.version + 1)
        self._listed[changed.name] = changed
        return changed

    def remove(self, name: str) -> Listed:
        """Forget one that was added; raises ``RequestError`` where it may not be."""
        found = self._added(name)
        del self._listed[found.name]
        return found

    def _added(self, name: str) -> Listed:
        found = self.listed(name)
        if found.origin != "added":
            where = f"in the file {found.source}" if found.origin == "file" else "part of this server"
            raise RequestError(f"The integration {found.name!r} is {where}, and cannot be changed here.", status=409)
        return found


def read_catalog(directory: Path | None, evaluator: Evaluator | None) -> Catalog:
    """What is shipped, and all files of a directory; raises ``SetupError`` with the mistakes of all of them."""
    complaints: list[str] = []
    listed: list[Listed] = []
    sources: list[tuple[Traversable, Origin]] = [(file, "shipped") for file in _declared(_SHIPPED)]
    if directory is not None:
        if not directory.is_dir():
            raise SetupError(f"{directory} is no directory; integrations are read from one.")
        sources += [(file, "file") for file in _declared(directory)]
    for file, origin in sources:
        try:
            declaration = read_declaration(_bytes(file), str(file), evaluator)
        except DeclarationError as error:
            complaints += error.complaints
        except DocumentError as error:
            complaints.append(error.message)
        else:
            listed.append(Listed(declaration.name, declaration, origin=origin, source=str(file)))
    if complaints:
        raise DeclarationError(tuple(complaints))
    return Catalog(listed)


def _declared(directory: Traversable) -> list[Traversable]:
    if not directory.is_dir():
        return []
    files = [file for file in directory.iterdir() if file.name.endswith(ENDINGS) and file.is_file()]
    return sorted(files, key=lambda file: file.name)


def _bytes(file: Traversable) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_SIZE + 1)
    except OSError as error:
        raise DocumentError(f"{file} cannot be read: {error.strerror}.") from None


def _twice(one: Listed, other: Listed) -> str:
    places = " and ".join(each.source or "this server" for each in (other, one))
    return f"Two integrations are called {one.name!r}: {places}. Give one of them another name."
