//! Workbooks of Office 2010 and later that are locked: "agile encryption" ([MS-OFFCRYPTO] 2.3.4.10 to 2.3.4.15).

use aes::cipher::{BlockCipherDecrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256, Block};
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha384, Sha512};

use super::locked::Locked;
use super::parts::Bounded;
use super::records::u64_at;
use super::xml::{Node, Tag, Xml};
use crate::table::Limits;

/// Office takes no more rounds than this (2.3.4.10).
const ROUNDS: u64 = 10_000_000;
/// Bytes that are encrypted under one initial vector.
const SEGMENT: usize = 4096;
const INPUT: [u8; 8] = [0xFE, 0xA7, 0xD2, 0x76, 0x3B, 0x4B, 0x9E, 0x79];
const VALUE: [u8; 8] = [0xD7, 0xAA, 0x0F, 0x6D, 0x30, 0x61, 0x34, 0x4E];
const KEY: [u8; 8] = [0x14, 0x6E, 0x0B, 0xE7, 0xAB, 0xAC, 0xD0, 0xD6];

/// The hash functions that may be named.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn named(name: &str) -> Option<Hash> {
        match name.to_ascii_uppercase().as_str() {
            "SHA1" | "SHA-1" => Some(Hash::Sha1),
            "SHA256" | "SHA-256" => Some(Hash::Sha256),
            "SHA384" | "SHA-384" => Some(Hash::Sha384),
            "SHA512" | "SHA-512" => Some(Hash::Sha512),
            _ => None,
        }
    }

    fn of(self, pieces: &[&[u8]]) -> Vec<u8> {
        fn with<D: Digest>(pieces: &[&[u8]]) -> Vec<u8> {
            let mut hash = D::new();
            pieces.iter().for_each(|piece| hash.update(piece));
            hash.finalize().to_vec()
        }
        match self {
            Hash::Sha1 => with::<Sha1>(pieces),
            Hash::Sha256 => with::<Sha256>(pieces),
            Hash::Sha384 => with::<Sha384>(pieces),
            Hash::Sha512 => with::<Sha512>(pieces),
        }
    }

    /// The hash of a password, hashed again and again with the number of the round before it (2.3.4.11).
    fn slow(self, salt: &[u8], password: &[u8], rounds: u32) -> Vec<u8> {
        fn with<D: Digest>(first: Vec<u8>, rounds: u32) -> Vec<u8> {
            let mut last = first;
            for round in 0..rounds {
                let mut hash = D::new();
                hash.update(round.to_le_bytes());
                hash.update(&last);
                last.copy_from_slice(&hash.finalize());
            }
            last
        }
        let first = self.of(&[salt, password]);
        match self {
            Hash::Sha1 => with::<Sha1>(first, rounds),
            Hash::Sha256 => with::<Sha256>(first, rounds),
            Hash::Sha384 => with::<Sha384>(first, rounds),
            Hash::Sha512 => with::<Sha512>(first, rounds),
        }
    }
}

/// How something is encrypted.
#[derive(Debug, Default)]
struct Scheme {
    hash: Option<Hash>,
    salt: Vec<u8>,
    key_bytes: usize,
    supported: bool,
}

impl Scheme {
    fn of(tag: &Tag<'_>) -> Scheme {
        let is = |key, wanted: &str| tag.get(key).is_some_and(|v| v.eq_ignore_ascii_case(wanted));
        Scheme {
            hash: tag.get("hashAlgorithm").and_then(|name| Hash::named(&name)),
            salt: tag
                .get("saltValue")
                .and_then(|v| base64(&v))
                .unwrap_or_default(),
            key_bytes: tag.number("keyBits").unwrap_or(0usize) / 8,
            supported: is("cipherAlgorithm", "AES") && is("cipherChaining", "ChainingModeCBC"),
        }
    }

    /// A hash cut or filled up to the length of a key (2.3.4.11) or of a block.
    fn fit(mut hash: Vec<u8>, length: usize) -> Vec<u8> {
        hash.resize(length, 0x36);
        hash
    }
}

/// What `EncryptionInfo` says in XML.
#[derive(Debug, Default)]
struct Info {
    data: Scheme,
    lock: Scheme,
    rounds: u64,
    input: Vec<u8>,
    value: Vec<u8>,
    key: Vec<u8>,
}

