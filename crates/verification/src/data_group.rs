//! A data group under its hash in an authenticated EF.SOD.

use std::fmt;

use bytes::Bytes;
use lds::dg2::Dg2Finding;
use lds::{DataGroup, Dg1, Dg2, Dg11, Dg14, Dg15};

use crate::{Rejection, SecurityObject};

/// The content of a data group whose hash stands in an authenticated EF.SOD. Only a [`SecurityObject`] makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct Authentic<T> {
    number: u8,
    bytes: Bytes,
    content: T,
    pub(crate) sod_sha256: [u8; 32],
}

/// The holder's data stay out of logs.
impl<T> fmt::Debug for Authentic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authentic(DG{}, ..)", self.number)
    }
}

impl<T> Authentic<T> {
    /// The number of the data group.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// The file, exactly as it was hashed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the file says.
    #[must_use]
    pub fn content(&self) -> &T {
        &self.content
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A data group with a type of its own in [`lds`].
pub trait Content: Sized + sealed::Sealed {
    /// Its number.
    const NUMBER: u8;

    /// Reads its file.
    ///
    /// # Errors
    /// The file is not what the number says.
    fn parse(bytes: &[u8]) -> lds::Result<Self>;
}

macro_rules! content {
    ($($number:literal $name:ident),*) => {$(
        impl sealed::Sealed for $name {}

        impl Content for $name {
            const NUMBER: u8 = $number;

            fn parse(bytes: &[u8]) -> lds::Result<Self> {
                $name::parse(bytes)
            }
        }
    )*};
}

content!(1 Dg1, 2 Dg2, 11 Dg11, 14 Dg14, 15 Dg15);

impl SecurityObject {
    /// Compares the hash of `bytes`, the file of data group `number`, with the one that was signed, and reads it.
    ///
    /// # Errors
    /// [`Rejection::NotInSod`], [`Rejection::HashMismatch`], [`Rejection::File`].
    pub fn data_group(&self, number: u8, bytes: Vec<u8>) -> Result<Authentic<DataGroup>, Rejection> {
        self.authenticate(number, bytes, |bytes| DataGroup::parse(number, bytes))
    }

    /// [`data_group`](Self::data_group) for a data group whose type is known.
    ///
    /// # Errors
    /// As [`data_group`](Self::data_group).
    pub fn read<T: Content>(&self, bytes: Vec<u8>) -> Result<Authentic<T>, Rejection> {
        self.authenticate(T::NUMBER, bytes, T::parse)
    }

    fn authenticate<T>(
        &self,
        number: u8,
        bytes: Vec<u8>,
        parse: impl FnOnce(&[u8]) -> lds::Result<T>,
    ) -> Result<Authentic<T>, Rejection> {
        self.check_hash(number, &bytes)?;
        self.compared(number, &Bytes::from(bytes), |bytes| parse(bytes))
    }

    /// [`read`](Self::read) for a file that step 12 of passive authentication has compared with its hash.
    pub(crate) fn read_compared<T: Content>(&self, bytes: &Bytes) -> Result<Authentic<T>, Rejection> {
        self.compared(T::NUMBER, bytes, |bytes| T::parse(bytes))
    }

    /// [`read_compared`](Self::read_compared) of EF.DG2, and where its headers leave the standard.
    pub(crate) fn read_portrait(
        &self,
        bytes: &Bytes,
    ) -> Result<(Authentic<Dg2>, Vec<Dg2Finding>), Rejection> {
        let mut findings = Vec::new();
        let dg2 = self.compared(2, bytes, |bytes| {
            let (dg2, found) = Dg2::parse_with_findings(bytes)?;
            findings = found;
            Ok(dg2)
        })?;
        Ok((dg2, findings))
    }

    fn compared<T>(
        &self,
        number: u8,
        bytes: &Bytes,
        parse: impl FnOnce(&Bytes) -> lds::Result<T>,
    ) -> Result<Authentic<T>, Rejection> {
        let (content, bytes) = (parse(bytes)?, bytes.clone());
        Ok(Authentic { number, bytes, content, sod_sha256: *self.sod_sha256() })
    }
}
