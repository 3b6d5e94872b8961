//! Whatever the bytes and the pieces in which they come.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::strategies::{cut, gzip, sizes};

/// What came out, and whether the object was sound.
fn inflate(bytes: &[u8], sizes: &[usize]) -> (Vec<u8>, bool) {
    let mut inflate = Inflate::new();
    let (mut got, mut sound) = (Vec::new(), true);
    for piece in cut(bytes, sizes).into_iter().flat_map(|piece| piece.chunks(PIECE)) {
        sound = inflate.push(piece, &mut |part| got.extend_from_slice(part)).is_ok();
        if !sound {
            break;
        }
    }
    sound &= inflate.finish(&mut |part| got.extend_from_slice(part)).is_ok();
    assert_eq!(inflate.passed(), got.len() as u64);
    (got, sound)
}

/// Bytes that pack well, and bytes that do not.
fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..600),
        ("[a-z{}\":,\n]{0,40}", 0_usize..400).prop_map(|(text, times)| text.repeat(times).into_bytes()),
    ]
}

proptest! {
    #[test]
    fn any_members_come_out_as_they_went_in(members in vec(content(), 1..4), sizes in sizes()) {
        let packed = members.iter().flat_map(|member| gzip(member)).collect::<Vec<_>>();
        prop_assert!(inflate(&packed, &sizes) == (members.concat(), true));
    }

    #[test]
    fn plain_bytes_pass_through(bytes in content(), sizes in sizes()) {
        prop_assume!(!bytes.starts_with(&[0x1f, 0x8b]));
        prop_assert!(inflate(&bytes, &sizes) == (bytes, true));
    }

    #[test]
    fn what_is_cut_off_gives_the_same_beginning_in_whichever_pieces(
        members in vec(content(), 1..3),
        at: usize,
        sizes in sizes(),
    ) {
        let packed = members.iter().flat_map(|member| gzip(member)).collect::<Vec<_>>();
        // with less than two bytes nobody can tell what it was
        let cut_off = &packed[..2 + at % (packed.len() - 2)];
        let (got, sound) = inflate(cut_off, &sizes);
        prop_assert!(members.concat().starts_with(&got));
        prop_assert!(inflate(cut_off, &[PIECE]) == (got, sound));
    }

    #[test]
    fn what_is_damaged_gives_the_same_in_whichever_pieces(
        members in vec(content(), 1..3),
        damage in vec((any::<usize>(), any::<u8>()), 1..4),
        sizes in sizes(),
    ) {
        let mut packed = members.iter().flat_map(|member| gzip(member)).collect::<Vec<_>>();
        let length = packed.len();
        for (at, byte) in damage {
            packed[at % length] = byte;
        }
        prop_assert!(inflate(&packed, &sizes) == inflate(&packed, &[1]));
    }

    #[test]
    fn arbitrary_bytes_give_the_same_in_whichever_pieces(tail in vec(any::<u8>(), 0..300), gzip: bool, sizes in sizes()) {
        let head: &[u8] = if gzip { &[0x1f, 0x8b, 8, 0] } else { &[] };
        let bytes = [head, &tail].concat();
        prop_assert!(inflate(&bytes, &sizes) == inflate(&bytes, &[PIECE]));
    }
}
