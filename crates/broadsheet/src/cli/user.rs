//! `broadsheet user`: accounts, from the command line.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use domain::account::{Role, Scope, UserName};
use domain::address::MailAddress;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::{Join, NewUser, Store, User};
use web::account::{password, secret};

use super::args::UserAction;
use super::table::Table;

/// People that are read at once.
const BATCH: u32 = 1_000;

pub(super) async fn run(store: &Store, action: UserAction) -> Result<ExitCode> {
    let now = Timestamp::now();
    match action {
        UserAction::List { json } => list(store, json).await?,
        UserAction::Add {
            name,
            address,
            role,
            no_password,
        } => add(store, &name, address.as_deref(), &role, no_password).await?,
        UserAction::Password { name } => {
            let user = named(store, &name).await?;
            let (typed, made) = password_for(&user.name, user.address.as_ref())?;
            let hash = password::hash(&typed)?;
            store.set_password(user.id, Some(&hash), None).await?;
            tell_password(&user.name, made.then_some(typed.as_str()));
        }
        UserAction::Role { name, role } => {
            let user = named(store, &name).await?;
            let role = role_of(&role)?;
            keep_an_admin(store.set_role(user.id, role).await?)?;
            println!("{} is {} now.", user.name, role.as_str());
        }
        UserAction::Lock { name, reason } => {
            let user = named(store, &name).await?;
            keep_an_admin(store.set_locked(user.id, Some(&reason), now).await?)?;
            println!("{} is locked and signed out.", user.name);
        }
        UserAction::Unlock { name } => {
            let user = named(store, &name).await?;
            store.set_locked(user.id, None, now).await?;
            println!("{} may sign in again.", user.name);
        }
        UserAction::Token {
            name,
            called,
            scope,
            days,
        } => token(store, &name, &called, &scope, days).await?,
        UserAction::Remove { name } => {
            let user = named(store, &name).await?;
            keep_an_admin(store.remove_user(user.id).await?)?;
            println!("{} is removed.", user.name);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store, json: bool) -> Result<()> {
    let mut people: Vec<User> = Vec::new();
    loop {
        let after = people.last().map(|user| user.id);
        let batch = store.users_after(after, BATCH).await?;
        let last = batch.len() < BATCH as usize;
        people.extend(batch);
        if last {
            break;
        }
    }
    if json {
        let all: Vec<_> = people
            .iter()
            .map(|u| {
                json!({
                    "name": u.name, "role": u.role, "address": u.address.as_ref().map(ToString::to_string),
                    "created": u.created, "seen": u.seen, "locked": u.locked, "lock_reason": u.lock_reason,
                })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    if people.is_empty() {
        println!("Nobody has an account; `broadsheet user add NAME --role admin` makes the first.");
        return Ok(());
    }
    let mut table = Table::new(&["name", "role", "since", "last here", "address", ""]);
    for user in &people {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        table.row(vec![
            user.name.to_string(),
            user.role.as_str().to_string(),
            day(user.created),
            day(user.seen),
            user.address
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            match user.locked {
                Some(_) => format!("locked: {}", user.lock_reason),
                None => String::new(),
            },
        ]);
    }
    table.print()
}

async fn add(
    store: &Store,
    name: &str,
    address: Option<&str>,
    role: &str,
    no_password: bool,
) -> Result<()> {
    let name = UserName::parse(name).with_context(|| format!("`{name}`"))?;
    let address = address
        .map(|text| MailAddress::parse(text).with_context(|| format!("`{text}`")))
        .transpose()?;
    let role = role_of(role)?;
    let typed = match no_password {
        true => None,
        false => Some(password_for(&name, address.as_ref())?),
    };
    let hash = typed
        .as_ref()
        .map(|(typed, _)| password::hash(typed))
        .transpose()?;
    let new = NewUser {
        name: &name,
        address: address.as_ref(),
        password: hash.as_deref(),
        role,
    };
    match store.add_user(&new, Timestamp::now()).await? {
        Join::Joined(_) => {}
        Join::NameTaken => bail!("the name {name} is taken"),
        Join::AddressTaken => bail!("this address has an account already"),
    }
    println!("{name} has an account as {}.", role.as_str());
    if let Some((typed, true)) = typed {
        tell_password(&name, Some(&typed));
    }
    Ok(())
}

async fn token(
    store: &Store,
    name: &str,
    called: &str,
    scope: &str,
    days: Option<u32>,
) -> Result<()> {
    let user = named(store, name).await?;
    let scope = Scope::from_short(scope).context("a scope is read, write or admin")?;
    let (secret, now) = (secret::fresh()?, Timestamp::now());
    let expires = days.map(|days| now + SignedDuration::from_hours(24 * i64::from(days)));
    let digest = secret::digest(&secret);
    let added = store.add_token(user.id, &digest, called, scope, now, expires);
    if added.await?.is_none() {
        bail!("{} has fifty tokens; revoke one first", user.name);
    }
    println!("{}{secret}", secret::TOKEN_PREFIX);
    Ok(())
}

async fn named(store: &Store, name: &str) -> Result<User> {
    let found = match UserName::parse(name) {
        Ok(name) => store.user_named(&name).await?,
        Err(_) => None,
    };
    found.with_context(|| {
        format!("nobody has the name `{name}`; `broadsheet user list` shows who is there")
    })
}

fn role_of(word: &str) -> Result<Role> {
    Role::from_short(word).context("a role is reader, moderator or admin")
}

fn keep_an_admin(done: bool) -> Result<()> {
    if !done {
        bail!("this is the last admin; make somebody else one first");
    }
    Ok(())
}

/// The first line of standard input, where that is no terminal; otherwise one that we make. Whether we made it.
fn password_for(name: &UserName, address: Option<&MailAddress>) -> Result<(String, bool)> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Ok((secret::fresh()?[..20].to_string(), true));
    }
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    let typed = line.trim_end_matches(['\r', '\n']).to_string();
    if typed.is_empty() {
        return Ok((secret::fresh()?[..20].to_string(), true));
    }
    let told = [name.as_str(), address.map_or("", |a| a.as_str())];
    match password::fault(&typed, &told) {
        Some(fault) => bail!("{fault}"),
        None => Ok((typed, false)),
    }
}

fn tell_password(name: &UserName, made: Option<&str>) {
    match made {
        Some(password) => println!("Password of {name}: {password}"),
        None => println!("{name} has a new password; every browser is signed out."),
    }
}
