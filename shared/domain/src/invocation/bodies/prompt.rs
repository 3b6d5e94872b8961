//! Bodies with one `prompt` text: the older families, and imported models. A chat template inside the text tells which
//! part of it is the system prompt (FORMATS 3.1).

use super::{Answer, BodyReading, BodyShape};
use crate::{
    json::{Members, objects},
    prompt::{retrieval_region, without_passages},
};

pub(super) const SHAPE: BodyShape = BodyShape { name: "prompt", recognise, read_request, read_answer };

/// How a family marks the system prompt at the head of the text.
struct Template {
    name: &'static str,
    /// Tokens of which one is in every text of this template.
    marks: &'static [&'static str],
    /// What may stand before the system prompt, again and again.
    head: &'static [&'static str],
    /// What opens the system prompt; empty where it starts the text.
    opens: &'static str,
    /// What ends it, whichever comes first.
    closes: &'static [&'static str],
}

const TEMPLATES: &[Template] = &[
    Template {
        name: "llama-prompt",
        marks: &["<|start_header_id|>"],
        head: &["<|begin_of_text|>"],
        opens: "<|start_header_id|>system<|end_header_id|>",
        closes: &["<|eot_id|>", "<|start_header_id|>"],
    },
    Template {
        name: "llama-prompt",
        marks: &["<|header_start|>"],
        head: &["<|begin_of_text|>"],
        opens: "<|header_start|>system<|header_end|>",
        closes: &["<|eot|>", "<|header_start|>"],
    },
    Template {
        name: "chatml-prompt",
        marks: &["<|im_start|>"],
        head: &["<s>", "<|endoftext|>"],
        opens: "<|im_start|>system",
        closes: &["<|im_end|>", "<|im_start|>"],
    },
    Template {
        name: "deepseek-prompt",
        marks: &["<｜begin▁of▁sentence｜>", "<｜User｜>"],
        head: &["<｜begin▁of▁sentence｜>"],
        opens: "",
        closes: &["<｜User｜>"],
    },
    Template {
        name: "llama2-prompt",
        marks: &["<<SYS>>"],
        head: &["<s>", "[INST]"],
        opens: "<<SYS>>",
        closes: &["<</SYS>>"],
    },
    Template {
        name: "mistral-prompt",
        marks: &["[SYSTEM_PROMPT]", "[INST]"],
        head: &["<s>"],
        opens: "[SYSTEM_PROMPT]",
        closes: &["[/SYSTEM_PROMPT]"],
    },
    Template {
        name: "anthropic-text",
        marks: &["\n\nHuman:"],
        head: &[],
        opens: "",
        closes: &["\n\nHuman:"],
    },
];

impl Template {
    /// By the head of the text, which the application writes; else by tokens in it, except in retrieved passages, which
    /// may hold those of any family.
    fn of(prompt: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.begins(prompt)).or_else(|| {
            let own = without_passages(prompt);
            TEMPLATES.iter().find(|template| template.marks.iter().any(|mark| own.contains(mark)))
        })
    }

    /// Whether the text begins as only this template does.
    fn begins(&self, prompt: &str) -> bool {
        if self.opens.is_empty() {
            let prompt = prompt.trim_start();
            return self.head.iter().any(|token| prompt.starts_with(token));
        }
        self.behind_head(prompt).starts_with(self.opens)
    }

    fn behind_head<'p>(&self, prompt: &'p str) -> &'p str {
        let mut rest = prompt.trim_start();
        while let Some(behind) = self.head.iter().find_map(|token| rest.strip_prefix(token)) {
            rest = behind.trim_start();
        }
        rest
    }

    /// The system prompt at the head of the text. Tokens further down may have been written by anybody.
    fn system_prompt<'p>(&self, prompt: &'p str) -> Option<&'p str> {
        let rest = if self.head.is_empty() { prompt } else { self.behind_head(prompt) };
        let rest = rest.strip_prefix(self.opens)?;
        let end = self.end_in(rest, 0)?;
        // a token inside a retrieved passage ends nothing
        let end = match retrieval_region(rest) {
            Some((from, to)) if from <= end => self.end_in(rest, to)?,
            _ => end,
        };
        rest.get(..end)
    }

    fn end_in(&self, text: &str, from: usize) -> Option<usize> {
        let behind = text.get(from..)?;
        self.closes.iter().filter_map(|token| behind.find(token)).min().map(|at| from + at)
    }
}

/// A text that begins with the tokens of a template that no line knows may well hold a system prompt: it is of no known
/// shape.
fn recognise(body: &Members<'_>) -> bool {
    let is_unknown = |prompt: &str| prompt.trim_start().starts_with("<|") && Template::of(prompt).is_none();
    body.text("prompt").is_some_and(|prompt| !is_unknown(&prompt))
}

fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    let Some(prompt) = body.text("prompt") else { return };
    let template = Template::of(&prompt);
    reading.dialect = template.map(|template| template.name);
    let system = template.and_then(|template| template.system_prompt(&prompt)).map(str::to_owned);
    // passages may stand in the instructions or behind them: the text is searched once, as a whole
    reading.add_user_text(&prompt, "prompt");
    if let Some(system) = system {
        reading.add_searched_instruction("prompt".to_owned(), system.into());
    }
}

/// Each family has its own place for why the model stopped.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    // Llama, Anthropic's text completions
    for text in ["generation", "completion"] {
        if part.has(text) {
            answer.add_text(part.get(text));
            answer.add_stop_reason(part.get("stop_reason"));
        }
    }
    // Mistral, Cohere Command, AI21 Jurassic
    for (list, reason) in [
        ("outputs", &["stop_reason"][..]),
        ("generations", &["finish_reason"]),
        ("completions", &["finishReason", "reason"]),
    ] {
        let results = part.get(list).and_then(objects).unwrap_or_default();
        let Some(result) = results.into_iter().flatten().next() else { continue };
        answer.add_stop_reason(result.at(reason));
        answer.add_text(result.get("text").or_else(|| result.at(&["data", "text"])));
    }
}
