"""The errors that a check of a registry folder finds, with their complete messages."""

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry import Folder
from fitglue_registry.registry.check import check
from fitglue_registry.registry.loading import load_catalogue

HTTP = """\
credentials:
  - {name: api_key, secret: true}
http:
  base_url: https://example.org/api
"""


def test_a_valid_registry_has_no_errors(registry):
    """The report of a valid folder has its entries and no errors."""
    registry.add()
    report = check(registry.root, other_folders=[])
    assert (report.files, [entry.key for entry in report.entries], report.errors) == (
        1,
        ["source/demo"],
        (),
    )


def test_an_unknown_key_points_at_the_key(registry):
    """A misspelled key is reported at its place, with the allowed keys and the most similar one."""
    registry.add(more="sync:\n  overlap_day: 3\n")
    assert registry.complaints() == (
        "sources/demo.yaml:9:3, sync.overlap_day: FG-entry-unknown-key: key 'overlap_day' is "
        "unknown\n"
        "why: allowed here: by_change, delay, deletions, fetch_again_days, full_walk_days, mode, "
        "note, overlap_days, snapshots or touches\nfix: did you mean overlap_days?"
    )


def test_a_missing_key_is_named(registry):
    """A missing required key is reported at the mapping that lacks it."""
    registry.add(summary=None)
    assert (
        registry.complaints()
        == "sources/demo.yaml:1:1: FG-entry-missing-key: key 'summary' is missing"
    )


def test_a_wrong_type_says_what_was_found_and_what_is_allowed(registry):
    """The error for a value of a wrong type states the value and the required type."""
    registry.add(more="sync: {overlap_days: often}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:8:22, sync.overlap_days: FG-entry-wrong-type: is 'often', but must be "
        "a whole number"
    )


def test_a_name_outside_a_closed_list_says_the_nearest(registry):
    """The error for a name that is not in a fixed list has that list and the most similar name."""
    registry.add(more="hooks: [fitglue_lst]\nparts:\n  - {name: stream}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:8:9, hooks[0]: FG-entry-not-allowed: is 'fitglue_lst', but must be "
        "fitglue_connect, fitglue_list, fitglue_fetch, fitglue_read, "
        "fitglue_normalize, fitglue_enrich, fitglue_deliver, "
        "fitglue_find_delivery, fitglue_dedupe or fitglue_recognize\nfix: did you mean "
        "fitglue_list?\n"
        "sources/demo.yaml:10:12, parts[0].name: FG-entry-not-allowed: is 'stream', but must be "
        "summary, detail, streams or file\n"
        "fix: did you mean streams?"
    )


def test_a_wrong_form_shows_the_right_one(registry):
    """The error for a text of a wrong form has the required form and an example."""
    registry.add(dependencies="[intervals]")
    assert registry.complaints() == (
        "sources/demo.yaml:8:16, dependencies[0]: FG-entry-wrong-form: is 'intervals', but must "
        "have the form "
        "^(integration|source|enricher|booster|destination)/[a-z0-9]+(-[a-z0-9]+)*$, such as "
        "integration/intervals"
    )


def test_a_newer_format_asks_for_an_upgrade(registry):
    """An entry in a newer format gives one error, which says that the host is too old."""
    registry.add(schema="2", more="brand_new: 1\n")
    assert registry.complaints() == (
        "sources/demo.yaml:1:9, schema: FG-entry-schema-newer: schema 2 is newer than 1, "
        "the newest that this host can read\n"
        "fix: upgrade fitglue-registry"
    )


def test_an_empty_file_is_told_how_to_begin(registry):
    """The error for an empty file says what an entry begins with."""
    registry.write("sources/demo.yaml", "# later\n")
    assert registry.complaints() == (
        "sources/demo.yaml: FG-entry-missing-key: the file is empty\nfix: begin with schema, "
        "kind and id"
    )


def test_a_file_that_cannot_be_read_is_named(registry):
    """A file that cannot be opened gives an error, and the other files are read."""
    (registry.root / "sources" / "demo.yaml").mkdir(parents=True)
    assert registry.complaints() == (
        "sources/demo.yaml: FG-entry-unreadable: the file cannot be read: it is a folder, and "
        "only a regular file is read"
    )


