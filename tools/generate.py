"""Writes the files that are generated from the code and the registry.

These are the JSON Schema of a source activity, the help article of each entry, ``docs/errors.md``,
``docs/hooks.md``, ``docs/views.md`` and ``docs/pipelines-reference.md``. ``python tools/generate.py
--check`` writes nothing: it prints which files are stale, and ends with exit code 1 if there are
any.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from wrapped_markdown import formatted

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipelines_page import pipelines_page  # noqa: E402

from fitglue_registry import errors, hookspecs, lists, model, plugin_api  # noqa: E402 - the checkout's own, installed or not
from fitglue_registry.registry import Catalogue, Folder  # noqa: E402
from fitglue_registry.registry.help import article  # noqa: E402
from fitglue_registry.registry.loading import load_catalogue  # noqa: E402
from fitglue_registry.store.database import Database  # noqa: E402
from fitglue_registry.store.document_views import (  # noqa: E402
    DEVICE_FIELDS,
    GEAR_FIELDS,
    LAP_FIELDS,
    METRIC_FIELDS,
    SET_FIELDS,
    ZONE_FIELDS,
)
from fitglue_registry.store.load_views import COMPUTED_FIELDS, FITNESS_FIELDS  # noqa: E402
from fitglue_registry.store.migrate import upgrade  # noqa: E402
from fitglue_registry.store.sql import column_names  # noqa: E402
from fitglue_registry.store.tables import metadata  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FOLDERS = (
    Folder(ROOT / "registry"),
    Folder(ROOT / "plugins" / "fitglue-files" / "fitglue_files" / "registry", "fitglue-files"),
)
SOURCES = (ROOT / "fitglue_registry", *sorted((ROOT / "plugins").glob("*/fitglue_*")))
ARTICLES = ("integrations", "sources", "enrichers", "destinations")


def main(arguments: list[str] | None = None) -> int:
    """Write the files that are stale, or only print their names; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; end with 1 if a file is stale"
    )
    check = parser.parse_args(arguments).check
    wanted = dict(generated())
    stale = sorted(
        path
        for path in {*wanted, *leftovers(wanted)}
        if not path.is_file() or path.read_text() != wanted.get(path)
    )
    for path in stale:
        print(
            f"{'stale' if check else 'written' if path in wanted else 'removed'}: "
            f"{path.relative_to(ROOT)}"
        )
        if not check:
            write(path, wanted.get(path))
    if stale and check:
        print("run: python tools/generate.py")
    return 1 if stale and check else 0


def write(path: Path, content: str | None) -> None:
    """Write a file, or remove it if ``content`` is None."""
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def leftovers(wanted: dict[Path, str]) -> Iterator[Path]:
    """Yield the articles whose entry no longer exists."""
    for folder in ARTICLES:
        yield from (path for path in (ROOT / "docs" / folder).glob("*.md") if path not in wanted)


