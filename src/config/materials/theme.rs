//! The deployer's theme.

use std::path::Path;

use super::Reader;
use crate::config::values::at;
use crate::config::{Mistake, Pages};

/// The longest file of a theme, in bytes.
const MAX_FILE: u64 = 512 * 1024;

/// A file of a theme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeFile {
    /// Where it is served: its name holds its digest, since browsers keep it.
    pub path: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub content: Vec<u8>,
}

/// What a theme adds to every page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Beside our own style sheet, after it.
    pub style: Option<ThemeFile>,
    /// In place of our own sign.
    pub logo: Option<ThemeFile>,
}

impl Theme {
    /// The file that is served at this path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&ThemeFile> {
        [&self.style, &self.logo].into_iter().flatten().find(|file| file.path == path)
    }
}

impl Reader<'_> {
    pub(super) fn theme(&mut self) -> Theme {
        let Pages { support, theme_folder, .. } = &self.config.pages;
        if support.as_ref().is_some_and(|s| !s.starts_with("https://") && !s.starts_with("mailto:")) {
            self.wrong("pages.support", "must begin with https:// or mailto:");
        }
        let Some(folder) = theme_folder.as_ref().map(|folder| self.config.path(folder)) else {
            return Theme::default();
        };
        if !folder.is_dir() {
            self.wrong("pages.theme_folder", at(&folder, "is no folder"));
        }
        let style = self.theme_file(&folder.join("theme.css"), "css", "text/css; charset=utf-8");
        let logo = self.theme_file(&folder.join("logo.svg"), "svg", "image/svg+xml");
        let logo = logo.or_else(|| self.theme_file(&folder.join("logo.png"), "png", "image/png"));
        Theme { style, logo }
    }

    /// A file, if it is there.
    fn theme_file(&mut self, file: &Path, ending: &str, media_type: &'static str) -> Option<ThemeFile> {
        let length = std::fs::metadata(file).ok()?.len();
        if length > MAX_FILE {
            self.wrong("pages.theme_folder", at(file, format!("is longer than {MAX_FILE} bytes")));
            return None;
        }
        let content =
            std::fs::read(file).map_err(|error| Mistake::new("pages.theme_folder", at(file, error)));
        let content = self.noted(content)?;
        let digest: String = hex::encode(crypto::sha256(&content)).chars().take(16).collect();
        Some(ThemeFile { path: format!("/theme/{digest}.{ending}"), media_type, content })
    }
}
