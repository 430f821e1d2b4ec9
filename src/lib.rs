//! taggant
pub mod code;
pub mod drill;
pub mod error;
pub mod forecast;
pub mod key;
pub mod ledger;
pub mod policy;
pub mod table;
pub mod trace;
pub mod value;
pub mod vault;
