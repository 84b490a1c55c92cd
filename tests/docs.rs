//! The documents name tests: each one is there.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

use std::path::Path;

/// The sources under a folder, one after the other.
fn sources(folder: &Path, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != "node_modules") {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// `AZ-050`, alone or at either end of a range.
fn is_check(word: &str) -> bool {
    let (letters, digits) = word.split_once('-').unwrap_or_default();
    letters.len() == 2
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && digits.len() == 3
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The functions of `code spans`, and the numbers of checks.
#[test]
fn every_test_that_a_table_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for folder in ["crates", "src", "tests"] {
        sources(&root.join(folder), &mut code);
    }
    for (document, at_least) in [("docs/franceconnect.md", 60), ("docs/standards.md", 50)] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        // Rows of the tables whose last column is headed "test".
        let tables = text
            .split("\n\n")
            .filter(|block| block.lines().next().is_some_and(|head| head.ends_with("| test |")));
        let rows = tables.flat_map(str::lines).filter_map(|line| line.split('|').nth_back(1));
        let mut names = 0;
        for row in rows {
            for name in
                row.split('`').skip(1).step_by(2).filter_map(|span| span.split([' ', ':']).next_back())
            {
                if name.contains('_') {
                    assert!(
                        ["fn {}(", "mod {};"].iter().any(|form| code.contains(&form.replace("{}", name))),
                        "{document}: no test is called {name}"
                    );
                    names += 1;
                }
            }
            for check in
                row.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| is_check(word))
            {
                assert!(code.contains(&format!("\"{check}\"")), "{document}: no check is called {check}");
                names += 1;
            }
        }
        assert!(names >= at_least, "{document}: {names} names");
    }
}
