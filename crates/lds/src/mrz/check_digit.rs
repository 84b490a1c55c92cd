/// The check digit of a field (Doc 9303-3 4.9): weights 7, 3, 1, modulus 10; digits count as themselves, letters 10 to
/// 35, the filler 0. Other bytes count 0.
#[must_use]
pub fn check_digit(field: &str) -> char {
    let weights = [7, 3, 1].into_iter().cycle();
    let sum: u32 = field.bytes().zip(weights).map(|(byte, weight)| value(byte) * weight).sum();
    char::from_digit(sum % 10, 10).unwrap_or('0')
}

fn value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_the_standard_compute() {
        assert_eq!(check_digit("520727"), '3');
        assert_eq!(check_digit("AB2134<<<"), '5');
        assert_eq!(check_digit("HA672242<658022549601086<<<<<<<<<<<<<<0"), '8');
    }
}
