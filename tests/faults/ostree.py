"""A model of the ostree commands that stage/sysroot.py runs: what they write, in which order.

As the real one, `admin deploy` flushes both file systems before the one rename that counts, the
swap of the loader link; everything else may be half done at any ``yield``.
"""

import hashlib
import io
import os
import shutil
from configparser import ConfigParser
from pathlib import Path
from typing import Dict, List

from tests.faults.programs import Failed, Program, Programs, Words

KERNEL, INITRAMFS = b"kernel\n" * 200, b"initramfs\n" * 300
CSUM = hashlib.sha256(KERNEL + INITRAMFS).hexdigest()
OBJECTS = {"vmlinuz": KERNEL, "initramfs.img": INITRAMFS}


class OstreeHost(Programs):
    """Programs, with ostree."""

    def program_ostree(self, words: Words) -> Program:
        """Dispatch by the sub-command."""
        options = {w.partition("=")[0]: w.partition("=")[2] for w in words if w.startswith("--")}
        plain = [w for w in words if not w.startswith("--")]
        if plain[:2] == ["admin", "init-fs"]:
            return self._init(Path(plain[2]))
        if plain[:2] == ["admin", "os-init"]:
            return self._os_init(Path(options["--sysroot"]), plain[2])
        if plain[:2] == ["admin", "deploy"]:
            kargs = [w.partition("=")[2] for w in words if w.startswith("--karg-append=")]
            return self._deploy(Path(options["--sysroot"]), options["--os"], plain[2], kargs)
        repo = Path(options["--repo"])
        way = {"remote": self._remote, "refs": self._refs, "rev-parse": self._rev_parse,
               "show": self._show, "pull-local": self._pull}
        return way[plain[0]](repo, plain[1:], options)

    def _init(self, root: Path) -> Program:
        for name in ("boot", "ostree", "ostree/repo", "ostree/repo/refs", "ostree/repo/state",
                     "ostree/repo/objects"):
            (root / name).mkdir(exist_ok=True)
            yield
        _replace(root / "ostree/repo/config", "[core]\nmode=bare\n")

    def _os_init(self, root: Path, name: str) -> Program:
        place = root / "ostree/deploy" / name
        if place.exists():
            raise Failed(1, "error: mkdir: File exists")
        place.mkdir(parents=True)
        yield
        for path in ("var", "var/tmp", "var/lib"):
            (place / path).mkdir()
            yield

    def _remote(self, repo: Path, plain: Words, options: Dict[str, str]) -> Program:
        settings = _settings(repo)
        name = plain[1]
        keyring = repo / f"{name}.trustedkeys.gpg"
        if plain[0] == "delete":
            settings.remove_section(_section(name))
            _write_settings(repo, settings)
            yield
            if keyring.exists():
                keyring.unlink()
            return
        if settings.has_section(_section(name)):
            raise Failed(1, "error: remote exists")
        settings[_section(name)] = {"url": plain[2]}
        _write_settings(repo, settings)
        yield
        if "--gpg-import" in options:
            _replace(keyring, "key")

    def _pull(self, repo: Path, plain: Words, options: Dict[str, str]) -> Program:
        commit = plain[-1]
        partial = repo / f"state/{commit}.commitpartial"
        if (repo / "objects" / commit).exists() and not partial.exists():
            return
        partial.write_text("")
        for name, data in OBJECTS.items():
            yield
            if not (repo / "objects" / name).exists():  # nobody looks into one that is there
                _replace(repo / "objects" / name, data)
        yield
        _replace(repo / "objects" / commit, "commit")
        self.media.sync_all(self.media.of(str(repo)))
        partial.unlink()

    def _refs(self, repo: Path, plain: Words, options: Dict[str, str]) -> Program:
        yield
        _replace(_ref(repo, options["--create"]), plain[0] + "\n")

    def _rev_parse(self, repo: Path, plain: Words, options: Dict[str, str]) -> Program:
        path = _ref(repo, plain[0])
        if not path.exists():
            raise Failed(1, f"error: Refspec '{plain[0]}' not found")
        self._said = path.read_text()
        yield from ()

    def _show(self, repo: Path, plain: Words, options: Dict[str, str]) -> Program:
        remote = options["--gpg-verify-remote"]
        if (repo / f"{remote}.trustedkeys.gpg").exists() or _settings(
                repo).has_section(_section(remote)):
            self._said = "  Good signature from \"Test\"\n"
        yield from ()

    def _deploy(self, root: Path, name: str, refspec: str, kargs: List[str]) -> Program:
        repo, boot = root / "ostree/repo", root / "boot"
        commit = _ref(repo, refspec).read_text().strip()
        if not (repo / "objects" / commit).exists():
            raise Failed(1, f"error: No such metadata object {commit}.commit")
        deployment = root / "ostree/deploy" / name / "deploy" / f"{commit}.0"
        if deployment.exists():
            shutil.rmtree(str(deployment))
        modules = deployment / "usr/lib/modules/6.12"
        modules.mkdir(parents=True)
        for file in OBJECTS:
            os.link(str(repo / "objects" / file), str(modules / file))
            yield
        kernels = boot / f"ostree/{name}-{CSUM}"
        kernels.mkdir(parents=True, exist_ok=True)
        for file in OBJECTS:
            data = (modules / file).read_bytes()
            if not (kernels / file).exists():
                _replace(kernels / file, data, flushed=self)
            yield
        old = os.readlink(str(boot / "loader")) if (boot / "loader").is_symlink() else "loader.1"
        new = "loader.0" if old == "loader.1" else "loader.1"
        links = root / f"ostree/boot.{new[-1]}/{name}/{CSUM}"
        links.mkdir(parents=True, exist_ok=True)
        if (links / "0").is_symlink():
            (links / "0").unlink()
        (links / "0").symlink_to(os.path.relpath(str(deployment), str(links)))
        yield
        entries = boot / new / "entries"
        if entries.exists():
            shutil.rmtree(str(entries))
        entries.mkdir(parents=True)
        where = f"/ostree/{name}-{CSUM}"
        (entries / "ostree-1.conf").write_text(
            f"title x\nversion 1\noptions {' '.join(kargs)} "
            f"ostree=/ostree/boot.{new[-1]}/{name}/{CSUM}/0\n"
            f"linux {where}/vmlinuz\ninitrd {where}/initramfs.img\n")
        yield
        for place in (root, boot):
            self.media.sync_all(self.media.of(os.path.realpath(str(place))))
        yield
        (boot / "loader.tmp").symlink_to(new) if not (boot / "loader.tmp").is_symlink() else None
        yield
        os.rename(str(boot / "loader.tmp"), str(boot / "loader"))
        self.media.sync_all("/boot")
        yield
        if (boot / old).is_dir():
            shutil.rmtree(str(boot / old))


def _replace(path: Path, data: "str | bytes", flushed: "Programs | None" = None) -> None:
    new = path.with_name(f".{path.name}.tmp")
    new.write_bytes(data.encode() if isinstance(data, str) else data)
    if flushed is not None:
        flushed.media.sync_file(os.path.realpath(str(new)))
    os.rename(str(new), str(path))


def _ref(repo: Path, refspec: str) -> Path:
    return repo / "refs" / refspec.replace("/", "%")


def _settings(repo: Path) -> ConfigParser:
    found = ConfigParser(interpolation=None)
    found.read(str(repo / "config"))
    if not found.has_section("core"):
        raise Failed(1, "error: opening repo: Key file does not have group core")
    return found


def _write_settings(repo: Path, settings: ConfigParser) -> None:
    text = io.StringIO()
    settings.write(text, space_around_delimiters=False)
    _replace(repo / "config", text.getvalue())


def _section(name: str) -> str:
    return f'remote "{name}"'
