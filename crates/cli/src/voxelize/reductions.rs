//! What can be wanted of each cell?

use std::str::FromStr;

/// What can be wanted of each cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Occupancy,
    Count,
    First,
    Sum,
    Mean,
    Max,
    Min,
}

impl Reduction {
    const ALL: [Reduction; 7] = [
        Reduction::Occupancy,
        Reduction::Count,
        Reduction::First,
        Reduction::Sum,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
    ];

    /// Those that each column of the points has one of.
    pub const OF_COLUMNS: [Reduction; 4] = [
        Reduction::Sum,
        Reduction::Mean,
        Reduction::Max,
        Reduction::Min,
    ];

    /// The name of its array.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Occupancy => "occupancy",
            Reduction::Count => "count",
            Reduction::First => "first",
            Reduction::Sum => "sum",
            Reduction::Mean => "mean",
            Reduction::Max => "max",
            Reduction::Min => "min",
        }
    }
}

impl FromStr for Reduction {
    type Err = String;

    fn from_str(text: &str) -> Result<Reduction, String> {
        let name = text.trim();
        let found = Reduction::ALL
            .into_iter()
            .find(|reduction| reduction.name() == name);
        found.ok_or_else(|| {
            let names = Reduction::ALL.map(Reduction::name);
            format!("expected some of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reductions_are_named() {
        assert_eq!(" mean".parse(), Ok(Reduction::Mean));
        for reduction in Reduction::ALL {
            assert_eq!(reduction.name().parse(), Ok(reduction));
        }
        assert!("median".parse::<Reduction>().is_err());
    }
}
