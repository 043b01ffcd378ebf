"""The JSON shape of each spec version: which fields an object has, of which type, which it needs.

From the published specs (coreos/ignition, doc/configuration-v2_*.md of the branch spec2x and
docs/configuration-v3_*.md).  Ignition itself only warns of a field that it does not know, and then
does without; here such a field is an error.
"""

from typing import Any, Dict, Iterator, Tuple

from ng2coreos.model.ignition import Spec

TEXT, NUMBER, FLAG = "text", "number", "flag"
_TYPES: Dict[str, Tuple[type, str]] = {
    TEXT: (str, "a text"), NUMBER: (int, "a number"), FLAG: (bool, "true or false")}

# A field's name ends in "!" where it must be there. [x] is a list of x, a dict an object.
Shape = Any


def shape(spec: Spec) -> Shape:
    """The shape of a config of version `spec`."""
    return _spec2(spec) if spec[0] == 2 else _spec3(spec)


def mismatches(data: Any, wanted: Shape, where: str = "") -> Iterator[str]:
    """What in `data` is not of the shape, each with its place; values are never shown."""
    place = where or "the config"
    if isinstance(wanted, dict):
        if not isinstance(data, dict):
            yield f"{place} is not an object"
            return
        fields = {name.rstrip("!"): inner for name, inner in wanted.items()}
        for name, inner in data.items():
            path = f"{where}.{name}" if where else str(name)
            if name in fields:
                yield from mismatches(inner, fields[name], path)
            else:
                yield f"{path} must not be in it"
        for name in wanted:
            if name.endswith("!") and name[:-1] not in data:
                yield f"{place} lacks {name[:-1]}"
    elif isinstance(wanted, list):
        if not isinstance(data, list):
            yield f"{place} is not a list"
            return
        for number, inner in enumerate(data):
            yield from mismatches(inner, wanted[0], f"{where}[{number}]")
    else:
        kind, words = _TYPES[wanted]
        if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
            yield f"{place} is not {words}"


def _spec3(spec: Spec) -> Shape:
    resource: Shape = {"compression": TEXT, "source": TEXT, "verification": {"hash": TEXT}}
    reference: Shape = {"source!": TEXT, "verification": {"hash": TEXT}}
    ignition: Shape = {"version!": TEXT, "timeouts": _TIMEOUTS}
    filesystem: Shape = {
        "device!": TEXT, "format": TEXT, "path": TEXT, "wipeFilesystem": FLAG, "label": TEXT,
        "uuid": TEXT, "options": [TEXT]}
    partition: Shape = {
        "label": TEXT, "number": NUMBER, "sizeMiB": NUMBER, "startMiB": NUMBER, "typeGuid": TEXT,
        "guid": TEXT, "wipePartitionEntry": FLAG, "shouldExist": FLAG}
    user, group = dict(_USER), dict(_GROUP)
    if spec >= (3, 1, 0):
        resource["httpHeaders"] = [{"name!": TEXT, "value": TEXT}]
        reference = resource
        ignition["proxy"] = _PROXY
        filesystem["mountOptions"] = [TEXT]
    ignition.update(config={"merge": [reference], "replace": reference},
                    security={"tls": {"certificateAuthorities": [reference]}})
    node: Shape = {"path!": TEXT, "overwrite": FLAG, **_OWNER}
    storage: Shape = {
        "disks": [{"device!": TEXT, "wipeTable": FLAG, "partitions": [partition]}],
        "raid": [{"name!": TEXT, "level!" if spec < (3, 3, 0) else "level": TEXT,
                  "devices!" if spec < (3, 3, 0) else "devices": [TEXT], "spares": NUMBER,
                  "options": [TEXT]}],
        "filesystems": [filesystem],
        "files": [{**node, "contents": resource, "append": [resource], "mode": NUMBER}],
        "directories": [{**node, "mode": NUMBER}],
        "links": [{**node, "target!" if spec < (3, 3, 0) else "target": TEXT, "hard": FLAG}]}
    found: Shape = {"ignition!": ignition, "storage": storage,
                    "systemd": {"units": [_unit(("name!", "enabled", "mask"))]},
                    "passwd": {"users": [user], "groups": [group]}}
    if spec >= (3, 2, 0):
        partition["resize"] = FLAG
        user["shouldExist"] = group["shouldExist"] = FLAG
        storage["luks"] = [_luks(spec, resource)]
    if spec >= (3, 3, 0):
        found["kernelArguments"] = {"shouldExist": [TEXT], "shouldNotExist": [TEXT]}
    return found


