"""`ng2coreos plan`: the dry run."""

from pathlib import Path
from typing import Any, Optional

import click

from ng2coreos.cli.command import Command
from ng2coreos.cli.context import Context, ask_and_plan, make_plan, write_plan
from ng2coreos.cli.options import target_options
from ng2coreos.cli.reporting import reporting
from ng2coreos.cli.terminal import painted, refuse_without_terminal
from ng2coreos.core.errors import Exit


@click.command(cls=Command)
@target_options
@click.option("--json", "as_json", is_flag=True,
              help="Print the report as JSON, without secrets.")
@click.option("--html", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Also write the report as one HTML file, without secrets.")
@click.option("--output", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Also write the plan for `apply --plan` (0600: it may hold secrets).")
@click.option("--strict", is_flag=True, help="End with status 100 when there are warnings.")
@click.option("--interactive", is_flag=True,
              help="Ask what is open, on this terminal, and write the answers to the --answers "
                   "FILE (answers.yaml here unless named), which later calls take.")
@click.pass_obj
def plan(obj: Context, /, as_json: bool, html: Optional[str], output: Optional[str],
         strict: bool, interactive: bool, **options: Any) -> None:
    """Say what `apply` would do. Changes nothing.

    Exit status 3 when something stands against the run, 4 when something must be answered first.
    """
    from ng2coreos import report
    from ng2coreos.execute.judge import judge
    from ng2coreos.model.finding import Kind
    if interactive:
        refuse_without_terminal()
    with reporting(obj.host, "plan", as_json, html) as told:
        told.plan = made = (ask_and_plan if interactive else make_plan)(obj, **options)
        if output:
            write_plan(Path(output), made)
        if not as_json:
            click.echo(painted(report.plan_text(made)), nl=False)
        judge(made)
        if strict and any(f.kind is Kind.WARNING for f in made.decisions.findings):
            told.exit_code = int(Exit.WARNINGS)
    raise SystemExit(told.exit_code)
