//! Ids and windows as readers paste them and addresses hold them: whatever is accepted has one normal form.

#![no_main]

use domain::ids::ExternalId;
use domain::window::Window;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(id) = text.parse::<ExternalId>() {
        let again: ExternalId = id.key().parse().expect("a key can be read");
        assert_eq!(again, id);
        let _ = id.url();
    }
    if let Ok(window) = text.parse::<Window>() {
        assert_eq!(window.to_string().parse(), Ok(window));
        assert!(window.first() <= window.last());
        let _ = (window.previous(), window.next());
    }
});
