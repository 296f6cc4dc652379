"""S6: what the operator has denied is denied in every spelling.

The kit cannot deny anything; the operator of a server before the ground denies ``/forbidden/**``, and the cases try
to get there.
"""

from __future__ import annotations

from typing import Any

from fanfold.attack.cases import JSON, Case, batch, get, good, needing
from fanfold.attack.judging import all_of, never_reached, no_failure

HOLE = "A path that the operator has closed is open to whoever spells it another way."

SPELLINGS = (
    *("/forbidden/@RUN@", "forbidden/@RUN@", "//forbidden/@RUN@", "/./forbidden/@RUN@", "/x/../forbidden/@RUN@"),
    *("/%66orbidden/@RUN@", "/%2566orbidden/@RUN@", "/FORBIDDEN/@RUN@", "/Forbidden/@RUN@", "/forbidden//@RUN@"),
    *(
        "/forbidden/./@RUN@",
        "/forbidden/x/../@RUN@",
        "/forbidden;x/@RUN@",
        "/forbidden%3bx/@RUN@",
        "/forbidden%2f@RUN@",
    ),
    *("\\forbidden\\@RUN@", "/x\\..\\forbidden/@RUN@", "/%5cforbidden/@RUN@", "/x/%2e%2e/forbidden/@RUN@"),
    *(
        "/x/..%2fforbidden/@RUN@",
        "/\uff46orbidden/@RUN@",
        "/forbidden/@RUN@?x",
        "/forbidden/@RUN@#x",
        " /forbidden/@RUN@",
    ),
    *(
        "/forbidden\t/@RUN@",
        "/forbidden%00/@RUN@",
        "/forbidden%0a/@RUN@",
        "/forbidden/?r=@RUN@",
        "/forbidden?r=@RUN@",
        "/forbidden/@RUN@/",
    ),
    *("http://@HOST@@BASE@/forbidden/@RUN@", "//@HOST@/forbidden/@RUN@", "/fo%72bidden/%40@RUN@"),
)


def _case(name: str, *actions: Any, needs: tuple[str, ...] = (), headers: dict[str, str] = JSON) -> Case:
    return Case(
        line="S6",
        name=name,
        hole=HOLE,
        judge=all_of(no_failure, never_reached("forbidden")),
        send=(batch(*actions, headers=headers),),
        needs=needing("deny", *needs),
    )


CASES = (
    *(_case(f"written {ascii(path)[1:-1]}", good(0), get(path), good(2)) for path in SPELLINGS),
    *(
        _case(f"by {method}", {"method": method, "relative_path": "/forbidden/@RUN@"})
        for method in ("POST", "head", "options", "Delete", "patch")
    ),
    *(
        _case(f"by {name} of an action", get("/echo/@RUN@", headers={name: "/forbidden/@RUN@"}))
        for name in ("X-Original-URL", "X-Rewrite-URL")
    ),
    *(
        _case(
            f"by a reference to {value}",
            get("/value/@RUN@", id="a", data={"v": value}),
            get("/{{a.body.v}}/@RUN@", id="b"),
            needs=("references",),
        )
        for value in ("forbidden", "x/../forbidden", "%66orbidden", "FORBIDDEN", "//forbidden", "forbidden;x")
    ),
    _case(
        "by the item of a list",
        get("/many/@RUN@", id="a", data={"n": 2, "v": "forbidden"}),
        get("/{{item}}/@RUN@", id="b", for_each="{{a.body.items}}"),
        needs=("fan-out",),
    ),
    *(
        _case(f"by a redirect with {status}", get("/redirect/@RUN@", data={"status": status, "to": "/forbidden/@RUN@"}))
        for status in (301, 302, 307, 308)
    ),
)
