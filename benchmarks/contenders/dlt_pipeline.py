"""A dlt pipeline as its REST source is documented: the list with a date cursor, and detail and
streams of each activity, merged into DuckDB.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source

KEY = "benchmark-key"


def numbers(row: dict[str, Any]) -> dict[str, Any]:
    """Replace ``"NaN"``, which a custom field sometimes has: dlt infers a number from it, and
    DuckDB then refuses it.
    """
    return row | {key: None for key, value in row.items() if value == "NaN"}


def source(url: str) -> Any:
    """Return the source with three resources.

    Nested values stay JSON, in favor of dlt: otherwise each sample would be a row.
    """
    child = {"type": "resolve", "resource": "activities", "field": "id"}
    config: dict[str, Any] = {
        "client": {
            "base_url": f"{url}/api/v1/",
            "paginator": "single_page",
            "auth": {"type": "http_basic", "username": "API_KEY", "password": KEY},
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
            "max_table_nesting": 0,
            "parallelized": True,
        },
        "resources": [
            {
                "name": "activities",
                "endpoint": {
                    "path": "athlete/0/activities",
                    "params": {
                        "newest": str(date.today() + timedelta(days=1)),
                        "oldest": {
                            "type": "incremental",
                            "cursor_path": "start_date_local",
                            "initial_value": "1900-01-01T00:00:00",
                        },
                    },
                },
                "processing_steps": [
                    {"filter": lambda row: row.get("source") != "STRAVA"},
                    {"map": numbers},
                ],
            },
            {
                "name": "details",
                "endpoint": {
                    "path": "activity/{activity}",
                    "params": {"intervals": "true", "activity": child},
                },
                "processing_steps": [{"map": numbers}],
            },
            {
                "name": "streams",
                "primary_key": ["_activities_id", "type"],
                "include_from_parent": ["id"],
                "columns": {"data": {"data_type": "json"}, "data2": {"data_type": "json"}},
                "endpoint": {
                    "path": "activity/{activity}/streams.json",
                    "params": {"activity": child},
                    "data_selector": "$",
                },
            },
        ],
    }
    return rest_api_source(config)


def main() -> None:
    """Sync, or print which titles are stored."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("sync", "check"))
    parser.add_argument("--url", default="")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--words", nargs="*", default=[])
    options = parser.parse_args()
    pipeline = dlt.pipeline(
        "intervals",
        pipelines_dir=str(options.folder / "pipelines"),
        dataset_name="intervals",
        destination=dlt.destinations.duckdb(str(options.folder / "dlt.duckdb")),
    )
    if options.mode == "sync":
        pipeline.run(source(options.url))
        return
    with pipeline.sql_client() as client:
        stored = [
            bool(client.execute_sql("SELECT 1 FROM activities WHERE name = %s", word))
            for word in options.words
        ]
    sys.stdout.write(json.dumps(stored))


if __name__ == "__main__":
    main()