def generated() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its content."""
    catalogue = load_catalogue(FOLDERS)
    yield (
        ROOT / "registry" / "schemas" / "source-activity.json",
        json.dumps(model.document_schema(), indent=2, ensure_ascii=False) + "\n",
    )
    for entry in catalogue:
        page = formatted(article(entry, catalogue))
        yield ROOT / "docs" / f"{entry.kind}s" / f"{entry.id}.md", page
    for name, page in (
        ("errors", errors_page(catalogue)),
        ("hooks", hooks_page()),
        ("views", views_page()),
        ("pipelines-reference", pipelines_page()),
    ):
        yield ROOT / "docs" / f"{name}.md", formatted("\n".join(page) + "\n")


# -- errors ----------------------------------------------------------------------------------------

KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, errors.FitglueError)
}
#: Functions that make an error from a code, and the class of that error.
MAKERS = {
    "Flaw": "EntryInvalid",
    "refusal": "RecordRefused",
    "refuse": "EntryInvalid",
    "failure": "PluginFailed",
}
ROOMS = {"/registry/": "EntryInvalid", "/store/": "StoreFailed"}
#: Here, a flaw is a mistake in a document of the athlete, not in an entry.
PIPELINE = "/pipeline/"
#: Values that carry a code as a reason, and are not errors.
REASONS = {
    "Stub": "reason of a stub",
    "Unavailable": "reason of a missing part",
    "Availability": "reason of an availability",
}


@dataclasses.dataclass
class Use:
    """One place in the code that makes an error with a code: its class and its first sentence."""

    code: str
    kind: str | None
    what: str | None
    room: str


def errors_page(catalogue: Catalogue) -> Iterator[str]:
    """Yield the lines of ``docs/errors.md``.

    Each code has the exit codes of its classes, its sentences, and the articles that mention it.
    """
    yield from (
        "# Error codes",
        "",
        "<!-- Made by tools/generate.py from the source: change the code, not this page. -->",
        "",
        (
            "Every error has a stable code. It says what failed, where, why, and how to fix it, in "
            "the terminal as well as in `--json`. Texts with an ellipsis (…) contain a value."
        ),
        "",
        "| Exit | Kind | Meaning |",
        "|---|---|---|",
    )
    for name, kind in sorted(KINDS.items(), key=lambda pair: pair[1].exit_code):
        if name not in ("FitglueError", "ManyErrors"):
            yield f"| {kind.exit_code} | {name} | {first_line(kind)} |"
    yield from ("", "| Code | Exit | What it says | Raised in | Help |", "|---|---|---|---|---|")
    by_code: dict[str, list[Use]] = {}
    for use in uses():
        by_code.setdefault(use.code, []).append(use)
    helped = issues(catalogue)
    for code, places in sorted(by_code.items()):
        exits = sorted({str(KINDS[use.kind].exit_code) for use in places if use.kind in KINDS})
        reasons = sorted({REASONS[use.kind] for use in places if use.kind in REASONS})
        texts = list(dict.fromkeys(use.what for use in places if use.what))[:3]
        rooms = sorted({use.room for use in places})
        cells = (
            f"`{code}`",
            ", ".join(exits) or ", ".join(reasons),
            " · ".join(texts),
            ", ".join(f"`{room}`" for room in rooms),
            ", ".join(helped.get(code, ())),
        )
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def uses() -> Iterator[Use]:
    """Yield every place in the code where an error code is used as a value."""
    for folder in SOURCES:
        for file in sorted(folder.rglob("*.py")):
            if "testing" in file.relative_to(folder).parts:  # a fake only repeats codes
                continue
            tree = ast.parse(file.read_text())
            parents = parents_in(tree)
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and errors.CODE.fullmatch(node.value)
                ):
                    yield from use_of(node, parents, str(file.relative_to(folder.parent)))


def parents_in(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """Return the parent of each node of a syntax tree."""
    parents = {}
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            parents[child] = node
    return parents


def use_of(node: ast.Constant, parents: dict[ast.AST, ast.AST], room: str) -> Iterator[Use]:
    """Yield what is made with the code at a node; nothing if the code is only compared."""
    parent, row = parents[node], []
    while isinstance(parent, ast.IfExp | ast.keyword | ast.Starred):
        parent = parents[parent]
    if isinstance(parent, ast.Tuple | ast.List):
        row, above = parent.elts, parents[parent]
        if isinstance(above, ast.Compare):
            return
        parent = above if isinstance(above, ast.Call) else parent
    if isinstance(parent, ast.Compare | ast.Set) or (
        isinstance(parent, ast.Dict) and node in parent.keys
    ):
        return
    kind = None
    if isinstance(parent, ast.Call):
        row = row or parent.args
        name = getattr(parent.func, "id", None) or getattr(parent.func, "attr", "")
        kind = MAKERS.get(name, name)
    if PIPELINE in room and kind not in KINDS.keys() - {"EntryInvalid"}:
        kind = "UserMistake"
    # A table of codes names no class, so the room decides which class it is.
    if kind not in KINDS and kind not in REASONS:
        kind = next((kind for part, kind in ROOMS.items() if part in room), None)
    after = row[row.index(node) + 1 :] if node in row else []
    sentences = [text for text in map(sentence, after[:2]) if text and " " in text]
    yield Use(node.value, kind, sentences[0] if sentences else None, room)


def sentence(node: ast.AST) -> str | None:
    """Return the text of a literal, or None; values in an f-string become ellipses."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(shown, node.values))
    return None


