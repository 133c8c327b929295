from tests.integration.health.conftest import api, app
from tests.integration.monitor.conftest import emitted, kapso

__all__ = ["api", "app", "emitted", "kapso"]
