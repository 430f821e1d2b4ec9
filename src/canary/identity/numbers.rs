//! Identifiers: a stem that goes with what else the canary is, and an end drawn from what nobody has.

use super::*;

impl People<'_> {
    pub(super) fn number(
        &self,
        draft: &Draft<'_>,
        at: usize,
        free: &Free<'_>,
        draws: &mut Draws<'_>,
    ) -> Option<(String, Option<Drawn>)> {
        let kind = self.sheet.policy.columns[at].kind;
        let donor = self.sheet.cell(draft.row, at);
        let lender = self.sheet.cell(draft.like(at), at);
        let (mut full, mut under) = (Vec::new(), Vec::new());
        let mut any_stem = false;
        for attempt in 0..STEMS {
            let stemmed = match kind {
                Kind::NationalId => self.id_stem(draft, at, attempt, draws, &mut under),
                Kind::Phone => {
                    let like = match attempt {
                        0 => lender,
                        _ => self.sheet.cell(self.sheet.any_row(draws), at),
                    };
                    self.phone_stem(at, like, free, draws, &mut under)
                }
                _ => {
                    let like = match attempt {
                        0 => lender,
                        1 => donor,
                        _ => self.sheet.cell(self.sheet.any_row(draws), at),
                    };
                    write_stem(kind, like, free, &mut under)
                }
            };
            if !stemmed {
                continue;
            }
            any_stem = true;
            let drawn = match self.spaces.room(at, &under, free) {
                Some(room) => match uniform_in(&room, &under, free, draws, &mut full) {
                    None => continue,
                    from => from,
                },
                None if uniform(kind, &under, free, draws, &mut full) => None,
                None => continue,
            };
            let made = std::str::from_utf8(&full).ok()?;
            let dress = if kind == Kind::Phone { lender } else { donor };
            return Some((dressed_like(kind, dress, made)?, drawn));
        }
        if kind != Kind::Code {
            return None;
        }
        if any_stem {
            return Some((self.beyond(at, free, draws)?, None));
        }
        // a code without a drawable end proves nothing, but must not be another's, nor name the donor
        let quoted = self.names.iter().fold(donor.to_string(), |text, name| {
            match self.sheet.cell(draft.row, *name).trim() {
                "" => text,
                theirs => text.replace(theirs, draft.cells[*name].trim()),
            }
        });
        (0..TRIES).find_map(|_| {
            let made = redrawn(&quoted, draws);
            let written = normal::write(kind, Default::default(), &made, &mut full);
            (written && made != donor && free.is_free(kind, &full)).then_some((made, None))
        })
    }

    /// The stem of an identity number: the region that was lent, the canary's birthday and sex.
    fn id_stem(
        &self,
        draft: &Draft<'_>,
        at: usize,
        attempt: usize,
        draws: &mut Draws<'_>,
        under: &mut Vec<u8>,
    ) -> bool {
        let number = |row: usize| national_id::normal(self.sheet.cell(row, at));
        let lent = draft.region.filter(|(column, _)| *column == at);
        let Some(donor) = number(draft.row) else {
            return false;
        };
        let region = lent.and_then(|(_, row)| number(row)).unwrap_or(donor);
        let Some(mut born) = draft.born.or_else(|| donor.birth_date()) else {
            return false;
        };
        if attempt > 0 {
            let day = jiff::Span::new().days(draws.between(0, i64::from(born.days_in_year()) - 1));
            born = born.first_of_year().checked_add(day).unwrap_or(born);
        }
        let male = match self.sex {
            // the number tells what the column says
            Some(Sex::Column(_)) => self.man_like(draft, at),
            _ => draft.male,
        };
        under.clear();
        under.extend_from_slice(region.region().as_bytes());
        under.extend_from_slice(
            format!("{:04}{:02}{:02}", born.year(), born.month(), born.day()).as_bytes(),
        );
        under.push(b'0' + u8::from(male.unwrap_or_else(|| donor.is_male())));
        under.len() == 15
    }

    /// Whether the numbers of those whom the canary's sex is written like are men's.
    fn man_like(&self, draft: &Draft<'_>, at: usize) -> Option<bool> {
        let sex = self.canarys_sex(draft);
        let rows = self.sheet.table.rows();
        let ids = (draft.row..rows).chain(0..draft.row).take(LOOKED_AT);
        ids.filter(|row| self.sex_of(*row) == sex)
            .find_map(|row| Some(national_id::normal(self.sheet.cell(row, at))?.is_male()))
    }

    /// A stem of telephone numbers that others have as often as others have `like`'s.
    fn phone_stem(
        &self,
        at: usize,
        like: &str,
        free: &Free<'_>,
        draws: &mut Draws<'_>,
        under: &mut Vec<u8>,
    ) -> bool {
        if !write_stem(Kind::Phone, like, free, under) {
            return false;
        }
        let known = |stem: &[u8]| {
            let digest = stem::digest(free.keys, Kind::Phone, stem);
            free.register.with_stem(digest)
        };
        let others = known(under).saturating_sub(1);
        if others >= COMMON || !stem::of_kind(Kind::Phone, free.pool).is_empty() {
            return true;
        }
        let own = under.clone();
        if is_short(self.sheet) && self.as_common_a_block(at, &own, free, draws, under) {
            return true;
        }
        if others == 0 && self.new_block(at, &own, free, draws, under) && known(under) == 0 {
            return true;
        }
        for _ in 0..LOOKED_THROUGH {
            let other = self.sheet.cell(self.sheet.any_row(draws), at);
            if !write_stem(Kind::Phone, other, free, under) {
                continue;
            }
            if known(under) == others && under.len() == own.len() && under.get(..2) == own.get(..2)
            {
                return true;
            }
        }
        *under = own;
        true
    }

    /// A code after the greatest: where every number up to it is in use, the next are what newcomers get.
    fn beyond(&self, at: usize, free: &Free<'_>, draws: &mut Draws<'_>) -> Option<String> {
        let greatest = self.sheet.column(at).max_by_key(|c| (c.len(), *c))?;
        let (mut full, mut under) = (Vec::new(), Vec::new());
        let mut next = greatest.to_string();
        for _ in 0..2 {
            let written = normal::write(Kind::Code, Default::default(), &next, &mut full);
            if written
                && stem::write(Kind::Code, &full, free.pool, &mut under)
                && uniform(Kind::Code, &under, free, draws, &mut full)
            {
                return dressed_like(Kind::Code, greatest, std::str::from_utf8(&full).ok()?);
            }
            next = next_thousand(greatest)?;
        }
        None
    }
}

