//! The master key and every label under which a subkey is derived from it.
//!
//! All primitives stand here. A subkey is HMAC-SHA-256 (RFC 2104, FIPS 180-4) of the master key over a label and fields, each
//! preceded by its length as a little-endian `u64`, so that no two lists of fields make the same message.
//! Three kinds of subkey are handed out, and the types keep them apart: [`DigestKeys`] for linking and reading, [`CodeKeys`]
//! for codewords, biases and directions, [`SealKey`] for the canaries' own text. Linking and reading take `DigestKeys` only:
//! they cannot see a codeword, and so cannot choose a reading by whom it would accuse.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit as _};
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, Payload};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use siphasher::sip::SipHasher24;
use std::hash::Hasher;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Length of the master key, in bytes.
pub const KEY_BYTES: usize = 32;

/// What a subkey is for. The text of a label is part of the vault's format and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Tells the right master key from a wrong one.
    Check,
    /// Handles of records.
    Handle,
    /// Digests of identifiers, their masked forms and stems.
    Identifier,
    /// Digests of plain cells and names, for linking.
    Plain,
    /// Digests of carrier cells, bound to their record.
    Cell,
    /// Biases of sites.
    Bias,
    /// Directions in which variants are sought.
    Direction,
    /// Which rows may change places with which.
    Order,
    /// Codewords; the field is the recipient's id.
    Codeword,
    /// Choice of donors and making of canaries; the field is the recipient's id.
    Canary,
    /// Choice of donors and making of the canaries that recipients share; the field is the register's name.
    SharedCanary,
    /// Sealing of canaries.
    Seal,
    /// The ledger's chain.
    Chain,
    /// Digests of source files.
    Source,
}

impl Label {
    /// The bytes that go under the HMAC.
    pub const fn text(self) -> &'static str {
        match self {
            Label::Check => "taggant/1 check",
            Label::Handle => "taggant/1 handle",
            Label::Identifier => "taggant/1 identifier digest",
            Label::Plain => "taggant/1 plain digest",
            Label::Cell => "taggant/1 cell digest",
            Label::Bias => "taggant/1 bias",
            Label::Direction => "taggant/1 direction",
            Label::Order => "taggant/1 row order",
            Label::Codeword => "taggant/1 codeword",
            Label::Canary => "taggant/1 canary",
            Label::SharedCanary => "taggant/1 shared canary",
            Label::Seal => "taggant/1 seal",
            Label::Chain => "taggant/1 chain",
            Label::Source => "taggant/1 source",
        }
    }
}

/// The vault's one secret: 32 bytes, forgotten when dropped, never printed.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(secret)")
    }
}

impl MasterKey {
    /// A new key from the system's generator.
    pub fn generate() -> Result<MasterKey> {
        let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
        getrandom::fill(bytes.as_mut())
            .map_err(|e| Error::input(format!("the system's random generator gave no key ({e}). Try again on a machine that has one.")))?;
        Ok(MasterKey(bytes))
    }

    /// The key that these bytes are; anything but 32 bytes is refused.
    pub fn from_bytes(bytes: &[u8]) -> Option<MasterKey> {
        let array: [u8; KEY_BYTES] = bytes.try_into().ok()?;
        Some(MasterKey(Zeroizing::new(array)))
    }

    /// The key's bytes, for the one place that stores them.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// HMAC-SHA-256 over the label and the fields, each length-prefixed.
    pub fn subkey(&self, label: Label, fields: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut mac = keyed(self.0.as_ref());
        for part in std::iter::once(label.text().as_bytes()).chain(fields.iter().copied()) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        Zeroizing::new(mac.finalize().into_bytes().into())
    }

    /// Eight bytes that are equal for equal keys and tell nothing else.
    pub fn check(&self) -> [u8; 8] {
        let full = self.subkey(Label::Check, &[]);
        let mut short = [0u8; 8];
        short.copy_from_slice(&full[..8]);
        short
    }

