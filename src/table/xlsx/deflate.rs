//! A large part compressed on all cores: piece by piece, each knowing the end of the one before, so that the pieces are one stream
//! (M. Adler's way in pigz; RFC 1951 lets a stream be flushed to whole bytes anywhere).

use std::collections::VecDeque;
use std::io::{self, Write};
use std::thread::{Scope, ScopedJoinHandle};

use flate2::{Compress, Compression, FlushCompress, Status};

/// Bytes compressed at a time.
const PIECE: usize = 1 << 20;
/// How far back a stream may refer.
const WINDOW: usize = 1 << 15;

/// What is written to it goes on compressed.
pub(super) struct Deflater<'scope, 'outer, W: Write> {
    scope: &'scope Scope<'scope, 'outer>,
    out: W,
    level: Compression,
    piece: Vec<u8>,
    /// The end of the piece before.
    before: Vec<u8>,
    at_work: VecDeque<ScopedJoinHandle<'scope, io::Result<Vec<u8>>>>,
    most: usize,
}

impl<'scope, 'outer, W: Write> Deflater<'scope, 'outer, W> {
    /// Works in `scope`, on so many pieces at once.
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'outer>,
        out: W,
        level: Compression,
        most: usize,
    ) -> Deflater<'scope, 'outer, W> {
        Deflater {
            scope,
            out,
            level,
            piece: Vec::with_capacity(PIECE),
            before: Vec::new(),
            at_work: VecDeque::new(),
            most,
        }
    }

    /// Hands the piece to another core.
    fn hand_on(&mut self, last: bool) -> io::Result<()> {
        while self.at_work.len() >= self.most {
            self.take()?;
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let end = piece.len().saturating_sub(WINDOW);
        let before = std::mem::replace(&mut self.before, piece[end..].to_vec());
        let level = self.level;
        let work = move || compressed(&piece, &before, level, last);
        self.at_work.push_back(self.scope.spawn(work));
        Ok(())
    }

    /// Writes the oldest piece.
    fn take(&mut self) -> io::Result<()> {
        let Some(oldest) = self.at_work.pop_front() else {
            return Ok(());
        };
        let bytes = oldest
            .join()
            .unwrap_or_else(|fault| std::panic::resume_unwind(fault))?;
        self.out.write_all(&bytes)
    }

    /// Ends the stream.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.hand_on(true)?;
        while !self.at_work.is_empty() {
            self.take()?;
        }
        Ok(())
    }
}

impl<W: Write> Write for Deflater<'_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE - self.piece.len();
        let taken = &bytes[..bytes.len().min(room)];
        self.piece.extend_from_slice(taken);
        if self.piece.len() == PIECE {
            self.hand_on(false)?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A piece as part of a stream, ending at a whole byte.
fn compressed(piece: &[u8], before: &[u8], level: Compression, last: bool) -> io::Result<Vec<u8>> {
    let mut state = Compress::new(level, false);
    if !before.is_empty() {
        state.set_dictionary(before).map_err(io::Error::other)?;
    }
    let flush = match last {
        true => FlushCompress::Finish,
        false => FlushCompress::Sync,
    };
    let mut out = Vec::with_capacity(piece.len() / 4 + 1024);
    loop {
        let done = state.total_in() as usize;
        let status = state
            .compress_vec(&piece[done.min(piece.len())..], &mut out, flush)
            .map_err(io::Error::other)?;
        let all_in = state.total_in() as usize == piece.len();
        // a flush is whole when room was left for more
        if status == Status::StreamEnd || (!last && all_in && out.len() < out.capacity()) {
            return Ok(out);
        }
        out.reserve(out.capacity().max(1024));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn pieces_are_one_stream() {
        for length in [0, 5, PIECE, 3 * PIECE + 77] {
            let text: Vec<u8> = (0..length as u32)
                .map(|n| (n % 251) as u8 ^ (n / 7_919) as u8)
                .collect();
            let mut out = Vec::new();
            std::thread::scope(|scope| {
                let mut deflater = Deflater::new(scope, &mut out, Compression::default(), 2);
                deflater.write_all(&text).unwrap();
                deflater.finish().unwrap();
            });
            let mut back = Vec::new();
            flate2::read::DeflateDecoder::new(&out[..])
                .read_to_end(&mut back)
                .unwrap();
            assert!(back == text, "{length}");
        }
    }
}
