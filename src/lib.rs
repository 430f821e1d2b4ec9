//! taggant
pub mod code;
pub mod drill;
pub mod error;
pub mod key;
pub mod policy;
pub mod table;
