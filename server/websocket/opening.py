"""From the `open` of the wire to a stream of the engine."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.request import Sampling, ServiceClass
from protocol.encodings import fixed_rate
from protocol.messages import ClientMessage, Error, Open
from server.parameters import Parameters, Speech, check
from server.service import Service
from server.stream import Stream


@dataclass(frozen=True, slots=True)
class Opening:
    """What a message asks for, checked: how to speak, and for whom."""

    message: Open
    speech: Speech
    service: Service
    request_id: str
    wake: Callable[[], None]

    @property
    def waits_for_voice(self) -> bool:
        """Tell whether its voice must be looked for or made."""
        return bool(self.speech.to_clone)

    async def with_voice(self) -> "Opening":
        """Return the same with its voice made.

        Raises:
            RequestError: see `Service.with_voice`, as for what must follow at once.
        """
        return replace(self, speech=await self.service.with_voice(self.speech))

    def open(self) -> Stream:
        """Open the stream.

        Raises:
            RequestError: the request cannot be served, or not now.
        """
        credit = self.message.credit
        if credit is None:
            default_s = self.service.limits.default_credit_s
            credit = round(default_s * self.speech.sample_rate_hz)
        return Stream(self.service, self.speech, credit, self.request_id, self.wake)


def opening_of(
    message: Open, service: Service, request_id: str, wake: Callable[[], None]
) -> Opening:
    """Return what a message asks for.

    Raises:
        RequestError: the model cannot do that.
    """
    service_class = ServiceClass(message.service_class)
    speech = check(_parameters(message), service.engine.info, service.limits, service_class)
    return Opening(message, speech, service, request_id, wake)


def _parameters(message: Open) -> Parameters:
    return Parameters(
        voice=message.voice,
        references=() if message.reference is None else (message.reference,),
        language=message.language,
        sample_rate=message.sample_rate or fixed_rate(message.encoding),
        speed=message.speed,
        pitch=message.pitch,
        volume_db=message.volume_db,
        normalize=message.normalize,
        lexicon=message.lexicon,
        sampling=Sampling(
            seed=message.seed,
            temperature=message.temperature,
            top_p=message.top_p,
            repetition_penalty=message.repetition_penalty,
        ),
    )


def refuse(service: Service, request_id: str, error: Error, message: ClientMessage | None) -> None:
    """Count a stream that never began, though `message` meant one, and tell its story."""
    service_class = message.service_class if isinstance(message, Open) else "call"
    service.refuse(error.code, ServiceClass(service_class), request_id)