    /// The keys of linking and reading.
    pub fn digest_keys(&self) -> DigestKeys {
        DigestKeys {
            handle: DigestKey::new(&self.subkey(Label::Handle, &[])),
            identifier: DigestKey::new(&self.subkey(Label::Identifier, &[])),
            plain: DigestKey::new(&self.subkey(Label::Plain, &[])),
            cell: DigestKey::new(&self.subkey(Label::Cell, &[])),
        }
    }

    /// The keys of biases, directions and row order, which all recipients share.
    pub fn code_keys(&self) -> CodeKeys {
        CodeKeys {
            bias: BlockKey::new(&self.subkey(Label::Bias, &[])),
            direction: BlockKey::new(&self.subkey(Label::Direction, &[])),
            order: BlockKey::new(&self.subkey(Label::Order, &[])),
        }
    }

    /// The codeword key of one recipient, by the recipient's id.
    pub fn codeword_key(&self, recipient: &[u8]) -> BlockKey {
        BlockKey::new(&self.subkey(Label::Codeword, &[recipient]))
    }

    /// The canary key of one recipient, by the recipient's id.
    pub fn canary_key(&self, recipient: &[u8]) -> BlockKey {
        BlockKey::new(&self.subkey(Label::Canary, &[recipient]))
    }

    /// The key under which a register's shared canaries are made. Who holds one, codewords say.
    pub fn shared_canary_key(&self, register: &str) -> BlockKey {
        BlockKey::new(&self.subkey(Label::SharedCanary, &[register.as_bytes()]))
    }

    /// The key that seals canaries.
    pub fn seal_key(&self) -> SealKey {
        SealKey(ChaCha20Poly1305::new(
            &(*self.subkey(Label::Seal, &[])).into(),
        ))
    }

    /// One link of the ledger's chain: HMAC of the link before and what is entered.
    pub fn chain(&self, before: &[u8], entry: &[&[u8]]) -> [u8; 32] {
        let fields: Vec<&[u8]> = std::iter::once(before)
            .chain(entry.iter().copied())
            .collect();
        *self.subkey(Label::Chain, &fields)
    }

    /// Keyed digest of a source file, from its SHA-256: tells whether the same file came twice, and nothing to who lacks the key.
    pub fn source_digest(&self, sha256: &[u8]) -> [u8; 32] {
        *self.subkey(Label::Source, &[sha256])
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length, so this cannot fail; an empty key would still be a key.
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
        .unwrap_or_else(|_| <Hmac<Sha256> as hmac::KeyInit>::new(&Default::default()))
}

/// The four keys with which rows are linked and cells are read.
#[derive(Clone)]
pub struct DigestKeys {
    /// Handles.
    pub handle: DigestKey,
    /// Identifiers, their masked forms and stems.
    pub identifier: DigestKey,
    /// Plain cells and names.
    pub plain: DigestKey,
    /// Carrier cells, bound to their record.
    pub cell: DigestKey,
}

/// The keys that say where sites and their variants lie and how likely a bit is; no recipient is in them.
pub struct CodeKeys {
    /// Biases.
    pub bias: BlockKey,
    /// Directions.
    pub direction: BlockKey,
    /// Priorities of records in the order of rows.
    pub order: BlockKey,
}

/// A keyed 64-bit digest: SipHash-2-4 (Aumasson and Bernstein 2012) under a 128-bit subkey.
#[derive(Clone)]
pub struct DigestKey(SipHasher24);

impl DigestKey {
    fn new(subkey: &[u8; 32]) -> DigestKey {
        let mut key = Zeroizing::new([0u8; 16]);
        key.copy_from_slice(&subkey[..16]);
        DigestKey(SipHasher24::new_with_key(&key))
    }

    /// The digest of `text` in the domain `tag`: what a number means as a phone it does not mean as a date.
    pub fn digest(&self, tag: u64, text: &[u8]) -> u64 {
        let mut hasher = self.0;
        hasher.write_u64(tag);
        hasher.write(text);
        hasher.finish()
    }

