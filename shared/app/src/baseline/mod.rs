//! Every resource is looked at: what no event tells is noticed by comparing what is with what was last known.
//!
//! A run is cut into small requests, which the function puts into its own queue ([`request`]): a page of a list, with a look
//! at each resource on it ([`look`]); then those that were known and are on no list. A request asks for the next one once it
//! is done, so a crash repeats one page, and repeating a look changes nothing.

mod look;
mod request;

use audit_domain::{
    change::Resource,
    ledger::{record::Retention, state::noted_subject},
    state::{Subject, SubjectKind},
};
use jiff::Timestamp;

pub use self::{
    look::Look,
    request::{BaselineRequest, Step},
};
use crate::{
    ports::{
        ContinueBaseline, ListResources, ListedResource, NoteResources, Pause, PortError, PublishAlerts,
        QueryNotedResources, QueryRecords, ReadResources, ResourceList,
    },
    record_change::{ChangeLedger, Recorder},
};

/// The kinds that are listed by themselves.
const LISTED: [SubjectKind; 8] = [
    SubjectKind::Guardrail,
    SubjectKind::Prompt,
    SubjectKind::Agent,
    SubjectKind::Flow,
    SubjectKind::KnowledgeBase,
    SubjectKind::InferenceProfile,
    SubjectKind::EnforcedGuardrail,
    SubjectKind::InvocationLogging,
];

/// So many noted resources are gone through for one request: most of them were seen, and need no look.
const NOTED: usize = 50;

/// What is listed for each resource of a kind: its versions, or what hangs on it.
fn listed_below(kind: SubjectKind) -> Option<SubjectKind> {
    match kind {
        SubjectKind::Guardrail | SubjectKind::Prompt | SubjectKind::Agent | SubjectKind::Flow => Some(kind),
        SubjectKind::KnowledgeBase => Some(SubjectKind::DataSource),
        _ => None,
    }
}

/// What is looked at besides, for each resource of a kind; there is no list of it.
fn looked_at_besides(kind: SubjectKind) -> Option<SubjectKind> {
    (kind == SubjectKind::Guardrail).then_some(SubjectKind::ResourcePolicy)
}

/// The account and region whose resources are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
}

impl Place {
    /// A resource here; `None` where the id is none of its kind.
    pub fn subject(
        &self,
        kind: SubjectKind,
        id: String,
        version: Option<String>,
        arn: Option<String>,
    ) -> Option<Subject> {
        let (account_id, region) = (self.account_id.clone(), self.region.clone());
        let resource = Resource { account_id, region, kind: kind.name().to_owned(), id, version, arn };
        Subject::of_resource(&resource)
    }

    /// The name of the list of those of a kind that were seen here.
    fn list(&self, kind: SubjectKind) -> String {
        noted_subject(&self.account_id, &self.region, kind.name())
    }
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// What came of each look.
    pub looks: Vec<(Subject, Look)>,
    /// What could not be listed or looked at, and why. It is looked at again where that may help.
    pub failed: Vec<(String, String)>,
}

/// Everything that a baseline writes to and asks.
pub trait BaselineLedger: ChangeLedger + QueryRecords + NoteResources + QueryNotedResources {}
impl<T: ChangeLedger + QueryRecords + NoteResources + QueryNotedResources> BaselineLedger for T {}

/// Looks at every resource of a place.
pub struct Baseline<'a, L, R, A, Q> {
    /// Records what is noticed; knows the ledger, and reads resources.
    pub recorder: Recorder<'a, L, R, A>,
    /// Takes the requests, and paces the reads.
    pub queue: &'a Q,
    /// Whose resources.
    pub place: &'a Place,
}

