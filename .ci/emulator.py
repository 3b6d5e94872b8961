#!/usr/bin/env python3
"""Deploys the real template to a local emulator of AWS and sends one log object and the incident's changes through it.

Runs in the environment of requirements-emulator.txt. The emulator enforces IAM (AUTH=true): the functions run with
the roles of the template, so a permission that is missing there fails here.

    python .ci/emulator.py                       the output of `sam build`
    python .ci/emulator.py --bin target/release  binaries built in another way (DIR/<function>[/bootstrap])
"""

import argparse
import base64
import contextlib
import copy
import datetime
import gzip
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
import uuid

import boto3
import botocore.exceptions
from awscli.customizations.cloudformation.yamlhelper import yaml_dump, yaml_parse
from boto3.dynamodb.conditions import Key

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCIDENT = ROOT / "events" / "incident"
REGION = "eu-central-1"
# the incident's account
ACCOUNT = "444455556666"
STACK = "bedrock-audit"
LOG_KEY = (
    f"AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/{REGION}/2026/10/15/15/20261015T153000Z_0123456789abcdef.json.gz"
)

# with the features of the whole workspace, as it was built before
COMMAND_LINE = ("cargo", "run", "--quiet", "--locked", "--bin", "bedrock-audit", "--")

TRAIL = "example-mutual-trail"
TRAIL_KEY = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/10/15/{ACCOUNT}_CloudTrail_{REGION}_20261015T1530Z_Ab3d.json.gz"

# The emulator behind what looks like the end of a TLS connection: the policies of the template refuse plain HTTP. Its
# Bedrock knows guardrails in part, and neither settings nor what is enforced: the script's own documents are in its
# place, behind the emulator's IAM.
SERVE = """
import json, os, pathlib

from ministack import app as ministack
from ministack.core import iam_actions
from ministack.services import bedrock, bedrock_agent
from ministack.services.cloudformation import provisioners

emulator = ministack.app
documents = pathlib.Path(os.environ["BEDROCK_DOCUMENTS"])

async def read_document(method, path, headers, body, query):
    if path.rstrip("/") == "/logging/modelinvocations":
        return configure(method, body)
    version = next((values[0] for name, values in query.items() if name.endswith("Version")), "DRAFT")
    asked = f"{method} {path.rstrip('/')}@{version}"
    answer = json.loads(documents.read_text()).get(asked)
    if answer is not None:
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()
    gone = {"Content-Type": "application/json", "x-amzn-errortype": "ResourceNotFoundException"}
    return 404, gone, json.dumps({"message": f"there is no {asked}"}).encode()

def configure(method, body):
    answers = json.loads(documents.read_text())
    asked = "GET /logging/modelinvocations@DRAFT"
    if method == "PUT":
        answers[asked] = json.loads(body)
    elif method == "DELETE":
        answers.pop(asked, None)
    if method != "GET":
        documents.with_suffix(".put").write_text(json.dumps(answers))
        documents.with_suffix(".put").replace(documents)
    # logging that is off is an answer without a configuration
    answer = answers.get(asked, {}) if method == "GET" else {}
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

bedrock.handle_request = bedrock_agent.handle_request = read_document

# its IAM does not know rules by the ARNs that it gives them itself
resource_arn = iam_actions.extract_resource_arn

def rule_arn(service, method, path, headers, body, query, region, account):
    asked = json.loads(body or b"{}") if service == "events" else {}
    name = asked.get("Name") or asked.get("Rule")
    if name and "EventBusName" not in asked:
        return f"arn:aws:events:{region}:{account}:rule/{name}"
    return resource_arn(service, method, path, headers, body, query, region, account)

iam_actions.extract_resource_arn = rule_arn

# nor who events say that they are from
keys_of_request = iam_actions.request_tag_context

def with_sources(service, action, body, params):
    keys = keys_of_request(service, action, body, params)
    if action == "events:PutEvents":
        keys["events:source"] = [entry["Source"] for entry in json.loads(body)["Entries"]]
    return keys

iam_actions.request_tag_context = with_sources

# nor does its CloudFormation know alarms on sums of metrics: the first of them stands for all, since no alarm fires by itself here
alarm_record = provisioners._cw_metric_alarm_record

def one_metric(name, props):
    if "Metrics" in props:
        of = next(metric["MetricStat"] for metric in props["Metrics"] if "MetricStat" in metric)
        props = {**props, **of["Metric"], "Statistic": of["Stat"], "Period": of["Period"]}
        del props["Metrics"]
    return alarm_record(name, props)

provisioners._cw_metric_alarm_record = one_metric

async def behind_tls(scope, receive, send):
    if scope["type"] == "http":
        scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
    await emulator(scope, receive, send)

ministack.app = behind_tls
ministack.main()
"""

# What the incident's resources look like, from which of its changes on: the call that asks, and the answer.
GUARDRAIL = "GET /guardrails/gr4k2p9x7wzq"
LOGGING = "GET /logging/modelinvocations@DRAFT"
STATES = (
    (0, LOGGING, "logging.json"),
    (1, f"{GUARDRAIL}@DRAFT", "guardrail-DRAFT-monday.json"),
    (1, f"{GUARDRAIL}@3", "guardrail-3.json"),
    (2, f"{GUARDRAIL}@DRAFT", "guardrail-DRAFT-thursday.json"),
    (3, f"{GUARDRAIL}@4", "guardrail-4.json"),
    (5, "GET /enforcedGuardrailsConfiguration@DRAFT", "enforced.json"),
)
# What the baseline finds: one list has an entry, and nothing is on the others.
LISTS = {"GET /guardrails@DRAFT": {"guardrails": [{"id": "gr4k2p9x7wzq", "version": "DRAFT"}]}}
# The fields that the incident's guardrail was weakened in.
WEAKENED = {
    "contentPolicy.filters[MISCONDUCT].inputStrength",
    "contextualGroundingPolicy.filters[GROUNDING].threshold",
    "topicPolicy.topics[Coverage promises]",
}

# When the run began: the incident's changes happen now, for an old event gets no alert of its own.
STARTED = datetime.datetime.now(datetime.timezone.utc)

# Seconds that anything may take to arrive, and that nothing may arrive in.
ARRIVES = 60
SILENCE = 4

# AWS_ACCESS_KEY_ID: twelve digits, which the emulator takes as the account.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "emulator",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


# ---------------------------------------------------------------- the emulator


class Emulator:
    """A ministack process of its own, on a free loopback port, with all its files in one folder."""

    def __init__(self, folder):
        self.log = folder / "emulator.log"
        self.bedrock = Bedrock(folder / "bedrock.json")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {**os.environ, "AWS_ENDPOINT_URL": self.url}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE],
                env={
                    **self.environment,
                    "AUTH": "true",
                    "BEDROCK_DOCUMENTS": str(self.bedrock.documents),
                    "BIND_HOST": "127.0.0.1",
                    "GATEWAY_PORT": str(port),
                    "MINISTACK_ACCOUNT_ID": ACCOUNT,
                    # in the addresses that custom resources answer, as in the functions' endpoint
                    "MINISTACK_HOST": "127.0.0.1",
                    "MINISTACK_REGION": REGION,
                    "SERVICES": "bedrock,bedrock-agent,cloudformation,cloudtrail,cloudwatch,dynamodb,events,iam,kms,lambda,logs,s3,sns,sqs,sts",
                    "S3_DATA_DIR": str(folder / "s3"),
                    "STATE_DIR": str(folder / "state"),
                    "TMPDIR": str(folder),
                },
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                # a process group of its own, which the functions' processes belong to as well
                start_new_session=True,
            )

    def wait_until_healthy(self):
        def healthy():
            if self.process.poll() is not None:
                raise RuntimeError(f"the emulator ended with code {self.process.returncode}")
            with contextlib.suppress(urllib.error.URLError, OSError):
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2) as answer:
                    return answer.status == 200
            return False

        wait_for("the emulator to start", healthy)

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name=REGION)

    def aws(self, *arguments):
        """Runs the AWS command line against the emulator."""
        command = [sys.executable, "-m", "awscli", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=ARRIVES)
        if done.returncode != 0:
            raise RuntimeError(f"aws {' '.join(arguments[:2])} failed: {(done.stderr or done.stdout).strip()}")

    def stop(self):
        """Ends the emulator, and with its process group the functions."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Bedrock:
    """What the emulator answers when a function reads Bedrock's resources."""

    def __init__(self, documents):
        self.documents = documents
        self.put({})

    def put(self, answers):
        """From now on, these are all answers, by call and version: `GET /guardrails/ID@DRAFT`."""
        written = self.documents.with_suffix(".new")
        written.write_text(json.dumps(answers))
        # in one step: the emulator may be reading
        written.replace(self.documents)

    def logging(self):
        """How the invocation log is configured; None where it is off."""
        return json.loads(self.documents.read_text()).get(LOGGING, {}).get("loggingConfig")

    def put_states_after(self, changes):
        """The incident's resources as they were after that many of its changes."""
        shown = [(nth, asked, name) for nth, asked, name in STATES if nth < changes]
        self.put({asked: answer(name, happened(nth)) for nth, asked, name in shown})


