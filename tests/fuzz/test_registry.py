"""No module that reads what others have written is without a parser or a reader that is fuzzed."""

import ast
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Dict, Iterator, Set

from ng2coreos.core.errors import Ng2CoreosError
from tests.fuzz.parsers import PARSERS, READERS, ROOT

# Calls that turn bytes or text into data
READING = frozenset((
    "json.load", "json.loads", "yaml.safe_load", "yaml.load", "yaml.parse", "struct.unpack",
    "struct.unpack_from", "struct.Struct", "shlex.split", "tarfile.open", "csv.reader",
    "configparser.ConfigParser", "configparser.RawConfigParser", "ElementTree.fromstring",
    "base64.b64decode", "bz2.BZ2Decompressor", "codec.loads", "codec.load"))
PROGRAM = "what programs print and recorded files hold: test_programs.py"
OWN = "our own facts, made by the same plug-in, in a plan whose parser is fuzzed"
DATA = "our own data file"
ITEM = "an item of a plan that was parsed before; a bad one ends as a check that fails"
IMAGE = "files of a commit whose checksums were compared: tests/target"
LAYERS = "what lvs and rpm-ostree print, and our own record: tests/firstboot/test_layering.py"
# Modules whose input is hostile in other tests, or is not others'
ELSEWHERE: Dict[str, str] = {
    "ng2coreos/core/lock.py": "the lock file, in a directory of root's alone: tests/core",
    "ng2coreos/execute/reinstall.py": DATA,
    "ng2coreos/execute/support.py": "it writes an archive",
    "ng2coreos/firstboot/layering.py": LAYERS,
    "ng2coreos/firstboot/layers.py": LAYERS,
    "ng2coreos/firstboot/network.py": PROGRAM,
    "ng2coreos/firstboot/ng_volumes.py": PROGRAM,
    "ng2coreos/firstboot/parcel.py": ITEM,
    "ng2coreos/firstboot/place.py": PROGRAM,
    "ng2coreos/firstboot/rpm_ostree.py": LAYERS,
    "ng2coreos/firstboot/selinux.py": ITEM,
    "ng2coreos/ignition/reinstall.py": ITEM,
    "ng2coreos/plan/catalogue.py": DATA,
    "ng2coreos/plan/written.py": ITEM,
    "ng2coreos/report/plan_view.py": OWN,
    "ng2coreos/stage/ids.py": "it makes keys of numbers",
    "ng2coreos/stage/sysroot.py": "the entry that ostree has just written",
    "ng2coreos/target/objects.py": IMAGE,
    "ng2coreos/target/reader.py": IMAGE,
    "plugins/attributes.py": "what the kernel answers to an ioctl",
    "plugins/hosted_engine.py": PROGRAM,
    "plugins/network/convert.py": "tests/plugins/test_network_convert.py, by hypothesis",
    "plugins/network/reading.py": PROGRAM,
    "plugins/packages.py": PROGRAM,
    "plugins/remarks.py": DATA,
    "plugins/selinux.py": OWN,
    "plugins/storage.py": OWN,
    "plugins/usr.py": OWN,
    "plugins/vdsm.py": PROGRAM,
    "plugins/vdsm_conf.py": PROGRAM,
}


def modules() -> Iterator[Path]:
    """Those of the product."""
    for top in ("ng2coreos", "plugins"):
        yield from sorted((ROOT / top).rglob("*.py"))


def reading(path: Path) -> Set[str]:
    """The calls of READING in a module."""
    tree = ast.parse(path.read_text("utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return called & READING


def reached(root: Path) -> Set[str]:
    """The files of which something runs while each parser and reader has its good input."""
    found: Set[str] = set()

    def look(frame: FrameType, event: str, argument: Any) -> None:
        if frame.f_code.co_name != "<module>":
            found.add(frame.f_code.co_filename)

    def read(call: Any, given: Any) -> None:
        sys.setprofile(look)
        try:
            call(given)
        except Ng2CoreosError:
            pass
        finally:
            sys.setprofile(None)

    for parser in PARSERS.values():
        read(parser.call, parser.good)
    for number, reader in enumerate(READERS.values()):
        path = root / str(number) / reader.place
        path.parent.mkdir(parents=True)
        path.write_bytes(reader.good)
        read(reader.call, root / str(number))
    return found


def test_each_module_that_reads_is_reached(tmp_path: Path) -> None:
    ran = reached(tmp_path)
    missing = {str(path.relative_to(ROOT)): sorted(reading(path)) for path in modules()
               if reading(path) and str(path) not in ran}
    assert sorted(missing) == sorted(ELSEWHERE), missing
