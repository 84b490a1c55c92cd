//! A passport's files in a folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use lds::FileId;
use verification::ChipData;

/// The longest file that is read: those of a chip are shorter by far.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Reads the files whose names say which they are, and passes over the rest.
///
/// # Errors
/// The folder or one of the files cannot be read, two names mean the same file, or there is none.
pub(super) fn read(folder: &Path) -> anyhow::Result<ChipData> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(file) = file_id(&name).filter(|_| path.is_file()) else { continue };
        let content = read_file(&path).with_context(|| path.display().to_string())?;
        if files.insert(file, content).is_some() {
            bail!("{}: two files are {file}", folder.display());
        }
    }
    ensure!(!files.is_empty(), "{}: no file of a passport, such as EF_SOD.bin", folder.display());
    Ok(ChipData::whole(files))
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    let length = File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut content)?;
    ensure!(length as u64 <= MAX_FILE, "more than {MAX_FILE} bytes");
    Ok(content)
}

/// The names that [`FileId::from_name`] knows, and data groups with a leading zero: `EF_DG01.bin`.
fn file_id(name: &str) -> Option<FileId> {
    let lower = name.to_ascii_lowercase();
    let unpadded = || ["datagroup", "dg"].into_iter().find_map(|word| lower.split_once(&format!("{word}0")));
    FileId::from_name(&lower).or_else(|| {
        let (before, number) = unpadded()?;
        FileId::from_name(&format!("{before}dg{number}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_common_tools_are_read() {
        for name in [
            "EF_DG1.bin",
            "ef_dg01.BIN",
            "DG1.bin",
            "DG01",
            "EF.DG1.bin",
            "Datagroup1.bin",
            "datagroup01.bin",
        ] {
            assert_eq!(file_id(name), Some(FileId::Dg(1)), "{name}");
        }
        assert_eq!(file_id("SOD.bin"), Some(FileId::Sod));
        assert_eq!(file_id("EF_COM.bin"), Some(FileId::Com));
        assert_eq!(file_id("EF_DG15.bin"), Some(FileId::Dg(15)));
        for name in
            ["DG14_pk.bin", "DG14_sk.pkcs8", "DG00", "DG001", "EF_DG17.bin", "README.md", ".bin", "dg0"]
        {
            assert_eq!(file_id(name), None, "{name}");
        }
    }

    #[test]
    fn a_folder_without_passport_and_two_names_for_one_file_are_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| std::fs::write(folder.path().join(name), [0x61, 0]).unwrap();
        write("notes.txt");
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("no file of a passport, such as EF_SOD.bin"), "{error}");
        write("EF_DG1.bin");
        assert_eq!(read(folder.path()).unwrap().file(FileId::Dg(1)), Some([0x61, 0].as_slice()));
        write("Datagroup1.bin");
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("two files are EF.DG1"), "{error}");
        assert!(read(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn a_file_that_is_too_long_is_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create(folder.path().join("EF_DG2.bin")).unwrap();
        file.set_len(MAX_FILE).unwrap();
        assert!(read(folder.path()).is_ok());
        file.set_len(MAX_FILE + 1).unwrap();
        assert!(read(folder.path()).is_err());
    }
}
