//! Against a made-up issuer whose tokens are signed here by hand.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::matchers::{body_string_contains, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

const SECRET: &str = "a secret between the two of them";
const BACK: &str = "https://papers.example.org/sign-in/back";

/// A signed token (RFC 7515, HS256).
fn token(claims: &Value, secret: &str) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(&json!({"alg": "HS256", "typ": "JWT"}));
    let text = format!("{head}.{}", part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let tag = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{text}.{tag}")
}

/// The issuer, and this site's door to it.
async fn issuer() -> (MockServer, Arc<dyn SingleSignOn>) {
    let server = MockServer::start().await;
    let base = server.uri();
    let metadata = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256"],
    });
    let answers = [
        ("/.well-known/openid-configuration", metadata),
        ("/keys", json!({"keys": []})),
    ];
    for (place, answer) in answers {
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        Mock::given(method("GET"))
            .and(path(place))
            .respond_with(answer)
            .mount(&server)
            .await;
    }
    let written = OpenId {
        issuer: base,
        client_id: "broadsheet".to_string(),
        client_secret: SECRET.to_string(),
        name: "The institute".to_string(),
    };
    let provider = open(&written, "test").unwrap().unwrap();
    (server, provider)
}

/// What comes of signing in when the issuer gives a token with these claims instead of its usual ones.
async fn check(changes: Value, secret: &str) -> Result<Vouched, String> {
    let (server, provider) = issuer().await;
    let begun = provider.begin(BACK).await?;
    let address = Url::parse(&begun.address).unwrap();
    let sent = |name: &str| {
        let mut pairs = address.query_pairs();
        let found = pairs.find(|(key, _)| key == name).unwrap();
        found.1.into_owned()
    };
    assert_eq!(sent("redirect_uri"), BACK);
    assert_eq!(sent("code_challenge_method"), "S256");
    assert!(sent("scope").contains("openid"));
    let now = Timestamp::now().as_second();
    let mut claims = json!({
        "iss": server.uri(), "aud": "broadsheet", "sub": "42", "iat": now, "exp": now + 300,
        "nonce": sent("nonce"), "preferred_username": "jane", "email": "jane@example.org",
        "email_verified": true,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let tokens = json!({
        "access_token": "x", "token_type": "Bearer", "id_token": token(&claims, secret),
    });
    Mock::given(method("POST"))
        .and(path("/token"))
        .and(body_string_contains("code=the-code"))
        .and(body_string_contains("code_verifier="))
        .respond_with(ResponseTemplate::new(200).set_body_json(tokens))
        .mount(&server)
        .await;
    let state = sent("state");
    let answer = Answer {
        state: &state,
        code: "the-code",
    };
    provider.finish(BACK, &begun.memory, answer).await
}

#[tokio::test]
async fn whoever_the_issuer_names_is_vouched_for() {
    let vouched = check(json!({}), SECRET).await.unwrap();
    assert_eq!(vouched.subject, "42");
    assert_eq!(vouched.name.as_deref(), Some("jane"));
    assert_eq!(vouched.address.as_deref(), Some("jane@example.org"));
    let unverified = check(json!({"email_verified": false}), SECRET).await;
    assert_eq!(unverified.unwrap().address, None);
}

#[tokio::test]
async fn what_is_not_the_issuers_word_to_us_now_is_refused() {
    let now = Timestamp::now().as_second();
    for (changes, secret) in [
        (json!({}), "another secret"),
        (json!({"aud": "another site"}), SECRET),
        (json!({"iss": "https://evil.example.org"}), SECRET),
        (json!({"nonce": "another"}), SECRET),
        (json!({"exp": now - 600}), SECRET),
    ] {
        let refused = check(changes.clone(), secret).await;
        assert!(refused.is_err(), "{changes}");
    }
}

#[tokio::test]
async fn an_answer_to_another_browser_is_refused() {
    let (_server, provider) = issuer().await;
    let begun = provider.begin(BACK).await.unwrap();
    let forged = Answer {
        state: "forged",
        code: "the-code",
    };
    let refused = provider.finish(BACK, &begun.memory, forged).await;
    assert!(refused.unwrap_err().contains("Begin again"));
    let refused = provider.finish(BACK, &[], forged).await;
    assert!(refused.unwrap_err().contains("Begin again"));
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_named() {
    let written = OpenId {
        issuer: "http://127.0.0.1:1/realm".to_string(),
        client_id: "broadsheet".to_string(),
        ..OpenId::default()
    };
    let provider = open(&written, "test").unwrap().unwrap();
    let refused = provider.begin(BACK).await.unwrap_err();
    assert!(refused.contains("127.0.0.1 cannot be reached"), "{refused}");
}
