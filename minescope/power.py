"""`minescope power`: loads judged by their curves, network and meter reconciled, farms told from data
centres, plants that deliver less."""

import typer

from minescope.power_reconcile import reconcile
from minescope.power_score import score
from minescope.power_sites import sites
from minescope.power_watch import lines, peers

power = typer.Typer(
    name="power",
    no_args_is_help=True,
    help="Judge loads: which meters feed mining, network against meter, farm or data centre, private lines.",
)
for command in (score, reconcile, sites, lines, peers):
    power.command()(command)