def test_an_ambiguous_scalar_asks_for_quotes(registry):
    """A word that is a boolean in another version of YAML must be quoted."""
    registry.add(name="No")
    assert registry.complaints() == (
        "sources/demo.yaml:4:7, name: FG-entry-ambiguous: No has different meanings "
        "in different versions of YAML\n"
        "why: here it is 'No', but in YAML 1.1 it is true or false\n"
        'fix: write "No" if it is text'
    )


def test_a_duplicate_key_is_found(registry):
    """A key that occurs twice is an error at its second place."""
    registry.add(more="tier: athlete\n")
    assert registry.complaints() == (
        "sources/demo.yaml:8:1, tier: FG-entry-duplicate-key: key 'tier' occurs twice\n"
        "why: it is already at line 7, column 1\nfix: remove one of the two"
    )


def test_the_same_entry_twice_is_found(registry):
    """Two files with the same kind and id are an error in the second one."""
    registry.add("boosters/load.yaml", kind="booster")
    registry.add("enrichers/load.yaml", kind="enricher")
    assert registry.complaints() == (
        "enrichers/load.yaml:3:5, id: FG-entry-duplicate: enricher/load exists twice\n"
        "why: boosters/load.yaml (built in) already has it\n"
        "fix: give this entry another id, or remove it"
    )


def test_an_entry_of_the_built_in_catalogue_cannot_be_brought_again(registry):
    """A third party's entry with the key of a built-in entry is an error."""
    registry.add("sources/intervals.yaml")
    [error] = check(registry.root).errors
    assert str(error).startswith("FG-entry-duplicate: source/intervals exists twice")


def test_an_id_unlike_its_file_is_found(registry):
    """A file whose name differs from the id of its entry is an error."""
    registry.add(id="other")
    assert registry.complaints() == (
        "sources/demo.yaml:3:5, id: FG-entry-id-unlike-file: id other differs from the name "
        "of the file, demo.yaml\n"
        "fix: rename the file to other.yaml, or change the id to demo"
    )


def test_a_kind_unlike_its_folder_is_found(registry):
    """An entry in the folder of another kind is an error."""
    registry.add(kind="destination")
    assert registry.complaints() == (
        "sources/demo.yaml:2:7, kind: FG-entry-kind-unlike-folder: kind destination does not "
        "belong in folder sources\n"
        "fix: move the file to destinations, or write kind: source"
    )


def test_a_folder_of_another_name_is_found(registry):
    """An entry in a folder that is not for entries is an error."""
    registry.add("source/demo.yaml")
    assert registry.complaints() == (
        "source/demo.yaml:2:7, kind: FG-entry-kind-unlike-folder: folder source is not a "
        "folder for entries\n"
        "why: the folders are: integrations, sources, enrichers, boosters or destinations\nfix: "
        "move the file to sources"
    )


def test_a_file_that_is_not_read_is_found(registry):
    """A YAML file that is not read, because of its suffix or its folder, is an error."""
    registry.add()
    registry.write("sources/other.yml", "schema: 1")
    assert registry.complaints() == (
        "sources/other.yml: FG-entry-misplaced: other.yml is not read\n"
        "why: the file of an entry ends in .yaml and is in the folder of its kind\n"
        "fix: move it, for example to sources/ID.yaml"
    )


def test_a_dangling_dependency_names_the_nearest(registry):
    """The error for a dependency that does not exist names the most similar entry."""
    registry.add("integrations/demo.yaml", kind="integration")
    registry.add(dependencies="[integration/dmo]")
    assert registry.complaints() == (
        "sources/demo.yaml:8:16, dependencies[0]: FG-entry-dangling-dependency: entry "
        "integration/dmo does not exist\n"
        "fix: did you mean integration/demo?"
    )


@pytest.mark.parametrize("option", ["files", "address"])
def test_an_option_of_a_part_is_no_setting_of_the_integration(registry, option):
    """The choice of a part is stored under its option, so no setting may have that name."""
    settings = f"settings: [{{name: {option}, required: false}}]\n"
    registry.add("integrations/demo.yaml", kind="integration", more=settings)
    parts = f"parts: [{{name: summary, from: list}}, {{name: file, option: {option}}}]\n"
    registry.add(dependencies="[integration/demo]", more=parts)
    [error] = check(registry.root).errors
    assert error.code == "FG-entry-option-taken"
    assert f"the option {option} is a setting of integration/demo as well" in error.what


def test_a_dependency_may_be_in_the_built_in_catalogue(registry):
    """A third party's source may depend on a built-in integration."""
    registry.add(dependencies="[integration/intervals]")
    assert check(registry.root).errors == ()


