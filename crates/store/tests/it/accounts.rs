//! People: names and addresses are one person's, links are good once, secrets are only known as digests.

use domain::account::{Role, Scope, UserId, UserName};
use domain::address::MailAddress;
use jiff::ToSpan;
use store::testing::TestStore;
use store::{Join, LinkPurpose, MailedLink, NewUser};

use crate::helpers::*;

on_both_engines!(
    a_name_and_an_address_are_one_persons,
    the_first_admin_is_made_once,
    the_last_admin_stays,
    a_session_is_somebodys_until_it_ends,
    sessions_are_bounded,
    a_token_is_good_until_revoked_or_over,
    a_link_is_good_once,
    a_taken_name_leaves_the_link_good,
    links_to_one_address_are_bounded,
    an_identity_is_one_person_under_a_free_name,
    leaving_takes_all_keys_along,
    what_is_over_is_swept,
    small_values_are_set_once,
);

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

async fn join(store: &TestStore, who: &str, role: Role) -> UserId {
    let (name, address) = (name(who), address(&format!("{who}@example.org")));
    let new = NewUser {
        name: &name,
        address: Some(&address),
        password: Some("$hash$"),
        role,
    };
    match store.add_user(&new, now()).await.unwrap() {
        Join::Joined(id) => id,
        other => panic!("{other:?}"),
    }
}

async fn a_name_and_an_address_are_one_persons(store: TestStore) {
    let jane = join(&store, "Jane", Role::Reader).await;
    let again = |name, address| {
        let store = &store;
        async move {
            let new = NewUser {
                name: &name,
                address: Some(&address),
                password: None,
                role: Role::Reader,
            };
            store.add_user(&new, now()).await.unwrap()
        }
    };
    assert_eq!(
        again(name("jANE"), address("x@example.org")).await,
        Join::NameTaken
    );
    assert_eq!(
        again(name("john"), address("JANE@example.org")).await,
        Join::AddressTaken
    );
    let user = store.user_named(&name("JANE")).await.unwrap().unwrap();
    assert_eq!((user.id, user.name.as_str()), (jane, "Jane"));
    assert!(user.has_password && user.locked.is_none());
    let john = join(&store, "john", Role::Reader).await;
    assert!(!store.rename_user(john, &name("jane")).await.unwrap());
    assert!(store.rename_user(jane, &name("JANE")).await.unwrap());
    assert!(
        !store
            .set_address(john, &address("jane@example.org"))
            .await
            .unwrap()
    );
    assert_eq!(store.users_after(Some(jane), 10).await.unwrap().len(), 1);
}

async fn the_first_admin_is_made_once(store: TestStore) {
    let (a, b) = (name("aa"), name("bb"));
    let new = |name| NewUser {
        name,
        address: None,
        password: None,
        role: Role::Reader,
    };
    let (one, two) = (new(&a), new(&b));
    let other = store.open_again().await;
    let (one, two) = tokio::join!(
        store.add_first_admin(&one, now()),
        other.add_first_admin(&two, now())
    );
    let made = [one.unwrap(), two.unwrap()];
    assert_eq!(made.iter().filter(|m| m.is_some()).count(), 1, "{made:?}");
    let admin = store.first_admin().await.unwrap().unwrap();
    assert_eq!(admin.role, Role::Admin);
}

async fn the_last_admin_stays(store: TestStore) {
    let boss = join(&store, "boss", Role::Admin).await;
    let jane = join(&store, "jane", Role::Reader).await;
    assert!(!store.set_role(boss, Role::Reader).await.unwrap());
    assert!(!store.set_locked(boss, Some("x"), now()).await.unwrap());
    assert!(!store.remove_user(boss).await.unwrap());
    assert!(store.set_role(jane, Role::Admin).await.unwrap());
    assert!(store.remove_user(boss).await.unwrap());
    assert!(!store.set_role(jane, Role::Moderator).await.unwrap());
    // Alone, one may go.
    assert!(store.remove_user(jane).await.unwrap());
    assert_eq!(store.count_users().await.unwrap(), 0);
}

