//! Owns where a visitor is led back to: a page of the site and nothing else.
//! Refuses whatever a browser would read as another origin, however it is written.

use url::Url;

/// Longer addresses are not worth carrying through a form.
const LONGEST: usize = 2000;

/// Reads `back` as a browser on `own` would, and lets it through only onto one of `origins`.
pub(super) fn way_back(back: &str, own: &str, origins: &[String]) -> Option<Url> {
    if back.is_empty() || back.len() > LONGEST {
        return None;
    }
    // What is parsed is what is sent on: a second reader cannot understand it differently.
    let address = Url::parse(own).ok()?.join(back).ok()?;
    let plain = matches!(address.scheme(), "http" | "https")
        && address.username().is_empty()
        && address.password().is_none();
    (plain && origins.contains(&address.origin().ascii_serialization())).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sites_own_pages_are_led_to() {
        let origins = ["https://shop.example".to_owned(), "https://www.shop.example:8443".to_owned()];
        let back = |text: &str| way_back(text, &origins[0], &origins).map(String::from);
        for (text, led_to) in [
            ("/", "https://shop.example/"),
            ("/a?b=c&d#e", "https://shop.example/a?b=c&d#e"),
            ("https://shop.example/x", "https://shop.example/x"),
            ("https://www.shop.example:8443/x", "https://www.shop.example:8443/x"),
            ("HTTPS://SHOP.EXAMPLE", "https://shop.example/"),
            ("/\r\nset-cookie: a=b", "https://shop.example/set-cookie:%20a=b"),
        ] {
            assert_eq!(back(text).as_deref(), Some(led_to), "{text}");
        }
        let long = "/".repeat(LONGEST + 1);
        for text in [
            "",
            "https://evil.example/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "http://shop.example/",
            "https://shop.example:444/",
            "https://shop.example.evil.example/",
            "https://shop.example@evil.example/",
            "https://evil.example\\@shop.example/",
            "https://user@shop.example/",
            "https://user:pass@shop.example/",
            "javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "blob:https://shop.example/x",
            "https://",
            &long,
        ] {
            assert_eq!(back(text), None, "{text}");
        }
    }
}
