"""What goes wrong with this model's files and prompts.

EngineError
├── ModelUnavailable
│   └── CheckpointError    a file of the checkpoint is missing, damaged or of another model
├── PromptRejected         text or codes that no prompt can be made of
├── BadCodecInput          codes or samples that the codec does not take
├── ContextFull            a sequence is as long as the model can read
└── OutOfMemory
    └── OutOfBlocks        the KV cache is full: evict a sequence, then try again
"""

from engine.errors import CheckpointError, EngineError, OutOfMemory

__all__ = ["BadCodecInput", "CheckpointError", "ContextFull", "OutOfBlocks", "PromptRejected"]


class PromptRejected(EngineError):
    """No prompt can be made of this text or of these codes."""


class BadCodecInput(EngineError):
    """Codes or samples of a shape, type or length that the codec does not take."""


class ContextFull(EngineError):
    """The sequence is as long as the model can read."""


class OutOfBlocks(OutOfMemory):
    """The KV cache has no free block left."""
