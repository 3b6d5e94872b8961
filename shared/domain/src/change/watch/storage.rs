//! Where the evidence and the ledger lie: buckets, keys, tables.

use super::{
    super::{
        Severity::{Critical, High},
        operations::Kind,
    },
    Area, When, call, kind,
};

pub(super) const BUCKETS: Area = Area {
    name: "S3: the log and audit buckets",
    event_source: "s3.amazonaws.com",
    concerns: "the log buckets and the audit bucket",
    calls: &[
        call(
            "DeleteBucket",
            BUCKET,
            Critical,
            BUCKETS_OF_OURS,
            "the evidence in it is gone, and no log can be delivered",
        ),
        call(
            "DeleteBucketEncryption",
            BUCKET,
            High,
            BUCKETS_OF_OURS,
            "new evidence is not encrypted as it was",
        ),
        call(
            "DeleteBucketLifecycle",
            BUCKET,
            High,
            BUCKETS_OF_OURS,
            "evidence is kept for another time than it was",
        ),
        call(
            "DeleteBucketOwnershipControls",
            BUCKET,
            High,
            BUCKETS_OF_OURS,
            "access lists may let others at the evidence",
        ),
        call(
            "DeleteBucketPolicy",
            BUCKET,
            Critical,
            BUCKETS_OF_OURS,
            "Bedrock may no longer be allowed to deliver its log",
        ),
        call(
            "DeleteBucketPublicAccessBlock",
            BUCKET,
            Critical,
            BUCKETS_OF_OURS,
            "the evidence can be made public",
        ),
        call("PutBucketAcl", BUCKET, High, BUCKETS_OF_OURS, "others may get at the evidence"),
        call(
            "PutBucketEncryption",
            BUCKET,
            High,
            BUCKETS_OF_OURS,
            "new evidence may be under a key that the audit cannot use",
        ),
        call("PutBucketLifecycle", BUCKET, Critical, BUCKETS_OF_OURS, "evidence may be deleted by itself"),
        call(
            "PutBucketLifecycleConfiguration",
            BUCKET,
            Critical,
            BUCKETS_OF_OURS,
            "evidence may be deleted by itself",
        ),
        call(
            "PutBucketNotification",
            BUCKET,
            Critical,
            BUCKETS_OF_OURS,
            "new logs may no longer be announced, and then not indexed",
        ),
        call(
            "PutBucketNotificationConfiguration",
            BUCKET,
            Critical,
            BUCKETS_OF_OURS,
            "new logs may no longer be announced, and then not indexed",
        ),
        call(
            "PutBucketObjectLockConfiguration",
            BUCKET,
            High,
            BUCKETS_OF_OURS,
            "evidence is locked for another time than it was",
        ),
        call(
            "PutBucketOwnershipControls",
            BUCKET,
            High,
            BUCKETS_OF_OURS,
            "access lists may let others at the evidence",
        ),
        call(
            "PutBucketPolicy",
            BUCKET,
            Critical,
            BUCKETS_OF_OURS,
            "others may get at the evidence, or Bedrock may no longer deliver its log",
        ),
        call("PutBucketPublicAccessBlock", BUCKET, High, BUCKETS_OF_OURS, "the evidence may be made public"),
        call(
            "PutBucketReplication",
            BUCKET,
            High,
            BUCKETS_OF_OURS,
            "the evidence is copied to another place",
        ),
        call(
            "PutBucketVersioning",
            BUCKET,
            Critical,
            BUCKETS_OF_OURS,
            "evidence may be overwritten without leaving a trace",
        ),
    ],
};

const BUCKETS_OF_OURS: &[When] = &[When::Ours(&["request.bucketName"])];
const BUCKET: Kind = kind("s3-bucket", &[&["request.bucketName"]]);

/// Any key counts where nobody said which ones the audit rests on.
pub(super) const KEYS: Area = Area {
    name: "KMS: keys",
    event_source: "kms.amazonaws.com",
    concerns: "the keys in `WATCHED_RESOURCES`; any key, one step lower, where none is named there",
    calls: &[
        call(
            "DeleteImportedKeyMaterial",
            KEY,
            Critical,
            KEYS_OF_OURS,
            "what is encrypted with the key cannot be read any more",
        ),
        call(
            "DisableKey",
            KEY,
            Critical,
            KEYS_OF_OURS,
            "what is encrypted with the key cannot be read, and nothing new be written",
        ),
        call(
            "PutKeyPolicy",
            KEY,
            Critical,
            KEYS_OF_OURS,
            "the audit, or Bedrock, may no longer be allowed to use the key",
        ),
        call(
            "RevokeGrant",
            KEY,
            High,
            &[When::Ours(&["request.keyId"])],
            "somebody may no longer use the key",
        ),
        call(
            "ScheduleKeyDeletion",
            KEY,
            Critical,
            KEYS_OF_OURS,
            "the key is off, and what is encrypted with it is lost with the key",
        ),
    ],
};

const KEYS_OF_OURS: &[When] = &[When::OurKey(&["request.keyId", "response.keyId"])];
const KEY: Kind = Kind {
    arn: &["response.keyId", "request.keyId"],
    ..kind("kms-key", &[&["response.keyId", "request.keyId"]])
};

pub(super) const TABLES: Area = Area {
    name: "DynamoDB: the ledger",
    event_source: "dynamodb.amazonaws.com",
    concerns: "the tables of the ledger",
    calls: &[
        call(
            "DeleteBackup",
            BACKUP,
            High,
            &[When::Ours(&["request.backupArn"])],
            "the ledger cannot be restored from this backup",
        ),
        call(
            "DeleteResourcePolicy",
            TABLE,
            High,
            TABLES_OF_OURS,
            "what the table's policy forbade is allowed",
        ),
        call("DeleteTable", TABLE, Critical, TABLES_OF_OURS, "this part of the ledger is gone"),
        call(
            "PutResourcePolicy",
            TABLE,
            Critical,
            TABLES_OF_OURS,
            "others may read or change the ledger, or the audit no longer",
        ),
        call(
            "UpdateContinuousBackups",
            TABLE,
            Critical,
            TABLES_OF_OURS,
            "the ledger may no longer be restored to a moment before a deletion",
        ),
        call(
            "UpdateTable",
            TABLE,
            Critical,
            TABLES_OF_OURS,
            "the table may be open to deletion, or too slow to be written to",
        ),
        call(
            "UpdateTimeToLive",
            TABLE,
            Critical,
            TABLES_OF_OURS,
            "records may be deleted before their time, or never",
        ),
    ],
};

const TABLES_OF_OURS: &[When] = &[When::Ours(&["request.tableName", "request.resourceArn"])];
const TABLE: Kind = Kind {
    arn: &["request.resourceArn", "request.tableName", "response.tableDescription.tableArn"],
    ..kind("dynamodb-table", &[&["request.tableName", "request.resourceArn"]])
};
const BACKUP: Kind =
    Kind { arn: &["request.backupArn"], ..kind("dynamodb-backup", &[&["request.backupArn"]]) };
