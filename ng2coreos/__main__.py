"""``python3 -m ng2coreos``: the same as the command."""

from ng2coreos.cli.main import main

main()
