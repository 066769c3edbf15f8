//! Bodies: read with a cap as they come, expanded with a cap on the result. Compression is undone here and
//! not by the client, so that both sizes are known.

use std::io::Read;

/// Largest zstd window that is allowed: 8 MB (the format goes to 2 GB).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Encodings that may be listed at most.
const LAYERS: usize = 3;

/// Why a body could not be expanded.
#[derive(Debug, PartialEq, Eq)]
pub enum BodyError {
    TooBig,
    Broken(String),
}

/// Undoes `Content-Encoding` (several may be listed), giving at most `max` bytes.
pub fn expand(bytes: Vec<u8>, encoding: &str, max: u64) -> Result<Vec<u8>, BodyError> {
    let mut out = bytes;
    if encoding.split(',').count() > LAYERS {
        return Err(BodyError::Broken(format!("more than {LAYERS} encodings on top of each other")));
    }
    for e in encoding.split(',').rev().map(|e| e.trim().to_ascii_lowercase()) {
        out = match e.as_str() {
            "" | "identity" => out,
            // Servers that say gzip and send plain text are common.
            "gzip" | "x-gzip" if !out.starts_with(&[0x1f, 0x8b]) => out,
            "gzip" | "x-gzip" => take(flate2::read::MultiGzDecoder::new(out.as_slice()), max)?,
            // "deflate" is zlib by the standard and raw deflate in some servers.
            "deflate" => match take(flate2::read::ZlibDecoder::new(out.as_slice()), max) {
                Err(BodyError::Broken(_)) => take(flate2::read::DeflateDecoder::new(out.as_slice()), max)?,
                done => done?,
            },
            "br" => take(brotli::Decompressor::new(out.as_slice(), 8192), max)?,
            "zstd" => {
                let mut d = zstd::stream::read::Decoder::with_buffer(out.as_slice())
                    .map_err(|e| BodyError::Broken(e.to_string()))?;
                d.window_log_max(ZSTD_WINDOW_LOG).map_err(|e| BodyError::Broken(e.to_string()))?;
                take(d, max)?
            }
            other => return Err(BodyError::Broken(format!("the encoding {other} is not known"))),
        };
    }
    if out.len() as u64 > max { Err(BodyError::TooBig) } else { Ok(out) }
}

fn take(r: impl Read, max: u64) -> Result<Vec<u8>, BodyError> {
    let mut out = Vec::new();
    r.take(max + 1).read_to_end(&mut out).map_err(|e| BodyError::Broken(e.to_string()))?;
    if out.len() as u64 > max { Err(BodyError::TooBig) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gz(b: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        e.write_all(b).unwrap();
        e.finish().unwrap()
    }

    #[test]
    fn every_encoding_comes_back() {
        let text = b"hello hello hello hello".repeat(20);
        let mut z = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        z.write_all(&text).unwrap();
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        raw.write_all(&text).unwrap();
        let mut br = Vec::new();
        brotli::CompressorWriter::new(&mut br, 4096, 5, 22).write_all(&text).unwrap();
        let zst = zstd::bulk::compress(&text, 3).unwrap();
        for (e, b) in [
            ("gzip", gz(&text)),
            ("deflate", z.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("br", br),
            ("zstd", zst),
            ("identity", text.clone()),
            ("gzip", text.clone()),
            ("gzip, gzip", gz(&gz(&text))),
        ] {
            assert_eq!(expand(b, e, 1 << 20).as_deref(), Ok(text.as_slice()), "{e}");
        }
    }

    #[test]
    fn bombs_are_stopped() {
        let bomb = gz(&vec![0; 50 << 20]);
        assert!(bomb.len() < 100_000);
        assert_eq!(expand(bomb, "gzip", 1 << 20), Err(BodyError::TooBig));
        assert!(matches!(expand(b"\x1f\x8bbroken".to_vec(), "gzip", 100), Err(BodyError::Broken(_))));
        assert!(matches!(expand(b"x".to_vec(), "compress", 100), Err(BodyError::Broken(_))));
    }
}
