//! What may be altered and what not: column roles, dependencies, order. Inferred once, frozen with the register, read and
//! written as TOML.

mod balance;
pub mod depend;
pub mod infer;
pub mod order;
pub mod pools;
pub mod profile;
pub mod text;
pub mod words;

use serde::{Deserialize, Serialize};

use crate::code::BiasSet;
pub use crate::value::date::{DateOrder, Part};
pub use crate::value::elapsed::Unit;
use pools::{Contact, Pool};

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Links a record; never altered.
    Identifier,
    /// May be altered.
    Carrier,
    /// 1, 2, 3 ...: numbered again in a copy.
    Sequence,
    /// Follows other columns; altered only with them.
    Derived,
    /// Never altered.
    Plain,
}

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person's name.
    Name,
    /// A telephone number.
    Phone,
    /// A Chinese resident identity number of 18 characters.
    NationalId,
    /// An e-mail address.
    Email,
    /// Any other identifying code: a card, case or patient number.
    Code,
    /// A day.
    Date,
    /// A day with a time of day.
    DateTime,
    /// A time of day without a day: 14:32, or 1432 as timetables write it.
    Time,
    /// A number.
    Number,
    /// A postal address.
    Address,
    /// One of a few values.
    Category,
    /// Anything else.
    Text,
}

/// One column of a register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The header as the source writes it.
    pub name: String,
    /// What the column is for.
    pub role: Role,
    /// What its values are.
    pub kind: Kind,
    /// The smallest step that the column really uses: seconds for date-times, a decimal for numbers ("0.5"), else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Least and greatest number that an alteration may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[String; 2]>,
    /// Order of day, month and year; absent for columns that are no dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<DateOrder>,
    /// True where the column holds no Saturdays and Sundays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weekdays: bool,
    /// A value that shows how the column writes what others leave open: whether 9 is 09, whether 58 is 58.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// True where a mark must leave the column's distribution as it is: see `grids` and `closed`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub balanced: bool,
    /// Where the column's values heap, from fine to coarse, and how its last digits, weekdays or spellings are shared out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grids: Vec<Grid>,
    /// Days that a date neither leaves nor enters: "01-01" is New Year, "15" the fifteenth of every month.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<String>,
    /// True where a text may be marked by a full stop at its end and by spaces after its commas.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub formatting: bool,
    /// Pairs of spellings that mean the same; either may stand for the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spellings: Vec<[String; 2]>,
    /// Values that stand for something else (1900-01-01, 0, 9999) and are never altered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heaped: Vec<String>,
}

impl Column {
    /// A column that is left alone.
    pub fn plain(name: &str, kind: Kind) -> Column {
        Column {
            name: name.to_string(),
            role: Role::Plain,
            kind,
            step: None,
            range: None,
            order: None,
            weekdays: false,
            like: None,
            balanced: false,
            grids: Vec::new(),
            closed: Vec::new(),
            formatting: false,
            spellings: Vec::new(),
            heaped: Vec::new(),
        }
    }
}

/// Values that lie on the multiples of one step, and on those of no coarser one of the column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// The step: a decimal for numbers, seconds for times, empty for dates and text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// How often each place of the grid occurs, over and over from the multiple nought: last digits of numbers (or each value, where
    /// there are few), the seven days from Monday, the two members of a pair of spellings. Empty where all are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<u32>,
    /// True where these values stay, since their neighbours on the grid are rarer or too far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub still: bool,
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}

fn is_nought(part: &f64) -> bool {
    *part == 0.0
}

