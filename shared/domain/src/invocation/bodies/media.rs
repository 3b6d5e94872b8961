//! Images, videos and multimodal embeddings by task: Titan Image, Nova Canvas, Nova Reel, Stable Diffusion XL. Their text
//! says what to draw; none has a system prompt.

use super::BodyShape;
use crate::json::Members;

pub(super) const SHAPE: BodyShape =
    BodyShape { name: "media-generation", recognise, read_request: |_, _| {}, read_answer: |_, _| {} };

fn recognise(body: &Members<'_>) -> bool {
    body.text("taskType").is_some() || body.array("text_prompts").is_some()
}
