//! Words, texts and ids out of a seeded generator.

use std::ops::RangeInclusive;

/// How many system prompts are in use: callers send the same ones again and again.
const SYSTEM_PROMPTS: u64 = 12;

#[rustfmt::skip]
const SMALL_WORDS: &[&str] = &[
    "the", "of", "and", "a", "to", "in", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on",
    "not", "he", "this", "are", "or", "his", "from", "at", "which", "but", "have", "an", "had", "they",
    "you", "were", "their", "one", "all", "we", "can", "her", "has", "there", "been", "if", "more", "when",
    "will", "would", "who", "so", "no", "für", "über", "prämie", "schaden", "löschung",
];

#[rustfmt::skip]
const STEMS: &[&str] = &[
    "claim", "storm", "cover", "polic", "insur", "damag", "repair", "inspect", "custom", "branch", "broker",
    "invoic", "pay", "receiv", "assess", "report", "deduct", "term", "limit", "exclud", "roof", "water",
    "pip", "theft", "bicycl", "house", "garag", "build", "content", "measur", "station", "weather", "wind",
    "forc", "statement", "answer", "section", "clause", "page", "document", "search", "result", "handl",
    "appoint", "letter", "phone", "call", "attach", "photo", "lawyer", "expert", "opinion", "contract",
    "period", "notic", "cancel", "premium", "account", "bank", "transfer", "refund", "fraud", "witness",
    "police", "record", "file", "number", "year", "month", "week", "monday", "friday", "leak", "burst",
];

const ENDINGS: &[&str] = &["", "s", "ed", "ing", "er", "e", "es", "ment", "able", "ation"];

/// Writes texts. The same seed gives the same texts.
#[derive(Debug)]
pub struct Prose {
    random: fastrand::Rng,
}

impl Prose {
    /// At the start of the texts of this seed.
    pub fn seeded(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// A number.
    pub fn number(&mut self, within: RangeInclusive<usize>) -> usize {
        self.random.usize(within)
    }

    /// Whether it happens, where it happens once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.number(1..=times) == 1
    }

    /// One of these.
    pub fn one_of<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        self.random.choice(choices).copied().unwrap_or_default()
    }

    /// `5ac132ac-cdf9-4e04-84af-73fa8d90b296`
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.random.u64(..), self.random.u64(..));
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high & 0xffff,
            (high >> 16) & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }

    /// A moment in a week of October 2026.
    pub fn moment(&mut self) -> String {
        let (day, hour) = (self.number(5..=11), self.number(0..=23));
        format!("2026-10-{day:02}T{hour:02}:{:02}:{:02}Z", self.number(0..=59), self.number(0..=59))
    }

    /// A name of letters and digits.
    pub fn name(&mut self, length: usize) -> String {
        (0..length).map(|_| self.random.alphanumeric()).collect()
    }

    /// A text of about so many bytes: sentences, lines, paragraphs, some of it quoted, some of it in tables.
    pub fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 64);
        while text.len() < bytes {
            match self.number(0..=19) {
                0..=13 => self.sentence(&mut text),
                14 | 15 => text.push('\n'),
                16 => text.push_str("\n\n"),
                17 => self.quotation(&mut text),
                18 => self.table_row(&mut text),
                _ => text.push_str("\n- "),
            }
        }
        text
    }

    /// One of the system prompts that are in use, cut down to about so many bytes.
    pub fn system_prompt(&mut self, at_most: usize) -> String {
        let which = self.random.u64(..SYSTEM_PROMPTS);
        let mut own = Self::seeded(which);
        let length = own.number(300..=2_000).min(at_most);
        format!("You are assistant number {which} of Example Mutual.\n{}", own.text(length))
    }

    fn sentence(&mut self, text: &mut String) {
        for nth in 0..self.number(4..=16) {
            if nth > 0 {
                text.push_str(if self.once_in(9) { ", " } else { " " });
            }
            self.word(text);
        }
        text.push_str(self.one_of(&[". ", ". ", ". ", "? ", ": ", " – "]));
    }

    fn word(&mut self, text: &mut String) {
        match self.number(0..=19) {
            0..=8 => text.push_str(self.one_of(SMALL_WORDS)),
            9..=18 => {
                text.push_str(self.one_of(STEMS));
                text.push_str(self.one_of(ENDINGS));
            }
            _ => text.push_str(&self.number(1..=99_999).to_string()),
        }
    }

    fn quotation(&mut self, text: &mut String) {
        text.push('"');
        self.word(text);
        text.push(' ');
        self.word(text);
        text.push_str("\" ");
    }

    fn table_row(&mut self, text: &mut String) {
        let (number, amount) = (self.number(10_000..=99_999), self.number(1..=9_999));
        text.push_str(&format!("\nHC-{number}\t{amount}.50 €\tC:\\claims\\{number}\n"));
    }
}
