"""Hooks for mkdocs, which ``mkdocs.yml`` names, to build the site of ``make docs``.

Pages are written for readers on GitHub: their links point to files of the repository, some of which
are not in ``docs/``. Therefore the site has a copy of each such page, and links are rewritten to
where the file is on the site.
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
    "plugins/fitglue-boosters/README.md": "project/fitglue-boosters.md",
    "plugins/fitglue-destinations/README.md": "project/fitglue-destinations.md",
    "plugins/fitglue-files/README.md": "project/fitglue-files.md",
    "plugins/fitglue-formats/README.md": "project/fitglue-formats.md",
    "plugins/fitglue-garmin/README.md": "project/fitglue-garmin.md",
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
    """Replace the name of a folder in the navigation by the pages of the folder."""
    config.nav = _with_folders(config.nav)


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages that are not in ``docs/`` to the site."""
    from mkdocs.structure.files import File  # only the environment of `make docs` has mkdocs

    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))


def on_page_markdown(
    markdown: str,
    page: Page,
    config: MkDocsConfig,  # noqa: ARG001 - mkdocs passes it by name
    files: Files,  # noqa: ARG001
) -> str:
    """Return the Markdown with rewritten links, fences and lists."""
    return rewritten(markdown, page.file.src_uri)


def on_post_build(config: MkDocsConfig) -> None:
    """Log a warning for everything that a browser would load from another host."""
    for path in sorted(Path(config.site_dir).rglob("*")):
        if path.suffix in (".html", ".css"):
            for match in _LOADED_FROM_ELSEWHERE.finditer(path.read_text(encoding="utf-8")):
                _log.warning("%s loads from another host: %s", path, match[0])


# -- rewriting of Markdown -------------------------------------------------------------------------


def rewritten(markdown: str, page: str) -> str:
    """Return the text of a page for the site, with links rewritten."""
    pieces = _FENCED.split(markdown)
    # split() with one group alternates: odd pieces are fenced blocks.
    pieces[::2] = [_LINK.sub(lambda link: _on_site(link, page), text) for text in pieces[::2]]
    pieces[1::2] = [_FENCE.sub(_plain_fence, text, count=1) for text in pieces[1::2]]
    return indented_by_four("".join(pieces))


def indented_by_four(markdown: str) -> str:
    """Return the text with four spaces for each level of a list, as Python's Markdown requires.

    GitHub and mdformat indent the content of an item to the column where its text begins.
    """
    lines = []
    text_columns: list[int] = []  # for each level, the column where the text of the item begins
    in_fence = False
    for line in markdown.split("\n"):
        text = line.lstrip(" ")
        indent = len(line) - len(text)
        if text and not in_fence:
            while text_columns and indent < text_columns[-1]:
                text_columns.pop()
        beyond = max(0, indent - text_columns[-1]) if text_columns else indent
        lines.append(" " * (4 * len(text_columns) + beyond) + text if text else "")
        if text.startswith("```"):
            in_fence = not in_fence
        item = _ITEM.match(text)
        if item and not in_fence:
            text_columns.append(indent + len(item[0]))
    return "\n".join(lines)


def _on_site(link: re.Match[str], page: str) -> str:
    """Return a link for the site: to a page of the site, or only its text if the file is not on the
    site.
    """
    text, target = link.groups()
    path, mark, anchor = target.partition("#")
    if not path or ":" in path:
        return link[0]
    source = _SOURCES.get(page, f"docs/{page}")
    file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    if not (ROOT / file).exists():
        _log.warning("%s links to %s, which does not exist", source, file)
    if file in PAGES:
        on_site = PAGES[file]
    elif file.startswith("docs/"):
        on_site = file.removeprefix("docs/")
        if (ROOT / file).is_dir():
            on_site = next(_pages_in(on_site))
    else:
        return text if "`" in text else f"`{text}`"
    return f"[{text}]({posixpath.relpath(on_site, posixpath.dirname(page) or '.')}{mark}{anchor})"


def _plain_fence(fence: re.Match[str]) -> str:
    """Return the first line of a fenced block without the words that only our tests read; a file
    name becomes its title.
    """
    opening, words = fence.groups()
    name = re.search(r"\bfile=(\S+)", words or "")
    return f'{opening} title="{name[1]}"' if name else opening


def _with_folders(nav: Any) -> Any:
    """Return a part of the navigation with each folder replaced by its pages."""
    if isinstance(nav, list):
        return [_with_folders(item) for item in nav]
    if isinstance(nav, dict):
        return {title: _with_folders(item) for title, item in nav.items()}
    return list(_pages_in(nav)) if nav.endswith("/") else nav


def _pages_in(folder: str) -> Iterator[str]:
    """Yield the pages of a folder in ``docs/``, sorted."""
    docs = ROOT / "docs"
    for path in sorted((docs / folder).glob("*.md")):
        yield path.relative_to(docs).as_posix()
