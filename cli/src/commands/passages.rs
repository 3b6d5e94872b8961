//! The passages behind an answer, for people: which were in context, which are cited, where each is from, and how that is known.

use std::collections::BTreeSet;

use audit_app::answer::Explanation;
use audit_domain::{
    attribution::{Attribution, event::Route},
    ledger::record::SourceOrigin,
    passage::Certainty,
    prompt::SystemPromptStatus,
    sources::{JoinedSource, KnownDocument, SeenIn, Told},
};
use jiff::tz::Offset;

use crate::output;

/// So many documents of a passage are shown.
const DOCUMENTS: usize = 3;
/// So many characters of a document's name; --json has it whole.
pub(crate) const LONGEST: usize = 200;

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
    let no_excerpt = if explanation.shows_texts { "(its text is not kept)" } else { output::NOT_SHOWN };
    if rows.is_empty() {
        output::fact("sources", no_sources(explanation));
        return;
    }
    let in_context = Count::of(rows.iter().map(Row::in_context));
    let cited = Count::of(rows.iter().map(Row::cited));
    output::say("");
    let passages = output::counted(rows.len(), "passage");
    let retrieved = if in_context.own < rows.len() {
        format!("{passages} retrieved, {in_context} known to be in the context")
    } else {
        format!("{passages} in the context")
    };
    output::heading(&format!("{retrieved}, {cited} cited"));
    output::table(
        ["#", "in context", "cited", "score", "document", "known from", "passage"],
        rows.iter().map(|row| row.cells(no_excerpt)),
    );
    let is_inferred = |row: &Row<'_>| {
        row.joined.documents.first().is_some_and(|document| document.certainty == Certainty::Inferred)
    };
    if rows.iter().any(is_inferred) {
        output::say("inferred: this request does not say so; another one does, of the same text");
    }
    if rows.iter().any(Row::is_doubtful) {
        output::say(
            "bounds in doubt: a passage holds what looks like the marks between passages, so where one ends is inferred; its document may not be found by its text, nor this answer by its document",
        );
    }
    if rows.iter().all(|row| row.cited() == Told::Own(false)) {
        output::say("the answer cites none of them");
    }
    let has_prompt = explanation.sources.iter().any(|joined| joined.source.origin == SourceOrigin::Prompt);
    if !has_prompt && explanation.attributions.iter().any(|told| told.only_cited) {
        output::say("the response tells only of what the answer cites: more may have been in the context");
    }
}

/// How many there are by the request's own word, and how many more by a linked one's.
struct Count {
    own: usize,
    linked: usize,
}

impl Count {
    fn of(told: impl Iterator<Item = Told<bool>>) -> Self {
        told.fold(Self { own: 0, linked: 0 }, |mut count, told| {
            match told {
                Told::Own(true) => count.own += 1,
                Told::Linked(true) => count.linked += 1,
                _ => {}
            }
            count
        })
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.own, self.linked) {
            (own, 0) => write!(f, "{own}"),
            (0, linked) => write!(f, "{linked} (inferred)"),
            (own, linked) => write!(f, "{own} and {linked} (inferred)"),
        }
    }
}

fn print_attribution(told: &Attribution, offset: Offset) {
    let who = match told.sender.route {
        Route::Event | Route::Direct => "reported by an application",
        Route::CommandLine => "as bedrock-audit ask got it",
    };
    let by = told.sender.account_id.iter().map(|account| format!(", sent by account {account}"));
    let by = by.collect::<String>();
    let when = output::moment(told.common.occurred_at, offset);
    output::fact("response", &format!("{} at {when} ({who}{by})", told.operation));
    let known = [("session", &told.session_id), ("knowledge base", &told.knowledge_base_id)];
    for (label, value) in known {
        value.iter().for_each(|value| output::fact("", &format!("{label} {value}")));
    }
    match told.citations {
        Some(0) if told.output_characters.is_none_or(|count| count == 0) => {
            output::fact("", "there is no text of an answer in it, and no citation");
        }
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
    /// Whether its bounds in the prompt are inferred.
    fn is_doubtful(&self) -> bool {
        let source = &self.joined.source;
        source.origin == SourceOrigin::Prompt && source.certainty == Certainty::Inferred
    }

    fn told<T>(&self, what: impl Fn(&JoinedSource) -> Told<T>) -> Told<T> {
        what(self.joined).or(self.response.map_or(Told::Nobody, what))
    }

    fn in_context(&self) -> Told<bool> {
        self.told(JoinedSource::in_context)
    }

    fn cited(&self) -> Told<bool> {
        self.told(JoinedSource::cited)
    }

    fn cells(&self, no_excerpt: &str) -> [String; 7] {
        let word = |said: bool| if said { "yes" } else { "no" }.to_owned();
        [
            self.joined.source.ordinal.to_string(),
            shown(self.in_context(), "unknown", word)
                + if self.is_doubtful() { " (bounds in doubt)" } else { "" },
            shown(self.cited(), "unknown", word),
            shown(self.told(JoinedSource::score), "-", |score| format!("{score:.3}")),
            self.document(),
            self.known_from(),
            self.passage(no_excerpt),
        ]
    }

    fn passage(&self, no_excerpt: &str) -> String {
        let source = &self.joined.source;
        match (&source.excerpt, source.said.content_type.as_deref()) {
            (Some(excerpt), _) => excerpt.clone(),
            (None, Some(kind)) if kind != "TEXT" => {
                format!("({}, its text is not kept or it has none)", kind.to_lowercase())
            }
            (None, _) => no_excerpt.to_owned(),
        }
    }

    fn document(&self) -> String {
        let joined = self.joined;
        let named = |document: &KnownDocument| {
            let page = self.page_in(&document.uri).map(|page| format!(", page {page}")).unwrap_or_default();
            format!("{}{page} ({})", output::cut(&document.uri, LONGEST), document.certainty.name())
        };
        let mut parts: Vec<_> = joined.source.title.iter().cloned().collect();
        parts.extend(joined.documents.iter().take(DOCUMENTS).map(named));
        let more = joined.documents.len().saturating_sub(DOCUMENTS) + joined.documents_left_out;
        if more > 0 {
            parts.push(format!("and {more} more"));
        }
        if parts.is_empty() {
            return match joined.source.origin {
                SourceOrigin::Prompt => "unknown: the log has the passage, not its document",
                SourceOrigin::Response => "unknown: the response does not name it",
            }
            .to_owned();
        }
        parts.join("; ")
    }

    /// The page of the passage in a document, from 1, as whoever names that document says.
    fn page_in(&self, uri: &str) -> Option<f64> {
        [Some(self.joined), self.response].into_iter().flatten().find_map(|joined| joined.page_in(uri))
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

/// What is told, marked where only a linked request tells it.
fn shown<T>(told: Told<T>, nobody: &str, show: impl Fn(T) -> String) -> String {
    match told {
        Told::Own(own) => show(own),
        Told::Linked(linked) => format!("{} (inferred)", show(linked)),
        Told::Nobody => nobody.to_owned(),
    }
}

/// The beginning of a request id; the links have it whole.
fn short(request_id: &str) -> String {
    output::cut(request_id, 8)
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
