"""The sections of the page that are lists and tables."""

import shlex
from typing import Any, Dict, List, Tuple

from ng2coreos.report.html.markup import Html, definition, esc, filters, section, table, tag
from ng2coreos.report.table import duration, human

Report = Dict[str, Any]
_KINDS = ("inhibitor", "overridable", "error", "warning", "info")


def verdict(report: Report) -> Html:
    """Who, what, how long: what a reader must see first."""
    summary, source, target = report["summary"], report.get("source"), report.get("target", {})
    signature = target.get("signature")
    rows: List[Tuple[str, Any]] = [
        ("Next", report["next"]),
        ("Host", " ".join([report["host"]["fqdn"], report["host"].get("arch", ""),
                           report["host"].get("firmware", "")]).strip()),
        ("From", f"{source['product']}, layer {source['layer']}" if source else ""),
        ("To", " ".join([target.get("ref", ""), target.get("version", ""),
                         f"commit {target['commit'][:16]}" if target else ""]).strip()),
        ("Signature", "" if signature is None else (
            f"good, by {signature['key']}" if signature["verified"] else "NOT SIGNED")),
        ("On NG", _time(summary)),
        ("Down", _down(report)),
        ("Writes", human(summary["bytes"]) if "bytes" in summary else ""),
        ("Findings", ", ".join(f"{n} {kind}" for kind, n in summary["kinds"].items() if n)
         or "none"),
        ("Exit code", f"{report['exit_code']}; the host is {report['host_state']}"
         + (", a reboot is needed" if report["reboot_required"] else "")),
        ("Run", report["run"]["id"]), ("Command", shlex.join(report["run"]["argv"])),
        ("Made", f"{report['run']['finished'] or report['run']['planned']} by ng2coreos "
                 f"{report['run']['tool_version']}")]
    name = report["verdict"]
    return tag("header", tag("h1", report["host"]["fqdn"] or "ng2coreos"),
               tag("p", tag("strong", name, class_=f"verdict {name}"), " ", report["text"]),
               definition(rows), _error(report))


def _time(summary: Report) -> str:
    if "predicted_s" not in summary:
        return ""
    text = f"predicted {duration(summary['predicted_s'])}"
    measured = summary.get("measured_s")
    return text + (f", measured {duration(measured)}" if measured is not None else "")


def _down(report: Report) -> str:
    summary = report["summary"]
    if "downtime_s" not in summary:
        return ""
    measured = report.get("downtime", {}).get("measured_s")
    text = f"about {duration(summary['downtime_s'])}, {summary['reboots']} boots"
    return text + (f", measured {duration(measured)}" if measured is not None else "")


def _error(report: Report) -> Html:
    error = report.get("error")
    if error is None:
        return Html("")
    return tag("p", tag("strong", error["type"]), ": ", error["message"], " ", error["hint"],
               class_="error", role="alert")


def findings(report: Report) -> Html:
    """The findings with filters by kind and by words."""
    found = report["findings"]
    if not found:
        return section("findings", "Findings", tag("p", "None."))
    counts = report["summary"]["kinds"]
    kinds = [(kind, f"{kind} ({counts[kind]})") for kind in _KINDS if counts[kind]]
    return section("findings", "Findings", filters(kinds, len(found), "finding"), *(
        _finding(f) for f in found))


def _finding(finding: Report) -> Html:
    override = finding.get("override")
    parts: List[Any] = [
        tag("h3", tag("span", finding["kind"], class_=f"kind {finding['kind']}"), " ",
            finding["title"]),
        tag("p", tag("code", finding["id"]), f" severity {finding['severity']}"),
        tag("p", finding["summary"])]
    if override:
        parts.append(tag("p", f"Overridden: {override['reason']}") if override["used"] else tag(
            "p", "May be overridden: ", tag("code", f"--override {override['key']}=REASON")))
    if finding["remediations"]:
        parts += [tag("h4", "What to do"),
                  tag("ul", *(_remedy(r) for r in finding["remediations"]))]
    if finding["resources"]:
        parts.append(_more(f"On {len(finding['resources'])}", tag("ul", *(
            tag("li", f"{r['scheme']} {r['id']}") for r in finding["resources"]))))
    if finding["evidence"]:
        parts.append(_more(f"Seen ({len(finding['evidence'])})", *(
            _evidence(e) for e in finding["evidence"])))
    return tag("article", *parts, class_="finding", data_key=finding["kind"])


def _remedy(step: Report) -> Html:
    notes = (" Changes nothing." if step["safe"] and step["type"] == "command" else "") + (
        " Acts with a reboot." if step["reboot"] else "")
    if step["type"] == "command":
        return tag("li", tag("code", shlex.join(step["argv"])), f" {step['text']}{notes}")
    if step["type"] == "answer":
        answers = ", ".join(f"{key}: {value}" for key, value in step["answer"].items())
        return tag("li", "Answer ", tag("code", answers), f" {step['text']}")
    name = "Playbook " if step["type"] == "playbook" else ""
    return tag("li", f"{name}{step['text']}{notes}")


def _evidence(evidence: Report) -> Html:
    place = evidence.get("source", "")
    line = f", line {evidence['line']}" if "line" in evidence else ""
    head = tag("p", tag("code", place), line) if place else Html("")
    return Html(head + tag("pre", esc(evidence["excerpt"], lines=True), tabindex="0"))


