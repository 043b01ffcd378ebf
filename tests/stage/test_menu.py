"""The texts for GRUB: its own checker accepts them, and they say what was booted on the rig."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput
from ng2coreos.stage import menu
from ng2coreos.stage.bls import BootEntry
from tests.stage.conftest import UUID, entry, ng_entry

CHECKER = shutil.which("grub-script-check") or shutil.which("grub2-script-check") or ""
NASTY = ("root=UUID=1 a='x' b=\"1 2\" c=$HOME d=${e} $gone ${gone} f;g h{i}j # k=* l=é m=\\x "
         "|n>o&p<q")
grub = pytest.mark.skipif(not CHECKER, reason="grub-script-check is not installed")


def syntax(text: str) -> bool:
    return subprocess.run([CHECKER], input=text.encode("utf-8", "surrogateescape"),
                          capture_output=True).returncode == 0


def first(options: str = "root=UUID=1 rw ignition.firstboot") -> BootEntry:
    return BootEntry(entry().linux, (*entry().initrds, "/coreos/firstboot.cpio"), options)


@grub
def test_the_checker_refuses_what_is_wrong() -> None:
    assert not syntax("menuentry x {")


@grub
@pytest.mark.parametrize("text", [
    menu.rollback_cfg(UUID, ng_entry(NASTY)), menu.private_cfg(UUID, "rhboot"),
    menu.private_cfg(UUID, "upstream"), menu.custom_block(UUID, first(NASTY), ng_entry(NASTY)),
    menu.custom_block(UUID, None, None)])
def test_grub_accepts_every_text(text: str) -> None:
    assert syntax(text)


@grub
@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(min_codepoint=0x20, blacklist_categories=["Cs"]), max_size=20))
def test_grub_accepts_any_quoted_word(word: str) -> None:
    assert syntax(f"linux {menu.quote(word)}\n")


def test_the_block_is_the_one_that_was_booted() -> None:
    """The layout of the prototype's passing run (boot-results)."""
    assert menu.custom_block(UUID, first(), ng_entry()) == f"""\
# ng2coreos begin
search --no-floppy --fs-uuid --set=ng2dev {UUID}
if [ -f ($ng2dev)/coreos/grub2/grub.cfg ]; then
  set fallback=0
  menuentry 'oVirt Node CoreOS (first boot)' --id ng2coreos-firstboot --unrestricted {{
    search --no-floppy --fs-uuid --set=root {UUID}
    if linux /coreos/ostree/ovirt-node-abc/vmlinuz-6 root=UUID=1 rw ignition.firstboot; then
      if initrd /coreos/ostree/ovirt-node-abc/initramfs-6.img /coreos/firstboot.cpio; then
        true
      else
        linux /ovirt-node-4.5/vmlinuz root=/dev/onn/layer ro
        initrd /ovirt-node-4.5/initramfs.img
      fi
    else
      linux /ovirt-node-4.5/vmlinuz root=/dev/onn/layer ro
      initrd /ovirt-node-4.5/initramfs.img
    fi
  }}
  menuentry 'oVirt Node CoreOS' --id ng2coreos --unrestricted {{
    search --no-floppy --fs-uuid --set=root {UUID}
    configfile ($root)/coreos/grub2/grub.cfg
  }}
  source ($ng2dev)/coreos/grub2/rollback.cfg
fi
# ng2coreos end
"""


def test_after_confirm_the_first_boot_entry_is_gone_and_nothing_else() -> None:
    text = menu.custom_block(UUID, None, None)
    assert menu.FIRST_BOOT_ENTRY not in text and "linux" not in text
    assert "--id ng2coreos --" in text and "source ($ng2dev)/coreos/grub2/rollback.cfg" in text


