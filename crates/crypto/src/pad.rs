//! ISO/IEC 9797-1 padding method 2: 80, then zeros.

use crate::Error;

/// Pads to a multiple of `block` bytes; always adds at least one byte.
#[must_use]
pub fn pad_method2(data: &[u8], block: usize) -> Vec<u8> {
    let mut padded = data.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(block), 0);
    padded
}

/// Takes the padding off.
///
/// # Errors
/// [`Error::Ciphertext`]: no 80 followed by fewer zeros than a block has bytes.
pub fn unpad_method2(data: &[u8], block: usize) -> Result<&[u8], Error> {
    let end = data.iter().rposition(|b| *b != 0).ok_or(Error::Ciphertext)?;
    if data[end] != 0x80 || data.len() - end > block || !data.len().is_multiple_of(block) {
        return Err(Error::Ciphertext);
    }
    Ok(&data[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_comes_off_again() {
        for len in 0..20 {
            let data = vec![0x80; len];
            assert_eq!(unpad_method2(&pad_method2(&data, 8), 8), Ok(&data[..]));
        }
    }

    #[test]
    fn other_padding_is_refused() {
        for bad in
            [&[0; 8][..], &[1; 8], &[], &[0x80; 7], &[1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
        {
            assert_eq!(unpad_method2(bad, 8), Err(Error::Ciphertext), "{bad:?}");
        }
    }
}
