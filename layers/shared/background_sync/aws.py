"""The configuration of AWS clients in a Lambda function."""

from botocore.config import Config

CLIENT_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard"})
"""boto3's own timeouts are a minute each: one call that hangs would use up an invocation."""
ADAPTIVE_CONFIG = CLIENT_CONFIG.merge(Config(retries={"mode": "adaptive"}))
"""For a service with a small quota: the client sends more slowly while it is throttled."""