def test_circular_dependencies_print_the_cycle(registry):
    """A cycle of dependencies is reported once, with all entries in it."""
    registry.add("sources/a.yaml", dependencies="[source/b]")
    registry.add("sources/b.yaml", dependencies="[source/c]")
    registry.add("sources/c.yaml", dependencies="[source/a]")
    assert registry.complaints() == (
        "sources/a.yaml:8:16, dependencies[0]: FG-entry-circular-dependency: the "
        "dependencies form a cycle: "
        "source/a → source/b → source/c → source/a\nfix: remove one of them"
    )


def test_an_unknown_tier_is_found(registry):
    """A tier that is not in tiers.yaml is an error."""
    registry.add(tier="hobyist")
    assert registry.complaints() == (
        "sources/demo.yaml:7:7, tier: FG-entry-unknown-tier: tier 'hobyist' is unknown\n"
        "why: the tiers are hobbyist or athlete\nfix: did you mean hobbyist?"
    )


def test_errors_in_tiers_are_found(registry):
    """The file tiers.yaml is validated against its own schema."""
    registry.write("tiers.yaml", "schema: 1\ntiers:\n  - {id: gold, nmae: Gold}\n")
    assert registry.complaints() == (
        "tiers.yaml:3:5, tiers[0]: FG-entry-missing-key: key 'name' is missing\n"
        "tiers.yaml:3:16, tiers[0].nmae: FG-entry-unknown-key: key 'nmae' is unknown\n"
        "why: allowed here: id, name or summary\nfix: did you mean name?"
    )


@pytest.mark.parametrize(
    "link", ["guide.md", "../../etc/passwd", "/etc/hostname", "http://example.org", "source/nobody"]
)
def test_a_dead_link_is_found(registry, link):
    """A link is dead if its target does not exist, is outside the project, or is not https."""
    registry.add(docs=f"[{link}]")
    assert registry.complaints() == (
        f"sources/demo.yaml:8:8, docs[0].url: FG-entry-dead-link: link '{link}' does not lead "
        "anywhere\nwhy: it is not an https address, an entry, or a file in or beside the registry "
        "folder\nfix: fix the link, or remove it"
    )


def test_links_to_files_in_or_beside_the_registry_are_alive(registry):
    """A link may name another entry, or a file in the registry folder or the project around it.

    The path of a file may end with the fragment of a heading.
    """
    registry.write("notes.md", "")
    registry.write("../docs/guide.md", "")
    registry.add(
        docs='[notes.md, "docs/guide.md#keys", {url: "https://example.org", title: Elsewhere}]',
        related="[source/demo]",
    )
    assert registry.complaints() == ""


def test_a_version_range_is_checked(registry):
    """A version range that PEP 440 does not allow is an error."""
    registry.add(plugin='{name: x, version: ">=0.1, <one"}')
    assert registry.complaints() == (
        "sources/demo.yaml:6:28, plugin.version: FG-entry-version-range: '<one' is not a "
        "version range\n"
        'fix: write a version range as in PEP 440, such as ">=0.1,<1"'
    )


def test_a_pattern_that_does_not_compile_is_found(registry):
    """A pattern that is not a regular expression is an error that states the reason."""
    registry.add(more="credentials:\n  - {name: id, pattern: '[a-'}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:9:25, credentials[0].pattern: FG-entry-bad-pattern: '[a-' is not "
        "a regular expression: "
        "unterminated character set at position 0"
    )


@pytest.mark.filterwarnings("error")
def test_an_ambiguous_pattern_is_an_error_and_no_warning(registry):
    """A set inside a set is an error of the entry; Python's warning is not printed."""
    registry.add(more="credentials:\n  - {name: id, pattern: '[[a]+'}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:9:25, credentials[0].pattern: FG-entry-bad-pattern: '[[a]+' is not "
        "a regular expression: Possible nested set at position 1, which is ambiguous; write \\[ "
        "for a bracket"
    )


def test_an_extract_has_one_group(registry):
    """A cleaning pattern must have exactly one group, which is the value."""
    registry.add(more="credentials:\n  - {name: id, clean: [{extract: '(a)(b)'}]}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:9:34, credentials[0].clean[0].extract: FG-entry-bad-pattern: "
        "'(a)(b)' has 2 groups, but must have one, which is the value\n"
        "fix: write (?:…) for every group that is not the value"
    )


