//! People who are signed in, for tests of what they do: each acts by a token of their own.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use domain::account::{Role, Scope, UserId, UserName};
use domain::record::Record;
use serde_json::Value;
use store::{Join, NewUser};
use web::account::secret;
use web::policy::{CheckAddress, Policy};

use crate::site::{Answer, TestSite};

/// A site on which people sign in and may do everything; with [`some_papers`](crate::site::some_papers) or others.
pub(crate) async fn community(records: Vec<Record>) -> TestSite {
    community_under(records, |_| {}).await
}

/// The same under a changed policy.
pub(crate) async fn community_under(
    records: Vec<Record>,
    change: impl FnOnce(&mut Policy),
) -> TestSite {
    let check: CheckAddress = Arc::new(|text: &str| match text.starts_with("https://") {
        true => Ok(text.to_string()),
        false => Err("the address must begin with https://".to_string()),
    });
    let mut policy = Policy {
        submissions: true,
        per_day: 2,
        age_days_max: 0,
        allow_links: true,
        webhooks: Some(check),
    };
    change(&mut policy);
    let site = TestSite::with_accounts().await.under(policy);
    site.absorb(records).await;
    site
}

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) id: UserId,
    bearer: String,
}

impl Person {
    pub(crate) async fn new(site: &TestSite, name: &str, role: Role) -> Person {
        let now = crate::site::MONDAY.parse().unwrap();
        let new = NewUser {
            name: &UserName::parse(name).unwrap(),
            address: None,
            password: None,
            role,
        };
        let Join::Joined(id) = site.store.add_user(&new, now).await.unwrap() else {
            panic!("{name} is there already");
        };
        let fresh = secret::fresh().unwrap();
        let digest = secret::digest(&fresh);
        let token = site
            .store
            .add_token(id, &digest, "test", Scope::Admin, now, None);
        token.await.unwrap();
        let bearer = format!("Bearer {}{fresh}", secret::TOKEN_PREFIX);
        Person { id, bearer }
    }

    pub(crate) async fn reader(site: &TestSite, name: &str) -> Person {
        Person::new(site, name, Role::Reader).await
    }

    pub(crate) async fn get(&self, site: &TestSite, target: &str) -> Answer {
        let headers = [("authorization", self.bearer.as_str())];
        site.ask(Method::GET, target, &headers).await
    }

    /// A page that must be there.
    pub(crate) async fn page(&self, site: &TestSite, target: &str) -> String {
        let answer = self.get(site, target).await;
        assert_eq!(answer.status, StatusCode::OK, "{target}");
        answer.text()
    }

    /// Sends a form as a browser does.
    pub(crate) async fn post(&self, site: &TestSite, target: &str, form: &str) -> Answer {
        let headers = [("authorization", self.bearer.as_str())];
        site.send(Method::POST, target, &headers, form).await
    }

    /// Sends a form as a program does; status and JSON.
    pub(crate) async fn call(
        &self,
        site: &TestSite,
        target: &str,
        form: &str,
    ) -> (StatusCode, Value) {
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("accept", "application/json"),
        ];
        let answer = site.send(Method::POST, target, &headers, form).await;
        let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status, json)
    }
}
