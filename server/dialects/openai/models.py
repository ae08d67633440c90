"""`/v1/models`: the one that is served."""

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.runner import ModelInfo
from server.dialects.openai.errors import other_error

PATH = "/v1/models"
_OWNER = "voxline"


class _ModelName(Convertor[str]):
    """A model's name in a path: slashes are part of it, and so is whatever somebody invents."""

    # Starlette's own `path` ends at a new line, and OpenAI's clients would not know the answer.
    regex = r"(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("model_name", _ModelName())
MEMBER_PATH = PATH + "/{model:model_name}"


class ModelsEndpoint:
    """The handlers of the routes."""

    def __init__(self, model: ModelInfo) -> None:
        # When it was made is not known; clients want a number.
        self._described = {"id": model.name, "object": "model", "created": 0, "owned_by": _OWNER}

    async def collection(self, _: Request) -> Response:
        """List the model."""
        return JSONResponse({"object": "list", "data": [self._described]})

    async def member(self, request: Request) -> Response:
        """Describe the model, if it is the one that is asked for."""
        name = request.path_params["model"]
        if name != self._described["id"]:
            return other_error(404, "model_not_found", "no such model is served")
        return JSONResponse(self._described)
