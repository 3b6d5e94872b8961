//! The responses of Retrieve, RetrieveAndGenerate, its stream, and InvokeAgent, told apart by their shape (FORMATS 4.3).

use std::collections::{BTreeSet, HashMap};

use serde_json::value::RawValue;

use super::{content::base64_bytes, retrieved::Retrieved};
use crate::{
    digest::bounded_to,
    json::{Members, elements},
};

/// So many sources of a response are kept; the rest is counted.
pub const SOURCES: usize = 1_000;
/// So many ids of requests behind an agent's answer are kept.
const RELATED: usize = 100;
/// The longest id, in bytes.
const LONGEST_ID: usize = 256;

/// What a response looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Results of Retrieve.
    Results,
    /// An answer with its citations.
    Answer,
    /// The same as a stream of events.
    AnswerStream,
    /// An agent's answer, a stream of events.
    Agent,
}

/// The operations by name, with what their responses look like. Of two with one shape the first names it.
const OPERATIONS: [(&str, Shape); 5] = [
    ("Retrieve", Shape::Results),
    ("RetrieveAndGenerate", Shape::Answer),
    ("RetrieveAndGenerateStream", Shape::AnswerStream),
    ("InvokeAgent", Shape::Agent),
    ("InvokeInlineAgent", Shape::Agent),
];

/// The members that tell an event of a stream.
const EVENTS: [(&str, Shape); 7] = [
    ("chunk", Shape::Agent),
    ("trace", Shape::Agent),
    ("returnControl", Shape::Agent),
    ("files", Shape::Agent),
    ("output", Shape::AnswerStream),
    ("citation", Shape::AnswerStream),
    ("guardrail", Shape::AnswerStream),
];
/// Where an object holds a stream's events.
const STREAMS: [&str; 3] = ["completion", "stream", "events"];

impl Shape {
    /// What a response looks like; of an empty stream nothing can be told.
    pub fn of(response: &RawValue) -> Option<Self> {
        if let Some(events) = elements(response) {
            return events.into_iter().find_map(Self::of_event);
        }
        let members = Members::of(response)?;
        if members.has("retrievalResults") {
            return Some(Self::Results);
        }
        if let Some(events) = STREAMS.iter().find_map(|name| members.array(name)) {
            let of_events = events.into_iter().find_map(Self::of_event);
            return of_events.or(members.has("completion").then_some(Self::Agent));
        }
        // the answer of a model has an output, too, and no text in it
        let is_answer = members.object("output").is_some_and(|output| output.has("text"));
        (is_answer || members.has("citations")).then_some(Self::Answer)
    }

    fn of_event(event: &RawValue) -> Option<Self> {
        let members = Members::of(event)?;
        EVENTS.iter().find(|(name, _)| members.has(name)).map(|(_, shape)| *shape)
    }

    /// The operation that an application named, and what its responses look like: `retrieve_and_generate`, too.
    pub fn of_operation(said: &str) -> Option<(&'static str, Self)> {
        let letters = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let said = letters(said);
        let said = said.strip_suffix("Command").unwrap_or(&said);
        OPERATIONS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(said))
    }

    /// The first operation with such responses.
    pub fn operation(self) -> &'static str {
        OPERATIONS.iter().find(|(_, shape)| *shape == self).map_or("", |(name, _)| name)
    }
}

/// What is found in a response.
#[derive(Debug, Default)]
pub struct Response {
    /// The sources, in the order in which they are met.
    pub sources: Vec<Retrieved>,
    /// So many more there were.
    pub left_out: u32,
    /// Whether these are only what the answer cites, and not all that was in context (FORMATS 11.23).
    pub only_cited: bool,
    /// How many parts of the answer have citations; `None` where the response has no answer.
    pub citations: Option<u32>,
    /// How many of these refer to nothing.
    pub empty_citations: u32,
    /// The length of the answer.
    pub output_characters: Option<u64>,
    /// What a guardrail did.
    pub guardrail_action: Option<String>,
    /// The session, where the response or an event names it.
    pub session_id: Option<String>,
    /// The requests that an agent made for its answer.
    pub related_request_ids: BTreeSet<String>,
    /// Where a source stands that a citation may refer to once more, by hash and document.
    places: HashMap<(String, Option<String>), usize>,
    looked_up: bool,
    knowledge_base_id: Option<String>,
}

