#![no_main]

use audit_app::inflate::{Inflate, PIECE};
use libfuzzer_sys::fuzz_target;

/// What came out, and whether the object was sound.
fn inflate(bytes: &[u8], size: usize) -> (Vec<u8>, bool) {
    let (mut inflate, mut got) = (Inflate::new(), Vec::new());
    let mut sound = true;
    for piece in bytes.chunks(size) {
        sound = inflate.push(piece, &mut |part| got.extend_from_slice(part)).is_ok();
        if !sound {
            break;
        }
    }
    sound &= inflate.finish(&mut |part| got.extend_from_slice(part)).is_ok();
    assert_eq!(inflate.passed(), got.len() as u64);
    (got, sound)
}

fuzz_target!(|data: &[u8]| {
    let Some((size, bytes)) = data.split_first() else { return };
    let whole = inflate(bytes, PIECE);
    assert!(inflate(bytes, usize::from(*size).max(1)) == whole);
    assert!(inflate(bytes, 1) == whole);
});
