//! Holds the schema ready for shards: every key of what belongs to a site begins with it, and docs/scaling.md names every table.

use std::collections::{BTreeMap, BTreeSet};

use assent::store::Pool;
use sqlx::PgPool;

use crate::harness::{Engine, TestServer};

/// Tables that belong to no site, and why.
const OF_NO_SITE: &[(&str, &str)] = &[
    ("operators", "people; they may have roles on many sites"),
    ("operator_roles", "asked by the operator, and one without a site holds for all of them"),
    ("operator_links", "asked by the link's hash"),
    ("operator_sessions", "asked by the session's hash"),
    ("operator_keys", "asked by the key's id, before anybody knows the site"),
    ("audit_ledgers", "one log for all sites, so that what concerns no site is in it too"),
    ("audit_entries", "see audit_ledgers"),
    ("audit_tombstones", "see audit_ledgers"),
    ("audit_checkpoints", "see audit_ledgers"),
    ("pinned_files", "a build's files, the same for every site that pinned one of its tags"),
    ("probes", "written to see whether writing goes through"),
];

/// A table with its keys: a name, and the columns in their order.
type Keys = BTreeMap<String, Vec<(String, Vec<String>)>>;

async fn tables(pool: &PgPool) -> BTreeSet<String> {
    let names: Vec<String> = sqlx::query_scalar(
        "select cast(relname as text) from pg_class where relkind in ('r', 'p') and not relispartition
         and relnamespace = 'public'::regnamespace and relname <> '_sqlx_migrations'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    names.into_iter().collect()
}

/// Primary keys, unique indexes and foreign keys, partitions' own too, with the tables that they are of.
async fn keys(pool: &PgPool) -> Keys {
    let rows: Vec<(String, String, Vec<String>)> = sqlx::query_as(
        "select cast(indrelid::regclass as text), cast(indexrelid::regclass as text), array(
             select cast(attname as text) from unnest(indkey::int2[]) with ordinality as of (number, at)
             join pg_attribute on attrelid = indrelid and attnum = of.number order by of.at)
         from pg_index join pg_class on pg_class.oid = indrelid
         where indisunique and relnamespace = 'public'::regnamespace
         union all
         select cast(conrelid::regclass as text), cast(conname as text), array(
             select cast(attname as text) from unnest(conkey) with ordinality as of (number, at)
             join pg_attribute on attrelid = conrelid and attnum = of.number order by of.at)
         from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut keys = Keys::new();
    for (table, name, columns) in rows {
        keys.entry(table).or_default().push((name, columns));
    }
    keys
}

/// What docs/scaling.md does with each table, in its order: the function's name, and the table.
fn statements() -> Vec<(String, String)> {
    let text = include_str!("../../../docs/scaling.md");
    let script = text.split("```sql").filter_map(|part| part.split("```").next()).collect::<String>();
    script
        .lines()
        .filter_map(|line| {
            let (function, rest) = line.strip_prefix("select ")?.split_once("('")?;
            Some((function.to_owned(), rest.split('\'').next()?.to_owned()))
        })
        .filter(|(function, _)| function.contains("table"))
        .collect()
}

mod postgres {
    use super::*;

    #[tokio::test]
    async fn every_key_of_a_sites_table_begins_with_the_site() {
        let app = TestServer::start(Engine::Postgres).await;
        let Pool::Postgres(pool) = app.store().pool() else { panic!("this is PostgreSQL") };
        let of_no_site: BTreeSet<&str> = OF_NO_SITE.iter().map(|(table, _)| *table).collect();
        let there = tables(pool).await;
        for table in &of_no_site {
            assert!(there.contains(*table), "{table} is in the list, and not in the database");
        }
        let mut looked_at = 0;
        for (table, keys) in keys(pool).await {
            if of_no_site.contains(table.as_str()) || table == "_sqlx_migrations" {
                continue;
            }
            for (name, columns) in keys {
                assert_eq!(
                    columns.first().map(String::as_str),
                    Some("site"),
                    "{name} of {table}: {columns:?}"
                );
                looked_at += 1;
            }
        }
        assert!(looked_at > there.len(), "{looked_at} keys of {} tables", there.len());
        app.finish().await;
    }

    #[tokio::test]
    async fn the_script_for_a_cluster_names_every_table_once() {
        let app = TestServer::start(Engine::Postgres).await;
        let Pool::Postgres(pool) = app.store().pool() else { panic!("this is PostgreSQL") };
        let statements = statements();
        let named: BTreeSet<String> = statements.iter().map(|(_, table)| table.clone()).collect();
        assert_eq!(named.len(), statements.len(), "each once: {statements:?}");
        assert_eq!(named, tables(pool).await);
        for (function, table) in &statements {
            // By which function follows from the keys: what has none by site cannot be distributed by it.
            let keyed = !OF_NO_SITE.iter().any(|(name, _)| name == table);
            if function == "create_distributed_table" {
                assert!(keyed, "{table} does not belong to a site");
            } else {
                assert!(!keyed || ["sites", "exports"].contains(&table.as_str()), "{table}: {function}");
            }
        }
        app.finish().await;
    }
}
