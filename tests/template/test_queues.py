import pytest

from background_sync_ops.stack.template import Template
from tests.template.resources import FUNCTIONS, Properties, properties, target

RUN_ATTEMPTS = 3
LEASE_MARGIN_S = 30
NEW_ACCOUNT = 10
"""How many functions a new AWS account may run at once."""


@pytest.fixture
def mapping(template: Template) -> Properties:
    return properties(template, "AWS::Lambda::EventSourceMapping")["ReconcilerFunctionWork"]


@pytest.fixture
def queue(template: Template, mapping: Properties) -> Properties:
    return properties(template, "AWS::SQS::Queue")[target(mapping["EventSourceArn"])]


@pytest.fixture
def reconciler(template: Template, mapping: Properties) -> Properties:
    return properties(template, "AWS::Lambda::Function")[target(mapping["FunctionName"])]


def test_a_message_stays_hidden_for_six_timeouts(queue: Properties, reconciler: Properties) -> None:
    assert queue["VisibilityTimeout"] >= 6 * reconciler["Timeout"]


def test_a_lease_outlasts_the_timeout_not_the_visibility(queue: Properties, reconciler: Properties) -> None:
    lease = int(reconciler["Environment"]["Variables"]["RUN_LEASE_SECONDS"])
    assert lease == reconciler["Timeout"] + LEASE_MARGIN_S
    assert lease < queue["VisibilityTimeout"]


def test_a_message_may_be_received_more_often_than_a_run_is_tried(queue: Properties) -> None:
    assert queue["RedrivePolicy"]["maxReceiveCount"] > RUN_ATTEMPTS


def test_dead_letters_are_kept_longer_than_messages(template: Template, queue: Properties) -> None:
    dead = properties(template, "AWS::SQS::Queue")[target(queue["RedrivePolicy"]["deadLetterTargetArn"])]
    assert dead["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


def test_a_failed_message_does_not_return_its_batch_to_the_queue(mapping: Properties) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_parameter_limits_the_concurrent_reconcilers(mapping: Properties) -> None:
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == {"Ref": "ReconcilerConcurrency"}


def test_reconcilers_leave_a_new_account_room_for_the_other_functions(template: Template) -> None:
    default = int(template.body["Parameters"]["ReconcilerConcurrency"]["Default"])
    assert default <= NEW_ACCOUNT - len(FUNCTIONS)


def test_every_queue_is_encrypted(template: Template) -> None:
    for name, item in properties(template, "AWS::SQS::Queue").items():
        assert item["SqsManagedSseEnabled"] is True, name
