//! What can be asked of the ledger in memory.

use audit_domain::{
    digest::{Sha256, bounded_key},
    ledger::{
        document::DocumentSighting,
        record::{ChangeLine, InvocationLine, PassageLine, Record},
        state::{document_subject, documents_subject, passage_subject, session_subject},
        turn::Turn,
    },
    sources::Documents,
    time,
};

use super::{Memory, lock};
use crate::ports::{FindRecords, Order, PortError, QueryRecords, QuerySources, Span};

impl FindRecords for Memory {
    async fn find_record(&self, request_id: &str, sort_key: &str) -> Result<Option<Record>, PortError> {
        Ok(lock(&self.content).records.get(&(bounded_key(request_id), sort_key.to_owned())).cloned())
    }
}

impl QueryRecords for Memory {
    async fn records_of(&self, request_id: &str) -> Result<Vec<Record>, PortError> {
        let wanted = bounded_key(request_id);
        let content = lock(&self.content);
        let found = content.records.iter().filter(|((request, _), _)| *request == wanted);
        Ok(found.map(|(_, record)| record.clone()).collect())
    }

    async fn changes_in(&self, _month: &str, _span: Span) -> Result<Vec<ChangeLine>, PortError> {
        Ok(Vec::new())
    }

    async fn changes_of(&self, _resource: &str, _span: Span) -> Result<Vec<ChangeLine>, PortError> {
        Ok(Vec::new())
    }

    async fn invocations_in(
        &self,
        day: &str,
        shard: u8,
        span: Span,
    ) -> Result<Vec<InvocationLine>, PortError> {
        // all shards at once
        if shard > 0 {
            return Ok(Vec::new());
        }
        let content = lock(&self.content);
        let lines = content.records.values().filter_map(|record| match record {
            Record::Invocation(invocation) => Some(InvocationLine::of(invocation)),
            _ => None,
        });
        Ok(lines.filter(|line| span.holds(line.occurred_at) && time::day(line.occurred_at) == day).collect())
    }
}

impl Memory {
    fn documents_under(&self, subject: &str, prefix: &str) -> Vec<DocumentSighting> {
        let content = lock(&self.content);
        let found = content.documents.iter();
        let found = found.filter(|(key, _)| key.subject == subject && key.version.starts_with(prefix));
        found.map(|(_, seen)| seen.clone()).collect()
    }
}

impl QuerySources for Memory {
    async fn documents_of(&self, passage: &Sha256, limit: usize) -> Result<Documents, PortError> {
        let mut found = self.documents_under(&passage_subject(passage), "");
        let more = found.len().saturating_sub(limit);
        found.truncate(limit);
        Ok(Documents { found, more })
    }

    async fn passages_of(&self, document_uri: &str) -> Result<Vec<DocumentSighting>, PortError> {
        Ok(self.documents_under(&document_subject(document_uri), ""))
    }

    async fn documents_below(&self, authority: &str, path: &str) -> Result<Vec<DocumentSighting>, PortError> {
        Ok(self.documents_under(&documents_subject(authority), path))
    }

    async fn sources_with(
        &self,
        passage: &Sha256,
        span: Span,
        order: Order,
        limit: usize,
    ) -> Result<Vec<PassageLine>, PortError> {
        let content = lock(&self.content);
        let with = content.records.iter().filter_map(|((request_id, key), record)| match record {
            Record::Source(source) if source.text_sha256.as_ref() == Some(passage) => {
                let line = PassageLine {
                    request_id: request_id.clone(),
                    record: key.clone(),
                    text_sha256: passage.clone(),
                    occurred_at: source.common.occurred_at,
                    principal: source.common.principal.best().to_owned(),
                    source_uri: source.source_uri.clone(),
                    cited: source.cited,
                    ordinal: source.ordinal,
                };
                Some((record.occurred_at_id(), line))
            }
            _ => None,
        });
        let mut found: Vec<_> = with.filter(|(_, line)| span.holds(line.occurred_at)).collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        if order == Order::NewestFirst {
            found.reverse();
        }
        Ok(found.into_iter().map(|(_, line)| line).take(limit).collect())
    }

    async fn turns_of(
        &self,
        session_id: &str,
        span: Span,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Turn>, PortError> {
        let subject = session_subject(session_id);
        let content = lock(&self.content);
        let of =
            content.turns.iter().filter(|(key, turn)| key.subject == subject && span.holds(turn.occurred_at));
        let mut turns: Vec<_> = of.map(|(_, turn)| turn.clone()).collect();
        if order == Order::NewestFirst {
            turns.reverse();
        }
        turns.truncate(limit);
        Ok(turns)
    }
}
