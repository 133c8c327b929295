"""The local stack: what template.yaml describes, on this machine, over HTTP on 127.0.0.1.

    stack.py           LocalStack, which starts and stops everything else
    template.py        template.yaml -> CloudFormation
    provision.py       CloudFormation -> resources on the engine
    deployment.py      the functions, mappings, schedules and routes of the provisioned template
    engine.py          tables, queues and parameters (moto), as a child process (engine_process.py)
    lambda_host.py     functions, run as Lambda runs them, each in a sandbox.py
    mapping.py         queue -> function, with Lambda's batches and partial failures
    schedule.py        EventBridge's schedules
    http_api.py        the template's HTTP API
    invoke_api.py      Lambda's Invoke API, for AWS clients
    state.py           the file by which other commands find a running stack

This file imports nothing, so that the engine's process starts fast. Import from the modules.
"""
