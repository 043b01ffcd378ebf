#!/bin/bash
# Run by test_python39.py in a mount namespace of its own: python39.sh TREE REPO PACKAGES ARG...
# The repository's tests in TREE (a copy of the NG stand-in's root) with that tree's own Python.
set -eu
tree=$1 repo=$2 packages=$3
shift 3
mount --make-rprivate /
mount --bind "$tree" "$tree"
for place in opt tmp run; do mount -t tmpfs tmpfs "$tree/$place"; done
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
mount --rbind /sys "$tree/sys"
mkdir -p "$tree/opt/site"
cp -r "$packages/." "$repo"/{ng2coreos,plugins,data,man,docs,tests,pyproject.toml} "$tree/opt/site/"
ln -s ../plugins ../data "$tree/opt/site/ng2coreos/"
exec chroot "$tree" /usr/bin/env -i -C /opt/site PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
  LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/opt/site \
  /usr/bin/python3 -m pytest -q -p no:cacheprovider "$@"
