"""Help articles are generated from entries only."""

from pathlib import Path

import pytest

from fitglue_registry.registry.help import article
from fitglue_registry.registry.loading import load_catalogue

GOLDEN = Path(__file__).parent / "golden" / "demo.md"
SECTIONS = [
    "Overview",
    "Data ingested",
    "What is not available",
    "Sync mechanism",
    "Setup",
    "Tier",
    "Common issues",
    "Dependencies",
    "Related",
    "Common misconceptions",
]

RICH = """\
dependencies: [integration/demo]
docs: [{title: Manual, url: "https://example.org/manual"}]
related: [integration/demo]
parts:
  - {name: summary, from: list}
  - {name: detail, bulk: 50}
  - {name: file, default: false, option: files}
sync:
  deletions: true
  overlap_days: 14
  note: Nothing else is known.
  delay: {expected_min: 5, hops: [watch, Demo, FitGlue]}
capabilities: {history: Ten years.}
data:
  - {field: Title, availability: always, path: title, upstream: name}
  - field: Load
    availability: when_recorded
    path: training_load
    upstream: icu_training_load
    kind: computed
    note: A | B.
  - {field: Sets, availability: never, note: They are not kept.}
issues:
  - symptom: The key is rejected
    cause: It is wrong.
    fix: Copy it again.
    codes: [FG-key-rejected]
claims_corrected:
  - {claim: It is instant., truth: It takes five minutes., reference: measured}
"""
CREDENTIALS = """\
credentials:
  - {name: api_key, label: API key, help: On the settings page., secret: true}
  - {name: athlete_id, required: false}
"""


@pytest.fixture
def demo(registry):
    registry.add("integrations/demo.yaml", kind="integration", more=CREDENTIALS)
    registry.add(more=RICH)
    return load_catalogue([registry.folder])


def test_an_article_says_what_the_entry_says(demo):
    """The article of an entry equals the golden file, which was reviewed by eye."""
    assert article(demo.get("source", "demo"), demo) == GOLDEN.read_text()


def test_an_article_is_deterministic(demo, registry):
    """The same entries give the same article each time."""
    again = load_catalogue([registry.folder])
    assert article(demo.get("source", "demo"), demo) == article(again.get("source", "demo"), again)


def test_a_small_entry_has_no_empty_sections(registry):
    """An article has no heading for something that its entry does not state."""
    registry.add("destinations/demo.yaml", kind="destination")
    loaded = load_catalogue([registry.folder])
    headings = [
        line[3:]
        for line in article(loaded.get("destination", "demo"), loaded).splitlines()
        if line.startswith("## ")
    ]
    assert headings == ["Overview", "Setup", "Tier", "Dependencies"]


def test_the_article_of_intervals_has_every_section():
    """The article of the source Intervals.icu has every section that an article can have."""
    built_in = load_catalogue()
    headings = [
        line[3:]
        for line in article(built_in.get("source", "intervals"), built_in).splitlines()
        if line.startswith("## ")
    ]
    assert headings == SECTIONS


def test_articles_link_to_each_other(demo):
    """A link to another entry leads to the article of that entry."""
    assert "[Connecting Demo](../integrations/demo.md)" in article(demo.get("source", "demo"), demo)


def test_the_article_of_a_closed_service_lists_its_alternatives():
    """The article of a closed service lists its alternatives and no command that cannot work."""
    text = article(load_catalogue().get("integration", "strava"), load_catalogue())
    assert "Accounts cannot be connected." in text
    assert "Then run `fitglue import export_12345.zip`." in text
    assert "fitglue sync" not in text


def test_an_article_says_how_a_permission_is_given(registry):
    """The set-up of a service with OAuth 2 names the app, the browser, and what is missing."""
    registry.add(
        "integrations/club.yaml",
        kind="integration",
        http='{base_url: "https://example.org", auth: {scheme: oauth2, oauth2: {'
        "authorize_url: /a, token_url: /t, app_help: Register it at example.org/apps., "
        'scopes: [profile, {name: "runs:all", without: Private runs are missing.}]}}}',
    )
    catalogue = load_catalogue([registry.folder])
    text = article(catalogue.get("integration", "club"), catalogue)
    assert "Register it at example.org/apps. It is asked for once." in text
    assert "`FITGLUE_CLUB_CLIENT_ID` and `FITGLUE_CLUB_CLIENT_SECRET`" in text
    assert "With `--no-browser`, you paste an address instead." in text
    assert "- **The permission `profile`**." in text
    assert "**Without the permission `runs:all`**: Private runs are missing." in text


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ("takes: [title], updates: true", "When the workout changes here, it is changed there."),
        ("takes: [title]", "When the workout changes here, what was sent stays as it is."),
        ("takes: [title], leaves_machine: false", "Nothing leaves this machine."),
        (
            "takes: [title], refuses: [strava]",
            "What came only from one of these is never sent: `strava`.",
        ),
    ],
)
def test_an_article_says_what_a_destination_does(registry, terms, sentence):
    """The article of a destination says what happens to a workout that was sent there."""
    registry.add(
        "destinations/demo.yaml",
        kind="destination",
        more=f"hooks: [fitglue_deliver, fitglue_find_delivery]\ndelivery: {{{terms}}}\n"
        "data: [{field: Title, availability: always, path: title}]\n",
    )
    loaded = load_catalogue([registry.folder])
    text = article(loaded.get("destination", "demo"), loaded)
    assert f"- {sentence}\n" in text
    assert "## Data sent\n" in text
