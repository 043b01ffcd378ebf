"""vdsm's settings as vdsm reads them: vdsm.conf and its drop-ins; a helper of plug-ins."""

import configparser
import posixpath

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host

CONF = "/etc/vdsm/vdsm.conf"
# vdsm's lib/vdsm/common/config.py; those below /run are gone after a boot
DROP_INS = ("/usr/lib/vdsm/vdsm.conf.d", "/etc/vdsm/vdsm.conf.d")
_PORT_MAX = 65535


def read(host: Host) -> configparser.ConfigParser:
    """The settings, the last file that says one wins; BadInput for a file that vdsm cannot read."""
    conf = configparser.ConfigParser(interpolation=None, strict=False)
    drop_ins = [f"{place}/{name}" for place in DROP_INS for name in host.names(place)
                if name.endswith(".conf")]
    for path in (CONF, *sorted(drop_ins, key=posixpath.basename)):
        try:
            conf.read_string(host.read_text(path, default=""), path)
        except configparser.Error as error:
            raise BadInput(f"{path} cannot be read: {error}", hint="Mend the file.") from None
    return conf


def port(conf: configparser.ConfigParser, default: int) -> int:
    """The port that vdsm listens on; BadInput where the settings name none."""
    text = conf.get("addresses", "management_port", fallback=str(default)).strip()
    if not text.isdecimal() or not 0 < int(text) <= _PORT_MAX:
        raise BadInput(f"{CONF} or a drop-in says management_port = {text!r}, which is no port.",
                       hint="Mend the file.")
    return int(text)
