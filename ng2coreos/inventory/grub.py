"""GRUB's files: which configuration is really read, what it can do, and its environment block."""

import os
import re
from dataclasses import dataclass
from typing import Dict

from ng2coreos.core.host import Host
from ng2coreos.inventory.parse import readable

_CANDIDATES = ("/boot/grub2/grub.cfg", "/boot/grub/grub.cfg")
_EFI_VENDORS = "/boot/efi/EFI"
_STUB = re.compile(r"^\s*set\s+prefix=\(\S+?\)(/\S*)", re.M)
_CONFIGFILE = re.compile(r"^\s*configfile\s+\$\{?prefix\}?/(\S+)", re.M)
_SOURCE_CUSTOM = re.compile(r"^\s*(source|\.)\s+\S*custom\.cfg", re.M)
_NEXT_ENTRY = re.compile(r"^\s*set\s+default=\S*\$\{?next_entry\}?", re.M)
_FORGET_NEXT = re.compile(r"^\s*save_env\s+(\S+\s+)*next_entry\b", re.M)
_UPSTREAM_BLS = re.compile(r"^\s*(insmod\s+blsuki\b|blscfg\s+(--path|-p)\b)", re.M)
_RHBOOT_BLS = re.compile(r"^\s*(insmod\s+blscfg\b|blscfg\b)", re.M)


@dataclass(frozen=True)
class Grub:
    """GRUB's files as paths of the host, symlinks resolved, and what its configuration does."""

    cfg: str
    env: str
    custom_cfg: str
    sources_custom_cfg: bool
    handles_next_entry: bool
    blscfg: str


def read(host: Host, firmware: str) -> Grub:
    """GRUB's files for `firmware`; an empty `cfg` where no configuration is found."""
    cfg = _through_stub(host, _configuration(host, firmware))
    directory = os.path.dirname(cfg)
    with readable(cfg or "grub.cfg"):
        text = _code(host.read_text(cfg)) if cfg else ""
    return Grub(
        cfg=cfg, env=_real(host, f"{directory}/grubenv") or f"{directory}/grubenv" if cfg else "",
        custom_cfg=f"{directory}/custom.cfg" if cfg else "",
        sources_custom_cfg=bool(_SOURCE_CUSTOM.search(text)),
        handles_next_entry=bool(_NEXT_ENTRY.search(text) and _FORGET_NEXT.search(text)),
        blscfg=flavour(text))


def flavour(text: str) -> str:
    """Whose blscfg a configuration uses: ``upstream``, ``rhboot``, or nothing (design 6.9)."""
    if _UPSTREAM_BLS.search(text):
        return "upstream"
    return "rhboot" if _RHBOOT_BLS.search(text) else ""


def environment(block: bytes) -> Dict[str, str]:
    """The variables of an environment block; ``\\`` protects a backslash or a line feed."""
    text = block.decode("utf-8", "surrogateescape")
    found = {}
    for line in re.findall(r"(?:[^\\\n]|\\.)+", text, re.S):
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            found[name] = re.sub(r"\\(.)", r"\1", value, flags=re.S)
    return found


def _configuration(host: Host, firmware: str) -> str:
    """As imgbased (ng-host 2.5) by the link of the firmware, else in the usual places."""
    links = ("/etc/grub2-efi.cfg", "/etc/grub2.cfg") if firmware == "uefi" else ("/etc/grub2.cfg",)
    vendors = [f"{_EFI_VENDORS}/{name}/grub.cfg" for name in host.names(_EFI_VENDORS)]
    places = [*links, *(vendors if firmware == "uefi" else ()), *_CANDIDATES]
    return next((real for real in (_real(host, place) for place in places) if real), "")


def _through_stub(host: Host, cfg: str) -> str:
    """el9 on EFI: the file in the ESP only sets prefix and goes on in /boot/grub2 (ng-host 2.9)."""
    if not cfg:
        return cfg
    with readable(cfg):
        text = _code(host.read_text(cfg))
    prefix, goes_on = _STUB.search(text), _CONFIGFILE.search(text)
    if "menuentry" in text or not prefix or not goes_on:
        return cfg
    below = f"{prefix.group(1).rstrip('/')}/{goes_on.group(1)}"
    return _real(host, f"/boot{below}") or _real(host, below) or cfg


def _real(host: Host, path: str) -> str:
    """The path of the regular file behind `path`, in the host's own terms; or nothing."""
    real = host.follow(path)
    return "/" + str(real.relative_to(host.root)) if real.is_file() else ""


def _code(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
