"""Packaging of ng2coreos: the rooms, the plug-ins and the data as one package."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = next(line.split('"')[1] for line in
               (HERE / "ng2coreos" / "__init__.py").read_text("utf-8").splitlines()
               if line.startswith("__version__"))

setup(
    name="ng2coreos",
    version=VERSION,
    description="Moves an oVirt Node NG host in place to oVirt Node CoreOS, and back",
    license="GPL-2.0-or-later",
    python_requires=">=3.9",
    packages=[*find_packages(include=["ng2coreos", "ng2coreos.*"]),
              *(f"ng2coreos.{name}" for name in find_packages(include=["plugins", "plugins.*"])),
              "ng2coreos.data"],
    package_dir={"ng2coreos.plugins": "plugins", "ng2coreos.data": "data"},
    package_data={"ng2coreos.data": ["*.yaml", "whitelists/*.yaml", "schema/*.json"],
                  "ng2coreos.report": ["html/*.css", "html/*.js"]},
    # blivet, rpm and gi come with the distribution: their bindings belong to its interpreter.
    install_requires=["click>=7.1", "tqdm>=4.57", "PyYAML>=5.3", "jsonschema>=3.2", "pyudev>=0.22"],
    data_files=[(f"share/man/man{path.suffix[1:]}", [f"man/{path.name}"])
                for path in sorted((HERE / "man").glob("*.[58]"))],
    entry_points={"console_scripts": ["ng2coreos = ng2coreos.cli.main:main"]},
)
