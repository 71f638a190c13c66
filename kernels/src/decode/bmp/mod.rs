//! BMP: Windows bitmaps whose pixels are not compressed.
//!
//! Source: Microsoft, "Bitmap Storage" (BITMAPCOREHEADER, BITMAPINFOHEADER,
//! BITMAPV4HEADER, BITMAPV5HEADER). Layouts of 16 and 32 bits are those that
//! Pillow knows.

mod codec;
mod head;

pub(super) use codec::Bmp;
