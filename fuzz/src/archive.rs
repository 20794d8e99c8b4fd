//! ZIP archives with sound checksums and, wherever the bytes say so, false claims.

use arbitrary::{Result, Unstructured};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

const MOST_MEMBERS: usize = 4;

struct Member {
    name: Vec<u8>,
    method: u16,
    flags: u16,
    crc: u32,
    content: Vec<u8>,
    /// The content, perhaps deflated.
    stored: Vec<u8>,
    size: u32,
    /// What the directory says where it differs from the member's own header.
    claimed: Option<[u32; 2]>,
    offset: u32,
}

/// The archive that some bytes describe, and the names and contents of its members.
pub fn build(description: &[u8]) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let mut source = Unstructured::new(description);
    let mut members = Vec::new();
    // Where the bytes end, the archive does.
    while members.len() < MOST_MEMBERS && !source.is_empty() {
        match member(&mut source) {
            Ok(member) => members.push(member),
            Err(_) => break,
        }
    }
    let contents = members
        .iter()
        .map(|member| {
            (
                String::from_utf8_lossy(&member.name).into_owned(),
                member.content.clone(),
            )
        })
        .collect();
    (write(members), contents)
}

fn member(source: &mut Unstructured<'_>) -> Result<Member> {
    let shape: u8 = source.arbitrary()?;
    let name = match source.int_in_range(0..=7u8)? {
        0 => source.arbitrary::<[u8; 4]>()?.to_vec(),
        1 => b".npy".to_vec(),
        2 => b"a".to_vec(),
        n => vec![b'a' + n, b'.', b'n', b'p', b'y'],
    };
    let length = usize::from(source.arbitrary::<u16>()?).min(source.len());
    let content = source.bytes(length)?.to_vec();
    let content = match shape & 1 {
        0 => npy(shape, &content),
        _ => content,
    };
    let mut crc = Crc::new();
    crc.update(&content);
    let mut made = Member {
        name,
        method: 0,
        flags: 0,
        crc: crc.sum(),
        size: content.len() as u32,
        stored: content.clone(),
        content,
        claimed: None,
        offset: 0,
    };
    if shape & 2 != 0 {
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
        packed
            .write_all(&made.stored)
            .expect("a vector takes everything");
        made.stored = packed.finish().expect("a vector takes everything");
        made.method = 8;
    }
    match shape >> 5 {
        0 => made.method = source.arbitrary()?,
        1 => made.flags = source.arbitrary()?,
        2 => made.claimed = Some(source.arbitrary()?),
        3 => made.crc ^= u32::from(source.arbitrary::<u8>()?),
        4 => made.size = source.arbitrary()?,
        _ => {}
    }
    Ok(made)
}

/// An array with a header that fits its content.
fn npy(shape: u8, content: &[u8]) -> Vec<u8> {
    let (descr, size) =
        [("<f4", 4), (">f8", 8), ("|u1", 1), ("<i2", 2)][usize::from(shape >> 3 & 3)];
    let order = if shape & 4 != 0 { "True" } else { "False" };
    let count = content.len() / size;
    let header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({count},), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(&content[..count * size]);
    bytes
}

fn write(mut members: Vec<Member>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for member in &mut members {
        member.offset = bytes.len() as u32;
        bytes.extend(b"PK\x03\x04");
        bytes.extend(20u16.to_le_bytes());
        fields(
            &mut bytes,
            member,
            [member.stored.len() as u32, member.size],
        );
        bytes.extend(&member.name);
        bytes.extend(&member.stored);
    }
    let directory = bytes.len();
    for member in &members {
        bytes.extend(b"PK\x01\x02");
        bytes.extend([20u16, 20].map(u16::to_le_bytes).as_flattened());
        let held = [member.stored.len() as u32, member.size];
        fields(&mut bytes, member, member.claimed.unwrap_or(held));
        // Length of a comment, number of the disk, attributes.
        bytes.extend([0; 10]);
        bytes.extend(member.offset.to_le_bytes());
        bytes.extend(&member.name);
    }
    let length = bytes.len() - directory;
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(
        [members.len() as u16; 2]
            .map(u16::to_le_bytes)
            .as_flattened(),
    );
    bytes.extend(
        [length as u32, directory as u32]
            .map(u32::to_le_bytes)
            .as_flattened(),
    );
    bytes.extend([0; 2]);
    bytes
}

/// What a member's header and its entry in the directory have in common.
fn fields(bytes: &mut Vec<u8>, member: &Member, sizes: [u32; 2]) {
    bytes.extend(
        [member.flags, member.method, 0, 0x21]
            .map(u16::to_le_bytes)
            .as_flattened(),
    );
    bytes.extend(
        [member.crc, sizes[0], sizes[1]]
            .map(u32::to_le_bytes)
            .as_flattened(),
    );
    bytes.extend((member.name.len() as u16).to_le_bytes());
    bytes.extend(0u16.to_le_bytes());
}
