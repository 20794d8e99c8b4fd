//! How is a contender told what to do?
//!
//! One JSON object per line: a request on its stdin, then a reply on its stdout, in turn. A contender
//! ends when its stdin does. `crates/bench/peers/_protocol.py` speaks the same.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// What a contender is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Who are you? Answered by [`Reply::Hello`], or refused if it cannot take part.
    Hello,
    /// Make the memory of a problem ready, compile what has to be compiled, and check your own
    /// result. Answered by [`Reply::Opened`], or refused.
    Open {
        /// The operation's name.
        operation: String,
        /// The shape, in the operation's syntax.
        shape: String,
        /// What the numbers depend on.
        seed: u64,
    },
    /// Time some runs. Answered by [`Reply::Micros`].
    Time {
        /// One of the subjects that were opened.
        subject: String,
        /// What the caches hold when a run begins.
        cache: Cache,
        /// How many runs to time.
        runs: usize,
        /// How many to run before those.
        warmup: usize,
        /// How long to wait within each run, in nanoseconds: a planted slow-down. Only our own
        /// contender is asked to.
        #[serde(default)]
        delay: u64,
    },
    /// Time what the host has to do for some runs. Answered by [`Reply::Nanos`].
    Host {
        /// One of the subjects that were opened.
        subject: String,
        /// How many runs to time.
        runs: usize,
        /// How many to run before those.
        warmup: usize,
    },
    /// Race the variants for the open problem. Answered by [`Reply::Tuned`].
    Tune,
    /// Time launches of an operation's smallest problem beside launches by the driver alone. Answered
    /// by [`Reply::Launches`], or refused.
    Launches {
        /// The operation's name.
        operation: String,
        /// How many of each kind.
        count: usize,
    },
    /// Let go of the open problem. Answered by [`Reply::Closed`].
    Close,
    /// Exit. Not answered.
    Quit,
}

/// What the caches hold when a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cache {
    /// Nothing of the problem.
    Cold,
    /// What the run before left.
    Warm,
}

/// What a contender answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To [`Request::Hello`].
    Hello(Hello),
    /// To [`Request::Open`].
    Opened(Opened),
    /// Microseconds of each run.
    Micros(Vec<f64>),
    /// Nanoseconds of each run.
    Nanos(Vec<f64>),
    /// The subject that won, if the race was decided.
    Tuned(String),
    /// Nanoseconds per launch, of each kind.
    Launches(Vec<Launches>),
    /// To [`Request::Close`].
    Closed {},
    /// It does not do this, and says why; all is well otherwise.
    Refused(String),
    /// It tried and failed.
    Error(String),
}

/// Who a contender is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// The versions of what it is made of.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// What it knows of the device; our own contender's are kept.
    #[serde(default)]
    pub device: BTreeMap<String, String>,
}

/// What can be timed now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The names of what can be timed.
    pub subjects: Vec<String>,
    /// Of those whose results are others than our own contender's: how they differ, in words.
    #[serde(default)]
    pub differs: BTreeMap<String, String>,
    /// The bytes that have to move; told by our own contender.
    #[serde(default)]
    pub bytes: u64,
    /// The subject that runs where nothing was measured; told by our own contender.
    #[serde(default)]
    pub untuned: String,
    /// The subject that a call would run now; told by our own contender.
    #[serde(default)]
    pub chosen: String,
}

/// One kind of launch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Launches {
    /// What was launched, in words.
    pub what: String,
    /// Nanoseconds per launch, for each of many short loops.
    pub nanos: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_look_as_the_peers_expect_them() {
        let request = Request::Time {
            subject: "torch".into(),
            cache: Cache::Cold,
            runs: 10,
            warmup: 3,
            delay: 0,
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"do":"time","subject":"torch","cache":"cold","runs":10,"warmup":3,"delay":0}"#
        );
        assert_eq!(
            serde_json::to_string(&Request::Hello).unwrap(),
            r#"{"do":"hello"}"#
        );
        let reply = |text| serde_json::from_str::<Reply>(text);
        assert_eq!(
            reply(r#"{"micros":[1.5]}"#).unwrap(),
            Reply::Micros(vec![1.5])
        );
        assert_eq!(reply(r#"{"closed":{}}"#).unwrap(), Reply::Closed {});
        assert_eq!(
            reply(r#"{"refused":"no"}"#).unwrap(),
            Reply::Refused("no".into())
        );
        let opened = reply(r#"{"opened":{"subjects":["a","b"],"differs":{"b":"no order"}}}"#);
        assert!(matches!(opened, Ok(Reply::Opened(opened)) if opened.differs["b"] == "no order"));
        let hello = reply(r#"{"hello":{"protocol":1,"versions":{"numpy":"2"}}}"#).unwrap();
        assert!(matches!(hello, Reply::Hello(hello) if hello.versions["numpy"] == "2"));
        assert!(reply(r#"{"micros":"soon"}"#).is_err());
    }
}
