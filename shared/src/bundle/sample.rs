//! Owns a ledger made up for tests and benchmarks: what a server does over months, in milliseconds, always the same.
//! Refuses randomness: salts and ids are counted.

use std::collections::{BTreeMap, HashMap};

use data_encoding::BASE64URL_NOPAD;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{Content, DOWNLOAD_FORMAT, Download, FORMAT, Head, Line, SealedReceipt, Selection, Writer, name};
use crate::decision::{Decision, Method};
use crate::id::{SiteId, VisitorId, VisitorSecret};
use crate::ledger::{
    Checkpoint, Entry, Frontier, Hash, Node, PublicKey, Reason, ReceiptProof, Salt, SignedCheckpoint,
    SigningKey, Tombstone, tree,
};
use crate::notice::Notice;
use crate::receipt::Receipt;

/// The ledger's name.
pub const ORIGIN: &str = "shop.example/_assent/shop";
/// When it begins, milliseconds since 1970: 1 January 2026.
pub const BEGIN: i64 = 1_767_225_600_000;
const MINUTE: i64 = 60_000;

/// A bundle's files, by name and in order.
pub type Files = Vec<(String, Vec<u8>)>;

/// The ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// What stands in its leaves.
    pub contents: Vec<Content<'static>>,
    /// All that was signed, in order.
    pub checkpoints: Vec<SignedCheckpoint>,
    /// The seeds of the keys, oldest first.
    keys: Vec<[u8; 32]>,
    visitors: Vec<Option<VisitorId>>,
    notices: BTreeMap<u32, String>,
    build: String,
    frontier: Frontier,
    nodes: HashMap<Node, Hash>,
    /// Whether the next checkpoint must have the older key's signature as well.
    handing_over: bool,
}

impl Ledger {
    /// An empty ledger with its first key.
    #[must_use]
    pub fn new(seed: u8) -> Self {
        Self {
            contents: Vec::new(),
            checkpoints: Vec::new(),
            keys: vec![[seed; 32]],
            visitors: Vec::new(),
            notices: BTreeMap::new(),
            build: String::new(),
            frontier: Frontier::default(),
            nodes: HashMap::new(),
            handing_over: false,
        }
    }

    /// One with everything in it: about `receipts` receipts, three notices, two builds, two handovers, erasures.
    #[must_use]
    pub fn full(receipts: u64) -> Self {
        let mut ledger = Self::new(1);
        ledger.widget("w1");
        ledger.notice();
        ledger.checkpoint();
        for number in 0..receipts {
            ledger.receipt(number % 40);
            let done = number + 1;
            if done == receipts / 5 {
                ledger.notice();
            }
            if done == receipts / 4 {
                ledger.rotate(2);
            }
            if done == receipts / 3 {
                let shown: Vec<u64> = (5..9).chain([11]).collect();
                ledger.erase(&shown);
            }
            if done == receipts / 2 {
                ledger.widget("w2");
                ledger.notice();
                ledger.withhold(20);
            }
            if done == receipts * 3 / 4 {
                ledger.rotate(3);
                ledger.erase(&[30]);
            }
            // Ten checkpoints on the way.
            if done % (receipts / 10).max(1) == 0 && done < receipts {
                ledger.checkpoint();
            }
        }
        ledger.checkpoint();
        ledger
    }

    fn key(&self) -> SigningKey {
        SigningKey::from_seed(self.keys.last().unwrap_or(&[0; 32]))
    }

