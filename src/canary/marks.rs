//! A canary's own marks: in a copy every record's sites hold one variant or another, and a row whose sites all hold what the source's
//! do would stand out.

use super::Draft;
use super::draws::{Draws, Purpose};
use crate::code::Handle;
use crate::mark::Record;
use crate::mark::plan::Planner;
use crate::policy::{Fidelity, Policy};
use crate::table::Table;

/// Marks canaries as records of this policy are marked.
pub struct Marks {
    /// None where no value may be altered.
    planner: Option<Planner>,
    places: Vec<Option<usize>>,
}

impl Marks {
    /// For a policy.
    pub fn new(policy: &Policy) -> Marks {
        Marks {
            planner: (policy.fidelity != Fidelity::Lossless).then(|| Planner::new(policy)),
            places: (0..policy.columns.len()).map(Some).collect(),
        }
    }

    /// Puts a variant, each as likely, at every site that the canary would hold if it were a record; true where a cell changed.
    /// Nothing reads them: they depend on the canary alone, so they stay from month to month as it does.
    pub fn wear(&self, draft: &mut Draft<'_>) -> bool {
        let Some(planner) = &self.planner else {
            return false;
        };
        let mut table = Table::new(vec![String::new(); draft.cells.len()], draft.cells.len());
        table.push(draft.cells.iter().map(String::as_str));
        let record = Record::new(&table, 0, &self.places);
        let mut draws = Draws::new(draft.key, draft.donor, Purpose::Marks);
        let direction = Handle(draws.bits());
        let mut planned = Vec::new();
        planner.variants(&record, direction, draft.key, &mut planned);
        let mut changed = false;
        for (group, variants) in planner.groups().iter().zip(&planned) {
            let v = draws.below(1usize << variants.bits);
            if v == 0 {
                continue;
            }
            let columns = group.carrier.columns();
            for (nth, column) in columns.iter().enumerate() {
                if let Some(cell) = draft.cells.get_mut(*column) {
                    *cell = variants.text(v, nth, columns.len()).to_string();
                    changed = true;
                }
            }
        }
        changed
    }
}
