//! OpenSSL beside us, in a process of its own: `cms_verify.c`, compiled when the benchmark runs. So nothing of OpenSSL
//! is a dependency, tests and lints need neither its headers nor a build of it, and no unsafe code stands here.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use clock::UnixTime;

use crate::cases::Case;

/// Compiles the program; `None` without a C compiler or the headers of libcrypto.
pub fn compile(folder: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/passive_authentication/cms_verify.c");
    let program = folder.join("cms_verify");
    let mut command = Command::new("cc");
    command.arg("-O2").arg("-o").arg(&program).arg(source).arg("-lcrypto");
    command.status().is_ok_and(|status| status.success()).then_some(program)
}

/// The program with one passport.
pub struct OpenSsl {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl OpenSsl {
    pub fn start(program: &Path, folder: &Path, case: &Case, at: UnixTime) -> Self {
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).expect("a file");
            path
        };
        let mut command = Command::new(program);
        command.arg(write("sod", &case.cms)).arg(write("csca", &case.csca)).arg(at.0.to_string());
        for (number, group) in case.groups.iter().enumerate() {
            command.arg(write(&format!("group-{number}"), group));
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Self { child, input, output: BufReader::new(output) }
    }

    /// CMS_verify with chain, from bytes.
    pub fn verify(&mut self, times: u32) -> Duration {
        self.run('v', times)
    }

    /// The hashes of all data groups.
    pub fn hash(&mut self, times: u32) -> Duration {
        self.run('h', times)
    }

    fn run(&mut self, command: char, times: u32) -> Duration {
        writeln!(self.input, "{command} {times}").expect("it reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        Duration::from_nanos(line.trim().parse().expect("nanoseconds"))
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