def test_an_example_that_its_own_pattern_refuses_is_found(registry):
    """An example that the entry's own pattern refuses is an error."""
    registry.add(more="credentials:\n  - {name: id, pattern: '[0-9]+', example: i12}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:9:44, credentials[0].example: FG-entry-example-refused: the entry's "
        "own pattern refuses the example 'i12'\n"
        "why: the pattern is [0-9]+"
    )


def test_two_fields_of_one_name_are_found(registry):
    """Two settings, credentials or parts of the same name are an error."""
    registry.add(more="settings:\n  - {name: folder}\n  - {name: folder}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:10:12, settings[1].name: FG-entry-name-twice: the name folder "
        "occurs twice\n"
        "why: settings[0] already has it\nfix: rename or remove one of the two"
    )


def test_a_secret_is_no_setting(registry):
    """A secret among the settings is an error, because settings are shown."""
    registry.add(more="settings:\n  - {name: token, secret: true}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:9:27, settings[0].secret: FG-entry-secret-setting: a setting "
        "cannot be a secret\n"
        "why: settings are shown and stored in plain text\nfix: move it to credentials"
    )


def test_auth_must_name_a_credential(registry):
    """The secret of the authentication must be one of the entry's secret credentials."""
    registry.add(more=HTTP + "  auth: {scheme: bearer, secret: apikey}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:12:34, http.auth.secret: FG-entry-unknown-credential: 'apikey' is "
        "not the name of a secret credential\n"
        "why: the secret credentials are: api_key\nfix: did you mean api_key?"
    )


@pytest.mark.parametrize(
    ("auth", "code", "place"),
    [
        ("{scheme: exchange, secret: api_key}", "FG-entry-missing-key", "http.auth"),
        ("{scheme: exchange, exchange: {url: /t}}", "FG-entry-unknown-credential", "http.auth"),
        (
            "{scheme: bearer, secret: api_key, exchange: {url: /t}}",
            "FG-entry-auth",
            "http.auth.exchange",
        ),
        (
            "{scheme: exchange, secret: api_key, exchange: {url: /t, method: GET, send: form}}",
            "FG-entry-auth",
            "http.auth.exchange.method",
        ),
        (
            "{scheme: exchange, secret: api_key, exchange: {url: /t, send: basic, prefix: x}}",
            "FG-entry-auth",
            "http.auth.exchange.prefix",
        ),
        (
            "{scheme: exchange, secret: api_key, exchange: {url: /t, parameters: {a: b}}}",
            "FG-entry-auth",
            "http.auth.exchange.parameters",
        ),
        (
            "{scheme: exchange, secret: api_key, exchange: {url: /t, name: Host}}",
            "FG-entry-auth",
            "http.auth.exchange.name",
        ),
        (
            "{scheme: exchange, secret: api_key, exchange: {url: /t, name: Proxy-Authorization}}",
            "FG-entry-auth",
            "http.auth.exchange.name",
        ),
        (
            "{scheme: exchange, secret: api_key, exchange: {url: /t, name: Content-Type}}",
            "FG-entry-auth",
            "http.auth.exchange.name",
        ),
        (
            '{scheme: exchange, secret: api_key, exchange: {url: "http://example.org/t"}}',
            "FG-entry-wrong-form",
            "http.auth.exchange.url",
        ),
    ],
)
def test_an_exchange_that_could_not_be_carried_out_is_found(registry, auth, code, place):
    """An `exchange` that is missing, unused, contradictory or without https is an error."""
    registry.add(more=f"{HTTP}  auth: {auth}\n")
    assert f", {place}: {code}: " in registry.complaints()


@pytest.mark.parametrize("key", ["path: true", "default: '90'", "pattern: '.*'"])
def test_a_day_on_which_a_key_ends_is_read_only_as_a_day(registry, key):
    """A setting with `expires` has no other form than a date or a number of days."""
    registry.add(more=f"settings:\n  - {{name: ends, expires: true, {key}}}\n")
    assert "settings[0].expires: FG-entry-expires: " in registry.complaints()


OAUTH2 = "oauth2: {authorize_url: /a, token_url: /t"
#: A service whose athletes have no credential.
WITHOUT_KEY = HTTP[HTTP.index("http:") :]


