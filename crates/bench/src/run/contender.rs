//! Who takes part, and is it still there?

use super::Limits;
use super::process::{Failure, Process, nonsense};
use crate::protocol::{Hello, Opened, Reply, Request, VERSION};
use crate::results::part::Facts;
use std::time::Duration;

/// A process that takes part, under its name.
pub struct Contender {
    /// `robocache` or a peer's name.
    pub name: String,
    /// What it is made of.
    pub versions: Facts,
    /// Whether it has said who it is.
    pub greeted: bool,
    process: Result<Process, Failure>,
}

impl Contender {
    /// One that has been started, and is asked who it is.
    pub fn new(name: &str, process: Result<Process, Failure>) -> Contender {
        let mut contender = Contender {
            name: name.to_owned(),
            versions: Facts::new(),
            greeted: false,
            process,
        };
        // If this fails, so will the answer.
        let _ = contender.send(&Request::Hello);
        contender
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// Why it does not take part.
    pub fn greet(&mut self, limits: &Limits) -> Result<Hello, Failure> {
        match self.receive(limits.start)? {
            Reply::Hello(hello) if hello.protocol == VERSION => {
                self.versions = hello.versions.clone();
                self.greeted = true;
                Ok(hello)
            }
            other => Err(self.talks_nonsense(&other)),
        }
    }

    /// What can be timed, once it was asked to open a problem.
    ///
    /// # Errors
    /// Why nothing can.
    pub fn opened(&mut self, limits: &Limits) -> Result<Opened, Failure> {
        match self.receive(limits.open)? {
            Reply::Opened(opened) => Ok(opened),
            other => Err(self.talks_nonsense(&other)),
        }
    }

    /// The times that a request asks for.
    ///
    /// # Errors
    /// Why there are none.
    pub fn times(&mut self, request: &Request, limits: &Limits) -> Result<Vec<f64>, Failure> {
        let (times, runs) = match (self.ask(request, limits.work)?, request) {
            (Reply::Micros(times), Request::Time { runs, .. })
            | (Reply::Nanos(times), Request::Host { runs, .. }) => (times, *runs),
            (other, _) => return Err(self.talks_nonsense(&other)),
        };
        let possible = |time: &f64| time.is_finite() && *time > 0.0;
        if times.len() != runs || !times.iter().all(possible) {
            return Err(self.talks_nonsense(&Reply::Micros(times)));
        }
        Ok(times)
    }

    /// Asks for anything.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn ask(&mut self, request: &Request, limit: Duration) -> Result<Reply, Failure> {
        self.send(request)?;
        self.receive(limit)
    }

    /// Asks; the answer has to be received later.
    ///
    /// # Errors
    /// If it is not there any more.
    pub fn send(&mut self, request: &Request) -> Result<(), Failure> {
        let sent = self.process()?.send(request);
        self.note(sent)
    }

    fn receive(&mut self, limit: Duration) -> Result<Reply, Failure> {
        let received = self.process()?.receive(limit);
        self.note(received)
    }

    /// Whether it can be asked for more.
    pub fn is_alive(&self) -> bool {
        self.process.is_ok()
    }

    fn process(&mut self) -> Result<&mut Process, Failure> {
        self.process.as_mut().map_err(|failure| failure.clone())
    }

    /// After a failure that leaves nobody to talk to, the process is gone.
    fn note<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &result
            && !failure.leaves_it_alive()
        {
            self.process = Err(failure.clone());
        }
        result
    }

    fn talks_nonsense(&mut self, reply: &Reply) -> Failure {
        let failure = nonsense(&serde_json::to_string(reply).unwrap_or_default());
        self.process = Err(failure.clone());
        failure
    }
}