async fn a_session_is_somebodys_until_it_ends(store: TestStore) {
    let jane = join(&store, "jane", Role::Reader).await;
    let boss = join(&store, "boss", Role::Admin).await;
    let end = now() + 2.hours();
    store
        .open_session(jane, "d1", "Browser\n1", now(), end)
        .await
        .unwrap();
    store
        .open_session(jane, "d2", "", now(), end)
        .await
        .unwrap();
    let whose =
        async |digest: &str, at| store.session_user(digest, at).await.unwrap().map(|u| u.id);
    assert_eq!(whose("d1", now()).await, Some(jane));
    assert_eq!(whose("d1", end).await, None);
    assert_eq!(whose("d3", now()).await, None);
    let sessions = store.sessions(jane, now()).await.unwrap();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().any(|s| s.agent == "Browser1"));
    // Use moves the end.
    let later = now() + 90.minutes();
    store
        .use_session("d1", later, later + 2.hours())
        .await
        .unwrap();
    assert_eq!(whose("d1", end).await, Some(jane));
    // Nobody closes another's.
    assert!(!store.close_session(boss, "d1").await.unwrap());
    assert_eq!(store.close_other_sessions(jane, "d1").await.unwrap(), 1);
    store.set_locked(jane, Some("spam"), now()).await.unwrap();
    assert_eq!(whose("d1", now()).await, None);
}

async fn sessions_are_bounded(store: TestStore) {
    let jane = join(&store, "jane", Role::Reader).await;
    for n in 0..55 {
        let at = now() + n.seconds();
        let digest = format!("d{n}");
        store
            .open_session(jane, &digest, "", at, at + 1.hour())
            .await
            .unwrap();
    }
    let sessions = store.sessions(jane, now()).await.unwrap();
    assert_eq!(sessions.len(), 50);
    assert!(sessions.iter().all(|s| s.digest != "d4") && sessions[0].digest == "d54");
}

async fn a_token_is_good_until_revoked_or_over(store: TestStore) {
    let jane = join(&store, "jane", Role::Reader).await;
    let end = now() + 24.hours();
    let id = store
        .add_token(jane, "t1", "script", Scope::Write, now(), Some(end))
        .await
        .unwrap()
        .unwrap();
    let (user, scope) = store.token_user("t1", now()).await.unwrap().unwrap();
    assert_eq!(
        (user.id, scope, user.has_password),
        (jane, Scope::Write, true)
    );
    assert!(store.token_user("t1", end).await.unwrap().is_none());
    store.use_token("t1", now()).await.unwrap();
    store.use_token("t1", now() + 5.seconds()).await.unwrap();
    assert_eq!(store.tokens(jane).await.unwrap()[0].used, Some(now()));
    assert!(store.revoke_token(jane, id).await.unwrap());
    assert!(store.token_user("t1", now()).await.unwrap().is_none());
    for n in 0..50 {
        let digest = format!("x{n}");
        let added = store.add_token(jane, &digest, "x", Scope::Read, now(), None);
        assert!(added.await.unwrap().is_some());
    }
    let added = store.add_token(jane, "y", "y", Scope::Read, now(), None);
    assert_eq!(added.await.unwrap(), None);
}

fn sign_up(who: &str) -> MailedLink {
    MailedLink {
        purpose: LinkPurpose::SignUp,
        account: None,
        address: address(&format!("{who}@example.org")),
        name: Some(name(who)),
        password: None,
    }
}

async fn keep(store: &TestStore, digest: &str, link: &MailedLink) -> bool {
    let bounds = (now() - 1.hour(), 3);
    let times = (now(), now() + 2.hours());
    store.keep_link(digest, link, times, bounds).await.unwrap()
}

