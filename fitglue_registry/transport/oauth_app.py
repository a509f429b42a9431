"""The app with which an installation is known at a service, and what it asks an athlete."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class App:
    """The app with which an installation is known at a service.

    Attributes:
        client_id: Its id.
        client_secret: Its secret; empty for an app without one.
        base_url: The address of the server at which it is registered, if it is not the service
            itself: a stand-in, or another server. The secret is sent to no other one.
    """

    client_id: str
    client_secret: str = field(default="", repr=False)
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What the athlete is asked at the service, and how the answer is recognized.

    Attributes:
        redirect_uri: The address to which the browser is sent back.
        state: A random text that the answer repeats.
        verifier: A random text whose hash is in the question, and which is sent for the token.
    """

    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)
