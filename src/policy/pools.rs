//! Contact points that the agency owns: telephone numbers, mail addresses and postal addresses that canaries carry, so that a call or
//! a letter to one names the export it came from.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::value::{email, phone};

/// Entries of a pool, at most.
pub const MOST: usize = 100_000;

/// Bytes of a pool's file, at most.
pub const MOST_BYTES: u64 = 1 << 20;

/// What a pool's entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contact {
    /// Telephone numbers.
    Phones,
    /// Mail addresses.
    Mails,
    /// Postal addresses.
    Addresses,
}

impl Contact {
    /// The key under `[canaries]`.
    pub fn key(self) -> &'static str {
        match self {
            Contact::Phones => "phones",
            Contact::Mails => "mails",
            Contact::Addresses => "addresses",
        }
    }

    fn holds(self, entry: &str) -> bool {
        match self {
            Contact::Phones => phone::normal(entry).is_some(),
            Contact::Mails => email::normal(entry).is_some(),
            Contact::Addresses => entry.chars().any(char::is_alphabetic),
        }
    }

    fn one(self) -> &'static str {
        match self {
            Contact::Phones => "a telephone number",
            Contact::Mails => "a mail address",
            Contact::Addresses => "an address",
        }
    }
}

/// A list of contact points, or the file that holds it. As a slice it is the list, empty while the file is unread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Pool {
    /// The entries.
    List(Vec<String>),
    /// A file, one entry a line. The library reads no files of its own accord: [`Pool::fill`] takes its text.
    File(String),
}

impl Default for Pool {
    fn default() -> Pool {
        Pool::List(Vec::new())
    }
}

impl From<Vec<String>> for Pool {
    fn from(list: Vec<String>) -> Pool {
        Pool::List(list)
    }
}

impl Deref for Pool {
    type Target = [String];

    fn deref(&self) -> &[String] {
        match self {
            Pool::List(list) => list,
            Pool::File(_) => &[],
        }
    }
}

impl Pool {
    /// The file that is yet to be read.
    pub fn file(&self) -> Option<&str> {
        match self {
            Pool::File(path) => Some(path),
            Pool::List(_) => None,
        }
    }

    /// Whether nothing was said of it.
    pub fn is_unset(&self) -> bool {
        matches!(self, Pool::List(list) if list.is_empty())
    }

    /// Takes the entries from the text of its file, called `origin`: one a line; blank lines and lines that begin with # say nothing.
    ///
    /// # Errors
    /// Where a line is no contact point of this sort, the file holds none, or too many.
    pub fn fill(&mut self, contact: Contact, origin: &str, text: &str) -> Result<()> {
        let mut list = Vec::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let entry = line.trim();
            if entry.is_empty() || entry.starts_with('#') {
                continue;
            }
            if !contact.holds(entry) {
                return Err(Error::input(format!(
                    "`{origin}` line {}: this is not {}. Write one a line, and nothing else.",
                    number + 1,
                    contact.one()
                )));
            }
            list.push(entry.to_string());
        }
        if list.is_empty() {
            return Err(Error::input(format!(
                "`{origin}` holds no {}. Write one a line, or leave `{}` out of the policy.",
                contact.key(),
                contact.key()
            )));
        }
        *self = Pool::List(list);
        self.check(contact, origin)
    }

    /// Holds a list against what it should be.
    pub fn check(&self, contact: Contact, origin: &str) -> Result<()> {
        if self.len() > MOST {
            return Err(Error::input(format!(
                "`{origin}` names {} {} for canaries. Name at most {MOST}.",
                self.len(),
                contact.key()
            )));
        }
        match self.iter().position(|entry| !contact.holds(entry)) {
            Some(at) => Err(Error::input(format!(
                "`{origin}`: entry {} of `{}` under [canaries] is not {}. Correct it or leave it out.",
                at + 1,
                contact.key(),
                contact.one()
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_a_list_or_a_file_that_is_read_line_by_line() {
        let text = "code = \"mixed\"\n[canaries]\nrate = 0.0\nphones = \"own.txt\"\nmails = [\"a@b.org\"]\n[[column]]\nname = \"a\"\nrole = \"plain\"\nkind = \"text\"\n";
        let mut policy = crate::policy::text::read("p", text).unwrap();
        assert_eq!(policy.canaries.phones.file(), Some("own.txt"));
        assert_eq!(&*policy.canaries.mails, ["a@b.org"]);
        assert!(
            crate::policy::text::write(&policy).is_err(),
            "nobody froze a path"
        );
        let phones = &mut policy.canaries.phones;
        let said = phones.fill(
            Contact::Phones,
            "own.txt",
            "# ours\n13800000001\n\nnobody\n",
        );
        let said = said.unwrap_err().to_string();
        assert!(
            said.contains("`own.txt` line 4") && !said.contains("nobody"),
            "{said}"
        );
        assert!(phones.fill(Contact::Phones, "own.txt", "# none\n").is_err());
        phones
            .fill(
                Contact::Phones,
                "own.txt",
                "\u{feff}13800000001\r\n138 0000 0002\r\n",
            )
            .unwrap();
        assert_eq!(&**phones, ["13800000001", "138 0000 0002"]);
        let written = crate::policy::text::write(&policy).unwrap();
        assert_eq!(crate::policy::text::read("p", &written).unwrap(), policy);
        let wrong = text.replace("a@b.org", "b.org");
        let said = crate::policy::text::read("p", &wrong)
            .unwrap_err()
            .to_string();
        assert!(said.contains("`mails`"), "{said}");
    }
}
