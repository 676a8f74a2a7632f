"""The application: wiring, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from regie import __version__
from regie.actions.context import Context
from regie.actions.sign_in_with_provider import provider_of
from regie.settings import Settings
from regie.web import errors, visitor
from regie.web.access_log import AccessLog
from regie.web.api import openapi
from regie.web.api.version import ApiHeaders
from regie.web.deps import Shell, find_visitor
from regie.web.form_token import derive_key
from regie.web.navigation import paths_of, places_of
from regie.web.pages import Pages, read_look
from regie.web.routes import (
    admin,
    admin_accounts,
    admin_audit,
    admin_calendars,
    admin_definitions,
    admin_health,
    admin_import,
    admin_partners,
    admin_roles,
    admin_theme,
    agenda,
    dates,
    deliveries,
    evidence,
    gates,
    health,
    home,
    kept_links,
    my_steps,
    oidc,
    partner,
    plan,
    sign_in,
    start,
    steering,
    step_acts,
    trajects,
    webhooks,
)
from regie.web.security import FormGuard, HeadAsGet, OnlyOwnHosts, SecurityHeaders

ROUTERS: Sequence[APIRouter] = (
    home.router,
    health.router,
    sign_in.router,
    oidc.router,
    partner.router,
    my_steps.router,
    agenda.router,
    start.router,
    trajects.router,
    openapi.router,
    *openapi.RESOURCES,
    deliveries.router,
    kept_links.router,
    webhooks.router,
    gates.router,
    steering.router,
    plan.router,
    evidence.router,
    step_acts.router,
    dates.router,
    admin.router,
    admin_import.router,
    admin_partners.router,
    admin_roles.router,
    admin_accounts.router,
    admin_definitions.router,
    admin_calendars.router,
    admin_audit.router,
    admin_health.router,
    admin_theme.router,
)


def create_app(
    context: Context, settings: Settings, clock: Callable[[], datetime], *, routers: Sequence[APIRouter] = ROUTERS
) -> FastAPI:
    """Make the application.

    Args:
        context: its key is what the keys of the web are derived from.
        clock: gives an aware datetime.

    Raises:
        Refused: ``theme-unusable``.
    """
    pages = Pages(settings, read_look(settings), derive_key(context.audit_key, "form-token"))
    app = FastAPI(
        title="Regie",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(SecurityHeaders, https=pages.secure),
            Middleware(ApiHeaders, origins=settings.api_origins),
            Middleware(AccessLog, pages=pages, clock=clock),
            Middleware(
                OnlyOwnHosts, hosts=visitor.hosts_of(settings.base_url, (*settings.allowed_hosts, settings.web_host))
            ),
            Middleware(HeadAsGet),
            Middleware(FormGuard, pages=pages),
        ],
    )
    shell = Shell(context, settings, clock, pages, provider_of(settings, clock))
    app.state.shell = shell
    pages.find_reader = partial(find_visitor, shell)
    app.state.paths = paths_of(routers)
    pages.find_places = places_of
    errors.install(app, pages)
    for router in routers:
        app.router.routes.extend(router.routes)  # as they are: including them would work all of them out once more
    return app