@pytest.mark.parametrize(
    ("auth", "code", "place"),
    [
        ("{scheme: oauth2}", "FG-entry-missing-key", "http.auth"),
        (f"{{scheme: bearer, secret: api_key, {OAUTH2}}}}}", "FG-entry-auth", "http.auth.oauth2"),
        (f"{{scheme: oauth2, secret: api_key, {OAUTH2}}}}}", "FG-entry-auth", "http.auth.secret"),
        (
            f"{{scheme: oauth2, {OAUTH2}, parameters: {{state: x}}}}}}",
            "FG-entry-auth",
            "http.auth.oauth2.parameters.state",
        ),
        (
            f"{{scheme: oauth2, {OAUTH2}, client: none, pkce: false}}}}",
            "FG-entry-auth",
            "http.auth.oauth2.pkce",
        ),
        (
            f"{{scheme: oauth2, {OAUTH2}, scopes: [a, b, {{name: a}}]}}}}",
            "FG-entry-auth",
            "http.auth.oauth2.scopes[2]",
        ),
        (
            f'{{scheme: oauth2, {OAUTH2}, scope_separator: ",", scopes: ["a,b"]}}}}',
            "FG-entry-auth",
            "http.auth.oauth2.scopes[0]",
        ),
        (
            f'{{scheme: oauth2, {OAUTH2}, scopes: ["a b"]}}}}',
            "FG-entry-wrong-form",
            "http.auth.oauth2.scopes[0]",
        ),
    ],
)
def test_a_permission_that_could_not_be_asked_for_is_found(registry, auth, code, place):
    """An `oauth2` that is missing, unused, contradictory, or sets what FitGlue sets itself is an
    error.
    """
    http = HTTP if "api_key" in auth else WITHOUT_KEY
    registry.add(more=f"{http}  auth: {auth}\n")
    assert f", {place}: {code}: " in registry.complaints()


@pytest.mark.parametrize(
    ("field", "fix"),
    [("{name: api_key, secret: true}", "remove it"), ("{name: user}", "move it to settings")],
)
def test_a_permission_needs_no_credential(registry, field, fix):
    """A credential beside `oauth2` is an error, because nothing would use it."""
    auth = f"  auth: {{scheme: oauth2, {OAUTH2}}}}}\n"
    registry.add(more=f"credentials:\n  - {field}\n{WITHOUT_KEY}{auth}")
    assert registry.complaints() == (
        "sources/demo.yaml:9:5, credentials[0]: FG-entry-auth: scheme oauth2 uses no credential of "
        "the athlete\n"
        f"why: the athlete gives the permission in a browser\nfix: {fix}"
    )


EXCHANGE_TWICE = """\
{scheme: exchange, secret: api_key, exchange: {url: /t, send: form, parameters: {api_key: x}}}"""


def test_a_separator_that_cannot_be_seen_is_quoted(registry):
    """The allowed texts are quoted if one of them is a space."""
    auth = f'  auth: {{scheme: oauth2, {OAUTH2}, scope_separator: ";"}}}}\n'
    registry.add(more=WITHOUT_KEY + auth)
    assert "is ';', but must be ' ' or ','" in registry.complaints()


@pytest.mark.parametrize(
    ("auth", "key"),
    [
        ("{scheme: none, secret: api_key}", "secret"),
        ("{scheme: bearer, secret: api_key, username: me}", "username"),
        ("{scheme: bearer, secret: api_key, header: X-Key}", "header"),
        ("{scheme: none, key_help: make a new key}", "key_help"),
        ("{scheme: basic, secret: api_key, header: X-Key}", "header"),
        (
            EXCHANGE_TWICE,
            "exchange.parameters.api_key",
        ),
    ],
)
def test_a_key_that_the_scheme_does_not_use_is_found(registry, auth, key):
    """What has no effect on the requests is an error, and so is a name that is used twice."""
    registry.add(more=f"{HTTP}  auth: {auth}\n")
    assert f", http.auth.{key}: FG-entry-auth: " in registry.complaints()


@pytest.mark.parametrize(
    "auth",
    [
        "{scheme: basic, secret: api_key, username: me}",
        "{scheme: exchange, secret: api_key, username: me, exchange: {url: /t, send: basic}}",
        "{scheme: exchange, secret: api_key, header: X-Token, exchange: {url: /t}}",
        "{scheme: header, secret: api_key, header: X-Key}",
        "{scheme: bearer, secret: api_key, key_help: make a new key at example.org/keys}",
    ],
)
def test_a_key_that_the_scheme_uses_is_fine(registry, auth):
    """Each key is accepted with the schemes that use it."""
    registry.add(more=f"{HTTP}  auth: {auth}\n")
    assert registry.complaints() == ""


