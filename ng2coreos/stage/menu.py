"""The texts that GRUB reads: the block in custom.cfg, the private grub.cfg, the rollback entry.

One layout serves Red Hat's GRUB and upstream's: upstream takes only numbers in `fallback`, so the
static NG entry comes first in the private menu (0) and the newest deployment second (1).  Every
function is pure; the layout was booted on GRUB 2.14 and on el8's and el9's.
"""

import re
from typing import List, Optional, Sequence, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.stage.bls import BootEntry

FIRST_BOOT_ENTRY = "ng2coreos-firstboot"
ENTRY = "ng2coreos"
ROLLBACK_ENTRY = "ng2coreos-rollback"
TITLE = "oVirt Node CoreOS"
NG_TITLE = "oVirt Node NG (rollback)"

COUNTER_START = 3  # boots that a deployment gets before the private menu leaves it
COUNTER_FALLEN = -1

BEGIN = "# ng2coreos begin"
END = "# ng2coreos end"
_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@%+-]+")
_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")
_UUID = re.compile(r"[0-9A-Fa-f-]+")
_BLSCFG = {
    # el8, el9: blscfg honours blsdir (and on el8 knows no path argument)
    "rhboot": ("insmod blscfg", "set blsdir=/coreos/loader/entries", "blscfg", "unset blsdir"),
    # 2.14: blsdir is ignored; without --path the entries would be NG's
    "upstream": ("insmod blsuki", "blscfg --path /coreos/loader/entries"),
}


def rollback_cfg(boot_uuid: str, ng: BootEntry) -> str:
    """rollback.cfg: the running NG layer as a static entry, for the main and the private menu."""
    return _lines(0, [
        f"menuentry {quote(NG_TITLE)} --id {ROLLBACK_ENTRY} --unrestricted {{",
        [_search(boot_uuid, "root"), *_load(ng)],
        "}"])


def private_cfg(boot_uuid: str, blscfg: str) -> str:
    """The private grub.cfg: NG first, then ostree's own entries, the newest the default.

    The private counter works only while boot_counter is set in the private environment: values
    3 to 0 are boots left without one that proved healthy (boot_success=1), -1 is "fallen back"
    to the second deployment (2), or to NG where there is no second (GRUB takes entry 0 then).
    """
    if blscfg not in _BLSCFG:
        raise BadInput(f"{blscfg!r} is no flavour of GRUB's blscfg.",
                       hint="Is GRUB's blscfg module installed on the host?")
    environment = "($root)/coreos/grub2/grubenv"
    return _lines(0, [
        _search(boot_uuid, "root"),
        "set boot_counter=",
        "set boot_success=",
        f"load_env -f {environment} boot_counter boot_success",
        "source ($root)/coreos/grub2/rollback.cfg",
        "set default=1",
        "set fallback=0",
        "set timeout=1",
        'if [ -n "${boot_counter}" ]; then', [
            'if [ "${boot_success}" != 1 ]; then', [
                'if [ "${boot_counter}" = 3 ]; then set boot_counter=2',
                'elif [ "${boot_counter}" = 2 ]; then set boot_counter=1',
                'elif [ "${boot_counter}" = 1 ]; then set boot_counter=0',
                "else", [f"set boot_counter={COUNTER_FALLEN}", "set default=2"],
                "fi"],
            "fi",
            "set boot_success=0",
            f"save_env -f {environment} boot_counter boot_success"],
        "fi",
        *_BLSCFG[blscfg]])


