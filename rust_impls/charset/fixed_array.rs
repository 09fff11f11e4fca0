//! A flag for each code point: one store per character for ASCII, a 1.1 MB table for other texts.

const CODE_POINTS: usize = char::MAX as usize + 1;

pub fn charset(text: &str) -> Vec<char> {
    if text.is_ascii() {
        ascii(text.as_bytes())
    } else {
        unicode(text)
    }
}

/// A flag for each byte, in as few cache lines as possible: two for ASCII.
#[repr(align(64))]
struct Flags([bool; 256]);

/// Stores without a check, because no store waits for another. The table is small enough to read
/// back.
fn ascii(text: &[u8]) -> Vec<char> {
    let mut seen = Flags([false; 256]);
    // Sixteen bytes without a jump between them: the stores then are the limit, and not how fast the
    // processor fetches the loop, which depends on where the linker has put it.
    let (blocks, rest) = text.as_chunks::<16>();
    for block in blocks {
        for &byte in block {
            seen.0[usize::from(byte)] = true;
        }
    }
    for &byte in rest {
        seen.0[usize::from(byte)] = true;
    }
    (0..128_u8)
        .filter(|&byte| seen.0[usize::from(byte)])
        .map(char::from)
        .collect()
}

/// Checks first and lists each new character, so that the table need not be read back. Zeroed
/// memory from the allocator costs nothing until it is touched, and only the pages with the text's
/// characters are.
#[inline(never)] // begins with a cache line, whatever the other loop is compiled to
fn unicode(text: &str) -> Vec<char> {
    let mut seen = vec![false; CODE_POINTS];
    let mut characters = Vec::new();
    for character in text.chars() {
        if !seen[character as usize] {
            add(character, &mut seen, &mut characters);
        }
    }
    characters
}

#[cold]
#[inline(never)]
fn add(character: char, seen: &mut [bool], characters: &mut Vec<char>) {
    seen[character as usize] = true;
    characters.push(character);
}
