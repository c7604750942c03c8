//! Where log lines go: standard error, for people or as JSON. Set up once, here; libraries only emit.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::cli::LogFormat;

/// Starts logging. The server says what it does; other commands only warn. `BROADSHEET_LOG` overrides
/// (`BROADSHEET_LOG=debug`, `BROADSHEET_LOG=store=trace,info`).
pub(crate) fn init(format: LogFormat, serving: bool) {
    let level = if serving {
        LevelFilter::INFO
    } else {
        LevelFilter::WARN
    };
    let filter = EnvFilter::builder()
        .with_env_var("BROADSHEET_LOG")
        .with_default_directive(level.into())
        .from_env_lossy();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    match format {
        LogFormat::Text => builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .init(),
        LogFormat::Json => builder.json().init(),
    }
}
