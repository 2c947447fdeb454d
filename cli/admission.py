"""Whose credentials an API process takes: by what it was told of its mode and its issuer."""

import contextlib
import logging
from contextlib import AbstractAsyncContextManager

from api.claims import ClaimNames
from api.identity import Authenticator
from api.issuer import IssuedTokens
from api.jwks import PublishedKeys
from api.tokens import DevelopmentTokens, NoDevelopmentTokens
from cli.embedded import signing_key
from cli.embedded.data_folder import prepare, write_private
from repository.access import Access
from repository.database import Database
from settings import Settings

log = logging.getLogger(__name__)

KEPT_KEYS = "jwks.json"
_HOUR = 3600.0


def admission(
    settings: Settings, database: Database
) -> tuple[Authenticator, AbstractAsyncContextManager[None]]:
    """The authenticator, and what keeps the issuer's keys current while it is entered."""
    access = Access(database)
    own = DevelopmentTokens(signing_key(settings)) if settings.in_mode == "development" else None
    if settings.issuer is None:
        if own is None:
            log.warning("production without TERRACE_ISSUER: only API keys are taken")
        return Authenticator(access, own or NoDevelopmentTokens()), contextlib.nullcontext()
    keys = PublishedKeys(
        settings.issuer,
        settings.jwks,
        prepare(settings.data_dir) / KEPT_KEYS,
        every_seconds=settings.jwks_seconds,
        stale_seconds=settings.jwks_stale_hours * _HOUR,
        write=write_private,
    )
    issued = IssuedTokens(settings.issuer, settings.audience, keys, ClaimNames(**settings.claims))
    return Authenticator(access, own or NoDevelopmentTokens(), issued), keys.kept_current()