impl Response {
    /// Reads a response of this shape.
    pub fn of(response: &RawValue, shape: Shape) -> Self {
        let mut read = Self::default();
        let members = Members::of(response).unwrap_or_default();
        read.session_id = id(&members, "sessionId");
        match shape {
            Shape::Results => {
                read.add_action(members.get("guardrailAction"));
                for (nth, result) in members.array("retrievalResults").into_iter().flatten().enumerate() {
                    read.add(Retrieved::of(result, format!("retrievalResults[{nth}]")));
                }
            }
            Shape::Answer => {
                read.add_action(members.get("guardrailAction"));
                let output = members.object("output").unwrap_or_default().text("text");
                read.add_output(output.map(|text| text.chars().count()));
                read.citations = Some(0);
                read.add_citations(&members, "citations");
                read.only_cited = true;
            }
            Shape::AnswerStream => {
                read.citations = Some(0);
                read.through_events(response, &members, Self::add_answer_event);
                read.only_cited = true;
            }
            Shape::Agent => {
                read.through_events(response, &members, Self::add_agent_event);
                read.only_cited = !read.looked_up;
                if read.citations.is_some() {
                    // the answer is there: what it does not cite is known
                    read.sources.iter_mut().for_each(|source| source.cited = source.cited.or(Some(false)));
                }
            }
        }
        read
    }

