"""A Singer tap as in the SDK's tutorial: the list with a date cursor, and detail and streams of
each activity.
"""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BasicAuthenticator
from singer_sdk.streams import RESTStream
from singer_sdk.streams.core import TypeConformanceLevel


class Intervals(RESTStream):
    """What all streams have in common."""

    primary_keys: ClassVar = ["id"]
    # In favor of Singer: a row has a hundred fields, and none of them is checked.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    schema: ClassVar = th.PropertiesList(
        th.Property("id", th.StringType), th.Property("start_date_local", th.DateTimeType)
    ).to_dict()

    @property
    def url_base(self) -> str:
        """The base URL of the service."""
        return f"{self.config['url']}/api/v1"

    @property
    def authenticator(self) -> Any:
        """HTTP basic authentication with the key."""
        return BasicAuthenticator(username="API_KEY", password=self.config["key"])


class Activities(Intervals):
    """The list of activities, from the point where the last run ended."""

    name, path, replication_key = "activities", "/athlete/0/activities", "start_date_local"

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, str]:
        """Return the window to list."""
        since = self.get_starting_timestamp(context)
        return {
            "oldest": str(since.date()) if since else "1900-01-01",
            "newest": str(date.today() + timedelta(days=1)),
        }

    def post_process(self, row: dict[str, Any], context: Any = None) -> dict[str, Any] | None:
        """Drop the rows from Strava, which the service does not deliver."""
        return None if row.get("source") == "STRAVA" else row

    def get_child_context(self, record: dict[str, Any], context: Any) -> dict[str, Any]:
        """Return the id for the requests of the child streams."""
        return {"activity_id": record["id"]}


class Details(Intervals):
    """An activity with its intervals."""

    name, path, parent_stream_type = "details", "/activity/{activity_id}", Activities
    records_jsonpath = "$"
    ignore_parent_replication_keys = True
    state_partitioning_keys: ClassVar = []

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, str]:
        """Ask for the intervals."""
        return {"intervals": "true"}


class Streams(Intervals):
    """The streams of an activity, as one record."""

    name, path, parent_stream_type = "streams", "/activity/{activity_id}/streams.json", Activities
    ignore_parent_replication_keys = True
    state_partitioning_keys: ClassVar = []

    def parse_response(self, response: Any) -> Any:
        """Yield the complete response as one record."""
        yield {"streams": response.json()}

    def post_process(self, row: dict[str, Any], context: Any = None) -> dict[str, Any]:
        """Add the id of the activity to the record."""
        return {"id": context["activity_id"], **row}


class TapIntervals(Tap):
    """The tap with its three streams."""

    name = "tap-intervals"
    config_jsonschema: ClassVar = th.PropertiesList(
        th.Property("url", th.StringType), th.Property("key", th.StringType)
    ).to_dict()

    def discover_streams(self) -> list[Any]:
        """Return the streams of the tap."""
        return [Activities(self), Details(self), Streams(self)]


if __name__ == "__main__":
    if sys.argv[1] == "check":
        text = "".join(
            path.read_text()
            for path in Path(sys.argv[2]).glob("*.jsonl")
            if not path.name.startswith("streams")
        )
        sys.stdout.write(json.dumps([word in text for word in sys.argv[3:]]))
    else:
        TapIntervals.cli()
