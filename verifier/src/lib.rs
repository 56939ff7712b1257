//! Owns reading a chosen file in a worker, piece by piece, for the verifier of `shared`.
//! Refuses to send anything anywhere: what it says goes back to the page that asked.

use std::io::{self, BufReader, Read};

use assent_shared::bundle::{self, Failure, Trust};
use js_sys::{Array, Function, Uint8Array};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use web_sys::{Blob, FileReaderSync};

/// Every piece is a call to the browser, and is in memory twice.
const PIECE: usize = 1 << 20;

/// Checks `file`, with a key and a saved checkpoint if the person gave them; returns `proven`, `broken` or `unusable`, and what
/// to read. `progress` hears of every piece, as a part of the whole.
#[wasm_bindgen]
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "what comes over the bridge comes by value")]
pub fn verify(file: Blob, key: &str, saved: Option<Blob>, progress: &Function) -> Array {
    let (state, text) = match checked(&file, key, saved.as_ref(), progress) {
        Ok(report) => ("proven", report.to_string()),
        Err(Failure::Broken(broken)) => ("broken", broken.to_string()),
        Err(Failure::Unusable(text)) => ("unusable", text),
    };
    Array::of2(&state.into(), &text.into())
}

fn checked(
    file: &Blob,
    key: &str,
    saved: Option<&Blob>,
    progress: &Function,
) -> Result<bundle::Report, Failure> {
    let key = match key.trim() {
        "" => None,
        key => Some(key.parse().map_err(|error| Failure::Unusable(format!("The key: {error}.")))?),
    };
    let checkpoint = saved
        .map(|saved| {
            let pieces = BufReader::with_capacity(PIECE, Pieces::of(saved, None)?);
            bundle::saved_checkpoint(pieces).map_err(|failure| match failure {
                Failure::Broken(broken) => {
                    Failure::Unusable(format!("The saved checkpoint: {}.", broken.detail))
                }
                unusable @ Failure::Unusable(_) => unusable,
            })
        })
        .transpose()?;
    let pieces = BufReader::with_capacity(PIECE, Pieces::of(file, Some(progress))?);
    bundle::verify(pieces, &Trust { key, checkpoint })
}

/// A file of the browser, from its beginning to its end.
struct Pieces<'a> {
    file: &'a Blob,
    reader: FileReaderSync,
    at: f64,
    progress: Option<&'a Function>,
}

impl<'a> Pieces<'a> {
    fn of(file: &'a Blob, progress: Option<&'a Function>) -> io::Result<Self> {
        Ok(Self { file, reader: FileReaderSync::new().map_err(refused)?, at: 0.0, progress })
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.file.size();
        if self.at >= size {
            return Ok(0);
        }
        #[expect(clippy::cast_precision_loss, reason = "a buffer is far below 2^53 bytes")]
        let end = (self.at + buffer.len() as f64).min(size);
        let piece = self.file.slice_with_f64_and_f64(self.at, end).map_err(refused)?;
        let piece = Uint8Array::new(&self.reader.read_as_array_buffer(&piece).map_err(refused)?.into());
        let read = piece.length() as usize;
        let target = buffer.get_mut(..read).ok_or_else(|| refused(JsValue::NULL))?;
        piece.copy_to(target);
        self.at = end;
        if let Some(progress) = self.progress {
            // Nobody who listens is a reason to stop.
            let _ = progress.call1(&JsValue::NULL, &(end / size).into());
        }
        Ok(read)
    }
}

/// The kind is one that no archive's reader uses: the file could not be read, which says nothing about its content.
fn refused(error: impl Into<JsValue>) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("the browser refused it ({:?})", error.into()))
}
