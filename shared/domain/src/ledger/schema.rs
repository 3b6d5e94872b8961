//! Tables, keys, indexes and projections. The template and the embedded ledger are made from the same facts; a test
//! compares the template with this file.

/// One table.
#[derive(Debug)]
pub struct Table {
    /// What it is for; the embedded ledger uses it as the table's name, the template as the logical id's stem.
    pub role: &'static str,
    /// The partition key, a string.
    pub partition: &'static str,
    /// The sort key, a string.
    pub sort: &'static str,
    /// Its global secondary indexes.
    pub indexes: &'static [Index],
}

/// One sparse index, projecting only what a line of a list shows.
#[derive(Debug)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// The partition key, a string.
    pub partition: &'static str,
    /// The sort key, a string.
    pub sort: &'static str,
    /// What it projects besides the keys.
    pub projected: &'static [&'static str],
}

/// What happened, by request id.
pub const RECORDS: Table = Table {
    role: "records",
    partition: "request_id",
    sort: "record",
    indexes: &[BY_TIME, BY_RESOURCE, BY_PASSAGE],
};

/// What things looked like: texts, sightings, configuration.
pub const STATES: Table = Table { role: "states", partition: "subject", sort: "version", indexes: &[] };

/// What became of each log object.
pub const DELIVERIES: Table =
    Table { role: "deliveries", partition: "object", sort: "version_id", indexes: &[] };

/// All of them.
pub const TABLES: [&Table; 3] = [&RECORDS, &STATES, &DELIVERIES];

/// Changes by month, invocations by day in eight shards.
pub const BY_TIME: Index = Index {
    name: "by-time",
    partition: "time_bucket",
    sort: "occurred_at_id",
    projected: &[
        "kind",
        "occurred_at",
        "principal",
        "operation",
        "model_id",
        "system_prompt_id",
        "system_prompt_status",
        "guardrail_id",
        "guardrail_version",
        "guardrail_action",
        "error_code",
        "event_name",
        "resource",
        "resource_kind",
        "outcome",
        "severity",
        "origin",
        "expires_at",
        "account_id",
        "region",
    ],
};

/// Changes by resource.
pub const BY_RESOURCE: Index = Index {
    name: "by-resource",
    partition: "resource",
    sort: "occurred_at_id",
    projected: &[
        "kind",
        "occurred_at",
        "principal",
        "event_name",
        "resource_kind",
        "outcome",
        "severity",
        "error_code",
        "origin",
        "event_id",
        "expires_at",
    ],
};

/// Sources by the hash of their passage.
pub const BY_PASSAGE: Index = Index {
    name: "by-passage",
    partition: "text_sha256",
    sort: "occurred_at_id",
    projected: &["kind", "occurred_at", "principal", "source_uri", "cited", "ordinal", "expires_at"],
};

/// The attribute by which DynamoDB removes what is over its retention.
pub const TIME_TO_LIVE: &str = "expires_at";
