//! Names: a surname and a given name of the table's own, as rare as names are there.

use super::*;

/// What parts a designation that is no person's name, the coarser first.
const MARKS: [char; 10] = ['：', ':', '/', '（', '(', '-', '.', '_', ' ', '·'];

impl<'a> People<'a> {
    /// A name of the table's surnames and given names, the given name that of somebody of the canary's sex and generation; as rare,
    /// or as common, as people's names are there. Where names identify, nobody in the table and no other canary has it.
    pub fn name(&self, draft: &Draft<'_>, at: usize, used: &HashSet<String>) -> Option<String> {
        if is_short(self.sheet)
            && let Some(coined) = self.coined(draft, at, used)
        {
            return Some(coined);
        }
        let mut draws = draft.draws(Purpose::Identity(at as u32));
        let donor = self.sheet.cell(draft.row, at);
        let own = name::split(donor);
        let family = own.and_then(|own| self.family(draft, at, own.surname));
        let sole = self.sheet.policy.columns[at].role == Role::Identifier;
        let sex = self.canarys_sex(draft);
        let year = self.canarys_year(draft);
        for attempt in 0..TRIES {
            let [family_row, given_row] = [(); 2].map(|()| self.sheet.any_row(&mut draws));
            let alike = |row: usize| {
                agree(sex, self.sex_of(row))
                    && (attempt > TRIES / 2 || self.one_generation(year, row))
            };
            if !alike(given_row) {
                continue;
            }
            let part = |row| name::split(self.sheet.cell(row, at));
            let (Some(lends), Some(given)) = (part(family_row), part(given_row)) else {
                continue;
            };
            let one_script = is_chinese(lends.form) == is_chinese(given.form)
                && own.is_none_or(|own| is_chinese(own.form) == is_chinese(given.form));
            if !one_script {
                continue;
            }
            let surname = match &family {
                Some(family) => family.as_str(),
                None => self.as_rare_surname(lends.surname, &mut draws),
            };
            let first = self.as_rare(at, &given, alike, &mut draws);
            let made = join(
                surname,
                &Name {
                    given: &first,
                    ..given
                },
            );
            let taken = sole && (self.known.times(&made) > 0 || used.contains(&made));
            if !taken && made != donor {
                return Some(made);
            }
        }
        // names that cannot be taken apart, or a table that holds every combination: then a name repeats, as names do where several
        // have one; what is one row's alone is put together from two
        (0..TRIES).find_map(|attempt| {
            let row = self.sheet.any_row(&mut draws);
            let cell = self.sheet.cell(row, at);
            let fits = !cell.trim().is_empty() && agree(sex, self.sex_of(row));
            let free = |made: &str| made != donor && !used.contains(made);
            if !fits {
                return None;
            }
            if self.known.times(cell) == 1 && attempt < TRIES / 2 {
                let other = self.sheet.cell(self.sheet.any_row(&mut draws), at);
                let made = crossed(cell, other)?;
                return (self.known.times(&made) == 0 && free(&made)).then_some(made);
            }
            free(cell).then(|| cell.to_string())
        })
    }

    /// The name at a place that [`Rarity`] knows.
    fn at_place(&self, place: usize) -> Option<Name<'a>> {
        let rows = self.sheet.table.rows().max(1);
        name::split(
            self.sheet
                .cell(place % rows, *self.names.get(place / rows)?),
        )
    }

    fn as_rare_surname(&self, like: &'a str, draws: &mut Draws<'_>) -> &'a str {
        let chinese = !like.is_ascii();
        let fits = |place| {
            self.at_place(place)
                .is_some_and(|n| n.surname.is_ascii() != chinese)
        };
        match self.surnames.instead(key_of(like), draws, fits) {
            Instead::At(place) => self.at_place(place).map_or(like, |n| n.surname),
            _ => like,
        }
    }

    /// A given name as rare as `like`'s: one that nobody has is put together from two.
    fn as_rare(
        &self,
        at: usize,
        like: &Name<'a>,
        alike: impl Fn(usize) -> bool,
        draws: &mut Draws<'_>,
    ) -> String {
        let rows = self.sheet.table.rows().max(1);
        let fits = |place: usize| {
            let form = self.at_place(place).map(|n| is_chinese(n.form));
            alike(place % rows) && form == Some(is_chinese(like.form))
        };
        match self.given.instead(key_of(like.given), draws, fits) {
            Instead::Same => {}
            Instead::At(place) => {
                if let Some(name) = self.at_place(place) {
                    return name.given.to_string();
                }
            }
            Instead::New => {
                let made = (0..BLIND).find_map(|_| {
                    let row = self.sheet.any_row(draws);
                    let other = name::split(self.sheet.cell(row, at)).filter(|_| alike(row))?;
                    let ([head, _], [_, tail]) = halves(like.given).zip(halves(other.given))?;
                    let made = format!("{head}{tail}");
                    (self.given.times(key_of(&made)) == 0).then_some(made)
                });
                if let Some(made) = made {
                    return made;
                }
            }
        }
        like.given.to_string()
    }

    /// The canary's surname in an earlier column of names in which the donor has this one.
    pub(super) fn family(&self, draft: &Draft<'_>, at: usize, surname: &str) -> Option<String> {
        let earlier = self.names.iter().take_while(|n| **n != at);
        let related = earlier.filter(|n| {
            name::split(self.sheet.cell(draft.row, **n)).is_some_and(|n| n.surname == surname)
        });
        let mut canary = related.filter_map(|n| name::split(&draft.cells[*n]));
        canary.next().map(|n| n.surname.to_string())
    }
}

/// What one designation says before the first mark that both have, and what the other says behind it.
fn crossed(head: &str, tail: &str) -> Option<String> {
    let (head_end, tail_start) = MARKS.iter().find_map(|mark| {
        Some((
            head.find(*mark)? + mark.len_utf8(),
            tail.find(*mark)? + mark.len_utf8(),
        ))
    })?;
    let (head, tail) = (head.get(..head_end)?, tail.get(tail_start..)?);
    (!tail.trim().is_empty()).then(|| format!("{head}{tail}"))
}

/// A given name in two: its first character or word, and the rest.
fn halves(given: &str) -> Option<[&str; 2]> {
    let cut = match given.find(' ') {
        Some(space) => space,
        None if given.is_ascii() => return None,
        None => given.chars().next()?.len_utf8(),
    };
    let (head, tail) = given.split_at(cut);
    (!tail.trim().is_empty()).then_some([head, tail])
}

pub(super) fn is_chinese(form: NameForm) -> bool {
    matches!(form, NameForm::Chinese | NameForm::ChineseSpaced(_))
}

/// A surname before a given name, as the given name's owner writes it; only two characters are spread by a space.
pub(super) fn join(surname: &str, given: &Name<'_>) -> String {
    let short = surname.chars().count() == 1 && given.given.chars().count() == 1;
    match given.form {
        NameForm::ChineseSpaced(_) if !short => NameForm::Chinese.join(surname, given.given),
        form => form.join(surname, given.given),
    }
}

#[cfg(test)]
mod tests {
    use super::crossed;

    #[test]
    fn designations_are_crossed_at_the_coarsest_mark() {
        let made = crossed("Movies_and_TV:Format", "Music:Mono_Stereo");
        assert_eq!(made.as_deref(), Some("Movies_and_TV:Mono_Stereo"));
        let made = crossed("Movies_and_TV:Format", "Web_References");
        assert_eq!(made.as_deref(), Some("Movies_References"));
        assert_eq!(crossed("Studio", "Web_References"), None);
        assert_eq!(crossed("Web_", "Web_"), None);
    }
}