    /// Its public keys, oldest first.
    #[must_use]
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.keys.iter().map(|seed| SigningKey::from_seed(seed).public(ORIGIN)).collect()
    }

    fn salt(&self) -> Salt {
        Salt(Sha256::digest(format!("salt {}", self.contents.len())).into())
    }

    fn now(&self) -> i64 {
        BEGIN + i64::try_from(self.contents.len()).unwrap_or(0) * 10 * MINUTE
    }

    /// Appends a leaf.
    pub fn push(&mut self, content: Content<'static>) -> u64 {
        let index = self.frontier.size();
        let nodes = &mut self.nodes;
        self.frontier.append(content.leaf_hash(), |node, hash| _ = nodes.insert(node, hash));
        self.contents.push(content);
        self.visitors.push(None);
        index
    }

    fn entry(&mut self, entry: &Entry) {
        self.push(Content::Public(entry.canonical_json().into()));
    }

    /// Publishes the next notice.
    pub fn notice(&mut self) {
        let number = u32::try_from(self.notices.len() + 1).unwrap_or(u32::MAX);
        let canonical = format!(r#"{{"number":{number},"texts":"notice {number}"}}"#);
        if let Ok(hash) = Notice::hash(&canonical).parse() {
            self.entry(&Entry::Notice { hash, number, published_at: self.now() });
        }
        self.notices.insert(number, canonical);
    }

    /// Serves another build.
    pub fn widget(&mut self, build: &str) {
        build.clone_into(&mut self.build);
        self.entry(&Entry::Widget { build: build.to_owned(), code: Hash([1; 32]), glue: Hash([2; 32]) });
    }

    /// The secret of one of the visitors.
    ///
    /// # Panics
    /// Never: it is 128 bits.
    #[must_use]
    pub fn secret(visitor: u64) -> VisitorSecret {
        let text = BASE64URL_NOPAD.encode(&u128::from(visitor + 1).to_be_bytes());
        text.parse().expect("128 bits in base64url")
    }

    /// Takes a visitor's decision.
    ///
    /// # Panics
    /// Never: the ids are well formed.
    pub fn receipt(&mut self, visitor: u64) -> u64 {
        let (received_at, at) = (self.now(), self.contents.len());
        let number = u32::try_from(self.notices.len()).unwrap_or(u32::MAX);
        let decision = Decision {
            id: format!("0192f3a4-5b6c-7d8e-9f01-{at:012x}").parse().expect("a UUID of version 7"),
            visitor: Self::secret(visitor),
            notice: number,
            locale: "en".parse().expect("a locale"),
            choices: [("analytics", at.is_multiple_of(2)), ("video", at.is_multiple_of(3))]
                .into_iter()
                .map(|(purpose, granted)| (purpose.parse().expect("a purpose"), granted))
                .collect(),
            method: Method::Custom,
            layer: 2,
            gpc: false,
            decided_at: received_at - 400,
            replaces: None,
        };
        let site = site();
        let id = decision.visitor.visitor_id(&site);
        let hash = self.notices.get(&number).map(|notice| Notice::hash(notice)).unwrap_or_default();
        let origin = "https://shop.example".to_owned();
        let receipt = Receipt::new(decision, site, hash, origin, self.build.clone(), received_at);
        let salt = self.salt();
        let index = self.push(Content::Receipt { body: receipt.canonical_json().into(), salt });
        if let Some(last) = self.visitors.last_mut() {
            *last = Some(id);
        }
        index
    }

    /// Erases receipts, and says so.
    pub fn erase(&mut self, indexes: &[u64]) {
        for index in indexes {
            let content = usize::try_from(*index).ok().and_then(|index| self.contents.get_mut(index));
            if let Some(content) = content
                && let Content::Receipt { body, salt } = &*content
            {
                *content = Content::Erased(salt.commit_receipt(body));
            }
        }
        let leaves = Tombstone::runs(indexes);
        let tombstone =
            Tombstone { erased_at: self.now(), leaves, ledger: 1, reason: Reason::Request, version: 1 };
        let salt = self.salt();
        self.push(Content::Tombstone { body: tombstone.canonical_json().into(), salt });
    }

    /// Withholds a receipt.
    pub fn withhold(&mut self, index: usize) {
        if let Some(content @ Content::Receipt { .. }) = self.contents.get_mut(index)
            && let Content::Receipt { body, salt } = &*content
        {
            *content = Content::Withheld(salt.commit_receipt(body));
        }
    }

    /// Hands over to another key.
    pub fn rotate(&mut self, seed: u8) {
        let previous = self.key().public(ORIGIN);
        self.keys.push([seed; 32]);
        let key = self.key().public(ORIGIN);
        self.entry(&Entry::Key { key, previous });
        self.handing_over = true;
        self.checkpoint();
    }

    /// Signs what there is.
    pub fn checkpoint(&mut self) {
        let checkpoint =
            Checkpoint { origin: ORIGIN.to_owned(), size: self.frontier.size(), root: self.frontier.root() };
        let mut keys: Vec<SigningKey> = self.keys.iter().map(SigningKey::from_seed).collect();
        let both = if std::mem::take(&mut self.handing_over) { 2 } else { 1 };
        let keys = keys.split_off(keys.len().saturating_sub(both));
        self.checkpoints.push(checkpoint.sign(&keys.iter().collect::<Vec<_>>()));
    }

    fn node(&self, node: Node) -> Option<Hash> {
        self.nodes.get(&node).copied()
    }

    /// The inclusion proof of a leaf under the newest checkpoint.
    #[must_use]
    pub fn path(&self, index: u64) -> Vec<Hash> {
        let plan = tree::inclusion(index, self.frontier.size());
        plan.and_then(|plan| tree::resolve(&plan, |node| self.node(node))).unwrap_or_default()
    }

    /// A receipt with its proof.
    #[must_use]
    pub fn sealed(&self, index: u64) -> Option<SealedReceipt> {
        let Content::Receipt { body, salt } = self.contents.get(usize::try_from(index).ok()?)? else {
            return None;
        };
        let receipt = RawValue::from_string(body.clone().into_owned()).ok()?;
        let checkpoint = self.checkpoints.last()?.clone();
        let proof = ReceiptProof { index, path: self.path(index), checkpoint, opening: None };
        Some(SealedReceipt { receipt, salt: *salt, proof: proof.to_string() })
    }

    /// What a visitor downloads.
    #[must_use]
    pub fn download(&self, visitor: u64) -> Option<Download> {
        let id = Self::secret(visitor).visitor_id(&site());
        let own = (0_u64..).zip(&self.visitors).filter(|(_, of)| of.as_ref() == Some(&id));
        let notices = self
            .notices
            .iter()
            .filter_map(|(number, notice)| Some((*number, RawValue::from_string(notice.clone()).ok()?)));
        Some(Download {
            format: DOWNLOAD_FORMAT.to_owned(),
            key: self.public_keys().pop()?,
            former_keys: Vec::new(),
            receipts: own.filter_map(|(index, _)| self.sealed(index)).collect(),
            notices: notices.collect(),
        })
    }

    /// The files of a bundle: of one visitor, or of everything. The manifest is left to [`pack`].
    #[must_use]
    pub fn files(&self, visitor: Option<u64>) -> Files {
        let id = visitor.map(|visitor| Self::secret(visitor).visitor_id(&site()));
        let head = Head {
            format: FORMAT.to_owned(),
            site: site(),
            origin: ORIGIN.to_owned(),
            ledger: 1,
            made_at: self.now(),
            selection: Selection { visitor: id.clone(), from: None, to: None },
            keys: self.public_keys(),
        };
        let mut files = vec![
            (name::README.to_owned(), b"A ledger made up for tests.\n".to_vec()),
            (name::HEAD.to_owned(), serde_json::to_vec(&head).unwrap_or_default()),
        ];
        let Some((newest, earlier)) = self.checkpoints.split_last() else { return files };
        files.push((name::CHECKPOINT.to_owned(), newest.note().into()));
        for (number, signed) in (1..).zip(earlier) {
            files.push((name::earlier(number), signed.note().into()));
        }
        if id.is_some() {
            for (number, signed) in (1..).zip(earlier) {
                files.push((
                    name::consistency(number),
                    self.consistency(signed.unverified().size).into_bytes(),
                ));
            }
        } else {
            let hashes: Vec<Hash> = self.contents.iter().map(Content::leaf_hash).collect();
            for (number, hashes) in (0..).zip(hashes.chunks(name::LEAVES_PER_FILE)) {
                files.push((name::leaves(number), hashes.iter().flat_map(|hash| hash.0).collect()));
            }
        }
        for (number, notice) in &self.notices {
            files.push((name::notice(*number), notice.clone().into_bytes()));
            files.push((name::shown_notice(*number, "en"), b"<!doctype html>".to_vec()));
        }
        let lines = self.lines(id.as_ref());
        for (number, lines) in (0..).zip(lines.chunks(name::LINES_PER_FILE)) {
            files.push((name::lines(number), lines.concat().into_bytes()));
        }
        files.push((name::table(0), b"leaf_index\r\n".to_vec()));
        files
    }

    fn consistency(&self, size: u64) -> String {
        let plan = tree::consistency(size, self.frontier.size());
        let path = plan.and_then(|plan| tree::resolve(&plan, |node| self.node(node))).unwrap_or_default();
        path.iter().map(|hash| hash.to_base64() + "\n").collect()
    }

    fn lines(&self, visitor: Option<&VisitorId>) -> Vec<String> {
        let selected = (0_u64..).zip(&self.contents).zip(&self.visitors).filter(|((_, content), of)| {
            let public = matches!(content, Content::Public(_) | Content::Tombstone { .. });
            visitor.is_none() || public || of.as_ref() == visitor
        });
        selected
            .map(|((index, content), _)| {
                let path = visitor.map(|_| self.path(index));
                format!("{}\n", Line { index, content: content.clone(), path })
            })
            .collect()
    }
}

/// The site that the ledger is of.
fn site() -> SiteId {
    "shop".parse().expect("a site's id")
}

/// A bundle of these files, with a manifest that fits them.
///
/// # Panics
/// Never: memory takes everything.
#[must_use]
pub fn pack(files: &Files) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), BEGIN);
    for (name, bytes) in files {
        writer.append(name, bytes).expect("memory takes everything");
    }
    writer.finish().expect("memory takes everything")
}
