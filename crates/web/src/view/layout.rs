//! The frame that every page has.

use domain::account::Role;

use crate::account::{self, Mode};
use crate::pages::talk::notices::unread;
use crate::state::App;
use crate::static_files;

use super::long_date;

/// What every page has: head, masthead and foot.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The site's name.
    pub site: String,
    /// The page's name; empty on the front page.
    pub title: String,
    /// One or two sentences for search engines and previews.
    pub description: String,
    /// The page's one right address, absolute, if it has one.
    pub canonical: String,
    /// Whether search engines are asked not to list the page.
    pub noindex: bool,
    /// The list as a feed: media type, name, address.
    pub feeds: Vec<(&'static str, String, String)>,
    /// Further `<meta>` elements: (`name` or `property`, its value, content).
    pub metas: Vec<(&'static str, &'static str, String)>,
    /// The date on the masthead.
    pub edition: String,
    /// The address of the section in the navigation that the page belongs to, or empty.
    pub section: &'static str,
    /// Whether the masthead has a search box: not where the page itself has one.
    pub find: bool,
    /// Address of the style sheet.
    pub css: &'static str,
    /// Address of the script.
    pub js: &'static str,
    /// Address of the icon.
    pub icon: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Who reads.
    pub who: Who,
    /// How much news they have not looked at.
    pub notices: u32,
}

/// What the masthead says of the reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// Their name; nobody's where nobody is known.
    pub name: Option<String>,
    /// Whether the machine is theirs alone, so that there is nothing to sign out of.
    pub alone: bool,
    /// Whether people sign in on a page of this site.
    pub signs_in: bool,
    /// Moderator or admin.
    pub moderates: bool,
    /// Admin.
    pub runs: bool,
}

impl Who {
    /// Of the request at work.
    fn of(app: &App) -> Self {
        let viewer = account::viewer();
        let role = viewer.user().map(|user| user.role);
        Who {
            name: viewer.user().map(|user| user.name.to_string()),
            alone: viewer.owns_the_machine(),
            signs_in: app.people.mode == Mode::SignIn,
            moderates: role >= Some(Role::Moderator),
            runs: role >= Some(Role::Admin),
        }
    }

    /// Whether there is anything to say.
    pub fn is_shown(&self) -> bool {
        self.name.is_some() || self.signs_in
    }
}

impl Layout {
    /// The frame of a page with this name.
    pub fn new(app: &App, title: impl Into<String>) -> Self {
        Layout {
            site: app.site.title.clone(),
            title: title.into(),
            description: String::new(),
            canonical: String::new(),
            noindex: false,
            feeds: Vec::new(),
            metas: Vec::new(),
            edition: long_date(app.today()),
            section: "",
            find: true,
            css: static_files::css().address,
            js: static_files::js().address,
            icon: static_files::icon().address,
            version: app.site.version,
            who: Who::of(app),
            notices: unread(),
        }
    }

    /// Asks search engines not to list the page.
    pub fn noindex(mut self) -> Self {
        self.noindex = true;
        self
    }
}
