//! The ledger's contract against the engine over HTTP, plain and with faults in front of it.

use audit_testkit::{cloud::Cloud, contract, faults::Fault};

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_keeps_the_contract() {
    let cloud = Cloud::start().await;
    contract::ledger_keeps(&cloud.dynamodb).await;
}

/// Every third call is throttled or breaks: the promises hold all the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_fault_wrapped_engine_keeps_the_contract() {
    let cloud = Cloud::start().await;
    for nth in 0..60 {
        let fault = match nth % 3 {
            0 => Fault::Refuse(400, "ProvisionedThroughputExceededException"),
            1 => Fault::Refuse(500, "InternalServerError"),
            _ => Fault::Refuse(400, "ThrottlingException"),
        };
        cloud.faults.add("dynamodb:", 3 * nth + 2, 1, fault);
    }
    contract::ledger_keeps(&cloud.faulty_dynamodb()).await;
    let calls = cloud.faults.seen().len();
    assert!(calls > 50, "{calls} calls went through the gateway");
}
