//! The cases of BSI TR-03105 part 5.1 (version 1.5) on what stands in the files, judged under the policy
//! `bsi-tr-03105`: the verdict of each is that of the plan.

use super::draft::Draft;

/// The cases that passive authentication judges.
pub(super) fn passive_authentication() -> Vec<Draft> {
    Vec::new()
}
