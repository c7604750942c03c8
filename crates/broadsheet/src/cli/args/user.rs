//! What `broadsheet user` takes.

use clap::{Args as ClapArgs, Subcommand};

#[derive(Debug, ClapArgs)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    pub(crate) action: UserAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserAction {
    /// List who has an account
    List {
        /// JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// Make an account; the password is the first line of standard input, or made and printed
    Add {
        /// 2 to 30 letters, digits, - and _
        name: String,
        /// Mail address, taken as theirs without a link
        #[arg(long, value_name = "ADDRESS")]
        address: Option<String>,
        /// What they may do
        #[arg(long, default_value = "reader", value_parser = ["reader", "moderator", "admin"])]
        role: String,
        /// No password: mailed links or another site sign them in
        #[arg(long)]
        no_password: bool,
    },
    /// Give somebody a new password, from standard input or made and printed; signs them out
    Password {
        /// Whose
        name: String,
    },
    /// Say what somebody may do
    Role {
        /// Who
        name: String,
        /// What they may do
        #[arg(value_parser = ["reader", "moderator", "admin"])]
        role: String,
    },
    /// Lock an account and sign it out
    Lock {
        /// Whose
        name: String,
        /// Why; they will read it
        reason: String,
    },
    /// Unlock an account
    Unlock {
        /// Whose
        name: String,
    },
    /// Make a token for the API and print it
    Token {
        /// Whose
        name: String,
        /// What it is for
        #[arg(long, default_value = "command line", value_name = "TEXT")]
        called: String,
        /// What it is good for
        #[arg(long, default_value = "read", value_parser = ["read", "write", "admin"])]
        scope: String,
        /// For how many days it is good; for ever without
        #[arg(long, value_name = "N")]
        days: Option<u32>,
    },
    /// Remove an account with what was done with it
    Remove {
        /// Whose
        name: String,
    },
}
