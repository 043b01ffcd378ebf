"""GRUB's files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.inventory import grub
from tests.fakes import FakeHost
from tests.recorded import HOSTS

CFG = (HOSTS / "el8-two-generations/root/boot/efi/EFI/centos/grub.cfg").read_text("utf-8")
STUB = ("search --no-floppy --fs-uuid --set=dev 0d1f6f2a\nset prefix=($dev)/grub2\n"
        "export $prefix\nconfigfile $prefix/grub.cfg\n")


def test_el8_uefi_has_everything_in_the_esp(el8_files: FakeHost) -> None:
    found = grub.read(el8_files, "uefi")
    assert found == grub.Grub(
        cfg="/boot/efi/EFI/centos/grub.cfg", env="/boot/efi/EFI/centos/grubenv",
        custom_cfg="/boot/efi/EFI/centos/custom.cfg", sources_custom_cfg=True,
        handles_next_entry=True, blscfg="rhboot")


def test_el9_uefi_goes_through_the_stub(fake_host: FakeHost) -> None:
    fake_host.write("/boot/efi/EFI/almalinux/grub.cfg", STUB)
    fake_host.write("/boot/grub2/grub.cfg", CFG)
    fake_host.write("/boot/grub2/grubenv", "#")
    fake_host.link("/etc/grub2-efi.cfg", "../boot/efi/EFI/almalinux/grub.cfg")
    found = grub.read(fake_host, "uefi")
    assert (found.cfg, found.env, found.custom_cfg) == (
        "/boot/grub2/grub.cfg", "/boot/grub2/grubenv", "/boot/grub2/custom.cfg")
    assert found.handles_next_entry


def test_a_grubenv_that_is_a_link_is_resolved(fake_host: FakeHost) -> None:
    fake_host.write("/boot/grub2/grub.cfg", CFG)
    fake_host.write("/boot/efi/EFI/centos/grubenv", "#")
    fake_host.link("/boot/grub2/grubenv", "../efi/EFI/centos/grubenv")
    assert grub.read(fake_host, "bios").env == "/boot/efi/EFI/centos/grubenv"


def test_a_dangling_grubenv_keeps_its_own_name(fake_host: FakeHost) -> None:
    fake_host.write("/boot/grub2/grub.cfg", CFG)
    fake_host.link("/boot/grub2/grubenv", "../efi/EFI/centos/grubenv")
    assert grub.read(fake_host, "bios").env == "/boot/grub2/grubenv"


def test_no_configuration_at_all(fake_host: FakeHost) -> None:
    assert grub.read(fake_host, "bios") == grub.Grub("", "", "", False, False, "")


@pytest.mark.parametrize("text,wanted", [
    ("insmod blscfg\nblscfg\n", "rhboot"), ("  blscfg\n", "rhboot"),
    ("insmod blsuki\nblscfg --path /x\n", "upstream"), ("blscfg -p /x\n", "upstream"),
    ("insmod blsuki\nblscfg\n", "upstream"), ("menuentry x {\n}\n", ""), ("", "")])
def test_the_flavour(text: str, wanted: str) -> None:
    assert grub.flavour(text) == wanted


@pytest.mark.parametrize("cut", ["source ", "save_env next_entry", 'set default="${next_entry}"'])
def test_a_configuration_that_lacks_a_part_is_seen_as_such(fake_host: FakeHost, cut: str) -> None:
    commented = "\n".join(f"# {line}" if cut in line else line for line in CFG.splitlines())
    fake_host.write("/boot/grub2/grub.cfg", commented)
    found = grub.read(fake_host, "bios")
    assert found.sources_custom_cfg == (cut != "source ")
    assert found.handles_next_entry == (cut == "source ")


def test_an_environment_block() -> None:
    block = b"# GRUB Environment Block\n# more\nsaved_entry=a (b)\nnext_entry=\nx=1=2\n"
    assert grub.environment(block.ljust(1024, b"#")) == {
        "saved_entry": "a (b)", "next_entry": "", "x": "1=2"}


def test_protected_characters_of_a_block() -> None:
    assert grub.environment(b"a=x\\\\y\\\nz\nb=1\n####") == {"a": "x\\y\nz", "b": "1"}


@given(st.binary(max_size=2048))
def test_any_block_is_survived(block: bytes) -> None:
    assert isinstance(grub.environment(block), dict)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True),
                       st.text("abc =#\\\n'\"$é☂", max_size=20)))
def test_what_grub_editenv_writes_is_read_back(variables: "dict[str, str]") -> None:
    lines = "".join(f"{key}={value}\n".replace("\\", "\\\\")[:-1].replace("\n", "\\\n") + "\n"
                    for key, value in variables.items())
    block = f"# GRUB Environment Block\n{lines}".encode() + b"#" * 50
    assert grub.environment(block) == variables
