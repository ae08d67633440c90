"""What is accepted is fixed: what is made later is what was asked for, by whomever it is read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.codes import ErrorCode
from protocol.fields import MAX_SEED
from server.errors import RequestError
from server.jobs.acceptance import CHARS_PER_S, JOB_FIELDS, Acceptance, note_in
from server.jobs.job import Priority
from server.jobs.limits import JobLimits
from server.notes.request import FIELDS, note_of
from server.bodies.json_object import read_object
from server.service import Service
from tests.helpers.virtual_engine_thread import VirtualEngineThread
from tests.server.jobs.contract.place import job
