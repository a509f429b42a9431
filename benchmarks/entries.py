"""Measures how long a registry of many entries takes to load, with and without its cache."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

_ENTRY = """\
schema: 1
kind: integration
id: service-{number}
name: Service {number}
summary: The account at service {number}, opened with the personal key that the site gives
  every athlete.
plugin: {{name: fitglue-service-{number}, version: ">=0.1,<1"}}
tier: hobbyist
docs:
  - {{title: API of service {number}, url: "https://service-{number}.example/api/docs"}}
credentials:
  - name: api_key
    label: API key
    help: >-
      Open Settings and scroll toward the bottom, to Developer Settings; the key is there, and
      you can create a new one.
    secret: true
    pattern: '[!-~]+'
    clean: [strip]
settings:
  - name: base_url
    label: Address of the API
    help: Only for a stand-in or a proxy of your own; https, or plain http on this machine.
    required: false
    pattern: 'https://[^\\s/@]+(/\\S*)?'
    example: https://127.0.0.1:8042
http:
  base_url: https://service-{number}.example
  hosts:
    - {{host: files.service-{number}.example, credential: false}}
  auth: {{scheme: basic, username: API_KEY, secret: api_key}}
  budget:
    - {{requests: 8, per_s: 1, scope: ip, burst: 10}}
  timeouts: {{connect_s: 10, read_s: 60}}
  user_agent: fitglue-registry/{{version}}
  connections: 2
  max_body_mb: 64
  retries: 4
hooks: [fitglue_connect]
issues:
  - symptom: The key is rejected
    cause: The key is wrong, cut short while copying, or was replaced by a newer one.
    fix: Copy the key again from Developer Settings and run `fitglue connect service-{number}`.
    codes: [FG-key-rejected]
  - symptom: Access is denied although the key is right
    cause: The athlete id belongs to somebody else, or the account of the key may not read it.
    fix: Connect again and leave the athlete id empty, which means the owner of the key.
    codes: [FG-not-permitted]
claims_corrected:
  - claim: The key is found under Settings, Developer.
    truth: It is on the Settings page itself, toward the bottom, in the section Developer Settings.
    reference: The maintainer of the service in its forum
"""


def measure(folder: Path, count: int, times: int) -> dict[str, Any]:
    """Return the medians, in milliseconds, of loads with and without a cache.

    Each load is a separate process.
    """
    from measure import run

    (folder / "integrations").mkdir(parents=True)
    (folder / "tiers.yaml").write_text(
        (Path(__file__).resolve().parents[1] / "registry" / "tiers.yaml").read_text()
    )
    for number in range(count):
        (folder / "integrations" / f"service-{number}.yaml").write_text(
            _ENTRY.format(number=number)
        )
    time.sleep(0.1)  # the cache ignores files that have just changed
    times_ms: dict[str, list[float]] = {"cold_ms": [], "warm_ms": []}
    for number in range(times):
        cache = folder.with_name(f"{folder.name}-cache-{number}")
        for name in times_ms:
            loaded = json.loads(
                run([sys.executable, str(Path(__file__).resolve()), str(folder), str(cache)]).out
            )
            if loaded["entries"] != count:
                raise RuntimeError(
                    f"{loaded['entries']} of {count} entries could be read: {loaded['problem']}"
                )
            times_ms[name].append(loaded["ms"])
    medians = {name: statistics.median(values) for name, values in times_ms.items()}
    print(f"  {count} entries: {medians}", flush=True)
    return medians | {"bytes": len(_ENTRY.format(number=count))}


def main() -> None:
    """Load the catalogue once, without the time of the imports, and print how long it took."""
    from fitglue_registry.registry import Folder
    from fitglue_registry.registry.cache import CatalogueCache
    from fitglue_registry.registry.loading import load_catalogue

    started = time.perf_counter()
    folders = [Folder(Path(sys.argv[1]))]
    cache = CatalogueCache(Path(sys.argv[2]), folders)
    catalogue = cache.read()
    if catalogue is None:
        catalogue = load_catalogue(folders)
        cache.write(catalogue)
    took = (time.perf_counter() - started) * 1000
    problem = str(catalogue.problems[0]) if catalogue.problems else None
    sys.stdout.write(
        json.dumps(
            {"ms": took, "entries": len(catalogue.entries("integration")), "problem": problem}
        )
    )


if __name__ == "__main__":
    main()
