"""The pieces that operations are described with."""

from typing import Any

JSON = "application/json"
PROBLEM = "application/problem+json"
#: Where nobody's fault but the server's, or the moment's, is the reason.
OVERLOADED = 503
#: What a refusal may be called by its status, in words of other servers: of a body that is wrong,
#: too slow or too early.
FOREIGN_REFUSALS = (400, 405, 408, 429, OVERLOADED)


def ref(name: str) -> dict[str, Any]:
    """Refer to a schema, as content does."""
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


def answer(description: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    """Describe a response."""
    return {"description": description} | ({} if content is None else {"content": content})


def refusals(schema: str, media_type: str, statuses: tuple[int, ...]) -> dict[str, Any]:
    """Describe refusals of one shape."""
    return {str(status): answer("refused", {media_type: ref(schema)}) for status in statuses}


def problems(*statuses: int) -> dict[str, Any]:
    """Describe refusals of ours."""
    return refusals("Problem", PROBLEM, statuses)


def operation(
    summary: str,
    answers: dict[str, Any],
    takes: str | None = None,
    kinds: tuple[str, ...] = (JSON,),
    **more: object,
) -> dict[str, Any]:
    """Describe an operation; its body, if it has one, is `takes`, as any of these media types."""
    content = {kind: ref(takes) for kind in kinds} if takes is not None else {}
    body = {"requestBody": {"required": True, "content": content}} if content else {}
    return {"summary": summary, **body, "responses": answers, **more}


def path_parameter(name: str) -> dict[str, Any]:
    """Describe a parameter in the path: a string."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def query_parameter(name: str, **schema: object) -> dict[str, Any]:
    """Describe a parameter of the query, which may be left out."""
    return {"name": name, "in": "query", "schema": schema}
