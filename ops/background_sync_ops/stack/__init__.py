"""The local stack: template.yaml made real on this machine, over HTTP on 127.0.0.1.

    stack.py           LocalStack, which ties the rest together
    state.py           where a running stack says that it runs, and how others find it
    template.py        template.yaml -> CloudFormation
    provision.py       CloudFormation -> resources on the engine
    describe.py        … -> deployment.py, the typed values that the rest runs on
    engine.py          AWS's tables, queues and parameters (moto), the child process of engine_process.py
    lambda_host.py     functions, run as Lambda runs them, each in a sandbox.py
    mapping.py         queue -> function, with Lambda's batches and partial failures
    http_api.py        the template's HTTP API
    invoke_api.py      Lambda's Invoke API, for AWS clients
    schedule.py        when sweeps are due, and EventBridge's event for one

The package itself imports nothing, so that the engine's process starts fast: import from the modules.
"""
