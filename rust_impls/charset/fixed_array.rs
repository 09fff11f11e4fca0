//! A flag for each code point: one store a character for ASCII, a 1.1 MB table for all the rest.

const CODE_POINTS: usize = char::MAX as usize + 1;

pub fn charset(text: &str) -> Vec<char> {
    if text.is_ascii() {
        ascii(text.as_bytes())
    } else {
        unicode(text)
    }
}

/// Stores without looking, as no store waits for another; the table is small enough to read back.
fn ascii(text: &[u8]) -> Vec<char> {
    let mut seen = [false; 128];
    for byte in text {
        // The mask changes nothing in ASCII. It spares the check of the bound.
        seen[usize::from(byte & 0x7F)] = true;
    }
    (0..128_u8)
        .filter(|&byte| seen[usize::from(byte)])
        .map(char::from)
        .collect()
}

/// Looks first and notes each new character, so that the table need not be read back. The allocator
/// gives zeroed memory for nothing, and only pages that the text's characters fall into are touched.
fn unicode(text: &str) -> Vec<char> {
    let mut seen = vec![false; CODE_POINTS];
    let mut found = Vec::new();
    for character in text.chars() {
        let flag = &mut seen[character as usize];
        if !*flag {
            *flag = true;
            found.push(character);
        }
    }
    found
}
