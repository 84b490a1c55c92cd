//! What processes cost, from /proc.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// CPU time of a process so far, all threads that live, in user and kernel mode.
pub fn time(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    // A thread that ended takes its time with it, so a server is measured while it is busy only.
    tasks.filter_map(|task| nanoseconds(task.path().join("schedstat"))).sum()
}

/// CPU time of the calling thread so far.
pub fn this_thread() -> Duration {
    nanoseconds("/proc/thread-self/schedstat").unwrap_or_default()
}

/// The first number of a `schedstat`: nanoseconds on a CPU.
fn nanoseconds(file: impl AsRef<Path>) -> Option<Duration> {
    let text = fs::read_to_string(file).ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// CPU time of a process and of its children: a database server and its backends.
pub fn time_with_children(pid: u32) -> Duration {
    let children = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let pid_of_entry: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()?;
        (parent == pid).then_some(pid_of_entry)
    });
    children.map(time).sum::<Duration>() + time(pid)
}

/// Resident memory of a process, in MB of 10^6 bytes.
pub fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() * 1.024e-3
}

/// How many processes wait for a CPU, over the last minute: what else the machine does.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}