def test_a_scope_can_be_only_its_name(registry):
    """A scope is a name, or a name with a sentence about what is missing without it."""
    scopes = 'scopes: [read, {name: "runs:all", without: Private runs are missing.}]'
    registry.add(more=f"{WITHOUT_KEY}  auth: {{scheme: oauth2, {OAUTH2}, {scopes}}}}}\n")
    assert registry.complaints() == ""
    [entry] = load_catalogue([registry.folder]).entries("source")
    assert [scope.name for scope in entry.http.auth.oauth2.scopes] == ["read", "runs:all"]


def test_an_exchange_at_another_host_is_fine(registry):
    """What issues tokens may be at another host than the service."""
    exchange = "{url: https://login.example.org/t, send: json, parameters: {app: fitglue}}"
    auth = f"{{scheme: exchange, secret: api_key, exchange: {exchange}}}"
    registry.add(more=f"{HTTP}  auth: {auth}\n")
    assert registry.complaints() == ""


def test_auth_without_a_secret_is_found(registry):
    """An authentication scheme without the secret that it needs is an error."""
    registry.add(more=HTTP + "  auth: {scheme: basic}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:12:9, http.auth: FG-entry-unknown-credential: scheme basic needs "
        "a secret\n"
        "fix: add secret, with the name of a secret credential"
    )


def test_auth_by_header_names_the_header(registry):
    """The authentication scheme header without the name of a header is an error."""
    registry.add(more=HTTP + "  auth: {scheme: header, secret: api_key}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:12:9, http.auth: FG-entry-missing-key: scheme header needs the "
        "name of a header\n"
        "fix: add header: Authorization"
    )


@pytest.mark.parametrize(
    "second", ["files.example.org", "files.example.org:443", "files.example.org."]
)
def test_a_further_host_is_listed_once(registry, second):
    """A host that is listed twice, once with its usual port, is an error."""
    first = "{host: files.example.org, credential: false}"
    registry.add(more=HTTP + f"  hosts: [{first}, {{host: '{second}', credential: true}}]\n")
    assert "http.hosts[1].host: FG-entry-host-twice" in registry.complaints()
    assert "fix: remove one of the lines" in registry.complaints()


@pytest.mark.parametrize("host", ["example.org:8443", "www.example.org"])
def test_another_port_or_name_is_another_host(registry, host):
    """A host with another port or name is neither the service itself nor listed twice."""
    more = "{host: files.example.org, credential: true}"
    registry.add(more=HTTP + f"  hosts: [{{host: '{host}', credential: false}}, {more}]\n")
    assert registry.complaints() == ""


@pytest.mark.parametrize("host", ["example.org:443", "example.org."])
def test_the_service_itself_is_recognized_however_it_is_spelled(registry, host):
    """The port of https and a dot at the end make no other host."""
    registry.add(more=HTTP + f"  hosts: [{{host: '{host}', credential: false}}]\n")
    assert "FG-entry-host-without-credential" in registry.complaints()


def test_the_service_itself_always_gets_the_credential(registry):
    """A further host without the credential that is the host of the base URL is an error."""
    registry.add(more=HTTP + "  hosts: [{host: example.org, credential: false}]\n")
    assert registry.complaints() == (
        "sources/demo.yaml:12:43, http.hosts[0].credential: FG-entry-host-without-credential: "
        "example.org, the host of base_url, always gets the credential\n"
        "fix: remove it from hosts, which lists only further hosts"
    )


@pytest.mark.parametrize(
    "host", ["{host: files.example.org}", "files.example.org", "{host: 'a/b', credential: true}"]
)
def test_a_further_host_says_whether_it_gets_the_credential(registry, host):
    """A further host is a host name and a decision about the credential, which has no default."""
    registry.add(more=HTTP + f"  hosts: [{host}]\n")
    assert "http.hosts[0]" in registry.complaints()
    registry.add(more=HTTP + "  hosts: [{host: 'files.example.org:8443', credential: false}]\n")
    assert registry.complaints() == ""