def answer(name, when):
    """A sample state as the service answers it, changed last at this moment."""
    document = json.loads((ROOT / "events" / "states" / name).read_text())
    if "updatedAt" in document:
        document["updatedAt"] = when
    # a list of what there is; everything else is answered as it lies in the folder
    return {"guardrailsConfig": [document]} if name == "enforced.json" else document


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, attempt, seconds=ARRIVES):
    """Returns the first true answer of `attempt`, or fails after the given seconds."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := attempt():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.2)


# ---------------------------------------------------------------- the stack


def with_binaries(template, binaries, folder):
    """A copy of the source template whose CodeUri are folders with one bootstrap each: what `sam build` makes."""
    document = yaml_parse(template.read_text())
    for name, resource in document["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        binary = binaries / resource["Metadata"]["BuildProperties"]["Binary"]
        if binary.is_dir():
            binary = binary / "bootstrap"
        (folder / name).mkdir()
        shutil.copy(binary, folder / name / "bootstrap")
        resource["Properties"]["CodeUri"] = name
    built = folder / "template.yaml"
    built.write_text(yaml_dump(document))
    return built


class Stack:
    """The deployed stack, with a queue subscribed to each of its topics."""

    def __init__(self, emulator, template, folder):
        self.emulator = emulator
        self.cloudformation, self.cloudwatch = emulator.client("cloudformation"), emulator.client("cloudwatch")
        self.events, self.logs = emulator.client("events"), emulator.client("logs")
        self.s3, self.sns, self.sqs = emulator.client("s3"), emulator.client("sns"), emulator.client("sqs")
        self.dynamodb = boto3.resource("dynamodb", endpoint_url=emulator.url, region_name=REGION)
        self.deploy(template, folder)
        described = self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
        self.resources = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in self.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        }
        self.alerts = Subscriber(self, "alerts", self.outputs["AlertTopicArn"])
        self.changes = Subscriber(self, "changes", self.outputs["ChangesTopicArn"])

    def deploy(self, template, folder):
        for bucket in ("deployment", TRAIL):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_notification_configuration(
            Bucket=TRAIL, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        self.template, self.packaged = template, folder / "packaged.yaml"
        self.package()
        self.emulator.aws(
            *("cloudformation", "deploy", "--stack-name", STACK, "--template-file", str(self.packaged)),
            *("--capabilities", "CAPABILITY_IAM", "--s3-bucket", "deployment"),
            *("--parameter-overrides", "Architecture=x86_64", "AlertEmail=alerts@example.com"),
            *(f"TrailBucket={TRAIL}", "LogRoute=Both"),
            # not the defaults: what writes to the tables from outside has to know them
            *("RetentionDays=500", "ExcerptCharacters=40"),
        )

    def package(self):
        self.emulator.aws(
            *("cloudformation", "package", "--template-file", str(self.template)),
            *("--s3-bucket", "deployment", "--output-template-file", str(self.packaged)),
        )

    def user(self, name, policy):
        """Makes clients of a new user, who has this policy and no other."""
        iam = self.emulator.client("iam")
        iam.create_user(UserName=name)
        if policy:
            iam.attach_user_policy(UserName=name, PolicyArn=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
        return lambda service: session.client(service, endpoint_url=self.emulator.url)

    def status(self):
        return self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]

    def parameters(self):
        return [p["ParameterKey"] for p in self.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Parameters"]]

    def described_resources(self):
        """Physical ids by logical ids, as they are now."""
        resources = self.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}

    def set(self, template=None, **parameters):
        """Sets these parameters, and returns how the update ended. No change set: the emulator's know no conditions."""
        others = [name for name in self.parameters() if name not in parameters]
        kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in others]
        new = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        of_template = {"TemplateURL": template} if template else {"UsePreviousTemplate": True}
        self.cloudformation.update_stack(
            StackName=STACK, **of_template, Parameters=kept + new, Capabilities=capabilities
        )
        return wait_for("the update", lambda: (now := self.status()).endswith(("_COMPLETE", "_FAILED")) and now)

    def put_log_object(self, key, records):
        body = gzip.compress(b"".join(json.dumps(record).encode() + b"\n" for record in records))
        self.s3.put_object(Bucket=self.outputs["LogBucket"], Key=key, Body=body)

    def send(self, queue_output, body):
        self.sqs.send_message(QueueUrl=self.outputs[queue_output], MessageBody=body)

    def records(self, request_id, kind):
        """The items of a request whose sort key begins with the kind."""
        table = self.dynamodb.Table(self.outputs["RecordsTable"])
        condition = Key("request_id").eq(request_id) & Key("record").begins_with(f"{kind}#")
        return table.query(KeyConditionExpression=condition, ConsistentRead=True)["Items"]

    def states(self, resource, version):
        """What a resource looked like, the oldest first."""
        table = self.dynamodb.Table(self.outputs["StatesTable"])
        condition = Key("subject").eq(f"state/{resource}@{version}")
        return table.query(KeyConditionExpression=condition, ConsistentRead=True)["Items"]

    def deliveries(self, key):
        """The items of a log object, without its rejected records."""
        table = self.dynamodb.Table(self.outputs["DeliveriesTable"])
        condition = Key("object").eq(f"s3://{self.outputs['LogBucket']}/{key}")
        items = table.query(KeyConditionExpression=condition, ConsistentRead=True)["Items"]
        return [item for item in items if "#reject#" not in item["version_id"]]

    def waiting(self, queue_url):
        """How many messages are on the queue, in flight or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def matches(self, rule_output, event, bus="default"):
        # AWS names a rule of another bus `<bus>|<rule>`, the emulator by its name alone
        name = self.outputs[rule_output].rpartition("|")[2]
        pattern = self.events.describe_rule(Name=name, EventBusName=bus)["EventPattern"]
        return self.events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]

    def function_logs(self):
        """The log lines of every function."""
        for name, group in self.resources.items():
            if name.endswith("LogGroup"):
                try:
                    events = self.logs.filter_log_events(logGroupName=group)["events"]
                except self.logs.exceptions.ResourceNotFoundException:
                    continue  # of a function that was taken away
                yield group, [event["message"].rstrip() for event in events]


class Subscriber:
    """A queue subscribed to a topic, which keeps all that it has received."""

    def __init__(self, stack, name, topic, filter_policy=None):
        self.sqs = stack.sqs
        self.url = stack.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.received = []
        arn = stack.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        stack.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        attributes = {"FilterPolicy": json.dumps(filter_policy)} if filter_policy else {}
        stack.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)

    def drain(self):
        """Everything received so far, as the notifications that SNS wraps messages in."""
        while True:
            messages = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                return self.received
            for message in messages:
                self.received.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def drain_until_silent(self):
        """Everything received, once nothing more came for some seconds."""
        quiet_since, count = time.monotonic(), len(self.drain())
        while time.monotonic() - quiet_since < SILENCE:
            time.sleep(0.2)
            if len(self.drain()) != count:
                quiet_since, count = time.monotonic(), len(self.received)
        return self.received


# ---------------------------------------------------------------- what is sent


def incident_invocations():
    return [json.loads(line) for line in (INCIDENT / "invocations.ndjson").read_text().splitlines()]


def incident_changes():
    """The incident's changes as EventBridge delivers them, the same ones in every call."""
    envelopes = [json.loads(path.read_text()) for path in sorted((INCIDENT / "changes").glob("*.json"))]
    # one of them has no id, category or readOnly, which real events have: no rule would pass it
    changes = [envelope for envelope in envelopes if "eventID" in envelope["detail"]]
    for nth, envelope in enumerate(changes):
        envelope["time"] = envelope["detail"]["eventTime"] = happened(nth)
    return changes


