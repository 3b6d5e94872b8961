//! Rerank models: the documents of a retrieval in, their order out (FORMATS 1.3).

use super::{Answer, BodyReading, BodyShape};
use crate::{
    json::{Members, compact, objects, text},
    passage::{Passage, Reference},
};

pub(super) const SHAPE: BodyShape = BodyShape { name: "rerank", recognise, read_request, read_answer };

fn recognise(body: &Members<'_>) -> bool {
    body.text("query").is_some() && body.array("documents").is_some()
}

fn read_request<'a>(body: &Members<'a>, reading: &mut BodyReading<'a>) {
    let documents = body.array("documents").unwrap_or_default();
    for (index, raw) in (0_u32..).zip(documents) {
        let document = Members::of(raw).unwrap_or_default();
        let said = text(raw).or_else(|| document.text("text"));
        reading.add_passage(Passage {
            text: Some(said.map_or_else(|| compact(raw), String::from)),
            title: document.text("title").map(String::from),
            reference: Reference::Rank(index),
            ..Passage::at(format!("documents[{index}]"))
        });
    }
}

/// `results[]` of `{index, relevance_score}`.
fn read_answer(part: &Members<'_>, answer: &mut Answer) {
    for result in part.get("results").and_then(objects).unwrap_or_default().iter().flatten() {
        answer.add_score(result);
    }
}
