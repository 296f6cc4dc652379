"""One workflow as a plan: a step becomes an entry, what it uses of others a placeholder, and the rest a note."""

from __future__ import annotations

import json
import re
from typing import Any

from msgspec import Struct

from fanfold.errors import SetupError
from fanfold.integrations.arazzo.operations import Operation, Operations, in_record, place_of
from fanfold.integrations.arazzo.retrying import retrying, unspoken
from fanfold.integrations.arazzo.runtime import Path, Runtime, as_expression, expression, rewritten, runtime
from fanfold.integrations.conforming import nearest
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.drafting.description import elements, fields, text

_CHAIN = 10
"""Outputs that are outputs of outputs."""


class Imported(Struct, frozen=True):
    """``body`` is a plan's, without account; ``notes`` are sentences about what could not be carried over."""

    body: dict[str, Any]
    notes: tuple[str, ...]


def import_workflow(document: Any, declaration: Declaration, workflow_id: str = "") -> Imported:
    """A workflow of an Arazzo description (decoded) as a plan, the first one unless told.

    ``declaration`` is of the API that it is about, with the ``operation`` of each method. Raises ``SetupError`` where
    there is no such workflow, or nothing of it can be a plan.
    """
    whole = fields(document)
    if not re.match(r"1\.[01]\b", str(whole.get("arazzo", ""))):
        raise SetupError("This is no Arazzo description: expected arazzo: 1.0.… or 1.1.… at its top.")
    workflows = [fields(each) for each in elements(whole.get("workflows"))]
    known = [text(each.get("workflowId")) for each in workflows]
    if workflow_id and workflow_id not in known:
        raise SetupError(f"There is no workflow {workflow_id!r}.{nearest(workflow_id, known)}")
    chosen = [each for each, name in zip(workflows, known, strict=True) if workflow_id in ("", name)]
    if not chosen:
        raise SetupError("This Arazzo description has no workflow.")
    return _Import(whole, chosen[0], declaration).done()


class _Step(Struct):
    """A step on its way. ``needed`` are the names of entries that it uses; ``spooled`` whether others need its list."""

    name: str
    told: dict[str, Any]
    operation: Operation
    entry: dict[str, Any]
    needed: list[str]
    spooled: bool = False

    @property
    def spool(self) -> str:
        """The entry that gathers its records."""
        return f"{self.name}-all"


