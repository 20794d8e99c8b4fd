//! Does it fit?

use crate::console::bytes;
use anyhow::{Result, bail};

/// Bytes that can be had without swapping, where the system tells.
pub(crate) fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    parse(&text)
}

fn parse(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Refuses work that would need more memory than there is, before it is begun: on most systems it
/// would otherwise end by being killed, without a word.
///
/// # Errors
/// Names what is needed and what there is.
pub(crate) fn ensure(needed: u128, what: &str) -> Result<()> {
    check(needed, available(), what)
}

fn check(needed: u128, available: Option<u64>, what: &str) -> Result<()> {
    let limit = available.map_or(isize::MAX as u128, u128::from);
    if needed > limit {
        bail!(
            "{what} needs {} of memory, {} are free",
            bytes(needed),
            bytes(limit)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read_from_what_linux_says() {
        let text = "MemTotal:       24 kB\nMemAvailable:   10 kB\nSwapFree: 0 kB\n";
        assert_eq!(parse(text), Some(10_240));
        assert_eq!(parse("MemAvailable: many kB"), None);
        assert_eq!(parse("MemAvailable: 18446744073709551615 kB"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        assert!(check(10, Some(10), "it").is_ok());
        let error = check(3 << 30, Some(1 << 30), "the output").expect_err("too much");
        let text = error.to_string();
        assert!(
            text.contains("the output") && text.contains("3.2 GB") && text.contains("1.1 GB"),
            "{text}"
        );
        assert!(check(u128::MAX, None, "it").is_err());
        assert!(check(1 << 40, None, "it").is_ok());
    }
}
