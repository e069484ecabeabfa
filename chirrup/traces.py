"""OpenTelemetry traces, if the setting `traces` names a collector. Otherwise OpenTelemetry is not even loaded.

Spans: a request (named by its route), its database operations, an event and its effects. The context of a request comes
from `traceparent` (W3C Trace Context). Spans contain no addresses, queries, texts or names.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ParamSpec, TypeVar

from . import __version__
from .errors import SettingsError
from .ports import Database, Operation

P = ParamSpec("P")
T = TypeVar("T")

_NOTHING: AbstractContextManager[Any] = nullcontext()
_DISCREET = {"record_exception": False, "set_status_on_exception": False}  # the text of an exception may be private
_tracer: Any = None
_provider: Any = None


def begin(endpoint: str, role: str) -> None:
    """Send traces to endpoint (OTLP over HTTP, "http://collector:4318"); "": none. Raises SettingsError."""
    global _tracer, _provider
    if not endpoint:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError("traces need more packages: pip install 'chirrup[traces]', or unset traces") from error
    if not endpoint.startswith(("http://", "https://")):
        raise SettingsError(f"traces must be the http:// or https:// address of a collector, is {endpoint[:60]!r}")
    about = {"service.name": f"chirrup-{role}", "service.version": __version__}
    _provider = TracerProvider(resource=Resource.create(about))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    _tracer = _provider.get_tracer("chirrup", __version__)


def end() -> None:
    """Send the remaining spans. Waits for the collector, a few seconds at most."""
    global _tracer, _provider
    if _provider:
        _provider.shutdown()
    _tracer = _provider = None


def span(name: str, **about: Any) -> AbstractContextManager[Any]:
    """A span around a block. Inside another span it becomes its child."""
    return _tracer.start_as_current_span(name, attributes=about, **_DISCREET) if _tracer else _NOTHING


def database(db: Database) -> Database:
    """db, with a span for each operation."""
    return _Traced(db)  # pyright: ignore[reportReturnType]


class _Traced:
    def __init__(self, db: Database) -> None:
        object.__setattr__(self, "_db", db)

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with span(f"read {_name(operation)}"):
            return await self._db.read(operation, *args, **kwargs)

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        with span(f"write {_name(operation)}"):
            return await self._db.write(operation, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._db, name, value)


def _name(operation: Callable[..., Any]) -> str:
    operation = getattr(operation, "__wrapped__", operation)  # access/acts.py
    return f"{operation.__module__.removeprefix('chirrup.')}.{getattr(operation, '__qualname__', '')}"


class TracedRequests:
    """An ASGI application with a span around each request. It runs inside Observed, which sets the id."""

    def __init__(self, app: Any) -> None:
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._app, self._kind, self._error = app, SpanKind.SERVER, StatusCode.ERROR
        self._extract = TraceContextTextMapPropagator().extract

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not _tracer:
            return await self._app(scope, receive, send)
        given = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _CONTEXT}
        context = self._extract(given)
        with _tracer.start_as_current_span(scope["method"], context=context, kind=self._kind, **_DISCREET) as one:

            async def sending(message: Any) -> None:
                if message["type"] == "http.response.start":
                    one.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        one.set_status(self._error)
                await send(message)

            try:
                await self._app(scope, receive, sending)
            finally:
                line = scope.get("route")
                route = line.path if line else ""
                one.update_name(f"{scope['method']} {route}".strip())
                one.set_attributes(
                    {
                        "http.request.method": scope["method"],
                        "http.route": route,
                        "chirrup.request_id": scope["request_id"].decode(),
                    }
                )


_CONTEXT = (b"traceparent", b"tracestate")
