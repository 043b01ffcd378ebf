"""`ng2coreos plan`: the dry run."""

from pathlib import Path
from typing import Any, Optional

import click

from ng2coreos.cli.context import Context, make_plan, write_plan
from ng2coreos.cli.options import target_options


@click.command()
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, without secrets.")
@click.option("--output", type=click.Path(dir_okay=False), default=None, metavar="FILE",
              help="Also write the plan for `apply --plan` (0600: it may hold secrets).")
@click.pass_obj
def plan(obj: Context, /, as_json: bool, output: Optional[str], **options: Any) -> None:
    """Say what `apply` would do. Changes nothing.

    Exit status 3 when something stands against the run, 4 when something must be answered first.
    """
    from ng2coreos import report
    from ng2coreos.execute.judge import judge
    made = make_plan(obj, **options)
    if output:
        write_plan(Path(output), made)
    click.echo(report.plan_json(made) if as_json else report.plan_text(made), nl=False)
    judge(made)
