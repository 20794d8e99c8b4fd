//! Writes PCD files, for tests of what reads them. It shares nothing with the reader.

use std::collections::HashMap;

/// Values of each point: a name, a type such as `F4`, and how many there are.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: &'static str,
    pub count: usize,
}

/// How the points are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    Ascii,
    Binary,
    /// As PCL compresses: fields named `_` are left out of the data.
    Compressed,
    /// With them.
    CompressedWithPadding,
}

pub fn field(name: &str, kind: &'static str, count: usize) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        count,
    }
}

fn size(field: &Field) -> usize {
    field.kind[1..].parse().unwrap()
}

/// The number that the bits of a value of this type are, as text.
fn text(kind: &str, bits: u64) -> String {
    match kind {
        "F4" => format!("{:?}", f32::from_bits(bits as u32)),
        "F8" => format!("{:?}", f64::from_bits(bits)),
        "I1" => (bits as i8).to_string(),
        "I2" => (bits as i16).to_string(),
        "I4" => (bits as i32).to_string(),
        "I8" => (bits as i64).to_string(),
        "U1" => (bits as u8).to_string(),
        "U2" => (bits as u16).to_string(),
        "U4" => (bits as u32).to_string(),
        _ => bits.to_string(),
    }
}

fn header(fields: &[Field], points: usize, data: Data) -> String {
    let line = |of: &dyn Fn(&Field) -> String| {
        let words: Vec<String> = fields.iter().map(of).collect();
        words.join(" ")
    };
    let data = match data {
        Data::Ascii => "ascii",
        Data::Binary => "binary",
        Data::Compressed | Data::CompressedWithPadding => "binary_compressed",
    };
    format!(
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS {}\nSIZE {}\nTYPE {}\n\
         COUNT {}\nWIDTH {points}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {points}\nDATA {data}\n",
        line(&|field| field.name.clone()),
        line(&|field| field.kind[1..].to_owned()),
        line(&|field| field.kind[..1].to_owned()),
        line(&|field| field.count.to_string()),
    )
}

/// A file of these points, each the bits of all its values.
pub fn write(fields: &[Field], points: &[Vec<u64>], data: Data) -> Vec<u8> {
    let mut file = header(fields, points.len(), data).into_bytes();
    let each = fields
        .iter()
        .flat_map(|field| std::iter::repeat_n(field, field.count));
    let each: Vec<&Field> = each.collect();
    match data {
        Data::Ascii => {
            for point in points {
                let cells = point
                    .iter()
                    .zip(&each)
                    .map(|(&bits, field)| text(field.kind, bits));
                let cells: Vec<String> = cells.collect();
                file.extend(cells.join(" ").bytes());
                file.push(b'\n');
            }
        }
        Data::Binary => {
            for point in points {
                for (bits, field) in point.iter().zip(&each) {
                    file.extend(&bits.to_le_bytes()[..size(field)]);
                }
            }
        }
        Data::Compressed | Data::CompressedWithPadding => {
            let mut bytes = Vec::new();
            let mut at = 0;
            for field in fields {
                if field.name != "_" || data == Data::CompressedWithPadding {
                    for point in points {
                        for bits in &point[at..at + field.count] {
                            bytes.extend(&bits.to_le_bytes()[..size(field)]);
                        }
                    }
                }
                at += field.count;
            }
            let packed = compress(&bytes);
            file.extend((packed.len() as u32).to_le_bytes());
            file.extend((bytes.len() as u32).to_le_bytes());
            file.extend(packed);
        }
    }
    file
}

/// Bytes in the LZF format: at each place the longest match with the last place that began alike.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut seen: HashMap<[u8; 3], usize> = HashMap::new();
    let mut literal = 0;
    let mut at = 0;
    while at < bytes.len() {
        let mut length = 0;
        if let Some(&start) = bytes[at..].first_chunk::<3>()
            && let Some(from) = seen.insert(start, at).filter(|from| at - from <= 8192)
        {
            let alike = bytes[at..].iter().zip(&bytes[from..]).take(264);
            length = alike.take_while(|(a, b)| a == b).count();
            literals(&bytes[literal..at], &mut packed);
            let (back, more) = (at - from - 1, length - 2);
            let high = (back >> 8) as u8;
            if more < 7 {
                packed.push((more as u8) << 5 | high);
            } else {
                packed.extend([7 << 5 | high, (more - 7) as u8]);
            }
            packed.push(back as u8);
            literal = at + length;
        }
        at += length.max(1);
    }
    literals(&bytes[literal..], &mut packed);
    packed
}

fn literals(bytes: &[u8], packed: &mut Vec<u8>) {
    for run in bytes.chunks(32) {
        packed.push(run.len() as u8 - 1);
        packed.extend(run);
    }
}