impl Info {
    fn read(xml: &[u8]) -> Result<Info, Locked> {
        let broken = |_| Locked::damaged("what it says of its lock is no XML");
        let mut xml = Xml::new(Bounded::of_memory(xml, &Limits::default()));
        let mut info = Info::default();
        loop {
            match xml.next().map_err(broken)? {
                Node::Open(tag) if tag.name() == "keyData" => info.data = Scheme::of(&tag),
                Node::Open(tag) if tag.name() == "encryptedKey" => {
                    let bytes = |key| tag.get(key).and_then(|v| base64(&v)).unwrap_or_default();
                    info.lock = Scheme::of(&tag);
                    info.rounds = tag.number("spinCount").unwrap_or(u64::MAX);
                    info.input = bytes("encryptedVerifierHashInput");
                    info.value = bytes("encryptedVerifierHashValue");
                    info.key = bytes("encryptedKeyValue");
                }
                Node::End => return Ok(info),
                _ => (),
            }
        }
    }
}

/// Opens the package: `info` is the XML, `package` the stream with its length in front.
pub(super) fn open(info: &[u8], package: &[u8], password: &str) -> Result<Vec<u8>, Locked> {
    let info = Info::read(info)?;
    let (Some(hash), Some(data_hash)) = (info.lock.hash, info.data.hash) else {
        return Err(Locked::foreign("a hash function that is not known here"));
    };
    if !info.lock.supported || !info.data.supported {
        return Err(Locked::foreign("a cipher that is not known here"));
    }
    let rounds = match u32::try_from(info.rounds) {
        Ok(rounds) if info.rounds <= ROUNDS => rounds,
        _ => {
            return Err(Locked::damaged(
                "it asks for more rounds of hashing than any program does",
            ));
        }
    };
    let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let slow = hash.slow(&info.lock.salt, &password, rounds);
    let iv = Scheme::fit(info.lock.salt.clone(), 16);
    let opened = |block: &[u8], sealed: &[u8]| {
        let key = Scheme::fit(hash.of(&[&slow, block]), info.lock.key_bytes);
        Cbc::new(&key)?.open(&iv, sealed)
    };
    let wanted = opened(&VALUE, &info.value)?;
    let got = hash.of(&[&opened(&INPUT, &info.input)?]);
    if got.is_empty() || wanted.get(..got.len()) != Some(&got[..]) {
        return Err(Locked::Wrong);
    }
    let mut key = opened(&KEY, &info.key)?;
    key.truncate(info.data.key_bytes);

    let cipher = Cbc::new(&key)?;
    let length = u64_at(package, 0);
    let sealed = package.get(8..).unwrap_or(&[]);
    let mut plain = Vec::with_capacity(sealed.len());
    for (number, segment) in sealed.chunks(SEGMENT).enumerate() {
        let number = (number as u32).to_le_bytes();
        let iv = Scheme::fit(data_hash.of(&[&info.data.salt, &number]), 16);
        plain.extend(cipher.open(&iv, segment)?);
    }
    if length > plain.len() as u64 {
        return Err(Locked::damaged("it breaks off"));
    }
    plain.truncate(length as usize);
    Ok(plain)
}

/// AES of any of its key lengths, with chained blocks.
enum Cbc {
    Short(Box<Aes128>),
    Middle(Box<Aes192>),
    Long(Box<Aes256>),
}

impl Cbc {
    fn new(key: &[u8]) -> Result<Cbc, Locked> {
        let bad = |_| Locked::damaged("its key has no possible length");
        Ok(match key.len() {
            16 => Cbc::Short(Box::new(Aes128::new_from_slice(key).map_err(bad)?)),
            24 => Cbc::Middle(Box::new(Aes192::new_from_slice(key).map_err(bad)?)),
            _ => Cbc::Long(Box::new(Aes256::new_from_slice(key).map_err(bad)?)),
        })
    }

    /// Whole blocks only; what is left over at the end belongs to no block and is dropped.
    fn open(&self, iv: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Locked> {
        let mut out = Vec::with_capacity(sealed.len());
        let mut before: &[u8] = iv;
        for chunk in sealed.chunks_exact(16) {
            let mut block = Block::try_from(chunk)
                .map_err(|_| Locked::damaged("its blocks have no possible length"))?;
            match self {
                Cbc::Short(aes) => aes.decrypt_block(&mut block),
                Cbc::Middle(aes) => aes.decrypt_block(&mut block),
                Cbc::Long(aes) => aes.decrypt_block(&mut block),
            }
            out.extend(block.iter().zip(before).map(|(a, b)| a ^ b));
            before = chunk;
        }
        Ok(out)
    }
}

/// Bytes from base64 (RFC 4648), white space left out.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut have) = (0u32, 0u32);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_of_the_rfc() {
        for (text, plain) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm9v", "foo"),
            ("Zm9v\nYmFy", "foobar"),
        ] {
            assert_eq!(base64(text).unwrap(), plain.as_bytes());
        }
        assert_eq!(base64("Zm9*"), None);
    }
}
