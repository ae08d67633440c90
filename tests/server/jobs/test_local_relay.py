"""Takes heard in the process that makes them."""

import pytest

from server.jobs.local_relay import LocalRelay
from server.jobs.relay import Relay
from tests.server.jobs.relay_contract import PATIENCE_S, RelayContract

pytestmark = pytest.mark.anyio


class TestLocalRelay(RelayContract):
    @pytest.fixture
    def here(self) -> LocalRelay:
        return LocalRelay(patience_s=PATIENCE_S)

    @pytest.fixture
    def there(self, here: LocalRelay) -> Relay:
        return here
