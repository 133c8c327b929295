import pytest

from background_sync_ops.stack.template import Template
from tests.template.resources import Properties, properties, target

RUN_ATTEMPTS = 3
LEASE_MARGIN_S = 30


@pytest.fixture
def mapping(template: Template) -> Properties:
    (item,) = properties(template, "AWS::Lambda::EventSourceMapping").values()
    return item


@pytest.fixture
def queue(template: Template, mapping: Properties) -> Properties:
    return properties(template, "AWS::SQS::Queue")[target(mapping["EventSourceArn"])]


@pytest.fixture
def reconciler(template: Template, mapping: Properties) -> Properties:
    return properties(template, "AWS::Lambda::Function")[target(mapping["FunctionName"])]


def test_a_message_stays_hidden_for_six_timeouts(queue: Properties, reconciler: Properties) -> None:
    assert queue["VisibilityTimeout"] >= 6 * reconciler["Timeout"]


def test_a_lease_outlives_its_holder_and_not_its_message(queue: Properties, reconciler: Properties) -> None:
    lease = int(reconciler["Environment"]["Variables"]["RUN_LEASE_SECONDS"])
    assert lease == reconciler["Timeout"] + LEASE_MARGIN_S
    assert lease < queue["VisibilityTimeout"]


def test_waiting_for_a_lease_does_not_spend_the_receives(queue: Properties) -> None:
    assert queue["RedrivePolicy"]["maxReceiveCount"] > RUN_ATTEMPTS


def test_a_dead_letter_is_kept_longer_than_its_message(template: Template, queue: Properties) -> None:
    dead = properties(template, "AWS::SQS::Queue")[target(queue["RedrivePolicy"]["deadLetterTargetArn"])]
    assert dead["MessageRetentionPeriod"] > queue["MessageRetentionPeriod"]


def test_one_failed_message_does_not_bring_back_its_batch(mapping: Properties) -> None:
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_reconcilers_at_work_are_bounded_by_a_parameter(mapping: Properties) -> None:
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == {"Ref": "ReconcilerConcurrency"}


def test_every_queue_is_encrypted(template: Template) -> None:
    for name, item in properties(template, "AWS::SQS::Queue").items():
        assert item["SqsManagedSseEnabled"] is True, name