/// Writes the stem of `like`, or of the agency's own numbers where it has some.
pub(super) fn write_stem(kind: Kind, like: &str, free: &Free<'_>, under: &mut Vec<u8>) -> bool {
    let mut full = Vec::new();
    let written = normal::write(kind, Default::default(), like, &mut full);
    match (kind, stem::of_kind(kind, free.pool).first()) {
        (Kind::Phone | Kind::Email, Some(own)) => {
            full.clear();
            full.extend_from_slice(own.as_bytes());
        }
        _ if !written => return false,
        _ => {}
    }
    stem::write(kind, &full, free.pool, under)
}

/// Draws uniformly from the free values of a stem; false where there is none.
fn uniform(
    kind: Kind,
    under: &[u8],
    free: &Free<'_>,
    draws: &mut Draws<'_>,
    full: &mut Vec<u8>,
) -> bool {
    if free.left(kind, under) == 0 {
        return false;
    }
    let values = stem::values_under(kind, under, free.pool);
    let value = |n: u32, full: &mut Vec<u8>| {
        stem::nth_value(kind, under, free.pool, n, full) && free.is_free(kind, full)
    };
    for _ in 0..BLIND {
        if value(draws.below(values as usize) as u32, full) {
            return true;
        }
    }
    let listed: Vec<u32> = (0..values).filter(|n| value(*n, full)).collect();
    let drawn = listed.get(draws.below(listed.len()));
    drawn.is_some_and(|n| value(*n, full))
}

/// Draws a code uniformly from those of a stem's values in `room` that the canaries leave free; none where they leave none.
fn uniform_in(
    room: &[u32],
    under: &[u8],
    free: &Free<'_>,
    draws: &mut Draws<'_>,
    full: &mut Vec<u8>,
) -> Option<Drawn> {
    let kind = Kind::Code;
    let mut value =
        |n: u32| stem::nth_value(kind, under, free.pool, n, full) && free.is_free(kind, full);
    let left: Vec<u32> = room.iter().copied().filter(|n| value(*n)).collect();
    let drawn = *left.get(draws.below(left.len()))?;
    value(drawn).then_some(Drawn {
        among: left.len() as u32,
        used: free.used(stem::digest(free.keys, kind, under)),
    })
}

/// The code a thousand further on, of the same length; none where it would be longer.
fn next_thousand(code: &str) -> Option<String> {
    let end = code.len().checked_sub(3)?;
    let head = code.get(..end)?;
    let start = head
        .bytes()
        .rposition(|b| !b.is_ascii_digit())
        .map_or(0, |n| n + 1);
    let digits = head.get(start..)?;
    let next = (digits.parse::<u64>().ok()? + 1).to_string();
    let padded = format!("{next:0>width$}", width = digits.len());
    (padded.len() == digits.len()).then(|| format!("{}{padded}000", &head[..start]))
}
