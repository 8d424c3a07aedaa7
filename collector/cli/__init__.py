"""The command line. A command is a file; it is imported when it is called."""

from importlib import import_module

import click

_COMMANDS = {
    "run": "Run the collector.",
    "validate": "Check a configuration file.",
    "print-config": "Show the configuration with every default filled in.",
    "components": "List the installed receivers, processors and exporters.",
    "test": "Try a configuration: send spans through it, and compare what comes out.",
    "schema": "Print the JSON Schema of the configuration, for editors.",
    "redact": "Send lines of text through the redaction processor.",
    "price": "Tell what a model call costs, and why.",
    "sample": "Tell what other sampling policies would have kept.",
    "archive": "Look into the archive: by hour, a trace as a tree, spans as OTLP JSON.",
    "costs": "Tell which users, organisations, models or features cost most.",
    "decrypt": "Put back what redaction encrypted.",
    "demo": "Send a small agent's traces through a running collector.",
}


class _Commands(click.Group):
    """Knows its commands by name, so that `--help` imports none of them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"collector.cli.{name}"), name)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="winnow-collector", prog_name="winnow")
def cli() -> None:
    """Winnow collects the traces of AI agents: redacts, prices, samples and hands them on.

    Exit codes: 0 where all went well, 1 where it did not, with the reason on standard error, 2 for
    a command line that is wrong.
    """


def main() -> None:
    """The `winnow` command."""
    cli(prog_name="winnow")
