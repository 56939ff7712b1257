//! The examples beside the demo: each under a name of its own, registered, with its notice, page and tag.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use reqwest::{Client, StatusCode};
use tempfile::TempDir;

use super::{assent, complained, run};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");

#[tokio::test]
async fn every_example_is_served_under_its_own_name() {
    let folder = TempDir::new().unwrap();
    let mut demo = assent(folder.path(), &["demo", "--port", "0", "--examples", EXAMPLES])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.filter_map(|line| line.trim().strip_prefix("Example").map(|at| at.trim().to_owned()));
    let addresses: Vec<String> = told.take(7).collect();
    let names: Vec<&str> = addresses.iter().map(|address| address[7..].split('.').next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "humanikos",
            "humanloop-development",
            "humanloop-staging",
            "humanloop",
            "huumaan",
            "numino",
            "person-run"
        ]
    );
    let port = addresses[0].trim_end_matches('/').rsplit(':').next().unwrap();
    let get = async |host: &str, path: &str| {
        // A browser finds the machine by such a name; here the address and the name are given.
        let request = Client::new().get(format!("http://127.0.0.1:{port}{path}")).header("host", host);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    for name in names {
        let host = format!("{name}.localhost:{port}");
        let (_, page) = get(&host, "/").await;
        assert!(page.contains(&format!("src=\"/_assent/{name}.js\"")), "{page}");
        let (status, style) = get(&host, "/style.css").await;
        assert!(status == StatusCode::OK && style.contains("--accent"), "{style}");
        let (status, tag) = get(&host, &format!("/_assent/{name}.js")).await;
        assert!(status == StatusCode::OK && tag.contains(&format!("\"site\":\"{name}\"")), "{name}");
        for path in ["/site.toml", "/notice.toml", "/nothing.js"] {
            assert_eq!(get(&host, path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
        let (_, form) = get(&host, &format!("/_assent/{name}/choices")).await;
        assert_eq!(form.contains("<form"), name != "humanikos", "its own page may be answered: {form}");
    }
    let (_, page) = get(&format!("localhost:{port}"), "/").await;
    assert!(page.contains("/_assent/demo.js"), "the demo is where it was");
    demo.kill().unwrap();
    demo.wait().unwrap();

    let sites = String::from_utf8(run(folder.path(), &["site", "list"]).stdout).unwrap();
    assert!(sites.contains("humanloop-staging\tstaging\thttps://staging.humanloop.example"), "{sites}");
    let none = complained(&run(folder.path(), &["demo", "--port", "0", "--examples", "."]));
    assert_eq!(none, ". has no examples: each is a folder with a site.toml.\n");
}
