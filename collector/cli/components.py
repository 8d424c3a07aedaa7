"""`winnow components`."""

from itertools import groupby

import click

from collector.registry import BrokenComponentError, Registration, Registry


@click.command()
def components() -> None:
    """List the installed receivers, processors and exporters, and where they come from."""
    for kind, found in groupby(Registry().registrations(), key=lambda item: item.kind):
        click.secho(kind, bold=True)
        for registration in found:
            about = _about(registration)
            click.echo(f"  {registration.name:<16} {about}  [{registration.distribution}]")


def _about(registration: Registration) -> str:
    try:
        documentation = registration.load().__doc__
    except BrokenComponentError as error:
        return f"BROKEN: {error}"
    return (documentation or "").strip().partition("\n")[0]