def test_the_private_menu_has_ng_first_and_the_newest_deployment_as_default() -> None:
    for flavour in ("rhboot", "upstream"):
        lines = menu.private_cfg(UUID, flavour).splitlines()
        where = [lines.index(text) for text in (
            "source ($root)/coreos/grub2/rollback.cfg", "set default=1", "set fallback=0")]
        blscfg = next(n for n, line in enumerate(lines) if line.startswith("blscfg"))
        assert max(where) < blscfg
        assert "ng2coreos-rollback" not in "".join(lines)  # upstream takes numbers only
    assert "blscfg --path /coreos/loader/entries\n" in menu.private_cfg(UUID, "upstream")
    assert "set blsdir=/coreos/loader/entries\nblscfg\nunset blsdir\n" in menu.private_cfg(
        UUID, "rhboot")
    with pytest.raises(BadInput):
        menu.private_cfg(UUID, "")


def counted(counter: str, success: str) -> "tuple[str, str, str]":
    """default, boot_counter and boot_success after the menu ran; sh reads the same syntax."""
    text = menu.private_cfg(UUID, "upstream")
    start, end = text.index("if [ -n"), text.index("insmod")
    body = "\n".join(line for line in text[start:end].splitlines() if "save_env" not in line)
    body = body.replace("set ", "")
    script = (f"boot_counter={counter}\nboot_success={success}\ndefault=1\n{body}\n"
              'echo "$default,$boot_counter,$boot_success"')
    found = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    default, after, ok = found.stdout.strip().split(",")
    return default, after, ok


@pytest.mark.parametrize("before, after", [
    (("3", "1"), ("1", "3", "0")), (("3", "0"), ("1", "2", "0")), (("2", "0"), ("1", "1", "0")),
    (("1", "0"), ("1", "0", "0")), (("0", "0"), ("2", "-1", "0")), (("-1", "0"), ("2", "-1", "0")),
    (("-1", "1"), ("1", "-1", "0")), (("", "0"), ("1", "", "0")), (("", ""), ("1", "", ""))])
def test_the_private_counter(before: "tuple[str, str]", after: "tuple[str, str, str]") -> None:
    assert counted(*before)[:2] == after[:2]
    if before[0]:
        assert counted(*before)[2] == "0"


def test_arguments_are_what_grub_hands_to_the_kernel() -> None:
    assert menu.arguments('a  b="1 2" $tuned c=$x "d e=f"\tg') == (
        "a", "b=1 2", "c=$x", "d e=f", "g")
    assert menu.quote("b=1 2") == "'b=1 2'" and menu.quote("it's") == "'it'\\''s'"
    assert menu.quote("console=ttyS0,115200n8") == "console=ttyS0,115200n8"
    for wrong in ("a\nb", 'a="b', "a\0"):
        with pytest.raises(BadInput):
            menu.arguments(wrong)


def test_a_uuid_cannot_carry_a_command() -> None:
    with pytest.raises(BadInput):
        menu.private_cfg("1;reboot", "upstream")


@given(st.text(max_size=60).filter(lambda t: "ng2coreos" not in t))
def test_foreign_content_of_custom_cfg_comes_back_to_the_byte(foreign: str) -> None:
    block = menu.custom_block(UUID, first(), ng_entry())
    once = menu.with_block(foreign, block)
    assert menu.block_of(once) == block
    assert menu.with_block(once, block) == once
    assert menu.without_block(once) == foreign
    other = menu.custom_block(UUID, None, None)
    assert menu.without_block(menu.with_block(once, other)) == foreign


def test_a_block_between_foreign_lines_is_replaced_where_it_stands() -> None:
    block = menu.custom_block(UUID, None, None)
    assert menu.with_block("a\n# ng2coreos begin\nold\n# ng2coreos end\nb\n", block) == (
        "a\n" + block + "b\n")


@pytest.mark.parametrize("text", [
    "# ng2coreos begin\n", "# ng2coreos end\n", "# ng2coreos end\n# ng2coreos begin\n",
    2 * "# ng2coreos begin\n# ng2coreos end\n"])
def test_markers_that_do_not_pair_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="pair"):
        menu.without_block(text)
