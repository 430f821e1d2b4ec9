//! taggant
pub mod canary;
pub mod code;
pub mod drill;
pub mod error;
pub mod forecast;
pub mod inspection;
pub mod intake;
pub mod issue;
pub mod key;
pub mod ledger;
pub mod mark;
pub mod policy;
pub mod report;
pub mod table;
pub mod trace;
pub mod value;
pub mod vault;