impl<L, R, A, Q> Baseline<'_, L, R, A, Q>
where
    L: BaselineLedger,
    R: ReadResources + ListResources,
    A: PublishAlerts,
    Q: ContinueBaseline + Pause,
{
    /// Begins a run.
    ///
    /// # Errors
    /// Of the ports: it is to be begun again.
    pub async fn begin(&self, run: Timestamp) -> Result<(), PortError> {
        for kind in LISTED {
            self.ask(run, Step::List { kind, whole: None, page: None }).await?;
        }
        Ok(())
    }

    /// Does what is asked for, and asks for what is next.
    ///
    /// # Errors
    /// Of the ports: the request is to come again. What fails for one resource of a page does not make it fail.
    pub async fn handle(&self, request: BaselineRequest) -> Result<Report, PortError> {
        let mut report = Report::default();
        let run = request.run;
        match request.step {
            Step::List { kind, whole, page } => {
                let page = page.as_deref();
                let next = self.list(run, kind, whole.as_deref(), page, &mut report).await?;
                match next {
                    Some(page) => self.ask(run, Step::List { kind, whole, page: Some(page) }).await?,
                    None if whole.is_none() => self.ask_for_missing(run, kind).await?,
                    None => {}
                }
            }
            Step::Missing { kind, after } => {
                let list = self.place.list(kind);
                let (noted, next) =
                    self.recorder.ledger.noted_resources(&list, after.as_deref(), NOTED).await?;
                let unseen = noted.into_iter().filter(|noted| noted.seen_at < run);
                for subject in unseen.filter_map(|noted| Subject::of_resource(&noted.resource)) {
                    self.look_at(run, subject, &mut report).await?;
                }
                if let Some(after) = next {
                    self.ask(run, Step::Missing { kind, after: Some(after) }).await?;
                }
            }
            Step::Look { subject } => {
                let look = self.look(run, &subject).await?;
                report.looks.push((subject, look));
            }
        }
        Ok(report)
    }

    /// Looks at a page, and asks for what is below; the next page.
    async fn list(
        &self,
        run: Timestamp,
        kind: SubjectKind,
        whole: Option<&str>,
        page: Option<&str>,
        report: &mut Report,
    ) -> Result<Option<String>, PortError> {
        let (listed, next) = match self.recorder.resources.list_resources(kind, whole, page).await? {
            ResourceList::Page { listed, next } => (listed, next),
            ResourceList::Denied(why) => {
                let list = whole.map_or(String::new(), |whole| format!(" of {whole}"));
                report.failed.push((format!("the list {}{list}", kind.name()), why));
                return Ok(None);
            }
        };
        for ListedResource { id, version, arn } in listed {
            // the draft was on the list of wholes
            if whole.is_some() && version.as_deref() == Some("DRAFT") {
                continue;
            }
            let besides = looked_at_besides(kind).filter(|_| whole.is_none());
            let besides = besides.and_then(|kind| self.place.subject(kind, id.clone(), None, arn.clone()));
            let subject = self.place.subject(kind, id.clone(), version, arn);
            for subject in [subject, besides].into_iter().flatten() {
                self.look_at(run, subject, report).await?;
            }
            if let Some(kind) = listed_below(kind).filter(|_| whole.is_none()) {
                self.ask(run, Step::List { kind, whole: Some(id), page: None }).await?;
            }
        }
        Ok(next)
    }

    /// Those of a kind that were known, and of what hangs on them.
    async fn ask_for_missing(&self, run: Timestamp, kind: SubjectKind) -> Result<(), PortError> {
        let below = listed_below(kind).filter(|below| *below != kind);
        for kind in [Some(kind), below, looked_at_besides(kind)].into_iter().flatten() {
            self.ask(run, Step::Missing { kind, after: None }).await?;
        }
        Ok(())
    }

    /// Looks at one of many. Where that fails it is asked for by itself, and takes nobody down.
    async fn look_at(&self, run: Timestamp, subject: Subject, report: &mut Report) -> Result<(), PortError> {
        if !(report.looks.is_empty() && report.failed.is_empty()) {
            self.queue.pause().await;
        }
        match self.look(run, &subject).await {
            Ok(look) => report.looks.push((subject, look)),
            Err(error) => {
                report.failed.push((subject.to_string(), error.to_string()));
                self.ask(run, Step::Look { subject }).await?;
            }
        }
        Ok(())
    }

    async fn ask(&self, run: Timestamp, step: Step) -> Result<(), PortError> {
        self.queue.go_on(&BaselineRequest { run, step }).await
    }

    fn retention(&self) -> Retention {
        self.recorder.recording.retention
    }
}