async fn a_link_is_good_once(store: TestStore) {
    assert!(keep(&store, "l1", &sign_up("jane")).await);
    let late = now() + 2.hours();
    assert_eq!(store.link("l1", late).await.unwrap(), None);
    assert_eq!(
        store.link("l1", now()).await.unwrap(),
        Some(sign_up("jane"))
    );
    let jane = name("jane");
    let other = store.open_again().await;
    let (a, b) = tokio::join!(
        store.join_by_link("l1", &jane, Role::Reader, now()),
        other.join_by_link("l1", &jane, Role::Reader, now())
    );
    let joined = [a.unwrap(), b.unwrap()];
    assert_eq!(joined.iter().flatten().count(), 1, "{joined:?}");
    assert_eq!(store.take_link("l1", now()).await.unwrap(), None);
}

async fn a_taken_name_leaves_the_link_good(store: TestStore) {
    join(&store, "jane", Role::Reader).await;
    let mut link = sign_up("jane");
    link.address = address("other@example.org");
    keep(&store, "l1", &link).await;
    let joined = store
        .join_by_link("l1", &name("jane"), Role::Reader, now())
        .await;
    assert_eq!(joined.unwrap(), Some(Join::NameTaken));
    let joined = store
        .join_by_link("l1", &name("jane2"), Role::Reader, now())
        .await;
    assert!(matches!(joined.unwrap(), Some(Join::Joined(_))));
}

async fn links_to_one_address_are_bounded(store: TestStore) {
    for n in 0..3 {
        assert!(keep(&store, &format!("l{n}"), &sign_up("jane")).await);
    }
    assert!(!keep(&store, "l4", &sign_up("jane")).await);
    assert!(keep(&store, "l5", &sign_up("john")).await);
}

async fn an_identity_is_one_person_under_a_free_name(store: TestStore) {
    join(&store, "jane", Role::Reader).await;
    let taken = address("jane@example.org");
    let identity = ("https://login.example.org", "42");
    let user = store
        .identify(identity, &name("jane"), Some(&taken), now())
        .await
        .unwrap();
    // Neither the name nor the account of whoever has the address is taken over.
    assert_eq!((user.name.as_str(), &user.address), ("jane-2", &None));
    let again = store
        .identify(identity, &name("other"), None, now())
        .await
        .unwrap();
    assert_eq!(again.id, user.id);
    let third = store
        .identify(("x", "42"), &name("jane"), None, now())
        .await
        .unwrap();
    assert_eq!(third.name.as_str(), "jane-3");
}

async fn leaving_takes_all_keys_along(store: TestStore) {
    join(&store, "boss", Role::Admin).await;
    let user = store
        .identify(("proxy", "jane"), &name("jane"), None, now())
        .await
        .unwrap();
    store
        .open_session(user.id, "d1", "", now(), now() + 1.hour())
        .await
        .unwrap();
    store
        .add_token(user.id, "t1", "x", Scope::Read, now(), None)
        .await
        .unwrap();
    assert!(store.remove_user(user.id).await.unwrap());
    assert!(store.session_user("d1", now()).await.unwrap().is_none());
    assert!(store.token_user("t1", now()).await.unwrap().is_none());
    assert!(store.identified("proxy", "jane").await.unwrap().is_none());
    // Numbers are never given out again.
    let next = join(&store, "next", Role::Reader).await;
    assert!(next > user.id);
}

async fn what_is_over_is_swept(store: TestStore) {
    let jane = join(&store, "jane", Role::Reader).await;
    let end = now() + 1.hour();
    store
        .open_session(jane, "d1", "", now(), end)
        .await
        .unwrap();
    store
        .open_session(jane, "d2", "", now(), end + 1.hour())
        .await
        .unwrap();
    store
        .add_token(jane, "t1", "x", Scope::Read, now(), Some(end))
        .await
        .unwrap();
    keep(&store, "l1", &sign_up("john")).await;
    assert_eq!(store.sweep_accounts(end).await.unwrap(), 2);
    assert_eq!(store.sweep_accounts(end).await.unwrap(), 0);
}

async fn small_values_are_set_once(store: TestStore) {
    assert_eq!(store.meta_or("key", "a").await.unwrap(), "a");
    assert_eq!(store.meta_or("key", "b").await.unwrap(), "a");
}
