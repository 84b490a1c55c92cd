//! Writes `test-vectors/`, or the folder given as the one argument.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let dir = std::env::args().nth(1).unwrap_or_else(|| "test-vectors".into());
    test_passports::vectors::write(Path::new(&dir))
}
