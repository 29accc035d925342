"""A directive that inserts what the service models declare, so that no page repeats it by hand.

``{action} EraseVideoSubtitles`` inserts the parameters, result and limits of an action, from the reference pages that
``make reference`` generates from the service models; write ``{action} imgsearch.AddImage`` where two services have an
action of that name.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

DOCS = Path(__file__).parents[1]


def sections() -> dict[str, tuple[Path, str]]:
    """Return the page and the text of each action's section in the reference.

    The keys are the actions' names, with the service and, if only one service has the name, also without it.
    """
    found: dict[str, tuple[Path, str]] = {}
    services: dict[str, set[str]] = {}
    for page in sorted([*DOCS.glob("*actions*.md"), *DOCS.glob("actions/*.md")]):
        for section in re.split(r"^(?=### )", page.read_text(), flags=re.MULTILINE)[1:]:
            heading, _, text = section.partition("\n")
            name = heading.removeprefix("### ").strip()
            services.setdefault(name, set()).add(page.stem)
            found[f"{page.stem}.{name}"] = page, re.split(r"^#{1,2} ", text, flags=re.MULTILINE)[0]
    unique = {
        name: found[f"{next(iter(pages))}.{name}"] for name, pages in services.items() if len(pages) == 1
    }
    return {**found, **unique}


class ActionTables(SphinxDirective):
    """Insert the reference section of one action."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the section's content.

        :raises docutils.utils.SystemMessage: The reference has no section for the action.
        """
        name = self.arguments[0]
        if name not in sections():
            raise self.error(
                f"no reference section, or several, of the action {name}; name its service, or run make reference"
            )
        page, text = sections()[name]
        name = name.rpartition(".")[2]
        self.env.note_dependency(str(page))
        link = f"\n\nSource of each fact: [{name}](/{page.relative_to(DOCS).with_suffix('.md')}#{name.lower()}).\n"
        return self.parse_text_to_nodes(text + link)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("action", ActionTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
