//! The sections of the page, in its order; that of changes has a file of its own.

use audit_domain::{
    ledger::delivery::Completion,
    overview::{DeliveryTally, Gap, Tallies, Tally},
};
use maud::{Markup, html};

use super::{Shown, grouped, left_out, left_out_of, table, text};

/// So many names and gaps are shown.
const NAMES: usize = 25;
const GAPS: usize = 25;

/// A heading, and the number under it.
type Column = (&'static str, fn(&Tally) -> u64);

/// The numbers of a line of invocations, with their headings.
const CALLS: [Column; 10] = [
    ("invocations", |t| t.invocations),
    ("guardrail recorded", |t| t.guardrail_recorded),
    ("reported", |t| t.guardrail_reported),
    ("inferred", |t| t.guardrail_inferred),
    ("not named", |t| t.guardrail_unnamed),
    ("not known", |t| t.guardrail_unknown),
    ("inter\u{ad}ventions", |t| t.interventions),
    ("failed", |t| t.errors),
    ("input tokens", |t| t.input_tokens),
    ("output tokens", |t| t.output_tokens),
];

impl Shown<'_> {
    pub(super) fn invocations(&self) -> Markup {
        let invocations = &self.overview.invocations;
        html! {
            section {
                h2 id="invocations" { "Invocations" }
                p { "How the guardrail of an invocation is known: " b { "recorded" } " in its log, " b { "reported" }
                    " by the application, " b { "inferred" } " where only one can be meant, " b { "not named" }
                    " where the log says what a guardrail did and not which one, and otherwise " b { "not known" } "." }
                @if invocations.total.invocations == 0 { p { "None is known in this window." } }
                @else {
                    (calls("By day (UTC)", "day", &html! {
                        @for (day, tally) in &invocations.by_day { (numbers(day, tally, "")) }
                        (numbers("all", &invocations.total, "total"))
                    }))
                    (named("By role or user", "principal", &invocations.by_principal, &invocations.total))
                    (named("By model, as it was called", "model", &invocations.by_model, &invocations.total))
                    (named("By account and region", "account and region", &invocations.by_place, &invocations.total))
                    @if !invocations.by_guardrail.is_empty() {
                        (named("By guardrail, where it is known", "guardrail", &invocations.by_guardrail, &invocations.by_guardrail.sum()))
                    }
                    (errors(&invocations.by_error))
                    (self.bodies())
                }
            }
        }
    }

    fn bodies(&self) -> Markup {
        let total = &self.overview.invocations.total;
        let rows = [
            ("tokens read from prompt caches", total.cache_read_tokens),
            ("tokens written to prompt caches", total.cache_write_tokens),
            ("invocations without token counts", total.without_tokens),
            ("invocations with a body that is still to come", total.bodies_outstanding),
            ("invocations with a body that is not there or may not be read", total.bodies_missing),
            ("invocations whose texts were not delivered", total.bodies_not_delivered),
        ];
        let statuses = &self.overview.invocations.by_system_prompt;
        html! {
            (table("Bodies and prompt caches", &[("what", false), ("how many", true)], &html! {
                @for (what, count) in rows { tr { th scope="row" { (what) } td.n { (grouped(count)) } } }
            }))
            (table("What is known of their system prompts", &[("status", false), ("invocations", true)], &html! {
                @for (status, count) in statuses { tr { th scope="row" { (status) } td.n { (grouped(*count)) } } }
            }))
        }
    }

    pub(super) fn deliveries(&self) -> Markup {
        let deliveries = &self.overview.deliveries;
        let headings: Vec<_> = [("stream", false)]
            .into_iter()
            .chain(DeliveryTally::NUMBERS.iter().map(|(name, _)| (delivery_heading(name), true)))
            .collect();
        let row = |name: &str, tally: &DeliveryTally, class: &str| {
            html! {
                tr class=(class) { th scope="row" { (name) }
                    @for (_, number) in DeliveryTally::NUMBERS { td.n { (grouped(number(tally))) } } }
            }
        };
        html! {
            section {
                h2 id="deliveries" { "Deliveries" }
                p { "Log objects of the window and what became of their values: received = indexed + duplicate + rejected + ignored." }
                @if let Some((first, last)) = deliveries.first_and_last {
                    p { "The first is of " (self.moment(first)) ", the last of " (self.moment(last)) "." }
                    (table("By what wrote them", &headings, &html! {
                        @for (stream, tally) in &deliveries.by_stream { (row(stream.name(), tally, "")) }
                        (row("all", &deliveries.total, "total"))
                    }))
                    (self.partial())
                    (self.rejects())
                } @else { p { "None is listed in this window." } }
            }
        }
    }

    fn partial(&self) -> Markup {
        let partial = &self.overview.deliveries.partial;
        let headings = [("of", false), ("object", false), ("indexed", true), ("why it ends there", false)];
        html! {
            @if partial.total() > 0 { (table("Objects that could not be read to their end", &headings, &html! {
                @for line in partial.kept() { tr {
                    td { (self.moment(line.moment)) }
                    td { code { (text(&line.object)) } }
                    td.n { (grouped(line.counts.indexed)) }
                    td { @if let Completion::Partial(reason) = &line.completion { (text(reason)) } }
                } }
                (left_out(partial.left_out(), headings.len(), "objects"))
            })) }
        }
    }

    fn rejects(&self) -> Markup {
        let deliveries = &self.overview.deliveries;
        let headings =
            [("object", false), ("value", true), ("bytes", true), ("why", false), ("sha256", false)];
        html! {
            @if deliveries.total.counts.rejected > 0 { (table("Values that could not be read or kept", &headings, &html! {
                @for line in deliveries.rejects.kept() { tr {
                    td { code { (text(&line.object)) } }
                    td.n { (line.reject.ordinal) }
                    td.n { (grouped(line.reject.bytes)) }
                    td { (text(&line.reject.reason)) }
                    td { code { (line.reject.sha256.short()) } }
                } }
                (left_out_of(deliveries.rejects_left_out(), headings.len(), "values", "--format csv lists the first 1,000 of each object"))
            })) }
        }
    }

    pub(super) fn gaps(&self) -> Markup {
        html! {
            section {
                h2 id="gaps" { "Gaps" }
                (self.gap_table("Hours without an invocation and without an invocation log", &self.overview.silent_hours(),
                    "There are none in the window."))
                (self.gap_table("Days without anything of CloudTrail's: no change that it told of, and no file of a trail", &self.overview.days_without_trail(),
                    "There are none in the window."))
                p.faint { "A trail whose files are not read here tells only by events of changes: then a day without one is such a day." }
            }
        }
    }

    fn gap_table(&self, caption: &str, gaps: &[Gap], none: &str) -> Markup {
        let rest = gaps.len().saturating_sub(GAPS) as u64;
        html! {
            @if gaps.is_empty() { h3 { (caption) } p { (none) } }
            @else { (table(caption, &[("from", false), ("to", false), ("hours", true)], &html! {
                @for gap in gaps.iter().take(GAPS) { tr {
                    td { (self.moment(gap.from)) } td { (self.moment(gap.until)) } td.n { (gap.hours()) }
                } }
                (left_out(rest, 3, "that are shorter"))
            })) }
        }
    }

    pub(super) fn prompts(&self) -> Markup {
        let prompts = &self.overview.prompts;
        let headings = ["id", "new", "first seen", "last seen", "caller", "model", "a request"];
        html! {
            section {
                h2 id="prompts" { "System prompts in use" }
                @if prompts.listed.total() == 0 { p { "None is known in this window." } }
                @else {
                    p { (grouped(prompts.listed.total())) " in use, " (grouped(prompts.new))
                        " of them new: nobody used them before the window, as far as the ledger goes back. Prompts of callers that make up a new one with every call are not listed." }
                    (table("System prompts, new ones first", &headings.map(|heading| (heading, false)), &html! {
                        @for row in prompts.listed.kept() { tr {
                            td { code { (text(row.seen.system_prompt_id.get(..16).unwrap_or(&row.seen.system_prompt_id))) } }
                            td { (match row.new { Some(true) => "new", Some(false) => "no", None => "unknown" }) }
                            td { (self.moment(row.seen.first_seen)) }
                            td { (self.moment(row.seen.last_seen)) }
                            td.who { (text(&row.seen.caller)) }
                            td.who { (text(&row.seen.model_id)) }
                            td.ids { code { (text(&row.seen.sample_request_id)) } }
                        } }
                        (left_out(prompts.listed.left_out(), headings.len(), "system prompts"))
                    }))
                }
            }
        }
    }
}