def custom_block(boot_uuid: str, first: Optional[BootEntry], ng: Optional[BootEntry]) -> str:
    """Our block of custom.cfg; without `first` (after confirm) it has no first-boot entry.

    The guard makes it inert when /boot/coreos is gone.  The first-boot entry falls back to NG
    without the help of `fallback`: a missing file there stops upstream GRUB in its menu for ever.
    """
    shown: List[object] = ["set fallback=0"]
    if first is not None:
        if ng is None:
            raise ValueError("a first-boot entry needs NG's, to fall back to")
        shown += [f"menuentry {quote(TITLE + ' (first boot)')} --id {FIRST_BOOT_ENTRY} "
                  "--unrestricted {", [_search(boot_uuid, "root"), *_guarded(first, ng)], "}"]
    shown += [f"menuentry {quote(TITLE)} --id {ENTRY} --unrestricted {{",
              [_search(boot_uuid, "root"), "configfile ($root)/coreos/grub2/grub.cfg"],
              "}", "source ($ng2dev)/coreos/grub2/rollback.cfg"]
    return _lines(0, [BEGIN, _search(boot_uuid, "ng2dev"),
                      "if [ -f ($ng2dev)/coreos/grub2/grub.cfg ]; then", shown, "fi", END])


def with_block(text: str, block: str) -> str:
    """`text` of a custom.cfg with `block` in the place of ours, or before everything else."""
    before, found, after = _split(text)
    return before + block + after if found else block + text


def without_block(text: str) -> str:
    """`text` of a custom.cfg without our block: what was there before it, to the byte."""
    before, _, after = _split(text)
    return before + after


def block_of(text: str) -> str:
    """Our block in `text`, or nothing."""
    return _split(text)[1]


def first_boot_arguments(options: str) -> str:
    """The permanent entry's arguments and the one that makes Ignition run."""
    return f"{options} ignition.firstboot"


def arguments(options: str) -> Tuple[str, ...]:
    """Kernel arguments as GRUB must be given them, one word each, not yet quoted.

    Split as the kernel does (double quotes hold blanks together).  The double quotes themselves go:
    GRUB's linux command adds them around a word with blanks, and would escape ours.  A word that is
    only a GRUB variable ($tuned_params, $kernelopts) goes too: nothing sets it here.
    """
    if any(ord(c) < 0x20 and c != "\t" for c in options) or options.count('"') % 2:
        raise BadInput(f"Kernel arguments with a control character or an odd quote: {options!r}.",
                       hint="Mend them with grubby, then plan again.")
    words = re.findall(r'(?:"[^"]*"|[^\s"])+', options)
    return tuple(word.replace('"', "") for word in words if not _VARIABLE.fullmatch(word))


def quote(word: str) -> str:
    """`word` so that GRUB's script reader takes it literally."""
    if _PLAIN.fullmatch(word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def _load(entry: BootEntry) -> List[str]:
    return [_linux(entry), _initrd(entry)]


def _guarded(first: BootEntry, ng: BootEntry) -> List[object]:
    return [f"if {_linux(first)}; then",
            [f"if {_initrd(first)}; then", ["true"], "else", _load(ng), "fi"],
            "else", _load(ng), "fi"]


def _linux(entry: BootEntry) -> str:
    return " ".join(["linux", quote(entry.linux), *map(quote, arguments(entry.options))])


def _initrd(entry: BootEntry) -> str:
    return " ".join(["initrd", *map(quote, entry.initrds)])


def _search(boot_uuid: str, variable: str) -> str:
    if not _UUID.fullmatch(boot_uuid):
        raise BadInput(f"{boot_uuid!r} is no UUID of a file system.", hint="Is /boot mounted?")
    return f"search --no-floppy --fs-uuid --set={variable} {boot_uuid}"


def _lines(depth: int, items: Sequence[object]) -> str:
    """The items as lines; a list is indented one step more."""
    return "".join(_lines(depth + 1, item) if isinstance(item, list) else f"{'  ' * depth}{item}\n"
                   for item in items)


def _split(text: str) -> Tuple[str, str, str]:
    lines = text.splitlines(keepends=True)
    marks = [(n, line.strip()) for n, line in enumerate(lines) if line.strip() in (BEGIN, END)]
    if not marks:
        return text, "", ""
    if [mark for _, mark in marks] != [BEGIN, END]:
        raise BadInput("The markers of ng2coreos in custom.cfg do not pair.",
                       hint=f"Restore the lines {BEGIN!r} and {END!r} around the block.")
    first, last = marks[0][0], marks[1][0] + 1
    return "".join(lines[:first]), "".join(lines[first:last]), "".join(lines[last:])