/// A dependency that held in the table and holds in every copy. Columns are named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// `column` is `from` plus so many days: they move together, as one site.
    Offset {
        /// The date that follows.
        column: String,
        /// The date that it follows.
        from: String,
        /// Days between them.
        days: i32,
    },
    /// `column` counts whole units from the date `from` until the date in `until`, or until the day on which the table was made,
    /// another one every month.
    Elapsed {
        /// The number.
        column: String,
        /// The earlier date.
        from: String,
        /// The column of the later date.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
        /// What is counted.
        unit: Unit,
        /// Added to the count: 1 where the first day counts too.
        #[serde(default, skip_serializing_if = "is_zero")]
        plus: i64,
    },
    /// `first` is never after `then`.
    Order {
        /// The earlier date or smaller number.
        first: String,
        /// The later or greater.
        then: String,
    },
    /// `column` stands inside the identity number `of`: it never moves.
    Inside {
        /// The birth date, age or sex.
        column: String,
        /// The identity number.
        of: String,
    },
    /// Each value of `by` comes with one value of `column`: it never moves.
    Determines {
        /// What is determined.
        column: String,
        /// By what.
        by: String,
    },
    /// Two columns together come with one value of `column`: none of those that could move does.
    Pair {
        /// What is determined.
        column: String,
        /// By what two.
        by: [String; 2],
    },
    /// `column` follows from a part of the date or time `of` (its year, weekday, hour ...), which no move changes.
    Part {
        /// The column beside it.
        column: String,
        /// The date or time.
        of: String,
        /// Which part.
        part: Part,
    },
    /// `column` says in which band of `by` a record lies: `by` stays inside its band.
    Bands {
        /// The class, group or flag.
        column: String,
        /// The number or date.
        by: String,
        /// The greatest value of each band and the least of the next; nothing moves into or out of what lies between.
        edges: Vec<[String; 2]>,
    },
    /// `column` and `from` are mostly the same number of days apart: they move together, as one site.
    Tied {
        /// The date that follows.
        column: String,
        /// The date that it follows.
        from: String,
    },
    /// `column` rises with `with`: it never moves.
    Rises {
        /// The date, time or number.
        column: String,
        /// What it rises with.
        with: String,
    },
    /// `column` would be worn by moving its values: it never moves.
    Stays {
        /// The column.
        column: String,
        /// What would be worn.
        why: Why,
    },
    /// `column` is computed from `of` (a sum, a product, a ratio): none of them moves.
    Computed {
        /// The result.
        column: String,
        /// Its terms.
        of: Vec<String>,
    },
}

/// What a column would lose if its values moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// All its values are different, and some so near to one another that moved ones could meet.
    Unique,
    /// It has certain values only, and those between them would be seen at once.
    Values,
}

/// One key of the table's own sort order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortKey {
    /// Column.
    pub column: String,
    /// From great to small.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub descending: bool,
}

/// How far a copy may depart from its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    /// Carriers are altered, each within its column's own bounds.
    #[default]
    Subtle,
    /// No value is altered: canaries and the order of rows tell copies apart.
    Lossless,
}

impl Fidelity {
    fn is_default(&self) -> bool {
        *self == Fidelity::default()
    }
}

/// How canaries are made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canaries {
    /// Canaries per record; 0 for none.
    pub rate: f64,
    /// The part of a copy's canaries, on average, that other copies hold too: each is given to a keyed half of the recipients, so that
    /// partners who keep only what their copies share still carry evidence. 0 for none.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub shared: f64,
    /// Phone numbers that the agency owns and canaries carry; made up from the column's own prefixes where empty.
    #[serde(default, skip_serializing_if = "Pool::is_unset")]
    pub phones: Pool,
    /// Mail addresses that the agency owns; made up from the column's own where empty.
    #[serde(default, skip_serializing_if = "Pool::is_unset")]
    pub mails: Pool,
    /// Postal addresses at which letters reach the agency; made up from the column's own where empty, and once all are in use.
    #[serde(default, skip_serializing_if = "Pool::is_unset")]
    pub addresses: Pool,
}

/// A register's frozen rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The sheet that holds the register, in workbooks with several tables: by this each of them finds its own policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The biases of the register's sites; where left out, the first issue chooses by the table's size and `coalition`.
    #[serde(default, skip_serializing_if = "BiasSet::is_open")]
    pub code: BiasSet,
    /// How many recipients may lay their copies side by side and one of them still be named, where the agency said so: what `code` is
    /// chosen by at the first issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coalition: Option<u32>,
    /// Whether values may be altered at all.
    #[serde(default, skip_serializing_if = "Fidelity::is_default")]
    pub fidelity: Fidelity,
    /// Whether neighbouring rows that the table's own order leaves free may change places; always so where `fidelity` is lossless.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub row_order: bool,
    /// Canaries.
    pub canaries: Canaries,
    /// Pairs of spellings that every text column with the role of carrier may be altered in, besides its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spellings: Vec<[String; 2]>,
    /// The table's own sort order, most significant first; empty where it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<SortKey>,
    /// Columns, as the source has them.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
    /// Dependencies between columns.
    #[serde(rename = "rule", default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

impl Canaries {
    /// Every pool, with what it holds.
    pub fn pools(&self) -> [(Contact, &Pool); 3] {
        [
            (Contact::Phones, &self.phones),
            (Contact::Mails, &self.mails),
            (Contact::Addresses, &self.addresses),
        ]
    }

    /// As `pools`, to be filled.
    pub fn pools_mut(&mut self) -> [(Contact, &mut Pool); 3] {
        [
            (Contact::Phones, &mut self.phones),
            (Contact::Mails, &mut self.mails),
            (Contact::Addresses, &mut self.addresses),
        ]
    }
}

impl Policy {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}
