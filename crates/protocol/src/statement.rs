//! The canonical form of what a key signs.
//!
//! A statement is its domain tag, then each field as name and value, every part behind its length in four bytes.
//! So no two statements have the same bytes, a field cannot slide into its neighbour, and a signature made for one
//! purpose never verifies for another.

/// Writes a statement's canonical bytes.
pub(crate) struct Statement(Vec<u8>);

impl Statement {
    pub(crate) fn new(domain: &'static str) -> Self {
        Self(Vec::new()).part(domain.as_bytes())
    }

    pub(crate) fn bytes(self, name: &'static str, value: &[u8]) -> Self {
        self.part(name.as_bytes()).part(value)
    }

    pub(crate) fn text(self, name: &'static str, value: &str) -> Self {
        self.bytes(name, value.as_bytes())
    }

    pub(crate) fn number(self, name: &'static str, value: i64) -> Self {
        self.bytes(name, &value.to_be_bytes())
    }

    /// A list is its count and its items.
    pub(crate) fn list<T: AsRef<[u8]>>(self, name: &'static str, items: &[T]) -> Self {
        let head = self.number(name, items.len() as i64);
        items.iter().fold(head, |statement, item| statement.part(item.as_ref()))
    }

    /// An absent value is an empty list, a present one a list of one.
    pub(crate) fn optional(self, name: &'static str, value: Option<&[u8]>) -> Self {
        self.list(name, value.as_slice())
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn part(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_slide_into_their_neighbours() {
        let one = Statement::new("t").text("a", "xy").text("b", "").finish();
        let two = Statement::new("t").text("a", "x").text("b", "y").finish();
        let list = Statement::new("t").list("a", &["x", "y"]).finish();
        let joined = Statement::new("t").list("a", &["xy"]).finish();
        assert_ne!(one, two);
        assert_ne!(list, joined);
        assert_ne!(
            Statement::new("t").optional("a", None).finish(),
            Statement::new("t").optional("a", Some(b"")).finish()
        );
    }
}
