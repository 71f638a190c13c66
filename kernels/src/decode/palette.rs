//! The colours that pixels are numbers of.

use super::pixels::Samples;

/// Up to 256 colours with their opacity.
#[derive(Debug)]
pub(super) struct Palette {
    colours: Box<[[u8; 4]; 256]>,
    /// What comes out: red, green and blue, or these and opacity.
    pub samples: Samples,
}

impl Palette {
    /// The greys of their own numbers, which Pillow has where a file has no
    /// palette.
    pub(super) fn greys() -> Self {
        let mut colours = Box::new([[0, 0, 0, 255]; 256]);
        for (colour, grey) in colours.iter_mut().zip(0..=255) {
            *colour = [grey, grey, grey, 255];
        }
        Self {
            colours,
            samples: Samples::Rgb,
        }
    }

    /// Nothing but black, as what a palette leaves out is for Pillow.
    pub(super) fn blank() -> Self {
        Self {
            colours: Box::new([[0, 0, 0, 255]; 256]),
            samples: Samples::Rgb,
        }
    }

    /// Sets a colour, if it is one of 256.
    pub(super) fn set_colour(&mut self, index: usize, [r, g, b]: [u8; 3]) {
        if let Some(entry) = self.colours.get_mut(index) {
            *entry = [r, g, b, entry[3]];
        }
    }

    /// Sets the first colours, three bytes each.
    pub(super) fn set_colours(&mut self, colours: &[u8]) {
        let (colours, _) = colours.as_chunks::<3>();
        for (index, &colour) in colours.iter().enumerate() {
            self.set_colour(index, colour);
        }
    }

    /// Sets the opacity of a colour, if it is one of 256.
    pub(super) fn set_alpha(&mut self, index: usize, alpha: u8) {
        if let Some(entry) = self.colours.get_mut(index) {
            entry[3] = alpha;
        }
    }

    /// Looks each number up.
    pub(super) fn look_up(&self, indices: &[u8], dst: &mut [u8]) {
        if self.samples == Samples::Rgba {
            let (pixels, _) = dst.as_chunks_mut::<4>();
            for (pixel, &index) in pixels.iter_mut().zip(indices) {
                *pixel = self.colours[usize::from(index)];
            }
            return;
        }
        let (pixels, _) = dst.as_chunks_mut::<3>();
        for (pixel, &index) in pixels.iter_mut().zip(indices) {
            let [r, g, b, _] = self.colours[usize::from(index)];
            *pixel = [r, g, b];
        }
    }
}
