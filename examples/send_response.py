#!/usr/bin/env python3
"""Asks a knowledge base, and sends the response as it is to bedrock-audit.

    python send_response.py BUS AUDIT_BUCKET KNOWLEDGE_BASE_ID MODEL_ARN QUESTION

BUS and AUDIT_BUCKET are the outputs ApplicationBus and AuditBucket of the stack. Needs boto3.
"""

import json
import sys

import boto3

# An event may have 256 KB with all its parts.
LIMIT = 250 * 1024


def send(bus, audit_bucket, detail):
    """Sends a detail; a response too large for an event goes into the audit bucket, and the event says where it lies."""
    if len(json.dumps(detail)) > LIMIT:
        response = detail.pop("response")
        request_id = response["ResponseMetadata"]["RequestId"]
        key = f"responses/{request_id}.json"
        boto3.client("s3").put_object(Bucket=audit_bucket, Key=key, Body=json.dumps(response))
        detail = {**detail, "request_id": request_id, "response_location": key}
    entry = {"Source": "bedrock-audit.application", "DetailType": "Knowledge Base Response", "Detail": json.dumps(detail)}
    sent = boto3.client("events").put_events(Entries=[{"EventBusName": bus, **entry}])
    # an entry that was not taken is told here, not by an exception
    if sent["FailedEntryCount"]:
        raise RuntimeError(f"the bus did not take the response: {sent['Entries'][0]['ErrorCode']}")


def main():
    bus, audit_bucket, knowledge_base, model, question = sys.argv[1:]
    base = {"knowledgeBaseId": knowledge_base, "modelArn": model}
    response = boto3.client("bedrock-agent-runtime").retrieve_and_generate(
        input={"text": question},
        retrieveAndGenerateConfiguration={"type": "KNOWLEDGE_BASE", "knowledgeBaseConfiguration": base},
    )
    detail = {"schema": 1, "operation": "RetrieveAndGenerate", "knowledge_base_id": knowledge_base, "response": response}
    send(bus, audit_bucket, detail)
    print(response["output"]["text"])


if __name__ == "__main__":
    main()
