//! The passages behind an answer, for people: which were in context, which are cited, where each is from, and how that is known.

use std::collections::BTreeSet;

use audit_app::answer::Explanation;
use audit_domain::{
    attribution::Attribution,
    ledger::record::SourceOrigin,
    passage::Certainty,
    prompt::SystemPromptStatus,
    sources::{JoinedSource, KnownDocument, SeenIn},
};
use jiff::tz::Offset;

use crate::output;

/// So many documents of a passage are shown.
const DOCUMENTS: usize = 3;

pub(crate) fn print(explanation: &Explanation, offset: Offset) {
    for attribution in &explanation.attributions {
        print_attribution(attribution, offset);
    }
    if explanation.invocations.is_empty()
        && explanation.attributions.is_empty()
        && explanation.sources.is_empty()
    {
        return;
    }
    let rows = rows(&explanation.sources);
    if rows.is_empty() {
        output::fact("sources", no_sources(explanation));
        return;
    }
    let count = |test: &dyn Fn(&Row<'_>) -> bool| rows.iter().filter(|row| test(row)).count();
    let (in_context, cited) =
        (count(&|row| row.in_context() == Some(true)), count(&|row| row.cited() == Some(true)));
    output::say("");
    let retrieved = if in_context < rows.len() {
        format!(
            "{} retrieved, {in_context} known to be in the context",
            output::counted(rows.len(), "passage")
        )
    } else {
        format!("{} in the context", output::counted(rows.len(), "passage"))
    };
    output::heading(&format!("{retrieved}, {cited} cited"));
    output::table(
        ["#", "in context", "cited", "score", "document", "known from", "passage"],
        rows.iter().map(Row::cells),
    );
    let is_inferred = |row: &Row<'_>| {
        row.joined.documents.first().is_some_and(|document| document.certainty == Certainty::Inferred)
    };
    if rows.iter().any(is_inferred) {
        output::say(
            "inferred: this request does not name the document; the same text was told of it elsewhere",
        );
    }
    if rows.iter().all(|row| row.cited() == Some(false)) {
        output::say("the answer cites none of them");
    }
    let has_prompt = explanation.sources.iter().any(|joined| joined.source.origin == SourceOrigin::Prompt);
    if !has_prompt && explanation.attributions.iter().any(|told| told.only_cited) {
        output::say("the response tells only of what the answer cites: more may have been in the context");
    }
}

fn print_attribution(told: &Attribution, offset: Offset) {
    let by = told.sender.account_id.iter().map(|account| format!(", sent by account {account}"));
    let by = by.collect::<String>();
    let when = output::moment(told.common.occurred_at, offset);
    output::fact("response", &format!("{} at {when} (reported by an application{by})", told.operation));
    let known = [("session", &told.session_id), ("knowledge base", &told.knowledge_base_id)];
    for (label, value) in known {
        value.iter().for_each(|value| output::fact("", &format!("{label} {value}")));
    }
    match told.citations {
        Some(0) => output::fact("", "the answer has no citations"),
        Some(all) if all == told.empty_citations => {
            output::fact("", "the answer cites nothing: its citations refer to no passage");
        }
        _ => {}
    }
    if told.sources_left_out > 0 {
        output::fact("", &format!("{} more passages than are kept", told.sources_left_out));
    }
}

/// A passage: one line, also where both the prompt and the response of the request have it.
struct Row<'a> {
    joined: &'a JoinedSource,
    response: Option<&'a JoinedSource>,
}

fn rows(sources: &[JoinedSource]) -> Vec<Row<'_>> {
    let of = |origin| sources.iter().filter(move |joined| joined.source.origin == origin);
    let is_same = |a: &JoinedSource, b: &JoinedSource| {
        a.source.text_sha256.is_some() && a.source.text_sha256 == b.source.text_sha256
    };
    let mut rows: Vec<_> = of(SourceOrigin::Prompt)
        .map(|joined| Row {
            joined,
            response: of(SourceOrigin::Response).find(|other| is_same(joined, other)),
        })
        .collect();
    let alone =
        of(SourceOrigin::Response).filter(|told| !of(SourceOrigin::Prompt).any(|other| is_same(told, other)));
    rows.extend(alone.map(|joined| Row { joined, response: None }));
    rows
}

impl Row<'_> {
    fn in_context(&self) -> Option<bool> {
        self.joined.in_context()
    }

    fn cited(&self) -> Option<bool> {
        self.joined.cited().or_else(|| self.response.and_then(JoinedSource::cited))
    }

    fn score(&self) -> Option<f64> {
        self.joined.score().or_else(|| self.response.and_then(JoinedSource::score))
    }

    fn cells(&self) -> [String; 7] {
        let word = |said: Option<bool>| match said {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        [
            self.joined.source.ordinal.to_string(),
            word(self.in_context()).to_owned(),
            word(self.cited()).to_owned(),
            self.score().map_or_else(|| "-".to_owned(), |score| format!("{score:.3}")),
            self.document(),
            self.known_from(),
            self.joined.source.excerpt.clone().unwrap_or_else(|| "(its text is not kept)".to_owned()),
        ]
    }

    fn document(&self) -> String {
        let joined = self.joined;
        let page =
            [Some(joined), self.response].into_iter().flatten().find_map(|j| j.source.said.page_number);
        let page = page.map(|page| format!(", page {page}")).unwrap_or_default();
        let named = |(nth, document): (usize, &KnownDocument)| {
            let page = if nth == 0 { page.as_str() } else { "" };
            format!("{}{page} ({})", document.uri, document.certainty.name())
        };
        let mut parts: Vec<_> = joined.source.title.iter().cloned().collect();
        parts.extend(joined.documents.iter().take(DOCUMENTS).enumerate().map(named));
        let more = joined.documents.len().saturating_sub(DOCUMENTS) + joined.documents_left_out;
        if more > 0 {
            parts.push(format!("and {more} more"));
        }
        if parts.is_empty() {
            return "unknown: the log has the passage, not its document".to_owned();
        }
        parts.join("; ")
    }

    fn known_from(&self) -> String {
        let own = match self.joined.source.origin {
            SourceOrigin::Prompt if self.response.is_some() => "prompt, response",
            SourceOrigin::Prompt => "prompt",
            SourceOrigin::Response => "response",
        };
        let named = |seen: &SeenIn| format!("{} of {}", seen.origin.name(), short(&seen.request_id));
        let others: BTreeSet<_> = self.joined.seen_in.iter().map(named).collect();
        [own.to_owned()].into_iter().chain(others).collect::<Vec<_>>().join(", ")
    }
}

/// The beginning of a request id; the links have it whole.
fn short(request_id: &str) -> String {
    let mut short: String = request_id.chars().take(8).collect();
    if short.len() < request_id.len() {
        short.push('…');
    }
    short
}

/// A prompt that was not read is no prompt without passages.
fn no_sources(explanation: &Explanation) -> &'static str {
    let was_read = |status| matches!(status, SystemPromptStatus::Recorded | SystemPromptStatus::None);
    if explanation.invocations.iter().any(|(invocation, _)| was_read(invocation.system_prompt.status)) {
        "none: no retrieved passage, document, search result or tool result in the request"
    } else if explanation.invocations.is_empty() {
        "none: the response refers to no passage; what was in the context is not known from it"
    } else {
        "unknown: the log does not show the prompt, or not in a shape that is known here"
    }
}
