//! What the property tests are fed with.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use proptest::{collection::vec, prelude::*, sample::select};

/// Cuts bytes into pieces of these sizes, again and again.
pub(crate) fn cut<'b>(bytes: &'b [u8], sizes: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Sizes of pieces.
pub(crate) fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![1]), vec(1_usize..40, 1..4), vec(1_usize..9_000, 1..3)]
}

/// Texts of which each has been somebody's undoing.
pub(crate) fn text() -> impl Strategy<Value = String> {
    const HOSTILE: &[&str] = &[
        "",
        " ",
        "\n",
        "\0",
        "\u{202e}",
        "\u{1f9ea}",
        "\\",
        "\"",
        "/",
        "..",
        "#",
        "%00",
        "+",
        "s3://b/k",
        "null",
        "-1",
    ];
    let piece = prop_oneof![
        3 => "[a-zA-Z0-9 ._äß漢-]{0,8}",
        2 => select(HOSTILE).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// One gzip member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