def shown(part: ast.expr) -> str:
    """Return a part of an f-string, or an ellipsis for a value."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "…"


def issues(catalogue: Catalogue) -> dict[str, list[str]]:
    """Return, for each code, links to the articles whose common issues mention it."""
    links: dict[str, list[str]] = {}
    for entry in catalogue:
        for issue in entry.issues:
            for code in issue.codes:
                links.setdefault(code, []).append(f"[{issue.symptom}]({entry.kind}s/{entry.id}.md)")
    return links


def first_line(documented: object) -> str:
    """Return the first paragraph of a docstring as one line."""
    first_paragraph = (inspect.getdoc(documented) or "").partition("\n\n")[0]
    return " ".join(first_paragraph.split()).replace("``", "`")


# -- hooks -----------------------------------------------------------------------------------------


def hooks_page() -> Iterator[str]:
    """Yield the lines of ``docs/hooks.md``.

    Each hook has its exact arguments, and each value that is passed through hooks has its fields.
    """
    hooks = ast.parse(inspect.getsource(hookspecs))
    values = ast.parse(inspect.getsource(plugin_api))
    [specification] = classes_of(hooks)
    yield from (
        "# Hooks",
        "",
        (
            "<!-- Made by tools/generate.py from fitglue_registry/hookspecs.py and plugin_api.py: "
            "change those, not this page. -->"
        ),
        "",
        (
            f"Hook API {hookspecs.HOOK_API}: a plugin exports `FITGLUE_HOOK_API = "
            f"{hookspecs.HOOK_API}`."
        ),
        "",
        *restructured(ast.get_docstring(hooks) or ""),
        "",
        "## The hooks",
    )
    for function in functions_of(specification):
        yield from ("", *hook_section(function))
    yield from ("", "## The values", "", *restructured(ast.get_docstring(values) or ""))
    lines = inspect.getsource(plugin_api).splitlines()
    for node in classes_of(values):
        yield from (
            "",
            f"### {node.name}",
            "",
            *restructured(ast.get_docstring(node) or ""),
            *fields_of(node, lines),
        )
    yield from ("", "## Helpers for lists", "", *restructured(inspect.getdoc(lists) or ""))
    for name in lists.__all__:
        yield from ("", *helper_section(getattr(lists, name)))


def helper_section(helper: Callable[..., object]) -> Iterator[str]:
    """Yield the section of one helper: its call, and its docstring."""
    tree = ast.parse(inspect.getsource(helper)).body[0]
    if isinstance(tree, ast.FunctionDef):
        heading = signature(tree)
    else:
        assert isinstance(tree, ast.ClassDef)
        fields = [item for item in tree.body if isinstance(item, ast.AnnAssign)]
        heading = f"{tree.name}({', '.join(map(ast.unparse, fields))})"
    yield f"### {helper.__name__}"
    yield ""
    yield f"`{heading}`"
    yield ""
    yield from restructured(ast.get_docstring(tree) or "")


def hook_section(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the section of one hook: its signature, which plugins it calls, and its docstring."""
    yield f"### `{signature(function)}`"
    yield ""
    if function.name in hookspecs.ADDRESSED:
        yield "*Addressed to the entry's plugin.*"
    else:
        yield "*Asked of every plugin.*"
    yield ""
    yield from restructured(ast.get_docstring(function) or "")


def classes_of(tree: ast.Module) -> list[ast.ClassDef]:
    """Return the classes of a module, in order."""
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def functions_of(node: ast.ClassDef) -> list[ast.FunctionDef]:
    """Return the methods of a class, in order."""
    return [item for item in node.body if isinstance(item, ast.FunctionDef)]


