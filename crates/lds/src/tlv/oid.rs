//! OBJECT IDENTIFIERs.

use std::fmt;

use super::{encode, tag};

/// The longest contents that are read, in bytes.
const MAX_LEN: usize = 64;

/// An OBJECT IDENTIFIER: its contents by X.690 8.19, each arc in its shortest form. It is compared and copied as bytes,
/// and shown dotted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid {
    len: u8,
    bytes: [u8; MAX_LEN],
}

impl Oid {
    const EMPTY: Self = Self { len: 0, bytes: [0; MAX_LEN] };

    /// Of a dotted form such as `2.23.136.1.1.1`: for constants.
    ///
    /// # Panics
    /// If the text is none.
    #[must_use]
    pub const fn new(dotted: &str) -> Self {
        match Self::from_dotted(dotted) {
            Some(oid) => oid,
            None => panic!("a dotted object identifier"),
        }
    }

    /// Reads a dotted form; `None`: another text, an arc above 64 bits, or above 64 bytes encoded.
    #[must_use]
    pub const fn from_dotted(dotted: &str) -> Option<Self> {
        let text = dotted.as_bytes();
        let (mut oid, mut root, mut arc, mut arcs, mut digits, mut at) = (Self::EMPTY, 0, 0_u128, 0, 0, 0);
        while at <= text.len() {
            if at < text.len() && text[at].is_ascii_digit() && digits < 20 {
                arc = arc * 10 + (text[at] - b'0') as u128;
                digits += 1;
                at += 1;
                continue;
            }
            if digits == 0 || at < text.len() && text[at] != b'.' || arcs == 0 && arc > 2 {
                return None;
            }
            // The first two arcs are one number.
            if arcs == 0 {
                root = arc * 40;
            } else {
                oid = match oid.with(root + arc) {
                    Some(oid) => oid,
                    None => return None,
                };
                root = 0;
            }
            (arc, arcs, digits, at) = (0, arcs + 1, 0, at + 1);
        }
        if arcs > 1 { Some(oid) } else { None }
    }

    const fn with(mut self, arc: u128) -> Option<Self> {
        let mut septets = if arc == 0 { 1 } else { (128 - arc.leading_zeros()).div_ceil(7) };
        if arc >> 64 != 0 || self.len as usize + septets as usize > MAX_LEN {
            return None;
        }
        while septets > 0 {
            septets -= 1;
            let more = if septets > 0 { 0x80 } else { 0 };
            self.bytes[self.len as usize] = (arc >> (7 * septets)) as u8 & 0x7F | more;
            self.len += 1;
        }
        Some(self)
    }

    /// The object identifier with one more arc.
    ///
    /// # Panics
    /// If it has more than 64 bytes then.
    #[must_use]
    pub const fn child(self, arc: u64) -> Self {
        self.with(arc as u128).expect("at most 64 bytes")
    }

    /// Reads contents; `None`: empty, cut, above 64 bytes, or an arc above 64 bits. Zeros in front of an arc are passed
    /// over.
    pub(super) fn from_contents(contents: &[u8]) -> Option<Self> {
        if contents.len() > MAX_LEN || contents.last().is_none_or(|byte| byte & 0x80 != 0) {
            return None;
        }
        let (mut oid, mut arc) = (Self::EMPTY, 0_u64);
        for byte in contents {
            if arc >> 57 != 0 {
                return None;
            }
            arc = arc << 7 | u64::from(byte & 0x7F);
            if arc == 0 && byte & 0x80 != 0 {
                continue;
            }
            if let Some(place) = oid.bytes.get_mut(usize::from(oid.len)) {
                *place = *byte;
                oid.len += 1;
            }
            if byte & 0x80 == 0 {
                arc = 0;
            }
        }
        Some(oid)
    }

