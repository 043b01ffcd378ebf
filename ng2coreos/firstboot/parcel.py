"""What Ignition must write so that the new system can prove itself: program, manifest, units."""

import base64
import hashlib
from dataclasses import replace
from typing import Tuple

from ng2coreos import __version__
from ng2coreos.firstboot import services, zipapp
from ng2coreos.firstboot.system import MANIFEST
from ng2coreos.model import codec
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.manifest import SCHEMA, Manifest, without_content
from ng2coreos.model.plan import Plan

COMMAND = "/var/usrlocal/bin/ng2coreos"  # /usr/local/bin of a CoreOS
_RULE = "firstboot"
_WRAPPER = f"""\
#!/bin/sh
exec {services.COMMAND} "$@"
"""


def payload(plan: Plan) -> Tuple[Item, ...]:
    """The items that the Ignition config must hold besides the plan's own.

    Reproducible: the same plan and program give the same bytes.  The manifest names all of them
    but itself, so that the new system proves its own means too.
    """
    tools = _tools(plan)
    text = codec.dumps(manifest_of(plan, tools))
    return (*tools, _file(MANIFEST, text.encode(), 0o600, "what must be proved"))


def manifest_of(plan: Plan, extra: Tuple[Item, ...] = ()) -> Manifest:
    """The manifest of the plan's items and `extra`; it holds digests, never contents."""
    decisions = plan.decisions
    every = tuple(_with_digest(item) for item in (*decisions.items, *extra))
    return Manifest(
        schema=SCHEMA, run_id=plan.run_id, tool_version=__version__, commit=plan.target.commit,
        version=plan.target.version, vg=plan.source.vg, pool=plan.source.pool,
        ng_volumes=plan.source.ng_volumes, volumes=tuple(v.name for v in decisions.volumes),
        health_deadline_s=plan.policy.health_deadline_s, items=without_content(every),
        checks=decisions.checks, restart=decisions.prediction.restart, layers=decisions.layers,
        along=decisions.along)


def _tools(plan: Plan) -> Tuple[Item, ...]:
    layers = plan.decisions.layers
    units = services.unit_files(plan.policy.deadman_s, layers=bool(layers))
    return (
        _file(services.PROGRAM, zipapp.build(), 0o644, "ng2coreos for the new system"),
        _file(COMMAND, _WRAPPER.encode(), 0o755, "the command ng2coreos"),
        *(_file(f"{services.DIRECTORY}/{name}", text.encode(), 0o644, "the units of the move")
          for name, text in sorted(units.items())),
        _link(services.TRIAL_LINK, f"../{services.TRIAL}"),
        _link(services.DEADMAN_LINK, f"../{services.DEADMAN_TIMER}"),
        _link(services.BOOT_SUCCESS_LINK, f"../{services.BOOT_SUCCESS}", stays=True),
        _link(services.STUCK_LINK, f"../{services.STUCK_TIMER}", stays=True),
        *([_link(services.LAYERS_LINK, f"../{services.LAYERS}", stays=True)] if layers else []))


def _file(path: str, data: bytes, mode: int, reason: str) -> Item:
    return Item(path=path, kind="file", outcome=Outcome.REGENERATED, reason=reason, rule=_RULE,
                mode=mode, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
                content=base64.b64encode(data).decode())


def _link(path: str, target: str, *, stays: bool = False) -> Item:
    # confirm removes those that do not stay: no proof once the move is confirmed
    return Item(path=path, kind="symlink", outcome=Outcome.REGENERATED, rule=_RULE, link=target,
                reason="starts at every boot" if stays else "starts until confirm", mode=0o777,
                verify=stays)


def _with_digest(item: Item) -> Item:
    if item.kind != "file" or item.sha256 or not item.content:
        return item
    return replace(item, sha256=hashlib.sha256(base64.b64decode(item.content)).hexdigest())
