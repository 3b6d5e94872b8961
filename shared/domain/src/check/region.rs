//! Where the stack and the invocation log are: both are of one region, and it has to be the same.

use serde_json::{Value, json};

use super::{Check, Fault, Reading, Seen, invocation_log};
use crate::change::Severity;

/// The resource kind of stacks.
pub const KIND: &str = "stack";

/// The regions that are looked in where something is missing here: those of Bedrock that need no opting in.
pub const REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ca-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
];

/// Another region.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// Its name.
    pub region: String,
    /// Whether a stack of this name is there.
    pub has_stack: Reading<bool>,
    /// Whether invocations are logged there.
    pub is_logging: Reading<bool>,
}

/// The names of regions that fit, and of those of which that is not known.
fn named(seen: &Seen, look: fn(&Elsewhere) -> &Reading<bool>) -> (Vec<&str>, Vec<&str>) {
    let of = |fits: fn(&Reading<bool>) -> bool| {
        let regions = seen.elsewhere.iter().filter(move |elsewhere| fits(look(elsewhere)));
        regions.map(|elsewhere| elsewhere.region.as_str()).collect()
    };
    (of(|read| *read == Ok(true)), of(Result::is_err))
}

fn found(seen: &Seen, there: &[&str], unknown: &[&str]) -> Value {
    let first = there.first().copied().unwrap_or("REGION");
    json!({"regions": there, "not_known": unknown, "stack": seen.stack, "there": first})
}

/// The stack is not here.
pub(super) const STACK_ELSEWHERE: Check = Check {
    name: "StackNotHere",
    kind: KIND,
    is_hourly: false,
    severity: Severity::Critical,
    wrong: "no stack of this name is in this region",
    breaks: "nothing of this region is recorded, or the wrong region is being looked at",
    mend: "AWS_REGION={there} bedrock-audit doctor --stack {stack}   # where it is; else sam build && sam deploy --guided",
    look: |seen| {
        let (there, unknown) = named(seen, |elsewhere| &elsewhere.has_stack);
        let fault =
            || Fault { kind: KIND, id: seen.stack.clone(), arn: None, found: found(seen, &there, &unknown) };
        (seen.is_stack_here == Ok(false)).then(fault).into_iter().collect()
    },
};

/// Logs are written in another region.
pub(super) const LOG_ELSEWHERE: Check = Check {
    name: "InvocationLogInOtherRegion",
    kind: invocation_log::KIND,
    is_hourly: false,
    severity: Severity::High,
    wrong: "invocations are logged in another region, and not in this one",
    breaks: "calls of that region are in no ledger: its log, its rules and its queues are its own",
    mend: "sam build && sam deploy --stack-name {stack} --region {there}   # one stack for each region that is used",
    look: |seen| {
        let (there, unknown) = named(seen, |elsewhere| &elsewhere.is_logging);
        let is_off = seen.log.configuration.as_ref().is_ok_and(Option::is_none) && !there.is_empty();
        let fault = || Fault {
            kind: invocation_log::KIND,
            id: invocation_log::ID.to_owned(),
            arn: None,
            found: found(seen, &there, &unknown),
        };
        is_off.then(fault).into_iter().collect()
    },
};
