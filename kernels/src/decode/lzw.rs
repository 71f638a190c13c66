//! LZW, which GIF and TIFF share but for the order of bits.

use weezl::{LzwStatus, decode::Decoder};

use super::error::DecodeError;
use super::format::ImageFormat;

/// Fills `dst` from codes; what is behind them does not matter.
pub(super) fn fill(
    mut decoder: Decoder,
    codes: &[u8],
    dst: &mut [u8],
    format: ImageFormat,
) -> Result<(), DecodeError> {
    let (mut read, mut written) = (0, 0);
    while written < dst.len() {
        let result = decoder.decode_bytes(&codes[read..], &mut dst[written..]);
        read += result.consumed_in;
        written += result.consumed_out;
        match result.status {
            Ok(LzwStatus::NoProgress | LzwStatus::Done) if written < dst.len() => {
                return Err(DecodeError::Truncated { format });
            }
            Ok(_) => {}
            Err(error) => return Err(DecodeError::damaged(format, error.to_string())),
        }
    }
    Ok(())
}
