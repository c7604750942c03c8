//! Signing in with another site by OpenID Connect: authorization code with PKCE. The library checks issuer, audience,
//! signature, nonce and times of what comes back; here are only the calls and what must be remembered between them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    TokenResponse,
};
use sources::caller::Caller;
use sources::transport::{Incoming, TransportError};
use tokio::sync::Mutex;
use tracing::warn;
use url::Url;
use web::account::sso::{Answer, Begun, SingleSignOn, Step, Vouched};

use crate::config::OpenId;

/// How long what the other site says of itself is believed before it is asked again: its keys change.
const METADATA_GOOD: Duration = Duration::from_secs(3600);

/// The other site.
#[derive(Debug)]
pub(crate) struct Provider {
    name: String,
    issuer: IssuerUrl,
    client: ClientId,
    secret: Option<ClientSecret>,
    caller: Arc<Caller>,
    metadata: Mutex<Option<(Instant, CoreProviderMetadata)>>,
}

/// The call failed, or its answer is none.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("{0}")]
    Form(String),
}

type Calling = Pin<Box<dyn Future<Output = Result<HttpResponse, CallError>> + Send>>;

/// The other site of a configuration; nothing where it names none.
pub(crate) fn open(written: &OpenId, user_agent: &str) -> Result<Option<Arc<dyn SingleSignOn>>> {
    if written.issuer.is_empty() {
        return Ok(None);
    }
    let issuer = IssuerUrl::new(written.issuer.clone()).context("accounts.openid.issuer")?;
    let host = issuer.url().host_str().unwrap_or_default().to_string();
    let secret = (!written.client_secret.is_empty())
        .then(|| ClientSecret::new(written.client_secret.clone()));
    Ok(Some(Arc::new(Provider {
        name: match written.name.as_str() {
            "" => host,
            name => name.to_string(),
        },
        issuer,
        client: ClientId::new(written.client_id.clone()),
        secret,
        caller: Arc::new(Caller::new(user_agent)?),
        metadata: Mutex::default(),
    })))
}

impl Provider {
    /// What the other site says of itself, asked at most once an hour.
    async fn metadata(&self) -> Result<CoreProviderMetadata, String> {
        let mut kept = self.metadata.lock().await;
        if let Some((at, metadata)) = kept.as_ref()
            && at.elapsed() < METADATA_GOOD
        {
            return Ok(metadata.clone());
        }
        let call = self.calls();
        let asked = CoreProviderMetadata::discover_async(self.issuer.clone(), &call).await;
        let metadata = asked.map_err(|error| self.unreachable(&error))?;
        *kept = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    fn unreachable(&self, error: &(dyn std::error::Error + 'static)) -> String {
        let causes: Vec<String> = std::iter::successors(Some(error), |e| e.source())
            .map(ToString::to_string)
            .collect();
        warn!("{} cannot sign people in: {}", self.name, causes.join(": "));
        format!(
            "{} cannot be reached, or does not answer as it should. Try again in a moment.",
            self.name
        )
    }

    /// Makes the calls that the library asks for.
    fn calls(&self) -> impl Fn(HttpRequest) -> Calling + use<> {
        let caller = Arc::clone(&self.caller);
        move |request| Box::pin(call(Arc::clone(&caller), request))
    }

    async fn begun(&self, back: &str) -> Result<Begun, String> {
        let metadata = self.metadata().await?;
        let back = redirect(back)?;
        let client =
            CoreClient::from_provider_metadata(metadata, self.client.clone(), self.secret.clone())
                .set_redirect_uri(back);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("profile".to_string()))
            .add_scope(Scope::new("email".to_string()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Begun {
            address: address.to_string(),
            memory: vec![
                state.secret().clone(),
                nonce.secret().clone(),
                verifier.secret().clone(),
            ],
        })
    }

    async fn vouched(
        &self,
        back: &str,
        memory: &[String],
        answer: Answer<'_>,
    ) -> Result<Vouched, String> {
        let [state, nonce, verifier] = memory else {
            return Err("This browser did not begin to sign in here. Begin again.".to_string());
        };
        if answer.state != state {
            return Err("This answer is not to what this browser asked. Begin again.".to_string());
        }
        let metadata = self.metadata().await?;
        let client =
            CoreClient::from_provider_metadata(metadata, self.client.clone(), self.secret.clone())
                .set_redirect_uri(redirect(back)?);
        let call = self.calls();
        let code = AuthorizationCode::new(answer.code.to_string());
        let tokens = client
            .exchange_code(code)
            .map_err(|error| self.unreachable(&error))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.clone()))
            .request_async(&call)
            .await;
        let tokens = match tokens {
            Ok(tokens) => tokens,
            Err(RequestTokenError::ServerResponse(refused))
                if *refused.error() == CoreErrorResponseType::InvalidGrant =>
            {
                return Err(format!(
                    "{} did not accept its own code: it was used already, or is too old. Begin again.",
                    self.name
                ));
            }
            Err(error) => return Err(self.unreachable(&error)),
        };
        let token = tokens.id_token();
        let token = token.ok_or_else(|| format!("{} did not say who you are.", self.name))?;
        let claims = token
            .claims(&client.id_token_verifier(), &Nonce::new(nonce.clone()))
            .map_err(|error| self.unreachable(&error))?;
        let named = claims
            .preferred_username()
            .map(|name| name.as_str().to_string());
        let called = claims
            .name()
            .and_then(|names| names.get(None))
            .map(|name| name.as_str().to_string());
        let verified = claims.email_verified() == Some(true);
        Ok(Vouched {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            name: named.or(called),
            address: claims
                .email()
                .filter(|_| verified)
                .map(|address| address.to_string()),
        })
    }
}

async fn call(caller: Arc<Caller>, request: HttpRequest) -> Result<HttpResponse, CallError> {
    let (parts, body) = request.into_parts();
    let form = |e: &dyn std::fmt::Display| CallError::Form(e.to_string());
    let url = Url::parse(&parts.uri.to_string()).map_err(|e| form(&e))?;
    let text = |name: &http::HeaderName| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some(value.to_string())
    };
    let named = [
        ("accept", http::header::ACCEPT),
        ("authorization", http::header::AUTHORIZATION),
        ("content-type", http::header::CONTENT_TYPE),
    ];
    let headers: Vec<(&'static str, String)> = named
        .iter()
        .filter_map(|(name, header)| Some((*name, text(header)?)))
        .collect();
    let incoming: Incoming = if parts.method == http::Method::POST {
        caller.post(url, &headers, body.into()).await?
    } else {
        caller.get(url, headers).await?
    };
    let mut response = http::Response::builder().status(incoming.status);
    for (name, value) in &incoming.headers {
        response = response.header(name, value);
    }
    response.body(incoming.body.to_vec()).map_err(|e| form(&e))
}

fn redirect(back: &str) -> Result<RedirectUrl, String> {
    RedirectUrl::new(back.to_string())
        .map_err(|_| "This site does not know its own address: set base_url.".to_string())
}

impl SingleSignOn for Provider {
    fn name(&self) -> &str {
        &self.name
    }

    fn begin<'a>(&'a self, back: &'a str) -> Step<'a, Begun> {
        Box::pin(self.begun(back))
    }

    fn finish<'a>(
        &'a self,
        back: &'a str,
        memory: &'a [String],
        answer: Answer<'a>,
    ) -> Step<'a, Vouched> {
        Box::pin(self.vouched(back, memory, answer))
    }
}

#[cfg(test)]
mod tests;
