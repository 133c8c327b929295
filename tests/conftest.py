import os

# As template.yaml sets them for the functions; read when the package is imported.
os.environ["POWERTOOLS_SERVICE_NAME"] = "tests"
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "BackgroundSyncTests"
os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