def fields_of(node: ast.ClassDef, lines: list[str]) -> Iterator[str]:
    """Yield the fields of a class as a table, and its methods."""
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    if fields:
        yield from ("", "| Field | Type | Default | |", "|---|---|---|---|")
    for item in fields:
        default = f"`{ast.unparse(item.value)}`" if item.value else ""
        cells = (
            f"`{ast.unparse(item.target)}`",
            f"`{ast.unparse(item.annotation)}`",
            default,
            comment_on(item, lines).replace("``", "`"),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    for function in functions_of(node):
        yield from (
            "",
            f"`{signature(function)}`",
            "",
            *restructured(ast.get_docstring(function) or ""),
        )


def comment_on(field: ast.AnnAssign, lines: list[str]) -> str:
    """Return the comment on a field, which is behind it or in the lines above it."""
    _, _, behind = lines[(field.end_lineno or field.lineno) - 1].partition("  # ")
    if behind:
        return behind
    above: list[str] = []
    for line in reversed(lines[: field.lineno - 1]):
        text = line.strip()
        if not text.startswith("# "):
            break
        above.insert(0, text.removeprefix("# "))
    return " ".join(above)


def signature(function: ast.FunctionDef) -> str:
    """Return the name of a function, its arguments without ``self``, and its return type."""
    arguments = ast.unparse(function.args).removeprefix("self").removeprefix(", ")
    return (
        f"{function.name}({arguments}) -> "
        f"{ast.unparse(function.returns) if function.returns else 'None'}"
    )


#: The sections of a docstring in Google style whose items have a name in front of a colon.
NAMED_SECTIONS = ("Args:", "Attributes:", "Raises:")
SECTIONS = (*NAMED_SECTIONS, "Returns:", "Yields:")


def restructured(text: str) -> list[str]:
    """Return a docstring as Markdown: its sections in Google style as lists, and the text before
    them with single backquotes and a fence around each indented block.
    """
    lines = text.replace("``", "`").splitlines()
    start = next((i for i, line in enumerate(lines) if line in SECTIONS), len(lines))
    return [*_restructured_text(lines[:start]), *_restructured_sections(lines[start:])]


def _restructured_sections(lines: list[str]) -> list[str]:
    """Return the sections of a docstring, each as a heading and a list."""
    markdown: list[str] = []
    is_named = False
    for line in lines:
        if line in SECTIONS:
            is_named = line in NAMED_SECTIONS
            markdown += [f"**{line.removesuffix(':')}**", ""]
        elif line.startswith("    ") and not line.startswith("     "):
            name, colon, text = line.strip().partition(": ")
            item = f"`{name}`: {text}" if is_named and colon else line.strip()
            markdown.append(f"- {item}")
        else:
            markdown.append(f"  {line.strip()}" if line else "")
    return markdown


def _restructured_text(text: list[str]) -> list[str]:
    lines: list[str] = []
    fenced = False
    for line in text:
        indented = line.startswith("    ")
        if indented and not fenced:
            lines += ["```"] if lines and not lines[-1] else ["", "```"]
        if fenced and line and not indented:
            while not lines[-1]:
                lines.pop()
            lines += ["```", ""]
        fenced = indented or (fenced and not line)
        lines.append(
            line[4:] if indented else line.removesuffix("::") + ":" if line.endswith("::") else line
        )
    return [*lines, "```"] if fenced else lines


# -- views -----------------------------------------------------------------------------------------

UNITS = {
    "s": "s",
    "m": "m",
    "bpm": "beats/min",
    "rpm": "revolutions/min",
    "mps": "m/s",
    "kcal": "kcal",
    "watts": "W",
    "kg": "kg",
}
VIEWS = {
    "activities": (
        "One row for each workout, merged from all records of it. Workouts that were deleted at "
        "every source are left out."
    ),
    "laps": "One row for each lap or interval of an activity, in order.",
    "source_activities": (
        "One row for each workout as one source describes it, including stubs and workouts that "
        "were deleted at the source. A workout that was cropped at its source has the values of "
        "its whole file here."
    ),
    "runs": "One row for each sync or rebuild that changed something.",
    "sets": "One row for each set of strength training of an activity, in order, rests included.",
    "zones": (
        "One row for each training zone of an activity in which a source counted the time. The "
        "zones and their limits are those of the source."
    ),
    "gear": "One row for each activity whose bike, shoes or other equipment is known.",
    "devices": "One row for each activity whose recording device is known.",
    "metrics": (
        "One row for each number of an activity that has no column of its own, such as "
        "`decoupling_pct`. The end of a name is its unit."
    ),
    "computed": (
        "One row for each number that a booster computed for an activity. The activity has it "
        "where no source states a value of its own."
    ),
    "fitness": (
        "One row for each day from an athlete's first workout to the last one, also for days "
        "without a workout. `fitglue load` shows the same, up to today."
    ),
    "pipelines": (
        "One row for each pipeline, also for those that were deleted, because what they sent is "
        "still recognized. `fitglue pipeline show NAME --yaml` prints the document of one."
    ),
    "deliveries": (
        "One row for each workout and each destination to which a pipeline sends it, with its "
        "present state. `fitglue deliveries` lists the same."
    ),
    "delivery_log": "One row for each change of the state of a delivery, oldest first by `id`.",
}
#: View → the types of its columns that are inside documents.
DOCUMENT_FIELDS = {
    "laps": LAP_FIELDS,
    "sets": SET_FIELDS,
    "zones": ZONE_FIELDS,
    "gear": GEAR_FIELDS,
    "devices": DEVICE_FIELDS,
    "metrics": METRIC_FIELDS,
    "computed": COMPUTED_FIELDS,
    "fitness": FITNESS_FIELDS,
}
MEANINGS = {
    "id": "permanent id",
    "activity_id": "the activity that the row belongs to, or null",
    "number": "short number, for people to type",
    "athlete_id": "the athlete who owns it",
    "lap_no": "counted from 1",
    "sources": "number of records that were merged",
    "document": "all values as JSON (registry/schemas/source-activity.json)",
    "created_at": "time, UTC",
    "updated_at": "time, UTC",
    "connection": "name of the connection",
    "source": "id of the source's entry",
    "external_id": "id at the source",
    "leg_no": "leg of a multisport record, counted from 0",
    "stub": "true if the source lists the workout but does not deliver it",
    "gone": "true if the workout was deleted at the source, or if its file was read before it was "
    "complete and the complete file has replaced it",
    "at_source": "when the workout arrived at the source, UTC",
    "first_seen_at": "when FitGlue first saw it, UTC",
    "changed_at": "when FitGlue last saw a change, UTC",
    "plugin": "the plugin that normalized it",
    "plugin_version": "the version of that plugin",
    "title": "as the source states it",
    "sport": "canonical name",
    "start_utc": "time, UTC, ends with Z",
    "start_local": "local time, without time zone; null if the zone is unknown",
    "day": "day of `start_local`, or of `start_utc` if the zone is unknown",
    "start_is_utc": "true if the zone is unknown, so that only `start_utc` is known",
    "delivery_id": "the delivery that came back as this row: a pipeline has sent it; or null",
    "timezone": "IANA name",
    "power_kind": "measured or estimated",
    "elapsed_s": "time from start to end, pauses included",
    "moving_s": "time without pauses, as the source defines them",
    "distance_m": "",
    "elevation_gain_m": "",
    "calories_kcal": "",
    "average_heartrate_bpm": "",
    "max_heartrate_bpm": "",
    "average_watts": "",
    "weighted_average_watts": "",
    "average_cadence_rpm": "on foot, most sources count the steps of one leg",
    "average_speed_mps": "",
    "training_load": "as the source computes it",
    "rpe": "rating of perceived exertion, 1 to 10",
    "set_no": "counted from 1",
    "exercise": "name of the exercise",
    "reps": "number of repetitions",
    "weight_kg": "",
    "superset": "the same for all sets of one superset",
    "notes": "notes of the athlete",
    "zone_no": "counted from 1",
    "zone": "name of the zone",
    "upper_limit": "upper limit of the zone; null if it has none, or if it is unknown",
    "limit_unit": "bpm, or % of the threshold",
    "gear_id": "id of the equipment at the source",
    "manufacturer": "",
    "product": "model, as the file names it",
    "serial": "serial number",
    "software": "version of the firmware",
    "value": "",
    "label": "",
    "intensity": "work, recovery, warmup, cooldown or rest",
    "start_s": "time since the start of the workout",
    "started_at": "time, UTC",
    "ended_at": "time, UTC; null if the run is in progress or was killed",
    "outcome": "complete, stopped or failed",
    "counts": "JSON: decision → number of records",
    "error": "JSON with code, what, where, why and fix",
    "options": "JSON: the options of the run",
    "booster": "id of the booster's entry",
    "version": "version of the booster's plugin",
    "how": "computed, or estimated if a value that it needs was assumed",
    "method": "how it was computed, such as power (TSS)",
    "computed_at": "time, UTC",
    "load": "sum of the training loads of the day",
    "fitness": "chronic training load (CTL), an average of about 42 days",
    "fatigue": "acute training load (ATL), an average of about 7 days",
    "form": "training stress balance (TSB): fitness minus fatigue",
    "ramp": "change of the fitness within 7 days; null in the first week",
    "pipeline_id": "the pipeline that sends it",
    "pipeline": "name of the pipeline; null if it was deleted",
    "state": "planned, sending, accepted, sent, refused, uncertain or failed",
    "waiting": "number of activities that wait for their copies",
    "destination": "name of the destination in the pipeline",
    "entry": "id of the destination's entry",
    "action": "create, update, fill or delete",
    "tries": "number of attempts",
    "next_try_at": "when it is tried again, UTC; or null",
    "remote_id": "id of the workout at the destination",
    "url": "where you find the workout at the destination",
    "planned_at": "time, UTC",
    "sent_at": "time, UTC; null if it was not sent yet",
    "at": "time, UTC",
    "what": "what happened, in one sentence",
    "host_version": "version of fitglue-registry",
}
#: The meanings of columns that mean something else in each view.
MEANINGS_IN = {
    ("laps", "kind"): "lap, interval or length",
    ("runs", "kind"): "sync or rebuild",
    ("sets", "kind"): "normal, rest, warmup, failure, dropset, or the source's own word",
    ("sets", "elapsed_s"): "duration of the set",
    ("sets", "distance_m"): "distance of the set",
    ("zones", "kind"): "heartrate, power, pace or grade_adjusted_pace",
    ("zones", "elapsed_s"): "time in the zone",
    ("gear", "name"): "name that the athlete gave it",
    ("gear", "distance_m"): "distance covered with it when the source last changed the activity",
    ("devices", "name"): "name as people know it",
    ("computed", "name"): "field of the activity, or `metrics.` and a name",
    ("fitness", "day"): "local day",
    ("pipelines", "name"): "its name; null if it was deleted",
    ("pipelines", "state"): "active, paused or deleted",
    ("pipelines", "version"): "number of its newest document",
    ("deliveries", "activity_id"): "the activity that is sent",
    ("deliveries", "id"): "number of the delivery, for people to type",
    ("deliveries", "number"): "short number of the activity, for people to type",
    ("deliveries", "connection"): "name of the connection; null if the destination has no account",
    ("deliveries", "error"): "JSON: code, what and fix of the last failure; or null",
    ("delivery_log", "id"): "the order in which it happened",
    ("delivery_log", "delivery_id"): "the delivery that the row belongs to",
    ("metrics", "name"): "name of the number, which ends with its unit",
}


def views_page() -> Iterator[str]:
    """Yield the lines of ``docs/views.md``: each view with its columns, their types and units."""
    yield from (
        "# Views",
        "",
        "<!-- Made by tools/generate.py: edit the descriptions there. -->",
        "",
        (
            "`fitglue sql` and all other tools can rely on these views. New columns can be added, "
            "but no column is renamed, removed or given a different meaning within a major "
            "version. Null means that the value does not exist; zero is a value. In SQLite, true "
            "and false are 1 and 0. In PostgreSQL, the views are in the schema `fitglue`."
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/views.db", upgrade)
        columns = dict(column_names(database))
        database.close()
    for view, names in columns.items():
        yield from (
            "",
            f"## {view}",
            "",
            VIEWS[view],
            "",
            "| Column | Type | Unit | Meaning |",
            "|---|---|---|---|",
        )
        for name in names:
            yield (
                f"| `{name}` | {type_of(view, name)} | {UNITS.get(name.rpartition('_')[2], '')} "
                f"| {MEANINGS_IN.get((view, name), MEANINGS.get(name))} |"
            )
    yield from _role_for_reading(columns)


def _role_for_reading(views: Iterable[str]) -> Iterator[str]:
    """Yield how the operator of a PostgreSQL server makes the role of ``fitglue sql``."""
    yield from (
        "",
        "## A login that may only read",
        "",
        (
            "On PostgreSQL, `fitglue sql` uses a separate login, because a statement can leave "
            "every role that is set for it, but not the login of its connection. The login of "
            "`FITGLUE_DATABASE` owns the tables, so that it is refused. Create a login that may "
            "read the views, through a role if several logins may (here "
            "`fitglue_reader`). Name the URL of the login in `FITGLUE_SQL_DATABASE` or "
            "`Host(sql_database=…)`, and the role in `FITGLUE_SQL_ROLE` or `Policy(sql_role=…)`. "
            "A statement begins with this role, and has a `statement_timeout`."
        ),
        "",
        "```sql",
        "CREATE ROLE fitglue_reader NOLOGIN;",
        "GRANT USAGE ON SCHEMA fitglue TO fitglue_reader;",
        f"GRANT SELECT ON {', '.join(f'fitglue.{view}' for view in views)} TO fitglue_reader;",
        "CREATE ROLE fitglue_sql LOGIN PASSWORD '…' IN ROLE fitglue_reader;",
        "```",
        "",
        "```sh",
        "export FITGLUE_SQL_DATABASE=postgresql://fitglue_sql:…@host/name",
        "export FITGLUE_SQL_ROLE=fitglue_reader",
        "```",
        "",
        (
            "Each connection is checked before its statement. A superuser is refused "
            "(`FG-sql-superuser`), and so is a login (`FG-sql-login`) that is a member of any "
            "other role, directly or through roles, among them those of PostgreSQL such as "
            "`pg_read_server_files`; that owns anything in the database; that has `CREATEROLE`, "
            "`CREATEDB`, `REPLICATION` or `BYPASSRLS`; that may create anything in the database "
            "or in the schema `fitglue`; or that may write to its tables. The same holds for the "
            "role. A login without any role needs no `FITGLUE_SQL_ROLE`; then grant the views to "
            "the login itself."
        ),
        "",
        (
            "What PostgreSQL grants to everybody (`PUBLIC`), the login may use as well: functions "
            "of an application with `SECURITY DEFINER`, or of extensions such as `dblink`. Revoke "
            "what it should not use. A statement can also take advisory locks, so that a sync may "
            "be refused as busy until the statement ends, send notifications, and end other "
            "statements of the same login."
        ),
    )


def type_of(view: str, name: str) -> str:
    """Return the type of a column, from the table or the lap field that it comes from."""
    kind = DOCUMENT_FIELDS.get(view, {}).get(name)
    if kind is not None:
        return {"TEXT": "text", "REAL": "number", "INTEGER": "whole number"}[kind]
    if name in ("sources", "lap_no", "set_no", "delivery_id", "waiting"):
        return "whole number"
    if name in ("stub", "gone", "start_is_utc"):
        return "true or false"
    tables = [
        metadata.tables[f"fg_{'activities' if view in DOCUMENT_FIELDS else view}"],
        *metadata.sorted_tables,
    ]
    column = next((table.c[name] for table in tables if name in table.c), None)
    python_type = column.type.python_type if column is not None else str
    return {int: "whole number", float: "number"}.get(python_type, "text")


if __name__ == "__main__":
    sys.exit(main())