class _Import:
    def __init__(self, document: dict[str, Any], workflow: dict[str, Any], declaration: Declaration) -> None:
        self._components = fields(document.get("components"))
        self._workflow = workflow
        self._operations = Operations(declaration)
        self._steps: dict[str, _Step] = {}
        self._notes: list[str] = []
        self._now: _Step | None = None

    def done(self) -> Imported:
        for each in elements(self._workflow.get("steps")):
            self._find(fields(each))
        if not self._steps:
            raise SetupError(" ".join(["None of the steps can be an entry of a plan.", *self._notes[:1]]))
        for step in self._steps.values():
            self._now = step
            self._fill(step)
        outputs = self._outputs()
        self._in_order()
        for name in ("successActions", "failureActions", "dependsOn"):
            if self._workflow.get(name):
                self._notes.append(f"{name} of the workflow are left out.")
        entries = []
        for step in self._steps.values():
            entries.append(_finished(step, keep=not outputs))
            if step.spooled:
                entries.append({"name": step.spool, "type": "spool", "depends_on": step.name})
        body = {"args": self._args(), "resources": [*entries, *outputs]}
        return Imported({name: each for name, each in body.items() if each}, tuple(dict.fromkeys(self._notes)))

    def _note(self, message: str) -> None:
        self._notes.append(f"{self._now.name}: {message}" if self._now else message)

    def _find(self, told: dict[str, Any]) -> None:
        """Note a step, with the operation that it asks."""
        name = re.sub(r"[^A-Za-z0-9_-]", "_", text(told.get("stepId"))) or f"step-{len(self._steps) + 1}"
        operation = self._operations.find(told)
        if operation is None:
            what = told.get("operationId") or told.get("operationPath") or told.get("workflowId") or "nothing"
            why = "another workflow" if "workflowId" in told else "no declared method was drafted from it"
            self._notes.append(f"{name}: asks {what}, which is left out: {why}.")
            return
        self._steps[name] = _Step(name, told, operation, {}, [])

    # -- what a step asks ------------------------------------------------------------------------------------------

    def _fill(self, step: _Step) -> None:
        operation = step.operation
        step.entry = {"name": step.name, "resource": operation.resource, "method": operation.name}
        for parameter in self._parameters(step):
            self._parameter(step, parameter)
        self._body(step)
        for name in elements(step.told.get("dependsOn")):
            other = text(name).removeprefix("$steps.")
            if other in self._steps:
                step.needed.append(other)
            else:
                self._note(f"depends on {other or 'something'}, which is not in the plan.")
        actions = [self._reused(each) for each in elements(step.told.get("onFailure"))]
        step.entry |= retrying(actions, self._note)
        for action in (self._reused(each) for each in elements(step.told.get("onSuccess"))):
            self._note(f"what follows success is left out: {text(action.get('type')) or 'an action'}.")
        for criterion in unspoken(elements(step.told.get("successCriteria"))):
            self._note(f"an answer counts as an error by its status alone, not by {criterion}.")
        timeout = step.told.get("timeout")
        if isinstance(timeout, int | float) and not isinstance(timeout, bool) and timeout > 0:
            step.entry["timeout"] = timeout / 1000

    def _reused(self, value: Any) -> dict[str, Any]:
        """What stands there, or in the components where it leads there."""
        told = fields(value)
        found = re.fullmatch(r"\$components\.(\w+)\.([\w.-]+)", text(told.get("reference")))
        if found is None:
            return told
        more = {"value": told["value"]} if "value" in told else {}
        return {**fields(fields(self._components.get(found[1])).get(found[2])), **more}

    def _parameters(self, step: _Step) -> list[dict[str, Any]]:
        """Those of the step, and those of the workflow that it does not have itself."""
        written = [*elements(self._workflow.get("parameters")), *elements(step.told.get("parameters"))]
        found = [self._reused(each) for each in written]
        return list({(text(each.get("name")), text(each.get("in"))): each for each in found}.values())

    def _parameter(self, step: _Step, parameter: dict[str, Any]) -> None:
        name, place = text(parameter.get("name")), text(parameter.get("in"))
        if not name or place not in ("path", "query"):
            self._note(f"the parameter {name or '?'} is left out: it is in the {place or 'step'}.")
            return
        value = rewritten(parameter.get("value"), self._resolve, self._unresolved)
        if place == "path" and place_of(step.operation.method, name) == "id":
            if "id" in step.entry:
                self._note(f"the parameter {name} is left out: there is an id already.")
            else:
                step.entry["id"] = value.replace(":any}}", "}}") if isinstance(value, str) else str(value)
        else:
            step.entry.setdefault("query", {})[name] = value

    def _body(self, step: _Step) -> None:
        request = fields(step.told.get("requestBody"))
        if "payload" not in request:
            return
        payload = request["payload"]
        whole = runtime(payload) if isinstance(payload, str) else None
        if whole is not None:
            path = self._resolve(whole)
            if path is None:
                self._unresolved(payload)
            else:
                step.entry["body"] = expression(path)
            return
        if isinstance(payload, str):
            try:
                payload = json.loads(payload)
            except ValueError:
                self._note("its body is left out: it is text that is not JSON.")
                return
        for replacement in map(fields, elements(request.get("replacements"))):
            self._replace(payload, text(replacement.get("target")), replacement.get("value"))
        step.entry["body"] = rewritten(payload, self._resolve, self._unresolved)

    def _replace(self, payload: Any, target: str, value: Any) -> None:
        """Put a value where a JSON Pointer leads."""
        *before, last = [part.replace("~1", "/").replace("~0", "~") for part in target.split("/")[1:]] or [""]
        at = payload
        for part in before:
            at = (
                at[int(part)]
                if isinstance(at, list) and part.isdigit() and int(part) < len(at)
                else fields(at).get(part)
            )
        if isinstance(at, dict) and last:
            at[last] = value
        elif isinstance(at, list) and last.isdigit() and int(last) < len(at):
            at[int(last)] = value
        else:
            self._note(f"a replacement in the body is left out: {target or 'it'} leads nowhere.")

    # -- what it uses ----------------------------------------------------------------------------------------------

    def _unresolved(self, written: str) -> None:
        self._note(f"{written} has no counterpart, and is left as it is.")

    def _resolve(self, found: Runtime, depth: int = 0) -> Path | None:
        """Where a runtime expression leads in a plan, None where nowhere."""
        if depth == _CHAIN:
            return None
        if found.about == "inputs" and found.names:
            return ("args", *found.names, *_steps_of(found.pointer))
        if found.about != "steps" or len(found.names) < 3 or found.names[1] != "outputs":
            return None
        step = self._steps.get(re.sub(r"[^A-Za-z0-9_-]", "_", found.names[0]))
        written = fields(step.told.get("outputs")).get(found.names[2]) if step else None
        inner = runtime(written) if isinstance(written, str) else None
        if step is None or inner is None or step is self._now:
            return None
        pointer = (*inner.pointer, *found.names[3:], *found.pointer)
        if inner.about == "response" and inner.names == ("body",):
            return self._of_step(step, pointer)
        return self._resolve(Runtime(inner.about, inner.names, pointer), depth + 1)

    def _of_step(self, step: _Step, pointer: tuple[str, ...]) -> Path | None:
        """Where a part of a step's answer is: in its record, or in the list of its records."""
        rest = in_record(step.operation.method, pointer)
        if rest is None or step.operation.name == "delete":
            return None
        listed = step.operation.name == "list"
        if listed and rest and not rest[0].isdigit():
            return None
        again = sum(1 for each in self._steps.values() if each.operation.resource == step.operation.resource) > 1
        if listed or again or self._now is None:
            step.spooled = True
            self._needs(step.spool)
            return ("resources", step.spool, *(() if listed else (0,)), *_steps_of(rest))
        self._needs(step.name)
        return ("resources", *step.operation.resource.split("/"), *_steps_of(rest))

    def _needs(self, name: str) -> None:
        if self._now is not None and name not in self._now.needed:
            self._now.needed.append(name)

    # -- the whole -------------------------------------------------------------------------------------------------

    def _in_order(self) -> None:
        """Steps run one after the other; a plan keeps that order around those that write."""
        since: list[str] = []
        last = ""
        for step in self._steps.values():
            before = since if step.operation.writes else [last] if last else []
            used = {name.removesuffix("-all") for name in step.needed}
            step.needed += [name for name in before if name not in used]
            if step.operation.writes:
                since, last = [step.name], step.name
            else:
                since.append(step.name)

    def _outputs(self) -> list[dict[str, Any]]:
        """The workflow's outputs as a transform, if it has any."""
        outputs = fields(self._workflow.get("outputs"))
        if not outputs:
            return []
        self._now = None
        told = {name: each for name, each in outputs.items() if self._leads(each)}
        if not told:
            return []
        source = as_expression(told, self._resolve, self._unresolved)
        parents = [step.spool for step in self._steps.values() if f"resources.{step.spool}" in source.replace("`", "")]
        taken = {*self._steps, *(step.operation.resource for step in self._steps.values())}
        name = "outputs" if "outputs" not in taken else "workflow-outputs"
        entry = {"name": name, "type": "transform", "config": {"expression": source}, "persist": True}
        return [{**entry, "depends_on": parents} if parents else entry]

    def _leads(self, output: Any) -> bool:
        """Whether an output of the workflow is anything that a plan has."""
        found = runtime(output) if isinstance(output, str) else None
        if found is not None and self._resolve(found) is None:
            self._note(f"the output {output} has no counterpart, and is left out.")
            return False
        return True

    def _args(self) -> dict[str, Any]:
        schema = fields(self._workflow.get("inputs"))
        told = {name: fields(each) for name, each in fields(schema.get("properties")).items()}
        for name in elements(schema.get("required")):
            if "default" not in told.get(str(name), {}):
                self._notes.append(f"args: {name} has to be given.")
        return {name: each["default"] for name, each in told.items() if "default" in each}


def _steps_of(pointer: tuple[str, ...]) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in pointer)


def _finished(step: _Step, *, keep: bool) -> dict[str, Any]:
    """The entry; an error stops the plan, as it ends a workflow."""
    needed = list(dict.fromkeys(step.needed))
    if needed:
        step.entry["depends_on"] = needed[0] if len(needed) == 1 else needed
    return step.entry | {"on_error": "stop"} | ({"persist": True} if keep else {})
