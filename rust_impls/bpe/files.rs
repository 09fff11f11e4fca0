//! Vocabularies in tiktoken's files: a line has a token in Base64, a space and the token's id.

use std::fmt;

use super::ranks::{Builder, Ranks, RanksError};

/// Why a file is no vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileError {
    /// The number of a line that is not a token and an id.
    Line(usize),
    Ranks(RanksError),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(
                f,
                "line {number}: not a token in Base64, a space and its id"
            ),
            Self::Ranks(error) => error.fmt(f),
        }
    }
}

/// The ranks in the content of a file.
///
/// # Errors
///
/// When a line is wrong, or the tokens make no vocabulary.
pub fn ranks(data: &[u8]) -> Result<Ranks, FileError> {
    let lines = || data.split(|&byte| byte == b'\n');
    let mut builder = Builder::new(lines().count());
    let mut token = Vec::new();
    for (number, line) in (1..).zip(lines()) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let id = read_line(line.trim_ascii_end(), &mut token).ok_or(FileError::Line(number))?;
        builder.push(&token, id).map_err(FileError::Ranks)?;
    }
    builder.finish().map_err(FileError::Ranks)
}

/// Reads a line's token, and returns its id.
fn read_line(line: &[u8], token: &mut Vec<u8>) -> Option<u32> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    decode(&line[..space], token)?;
    std::str::from_utf8(&line[space + 1..]).ok()?.parse().ok()
}

/// Decodes Base64 with its padding (RFC 4648).
fn decode(text: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    bytes.clear();
    let (groups, []) = text.as_chunks::<4>() else {
        return None;
    };
    for (place, group) in groups.iter().enumerate() {
        let padding = group.iter().rev().take_while(|&&byte| byte == b'=').count();
        if padding > 2 || (padding > 0 && place + 1 < groups.len()) {
            return None;
        }
        let mut bits = 0;
        for &byte in &group[..4 - padding] {
            bits = bits << 6 | value(byte)?;
        }
        bits <<= 6 * padding;
        bytes.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    Some(())
}

/// The six bits that a character of Base64 stands for.
fn value(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_each_length_are_decoded() {
        let mut token = Vec::new();
        for (line, right) in [
            ("YQ== 7", (&b"a"[..], 7)),
            ("YWI= 256", (b"ab", 256)),
            ("YWJj 4294967294", (b"abc", 4_294_967_294)),
            ("+/8= 0", (b"\xFB\xFF", 0)),
        ] {
            let id = read_line(line.as_bytes(), &mut token);
            assert_eq!((&token[..], id), (right.0, Some(right.1)), "{line}");
        }
    }

    #[test]
    fn wrong_lines_are_named() {
        for wrong in [
            "YQ==",
            "YQ== x",
            "YQ== -1",
            "YQ 1",
            "YQ==YQ== 1",
            "Y=== 1",
            "é 1",
            "YWI* 1",
        ] {
            let file = format!("YWI= 256\n\n{wrong}\n");
            let error = ranks(file.as_bytes()).err();
            assert_eq!(error, Some(FileError::Line(3)), "{wrong}");
        }
        let error = ranks(b"YWI= 256\n").err();
        assert_eq!(error, Some(FileError::Ranks(RanksError::MissingByte(0))));
    }
}