fn calls(caption: &str, label: &str, rows: &Markup) -> Markup {
    let headings: Vec<_> =
        [(label, false)].into_iter().chain(CALLS.iter().map(|(heading, _)| (*heading, true))).collect();
    table(caption, &headings, rows)
}

fn named(caption: &str, label: &str, tallies: &Tallies, total: &Tally) -> Markup {
    let ranking = tallies.ranking(NAMES);
    let rest = format!("{} others", grouped(ranking.more as u64));
    calls(
        caption,
        label,
        &html! {
            @for (name, tally) in &ranking.first { (numbers(name, tally, "")) }
            @if ranking.more > 0 { (numbers(&rest, &ranking.rest, "rest")) }
            (numbers("all", total, "total"))
        },
    )
}

fn errors(by_error: &Tallies) -> Markup {
    let ranking = by_error.ranking(NAMES);
    html! {
        @if !by_error.is_empty() { (table("Those that failed", &[("error", false), ("invocations", true)], &html! {
            @for (code, tally) in &ranking.first {
                tr { th scope="row" { (text(code)) } td.n { (grouped(tally.invocations)) } }
            }
            (left_out(ranking.more as u64, 2, "errors"))
        })) }
    }
}

fn numbers(name: &str, tally: &Tally, class: &str) -> Markup {
    html! {
        tr class=(class) { th scope="row" { (text(name)) } @for (_, number) in CALLS { td.n { (grouped(number(tally))) } } }
    }
}

fn delivery_heading(name: &'static str) -> &'static str {
    match name {
        "bodies_outstanding_then" => "bodies to come, then",
        name => name,
    }
}