    /// Its contents, without tag and length.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The encoded arcs after those of `parent`; `None` if it is not under it.
    #[must_use]
    pub fn below(&self, parent: &Self) -> Option<&[u8]> {
        self.as_bytes().strip_prefix(parent.as_bytes()).filter(|arcs| !arcs.is_empty())
    }

    /// The element.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(tag::OID, self.as_bytes())
    }
}

/// Dotted.
impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc: u64 = 0;
        let mut is_first = true;
        for byte in self.as_bytes() {
            arc = arc << 7 | u64::from(byte & 0x7F);
            if byte & 0x80 != 0 {
                continue;
            }
            if is_first {
                let root = (arc / 40).min(2);
                write!(f, "{root}")?;
                arc -= root * 40;
            }
            write!(f, ".{arc}")?;
            (arc, is_first) = (0, false);
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LDS_SECURITY_OBJECT: Oid = Oid::new("2.23.136.1.1.1");

    #[test]
    fn what_is_written_dotted_reads_back() {
        for dotted in ["2.23.136.1.1.1", "1.2.840.113549.1.7.2", "0.4.0.127.0.7.2.2.3.2.1", "2.999.3", "0.0"]
        {
            assert_eq!(Oid::new(dotted).to_string(), dotted);
            assert_eq!(Oid::from_contents(Oid::new(dotted).as_bytes()), Some(Oid::new(dotted)));
        }
        // X.690 8.19.5.
        assert_eq!(Oid::new("2.999.3").encode(), [6, 3, 0x88, 0x37, 3]);
        assert_eq!(LDS_SECURITY_OBJECT.as_bytes(), [0x67, 0x81, 0x08, 1, 1, 1]);
        let greatest = Oid::new("1.2").child(u64::MAX);
        assert_eq!(greatest.to_string(), format!("1.2.{}", u64::MAX));
        assert_eq!(Oid::from_contents(greatest.as_bytes()), Some(greatest));
    }

    #[test]
    fn contents_that_are_none_are_refused() {
        assert_eq!(Oid::from_contents(&[]), None);
        assert_eq!(Oid::from_contents(&[0x81]), None, "cut");
        assert_eq!(Oid::from_contents(&[&[0x2A, 0x83][..], &[0xFF; 8], &[0x7F]].concat()), None, "66 bits");
        assert_eq!(Oid::from_contents(&[1; 65]), None, "too long");
        assert_eq!(Oid::from_contents(&[1; 64]).map(|oid| oid.as_bytes().len()), Some(64));
    }

    #[test]
    fn zeros_in_front_of_an_arc_make_no_difference() {
        let contents = [0x80, 0x67, 0x81, 0x08, 0x80, 0x80, 1, 1, 1];
        assert_eq!(Oid::from_contents(&contents), Some(LDS_SECURITY_OBJECT));
        assert_ne!(Oid::from_contents(&[0x67, 0x81, 0x80, 0x08, 1, 1, 1]), Some(LDS_SECURITY_OBJECT));
    }

    #[test]
    fn an_object_identifier_stands_below_its_parent() {
        let icao = Oid::new("2.23.136.1");
        assert_eq!(LDS_SECURITY_OBJECT.below(&icao), Some(&[1, 1][..]));
        assert_eq!(icao.below(&icao), None);
        assert_eq!(icao.below(&LDS_SECURITY_OBJECT), None);
        assert_eq!(icao.child(1).child(1), LDS_SECURITY_OBJECT);
    }

    #[test]
    fn texts_that_are_none_are_refused() {
        for text in ["", "1", "1.", ".1", "2.23..136", "+1.2", "1.2 ", "3.1", "1.2.18446744073709551616"] {
            assert_eq!(Oid::from_dotted(text), None, "{text}");
        }
        assert_eq!(Oid::from_dotted(&"1.2.3".repeat(40)), None);
        assert_eq!(Oid::from_dotted(&["1"; 65].join(".")).map(|oid| oid.as_bytes().len()), Some(64));
        assert_eq!(Oid::from_dotted(&["1"; 66].join(".")), None);
    }
}
