//! One answer of all its sources, and how its documents are known.

use std::collections::{BTreeMap, BTreeSet};

use audit_domain::{
    digest::{Sha256, bounded_key},
    ledger::record::{PassageLine, Record, SourceOrigin},
    passage::Certainty,
    principal::Principal,
    sources::{DOCUMENTS, KnownDocument, UsedIn, basis_of, certainty_of},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::OfPassage;
use crate::{
    answer::{CONCURRENCY, links::STEPS},
    ports::{FindRecords, PortError},
};

/// The sources of one request that have a passage which is asked for.
pub(super) struct Group {
    pub(super) request_id: String,
    /// When it was: the log's own moment, where it is there.
    pub(super) moment: Timestamp,
    lines: Vec<PassageLine>,
}

impl Group {
    /// Of lines of one request; none of no lines.
    pub(super) fn of(mut lines: Vec<PassageLine>) -> Option<Self> {
        lines.sort_by(|a, b| a.record.cmp(&b.record));
        let first = lines.iter().min_by_key(|line| (!is_prompt(line), line.occurred_at))?;
        Some(Self { request_id: first.request_id.clone(), moment: first.occurred_at, lines })
    }

    /// With the records that carry its sources.
    pub(super) async fn carried(self, ledger: &impl FindRecords) -> Result<Carried, PortError> {
        let keys: BTreeSet<String> = self.lines.iter().filter_map(PassageLine::carrier_key).collect();
        let request_id = &self.request_id;
        let carriers = stream::iter(keys)
            .map(|key| async move { Ok::<_, PortError>((ledger.find_record(request_id, &key).await?, key)) })
            .buffered(CONCURRENCY)
            .try_fold(BTreeMap::new(), |mut carriers, (record, key)| async move {
                carriers.extend(record.map(|record| (key, record)));
                Ok(carriers)
            })
            .await?;
        Ok(Carried { group: self, carriers })
    }
}

/// Sources with the records that carry them, by sort key.
pub(super) struct Carried {
    group: Group,
    carriers: BTreeMap<String, Record>,
}

impl Carried {
    fn account(&self, line: &PassageLine) -> Option<&str> {
        match self.carriers.get(&line.carrier_key()?)? {
            Record::Invocation(invocation) => Some(&invocation.account_id),
            Record::Attribution(told) => Some(&told.common.account_id),
            _ => None,
        }
    }

    fn log_account(&self) -> Option<&str> {
        self.group.lines.iter().filter(|line| is_prompt(line)).find_map(|line| self.account(line))
    }

    /// Whether a response to a logged request was told by another account: that stays its word.
    fn is_foreign(&self, line: &PassageLine) -> bool {
        let (log, own) = (self.log_account(), self.account(line));
        !is_prompt(line) && log.is_some() && own.is_some() && log != own
    }

    /// The answer, with the documents that are asked for.
    pub(super) fn used_in(self, of_passage: &OfPassage, logs: &Logs) -> UsedIn {
        let lines = &self.group.lines;
        let has = |origin: SourceOrigin| lines.iter().any(|line| line.origin() == Some(origin));
        let origins =
            SourceOrigin::NAMES.into_iter().map(|(origin, _)| origin).filter(|origin| has(*origin)).collect();
        let first = lines.iter().min_by_key(|line| (!is_prompt(line), line.occurred_at));
        let (documents, documents_left_out) = self.documents(of_passage, logs);
        let mut used = UsedIn {
            request_id: self.group.request_id.clone(),
            occurred_at: self.group.moment,
            account_id: None,
            region: None,
            operation: None,
            model_id: None,
            principal: first.map(|line| Principal::from_arn(&line.principal)).unwrap_or_default(),
            origins,
            ordinals: lines.iter().map(|line| line.ordinal).collect::<BTreeSet<_>>().into_iter().collect(),
            passages: self.passages().into_iter().cloned().collect(),
            cited: lines.iter().filter_map(|line| line.cited).max(),
            documents,
            documents_left_out,
        };
        used.carried_by(
            first.and_then(PassageLine::carrier_key).and_then(|key| self.carriers.get(&key).cloned()),
        );
        used
    }

    fn passages(&self) -> BTreeSet<&Sha256> {
        self.group.lines.iter().map(|line| &line.text_sha256).collect()
    }

    /// The documents, the surest first, and how each is known; how many more there are by the text alone.
    fn documents(&self, of_passage: &OfPassage, logs: &Logs) -> (Vec<KnownDocument>, usize) {
        let mut known: BTreeMap<&str, KnownDocument> = BTreeMap::new();
        let mut by_text: BTreeMap<&str, KnownDocument> = BTreeMap::new();
        let mut left_out = BTreeSet::new();
        for hash in self.passages() {
            let named: BTreeSet<&str> =
                self.lines_with(hash).filter_map(|line| line.source_uri.as_deref()).collect();
            for seen in of_passage.get(hash).into_iter().flatten() {
                let uri = seen.document_uri.as_str();
                if named.contains(bounded_key(uri).as_str()) {
                    let (certainty, basis) = self.known_as(uri, hash, logs);
                    if known.get(uri).is_none_or(|known| certainty < known.certainty) {
                        known.insert(uri, KnownDocument { uri: uri.to_owned(), certainty, basis });
                    }
                } else if by_text.len() < DOCUMENTS {
                    let (certainty, basis) = (Certainty::Inferred, basis_of(seen));
                    by_text.entry(uri).or_insert_with(|| KnownDocument {
                        uri: uri.to_owned(),
                        certainty,
                        basis,
                    });
                } else if !by_text.contains_key(uri) {
                    left_out.insert(uri);
                }
            }
        }
        by_text.retain(|uri, _| !known.contains_key(uri));
        left_out.retain(|uri| !known.contains_key(uri));
        let mut documents: Vec<_> = known.into_values().chain(by_text.into_values()).collect();
        documents.sort_by(|a, b| (a.certainty, &a.uri).cmp(&(b.certainty, &b.uri)));
        (documents, left_out.len())
    }

    fn lines_with<'a>(&'a self, hash: &'a Sha256) -> impl Iterator<Item = &'a PassageLine> + Clone {
        self.group.lines.iter().filter(move |line| line.text_sha256 == *hash)
    }

    /// How certain it is that a passage is of a document that one of its sources here names, and what that rests on.
    fn known_as(&self, uri: &str, hash: &Sha256, logs: &Logs) -> (Certainty, String) {
        let own = self.lines_with(hash).filter(|line| !self.is_foreign(line));
        let named = own.filter_map(|line| Some((line.origin()?, line.source_uri.as_deref())));
        match certainty_of(uri, named) {
            Certainty::Recorded => (
                Certainty::Recorded,
                "the log of this request has the text, and this request names it".to_owned(),
            ),
            Certainty::Reported => match logs.with(hash, &self.group, self.account_of(hash)) {
                Some(log) => (
                    Certainty::Recorded,
                    format!("{RESPONSE}, and the log of request {log}, which is linked, has the same text"),
                ),
                None => (Certainty::Reported, RESPONSE.to_owned()),
            },
            Certainty::Inferred | Certainty::Unknown => {
                (Certainty::Reported, format!("{RESPONSE}, from another account"))
            }
        }
    }

    fn account_of(&self, hash: &Sha256) -> Option<&str> {
        self.lines_with(hash).find_map(|line| self.account(line))
    }
}

const RESPONSE: &str = "the response to this request, as an application sent it, names it";

/// Which logs have a passage: as `explain` links them, a call of the same account at about the same time.
pub(super) struct Logs(BTreeMap<Sha256, Vec<(Timestamp, String, String)>>);

impl Logs {
    pub(super) fn of<'a>(answers: impl Iterator<Item = &'a Carried>) -> Self {
        let mut logs: BTreeMap<Sha256, Vec<_>> = BTreeMap::new();
        for answer in answers {
            for line in answer.group.lines.iter().filter(|line| is_prompt(line)) {
                let Some(account) = answer.account(line) else { continue };
                let log = (line.occurred_at, account.to_owned(), line.request_id.clone());
                logs.entry(line.text_sha256.clone()).or_default().push(log);
            }
        }
        logs.values_mut().for_each(|logs| logs.sort());
        Self(logs)
    }

    /// The request of the nearest one.
    fn with(&self, hash: &Sha256, of: &Group, account: Option<&str>) -> Option<&str> {
        let logs = self.0.get(hash)?;
        let from = logs.partition_point(|(at, ..)| of.moment.duration_since(*at) > STEPS);
        let near = logs.get(from..)?.iter().take_while(|(at, ..)| at.duration_since(of.moment) <= STEPS);
        let near =
            near.filter(|(_, owner, request)| Some(owner.as_str()) == account && *request != of.request_id);
        near.min_by_key(|(at, ..)| at.duration_since(of.moment).abs()).map(|(.., request)| request.as_str())
    }
}

fn is_prompt(line: &PassageLine) -> bool {
    line.origin() == Some(SourceOrigin::Prompt)
}
