"""What the site of ``make docs`` needs beyond mkdocs, as hooks that ``mkdocs.yml`` names.

Pages are written for a reader on GitHub: their links lead to files of the repository, and some of
these files are not in ``docs/``. The site therefore has a copy of each page at the root of the
repository, and links are rewritten to where a file is on the site.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
#: Pages outside ``docs/``, and where they are on the site.
PAGES = {
    "README.md": "project/readme.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "changelog.d/README.md": "project/changelog-fragments.md",
    "plugins/fitglue-files/README.md": "project/fitglue-files.md",
    "plugins/fitglue-formats/README.md": "project/fitglue-formats.md",
    "plugins/fitglue-intervals/README.md": "project/fitglue-intervals.md",
}
_SOURCES = {page: source for source, page in PAGES.items()}
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^( *```\w+)(?: (\S.*))?$", re.MULTILINE)
_ITEM = re.compile(r"(?:[-*+]|\d+\.) +")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
_LOADED_FROM_ELSEWHERE = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//[^>]*>"
    r"|<link\b(?![^>]*\brel=[\"']?canonical)[^>]*\bhref=[\"']?(?:https?:)?//[^>]*>"
    r"|(?:@import|url\()[ \"'(]*(?:https?:)?//[^;)]*"
)
_log = logging.getLogger("mkdocs.hooks.docs_site")


# -- what mkdocs calls -----------------------------------------------------------------------------


def on_config(config: MkDocsConfig) -> None:
    """Put the pages of a folder in the place of its name in the navigation."""
    config.nav = _with_folders(config.nav)


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages that are not in ``docs/``."""
    from mkdocs.structure.files import File  # this environment alone has mkdocs

    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))


def on_page_markdown(
    markdown: str,
    page: Page,
    config: MkDocsConfig,  # noqa: ARG001 - mkdocs passes it by name
    files: Files,  # noqa: ARG001
) -> str:
    """Rewrite links, fences and lists."""
    return rewritten(markdown, page.file.src_uri)


def on_post_build(config: MkDocsConfig) -> None:
    """Warn of everything that a browser would load from another host."""
    for path in sorted(Path(config.site_dir).rglob("*")):
        if path.suffix in (".html", ".css"):
            for match in _LOADED_FROM_ELSEWHERE.finditer(path.read_text(encoding="utf-8")):
                _log.warning("%s loads from another host: %s", path, match[0])


# -- how it is done --------------------------------------------------------------------------------


def rewritten(markdown: str, page: str) -> str:
    """The text of a page of the site, whose links lead to files of the repository."""
    pieces = _FENCED.split(markdown)
    # The odd pieces are the fenced blocks.
    pieces[::2] = [_LINK.sub(lambda link: _on_site(link, page), text) for text in pieces[::2]]
    pieces[1::2] = [_FENCE.sub(_plain_fence, text, count=1) for text in pieces[1::2]]
    return indented_by_four("".join(pieces))


def indented_by_four(markdown: str) -> str:
    """The same text with four spaces for each level of a list, which Python's Markdown wants.

    GitHub and mdformat indent what belongs to an item to where its text begins.
    """
    lines = []
    begins: list[int] = []  # where the text of the item begins, for each level
    in_fence = False
    for line in markdown.split("\n"):
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if text and not in_fence:
            while begins and indent < begins[-1]:
                begins.pop()
        beyond = max(0, indent - begins[-1]) if begins else indent
        lines.append(" " * (4 * len(begins) + beyond) + text if text else "")
        if text.startswith("```"):
            in_fence = not in_fence
        item = _ITEM.match(text)
        if item and not in_fence:
            begins.append(indent + len(item[0]))
    return "\n".join(lines)


def _on_site(link: re.Match[str], page: str) -> str:
    """A link as the site needs it: to a page of the site, or no link to a file that it lacks."""
    text, target = link.groups()
    path, mark, anchor = target.partition("#")
    if not path or ":" in path:
        return link[0]
    source = _SOURCES.get(page, f"docs/{page}")
    file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if not (ROOT / file).exists():
        _log.warning("%s links to %s, which does not exist", source, file)
    if file in PAGES:
        there = PAGES[file]
    elif file.startswith("docs/"):
        there = file.removeprefix("docs/")
        if (ROOT / file).is_dir():
            there = next(_pages_in(there))
    else:
        return text if "`" in text else f"`{text}`"
    return f"[{text}]({posixpath.relpath(there, posixpath.dirname(page) or '.')}{mark}{anchor})"


def _plain_fence(fence: re.Match[str]) -> str:
    """The first line of a block without what only our tests read; a file name becomes its title."""
    opening, words = fence.groups()
    name = re.search(r"\bfile=(\S+)", words or "")
    return f'{opening} title="{name[1]}"' if name else opening


def _with_folders(nav: Any) -> Any:
    if isinstance(nav, list):
        return [_with_folders(item) for item in nav]
    if isinstance(nav, dict):
        return {title: _with_folders(item) for title, item in nav.items()}
    return list(_pages_in(nav)) if nav.endswith("/") else nav


def _pages_in(folder: str) -> Iterator[str]:
    docs = ROOT / "docs"
    for path in sorted((docs / folder).glob("*.md")):
        yield path.relative_to(docs).as_posix()
