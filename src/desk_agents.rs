//! Who may decide at a desk: a file of lines `IDENTITY DESK`, read at each request, so that an agent who is struck out is none
//! at once.

use std::path::Path;

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The name of her identity.
    pub identity: String,
    /// The desk, as decisions and the log name it.
    pub desk: String,
}

/// Reads the file of agents. Empty lines and those that begin with `#` say nothing.
///
/// # Errors
/// What is wrong, with file and line.
pub fn read(file: &Path) -> Result<Vec<Agent>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
    let told = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    told.map(|(number, line)| {
        agent(line).ok_or_else(|| format!("{}: line {number}: must be IDENTITY DESK", file.display()))
    })
    .collect()
}

fn agent(line: &str) -> Option<Agent> {
    let (identity, desk) = line.split_once(' ')?;
    let desk = desk.trim();
    let named = identity.len() == 32 && identity.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let fits = (1..=64).contains(&desk.len()) && desk.bytes().all(|b| b.is_ascii_graphic());
    (named && fits).then(|| Agent { identity: identity.to_owned(), desk: desk.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_agents_is_read_and_a_wrong_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agents");
        let identity = "0123456789abcdef".repeat(2);
        std::fs::write(&file, format!("# agents\n\n{identity}  desk-7 \n")).unwrap();
        assert_eq!(read(&file), Ok(vec![Agent { identity: identity.clone(), desk: "desk-7".into() }]));
        for wrong in ["anna desk-7", &identity, &format!("{identity} desk 7"), &format!("{identity} ")] {
            std::fs::write(&file, format!("# agents\n{wrong}\n")).unwrap();
            assert!(read(&file).unwrap_err().ends_with("line 2: must be IDENTITY DESK"), "{wrong}");
        }
        assert!(read(&folder.path().join("none")).is_err());
    }
}
