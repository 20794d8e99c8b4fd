//! A contender that may die, hang or talk nonsense.

use crate::protocol::{Reply, Request};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is kept of what a contender says on stderr.
const LAST_WORDS: usize = 400;

/// Why a contender gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The program cannot be started.
    #[error("it cannot be started: {0}")]
    Start(String),
    /// It ended.
    #[error("it died ({status}){words}")]
    Died {
        /// Its exit status.
        status: String,
        /// Its last words, with a colon before them, if it had some.
        words: String,
    },
    /// What it said is no reply, or not one to what it was asked.
    #[error("it answered nonsense: {0}")]
    Nonsense(String),
    /// It said nothing for so many seconds.
    #[error("it said nothing for {0} s")]
    Silent(u64),
    /// It does not do this.
    #[error("{0}")]
    Refused(String),
    /// It tried and failed.
    #[error("it failed: {0}")]
    Failed(String),
}

impl Failure {
    /// Whether the contender can still be talked to.
    pub fn leaves_it_alive(&self) -> bool {
        matches!(self, Failure::Refused(_) | Failure::Failed(_))
    }
}

/// A running contender. It is killed when this is dropped.
pub struct Process {
    child: Child,
    requests: Option<ChildStdin>,
    replies: Receiver<String>,
    words: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    /// [`Failure::Start`].
    pub fn start(mut command: Command) -> Result<Process, Failure> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let shown = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .spawn()
            .map_err(|error| Failure::Start(format!("{shown}: {error}")))?;
        let words = Arc::new(Mutex::new(String::new()));
        let (sender, replies) = channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                // Whatever is no text ends the conversation as the end of the stream does.
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        if let Some(stderr) = child.stderr.take() {
            let words = words.clone();
            std::thread::spawn(move || remember(stderr, &words));
        }
        let requests = child.stdin.take();
        Ok(Process {
            child,
            requests,
            replies,
            words,
        })
    }

    /// Asks, and waits for the answer no longer than `limit`.
    ///
    /// # Errors
    /// Every [`Failure`] but the first.
    pub fn ask(&mut self, request: &Request, limit: Duration) -> Result<Reply, Failure> {
        self.send(request)?;
        self.receive(limit)
    }

    /// Asks; the answer has to be received later.
    ///
    /// # Errors
    /// [`Failure::Died`].
    pub fn send(&mut self, request: &Request) -> Result<(), Failure> {
        if self.write(request) {
            Ok(())
        } else {
            Err(self.died())
        }
    }

    fn write(&mut self, request: &Request) -> bool {
        let line = serde_json::to_string(request).unwrap_or_default() + "\n";
        let pipe = self.requests.as_mut();
        pipe.is_some_and(|pipe| pipe.write_all(line.as_bytes()).is_ok())
    }

    /// The answer to what was asked longest ago.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn receive(&mut self, limit: Duration) -> Result<Reply, Failure> {
        let line = match self.replies.recv_timeout(limit) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Err(Failure::Silent(limit.as_secs())),
            Err(RecvTimeoutError::Disconnected) => return Err(self.died()),
        };
        match serde_json::from_str(&line) {
            Ok(Reply::Refused(words)) => Err(Failure::Refused(words)),
            Ok(Reply::Error(words)) => Err(Failure::Failed(words)),
            Ok(reply) => Ok(reply),
            Err(_) => Err(nonsense(&line)),
        }
    }

    /// Its end, in words. A program that only closed its stdout is made to end.
    fn died(&mut self) -> Failure {
        self.requests = None;
        for _ in 0..50 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let status = match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        // Its last words may still be on their way.
        std::thread::sleep(Duration::from_millis(20));
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let last = words.lines().rfind(|line| !line.trim().is_empty());
        Failure::Died {
            status,
            words: last.map_or(String::new(), |line| format!(": {}", line.trim())),
        }
    }
}

/// What was said where something else was expected.
pub fn nonsense(line: &str) -> Failure {
    Failure::Nonsense(line.chars().take(120).collect())
}

fn remember(mut stderr: impl Read, words: &Mutex<String>) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut bytes) {
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        words.push_str(&String::from_utf8_lossy(&bytes[..count]));
        let excess = words.len().saturating_sub(LAST_WORDS);
        let cut = (excess..=words.len()).find(|&at| words.is_char_boundary(at));
        words.drain(..cut.unwrap_or(0));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Who does not leave when told to is made to: nothing is lost, and many take their time.
        self.write(&Request::Quit);
        self.requests = None;
        for _ in 0..10 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
