//! Tells a static executable from a dynamic one, by its program headers.

/// How a file is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    /// Needs nothing else in the image.
    Static,
    /// Needs a loader and a libc beside it.
    Dynamic,
    /// Not a 64-bit little-endian ELF file.
    Unknown,
}

/// The segment that names the loader.
const PT_INTERP: u32 = 3;

/// Reads the program headers.
pub(crate) fn linked(file: &[u8]) -> Linked {
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return Linked::Unknown;
    }
    let headers = || {
        let start = usize::try_from(u64::from_le_bytes(bytes(file, 32)?)).ok()?;
        let size = usize::from(u16::from_le_bytes(bytes(file, 54)?));
        let count = usize::from(u16::from_le_bytes(bytes(file, 56)?));
        (0..count)
            .map(|index| Some(u32::from_le_bytes(bytes(file, start + index * size)?)))
            .collect::<Option<Vec<_>>>()
    };
    match headers() {
        Some(kinds) if kinds.contains(&PT_INTERP) => Linked::Dynamic,
        Some(_) => Linked::Static,
        None => Linked::Unknown,
    }
}

fn bytes<const N: usize>(file: &[u8], at: usize) -> Option<[u8; N]> {
    file.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kinds: &[u32]) -> Vec<u8> {
        let mut file = vec![0; 64];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[32] = 64;
        file[54] = 56;
        file[56] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            file.extend_from_slice(&kind.to_le_bytes());
            file.extend_from_slice(&[0; 52]);
        }
        file
    }

    #[test]
    fn an_interpreter_makes_it_dynamic() {
        assert_eq!(linked(&file(&[1, 3, 1])), Linked::Dynamic);
        assert_eq!(linked(&file(&[1, 1])), Linked::Static);
        assert_eq!(linked(b"#!/bin/sh"), Linked::Unknown);
        assert_eq!(linked(&file(&[1, 3])[..70]), Linked::Unknown);
    }
}