def happened(nth):
    """When a change of the incident happens: one a second, in their order."""
    return (STARTED + datetime.timedelta(seconds=nth)).strftime("%Y-%m-%dT%H:%M:%SZ")


def update_guardrail():
    return next(e for e in incident_changes() if e["detail"]["eventName"] == "UpdateGuardrail")


def object_created(bucket, key, **version):
    """An object's arrival as S3 tells EventBridge."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": "2026-10-15T15:30:05Z",
        "region": REGION,
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {"key": key, "size": 512, "etag": "0" * 32, "sequencer": "0062E99A88DC407460", **version},
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "bedrock.amazonaws.com",
            "reason": "PutObject",
        },
    }


def event_id(detail):
    return detail.get("sharedEventID") or detail["eventID"]


def person(identity):
    """The name that an alert must show: the user, or the session of an assumed role."""
    return identity.get("userName") or identity["arn"].rsplit("/", 1)[-1]


# ---------------------------------------------------------------- the checks


def check_outputs(stack):
    """the stack has the outputs that the command line and the README name"""
    expected = {"RecordsTable", "StatesTable", "DeliveriesTable", "AuditBucket", "LogBucket"}
    expected |= {"AlertTopicArn", "ChangesTopicArn", "IndexInvocationsQueueUrl", "RecordChangesQueueUrl"}
    expected |= {"BodyQueueUrl", "IndexTrailQueueUrl", "ReadBaselineQueueUrl", "RecordAttributionsQueueUrl"}
    expected |= {"IndexInvocationsRule", "RecordChangesRule", "IndexTrailRule", "ReadBaselineDeploymentRule"}
    expected |= {"ApplicationBus", "ApplicationBusArn", "ApplicationPolicyArn", "RecordAttributionsFunction"}
    expected |= {"RecordAttributionsRule", "InvocationLogGroup", "InvocationLogRoleArn"}
    expected |= {"IndexLogEventsFunction", "IndexLogEventsDeadLetterQueueUrl"}
    equal("missing outputs", expected - stack.outputs.keys(), set())


def check_key(stack):
    """a key of the stack's own, which is rotated, encrypts its queues and logs"""
    # and its tables, buckets and topics, whose keys the emulator drops
    arn, kms = stack.outputs["KeyArn"], stack.emulator.client("kms")
    equal("rotation", kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"], True)
    equal("alias", kms.describe_key(KeyId=f"alias/{STACK}")["KeyMetadata"]["Arn"], arn)
    for name, physical in stack.resources.items():
        key = arn
        if name.endswith("Queue"):
            got = stack.sqs.get_queue_attributes(QueueUrl=physical, AttributeNames=["KmsMasterKeyId"])
            key = got["Attributes"].get("KmsMasterKeyId")
        elif name.endswith("LogGroup"):
            (group,) = stack.logs.describe_log_groups(logGroupNamePrefix=physical)["logGroups"]
            key = group.get("kmsKeyId")
        equal(f"key of {name}", key, arn)


def check_log_rule(stack):
    """the log rule passes log objects, and not the permission check"""
    bucket, folder = stack.outputs["LogBucket"], LOG_KEY.rpartition("/")[0]
    cases = {
        LOG_KEY: True,
        # by design: a rule cannot exclude it, the function drops it
        f"{folder}/data/5d0c7f3e_input.json.gz": True,
        f"AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/{REGION}/amazon-bedrock-logs-permission-check": False,
        f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/10/15/events.json.gz": False,
    }
    for key, expected in cases.items():
        equal(key, stack.matches("IndexInvocationsRule", object_created(bucket, key)), expected)
    equal("another bucket", stack.matches("IndexInvocationsRule", object_created("another", LOG_KEY)), False)


def check_change_rule(stack):
    """the change rule passes changes, and neither reads nor job states"""
    hit, read, job, data = (update_guardrail() for _ in range(4))
    read["detail"]["readOnly"] = True
    job["detail-type"] = "Batch Inference Job State Change"
    data["detail"]["eventCategory"] = "Data"
    equal("UpdateGuardrail", stack.matches("RecordChangesRule", hit), True)
    equal("with readOnly true", stack.matches("RecordChangesRule", read), False)
    equal("a batch job's state", stack.matches("RecordChangesRule", job), False)
    equal("a data event", stack.matches("RecordChangesRule", data), False)
    for envelope in incident_changes():
        equal(envelope["detail"]["eventName"], stack.matches("RecordChangesRule", envelope), True)


def watched(part):
    """The cases of a part of the table of watched calls: each a call, and one that is nearly one."""
    own = {
        "bedrock-audit-logbucket-5k2m9q7x1v3c": "LogBucket",
        "bedrock-audit-auditbucket-8h4t6w2z0b1n": "AuditBucket",
    }
    for path in sorted((ROOT / "events" / "watch").glob(f"{part}.ndjson")):
        for line in path.read_text().splitlines():
            yield path.stem, json.loads(line), own


def through_cloudtrail(record):
    source = record["eventSource"].partition(".")[0]
    envelope = {"version": "0", "id": record["eventID"], "detail-type": "AWS API Call via CloudTrail"}
    envelope |= {"source": f"aws.{source}", "account": ACCOUNT, "time": record["eventTime"]}
    return envelope | {"region": record["awsRegion"], "resources": [], "detail": record}


def check_watch_rules(stack):
    """each watched call and deletion passes one rule, and what is on others' resources none that can tell"""
    rules = ("WatchRule", "WatchStorageRule", "WatchLogGroupsRule", "WatchDeliveryRule", "WatchObjectsRule")
    for part, case, own in watched("*"):
        for member, expected in (("hit", 1), ("miss", 0)):
            event = case[member] if part == "objects" else through_cloudtrail(case[member])
            text = json.dumps(event)
            for name, output in own.items():
                text = text.replace(name, stack.outputs[output])
            passed = [rule for rule in rules if stack.matches(rule, json.loads(text))]
            if member == "miss":
                passed = [rule for rule in passed if rule != "WatchRule"]
            equal(f"{member} of {case.get('operation', part)}", len(passed), expected)


def check_watched(stack):
    """a call that the ledger decides counts once the ledger knows its resource"""
    case = next(case for _, case, _ in watched("schedules") if case["operation"] == "DeleteSchedule")
    for member in ("known", "hit"):
        record = case[member]
        record["eventTime"] = happened(0)
        stack.send("RecordChangesQueueUrl", json.dumps(through_cloudtrail(record)))
        wait_for(f"the alert about {record['eventName']}", lambda: change_records(stack, record, "alert"))


def check_forwarder(stack):
    """the forwarder sends from another region what is reported there alone, to where the stack's rule takes it"""
    abroad = "us-east-1"
    cloudformation = boto3.client("cloudformation", endpoint_url=stack.emulator.url, region_name=abroad)
    cloudformation.create_stack(
        StackName=f"{STACK}-forwarder",
        TemplateBody=(ROOT / "forwarder.yaml").read_text(),
        Parameters=[{"ParameterKey": "StackRegion", "ParameterValue": REGION}],
        Capabilities=["CAPABILITY_IAM"],
    )

    def deployed():
        (forwarder,) = cloudformation.describe_stacks(StackName=f"{STACK}-forwarder")["Stacks"]
        equal("failed", "ROLLBACK" in forwarder["StackStatus"] or "FAILED" in forwarder["StackStatus"], False)
        return forwarder["StackStatus"] == "CREATE_COMPLETE" and forwarder

    outputs = {output["OutputKey"]: output["OutputValue"] for output in wait_for("it", deployed)["Outputs"]}
    events = boto3.client("events", endpoint_url=stack.emulator.url, region_name=abroad)
    rule = outputs["ForwardRule"]
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    equal("target", target["Arn"], f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default")
    pattern = events.describe_rule(Name=rule)["EventPattern"]
    forwarded = {"cloudtrail.amazonaws.com", "iam.amazonaws.com", "organizations.amazonaws.com"}
    for part, case, _ in watched("*"):
        if part == "objects":
            continue
        event = through_cloudtrail(case["hit"])
        passed = events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]
        equal(case["operation"], passed, case["hit"]["eventSource"] in forwarded)
        if passed:
            equal(f"{case['operation']} in the stack", stack.matches("WatchRule", event), True)


def check_invocations(stack):
    """a log object becomes one invocation for each of its records"""
    records = incident_invocations()
    stack.put_log_object(LOG_KEY, records)
    for record in records:
        request_id = record["requestId"]
        wait_for(f"the invocation of {request_id}", lambda: stack.records(request_id, "invocation"))


def check_delivery_counts(stack):
    """the delivery counts every record: received = indexed + duplicate + rejected + ignored"""
    (delivery,) = wait_for("the delivery", lambda: [d for d in stack.deliveries(LOG_KEY) if d.get("status") == "done"])
    equal("received", delivery["received"], len(incident_invocations()))
    parts = ("indexed", "duplicate", "rejected", "ignored")
    equal(" + ".join(parts), sum(delivery.get(part, 0) for part in parts), delivery["received"])


def check_invocations_again(stack):
    """the same log object delivered again, with the version id that the emulator omits, adds no invocation"""
    bucket, queue = stack.outputs["LogBucket"], stack.outputs["IndexInvocationsQueueUrl"]
    requests = {record["requestId"] for record in incident_invocations()}
    before = {request: len(stack.records(request, "invocation")) for request in requests}
    version = stack.s3.head_object(Bucket=bucket, Key=LOG_KEY)["VersionId"]
    stack.send("IndexInvocationsQueueUrl", json.dumps(object_created(bucket, LOG_KEY, **{"version-id": version})))
    wait_for("the queue to be empty", lambda: stack.waiting(queue) == 0)
    equal("invocations", {request: len(stack.records(request, "invocation")) for request in requests}, before)


def check_backfill(stack):
    """a backfill reads an older bucket into the stack's tables, keeps records as the stack does, and what is live stays"""
    live = stack.deliveries(LOG_KEY)
    stack.s3.create_bucket(Bucket="older-logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    older = json.loads((ROOT / "events" / "invocations" / "converse.json").read_text())
    older["requestId"] = "backfilled"
    records = [*incident_invocations(), older]
    body = gzip.compress(b"".join(json.dumps(record).encode() + b"\n" for record in records))
    stack.s3.put_object(Bucket="older-logs", Key=LOG_KEY.replace("2026/10/15", "2026/09/15"), Body=body)
    places = ["s3://older-logs/", f"s3://{stack.outputs['LogBucket']}/"]
    command = [*COMMAND_LINE, "--stack", STACK, "--json", "index"]

    def index(*arguments):
        done = subprocess.run([*command, *arguments], cwd=ROOT, env=stack.emulator.environment, capture_output=True, text=True)
        equal("status and complaints", (done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    equal("planned objects", index("--dry-run", places[0])["objects"], 1)
    equal("written by a dry run", stack.records("backfilled", "invocation"), [])
    summary = index(*places)
    equal("indexed", (summary["indexed"], summary["rejected"]), (1, 0))
    (invocation,) = stack.records("backfilled", "invocation")
    kept = datetime.datetime.fromisoformat(invocation["occurred_at"]) + datetime.timedelta(days=500)
    equal("kept until", int(invocation["expires_at"]), int(kept.timestamp()))
    equal("the live delivery", stack.deliveries(LOG_KEY), live)
    equal("passed over later", index("--resume", *places)["passed_over"], 2)


def check_bodies(stack):
    """a body beside the log is read, though it lands after its record"""
    # the template's own delay is a minute
    stack.sqs.set_queue_attributes(QueueUrl=stack.outputs["BodyQueueUrl"], Attributes={"DelaySeconds": "2"})
    record = json.loads((ROOT / "events" / "invocations" / "offloaded-input.json").read_text())
    key = record["input"]["inputBodyS3Path"].split("/", 3)[3]
    record["input"]["inputBodyS3Path"] = f"s3://{stack.outputs['LogBucket']}/{key}"
    stack.put_log_object(LOG_KEY.replace("T153000", "T153001"), [record])
    (first,) = wait_for("the incomplete record", lambda: stack.records(record["requestId"], "invocation"))
    equal("completeness", first["completeness"], 0)
    body = {"system": [{"text": "You are a claims assistant."}], "messages": []}
    stack.s3.put_object(Bucket=stack.outputs["LogBucket"], Key=key, Body=gzip.compress(json.dumps(body).encode()))
    complete = lambda: [i for i in stack.records(record["requestId"], "invocation") if i["completeness"] == 1]
    (second,) = wait_for("the complete record", complete)
    equal("system prompt", second["system_prompt_status"], "recorded")


def check_log_events(stack):
    """an event of the log group becomes an invocation; one that came as an object too, in other bytes, stays one"""
    group, stream = stack.outputs["InvocationLogGroup"], "aws/bedrock/modelinvocations"
    stack.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    new = json.loads((ROOT / "events" / "invocations" / "converse.json").read_text()) | {"requestId": str(uuid.uuid4())}
    known = incident_invocations()[7]
    messages = ["Permissions are correctly set for Amazon Bedrock logs.", json.dumps(new), json.dumps(known, indent=1)]
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    stack.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    (item,) = wait_for("the invocation", lambda: stack.records(new["requestId"], "invocation"))
    equal("evidence", (item["evidence"]["log_group"], item["evidence"]["log_stream"]), (group, stream))
    deliveries = stack.dynamodb.Table(stack.outputs["DeliveriesTable"])
    of_group = lambda: [d for d in deliveries.scan()["Items"] if d["object"].startswith(f"logs://{group}/{stream}/")]
    (delivery,) = wait_for("the delivery", of_group)
    counts = {name: delivery[name] for name in ("received", "indexed", "duplicate", "rejected", "ignored")}
    equal("counts", counts, {"received": 3, "indexed": 1, "duplicate": 1, "rejected": 0, "ignored": 1})
    equal("the known one", len(stack.records(known["requestId"], "invocation")), 1)


def check_failed_log_events(stack):
    """events that fail three times end in the dead-letter queue, and are taken from there by one invocation"""
    function, queue = (stack.outputs[f"IndexLogEvents{name}"] for name in ("Function", "DeadLetterQueueUrl"))
    record = json.loads((ROOT / "events" / "invocations" / "converse.json").read_text()) | {"requestId": "failed"}
    event = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s"}
    event["logEvents"] = [{"id": "1", "timestamp": 1, "message": json.dumps(record)}]
    data = base64.b64encode(gzip.compress(json.dumps(event).encode())).decode()
    aws_lambda = stack.emulator.client("lambda")
    # broken off: it fails every time
    broken = json.dumps({"awslogs": {"data": data[: len(data) // 8 * 4]}})
    aws_lambda.invoke(FunctionName=function, InvocationType="Event", Payload=broken)
    take = lambda: stack.sqs.receive_message(QueueUrl=queue).get("Messages", [])
    (message,) = wait_for("the dead letter", take, 3 * ARRIVES)
    failed = json.loads(message["Body"])
    equal("what failed", failed["requestPayload"], json.loads(broken))
    # as if it had been whole, and the tables not to be reached
    failed["requestPayload"]["awslogs"]["data"] = data
    answer = aws_lambda.invoke(FunctionName=function, Payload=json.dumps(failed))
    equal("answer", json.loads(answer["Payload"].read())["indexed"], 1)
    equal("invocations", len(stack.records("failed", "invocation")), 1)
    stack.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def check_new_prompt(stack):
    """a system prompt that nobody used before is told to people and machines, after its caller's first week"""
    record = json.loads((ROOT / "events" / "invocations" / "converse.json").read_text())
    record["identity"] = {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/drifting-app/session"}
    for days, prompt in ((8, "Be kind."), (0, "Be rude.")):
        when = STARTED - datetime.timedelta(days=days)
        record.update(timestamp=when.strftime("%Y-%m-%dT%H:%M:%SZ"), requestId=str(uuid.uuid4()))
        record["input"]["inputBodyJson"]["system"] = [{"text": prompt}]
        key = LOG_KEY.replace("T153000", f"T15301{days}")
        stack.put_log_object(key, [record])
        wait_for(f"the delivery of {days} days ago", lambda: stack.deliveries(key))
    told = lambda subscriber: [n for n in subscriber.drain() if "drifting-app" in n["Message"]]
    (alert,) = wait_for("the alert", lambda: told(stack.alerts))
    equal("severity", alert["MessageAttributes"]["severity"]["Value"], "info")
    if "rude" in alert["Message"] or record["requestId"] not in alert["Message"]:
        raise AssertionError(f"the alert says {alert['Message']}")
    (published,) = wait_for("the same as JSON", lambda: told(stack.changes))
    equal("request id", json.loads(published["Message"])["request_id"], record["requestId"])


def check_changes(stack):
    """every change is recorded under its request id"""
    for nth, envelope in enumerate(incident_changes()):
        stack.emulator.bedrock.put_states_after(nth + 1)
        stack.send("RecordChangesQueueUrl", json.dumps(envelope))
        detail, name = envelope["detail"], envelope["detail"]["eventName"]
        wait_for(f"the record of {name}", lambda: change_records(stack, detail))
        # the mark is put last: then nothing of this change is read after the next one happened
        wait_for(f"the mark of the alert about {name}", lambda: change_records(stack, detail, "alert"))


def change_records(stack, detail, kind="change"):
    items = stack.records(detail.get("requestID") or event_id(detail), kind)
    return [item for item in items if item["record"] == f"{kind}#{event_id(detail)}"]


def check_states(stack):
    """a changed guardrail is alerted with what changed"""
    detail = update_guardrail()["detail"]
    (diff,) = change_records(stack, detail, "diff")
    equal("read", (diff["read"], diff.get("reason")), ("ok", None))
    equal("verdict", diff["verdict"], "weaker")
    equal("fields", {field["path"] for field in diff["fields"]}, WEAKENED)
    before, after = stack.states(f"{ACCOUNT}/{REGION}/guardrail/gr4k2p9x7wzq", "DRAFT")
    equal("states", (before["sha256"], after["sha256"]), (diff["state_before"], diff["state_after"]))
    equal("cause", after["cause"], event_id(detail))
    (alert,) = [n for n in stack.alerts.drain() if n["Subject"].startswith("[critical, weaker] UpdateGuardrail on ")]
    equal("fields that the alert leaves out", {path for path in WEAKENED if path not in alert["Message"]}, set())
    (published,) = published_with(stack, event_id(detail))
    equal("verdict as JSON", json.loads(published["Message"])["verdict"], "weaker")


def check_reads(stack):
    """every change of something that can be read was read"""
    for envelope in incident_changes():
        detail = envelope["detail"]
        expected = [] if "errorCode" in detail else ["ok"]
        equal(detail["eventName"], [diff["read"] for diff in change_records(stack, detail, "diff")], expected)


def check_alerts(stack):
    """every change is alerted to people, naming the call and who made it"""
    for envelope in incident_changes():
        detail = envelope["detail"]
        name, who = detail["eventName"], person(detail["userIdentity"])
        wait_for(
            f"an alert that names {name} and {who}",
            lambda: [n for n in stack.alerts.drain() if name in alert_text(n) and who in alert_text(n)],
        )


def alert_text(notification):
    return f"{notification.get('Subject') or ''}\n{notification['Message']}"


def check_published_changes(stack):
    """every change is published as JSON, with the attributes that subscriptions filter by"""
    for envelope in incident_changes():
        identity, name = event_id(envelope["detail"]), envelope["detail"]["eventName"]
        published = wait_for(f"{name} as JSON", lambda: published_with(stack, identity))
        equal(f"messages for {name}", len(published), 1)
        equal("event_name", json.loads(published[0]["Message"])["event_name"], name)
        attributes = published[0].get("MessageAttributes", {})
        equal("attribute event_name", attributes.get("event_name", {}).get("Value"), name)
        if not attributes.get("severity", {}).get("Value"):
            raise AssertionError(f"{name}: no attribute severity")


def published_with(stack, identity):
    return [n for n in stack.changes.drain() if json.loads(n["Message"]).get("event_id") == identity]


def check_changes_again(stack):
    """the same changes delivered again add no record and no alert"""
    before = [len(subscriber.drain_until_silent()) for subscriber in (stack.alerts, stack.changes)]
    guardrail = (f"{ACCOUNT}/{REGION}/guardrail/gr4k2p9x7wzq", "DRAFT")
    states = stack.states(*guardrail)
    for envelope in incident_changes():
        stack.send("RecordChangesQueueUrl", json.dumps(envelope))
    wait_for("the queue to be empty", lambda: stack.waiting(stack.outputs["RecordChangesQueueUrl"]) == 0)
    for envelope in incident_changes():
        equal(envelope["detail"]["eventName"], len(change_records(stack, envelope["detail"])), 1)
    after = [len(subscriber.drain_until_silent()) for subscriber in (stack.alerts, stack.changes)]
    equal("alerts and published changes", after, before)
    equal("states", stack.states(*guardrail), states)


def check_trail(stack):
    """a change whose event was dropped is found in the trail's file and alerted; its event adds nothing later"""
    envelope = json.loads((ROOT / "events" / "changes" / "UpdateAgent.json").read_text())
    envelope["time"] = envelope["detail"]["eventTime"] = happened(0)
    detail = envelope["detail"]
    body = gzip.compress(json.dumps({"Records": [detail]}).encode())
    stack.s3.put_object(Bucket=TRAIL, Key=TRAIL_KEY, Body=body)
    (change,) = wait_for("the change", lambda: change_records(stack, detail))
    equal("origin", change["origin"], "trail")
    wait_for("its alert", lambda: change_records(stack, detail, "alert"))
    stack.send("RecordChangesQueueUrl", json.dumps(envelope))
    wait_for("the queue to be empty", lambda: stack.waiting(stack.outputs["RecordChangesQueueUrl"]) == 0)
    stack.changes.drain_until_silent()
    equal("published", len(published_with(stack, event_id(detail))), 1)
    digest = object_created(TRAIL, TRAIL_KEY.replace("/CloudTrail/", "/CloudTrail-Digest/"))
    equal("a digest", stack.matches("IndexTrailRule", digest), False)


def check_deployment_rule(stack):
    """the deployment of this stack begins a baseline, and no other one's"""
    (described,) = stack.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    for stack_id, status, expected in (
        (described["StackId"], "CREATE_COMPLETE", True),
        (described["StackId"], "UPDATE_COMPLETE", True),
        (described["StackId"], "UPDATE_IN_PROGRESS", False),
        (f"{described['StackId']}-another", "UPDATE_COMPLETE", False),
    ):
        detail = {"stack-id": stack_id, "status-details": {"status": status, "status-reason": ""}}
        event = event_of("aws.cloudformation", "CloudFormation Stack Status Change", detail)
        equal(status, stack.matches("ReadBaselineDeploymentRule", event), expected)


def event_of(source, detail_type, detail):
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [],
        "detail": detail,
    }


def check_baseline(stack):
    """a baseline alerts on what no event told, once it was seen for half an hour"""
    guardrail = f"{ACCOUNT}/{REGION}/guardrail/gr4k2p9x7wzq"
    before = len(stack.states(guardrail, "DRAFT"))
    # the service dates it before what is known: nothing says when it was edited
    earlier = STARTED - datetime.timedelta(hours=1)
    edited = answer("guardrail-DRAFT-thursday.json", earlier.isoformat()) | {"name": "edited-without-an-event"}
    stack.emulator.bedrock.put({**LISTS, f"{GUARDRAIL}@DRAFT": edited})
    begin = lambda: stack.send("ReadBaselineQueueUrl", json.dumps(event_of("aws.events", "Scheduled Event", {})))
    begin()
    table = stack.dynamodb.Table(stack.outputs["StatesTable"])
    sights = Key("subject").eq(f"sight/{guardrail}@DRAFT")
    (sight,) = wait_for("the first sight", lambda: table.query(KeyConditionExpression=sights)["Items"])
    equal("states", len(stack.states(guardrail, "DRAFT")), before)
    # half an hour is long
    table.put_item(Item={**sight, "seen_at": earlier.strftime("%Y-%m-%dT%H:%M:%S.000Z")})
    begin()
    drift = lambda: [n for n in stack.alerts.drain() if "Drift on guardrail/gr4k2p9x7wzq" in (n.get("Subject") or "")]
    (alert,) = wait_for("the alert", drift)
    if "who:       no event tells who" not in alert["Message"] or "name: " not in alert["Message"]:
        raise AssertionError(alert["Message"])
    wait_for("the state", lambda: len(stack.states(guardrail, "DRAFT")) == before + 1)
    stack.emulator.bedrock.put_states_after(len(incident_changes()))


def check_attributions(stack):
    """a response that an application puts on the stack's bus becomes sources, and tells which documents they are from"""
    event = attribution_event("incident-retrieve")
    put_event(stack, event)
    request_id = event["detail"]["response"]["ResponseMetadata"]["RequestId"]
    (attribution,) = wait_for("the attribution", lambda: stack.records(request_id, "attribution"))
    sources = stack.records(request_id, "source")
    results = event["detail"]["response"]["retrievalResults"]
    uris = [result["location"]["s3Location"]["uri"] for result in results]
    equal("documents", [source["source_uri"] for source in sources], uris)
    equal("sent by", (attribution["sent_by"], attribution["sender_account_id"]), ("event", ACCOUNT))
    equal("attribution", (attribution["sources"], attribution["only_cited"]), (len(results), False))
    states = stack.dynamodb.Table(stack.outputs["StatesTable"])
    for source in sources:
        keys = {"subject": f"passage/{source['text_sha256']}", "version": source["source_uri"]}
        equal("the passage's document", states.get_item(Key=keys)["Item"]["document_uri"], source["source_uri"])
    listed = states.query(KeyConditionExpression=Key("subject").eq("documents/s3://example-mutual-policies"))["Items"]
    equal("listed documents", {item["document_uri"] for item in listed}, set(uris))
    # the same once more
    put_event(stack, event)
    wait_for("the queue to be empty", lambda: stack.waiting(stack.outputs["RecordAttributionsQueueUrl"]) == 0)
    equal("attributions", len(stack.records(request_id, "attribution")), 1)
    equal("sources", stack.records(request_id, "source"), sources)
    bus, rule = stack.outputs["ApplicationBus"], "RecordAttributionsRule"
    equal("the event", stack.matches(rule, event, bus), True)
    for name, value in (("source", "another.application"), ("detail-type", "Another Response")):
        equal(f"another {name}", stack.matches(rule, {**event, name: value}, bus), False)


def check_attribution_by_location(stack):
    """a response too large for an event is read from the audit bucket, by the event or by direct invocation"""
    event = attribution_event("by-location")
    response = attribution_event("incident-retrieve")["detail"]["response"]
    key, request_id = event["detail"]["response_location"], event["detail"]["request_id"]
    stack.s3.put_object(Bucket=stack.outputs["AuditBucket"], Key=key, Body=json.dumps(response))
    put_event(stack, event)
    wait_for("the attribution", lambda: stack.records(request_id, "attribution"))
    equal("sources", len(stack.records(request_id, "source")), 3)
    location = f"s3://{stack.outputs['AuditBucket']}/{key}"
    answer = invoke_directly(stack, {"request_id": "direct", "response_location": location})
    equal("answer", (answer.get("request_id"), answer.get("sources")), ("direct", 3))
    refused = invoke_directly(stack, {"response_location": f"s3://{stack.outputs['LogBucket']}/{LOG_KEY}"})
    equal("a location elsewhere", refused.get("errorType"), "AttributionNotRecorded")


def check_application_policy(stack):
    """who has the policy for applications may send responses, and nothing else; who has not, nothing at all"""
    bus, bucket = stack.outputs["ApplicationBus"], stack.outputs["AuditBucket"]
    detail = json.dumps(attribution_event("incident-retrieve")["detail"])
    ours = {"Source": "bedrock-audit.application", "DetailType": "Knowledge Base Response", "Detail": detail}
    foreign = {**ours, "Source": "aws.bedrock.imitated"}

    def put(events, *entries):
        return is_allowed(events, "put_events", {"Entries": list(entries)})

    for name, policy in (("with-policy", stack.outputs["ApplicationPolicyArn"]), ("without-policy", None)):
        user = stack.user(name, policy)
        events, s3, has = user("events"), user("s3"), policy is not None
        equal(f"{name}: a response", put(events, {**ours, "EventBusName": bus}), has)
        refused = (
            ("another source", [{**foreign, "EventBusName": bus}]),
            ("another source beside a response", [{**ours, "EventBusName": bus}, {**foreign, "EventBusName": bus}]),
            ("another bus", [ours]),
        )
        for what, entries in refused:
            equal(f"{name}: {what}", put(events, *entries), False)
        key = f"responses/{name}.json"
        own, evidence = {"Bucket": bucket, "Key": key}, {"Bucket": bucket, "Key": "events/x"}
        equal(f"{name}: a large response", is_allowed(s3, "put_object", {**own, "Body": b"{}"}), has)
        equal(f"{name}: evidence", is_allowed(s3, "put_object", {**evidence, "Body": b"{}"}), False)
        equal(f"{name}: reading it", is_allowed(s3, "get_object", own), False)


def check_examples(stack):
    """the examples in Python and Rust send responses of any size, which become sources"""
    rust = ["cargo", "run", "--quiet", "--locked", "--example", "send_response", "--"]
    # built before its time counts
    subprocess.run(["cargo", "build", *rust[2:-1]], cwd=ROOT, check=True)
    for language, command in (("python", [sys.executable, str(ROOT / "examples" / "send_response.py")]), ("rust", rust)):
        event = attribution_event("incident-answer")
        response = event["detail"]["response"]
        request_id = f"{language}-{response.pop('ResponseMetadata')['RequestId']}"
        run_example(stack, command, request_id, response)
        (attribution,) = wait_for("the attribution", lambda: stack.records(request_id, "attribution"))
        equal("sent by", (attribution["sent_by"], attribution["sender_account_id"]), ("event", ACCOUNT))
        (source,) = stack.records(request_id, "source")
        (reference,) = response["citations"][0]["retrievedReferences"]
        equal("document", source["source_uri"], reference["location"]["s3Location"]["uri"])
        # too large for an event
        reference["content"]["text"] *= 3000
        large = f"{request_id}-large"
        run_example(stack, command, large, response)
        (attribution,) = wait_for("the large one", lambda: stack.records(large, "attribution"))
        equal("response", attribution["response_key"], f"responses/{large}.json")
        equal("sources of the large one", len(stack.records(large, "source")), 1)


def run_example(stack, command, request_id, response):
    """Runs an example with a knowledge base that gives this response."""
    with knowledge_base(request_id, response) as url:
        outputs = [stack.outputs["ApplicationBus"], stack.outputs["AuditBucket"]]
        asked = ["KB7QX2M9LP", "arn:aws:bedrock:eu-central-1::foundation-model/m", "When is it paid?"]
        done = subprocess.run(
            [*command, *outputs, *asked],
            cwd=ROOT,
            env={**stack.emulator.environment, "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": url},
            capture_output=True,
            text=True,
            timeout=ARRIVES,
        )
    equal("status of the example", (done.returncode, done.stderr), (0, ""))
    equal("what it prints", done.stdout.strip(), response["output"]["text"])


@contextlib.contextmanager
def knowledge_base(request_id, response):
    """A knowledge base on loopback, which the emulator has none of: it answers every question in this way."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(response).encode()
            self.send_response(200 if self.path == "/retrieveAndGenerate" else 404)
            for name, value in (("Content-Type", "application/json"), ("x-amzn-RequestId", request_id)):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def attribution_event(name):
    return json.loads((ROOT / "events" / "attributions" / f"{name}.json").read_text())


def put_event(stack, event):
    """Puts an event on the stack's own bus, as an application does."""
    entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
    answer = stack.events.put_events(Entries=[{"EventBusName": stack.outputs["ApplicationBus"], **entry}])
    equal("failed entries", answer["FailedEntryCount"], 0)


def invoke_directly(stack, detail):
    answer = stack.emulator.client("lambda").invoke(
        FunctionName=stack.outputs["RecordAttributionsFunction"], Payload=json.dumps(detail)
    )
    return json.loads(answer["Payload"].read())


def check_readers(stack):
    """who may see no text gets facts by their names, and neither texts nor whole items; who may see them, all"""
    request_id = incident_invocations()[0]["requestId"]
    query = {
        "TableName": stack.outputs["RecordsTable"],
        "KeyConditionExpression": "request_id = :id",
        "ExpressionAttributeValues": {":id": {"S": request_id}},
    }
    states = {**query, "TableName": stack.outputs["StatesTable"], "KeyConditionExpression": "subject = :id"}
    facts = {"Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "request_id, kind, principal"}
    text = {"Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "request_id, excerpt"}
    document = {"Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "subject, #text"}
    document["ExpressionAttributeNames"] = {"#text": "text"}
    cases = {
        "facts": ("query", {**query, **facts}, True),
        "everything": ("query", query, False),
        "excerpts": ("query", {**query, **text}, False),
        "documents": ("query", {**states, **document}, False),
        "a whole item": ("get_item", {"TableName": query["TableName"], "Key": first_key(stack, request_id)}, False),
        "a scan": ("scan", {"TableName": query["TableName"]}, False),
        "a put": ("put_item", {"TableName": query["TableName"], "Item": first_key(stack, request_id)}, False),
    }
    readers = {name: stack.user(name, stack.outputs[name]) for name in ("ReaderPolicyArn", "TextReaderPolicyArn")}
    for what, (call, request, shown) in cases.items():
        equal(f"{what} without texts", is_allowed(readers["ReaderPolicyArn"]("dynamodb"), call, request), shown)
        with_texts = call in ("query", "get_item")
        equal(f"{what} with texts", is_allowed(readers["TextReaderPolicyArn"]("dynamodb"), call, request), with_texts)
    raw = {"Bucket": stack.outputs["LogBucket"], "Key": LOG_KEY}
    for policy, shown in (("ReaderPolicyArn", False), ("TextReaderPolicyArn", True)):
        equal(f"raw records with {policy}", is_allowed(readers[policy]("s3"), "get_object", raw), shown)


def first_key(stack, request_id):
    item = stack.records(request_id, "invocation")[0]
    return {name: {"S": item[name]} for name in ("request_id", "record")}


def is_allowed(client, call, request):
    try:
        getattr(client, call)(**request)
    except client.exceptions.ClientError as error:
        equal("error", error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), True)
        return False
    return True


def check_logging_is_on(stack):
    """the deployment switched invocation logging on, into its own bucket and log group, and kept that it was off before"""
    configured = stack.emulator.bedrock.logging()
    equal("places", {name for name in configured if name.endswith("Config")}, {"s3Config", "cloudWatchConfig"})
    bucket = {"bucketName": stack.outputs["LogBucket"]}
    equal("bucket", configured["s3Config"], bucket)
    group = {"logGroupName": stack.outputs["InvocationLogGroup"], "roleArn": stack.outputs["InvocationLogRoleArn"]}
    equal("log group", configured["cloudWatchConfig"], {**group, "largeDataDeliveryS3Config": bucket})
    flags = {name: value for name, value in configured.items() if name.endswith("Enabled")}
    equal("flags", (len(flags), set(flags.values())), (5, {True}))
    kept = stack.s3.get_object(Bucket=stack.outputs["AuditBucket"], Key="invocation-logging/1/before.json")
    equal("before", json.loads(kept["Body"].read())["loggingConfig"], None)


def check_logging_goes_back(stack):
    """without ManageInvocationLogging the stack's own configuration goes, and somebody else's stays and is not replaced"""
    bedrock = stack.emulator.bedrock
    bedrock.put({LOGGING: {"loggingConfig": {"s3Config": {"bucketName": stack.outputs["LogBucket"]}}}})
    equal("an update", stack.set(ManageInvocationLogging="false"), "UPDATE_COMPLETE")
    equal("what is configured", bedrock.logging(), None)
    theirs = {"s3Config": {"bucketName": "their-logs"}, "textDataDeliveryEnabled": True}
    bedrock.put({LOGGING: {"loggingConfig": theirs}})
    equal("an update", stack.set(ManageInvocationLogging="true"), "UPDATE_ROLLBACK_COMPLETE")
    events = stack.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    reasons = [event.get("ResourceStatusReason") or "" for event in events]
    if not any("s3://their-logs" in reason and "OverwriteInvocationLogging" in reason for reason in reasons):
        raise AssertionError(f"nobody says why: {reasons[:5]}")
    equal("what is configured", bedrock.logging(), theirs)
    replaced = stack.set(ManageInvocationLogging="true", OverwriteInvocationLogging="true")
    equal("an update", replaced, "UPDATE_COMPLETE")
    equal("bucket", bedrock.logging()["s3Config"], {"bucketName": stack.outputs["LogBucket"]})
    equal("an update", stack.set(ManageInvocationLogging="false"), "UPDATE_COMPLETE")
    equal("what is configured", bedrock.logging(), theirs)


def check_second_deployment(stack):
    """a second deployment, packaged anew, replaces and changes nothing"""
    before = stack.described_resources()
    stack.package()
    stack.s3.upload_file(str(stack.packaged), "deployment", "again.yaml")
    try:
        equal("an update", stack.set(f"{stack.emulator.url}/deployment/again.yaml"), "UPDATE_COMPLETE")
    except botocore.exceptions.ClientError as error:
        # what CloudFormation says of it
        equal("why", "No updates are to be performed" in str(error), True)
    equal("resources", stack.described_resources(), before)


def check_deletion(stack):
    """deleting the stack takes the functions away, puts invocation logging back, and leaves the evidence: tables, buckets and what is in them"""
    request_id = incident_invocations()[0]["requestId"]
    records, states = stack.records(request_id, "invocation"), stack.states("444455556666/eu-central-1/guardrail/gr4k2p9x7wzq", "DRAFT")
    raw = stack.s3.get_object(Bucket=stack.outputs["LogBucket"], Key=LOG_KEY)["Body"].read()
    theirs = stack.emulator.bedrock.logging()
    equal("an update", stack.set(ManageInvocationLogging="true"), "UPDATE_COMPLETE")
    equal("bucket", stack.emulator.bedrock.logging()["s3Config"], {"bucketName": stack.outputs["LogBucket"]})
    stack.cloudformation.delete_stack(StackName=STACK)

    def is_gone():
        try:
            return stack.status() == "DELETE_COMPLETE"
        except botocore.exceptions.ClientError:
            return True

    wait_for("the stack to be gone", is_gone)
    functions = stack.emulator.client("lambda").list_functions()["Functions"]
    equal("functions", [function["FunctionName"] for function in functions], [])
    equal("what is configured", stack.emulator.bedrock.logging(), theirs)
    equal("records", stack.records(request_id, "invocation"), records)
    equal("states", stack.states("444455556666/eu-central-1/guardrail/gr4k2p9x7wzq", "DRAFT"), states)
    equal("raw", stack.s3.get_object(Bucket=stack.outputs["LogBucket"], Key=LOG_KEY)["Body"].read(), raw)


def check_existing(stack):
    """beside a log bucket, a trail's bucket and a key that were there, as the docs say: doctor mends the log bucket, and its objects are indexed"""
    name, bucket = f"{STACK}-beside", "team-logs"
    stack.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    policy = (ROOT / "docs" / "deploy.md").read_text().partition("```json\n")[2].partition("```")[0]
    for placeholder, value in (("ACCOUNT", ACCOUNT), ("REGION", REGION), ("STACK", name)):
        policy = policy.replace(placeholder, value)
    key = stack.emulator.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    stack.emulator.aws(
        *("cloudformation", "deploy", "--stack-name", name, "--template-file", str(stack.packaged)),
        *("--capabilities", "CAPABILITY_IAM", "--s3-bucket", "deployment"),
        *("--parameter-overrides", "Architecture=x86_64", "AlarmEmail=operators@example.com", f"TrailBucket={TRAIL}"),
        *(f"ExistingLogBucket={bucket}", "LogPrefix=bedrock", f"ExistingKeyArn={key}", "OverwriteInvocationLogging=true"),
    )
    beside = copy.copy(stack)
    (described,) = stack.cloudformation.describe_stacks(StackName=name)["Stacks"]
    beside.outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    equal("key", beside.outputs["KeyArn"], key)
    place = {"bucketName": bucket, "keyPrefix": "bedrock"}
    equal("logs go to", stack.emulator.bedrock.logging()["s3Config"], place)

    def doctor(*more):
        command = [*COMMAND_LINE, "doctor", "--stack", name, "--json", *more]
        done = subprocess.run(command, cwd=ROOT, env=stack.emulator.environment, capture_output=True, text=True)
        return {check["name"]: check["status"] for check in json.loads(done.stdout or "null")["checks"]}

    seen = doctor()
    equal("the bucket", seen["BucketWithoutEventBridge"], "fault")
    equal("the key", seen["KeyDeniesService"], "ok")
    equal("the bucket, mended", doctor("--fix")["BucketWithoutEventBridge"], "ok")
    (record, *_) = incident_invocations()
    beside.outputs["LogBucket"] = bucket
    beside.put_log_object(f"bedrock/{LOG_KEY}", [record])
    wait_for("its invocation", lambda: beside.records(record["requestId"], "invocation"))


def check_email_filter(stack):
    """the e-mail subscription gets alerts, and not those of severity info"""
    topic = stack.outputs["AlertTopicArn"]
    policy = stack.sns.get_subscription_attributes(SubscriptionArn=stack.resources["AlertEmailSubscription"])
    mail = Subscriber(stack, "mail", topic, json.loads(policy["Attributes"]["FilterPolicy"]))
    for severity in ("critical", "info", "low"):
        attributes = {"severity": {"DataType": "String", "StringValue": severity}}
        stack.sns.publish(TopicArn=topic, Message=severity, MessageAttributes=attributes)
    equal("mails", sorted(n["Message"] for n in mail.drain_until_silent()), ["critical", "low"])


def check_alarms(stack):
    """every alarm of the stack reaches the alert topic"""
    alarms = stack.cloudwatch.describe_alarms()["MetricAlarms"]
    for alarm in alarms:
        stack.cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="a test")
    expected = {alarm["AlarmName"] for alarm in alarms}
    template = (ROOT / "template.yaml").read_text()
    equal("alarms", len(expected), template.count("Type: AWS::CloudWatch::Alarm"))
    wait_for("the alarms", lambda: expected <= {alarm_name(notification) for notification in stack.alerts.drain()})


def alarm_name(notification):
    with contextlib.suppress(ValueError):
        return json.loads(notification["Message"]).get("AlarmName")


def check_audit(stack):
    """the check of the audit may read everything, finds the rules and queues in order, and that no trail is there"""
    tick = json.loads((ROOT / "events" / "triggers" / "schedule.json").read_text())
    # where the incident's logs go to is no bucket of this stack
    expected = {"NoTrail on trail/none", "InvocationLogElsewhere on model-invocation-logging-configuration/default"}
    # CloudFormation names a rule of another bus `bus|rule`; the emulator leaves its bus out, so it cannot be asked for
    rule = stack.resources["RecordAttributionsRule"]
    if "|" not in rule:
        expected.add(f"AuditNotChecked on event-rule/{rule}")
    for _ in range(2):
        stack.send("CheckAuditQueueUrl", json.dumps(tick))
        wait_for("the queue to be empty", lambda: stack.waiting(stack.outputs["CheckAuditQueueUrl"]) == 0)
    subjects = [notification.get("Subject") or "" for notification in stack.alerts.drain_until_silent()]
    # [severity] what on which, noticed by ...: a long subject is cut at the end
    found = [subject.split("] ")[1].split(", ")[0] for subject in subjects if ", notic" in subject]
    equal("faults", sorted(found), sorted(expected))


def check_dead_letters(stack):
    """a message that nobody can read ends in the dead-letter queue"""
    # the real visibility timeout would make five attempts last half an hour
    stack.sqs.set_queue_attributes(
        QueueUrl=stack.outputs["RecordChangesQueueUrl"], Attributes={"VisibilityTimeout": "1"}
    )
    stack.send("RecordChangesQueueUrl", "this is not JSON")
    dead_letters = stack.resources["RecordChangesDeadLetterQueue"]
    wait_for("the dead letter", lambda: stack.waiting(dead_letters) == 1)
    equal("messages left on the queue", stack.waiting(stack.outputs["RecordChangesQueueUrl"]), 0)


CHECKS = (
    check_outputs,
    check_key,
    check_logging_is_on,
    check_log_rule,
    check_change_rule,
    check_watch_rules,
    check_forwarder,
    check_invocations,
    check_delivery_counts,
    check_invocations_again,
    check_backfill,
    check_bodies,
    check_log_events,
    check_failed_log_events,
    check_new_prompt,
    check_changes,
    check_alerts,
    check_published_changes,
    check_reads,
    check_states,
    check_changes_again,
    check_trail,
    check_deployment_rule,
    check_baseline,
    check_watched,
    check_attributions,
    check_attribution_by_location,
    check_application_policy,
    check_examples,
    check_readers,
    check_email_filter,
    check_alarms,
    check_audit,
    check_dead_letters,
    check_logging_goes_back,
    check_second_deployment,
    check_deletion,
    check_existing,
)


def equal(what, got, expected):
    if got != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")


# ---------------------------------------------------------------- the run


def run_checks(stack):
    """Runs all checks, prints a line for each, and returns how many failed."""
    failed = 0
    for check in CHECKS:
        try:
            check(stack)
        except Exception as error:  # a check that breaks is a check that failed
            failed += 1
            reason = error if isinstance(error, AssertionError) else traceback.format_exc()
            print(f"FAIL {check.__doc__}\n     {reason}")
        else:
            print(f"ok   {check.__doc__}")
        sys.stdout.flush()
    return failed


def print_logs(emulator, stack):
    for group, lines in stack.function_logs() if stack else ():
        print(f"\n--- end of {group}", *(lines[-80:] or ["(empty)"]), sep="\n")
    lines = emulator.log.read_text(errors="replace").splitlines()
    print("\n--- end of the emulator's log", *lines[-30:], sep="\n")


def run(template, binaries, folder):
    """Deploys, checks, and returns how many checks failed."""
    emulator, stack, failed = Emulator(folder), None, len(CHECKS)
    try:
        emulator.wait_until_healthy()
        if binaries:
            template = with_binaries(template, binaries, folder)
        stack = Stack(emulator, template, folder)
        failed = run_checks(stack)
    except Exception:
        print(f"FAIL the stack could not be deployed\n{traceback.format_exc()}")
    finally:
        try:
            if failed:
                print_logs(emulator, stack)
        finally:
            emulator.stop()
    return failed


def isolate_environment():
    """Leaves nothing of the caller's own AWS settings, credentials and proxies."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(CREDENTIALS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--template", type=pathlib.Path, help="default: what sam build made, with --bin the source")
    parser.add_argument("--bin", type=pathlib.Path, metavar="DIR", help="a folder of binaries, instead of sam build")
    arguments = parser.parse_args()
    default = ROOT / "template.yaml" if arguments.bin else ROOT / ".aws-sam" / "build" / "template.yaml"
    template = arguments.template or default
    if not template.is_file():
        parser.error(f"there is no {template}: run `sam build`, or give --bin")
    isolate_environment()
    # an end from outside must stop the emulator, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="bedrock-audit-") as folder:
        failed = run(template, arguments.bin, pathlib.Path(folder))
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
