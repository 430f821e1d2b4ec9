//! Policies as TOML, and what is wrong with one in a sentence.

use super::{Kind, Policy, Role, Rule};
use crate::error::{Error, Result, did_you_mean};

/// The policy written down, to be read, changed and given back.
///
/// # Errors
/// Where a pool of contact points is a file still unread: what is frozen is the list, since the file may change.
pub fn write(policy: &Policy) -> Result<String> {
    for (contact, pool) in policy.canaries.pools() {
        if let Some(path) = pool.file() {
            return Err(Error::input(format!(
                "`{}` under [canaries] names the file `{path}`, which was not read. Give its entries as a list.",
                contact.key()
            )));
        }
    }
    let body = toml::to_string(policy)
        .map_err(|e| Error::input(format!("the policy cannot be written as TOML ({e}).")))?;
    Ok(format!(
        "# What taggant may alter in this register. The first issue freezes it.\n\
         # role: identifier (links a record, never altered), carrier (may be altered), sequence (numbered again),\n\
         #       derived (follows others), plain (never altered)\n\
         # coalition: how many partners may pool their copies and one of them still be named, such as 5\n\
         # sheet: its sheet, in workbooks of which several tables get marks\n\
         # code: half, layered, guarded (or mixed, coalition); left out, the first issue chooses by size and coalition\n\
         # grids: steps on which values heap, and how often last digits, weekdays (from Monday) or spellings occur: marks keep these\n\n{body}"
    ))
}

/// The policy in this TOML; `origin` names it in errors.
pub fn read(origin: &str, text: &str) -> Result<Policy> {
    let policy: Policy = toml::from_str(text).map_err(|e| explain(origin, text, &e))?;
    check(origin, &policy)?;
    Ok(policy)
}

fn explain(origin: &str, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map_or(1, |span| {
        text[..span.start.min(text.len())].matches('\n').count() + 1
    });
    let message = error.message();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let hint = match quoted.split_first() {
        Some((unknown, known)) if message.starts_with("unknown") => {
            did_you_mean(unknown, known.iter().copied())
        }
        _ => String::new(),
    };
    let first = message.lines().next().unwrap_or("not a policy");
    Error::input(
        format!("`{origin}` line {line}: {first}. {hint}")
            .trim_end()
            .to_string(),
    )
}

/// Holds the policy against itself: columns named once, rules about columns that exist, roles that their kinds allow.
pub fn check(origin: &str, policy: &Policy) -> Result<()> {
    let names: Vec<&str> = policy.columns.iter().map(|c| c.name.as_str()).collect();
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return Err(Error::input(format!(
                "`{origin}` describes column `{name}` twice. Keep one of the two."
            )));
        }
    }
    let known = |name: &str| -> Result<()> {
        if names.contains(&name) {
            return Ok(());
        }
        let hint = did_you_mean(name, names.iter().copied());
        Err(Error::input(
            format!("`{origin}` speaks of a column `{name}` that it does not describe. {hint}")
                .trim_end()
                .to_string(),
        ))
    };
    for key in &policy.sort {
        known(&key.column)?;
    }
    for rule in &policy.rules {
        for name in rule.columns() {
            known(name)?;
        }
    }
    if !(0.0..=0.5).contains(&policy.canaries.rate) {
        return Err(Error::input(format!(
            "`{origin}` asks for {} canaries a record. Name a rate between 0 and 0.5.",
            policy.canaries.rate
        )));
    }
    if !(0.0..=1.0).contains(&policy.canaries.shared) {
        return Err(Error::input(format!(
            "`{origin}` lets recipients share {} of their canaries. Name a part between 0 and 1.",
            policy.canaries.shared
        )));
    }
    if policy.coalition == Some(0) {
        return Err(Error::input(format!(
            "`{origin}` names a coalition of 0. Name how many partners may pool their copies, from 1, or leave it out."
        )));
    }
    for (contact, pool) in policy.canaries.pools() {
        pool.check(contact, origin)?;
    }
    for column in &policy.columns {
        let needs = match (column.role, column.kind) {
            (Role::Carrier, Kind::Number) if column.step.is_none() => {
                "a number needs `step = \"1\"` (or .5, 10 ...), the least change it may carry"
            }
            (
                Role::Carrier,
                Kind::Name | Kind::Phone | Kind::NationalId | Kind::Email | Kind::Code,
            ) => {
                "names and identifiers are never altered: use `role = \"plain\"` or `\"identifier\"`"
            }
            (Role::Carrier, Kind::Text | Kind::Address | Kind::Category)
                if column.spellings.is_empty()
                    && policy.spellings.is_empty()
                    && !column.formatting =>
            {
                "text needs `spellings = [[\"栋\", \"幢\"]]`, the pairs that mean the same (its own or the table's), or `formatting = true`"
            }
            _ => continue,
        };
        return Err(Error::input(format!(
            "`{origin}`: column `{}` cannot be a carrier as it stands: {needs}.",
            column.name
        )));
    }
    Ok(())
}

