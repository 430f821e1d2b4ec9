//! Locked workbooks: the password is tried before anything is made of the content, so that a wrong password, a damaged file and
//! a missing password are three things.

use aes::cipher::{BlockCipherDecrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256, Block};
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;

use super::keystream::Rc4;
use super::records::{from, u16_at, u32_at, u64_at};
use super::{agile, xor};
use crate::error::Error;
use crate::table::Password;

/// Excel locks a workbook with this where only its structure is protected, and opens such a file unasked.
const UNASKED: &str = "VelvetSweatshop";

/// Why a locked file stays shut.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Locked {
    /// No password was given.
    Unasked,
    /// The password does not fit.
    Wrong,
    /// What it says of its lock makes no sense.
    Damaged(String),
    /// It is locked in a way that is not known here.
    Foreign(String),
}

impl Locked {
    pub(super) fn damaged(why: &str) -> Locked {
        Locked::Damaged(why.to_string())
    }

    pub(super) fn foreign(why: &str) -> Locked {
        Locked::Foreign(why.to_string())
    }

    /// What to say where the workbook was to be issued.
    pub(super) fn unissued(self, name: &str) -> Error {
        match self {
            Locked::Damaged(_) => self.of(name),
            _ => Error::input(format!(
                "`{name}` is a workbook that is locked with a password. Open it, take the password off and save it as .xlsx."
            )),
        }
    }

    /// What to say where the workbook is a suspect.
    pub(super) fn of(self, name: &str) -> Error {
        Error::input(match self {
            Locked::Unasked => format!(
                "`{name}` is a workbook that is locked with a password. Put the password into a file and name that with `--password-file FILE` (`-`: standard input)."
            ),
            Locked::Wrong => format!(
                "the password does not open `{name}`. Check that it is the whole first line of the password file, in the right case."
            ),
            Locked::Damaged(why) => format!(
                "`{name}` looks like a workbook that is locked with a password and is damaged or cut off ({why}). Get the file again."
            ),
            Locked::Foreign(why) => format!(
                "`{name}` is a workbook that is locked with {why}. Open it in Excel and save it without a password."
            ),
        })
    }
}

/// Opens with the password given, or else with the one that Excel uses unasked.
fn with_password<T>(
    password: Option<&Password>,
    mut open: impl FnMut(&str) -> Result<T, Locked>,
) -> Result<T, Locked> {
    match (open(UNASKED), password) {
        (Err(Locked::Wrong), Some(password)) => open(password.as_str()),
        (Err(Locked::Wrong), None) => Err(Locked::Unasked),
        (done, _) => done,
    }
}

/// Opens a locked workbook of 2007 and later: `info` says how, `package` is the zip archive.
pub(super) fn open_package(
    info: &[u8],
    package: Vec<u8>,
    password: Option<&Password>,
) -> Result<Vec<u8>, Locked> {
    let plain = with_password(password, |password| {
        match (u16_at(info, 0), u16_at(info, 2)) {
            (4, 4) => agile::open(from(info, 8), &package, password),
            (2..=4, 2) => open_standard(info, &package, password),
            (_, 3) => Err(Locked::foreign("an encryption of its maker's own")),
            _ => Err(Locked::damaged("it does not say how it is locked")),
        }
    })?;
    match plain.starts_with(b"PK") {
        true => Ok(plain),
        false => Err(Locked::damaged(
            "the password fits and what it opens is no workbook",
        )),
    }
}

/// What a header and verifier of the crypto API say ([MS-OFFCRYPTO] 2.3.2, 2.3.3).
struct Api<'a> {
    cipher: u32,
    key_bits: u32,
    salt: &'a [u8],
    verifier: &'a [u8],
    hash: &'a [u8],
}