    /// The digest of `text` in domain `tag`, bound to one record: equal cells of two records give unrelated digests.
    pub fn bound(&self, record: u64, tag: u64, text: &[u8]) -> u32 {
        let mut hasher = self.0;
        hasher.write_u64(record);
        hasher.write_u64(tag);
        hasher.write(text);
        hasher.finish() as u32
    }
}

/// A keyed source of blocks: AES-128 (FIPS 197) over a handle and a counter. A block read in one place is never read in another.
pub struct BlockKey(Aes128);

impl BlockKey {
    fn new(subkey: &[u8; 32]) -> BlockKey {
        let mut key = Zeroizing::new([0u8; 16]);
        key.copy_from_slice(&subkey[..16]);
        BlockKey(Aes128::new(&(*key).into()))
    }

    /// The sixteen bytes at (handle, counter).
    pub fn block(&self, handle: u64, counter: u64) -> [u8; 16] {
        let mut block = message(handle, counter).into();
        self.0.encrypt_block(&mut block);
        block.into()
    }

    /// The blocks at (handle, counter) for each handle, in order; several in flight at once, so cheaper than one by one.
    pub fn blocks(&self, counter: u64, handles: &[u64], out: &mut Vec<[u8; 16]>) {
        let mut blocks: Vec<aes::Block> = handles
            .iter()
            .map(|h| message(*h, counter).into())
            .collect();
        self.0.encrypt_blocks(&mut blocks);
        out.clear();
        out.extend(blocks.into_iter().map(<[u8; 16]>::from));
    }
}

fn message(handle: u64, counter: u64) -> [u8; 16] {
    let mut block = [0u8; 16];
    block[..8].copy_from_slice(&handle.to_le_bytes());
    block[8..].copy_from_slice(&counter.to_le_bytes());
    block
}

/// Seals and opens the canaries' text: ChaCha20-Poly1305 (RFC 8439).
pub struct SealKey(ChaCha20Poly1305);

impl SealKey {
    /// `plain` sealed for `place`, which must be unique in the vault and given again to open it. The nonce is random.
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let mut nonce = [0u8; 12];
        getrandom::fill(&mut nonce).map_err(|e| {
            Error::input(format!(
                "the system's random generator failed ({e}). Try again."
            ))
        })?;
        let sealed = self
            .0
            .encrypt(
                &nonce.into(),
                Payload {
                    msg: plain,
                    aad: place,
                },
            )
            .map_err(|_| Error::input("canaries could not be sealed. Issue fewer rows at once."))?;
        Ok([&nonce[..], &sealed[..]].concat())
    }

    /// What was sealed for `place`, or an integrity error.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let broken = || {
            Error::integrity(
                "sealed canaries do not open. The ledger was changed, or this is another vault's key: run `taggant ledger verify`.",
            )
        };
        let (nonce, body) = sealed.split_at_checked(12).ok_or_else(broken)?;
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| broken())?;
        let plain = self
            .0
            .decrypt(
                &nonce.into(),
                Payload {
                    msg: body,
                    aad: place,
                },
            )
            .map_err(|_| broken())?;
        Ok(Zeroizing::new(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::from_bytes(&[7u8; 32]).unwrap()
    }

    #[test]
    fn fields_are_length_prefixed() {
        assert_ne!(
            *key().subkey(Label::Codeword, &[b"ab", b"c"]),
            *key().subkey(Label::Codeword, &[b"a", b"bc"])
        );
        assert_ne!(
            *key().subkey(Label::Codeword, &[b""]),
            *key().subkey(Label::Codeword, &[])
        );
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", key()), "MasterKey(secret)");
    }

    #[test]
    fn blocks_agree_with_single_blocks() {
        let k = key().codeword_key(b"r");
        let mut out = Vec::new();
        k.blocks(3, &[1, 2, 99], &mut out);
        assert_eq!(out, [k.block(1, 3), k.block(2, 3), k.block(99, 3)]);
    }

    #[test]
    fn sealed_text_opens_in_its_place_only() {
        let s = key().seal_key();
        let sealed = s.seal(b"here", b"13800138000").unwrap();
        assert_eq!(s.open(b"here", &sealed).unwrap().as_slice(), b"13800138000");
        assert!(matches!(
            s.open(b"there", &sealed),
            Err(Error::Integrity(_))
        ));
        assert!(s.open(b"here", &sealed[..5]).is_err());
    }
}
