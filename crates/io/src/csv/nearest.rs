//! Which of these names did the user mean?

/// Characters compared; longer names are judged by their beginning.
const COMPARED: usize = 64;

/// The names that are not empty, the most similar to `wanted` first.
///
/// A name that contains the wanted one, or is contained in it, comes before one that does not;
/// after that the number of edits counts, first without and then with the rest of a longer name,
/// such as a unit in brackets. Case does not matter.
pub fn by_similarity<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = simplified(wanted);
    let mut ranked: Vec<_> = names
        .filter(|name| !name.is_empty())
        .map(|name| {
            let simple = simplified(name);
            let overlaps = contains(&simple, &wanted) || contains(&wanted, &simple);
            ((!overlaps, edits(&wanted, &simple)), name)
        })
        .collect();
    ranked.sort_by_key(|&(rank, _)| rank);
    ranked
        .into_iter()
        .map(|(_, name)| name.to_owned())
        .collect()
}

fn simplified(name: &str) -> Vec<char> {
    name.chars()
        .flat_map(char::to_lowercase)
        .take(COMPARED)
        .collect()
}

/// Whether `whole` contains `part`; parts of one or two letters are in too many names to count.
fn contains(whole: &[char], part: &[char]) -> bool {
    part.len() > 2 && whole.windows(part.len()).any(|window| window == part)
}

/// Insertions, deletions and replacements that turn `a` into some beginning of `b`, and into all of
/// `b` (Levenshtein's distance).
fn edits(a: &[char], b: &[char]) -> (usize, usize) {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    let nearest = row.iter().copied().min().unwrap_or(0);
    (nearest, row[b.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: &str, b: &str) -> (usize, usize) {
        edits(&simplified(a), &simplified(b))
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(distance("kitten", "sitting"), (2, 3));
        assert_eq!(distance("", "abc"), (0, 3));
        assert_eq!(distance("abc", ""), (3, 3));
        assert_eq!(distance("Time", "time [ns]"), (0, 5));
    }

    #[test]
    fn overlapping_names_come_first_then_few_edits() {
        let names = [
            "step",
            "",
            "elbow.pos",
            "gripper.pos",
            "gripper_raw",
            "grip",
        ];
        assert_eq!(
            by_similarity("Gripper", names.into_iter()),
            ["gripper.pos", "gripper_raw", "grip", "step", "elbow.pos"]
        );
    }
}
