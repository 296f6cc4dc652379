"""Places in ordered lists: where ``insert_before`` and ``insert_after`` say a thing goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError

if TYPE_CHECKING:
    from fanfold.work.store import Store
    from fanfold.work.validate import Given


def position(
    store: Store,
    owner: int,
    link: str,
    given: Given,
    *,
    before: str = "insert_before",
    after: str = "insert_after",
    top: bool = False,
) -> int:
    """The position in the owner's list that the client asked for.

    Only one of the two may be given; ``before: null`` is the end, ``after: null`` the beginning; without either it is
    the end, or the beginning if ``top``. An anchor that is not in the list is a 400.
    """
    if given.values.get(before) is not None and given.values.get(after) is not None:
        raise RequestError(f"You may only provide one of {before} or {after}!")
    for name, is_after in ((before, False), (after, True)):
        if name not in given.values:
            continue
        anchor = given.values[name]
        if anchor is None:
            if given.values.get(after if name == before else before) is not None:
                continue
            return store.start(owner, link) if is_after else store.end(owner, link)
        try:
            return store.beside(owner, link, int(anchor), after=is_after)
        except LookupError:
            raise RequestError(f"{name}: Not in the same list: {anchor}") from None
    return store.start(owner, link) if top else store.end(owner, link)
