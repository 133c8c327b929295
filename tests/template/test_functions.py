import re

import pytest

from background_sync_ops.stack.template import Template
from tests.template.resources import (
    FUNCTIONS,
    INTAKE_FUNCTIONS,
    Properties,
    as_list,
    find_intrinsics,
    properties,
    statements,
    target,
    targets,
)


@pytest.fixture(params=[*FUNCTIONS, *INTAKE_FUNCTIONS])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def function(template: Template, name: str) -> Properties:
    return properties(template, "AWS::Lambda::Function")[name]


def test_all_functions_are_tested_here(template: Template) -> None:
    assert set(template.of_type("AWS::Lambda::Function")) == {*FUNCTIONS, *INTAKE_FUNCTIONS}


def test_a_function_writes_only_to_its_log_which_expires(template: Template, function: Properties) -> None:
    own = target(function["LoggingConfig"]["LogGroup"])
    assert properties(template, "AWS::Logs::LogGroup")[own]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    role = [*statements(template, target(function["Role"]))]
    allowed = [item["Resource"] for item in role if "logs:" in str(item["Action"])]
    assert {target(resource) for each in allowed for resource in as_list(each)} == {own}


def test_an_output_names_the_reconcilers_log(template: Template) -> None:
    reconciler = properties(template, "AWS::Lambda::Function")["ReconcilerFunction"]
    output = template.body["Outputs"]["ReconcilerLogGroupName"]["Value"]
    assert target(output) == target(reconciler["LoggingConfig"]["LogGroup"])


def test_a_functions_environment_refers_to_what_exists(template: Template, function: Properties) -> None:
    known = {*template.resources, *template.body["Parameters"], "AWS::StackName"}
    for variable, value in function["Environment"]["Variables"].items():
        for reference in find_intrinsics(value):
            assert targets(reference) <= known, variable


def test_a_parameter_makes_functions_log_everything_in_a_share_of_invocations(
    template: Template, function: Properties
) -> None:
    condition, rate, otherwise = function["Environment"]["Variables"]["POWERTOOLS_LOGGER_SAMPLE_RATE"][
        "Fn::If"
    ]
    assert (rate, otherwise) == ({"Ref": "LogSampleRate"}, {"Ref": "AWS::NoValue"})
    assert template.body["Conditions"][condition] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "LogSampleRate"}, "0"]}]
    }
    assert template.body["Parameters"]["LogSampleRate"]["Default"] == "0"


@pytest.mark.parametrize(
    ("rate", "taken"),
    [("0", True), ("0.01", True), ("1", True), ("1.5", False), ("10", False), ("-1", False), ("", False)],
)
def test_the_share_of_invocations_is_from_0_to_1(template: Template, rate: str, taken: bool) -> None:
    pattern = template.body["Parameters"]["LogSampleRate"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, rate)) is taken


def test_function_and_layer_support_the_chosen_architecture(template: Template, function: Properties) -> None:
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    (layer,) = function["Layers"]
    serves = properties(template, "AWS::Lambda::LayerVersion")[target(layer)]["CompatibleArchitectures"]
    assert set(serves) == set(template.body["Parameters"]["Architecture"]["AllowedValues"])


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.kapso.ai", True),
        ("https://proxy.example:8443/kapso/", True),
        ("http://127.0.0.1:9000", True),
        ("http://localhost/kapso", True),
        ("http://[::1]:9000", True),
        ("http://api.kapso.ai", False),
        ("http://127.0.0.1.example.com", False),
        ("http://127.0.0.1@evil.example", False),
        ("http://localhost.example.com:80", False),
        ("https://me:pass@api.kapso.ai", False),
        ("https://api.kapso.ai?a=1", False),
        ("https://", False),
        ("api.kapso.ai", False),
    ],
)
def test_keys_go_over_https_or_to_this_machine(template: Template, url: str, *, allowed: bool) -> None:
    pattern = template.body["Parameters"]["KapsoBaseUrl"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, url)) is allowed
