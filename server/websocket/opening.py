"""From the `open` of the wire to a stream of the engine."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.request import Sampling, ServiceClass
from protocol.messages import ClientMessage, Error, Open
from server.parameters import Parameters, check
from server.service import Service
from server.stream import Stream
from server.text_rules import load_rules


@dataclass(frozen=True, slots=True)
class Opening:
    """What a message asks for: how to speak, and for whom."""

    message: Open
    parameters: Parameters
    service: Service
    request_id: str
    wake: Callable[[], None]

    @property
    def must_prepare(self) -> bool:
        """Tell whether its voice must be looked for or made, or rules for its text be loaded."""
        voices, model = self.service.voices, self.service.engine.info
        return bool(self.parameters.normalize) or voices.must_resolve(self.parameters, model)

    async def prepared(self) -> "Opening":
        """Return the same with its voice made, and the rules loaded that it asks for.

        Raises:
            RequestError: there is no such voice, or none can be made.
        """
        voices, model = self.service.voices, self.service.engine.info
        if self.parameters.normalize:
            await load_rules()
        return replace(self, parameters=await voices.resolve(self.parameters, model))

    def open(self) -> Stream:
        """Open the stream.

        Raises:
            RequestError: the request cannot be served, or not now.
        """
        model, limits = self.service.engine.info, self.service.limits
        service_class = ServiceClass(self.message.service_class)
        speech = check(self.parameters, model, limits, service_class)
        credit = self.message.credit
        if credit is None:
            credit = round(limits.default_credit_s * speech.sample_rate_hz)
        return Stream(self.service, speech, credit, self.request_id, self.wake)


def parameters_of(message: Open) -> Parameters:
    """Return how a message asks to speak."""
    return Parameters(
        voice=message.voice,
        reference=message.reference,
        language=message.language,
        sample_rate=message.sample_rate,
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