impl<'a> Api<'a> {
    /// From the flags on that follow the version.
    fn read(bytes: &'a [u8], hash: usize) -> Result<Api<'a>, Locked> {
        let size = u32_at(bytes, 4) as usize;
        let header = from(bytes, 8);
        let rest = from(header, size);
        match (rest.get(4..20), rest.get(20..36), rest.get(40..40 + hash)) {
            (Some(salt), Some(verifier), Some(hash)) => Ok(Api {
                cipher: u32_at(header, 8),
                key_bits: u32_at(header, 16),
                salt,
                verifier,
                hash,
            }),
            _ => Err(Locked::damaged("what it says of its lock breaks off")),
        }
    }
}

fn sha1(pieces: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    pieces.iter().for_each(|piece| hash.update(piece));
    hash.finalize().into()
}

fn units(password: &str) -> Vec<u8> {
    password.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Office 2007's "standard encryption" (2.3.4.7 to 2.3.4.9).
fn open_standard(info: &[u8], package: &[u8], password: &str) -> Result<Vec<u8>, Locked> {
    let api = Api::read(from(info, 4), 32)?;
    let key_bytes = match (api.cipher, api.key_bits) {
        (0x660E, 128) | (0, 128) => 16,
        (0x660F, 192) => 24,
        (0x6610, 256) => 32,
        _ => return Err(Locked::foreign("a cipher that is not known here")),
    };
    let mut hash = sha1(&[api.salt, &units(password)]);
    for round in 0..50_000u32 {
        hash = sha1(&[&round.to_le_bytes(), &hash]);
    }
    hash = sha1(&[&hash, &[0; 4]]);
    let half = |fill: u8| {
        let mut buffer = [fill; 64];
        buffer.iter_mut().zip(hash).for_each(|(b, h)| *b ^= h);
        sha1(&[&buffer])
    };
    let derived: Vec<u8> = half(0x36).into_iter().chain(half(0x5C)).collect();
    let key = derived.get(..key_bytes).unwrap_or(&derived);

    let mut verifier = api.verifier.to_vec();
    let mut sealed = api.hash.to_vec();
    decrypt_blocks(key, &mut verifier)?;
    decrypt_blocks(key, &mut sealed)?;
    if sealed.get(..20) != Some(&sha1(&[&verifier])[..]) {
        return Err(Locked::Wrong);
    }
    let mut plain = from(package, 8).to_vec();
    decrypt_blocks(key, &mut plain)?;
    let length = u64_at(package, 0) & 0xFFFF_FFFF;
    if length > plain.len() as u64 {
        return Err(Locked::damaged("it breaks off"));
    }
    plain.truncate(length as usize);
    Ok(plain)
}

/// AES block by block, each for itself.
fn decrypt_blocks(key: &[u8], bytes: &mut [u8]) -> Result<(), Locked> {
    fn each<C: BlockCipherDecrypt<BlockSize = sha2::digest::consts::U16> + KeyInit>(
        key: &[u8],
        bytes: &mut [u8],
    ) -> Result<(), Locked> {
        let cipher = C::new_from_slice(key)
            .map_err(|_| Locked::damaged("its key has no possible length"))?;
        for chunk in bytes.chunks_exact_mut(16) {
            if let Ok(block) = <&mut Block>::try_from(chunk) {
                cipher.decrypt_block(block);
            }
        }
        Ok(())
    }
    match key.len() {
        16 => each::<Aes128>(key, bytes),
        24 => each::<Aes192>(key, bytes),
        _ => each::<Aes256>(key, bytes),
    }
}

/// Records of which no byte is locked ([MS-XLS] 2.2.10): beginnings, the lock itself, and what is shared between users.
const OPEN: [u16; 7] = [0x0809, 0x2F, 0xE1, 0x194, 0x195, 0x196, 0x138];
const BOUND_SHEET: u16 = 0x85;
const FILE_PASS: u16 = 0x2F;

/// How the records of an old workbook are locked.
enum Lock {
    Xor([u8; 16]),
    /// The hash that a block's number is added to, for RC4 of Excel 97.
    Rc4([u8; 5]),
    /// The same for RC4 of the crypto API, and the length of its keys.
    Api([u8; 20], usize),
}

/// Unlocks the records of an old workbook in place; `false` where they are not locked.
pub(super) fn unlock_records(
    stream: &mut [u8],
    password: Option<&Password>,
) -> Result<bool, Locked> {
    let Some(body) = file_pass(stream) else {
        return Ok(false);
    };
    let body = body.to_vec();
    let lock = with_password(password, |password| lock(&body, password))?;
    let mut at = 0;
    let mut keys = Keystream::default();
    while let Some(header) = stream.get(at..at + 4) {
        let (kind, length) = (u16_at(header, 0), usize::from(u16_at(header, 2)));
        let start = at + 4;
        let end = (start + length).min(stream.len());
        // where a sheet begins is not locked
        let first = match kind {
            BOUND_SHEET => (start + 4).min(end),
            kind if OPEN.contains(&kind) => end,
            _ => start,
        };
        if let Some(bytes) = stream.get_mut(first..end) {
            match &lock {
                Lock::Xor(array) => xor::open(array, bytes, first + length),
                lock => keys.apply(lock, first, bytes),
            }
        }
        at = end.max(start);
    }
    Ok(true)
}

/// The record that says how, in the globals before any sheet.
fn file_pass(stream: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let header = stream.get(at..at + 4)?;
        let (kind, length) = (u16_at(header, 0), usize::from(u16_at(header, 2)));
        let body = stream.get(at + 4..at + 4 + length)?;
        match kind {
            FILE_PASS => return Some(body),
            0x0A => return None,
            _ => at += 4 + length,
        }
    }
}

fn lock(body: &[u8], password: &str) -> Result<Lock, Locked> {
    if body.len() <= 6 {
        // Excel 95 has no word for the kind before the two that xor needs
        let rest = if body.len() == 4 { body } else { from(body, 2) };
        return xor::array(password, u16_at(rest, 0), u16_at(rest, 2)).map(Lock::Xor);
    }
    match (u16_at(body, 0), u16_at(body, 2), u16_at(body, 4)) {
        (1, 1, 1) => {
            let salt = body.get(6..22);
            let (Some(salt), Some(sealed)) = (salt, body.get(22..54)) else {
                return Err(Locked::damaged("what it says of its lock breaks off"));
            };
            let mut repeated = Vec::with_capacity(336);
            let hash = Md5::digest(units(password));
            for _ in 0..16 {
                repeated.extend(hash.iter().take(5));
                repeated.extend_from_slice(salt);
            }
            let hash = Md5::digest(&repeated);
            let lock = Lock::Rc4(std::array::from_fn(|at| hash.get(at).copied().unwrap_or(0)));
            let mut opened = sealed.to_vec();
            lock.stream(0).apply(&mut opened);
            let (verifier, hash) = opened.split_at(16);
            match Md5::digest(verifier)[..] == *hash {
                true => Ok(lock),
                false => Err(Locked::Wrong),
            }
        }
        (1, 2..=4, 2) => {
            let api = Api::read(from(body, 6), 20)?;
            if !matches!(api.cipher, 0x6801 | 0) {
                return Err(Locked::foreign("a cipher that is not known here"));
            }
            let bits = if api.key_bits == 0 { 40 } else { api.key_bits };
            if !(40..=128).contains(&bits) {
                return Err(Locked::damaged("its key has no possible length"));
            }
            let hash = sha1(&[api.salt, &units(password)]);
            let lock = Lock::Api(hash, bits as usize / 8);
            let mut opened: Vec<u8> = api.verifier.iter().chain(api.hash).copied().collect();
            lock.stream(0).apply(&mut opened);
            let (verifier, hash) = opened.split_at(16);
            match sha1(&[verifier])[..] == *hash {
                true => Ok(lock),
                false => Err(Locked::Wrong),
            }
        }
        _ => Err(Locked::damaged("it does not say how it is locked")),
    }
}

impl Lock {
    /// The keystream of a block.
    fn stream(&self, block: u32) -> Rc4 {
        let number = block.to_le_bytes();
        match self {
            Lock::Rc4(hash) => {
                let mut input = hash.to_vec();
                input.extend_from_slice(&number);
                Rc4::new(&Md5::digest(&input))
            }
            Lock::Api(hash, length) => {
                let hash = sha1(&[hash, &number]);
                let mut key = hash.get(..*length).unwrap_or(&hash).to_vec();
                if *length == 5 {
                    key.resize(16, 0);
                }
                Rc4::new(&key)
            }
            Lock::Xor(array) => Rc4::new(array),
        }
    }
}

/// Bytes under one key.
const BLOCK: usize = 1024;

/// The keystream at the place that was opened last; each block of the stream has a key of its own.
#[derive(Default)]
struct Keystream {
    running: Option<(usize, usize, Rc4)>,
}

impl Keystream {
    /// Opens bytes that stand at `at` in the stream; places never go back.
    fn apply(&mut self, lock: &Lock, at: usize, bytes: &mut [u8]) {
        for (place, byte) in (at..).zip(bytes) {
            let (block, wanted) = (place / BLOCK, place % BLOCK);
            let (_, next, stream) = match &mut self.running {
                Some(running) if running.0 == block => running,
                running => running.insert((block, 0, lock.stream(block as u32))),
            };
            while *next < wanted {
                stream.next();
                *next += 1;
            }
            *byte ^= stream.next();
            *next += 1;
        }
    }
}