impl Rule {
    /// Every column that the rule names.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Rule::Offset { column, from, .. } => vec![column, from],
            Rule::Elapsed {
                column,
                from,
                until,
                ..
            } => [Some(column), Some(from), until.as_ref()]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect(),
            Rule::Order { first, then } => vec![first, then],
            Rule::Inside { column, of } => vec![column, of],
            Rule::Determines { column, by } => vec![column, by],
            Rule::Pair { column, by } => vec![column, &by[0], &by[1]],
            Rule::Part { column, of, .. } => vec![column, of],
            Rule::Bands { column, by, .. } => vec![column, by],
            Rule::Tied { column, from } => vec![column, from],
            Rule::Rises { column, with } => vec![column, with],
            Rule::Stays { column, .. } => vec![column],
            Rule::Computed { column, of } => std::iter::once(column)
                .chain(of)
                .map(String::as_str)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let text = "code = \"mixed\"\n[canaries]\nrate = 0.0\n[[column]]\nname = \"a\"\nrole = \"plain\"\nkind = \"text\"\nwekdays = true\n";
        let said = read("p.toml", text).unwrap_err().to_string();
        assert!(
            said.contains("`p.toml` line 8") && said.contains("Did you mean `weekdays`?"),
            "{said}"
        );
        let said = read(
            "p.toml",
            &text.replace("wekdays = true", "").replace("plain", "plane"),
        )
        .unwrap_err()
        .to_string();
        assert!(said.contains("Did you mean `plain`?"), "{said}");
    }

    #[test]
    fn biases_that_are_left_out_are_still_to_be_chosen() {
        let text = "coalition = 5\n[canaries]\nrate = 0.0\n[[column]]\nname = \"a\"\nrole = \"plain\"\nkind = \"text\"\n";
        let policy = read("p", text).unwrap();
        assert!(policy.code.is_open() && policy.coalition == Some(5));
        assert!(!toml::to_string(&policy).unwrap().contains("code"));
        let chosen = read("p", &format!("code = \"guarded\"\n{text}")).unwrap();
        assert_eq!(chosen.code, crate::code::BiasSet::Guarded);
        assert!(write(&chosen).unwrap().contains("code = \"guarded\""));
        assert!(read("p", &text.replace('5', "0")).is_err());
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut column = super::super::Column::plain("孕前体重", Kind::Number);
        column.role = Role::Carrier;
        column.step = Some("0.5".into());
        let policy = Policy {
            sheet: None,
            code: crate::code::BiasSet::Mixed,
            coalition: None,
            fidelity: Default::default(),
            row_order: false,
            canaries: super::super::Canaries {
                rate: 0.005,
                shared: 0.0,
                phones: Default::default(),
                mails: Default::default(),
                addresses: Default::default(),
            },
            spellings: vec![],
            sort: vec![],
            columns: vec![column],
            rules: vec![],
        };
        let text = write(&policy).unwrap();
        assert_eq!(read("p", &text).unwrap(), policy);
        let said = read("p", &text.replace("step = \"0.5\"", ""))
            .unwrap_err()
            .to_string();
        assert!(said.contains("孕前体重") && said.contains("step"), "{said}");
    }
}
