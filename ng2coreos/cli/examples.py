"""What people type: the examples of `--help` and of the manual pages, one table for both.

Name of a command ("" for the program) -> what a line does, and the line.
"""

from typing import Dict, Tuple

_PLAN = "ng2coreos plan --target /srv/repo --key /srv/image-key.asc"

EXAMPLES: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "": (
        ("What would happen? Nothing is changed:", _PLAN),
        ("Do it, and reboot into the first trial:",
         "ng2coreos apply --target /srv/repo --key /srv/image-key.asc --reboot"),
        ("Where does the host stand?", "ng2coreos status")),
    "inventory": (
        ("Keep what the tool knows about this host:", "ng2coreos inventory > facts.json"),
        ("Look at a disk that is mounted elsewhere:", "ng2coreos --root /mnt/sysimage inventory")),
    "plan": (
        ("What would `apply` do with this image?", _PLAN),
        ("Keep exactly this plan for `apply`, and a page to read:",
         f"{_PLAN} --output plan.json --html plan.html"),
        ("With answers to what it asked, and one finding accepted:",
         f"{_PLAN} --answers answers.yaml --override N2C_BOOT_SECURE_BOOT='our own key'"),
        ("For a program, with another status when there are warnings:",
         f"{_PLAN} --json --strict")),
    "export": (
        ("Write what would be carried to a directory, to look at it:",
         "ng2coreos export --target /srv/repo --key /srv/image-key.asc /root/bundle"),),
    "ignition": (
        ("Print the config of an exported bundle:", "ng2coreos ignition /root/bundle"),
        ("Keep the config that brings this host back on an empty disk:",
         "ng2coreos ignition --for reinstall -o /media/usb/host.ign /root/bundle")),
    "apply": (
        ("Execute the plan that was looked at, and reboot into the first trial:",
         "ng2coreos apply --plan plan.json --reboot"),
        ("Plan and execute in one go:",
         "ng2coreos apply --target /srv/repo --key /srv/image-key.asc"),
        ("Tell a program how far it is:",
         "ng2coreos --progress-fd 3 apply --plan plan.json 3>progress.jsonl")),
    "resume": (
        ("Carry on after a power cut:", "ng2coreos resume"),
        ("Carry on, then reboot into the first trial:", "ng2coreos resume --reboot")),
    "status": (
        ("Where does the host stand?", "ng2coreos status"),
        ("The same for a program:", "ng2coreos status --json"),
        ("Watch the run that is at work in another shell:", "ng2coreos status --follow"),
        ("A page with everything about the current run:", "ng2coreos status --html run.html")),
    "rollback": (
        ("Undo everything that the run has made:", "ng2coreos rollback"),),
    "explain": (
        ("What does a finding mean, and what is to be done?",
         "ng2coreos explain N2C_BOOT_SECURE_BOOT"),
        ("Which findings are there?", "ng2coreos explain")),
    "fleet": (
        ("Which of these hosts are ready, and in which order?", "ng2coreos fleet reports/"),
        ("As a page, with what is known of the clusters:",
         "ng2coreos fleet --inventory clusters.yaml --format html --output fleet.html reports/")),
    "report": (
        ("Read what `plan --json` has printed:", "ng2coreos report plan-report.json"),
        ("Show it on a dashboard that knows leapp:",
         "ng2coreos report --format leapp-1.2.0 plan-report.json")),
    "support": (
        ("Pack what somebody who helps needs to see:",
         "ng2coreos support /root/node01-support.tar.gz"),),
    "completion": (
        ("For this shell:", 'eval "$(ng2coreos completion bash)"'),
        ("For every bash from now on:",
         "ng2coreos completion bash > /etc/bash_completion.d/ng2coreos"),
        ("For zsh:",
         "ng2coreos completion zsh > /usr/local/share/zsh/site-functions/_ng2coreos"),
        ("For fish:",
         "ng2coreos completion fish > /etc/fish/completions/ng2coreos.fish")),
    "whitelist": (
        ("Is my whitelist good?", "ng2coreos whitelist check local.yaml"),
        ("What becomes of a file?", "ng2coreos whitelist explain /etc/chrony.conf")),
    "whitelist check": (
        ("Check the host's own whitelists:",
         "ng2coreos whitelist check /etc/ng2coreos/whitelists.d/local.yaml"),),
    "whitelist list": (
        ("Every path that a rule names:", "ng2coreos whitelist list"),
        ("What is carried of ssh and of time?", "ng2coreos whitelist list ssh time"),
        ("The same for a program:", "ng2coreos whitelist list --json")),
    "whitelist explain": (
        ("Is this file carried, and by which rule?",
         "ng2coreos whitelist explain /etc/chrony.conf"),)}
