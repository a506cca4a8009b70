"""Every setting, its default and its check; the only package that imports pydantic."""

from __future__ import annotations

from digest.settings.advice import advice
from digest.settings.groups import Digest, Feed, Signup, Source, Topic, Web
from digest.settings.kinds import THIS_MACHINE, is_name
from digest.settings.loading import DEFAULT_CONFIG, config_file, load, load_alone, load_demo
from digest.settings.mail import Bounces, Dkim, Fallback, Hooks, Mail, Relay
from digest.settings.operating import Alerts, Log, Retention, Webhook
from digest.settings.whole import Settings

__all__ = [
    "DEFAULT_CONFIG",
    "THIS_MACHINE",
    "Alerts",
    "Bounces",
    "Digest",
    "Dkim",
    "Fallback",
    "Feed",
    "Hooks",
    "Log",
    "Mail",
    "Relay",
    "Retention",
    "Settings",
    "Signup",
    "Source",
    "Topic",
    "Web",
    "Webhook",
    "advice",
    "config_file",
    "is_name",
    "load",
    "load_alone",
    "load_demo",
]