def test_the_key_that_hosts_replaces_is_explained(registry):
    """An entry with `allowed_hosts`, which `hosts` has replaced, is told what to write."""
    registry.add(more=HTTP + "  allowed_hosts: [files.example.org]\n")
    assert registry.complaints().endswith(
        "fix: list the hosts other than that of base_url in hosts, such as "
        "{host: files.example.org, credential: false}"
    )


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("authorization: Bearer x", "the host authenticates requests, so that no plugin sees a"),
        ("X-Key: x", "the host authenticates requests, so that no plugin sees a secret"),
        ("Cookie: a=b", "no cookie is ever sent"),
        ("Content-Length: '7'", "the transport sets it to fit the connection and the body"),
        ("'X Y': a", "its name is not a name of a header"),
        ('X-Y: "a\\nb"', "its value is not one line of visible ASCII characters"),
        ("X-Y: Höhe", "its value is not one line of visible ASCII characters"),
    ],
)
def test_an_entry_cannot_set_a_header_of_the_transport(registry, header, why):
    """A header that the transport owns, and one that no request can have, is an error."""
    auth = "  auth: {scheme: header, secret: api_key, header: x-key}\n"
    registry.add(more=f"{HTTP}{auth}  headers:\n    {header}\n")
    assert "http.headers" in registry.complaints()
    assert "FG-entry-header-refused" in registry.complaints()
    assert why in registry.complaints()


@pytest.mark.parametrize(
    ("limit", "where", "what"),
    [
        ("per_s: 7", "per_s", "windows of 7 s cannot begin at midnight of each day"),
        (
            "per_s: 900, burst: 101",
            "burst",
            "a window of 100 requests cannot contain 101 at once",
        ),
    ],
)
def test_a_window_that_cannot_follow_the_clock_is_an_error(registry, limit, where, what):
    """A window that follows the clock divides a day, and its burst fits into it."""
    registry.add(more=f"{HTTP}  budget: [{{requests: 100, window: clock, {limit}}}]\n")
    assert f"http.budget[0].{where}: FG-entry-bad-window: {what}" in registry.complaints()
    registry.add(more=HTTP + "  budget: [{requests: 100, per_s: 900, window: clock, burst: 9}]\n")
    assert registry.complaints() == ""


def test_an_entry_can_set_other_headers(registry):
    """A version of the API and the kind of response that is wanted are headers of the entry."""
    registry.add(more=HTTP + "  headers: {Accept: application/json, Api-Version: '2'}\n")
    assert registry.complaints() == ""


def test_a_former_address_is_an_origin_with_https(registry):
    """`formerly` takes https origins, and neither a path nor plain http."""
    registry.add(more=HTTP + "  formerly: [https://old.example.org, https://other.example:8443]\n")
    assert registry.complaints() == ""
    for wrong in (
        "http://old.example.org",
        "https://old.example.org/api",
        "https://me@example.org",
    ):
        registry.add(more=HTTP + f"  formerly: ['{wrong}']\n")
        assert "http.formerly[0]" in registry.complaints()


def test_a_credential_cannot_have_the_name_of_the_origin(registry):
    """A credential called `origin` is an error, because that is where the origin is stored."""
    registry.add(more="credentials:\n  - {name: origin, secret: true}\n")
    assert "FG-entry-reserved-name" in registry.complaints()


def test_touches_name_parts_of_the_entry(registry):
    """A part in touches that the entry does not have is an error."""
    registry.add(more="sync:\n  touches:\n    streams: [elapsed_time]\n")
    assert registry.complaints() == (
        "sources/demo.yaml:10:14, sync.touches.streams: FG-entry-unknown-part: 'streams' is "
        "not a part of this entry\n"
        "why: the parts are: summary\nfix: add it to parts, or remove it here"
    )


def test_parts_that_are_fetched_again_are_parts_of_the_entry(registry):
    """A part in fetch_again_days that the entry does not have is an error."""
    registry.add(more="sync:\n  fetch_again_days: {streams: 3}\n")
    assert "sync.fetch_again_days.streams: FG-entry-unknown-part" in registry.complaints()


@pytest.mark.parametrize(
    ("more", "place", "what"),
    [
        (
            "sync: {mode: file}\n",
            "8:14, sync.mode",
            "a source with sync.mode file needs the hook fitglue_read",
        ),
        (
            "hooks: [fitglue_connect, fitglue_list, fitglue_recognize]\n",
            "8:8, hooks",
            "the hook fitglue_recognize is only for sources with the hook fitglue_read",
        ),
    ],
)
def test_a_source_of_files_has_the_hook_that_reads_them_in_a_worker(registry, more, place, what):
    """A source whose files would be read in the process of the host is an error."""
    registry.add(more=more)
    assert registry.complaints() == (
        f"sources/demo.yaml:{place}: FG-entry-reads-files: {what}\n"
        "why: foreign files are read only by fitglue_read, in a worker process with limits\n"
        "fix: write the hook fitglue_read in the plugin, and add it to hooks"
    )


