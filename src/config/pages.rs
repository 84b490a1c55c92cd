//! The section `[pages]`: what a deployer puts into the pages.

use std::path::PathBuf;

use serde::Deserialize;

/// What a deployer puts into the pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pages {
    /// The name of the service, in the head of every page and in the title.
    pub name: String,
    /// Who runs it: the notices name it.
    pub operator: String,
    /// Where a person gets help: `https://..` or `mailto:..`.
    pub support: Option<String>,
    /// A folder with `theme.css`, `logo.svg` or `logo.png`, each if wanted.
    pub theme_folder: Option<PathBuf>,
    /// How far the pages conform to the RGAA, as an audit found: `not`, `partially` or `fully`.
    pub accessibility: Conformity,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            name: "Sceau".to_owned(),
            operator: String::new(),
            support: None,
            theme_folder: None,
            accessibility: Conformity::Not,
        }
    }
}

/// How far the pages conform to the RGAA. Without an audit nobody may say more than `not` (décret 2019-768, article 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Conformity {
    /// Less than half of the criteria, or no audit.
    #[default]
    Not,
    /// Half of the criteria or more.
    Partially,
    /// All.
    Fully,
}
