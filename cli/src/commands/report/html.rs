//! The report as one page that needs nothing else: no script, no font, no image. Whatever comes out of a record goes through
//! [`text`], and is escaped by the template.

mod changes;
mod sections;

use std::collections::BTreeMap;

use audit_domain::{
    overview::{Overview, unknown},
    plain::one_line,
};
use jiff::{Timestamp, tz::Offset};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{arguments::Global, output};

/// A value of a record has at most so many characters on the page; the whole stands in the ledger.
const LONGEST: usize = 300;
const STYLE: &str = include_str!("style.css");
/// Nothing is loaded and nothing runs, whatever should get into the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page.
pub(super) fn page(overview: &Overview, ledger: &str, global: &Global) -> String {
    let (program, offset) = (global.program(), global.utc_offset);
    let shown = Shown { overview, offset };
    let title =
        format!("Bedrock audit report, {} to {}", shown.day(overview.since), shown.day(overview.until));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Audit report of generative AI on Amazon Bedrock" }
                    (shown.facts(ledger))
                    (shown.contents())
                }
                main {
                    (shown.numbers())
                    (shown.open())
                    (shown.invocations())
                    (shown.changes())
                    (shown.deliveries())
                    (shown.gaps())
                    (shown.prompts())
                }
                footer { p.faint {
                    "Made by bedrock-audit " (env!("CARGO_PKG_VERSION")) ". No prompt, answer or passage stands on this page. "
                    "Days and hours are counted in UTC. "
                    code { (text(&program)) " explain REQUEST_ID" } " tells all of one request, "
                    code { (text(&program)) " verify REQUEST_ID" } " compares it with the raw record."
                } }
            }
        }
    };
    page.into_string()
}

/// An overview, and how its times are shown.
struct Shown<'a> {
    overview: &'a Overview,
    offset: Offset,
}

impl Shown<'_> {
    fn facts(&self, ledger: &str) -> Markup {
        let overview = self.overview;
        let names = |names: &std::collections::BTreeSet<String>| match names.len() {
            0 => "none: nothing is in the window".to_owned(),
            _ => names.iter().map(|name| text(name)).collect::<Vec<_>>().join(", "),
        };
        html! {
            dl.facts {
                dt { "Window" } dd { (self.moment(overview.since)) " to " (self.moment(overview.until)) " (not included)" }
                dt { "Accounts" } dd { (names(&overview.accounts)) }
                dt { "Regions" } dd { (names(&overview.regions)) }
                dt { "Made" } dd { (self.moment(overview.made_at)) }
                dt { "From" } dd { "ledger in " (text(ledger)) }
            }
        }
    }

    fn contents(&self) -> Markup {
        html! {
            nav aria-label="Sections" { ul {
                @for (id, name) in [
                    ("open", "What it does not say"), ("invocations", "Invocations"), ("changes", "Changes"),
                    ("deliveries", "Deliveries"), ("gaps", "Gaps"), ("prompts", "System prompts"),
                ] {
                    li { a href={ "#" (id) } { (name) } }
                }
            } }
        }
    }

    /// The most important numbers.
    fn numbers(&self) -> Markup {
        let overview = self.overview;
        let total = &overview.invocations.total;
        let known = total.invocations - total.guardrail_unknown;
        let class = |name: &str| overview.changes.by_class.get(name).copied().unwrap_or_default();
        let sum = |by_name: &BTreeMap<&str, u64>, names: [&str; 2]| -> u64 {
            names.iter().filter_map(|name| by_name.get(name)).sum()
        };
        let weaker = sum(&overview.changes.by_verdict, ["weaker", "mixed"]);
        let severe = sum(&overview.changes.by_severity, ["critical", "high"]);
        let deliveries = &overview.deliveries.total;
        let numbers = [
            (total.invocations, "invocations"),
            (known, "of them with a guardrail, by log, application or inference"),
            (total.guardrail_unknown, "without a guardrail that is known"),
            (total.interventions, "with an intervention of a guardrail"),
            (total.errors, "failed"),
            (class("change"), "changes of the configuration"),
            (weaker, "changes that made something weaker, or may have (mixed)"),
            (overview.changes.effect_unknown, "changes of unknown effect"),
            (severe, "changes, attempts and faults of severity critical or high"),
            (class("failed"), "calls that failed and changed nothing"),
            (class("denied"), "attempts that were denied"),
            (class("noticed"), "differences and faults that no event told"),
            (deliveries.objects, "log objects"),
            (deliveries.counts.rejected, "rejected values"),
            (overview.prompts.new, "new system prompts"),
        ];
        html! {
            ul.numbers aria-label="The most important numbers" {
                @for (number, what) in numbers { li { strong { (grouped(number)) } (what) } }
            }
        }
    }

    fn open(&self) -> Markup {
        html! {
            section.open id="open" {
                h2 { "What this page does not say" }
                p { "What is absent here is not proven to be absent." }
                ul { @for text in unknown::not_covered(self.overview) { li { (text) } } }
            }
        }
    }

    fn moment(&self, moment: Timestamp) -> Markup {
        html! { time.when datetime=(moment) { (output::moment(moment, self.offset)) } }
    }

    fn day(&self, moment: Timestamp) -> String {
        self.offset.to_datetime(moment).date().to_string()
    }
}

/// A value of a record on one line: control characters are shown, and what is long is cut.
fn text(value: &str) -> String {
    one_line(value, LONGEST)
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A table that is read aloud with its caption, and scrolls by itself where it is too wide.
fn table(caption: &str, headings: &[(&str, bool)], rows: &Markup) -> Markup {
    html! {
        div.wide role="region" tabindex="0" aria-label=(caption) {
            table.short[headings.len() == 2] {
                caption { (caption) }
                thead { tr { @for (heading, is_number) in headings { th.n[*is_number] scope="col" { (heading) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A last row that says what a list leaves out.
fn left_out(count: u64, columns: usize, what: &str) -> Markup {
    left_out_of(count, columns, what, "--format csv lists them all")
}

/// A last row that says what a list leaves out, and who lists more.
fn left_out_of(count: u64, columns: usize, what: &str, elsewhere: &str) -> Markup {
    html! { @if count > 0 { tr.rest { td colspan=(columns) { "and " (grouped(count)) " more " (what) "; " (elsewhere) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), shown);
        }
    }
}
