//! The command line as people type it: every `tests/cases/*.md` is a page of commands with what they answer and their exit codes,
//! run in a folder of its own.

#[test]
fn the_command_line_answers_as_written() {
    trycmd::TestCases::new()
        // help is wrapped for the terminal
        .env("COLUMNS", "100")
        .env("RUST_BACKTRACE", "0")
        .case("tests/cases/*.md");
}
