//! The command `sceau`.

fn main() -> std::process::ExitCode {
    sceau::cli::main()
}
