// Asks a knowledge base, and sends the response as it is to bedrock-audit.
//
//     npx tsx send_response.ts BUS AUDIT_BUCKET KNOWLEDGE_BASE_ID MODEL_ARN QUESTION
//
// BUS and AUDIT_BUCKET are the outputs ApplicationBus and AuditBucket of the stack. Needs the four packages below. No test runs
// this file.

import { BedrockAgentRuntimeClient, RetrieveAndGenerateCommand } from "@aws-sdk/client-bedrock-agent-runtime";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { argv } from "node:process";

// An event may have 256 KB with all its parts.
const LIMIT = 250 * 1024;

const [bus, auditBucket, knowledgeBaseId, modelArn, question] = argv.slice(2);
const response = await new BedrockAgentRuntimeClient().send(
  new RetrieveAndGenerateCommand({
    input: { text: question },
    retrieveAndGenerateConfiguration: { type: "KNOWLEDGE_BASE", knowledgeBaseConfiguration: { knowledgeBaseId, modelArn } },
  }),
);

const said = { schema: 1, operation: "RetrieveAndGenerate", knowledge_base_id: knowledgeBaseId };
let detail = JSON.stringify({ ...said, response });
if (Buffer.byteLength(detail) > LIMIT) {
  const requestId = response.$metadata.requestId;
  const key = `responses/${requestId}.json`;
  await new S3Client().send(new PutObjectCommand({ Bucket: auditBucket, Key: key, Body: JSON.stringify(response) }));
  detail = JSON.stringify({ ...said, request_id: requestId, response_location: key });
}
const entry = { Source: "bedrock-audit.application", DetailType: "Knowledge Base Response", Detail: detail };
const sent = await new EventBridgeClient().send(new PutEventsCommand({ Entries: [{ EventBusName: bus, ...entry }] }));
// an entry that was not taken is told here, not by an exception
if (sent.FailedEntryCount) throw new Error(`the bus did not take the response: ${sent.Entries?.[0]?.ErrorCode}`);
console.log(response.output?.text);
