//! `broadsheet config check`: what the configuration comes to, secrets hidden.

use anyhow::Result;

use super::args::ConfigAction;
use crate::config::{Config, without_password};

pub(crate) fn run(config: &Config, action: ConfigAction) -> Result<()> {
    match action {
        ConfigAction::Check => {
            let mut written = config.written.clone();
            written.database = without_password(&written.database);
            let secret = &mut written.accounts.openid.client_secret;
            if !secret.is_empty() {
                *secret = "***".to_string();
            }
            written.mail = written.mail.without_secrets();
            match &config.file {
                Some(file) => println!("# from {} and the environment", file.display()),
                None => println!(
                    "# defaults and the environment; a file would be {}/broadsheet.toml",
                    config.data.display()
                ),
            }
            println!("# data folder: {}", config.data.display());
            print!("{}", toml::to_string_pretty(&written)?);
            Ok(())
        }
    }
}
