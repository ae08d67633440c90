"""From the `open` of the wire to a stream of the engine."""

from collections.abc import Callable

from engine.request import Sampling, ServiceClass
from protocol.codes import ErrorCode
from protocol.messages import Open
from server.errors import RequestError
from server.parameters import Parameters, check
from server.service import Service
from server.stream import Stream


def open_stream(
    message: Open, service: Service, request_id: str, wake: Callable[[], None]
) -> Stream:
    """Open what the message asks for.

    Raises:
        RequestError: the request cannot be served, or not now.
    """
    model, limits = service.engine.info, service.limits
    if message.reference is not None:
        raise RequestError(ErrorCode.UNSUPPORTED, f"{model.name} cannot clone a voice")
    service_class = ServiceClass(message.service_class)
    speech = check(_parameters(message), model, limits, service_class)
    credit = message.credit
    if credit is None:
        credit = round(limits.default_credit_s * speech.sample_rate_hz)
    return Stream(service, speech, credit, request_id, wake)


def _parameters(message: Open) -> Parameters:
    return Parameters(
        voice=message.voice,
        language=message.language,
        sample_rate=message.sample_rate,
        speed=message.speed,
        pitch=message.pitch,
        volume_db=message.volume_db,
        normalize=message.normalize,
        sampling=Sampling(
            seed=message.seed,
            temperature=message.temperature,
            top_p=message.top_p,
            repetition_penalty=message.repetition_penalty,
        ),
    )