def _luks(spec: Spec, resource: Shape) -> Shape:
    tang: Shape = {"url!": TEXT, "thumbprint": TEXT}
    custom: Shape = {"pin!": TEXT, "config!": TEXT, "needsNetwork": FLAG}
    luks: Shape = {
        "name!": TEXT, "device!": TEXT, "keyFile": resource, "label": TEXT, "uuid": TEXT,
        "options": [TEXT], "wipeVolume": FLAG,
        "clevis": {"tang": [tang], "tpm2": FLAG, "threshold": NUMBER, "custom": custom}}
    if spec >= (3, 4, 0):
        tang["advertisement"] = TEXT
        luks.update(discard=FLAG, openOptions=[TEXT])
    if spec >= (3, 5, 0):
        luks["cex"] = {"enabled": FLAG}
    return luks


def _spec2(spec: Spec) -> Shape:
    reference: Shape = {"source!": TEXT, "verification": {"hash": TEXT}}
    contents: Shape = {"source": TEXT, "compression": TEXT, "verification": {"hash": TEXT}}
    ignition: Shape = {
        "version!": TEXT, "config": {"append": [reference], "replace": reference},
        "timeouts": _TIMEOUTS, "security": {"tls": {"certificateAuthorities": [reference]}}}
    partition: Shape = {"label": TEXT, "number": NUMBER, "size": NUMBER, "start": NUMBER,
                        "typeGuid": TEXT, "guid": TEXT}
    if spec >= (2, 3, 0):
        partition.update(sizeMiB=NUMBER, startMiB=NUMBER, wipePartitionEntry=FLAG,
                         shouldExist=FLAG)
    if spec >= (2, 4, 0):
        headers = [{"name!": TEXT, "value!": TEXT}]
        reference["httpHeaders"] = contents["httpHeaders"] = headers
        ignition["proxy"] = _PROXY
    node: Shape = {"filesystem!": TEXT, "path!": TEXT, "overwrite": FLAG, **_OWNER}
    mount: Shape = {
        "device!": TEXT, "format!": TEXT, "wipeFilesystem": FLAG, "label": TEXT, "uuid": TEXT,
        "options": [TEXT], "create": {"force": FLAG, "options": [TEXT]}}
    made = {name.rstrip("!"): kind for name, kind in _USER.items()
            if name not in ("name!", "passwordHash", "sshAuthorizedKeys")}
    unit = _unit(("name!", "enable", "enabled", "mask"))
    return {
        "ignition!": ignition,
        "storage": {
            "disks": [{"device!": TEXT, "wipeTable": FLAG, "partitions": [partition]}],
            "raid": [{"name!": TEXT, "level!": TEXT, "devices!": [TEXT], "spares": NUMBER,
                      "options": [TEXT]}],
            "filesystems": [{"name": TEXT, "mount": mount, "path": TEXT}],
            "files": [{**node, "contents": contents, "append": FLAG, "mode": NUMBER}],
            "directories": [{**node, "mode": NUMBER}],
            "links": [{**node, "target!": TEXT, "hard": FLAG}]},
        "systemd": {"units": [unit]},
        "networkd": {"units": [_unit(("name!",))]},
        "passwd": {"users": [{**_USER, "create": made}], "groups": [_GROUP]}}


def _unit(names: Tuple[str, ...]) -> Shape:
    flags = {name: TEXT if name == "name!" else FLAG for name in names}
    return {**flags, "contents": TEXT, "dropins": [{"name!": TEXT, "contents": TEXT}]}


_TIMEOUTS: Shape = {"httpResponseHeaders": NUMBER, "httpTotal": NUMBER}
_PROXY: Shape = {"httpProxy": TEXT, "httpsProxy": TEXT, "noProxy": [TEXT]}
_OWNER: Shape = {"user": {"id": NUMBER, "name": TEXT}, "group": {"id": NUMBER, "name": TEXT}}
_USER: Dict[str, Shape] = {
    "name!": TEXT, "passwordHash": TEXT, "sshAuthorizedKeys": [TEXT], "uid": NUMBER, "gecos": TEXT,
    "homeDir": TEXT, "noCreateHome": FLAG, "primaryGroup": TEXT, "groups": [TEXT],
    "noUserGroup": FLAG, "noLogInit": FLAG, "shell": TEXT, "system": FLAG}
_GROUP: Dict[str, Shape] = {"name!": TEXT, "gid": NUMBER, "passwordHash": TEXT, "system": FLAG}
