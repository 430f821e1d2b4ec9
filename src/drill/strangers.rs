//! Other people of the same city, for files in which nobody of a register stands.

use super::registers::Maternity;

/// A register as large as `register`, in the same city and the same columns, with none of its people. Telephones and identity
/// numbers coincide with the register's only by chance, as those of strangers do.
pub fn strangers(register: &Maternity) -> Maternity {
    // Odd and far from one: two registers whose seeds are neighbours do not become each other's strangers.
    const APART: u64 = 0x5851_f42d_4c95_7f2d;
    Maternity {
        rows: register.rows,
        seed: register.seed.wrapping_add(APART),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_person_stands_in_both() {
        let register = Maternity {
            rows: 10_000,
            seed: 1,
        };
        let ours = register.month(2);
        let theirs = strangers(&register).month(2);
        assert_eq!(ours.header(), theirs.header());
        for (columns, at_most) in [
            // Identity numbers: 10,000 squared pairs, one in some 60 million alike.
            (&[2usize][..], 12),
            // Telephones: one in some 10 million.
            (&[5][..], 60),
            (&[1, 2][..], 1),
            (&[2, 5][..], 0),
            (&[1, 3, 5][..], 0),
        ] {
            let key = |table: &crate::table::Table, row: usize| -> Option<Vec<String>> {
                let cells = columns.iter().map(|c| table.cell(row, *c).to_owned());
                let cells: Vec<String> = cells.collect();
                cells.iter().all(|c| !c.is_empty()).then_some(cells)
            };
            let known: HashSet<Vec<String>> =
                (0..ours.rows()).filter_map(|row| key(&ours, row)).collect();
            let met = (0..theirs.rows())
                .filter_map(|row| key(&theirs, row))
                .filter(|cells| known.contains(cells))
                .count();
            assert!(met <= at_most, "{met} coincide in columns {columns:?}");
        }
    }
}
