"""Voxline's service for Pipecat."""

from .service import VoxlineTTSService
from .settings import VoxlineTTSSettings

__all__ = ["VoxlineTTSService", "VoxlineTTSSettings"]
