"""A directive that lists a group of `dwmtj` commands with their helps and options, read from click."""

import re

import click
from docutils import nodes
from sources import ROOT
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from dwmtj.cli import group


class CommandLine(SphinxDirective):
    """Without an argument all commands that are not groups; with one, the commands of that group."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """One section for each command."""
        parent: click.Command = group
        context = click.Context(group, info_name="dwmtj")
        if self.arguments:
            assert isinstance(parent, click.Group)
            found = parent.get_command(context, self.arguments[0])
            if found is None:
                raise self.error(f"dwmtj has no command {self.arguments[0]!r}")
            parent = found
            context = click.Context(parent, info_name=self.arguments[0], parent=context)
        assert isinstance(parent, click.Group)
        result: list[nodes.Node] = []
        for path in (ROOT / "dwmtj").rglob("*.py"):
            self.env.note_dependency(str(path))
        for name in parent.list_commands(context):
            command = parent.get_command(context, name)
            assert command is not None
            if not isinstance(command, click.Group):
                result.append(_section(command, click.Context(command, info_name=name, parent=context)))
        return result


def _section(command: click.Command, context: click.Context) -> nodes.section:
    title = context.command_path
    section = nodes.section(ids=[nodes.make_id(title)], names=[nodes.fully_normalize_name(title)])
    section += nodes.title(title, title)
    usage = f"{title} {' '.join(command.collect_usage_pieces(context))}"
    section += nodes.literal_block(usage, usage, language="none")
    for paragraph in re.split(r"\n\s*\n", (command.help or "").strip()):
        section += nodes.paragraph("", " ".join(paragraph.split()))
    options = nodes.option_list()
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            names, text = record
            group_of_names = nodes.option_group("", nodes.option("", nodes.option_string("", names)))
            words = nodes.paragraph("", " ".join(text.split()))
            options += nodes.option_list_item("", group_of_names, nodes.description("", words))
    section += options
    return section


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True}
