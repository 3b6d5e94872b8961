//! Inflates a log object piece by piece: memory does not grow with the object.

use std::io::{self, ErrorKind, Write};

use flate2::write::MultiGzDecoder;

/// So many compressed bytes are inflated at a time. Deflate packs at most 1:1032, so at most 8 MB come out of a piece.
pub const PIECE: usize = 8 << 10;

/// Inflates gzip with any number of members; passes plain bytes through.
#[derive(Default)]
pub struct Inflate {
    state: State,
    passed: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    /// One byte is there, and two tell gzip from plain text.
    OneByte(u8),
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

impl Inflate {
    /// At the start of an object.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many inflated bytes came out so far.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Inflates a piece of at most [`PIECE`] bytes, and hands on what came out of it.
    ///
    /// # Errors
    /// The object is no sound gzip from here on; what came out before the unsound place was handed on.
    pub fn push(&mut self, piece: &[u8], out: &mut impl FnMut(&[u8])) -> io::Result<()> {
        match &mut self.state {
            State::Plain => {
                self.passed += piece.len() as u64;
                out(piece);
                Ok(())
            }
            State::Gzip(decoder) => inflate_all(decoder, piece, &mut self.passed, out),
            State::Start | State::OneByte(_) => self.begin(piece, out),
        }
    }

    fn begin(&mut self, piece: &[u8], out: &mut impl FnMut(&[u8])) -> io::Result<()> {
        const MAGIC: [u8; 2] = [0x1f, 0x8b];
        let mut head = match self.state {
            State::OneByte(first) => vec![first],
            _ => Vec::new(),
        };
        head.extend_from_slice(piece);
        match head.as_slice() {
            [] => return Ok(()),
            [one] => {
                self.state = State::OneByte(*one);
                return Ok(());
            }
            _ => {}
        }
        self.state = if head.starts_with(&MAGIC) {
            State::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
        } else {
            State::Plain
        };
        self.push(&head, out)
    }

    /// The object has ended: hands on what is left.
    ///
    /// # Errors
    /// The object ended in the middle of a gzip member.
    pub fn finish(&mut self, out: &mut impl FnMut(&[u8])) -> io::Result<()> {
        match &mut self.state {
            State::Start | State::Plain => Ok(()),
            State::OneByte(only) => {
                self.passed += 1;
                out(&[*only]);
                Ok(())
            }
            State::Gzip(decoder) => {
                let finished = decoder.try_finish();
                self.passed += hand_on(decoder.get_mut(), out);
                finished
            }
        }
    }
}

/// Inflates all of a piece. What comes out is handed on a few ten KB at a time, while it is in the processor's cache.
fn inflate_all(
    decoder: &mut MultiGzDecoder<Vec<u8>>,
    mut piece: &[u8],
    passed: &mut u64,
    out: &mut impl FnMut(&[u8]),
) -> io::Result<()> {
    while !piece.is_empty() {
        let taken = decoder.write(piece);
        *passed += hand_on(decoder.get_mut(), out);
        piece = match taken? {
            0 => return Err(ErrorKind::WriteZero.into()),
            taken => piece.get(taken..).unwrap_or_default(),
        };
    }
    Ok(())
}

/// Hands on what was inflated; how much it was.
fn hand_on(inflated: &mut Vec<u8>, out: &mut impl FnMut(&[u8])) -> u64 {
    let length = inflated.len() as u64;
    out(inflated);
    inflated.clear();
    length
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(bytes: &[u8], size: usize) -> (Vec<u8>, bool) {
        let mut inflate = Inflate::new();
        let mut got = Vec::new();
        let mut sound = true;
        for piece in bytes.chunks(size) {
            if inflate.push(piece, &mut |part| got.extend_from_slice(part)).is_err() {
                sound = false;
                break;
            }
        }
        sound &= inflate.finish(&mut |part| got.extend_from_slice(part)).is_ok();
        assert_eq!(inflate.passed(), got.len() as u64);
        (got, sound)
    }

    #[test]
    fn gzip_of_any_number_of_members_and_plain_bytes() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|n| format!("{{\"n\":{n}}}\n").into_bytes()).collect();
        let (one, two) = text.split_at(9_000);
        for size in [1, 5, 4096] {
            assert_eq!(inflate(&gzip(&text), size), (text.clone(), true));
            assert_eq!(inflate(&[gzip(one), gzip(two)].concat(), size), (text.clone(), true));
            assert_eq!(inflate(&text, size), (text.clone(), true));
        }
        assert_eq!(inflate(b"", 1), (Vec::new(), true));
        assert_eq!(inflate(b"{", 1), (b"{".to_vec(), true));
    }

    #[test]
    fn a_cut_object_gives_what_came_before_the_cut() {
        let mut seed = 7_u32;
        let text: Vec<u8> = (0..50_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b'a' + u8::try_from(seed >> 28).unwrap()
            })
            .collect();
        let whole = gzip(&text);
        for cut in [whole.len() / 2, whole.len() - 1, whole.len() - 9] {
            let (got, sound) = inflate(&whole[..cut], 4096);
            assert!(!sound, "cut at {cut}");
            assert!(text.starts_with(&got), "cut at {cut}");
            assert!(got.len() * 3 > text.len(), "cut at {cut}: {} of {}", got.len(), text.len());
        }
        let mut broken = whole.clone();
        let middle = broken.len() / 2;
        broken[middle..middle + 40].fill(0xff);
        assert!(!inflate(&broken, 4096).1);
    }
}
