//! taggant
pub mod code;
pub mod error;
pub mod key;
pub mod ledger;
pub mod policy;
pub mod table;
pub mod vault;