def _more(title: str, *inside: Any) -> Html:
    return tag("details", tag("summary", title), *inside)


def packages(report: Report) -> Html:
    """What was added to NG's image, and what the target has of it."""
    found = report.get("packages")
    if not found:
        return Html("")
    names = {"in-image": "in the image", "left": "left behind"}
    rows = [(p["nevra"], p["vendor"], names[p["action"]], p["target"]) for p in found["added"]]
    return section(
        "packages", "Packages",
        tag("p", f"NG has {report['source']['packages_total']}, the new image "
                 f"{found['target_total']}; {len(rows)} were added here, "
                 f"{len(found['removed'])} removed."),
        table("Added to NG's image", ("Package", "Vendor", "On the new system", "As"), rows),
        table("Removed from NG's image", ("Package",), [(name,) for name in found["removed"]]))


def items(report: Report) -> Html:
    """Every path that was decided about, with the differences that a conflict shows."""
    found = report.get("items")
    if not found:
        return Html("")
    counts: Dict[str, int] = {}
    for item in found:
        counts[item["outcome"]] = counts.get(item["outcome"], 0) + 1
    shown = _differences(report)
    rows = [(i["path"] or i["source"], i["outcome"], i["kind"], f"{i['owner']}:{i['group']}",
             i["mode"], i["rule"], _reason(i, shown)) for i in found]
    kinds = [(name, f"{name} ({n})") for name, n in sorted(counts.items())]
    return section(
        "etc", "Files and settings", filters(kinds, len(rows), "row"),
        table("What becomes of NG's state",
              ("Path", "Outcome", "Kind", "Owner", "Mode", "Rule", "Why"), rows,
              keys=[i["outcome"] for i in found]))


def _differences(report: Report) -> Dict[str, str]:
    """The differences that findings about /etc show, by path."""
    shown: Dict[str, str] = {}
    for finding in report["findings"]:
        for evidence in finding["evidence"]:
            if "\n" in evidence["excerpt"]:
                path = evidence.get("source") or evidence["excerpt"].split()[0].rstrip(":,")
                shown.setdefault(path, evidence["excerpt"])
    return shown


def _reason(item: Report, shown: Dict[str, str]) -> Html:
    moved = f" From {item['source']}." if item["source"] not in ("", item["path"]) else ""
    secret = " Secret." if item["secret"] else ""
    text = esc(f"{item['reason']}{moved}{secret}")
    difference = shown.get(item["path"]) or shown.get(item["source"])
    if difference is None:
        return text
    return Html(text + _more("Differences", tag("pre", esc(difference, lines=True), tabindex="0")))


def identities(report: Report) -> Html:
    """The map of users and groups."""
    found = report.get("identities")
    if not found:
        return Html("")
    heads = ("Name", "On NG", "New", "How")
    tables = [table(title, heads, [(c["name"], c["source_id"], c["target_id"], c["action"])
                                   for c in found[key]], numbers=(1, 2))
              for title, key in (("Users", "users"), ("Groups", "groups"))]
    passwords = ", ".join(found["passwords"])
    return section("ids", "Users and groups", *tables, tag(
        "p", f"Passwords go along for: {passwords}.") if passwords else "")


def boot(report: Report) -> Html:
    """Kernel arguments and units."""
    args = [(a["arg"] or a["result"], a["action"], a["result"], a["reason"])
            for a in report.get("kernel_args", ())]
    units = [(u["unit"], u["action"], u["reason"]) for u in report.get("units", ())]
    back = report.get("rollback")
    return section(
        "boot", "Boot",
        table("Kernel arguments", ("On NG", "What", "New", "Why"), args),
        table("Units", ("Unit", "What", "Why"), units),
        tag("p", "The way back, until finalize: ", tag("code", shlex.join(back["command"])),
            f". Boot entry of NG: {back['boot_entry'] or 'the first'}. Not taken back: "
            + "; ".join(back["not_reverted"]) + ".") if back else "")


def proof(report: Report) -> Html:
    """What the new system proved or must prove, and its boots."""
    found = report.get("proof")
    attempts = [(str(a["trial"]), a["started"], a["finished"] or "never",
                 "healthy" if a["healthy"] else _why(a["failures"]))
                for a in report.get("attempts", ())]
    told = Html("")
    if found:
        told = table(
            f"Proof of {found['made']}: {found['failed']} of {len(found['proofs'])} are wrong",
            ("What", "Result", "Detail"),
            [(p["title"], "ok" if p["ok"] else "FAILED", p["detail"]) for p in found["proofs"]])
    checks = [(c["title"], "waited for" if c["health"] else "looked at", c["kind"])
              for c in report.get("checks", ())]
    return section(
        "proof", "Proof", told,
        table("Boots of the new system", ("Trial", "Started", "Ended", "Result"), attempts),
        table("What the new system must prove", ("Check", "How", "Kind"), checks))


def _why(failures: List[Report]) -> Html:
    """Why a boot was not healthy, with the journal of that boot to unfold."""
    told = esc("; ".join(f"{f['title']}: {f['detail']}" for f in failures) or "not healthy")
    log = "\n".join(line for f in failures for line in f.get("log", ()))
    return Html(told + _more("The journal then", tag("pre", esc(log, lines=True), tabindex="0"))
                if log else told)
