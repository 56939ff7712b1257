//! Every earlier schema, with what such a database held, opened by this program: read, sealed, exported, verified.
//! And the upgrade itself: once, by whoever comes first; whole or not at all; and never backwards.

mod partitions;
mod starts;

use assent::Server;
use assent::backup::manifest::Manifest;
use assent::clock::Clock;
use assent::store::{Erasure, Filter, KindFilter, Place, SQLITE_MIGRATIONS, Store};
use assent_shared::bundle::{Trust, verify};
use assent_shared::ledger::Reason;
use assent_shared::{Method, Receipt, SiteId, VisitorSecret};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::{Connection, QueryBuilder};

use crate::backup::Operator;
use crate::harness::{Database, Engine, NOW, TestServer, both_engines, check_ledgers, refusal, with};

both_engines!(every_earlier_schema_is_brought_up_to_date_with_its_rows);

/// The first schema with ledgers; what is older has receipts in a row, without salts.
const LEDGERS_SINCE: i64 = 3;
/// Receipts that the full database has: more than a tile's leaves. Two of them are erased.
const RECEIPTS: u64 = 280;

/// A database as this program writes it, with something in most tables.
async fn full(engine: Engine) -> (Database, Vec<(i64, Receipt)>) {
    let mut app = TestServer::start(engine).await;
    let decision = |number: u64| {
        // Two visitors, and two kinds of choices.
        let visitor = if number < 2 { "AAAAAAAAAAAAAAAAAAAAAQ" } else { "AAAAAAAAAAAAAAAAAAAAAA" };
        let of = with(refusal(number), json!({"visitor": visitor}));
        if number.is_multiple_of(2) {
            return of;
        }
        with(of, json!({"choices": {"analytics": true, "video": true}, "method": "accept_all"}))
    };
    let decisions: Vec<Value> = (0..RECEIPTS).map(decision).collect();
    assert!(app.post_all(&decisions).await.iter().all(|(status, _)| *status == StatusCode::CREATED));
    let other: VisitorSecret = "AAAAAAAAAAAAAAAAAAAAAQ".parse().unwrap();
    let erased =
        app.store().erase_visitor(&app.shop, &other.visitor_id(&app.shop), Reason::Visitor, NOW).await;
    assert_eq!(erased.unwrap(), Erasure::Done(2));
    let receipts = app.receipts().await.into_iter().map(|(row, receipt)| (row.leaf_index, receipt)).collect();
    app.restart(|_| ()).await;
    (app.leave().await, receipts)
}

/// The migrations up to a version.
fn up_to(engine: Engine, version: i64) -> Migrator {
    let all = match engine {
        Engine::Sqlite => SQLITE_MIGRATIONS,
        Engine::Postgres => assent::store::POSTGRES_MIGRATIONS,
    };
    let some: Vec<_> = all.iter().filter(|migration| migration.version <= version).cloned().collect();
    Migrator::with_migrations(some)
}

/// One connection of either engine, for statements that no program would make.
enum Raw {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Raw {
    async fn connect(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            let url = format!("{url}?mode=rwc");
            return Self::Sqlite(sqlx::SqliteConnection::connect(&url).await.unwrap());
        }
        Self::Postgres(sqlx::PgConnection::connect(url).await.unwrap())
    }

