"""Attributes that hold names of software, enumerations and ids made by machines, not content.

They are searched for e-mail addresses and secrets only: a model's name is no person's, and an id
read as a phone number is of no use to anybody. Names are those of the OpenTelemetry semantic
conventions and of OpenInference.
Who a user or a session is (`user.id`, `session.id`, `enduser.id`) is content, and is searched.
"""

_TECHNICAL = frozenset(
    """
    service.name service.namespace service.version service.instance.id deployment.environment
    deployment.environment.name telemetry.sdk.name telemetry.sdk.language telemetry.sdk.version
    telemetry.distro.name telemetry.distro.version otel.scope.name otel.scope.version
    otel.status_code host.id host.arch host.type host.ip host.mac host.image.id os.type os.version
    os.description process.pid process.parent_pid process.runtime.name process.runtime.version
    process.runtime.description container.id container.image.id container.image.tags k8s.pod.uid
    k8s.node.uid k8s.cluster.uid cloud.provider cloud.region cloud.platform cloud.availability_zone
    thread.id code.lineno code.line.number code.column.number
    gen_ai.operation.name gen_ai.provider.name gen_ai.system gen_ai.output.type gen_ai.token.type
    gen_ai.request.model gen_ai.response.model gen_ai.response.id gen_ai.response.finish_reasons
    gen_ai.tool.type gen_ai.tool.call.id gen_ai.request.encoding_formats
    openinference.span.kind traceloop.span.kind llm.request.type llm.model_name llm.provider
    llm.system embedding.model_name langfuse.observation.type langfuse.observation.model.name
    http.method http.request.method http.status_code http.response.status_code http.flavor
    rpc.system rpc.method rpc.service rpc.grpc.status_code rpc.response.status_code
    jsonrpc.request.id db.system db.system.name messaging.system messaging.message.id
    network.protocol.name network.protocol.version network.transport network.type
    server.port client.port net.peer.port net.host.port url.scheme http.scheme
    """.split()  # noqa: SIM905 - a list a page long reads worse
)
_TECHNICAL_PREFIXES = ("gen_ai.usage.", "llm.token_count.", "llm.usage.", "winnow.")


def is_technical(key: str) -> bool:
    """Whether the attribute is known to hold no content, unless somebody misuses it."""
    return key in _TECHNICAL or key.startswith(_TECHNICAL_PREFIXES)
