//! Cohere's embeddings: `texts`, `images` or `inputs`, with an `input_type`; no system prompt (FORMATS 1.3).

use super::BodyShape;

pub(super) const SHAPE: BodyShape = BodyShape {
    name: "cohere-embed",
    recognise: |body| {
        body.has("input_type") && ["texts", "images", "inputs"].iter().any(|name| body.has(name))
    },
    read_request: |_, _| {},
    read_answer: |_, _| {},
};
