"""NetworkManager's own reader of keyfiles (libnm, no daemon), as the judge of what we write."""

from typing import Any, Dict, List

import gi

gi.require_version("NM", "1.0")
from gi.repository import NM, GLib  # noqa: E402

Settings = Dict[str, Dict[str, Any]]


def read(text: str) -> Settings:
    """The connection as NetworkManager understands it; AssertionError for the least complaint."""
    keyfile = GLib.KeyFile()
    keyfile.load_from_data(text, len(text.encode()), GLib.KeyFileFlags.NONE)
    complaints: List[str] = []

    def handler(_file: Any, _connection: Any, kind: Any, data: Any, *_more: Any) -> bool:
        if kind == NM.KeyfileHandlerType.WARN:
            message, severity = data.warn_get()
            complaints.append(f"{severity.value_nick}: {message}")
        return False

    connection = NM.keyfile_read(keyfile, "/etc/NetworkManager/system-connections",
                                 NM.KeyfileHandlerFlags.NONE, handler, None)
    assert not complaints, complaints
    connection.normalize(None)  # as the daemon does after reading; it verifies
    dumped = connection.to_dbus(NM.ConnectionSerializationFlags.ALL).unpack()
    settings: Settings = dumped
    return settings
