//! What does `--kind` say?

use robocache::trajectory::Kind;
use std::fmt;
use std::str::FromStr;

/// A value of `--kind`: a kind, for the columns named or for all that no other one names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Names separated by commas, each with a `*` at its end if it is the beginning of several.
    pub(super) columns: Option<String>,
    pub(super) kind: Kind,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Names may hold an equals sign, kinds do not.
        let (columns, name) = match text.rsplit_once('=') {
            Some((columns, name)) => (Some(columns.trim()), name.trim()),
            None => (None, text.trim()),
        };
        let kind = Kind::from_name(name).ok_or_else(|| {
            let kinds = Kind::ALL.map(Kind::name).join(", ");
            format!("there is no kind {name:?}; the kinds are {kinds}")
        })?;
        if columns.is_some_and(str::is_empty) {
            return Err(format!(
                "no columns are named before \"=\"; {name:?} alone is for all columns"
            ));
        }
        Ok(Wanted {
            columns: columns.map(str::to_owned),
            kind,
        })
    }
}

/// As the option was written.
impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("--kind ")?;
        if let Some(columns) = &self.columns {
            write!(f, "{columns}=")?;
        }
        f.write_str(self.kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use robocache::trajectory::Quaternion;

    #[test]
    fn kinds_are_for_all_columns_or_for_some() {
        let of = |text: &str| text.parse::<Wanted>().expect("a kind");
        for kind in Kind::ALL {
            let (columns, name) = (None, kind.name());
            assert_eq!(of(name), Wanted { columns, kind });
        }
        let wanted = of("a=b, q_* = slerp-wxyz");
        assert_eq!(wanted.columns.as_deref(), Some("a=b, q_*"));
        assert_eq!(wanted.kind, Kind::Slerp(Quaternion::Wxyz));
        assert_eq!(of("grip=previous").to_string(), "--kind grip=previous");
        for text in ["", "spline", "q=", "=slerp", "q=spline", "slerp=q"] {
            assert!(text.parse::<Wanted>().is_err(), "{text:?}");
        }
    }
}