def test_rows_of_a_list_are_not_heavy(registry):
    """A heavy part that comes with the list is an error, because rows are read by the host."""
    registry.add(more="parts: [{name: summary, from: list, heavy: true}]\n")
    assert registry.complaints() == (
        "sources/demo.yaml:8:44, parts[0].heavy: FG-entry-heavy-row: part 'summary' comes with "
        "the list, so it cannot be heavy\n"
        "why: rows of a list are normalized in the process of the host\n"
        "fix: remove heavy, or fetch the part by id"
    )


def test_codes_of_issues_are_codes(registry):
    """A text in the codes of an issue that is not an error code is an error."""
    registry.add(more="issues:\n  - {symptom: It fails, codes: [key rejected]}\n")
    assert registry.complaints() == (
        "sources/demo.yaml:9:33, issues[0].codes[0]: FG-entry-issue-code: 'key rejected' is "
        "not an error code\n"
        "fix: write a code such as FG-key-rejected"
    )


def test_all_errors_are_found_in_one_go(registry):
    """A wrong key does not hide other errors, in its own file or in other files."""
    registry.add(
        "sources/a.yaml",
        tier="gold",
        dependencies="[source/nobody]",
        more="teir: x\nname: again\nsync: {mode: on}\n",
    )
    registry.add("sources/b.yaml", id="c")
    assert [error.code for error in check(registry.root, other_folders=[]).errors] == [
        "FG-entry-unknown-tier",
        "FG-entry-dangling-dependency",
        "FG-entry-unknown-key",
        "FG-entry-duplicate-key",
        "FG-entry-ambiguous",
        "FG-entry-not-allowed",
        "FG-entry-id-unlike-file",
    ]


def test_an_unknown_key_at_the_top_lists_a_few(registry):
    """A long list of allowed keys is shortened, so that it does not hide the message."""
    registry.add(more="color: red\n")
    assert registry.complaints() == (
        "sources/demo.yaml:8:1, color: FG-entry-unknown-key: key 'color' is unknown\nwhy: "
        "allowed here: athlete_settings, capabilities, claims_corrected, closed, credentials, "
        "data, delivery, dependencies, docs, gives, hooks, http and 16 more"
    )


@pytest.mark.parametrize(
    ("make", "code"), [(False, "FG-registry-missing"), (True, "FG-registry-empty")]
)
def test_a_folder_without_entries_is_a_mistake(tmp_path, make, code):
    """A check of a folder without entries fails instead of finding no errors."""
    folder = tmp_path / "registry"
    folder.mkdir() if make else None
    with pytest.raises(UserMistake) as mistake:
        check(folder, other_folders=[Folder(tmp_path)])
    assert mistake.value.code == code


CLOSED = (
    "closed:\n  why: It lets nobody in.\n  alternatives:\n"
    "    - {name: A, brings: all, how: Ask for it., command: fitglue import a.zip}\n"
)


def test_a_closed_integration_asks_for_nothing(registry):
    """Something closed must be an integration, and must not have hooks or settings."""
    registry.add("integrations/demo.yaml", kind="integration", more=CLOSED)
    assert registry.complaints() == ""
    registry.add(
        "integrations/demo.yaml",
        kind="integration",
        more=f"{CLOSED}hooks: [fitglue_connect]\nsettings: [{{name: a}}]\n",
    )
    registry.add("sources/other.yaml", more=CLOSED)
    why = "its accounts are never connected"
    assert registry.complaints() == (
        "integrations/demo.yaml:12:8, hooks: FG-entry-closed: a closed integration cannot "
        f"have hooks\nwhy: {why}\n"
        "fix: remove hooks, or remove closed\n"
        "integrations/demo.yaml:13:11, settings: FG-entry-closed: a closed integration cannot "
        f"have settings\nwhy: {why}\n"
        "fix: remove settings, or remove closed\n"
        "sources/other.yaml:9:3, closed: FG-entry-closed: a source cannot be closed\nwhy: "
        "accounts belong to an integration\n"
        "fix: move closed to the entry of the integration"
    )


def test_a_closed_integration_has_an_alternative(registry):
    """An entry that is closed without any alternative is refused."""
    registry.add(
        "integrations/demo.yaml",
        kind="integration",
        more="closed: {why: It lets nobody in., alternatives: []}\n",
    )
    assert "closed.alternatives" in registry.complaints()
