"""From the `open` of the wire to a stream of the engine."""

from collections.abc import Callable

from engine.request import Sampling, ServiceClass
from protocol.codes import ErrorCode
from protocol.messages import Limits, Open
from server.engine_client import EngineClient
from server.errors import RequestError
from server.parameters import Parameters, check
from server.stream import Stream


def open_stream(
    message: Open, engine: EngineClient, limits: Limits, wake: Callable[[], None]
) -> Stream:
    """Open what the message asks for.

    Raises:
        RequestError: the request cannot be served, or not now.
    """
    if message.reference is not None:
        raise RequestError(ErrorCode.UNSUPPORTED, f"{engine.info.name} cannot clone a voice")
    service_class = ServiceClass(message.service_class)
    speech = check(_parameters(message), engine.info, limits, service_class)
    credit = message.credit
    if credit is None:
        credit = round(limits.default_credit_s * speech.sample_rate_hz)
    return Stream(engine, speech, credit, wake)


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
