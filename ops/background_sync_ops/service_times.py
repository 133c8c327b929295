"""How long the parts of the work take, in ms.

The processor's times are of one core: `python -m benchmarks.scaling measure` measures them. What AWS
and Kapso take to answer is assumed.
"""

CORE_MB = 1769
"""The memory at which Lambda gives a function one core ("Configure Lambda function memory")."""
REQUEST_MS = 5.0
PAGE_MS = 20.0
"""A page of 1 MB."""
KAPSO_MS = 200.0
IDLE_REQUESTS = 5
RUN_CPU, CONTACT_CPU, FLAG_CPU, DISPATCH_CPU = 20.5, 0.010, 3.75, 0.91
ORIGINAL_CONTACT_CPU = 0.12
"""Of `boto3`'s resource, which makes an object of every value; on an idle machine, unlike the others."""


def run_ms(contacts: float, flags: float, memory_mb: int) -> float:
    """A run that surveys and flags so many contacts, and does not verify."""
    cpu = RUN_CPU + contacts * CONTACT_CPU + flags * FLAG_CPU
    return IDLE_REQUESTS * REQUEST_MS + flags * REQUEST_MS + slowed(cpu, memory_mb)


def slowed(cpu_ms: float, memory_mb: int) -> float:
    """Processor time with the share of a core that a function of this memory has."""
    return cpu_ms / min(1.0, memory_mb / CORE_MB)
