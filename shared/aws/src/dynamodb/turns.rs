//! The requests of a session, as items of the States table.

use audit_app::ports::{PortError, Put, PutTurns};
use audit_domain::ledger::turn::Turn;

use super::{
    Ledger,
    item::{Attributes, Reader, Unreadable},
    states::keyed,
    writes::conditional,
};

impl<K: Sync> PutTurns for Ledger<K> {
    async fn put_turn(&self, turn: &Turn, expires_at: i64) -> Result<Put, PortError> {
        let item = keyed(&turn.key())
            .text("kind", "turn")
            .number("expires_at", expires_at)
            .text("session_id", &turn.session_id)
            .text("request_id", &turn.request_id)
            .moment("occurred_at", turn.occurred_at)
            .text("account_id", &turn.account_id)
            .finish();
        conditional(self.put_and_renew(item, expires_at).await, || "note a request of a session".to_owned())
            .await
    }
}

pub(super) fn decode(item: &Attributes) -> Result<Turn, Unreadable> {
    let item = Reader::of(item);
    Ok(Turn {
        session_id: item.text("session_id")?,
        request_id: item.text("request_id")?,
        occurred_at: item.moment("occurred_at")?,
        account_id: item.text("account_id")?,
    })
}