    fn through_events(
        &mut self,
        response: &RawValue,
        members: &Members<'_>,
        add: fn(&mut Self, &Members<'_>, &str),
    ) {
        let name = STREAMS.iter().find(|name| members.array(name).is_some()).copied().unwrap_or_default();
        let events = elements(response).or_else(|| members.array(name)).unwrap_or_default();
        for (nth, event) in events.into_iter().enumerate() {
            let Some(event) = Members::of(event) else { continue };
            add(self, &event, &format!("{name}[{nth}]."));
        }
    }

    fn add_answer_event(&mut self, event: &Members<'_>, at: &str) {
        if let Some(text) = event.object("output").and_then(|output| output.text("text")) {
            self.add_output(Some(text.chars().count()));
        }
        if let Some(citation) = event.object("citation") {
            self.add_citation(&citation, &format!("{at}citation."));
        }
        self.add_action(event.object("guardrail").unwrap_or_default().get("action"));
    }

    fn add_agent_event(&mut self, event: &Members<'_>, at: &str) {
        if let Some(chunk) = event.object("chunk") {
            self.citations.get_or_insert(0);
            self.add_output(chunk.text("bytes").map(|bytes| characters(&bytes)));
            let attribution = chunk.object("attribution").unwrap_or_default();
            self.add_citations(&attribution, &format!("{at}chunk.attribution.citations"));
        }
        let Some(part) = event.object("trace") else { return };
        self.session_id = self.session_id.take().or_else(|| id(&part, "sessionId"));
        let at = format!("{at}trace.");
        let (trace, at) = match part.object("trace") {
            Some(trace) => (trace, format!("{at}trace.")),
            None => (part, at),
        };
        self.add_action(trace.object("guardrailTrace").unwrap_or_default().get("action"));
        for step in ["orchestrationTrace", "routingClassifierTrace"] {
            if let Some(members) = trace.object(step) {
                self.add_step(&members, &format!("{at}{step}."));
            }
        }
    }

    /// A step of an agent: what it asks of a knowledge base, or what it was given.
    fn add_step(&mut self, step: &Members<'_>, at: &str) {
        let asked = step.object("invocationInput").and_then(|i| i.object("knowledgeBaseLookupInput"));
        if let Some(asked) = asked {
            self.knowledge_base_id = id(&asked, "knowledgeBaseId");
        }
        let found = step.object("observation").and_then(|o| o.object("knowledgeBaseLookupOutput"));
        let Some(found) = found else { return };
        self.looked_up = true;
        let request_id = found.object("metadata").and_then(|metadata| id(&metadata, "clientRequestId"));
        if self.related_request_ids.len() < RELATED {
            self.related_request_ids.extend(request_id);
        }
        for (nth, reference) in found.array("retrievedReferences").into_iter().flatten().enumerate() {
            let at = format!("{at}observation.knowledgeBaseLookupOutput.retrievedReferences[{nth}]");
            let mut source = Retrieved::of(reference, at);
            source.knowledge_base_id.clone_from(&self.knowledge_base_id);
            if !self.places.contains_key(&identity(&source)) {
                self.add(source);
            }
        }
    }

    /// The citations below `at`, whose last part is the member's name.
    fn add_citations(&mut self, members: &Members<'_>, at: &str) {
        let name = at.rsplit('.').next().unwrap_or(at);
        for (nth, citation) in members.array(name).into_iter().flatten().enumerate() {
            if let Some(citation) = Members::of(citation) {
                self.add_citation(&citation, &format!("{at}[{nth}]."));
            }
        }
    }

    /// One citation. A stream's event holds the same one twice, the second time in a deprecated member (FORMATS 11.25).
    fn add_citation(&mut self, citation: &Members<'_>, at: &str) {
        let flat = citation.array("retrievedReferences").filter(|references| !references.is_empty());
        let copy = || citation.object("citation")?.array("retrievedReferences");
        let references = flat.or_else(copy).unwrap_or_default();
        *self.citations.get_or_insert(0) += 1;
        self.empty_citations += u32::from(references.is_empty());
        for (nth, reference) in references.into_iter().enumerate() {
            let mut source = Retrieved::of(reference, format!("{at}retrievedReferences[{nth}]"));
            source.cited = Some(true);
            let known = self.places.get(&identity(&source)).and_then(|place| self.sources.get_mut(*place));
            match known {
                Some(known) => known.cited = Some(true),
                None => self.add(source),
            }
        }
    }

    fn add(&mut self, mut source: Retrieved) {
        if self.sources.len() == SOURCES {
            self.left_out += 1;
            return;
        }
        self.places.entry(identity(&source)).or_insert(self.sources.len());
        source.ordinal = u32::try_from(self.sources.len() + 1).unwrap_or(u32::MAX);
        self.sources.push(source);
    }

    fn add_output(&mut self, characters: Option<usize>) {
        if let Some(characters) = characters {
            *self.output_characters.get_or_insert(0) += characters as u64;
        }
    }

    /// What a guardrail did; one that intervened once did so in the answer.
    fn add_action(&mut self, action: Option<&RawValue>) {
        let action = action.and_then(crate::json::text).filter(|action| !action.is_empty());
        let intervened = self.guardrail_action.as_deref().is_some_and(|known| known != "NONE");
        if let Some(action) = action.filter(|_| !intervened) {
            self.guardrail_action = Some(bounded_to(&action, LONGEST_ID));
        }
    }
}

/// Several citations refer to the same passage of a document: that is one source.
fn identity(source: &Retrieved) -> (String, Option<String>) {
    (source.hash.to_string(), source.uri.clone())
}

/// An id that a member holds.
fn id(members: &Members<'_>, name: &str) -> Option<String> {
    let id = members.text(name)?;
    let id = id.trim();
    (!id.is_empty()).then(|| bounded_to(id, LONGEST_ID))
}

/// The length of a part of an agent's answer: bytes, in base64 where the application wrote them so.
fn characters(part: &str) -> usize {
    let decoded = base64_bytes(part).and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.as_deref().unwrap_or(part).chars().count()
}
