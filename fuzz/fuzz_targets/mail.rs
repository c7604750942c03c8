//! What strangers type into the form for mail, and the links that they make up.

#![no_main]

use domain::address::MailAddress;
use domain::subscription::Scope;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use web::mail::token::{Keys, Purpose};

fuzz_target!(|text: &str| {
    if let Ok(address) = MailAddress::parse(text) {
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"<>()[],;:\\".contains(&b);
        assert!(address.as_str().bytes().all(plain), "a header takes it as it is");
        assert_eq!(MailAddress::parse(address.as_str()), Ok(address));
    }
    for kind in ["categories", "query"] {
        if let Ok(scope) = Scope::of(kind, text) {
            assert_eq!(Scope::of(scope.kind(), &scope.text()), Ok(scope), "a scope comes back");
        }
    }
    let keys = Keys::from_hex(&"ab".repeat(32)).expect("64 digits are 32 bytes");
    for purpose in [Purpose::Confirm, Purpose::Manage, Purpose::Unsubscribe] {
        assert!(keys.open(purpose, text, Timestamp::UNIX_EPOCH).is_err(), "nobody guesses a link");
    }
    assert!(keys.letter_of(text).is_none());
});
