"""Kernel arguments: NG's by the table of the whitelists, then those that the new system needs."""

import fnmatch
from typing import List, Optional, Sequence, Tuple

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import ArgAction, KernelArg, Volume
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.fstab import swaps
from ng2coreos.plan.rules import ArgRule, Rules

_ADMIN = "The admin's or the engine's own: no rule names it."
_DUPLICATE = "Stands twice; once is enough."
# coreos-target.md 7.4: each boot that fails must end in a reset, never in a prompt. They stay after
# confirm: a reset is what the boot counter (firstboot/boot_success.py) counts.
RESETS = (("panic=30", "A panic ends in a reset: in a trial that is NG, later the boot counter's."),
          ("rd.shell=0", "The initramfs must not wait at a prompt, neither in a trial nor later."),
          ("rd.emergency=reboot", "An initramfs that fails ends in a reset: in a trial that is NG, "
           "later the boot counter's."))

LINE_BYTES = 2047  # COMMAND_LINE_SIZE of x86_64, arm64 and ppc64le, without its last zero
OTHERS_BYTES = 300  # BOOT_IMAGE=, ostree= (each with a digest) and ignition.firstboot


def decide_kernel_args(facts: HostFacts, target: TargetFacts, rules: Rules,
                       volumes: Sequence[Volume]) -> Tuple[Tuple[KernelArg, ...],
                                                           Tuple[Finding, ...]]:
    """Every argument of NG's running entry, in its order, then ours; and what it gives away."""
    words = split(facts.boot.kernel_args)
    decided: List[KernelArg] = []
    for word in words:
        rule = find(word, words, rules.kernel_args)
        if rule is None:
            decided.append(KernelArg(word, ArgAction.KEEP, _ADMIN, word))
        elif rule.action is ArgAction.KEEP:
            decided.append(KernelArg(word, ArgAction.KEEP, rule.reason, word))
        elif rule.action is ArgAction.DROP:
            decided.append(KernelArg(word, ArgAction.DROP, rule.reason))
        else:
            result = rule.result.replace("{value}", word.partition("=")[2])
            decided.append(KernelArg(word, ArgAction.TRANSLATE, rule.reason, result))
    return (*_once(decided), *_added(facts, volumes)), _findings(words, target)


def too_long(args: Sequence[KernelArg]) -> Tuple[Finding, ...]:
    """The kernel cuts a longer line off without a word, and with it what finds the new root."""
    used = len(" ".join(arg.result for arg in args if arg.result).encode("utf-8", "replace"))
    if used <= LINE_BYTES - OTHERS_BYTES:
        return ()
    long = sorted((arg.result for arg in args), key=len, reverse=True)[:5]
    return (finding("N2C_KARGS_LONG", evidence=long, used=used, room=LINE_BYTES - OTHERS_BYTES),)


def split(line: str) -> List[str]:
    """A kernel command line as words; a double-quoted part holds blanks, as in the kernel."""
    words: List[str] = []
    word, quoted = "", False
    for char in line:
        if char == '"':
            quoted = not quoted
        if char.isspace() and not quoted:
            if word:
                words.append(word)
            word = ""
        else:
            word += char
    return [*words, word] if word else words


def find(word: str, words: Sequence[str], table: Sequence[ArgRule]) -> Optional[ArgRule]:
    """The first rule that fits `word`, given all the others."""
    for rule in table:
        if fits(rule.arg, word) and (
                not rule.when_any or any(fits(p, w) for p in rule.when_any for w in words)):
            return rule
    return None


def fits(pattern: str, word: str) -> bool:
    """Does a pattern fit? One with ``=`` is for the whole word, another for the key; - is _."""
    subject = word if "=" in pattern else word.partition("=")[0]
    return fnmatch.fnmatchcase(_key(subject), _key(pattern))


def _key(word: str) -> str:
    key, equals, value = word.partition("=")
    return key.replace("-", "_") + equals + value


def _once(decided: List[KernelArg]) -> Tuple[KernelArg, ...]:
    """The last of equal results stays: later words win, and a console's order matters."""
    seen = set()
    kept: List[KernelArg] = []
    for arg in reversed(decided):
        if arg.result and arg.result in seen:
            arg = KernelArg(arg.arg, ArgAction.DROP, _DUPLICATE)
        seen.add(arg.result)
        kept.append(arg)
    return tuple(reversed(kept))


def _added(facts: HostFacts, volumes: Sequence[Volume]) -> Tuple[KernelArg, ...]:
    vg = facts.layout.vg
    root = volumes[0]
    names = [*(v.name for v in volumes), *(m.volume for m in swaps(facts))]
    pairs = [(f"root=UUID={root.fs_uuid}", "The new root."),
             ("rw", "ostree remounts what must be read-only itself.")]
    if root.fstype == "xfs":
        pairs.append(("rootflags=prjquota", "As every CoreOS with root on xfs."))
    pairs += [(f"rd.lvm.lv={vg}/{name}",
               "Activated in the initramfs: the image's devices file may hide the disk later.")
              for name in names]
    pairs.append(("ignition.platform.id=metal", "Ignition wants to know where it runs."))
    return (*(KernelArg("", ArgAction.ADD, reason, result) for result, reason in pairs),
            *(KernelArg("", ArgAction.ADD, reason, result) for result, reason in RESETS))


def _findings(words: Sequence[str], target: TargetFacts) -> Tuple[Finding, ...]:
    found = []
    if "fips=1" in words:
        found.append(finding("N2C_KARGS_FIPS", ["karg:fips=1"]))
    off = [w for w in words if w in ("selinux=0", "enforcing=0")]
    if off and target.selinux is not None:
        found.append(finding("N2C_KARGS_SELINUX_OFF", [f"karg:{w}" for w in off]))
    return tuple(found)