    async fn run(&mut self, text: &str) {
        // The tests' own texts; names cannot be bound.
        match self {
            Self::Sqlite(connection) => {
                QueryBuilder::<sqlx::Sqlite>::new(text).build().execute(connection).await.map(|_| ())
            }
            Self::Postgres(connection) => {
                QueryBuilder::<sqlx::Postgres>::new(text).build().execute(connection).await.map(|_| ())
            }
        }
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    async fn texts(&mut self, text: &str) -> Vec<String> {
        match self {
            Self::Sqlite(connection) => {
                QueryBuilder::<sqlx::Sqlite>::new(text).build_query_scalar().fetch_all(connection).await
            }
            Self::Postgres(connection) => {
                QueryBuilder::<sqlx::Postgres>::new(text).build_query_scalar().fetch_all(connection).await
            }
        }
        .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    async fn migrate(&mut self, migrator: &Migrator) {
        match self {
            Self::Sqlite(connection) => migrator.run(connection).await.unwrap(),
            Self::Postgres(connection) => migrator.run(connection).await.unwrap(),
        }
    }

    async fn tables(&mut self, of: &str) -> Vec<String> {
        let text = match self {
            Self::Sqlite(_) => {
                format!("select name from {of}.sqlite_schema where type = 'table' order by name")
            }
            Self::Postgres(_) => {
                format!(
                    "select table_name::text from information_schema.tables where table_schema = '{of}' order by 1"
                )
            }
        };
        self.texts(&text).await.into_iter().filter(|name| !name.starts_with("_sqlx")).collect()
    }

    async fn columns(&mut self, of: &str, table: &str) -> Vec<String> {
        let text = match self {
            Self::Sqlite(_) => format!("select name from pragma_table_info('{table}', '{of}') order by name"),
            Self::Postgres(_) => format!(
                "select column_name::text from information_schema.columns
                 where table_schema = '{of}' and table_name = '{table}' order by 1"
            ),
        };
        self.texts(&text).await
    }
}

/// Turns the full database of `place` into one of an earlier schema, made by that schema's migrations alone, with what the
/// rows of that time had of today's.
async fn make_earlier(engine: Engine, place: &Database, version: i64) {
    let (present, former) = match engine {
        Engine::Sqlite => ("main", "former"),
        Engine::Postgres => ("public", "former"),
    };
    let mut raw = match engine {
        Engine::Sqlite => {
            let file = place.folder.path().join("assent.db");
            let full = place.folder.path().join("full.db");
            std::fs::rename(&file, &full).unwrap();
            let mut raw = Raw::connect(&place.url).await;
            raw.run("pragma foreign_keys = off").await;
            raw.run(&format!("attach '{}' as former", full.display())).await;
            raw
        }
        Engine::Postgres => {
            let mut raw = Raw::connect(&place.url).await;
            raw.run("alter schema public rename to former").await;
            raw.run("create schema public").await;
            // Neither the order of tables nor their triggers matter to rows that were right once.
            raw.run("set session_replication_role = replica").await;
            raw
        }
    };
    raw.migrate(&up_to(engine, version)).await;
    let there = raw.tables(former).await;
    for table in raw.tables(present).await {
        if !there.contains(&table)
            || (version < LEDGERS_SINCE && ["receipts", "ledgers"].contains(&table.as_str()))
        {
            continue;
        }
        let known = raw.columns(former, &table).await;
        let columns = raw.columns(present, &table).await;
        let common: Vec<String> = columns.into_iter().filter(|column| known.contains(column)).collect();
        let list = common.join(", ");
        raw.run(&format!("insert into {present}.{table} ({list}) select {list} from {former}.{table}")).await;
    }
    if version < LEDGERS_SINCE {
        // Leaf indexes counted receipts only, and nothing was erased.
        raw.run(&format!(
            "insert into {present}.receipts (site, leaf_index, decision, visitor, received_at, body)
             select site, row_number() over (order by leaf_index) - 1, decision, visitor, received_at, body
             from {former}.receipts where body is not null"
        ))
        .await;
        raw.run(&format!(
            "insert into {present}.ledgers (site, notices, leaves)
             select site, notices, (select count(*) from {present}.receipts) from {former}.ledgers"
        ))
        .await;
    } else {
        wait_to_be_sealed(&mut raw, present).await;
    }
    match raw {
        Raw::Sqlite(mut connection) => {
            sqlx::query("detach former").execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Raw::Postgres(mut connection) => {
            sqlx::query("drop schema former cascade").execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// A second site whose server was stopped after the migration and before it had sealed anything.
async fn wait_to_be_sealed(raw: &mut Raw, schema: &str) {
    raw.run(&format!(
        "insert into {schema}.sites (site, name, environment, origins, created_at)
         values ('old', 'Old', 'production', '[\"https://old.example\"]', {NOW})"
    ))
    .await;
    raw.run(&format!(
        "insert into {schema}.ledgers (site, notices, leaves, origin) values ('old', 1, 0, 'old.example/_assent/old/log')"
    ))
    .await;
    raw.run(&format!(
        "insert into {schema}.notices (site, number, hash, body, published_at)
         select 'old', number, hash, body, published_at from {schema}.notices where site = 'shop'"
    ))
    .await;
    raw.run(&format!(
        "insert into {schema}.unsealed_receipts (site, leaf_index, decision, visitor, received_at, body)
         select 'old', row_number() over (order by leaf_index) - 1, decision, visitor, received_at,
         replace(body, '\"site\":\"shop\"', '\"site\":\"old\"')
         from {schema}.receipts where site = 'shop' and body is not null"
    ))
    .await;
}

async fn every_earlier_schema_is_brought_up_to_date_with_its_rows(engine: Engine) {
    let (full, receipts) = full(engine).await;
    for version in SQLITE_MIGRATIONS.iter().map(|migration| migration.version) {
        let place = full.twin().await;
        make_earlier(engine, &place, version).await;
        copied_before_the_upgrade(engine, &place, version, receipts.len()).await;
        let settings = TestServer::settings_of(&place);
        let server = Server::start_with(settings, Clock::manual(NOW), false).await.unwrap();
        let store = server.store();
        let shop: SiteId = "shop".parse().unwrap();
        let expected: Vec<Receipt> = receipts.iter().map(|(_, receipt)| receipt.clone()).collect();
        assert_eq!(
            stored(store, &shop).await,
            expected,
            "every receipt of schema {version} is there, in its order"
        );
        if version >= LEDGERS_SINCE {
            let sealed = stored(store, &"old".parse().unwrap()).await;
            assert_eq!(sealed.len(), expected.len(), "what waited in schema {version} is sealed");
            assert_eq!(store.waiting_receipts().await.unwrap(), 0);
        }
        let kind = KindFilter { method: Some(Method::AcceptAll), ..KindFilter::default() };
        let granted = Filter { kind, ..Filter::default() };
        let found = store.receipts(&shop, &granted, Place::START, 1_000).await.unwrap();
        assert_eq!(
            found.len(),
            expected.iter().filter(|receipt| receipt.method == Method::AcceptAll).count()
        );
        let mut raw = Raw::connect(&place.url).await;
        let decisions = raw.texts("select decision from decisions where site = 'shop'").await;
        assert_eq!(decisions.len(), expected.len(), "each decision of schema {version} has its place");
        if engine == Engine::Postgres {
            let loose = raw.texts("select decision from receipts_default").await;
            assert_eq!(loose, [""; 0], "every receipt of schema {version} is in a month's partition");
        }
        check_ledgers(store).await;
        let checked = assent::recheck::every_ledger(store).await.unwrap();
        assert!(checked.iter().any(|ledger| ledger.site == "shop"), "{checked:?}");
        let answer = post(&server, &refusal(9_000 + u64::try_from(version).unwrap())).await;
        assert_eq!(answer, StatusCode::CREATED, "schema {version} goes on");
        assert_verifies(&server, &place, expected.len() + 1).await;
        server.stop().await;
        place.drop().await;
    }
    full.drop().await;
}

/// What one does before an upgrade: the newer program looks at the older schema and copies it, touching nothing; and what is
/// brought back is of its own schema.
async fn copied_before_the_upgrade(engine: Engine, place: &Database, version: i64, shown: usize) {
    let folder = place.folder.path();
    let operator = Operator::new(folder, &place.url);
    let newest = assent::store::newest_schema();
    let doctor = crate::process::said(&operator.command(&["doctor"]).output().unwrap());
    let waits = format!("look   schema: It is {version}, and this program makes it {newest}");
    assert_eq!(doctor.contains(&waits), version < newest, "{doctor}");
    if engine == Engine::Postgres {
        return;
    }
    let copy = folder.join("before");
    operator.says(&["backup", &copy.display().to_string()]);
    assert_eq!(Manifest::read(&copy).unwrap().schema, version);
    let mut raw = Raw::connect(&place.url).await;
    let applied = raw.texts("select cast(max(version) as text) from _sqlx_migrations").await;
    assert_eq!(applied, [version.to_string()]);
    let again = Operator::new(folder, &format!("sqlite:{}", folder.join("again.db").display()));
    let told = again.says(&["restore", &copy.display().to_string()]);
    let receipts = if version < LEDGERS_SINCE { shown } else { shown * 2 + 2 };
    assert!(told.contains(&format!(": {receipts} receipts.")), "schema {version}: {told}");
}

/// The receipts that are not erased, in the ledger's order.
async fn stored(store: &Store, site: &SiteId) -> Vec<Receipt> {
    let mut rows = store.receipts(site, &Filter::default(), Place::START, 10_000).await.unwrap();
    rows.sort_by_key(|row| row.leaf_index);
    rows.iter().map(|row| serde_json::from_str(&row.body).unwrap()).collect()
}

async fn post(server: &Server, decision: &Value) -> StatusCode {
    let request = reqwest::Client::new().post(format!("http://{}/_assent/shop/decisions", server.address()));
    request.header("origin", "https://shop.example").json(decision).send().await.unwrap().status()
}

/// An export of the whole ledger, as an auditor checks it.
async fn assert_verifies(server: &Server, place: &Database, receipts: usize) {
    let operator = Operator::new(place.folder.path(), &place.url);
    let output = operator.command(&["export", "--site", "shop", "--format", "bundle"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = verify(&output.stdout[..], &Trust::default()).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(usize::try_from(report.counts.receipts).unwrap(), receipts);
    assert!(server.store().newest_notice(&"shop".parse().unwrap()).await.unwrap() == 1);
}
