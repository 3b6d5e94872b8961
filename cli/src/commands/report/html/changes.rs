//! Changes on the page, attempts, and what the audit noticed itself.

use audit_domain::{
    ledger::record::{DiffRead, FieldChange},
    overview::{ChangeClass, ChangeRow},
    plain::one_line,
};
use maud::{Markup, html};

use super::{Shown, grouped, left_out, table, text};
use crate::output;

/// So many fields of a change are shown.
const FIELDS: usize = 5;
/// A field's value has at most so many characters.
const LONGEST_VALUE: usize = 120;

impl Shown<'_> {
    pub(super) fn changes(&self) -> Markup {
        let changes = &self.overview.changes;
        let counts = [
            ("severity", &changes.by_severity),
            ("verdict", &changes.by_verdict),
            ("known by", &changes.by_origin),
        ];
        html! {
            section {
                h2 id="changes" { "Changes of the configuration" }
                @if changes.total() == 0 { p { "None is known in this window." } }
                @else {
                    p { @for (what, by_name) in counts {
                        (what) ": "
                        @for (nth, (name, count)) in by_name.iter().enumerate() {
                            @if nth > 0 { ", " } (name) " " (grouped(*count))
                        } ". "
                    } }
                    (self.listed("Changes, the most severe first", ChangeClass::Change))
                    (self.listed("Calls that failed and changed nothing", ChangeClass::Failed))
                    (self.listed("Attempts that were denied", ChangeClass::Denied))
                    (self.listed("What no event told: drift, and parts of the audit that are out of order", ChangeClass::Noticed))
                }
            }
        }
    }

    fn listed(&self, caption: &str, class: ChangeClass) -> Markup {
        let headings = ["when", "severity", "who", "what", "which", "changed", "event and request"];
        let Some(list) = self.overview.changes.listed.get(&class) else { return html! {} };
        html! {
            @if list.total() == 0 { h3 { (caption) } p { "None." } }
            @else { (table(caption, &headings.map(|heading| (heading, false)), &html! {
                @for row in list.kept() { (self.change(row)) }
                (left_out(list.left_out(), headings.len(), "that matter less"))
            })) }
        }
    }

    fn change(&self, row: &ChangeRow) -> Markup {
        let (severity, verdict) = (row.severity.name(), row.verdict.map(|verdict| verdict.name()));
        html! {
            tr {
                td { (self.moment(row.occurred_at)) br; span.faint {
                    @if let Some(at) = row.alerted_at { "alert " (self.moment(at)) } @else { "no alert of its own" } } }
                td { span class=(severity) { (severity) }
                    @if let Some(verdict) = verdict { br; span class=(verdict) { (verdict) } } }
                td.who { (text(&row.who)) }
                td.who { (text(&row.event_name)) br; span class=(row.outcome.name()) { (row.outcome.name()) }
                    @if let Some(code) = &row.error_code { " (" (text(code)) ")" }
                    @if row.deployment { br; "through CloudFormation" } }
                td.who { (text(&row.resource)) @if let Some(version) = &row.version { " (" (text(version)) ")" }
                    br; span.faint { (text(&row.account_id)) " " (text(&row.region)) } }
                td.changed { (content(row)) }
                td.ids { code { (text(&row.event_id)) } br; code { (text(&row.request_id)) } }
            }
        }
    }
}

/// What is known of a change's content.
fn content(row: &ChangeRow) -> Markup {
    let Some(fields) = &row.fields else {
        return html! { @if let Some(breaks) = &row.breaks { (text(breaks)) " " } span.faint { (output::NOT_SHOWN) } };
    };
    let left = fields.len().saturating_sub(FIELDS) as u64 + row.fields_left_out;
    let value = |value: &Option<String>| {
        value.as_deref().map_or("nothing".to_owned(), |json| one_line(json, LONGEST_VALUE))
    };
    let field = |field: &FieldChange| {
        html! {
            li { (text(&field.path)) ": " (value(&field.before)) " \u{2192} " (value(&field.after))
                @if let Some(effect) = &field.effect { " (" (text(effect)) ")" } }
        }
    };
    html! {
        @if let Some(breaks) = &row.breaks { (text(breaks)) }
        @if !fields.is_empty() {
            ul.fields { @for one in fields.iter().take(FIELDS) { (field(one)) } @if left > 0 { li.rest { "and " (grouped(left)) " more" } } }
        } @else if row.is_content_unknown() && row.breaks.is_none() { span.faint { "not known" } }
        @else if matches!(row.read, Some(DiffRead::Ok | DiffRead::Gone)) { span.faint { "nothing that is known to matter" } }
    }
}
